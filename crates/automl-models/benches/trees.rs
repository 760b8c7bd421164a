//! Seconds and loss of one fit of boosted trees and forests, on made-up tables shaped like known ones.
//!
//! `cargo bench -p automl-models --bench trees`; `benches/trees.py` does the same with `LightGBM` and scikit-learn, on
//! the same tables.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::ops::ControlFlow;
use std::time::Instant;

use automl_core::{
    Design, FitContext, Matrix, Member, ModelFamily, Params, Predictions, Seed, StopSignal, Target, Task,
};
use automl_models::forest::{ExtraTreesFamily, RandomForestFamily};
use automl_models::gbdt::GbdtFamily;

const REPEATS: usize = 3;

/// Name, training rows, numeric columns, codes of each categorical column, classes (0: regression).
const SHAPES: [(&str, usize, usize, &[u32], usize); 4] = [
    ("like adult", 26_000, 6, &[9, 17, 8, 15, 7, 6, 3, 42], 2),
    ("like pendigits", 6_000, 16, &[], 10),
    ("like california", 13_000, 8, &[], 0),
    ("large", 200_000, 30, &[], 2),
];

fn main() {
    let families: [(&dyn ModelFamily, Params); 3] =
        [(&GbdtFamily, boosted()), (&RandomForestFamily, forest()), (&ExtraTreesFamily, forest())];
    println!("{:<16} {:<14} {:>7} {:>8} {:>9}", "shape", "family", "threads", "seconds", "loss");
    for (name, n_rows, n_numeric, cardinalities, n_classes) in SHAPES {
        let make = |first, n_rows| design(first, n_rows, n_numeric, cardinalities, n_classes);
        let (train, valid) = (make(0, n_rows), make(n_rows, n_rows / 4));
        for (family, params) in &families {
            if n_rows > 100_000 && family.id() != "gbdt" {
                continue;
            }
            for threads in [1, 2] {
                let (seconds, loss) = fit(*family, params, &train, &valid, n_classes, threads);
                println!("{name:<16} {:<14} {threads:>7} {seconds:>8.3} {loss:>9.5}", family.id());
            }
        }
    }
}

/// 300 rounds without early stopping, otherwise the defaults of `LightGBM`.
fn boosted() -> Params {
    Params::new()
        .with("learning_rate", 0.1)
        .with("max_rounds", 300_i64)
        .with("patience", 300_i64)
        .with("max_leaves", 31_i64)
        .with("min_child_samples", 20_i64)
        .with("min_child_hessian", 1e-3)
        .with("feature_fraction", 1.0)
        .with("bagging_fraction", 1.0)
        .with("lasso", false)
        .with("l2", 0.0)
        .with("symmetric", false)
        .with("extra_trees", false)
        .with("class_weights", "none")
}

/// 50 trees that ask a third of the columns at a node.
fn forest() -> Params {
    Params::new()
        .with("n_trees", 50_i64)
        .with("max_features", 0.33)
        .with("min_leaf", 1_i64)
        .with("shrinkage", 0.0)
        .with("max_samples", 1.0)
        .with("criterion", "gini")
        .with("class_weights", "none")
}

/// Least seconds of some fits, and the root mean squared error or log loss on the validation rows.
fn fit(
    family: &dyn ModelFamily,
    params: &Params,
    train: &Design,
    valid: &Design,
    n_classes: usize,
    threads: usize,
) -> (f64, f64) {
    let task = match n_classes {
        0 => Task::Regression,
        2 => Task::Binary,
        _ => Task::Multiclass,
    };
    let member = Member { params, train, valid, seed: Seed(0) };
    let stop = StopSignal::never();
    let ctx = FitContext { threads, ..FitContext::new(task, n_classes, &stop) };
    let (mut least, mut last) = (f64::INFINITY, f64::NAN);
    for _ in 0..REPEATS {
        let start = Instant::now();
        let fitted = family.fit_population(&[member], &ctx, &mut |_, _| ControlFlow::Continue(()));
        least = least.min(start.elapsed().as_secs_f64());
        let predictions = fitted.into_iter().find_map(|model| model.ok()?.predict(valid).ok());
        last = loss(predictions.as_ref(), valid.target.as_ref());
    }
    (least, last)
}

fn loss(predictions: Option<&Predictions>, target: Option<&Target>) -> f64 {
    match (predictions, target) {
        (Some(Predictions::Real(values)), Some(Target::Real(wanted))) => {
            let squares: f64 = values.iter().zip(wanted).map(|(a, b)| (a - b).powi(2)).sum();
            (squares / wanted.len() as f64).sqrt()
        }
        (Some(Predictions::Proba(proba)), Some(Target::Classes { codes, .. })) => {
            let logarithms = codes.iter().enumerate().map(|(row, &code)| proba.get(row, code as usize).ln());
            -logarithms.sum::<f64>() / codes.len() as f64
        }
        _ => f64::NAN,
    }
}

/// A number in `[0, 1)` that depends on row and column alone.
fn uniform(row: usize, column: usize) -> f64 {
    Seed(row as u64).step(column as u64).value() as f64 / 2_f64.powi(64)
}

/// Uniform columns; scores with products, steps and levels without order; classes with noise.
fn design(first: usize, n_rows: usize, n_numeric: usize, cardinalities: &[u32], n_classes: usize) -> Design {
    let n_columns = n_numeric + cardinalities.len();
    let (mut numeric, mut codes, mut real, mut classes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in first..first + n_rows {
        let x: Vec<f64> = (0..n_numeric).map(|column| uniform(row, column)).collect();
        let levels: Vec<u32> = cardinalities
            .iter()
            .enumerate()
            .map(|(index, &count)| (uniform(row, n_numeric + index) * f64::from(count)) as u32)
            .collect();
        let of_levels: f64 = levels.iter().map(|level| f64::from(level * 7 % 5) / 5.0 - 0.4).sum();
        let score =
            4.0 * x[0] * x[1] + (6.0 * x[2]).sin() + 2.0 * f64::from(u8::from(x[3] > 0.7)) + of_levels;
        let noise = uniform(row, n_columns);
        real.push(score + noise);
        classes.push(match n_classes {
            0 => 0,
            2 => u32::from(noise < 1.0 / (1.0 + (2.5 - score - of_levels).exp())),
            _ => ((score + noise + 1.0) * n_classes as f64 / 9.0).clamp(0.0, n_classes as f64 - 1.0) as u32,
        });
        numeric.extend(x.iter().map(|&value| value as f32));
        codes.extend(levels);
    }
    Design {
        numeric: Matrix::new(n_rows, n_numeric, numeric),
        numeric_names: (0..n_numeric).map(|index| format!("x{index}")).collect(),
        codes: Matrix::new(n_rows, cardinalities.len(), codes),
        code_names: (0..cardinalities.len()).map(|index| format!("c{index}")).collect(),
        cardinalities: cardinalities.to_vec(),
        target: Some(match n_classes {
            0 => Target::Real(real),
            _ => Target::Classes { codes: classes, n_classes },
        }),
        weights: None,
    }
}
