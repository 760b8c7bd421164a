//! Median seconds of one fit of the linear family on one core, on designs shaped like known tables.
//!
//! `cargo bench -p automl-models --bench linear`; `linear_sklearn.py` measures scikit-learn on the like.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::ops::ControlFlow;
use std::time::Instant;

use automl_core::{Design, FitContext, Matrix, Member, ModelFamily, Params, Seed, StopSignal, Target, Task};
use automl_models::linear::LinearFamily;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

const REPEATS: usize = 5;

/// Name, rows, columns, classes (0: regression).
const SHAPES: [(&str, usize, usize, usize); 7] = [
    ("like adult", 26_000, 104, 2),
    ("like pendigits", 6_000, 16, 10),
    ("like diamonds", 34_500, 26, 0),
    ("classes", 20_000, 100, 2),
    ("regression", 20_000, 100, 0),
    ("wide classes", 4_000, 2_000, 2),
    ("wide regression", 4_000, 2_000, 0),
];

fn main() {
    println!(
        "{:<16} {:>7} {:>8} {:<6} {:>9} {:>9}",
        "shape", "rows", "columns", "kind", "penalty", "seconds"
    );
    for (name, n_rows, n_features, n_classes) in SHAPES {
        let design = design(n_rows, n_features, n_classes);
        for (kind, penalty) in ["ridge", "lasso"]
            .into_iter()
            .flat_map(|kind| [1.0 / n_rows as f64, 1e-6, 1e-2].map(|penalty| (kind, penalty)))
        {
            let mut seconds: Vec<f64> =
                (0..REPEATS).map(|_| fit(&design, n_classes, penalty, kind)).collect();
            seconds.sort_by(f64::total_cmp);
            let median = seconds[REPEATS / 2];
            println!("{name:<16} {n_rows:>7} {n_features:>8} {kind:<6} {penalty:>9.1e} {median:>9.4}");
        }
    }
}

/// Seconds of one fit.
fn fit(design: &Design, n_classes: usize, penalty: f64, kind: &str) -> f64 {
    let task = match n_classes {
        0 => Task::Regression,
        2 => Task::Binary,
        _ => Task::Multiclass,
    };
    let params =
        Params::new().with("penalty", penalty).with("penalty_kind", kind).with("class_weights", "none");
    let member = Member { params: &params, train: design, valid: design, seed: Seed(0) };
    let stop = StopSignal::never();
    let ctx = FitContext::new(task, n_classes, &stop);
    let start = Instant::now();
    let results = LinearFamily.fit_population(&[member], &ctx, &mut |_, _| ControlFlow::Continue(()));
    let seconds = start.elapsed().as_secs_f64();
    assert!(results.iter().all(Result::is_ok), "the fit failed");
    seconds
}

/// Uniform columns of variance 1, every second one strongly correlated with its neighbour; noisy linear scores.
fn design(n_rows: usize, n_features: usize, n_classes: usize) -> Design {
    let mut generator = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut uniform = || generator.random_range(-1.732..1.732_f32);
    let n_scores = n_classes.max(1);
    let weights: Vec<f32> = (0..n_scores * n_features).map(|_| uniform()).collect();
    let (mut values, mut real, mut codes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n_rows {
        let mut row: Vec<f32> = (0..n_features).map(|_| uniform()).collect();
        for column in (1..n_features).step_by(2) {
            row[column] = 0.95 * row[column - 1] + 0.3 * row[column];
        }
        let score = |weights: &[f32]| row.iter().zip(weights).map(|(a, b)| a * b).sum::<f32>();
        let noise = (n_features as f32).sqrt();
        let scores: Vec<f32> =
            weights.chunks(n_features).map(|weights| score(weights) + noise * uniform()).collect();
        let best = (0..n_scores).fold(0, |best, next| if scores[next] > scores[best] { next } else { best });
        real.push(f64::from(scores[0]));
        codes.push(best as u32);
        values.extend(row);
    }
    Design {
        numeric: Matrix::new(n_rows, n_features, values),
        numeric_names: (0..n_features).map(|index| format!("x{index}")).collect(),
        codes: Matrix::filled(n_rows, 0, 0),
        code_names: Vec::new(),
        cardinalities: Vec::new(),
        target: Some(if n_classes == 0 { Target::Real(real) } else { Target::Classes { codes, n_classes } }),
        weights: None,
    }
}
