//! Score and seconds of a family's default configurations on prepared tables.
//!
//! `cargo run --release -p automl-models --example quality -- FAMILY classes|numbers FOLD...`, where a fold is
//! `TRAIN.csv,VALID.csv`: numbers without a header, the target in the last column.

use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::time::Instant;

use automl_core::{Design, FitContext, Matrix, Member, Predictions, Seed, StopSignal, Target, Task};
use automl_testkit::synthetic::bare_profile;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(clippy::print_stdout, reason = "an example prints its figures")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let id = arguments.next().ok_or("say which family")?;
    let family = automl_models::family(&id).ok_or("no such family")?;
    let classes = arguments.next().ok_or("say `classes` or `numbers`")? == "classes";
    let mut folds = Vec::new();
    for fold in arguments {
        let (train, valid) = fold.split_once(',').ok_or("a fold is TRAIN.csv,VALID.csv")?;
        folds.push((read(train, classes)?, read(valid, classes)?));
    }
    let n_classes = folds.iter().map(|(train, _)| n_classes(train)).max().unwrap_or(0);
    let task = match (classes, n_classes) {
        (false, _) => Task::Regression,
        (true, 2) => Task::Binary,
        (true, _) => Task::Multiclass,
    };
    let n_rows = folds.iter().map(|(train, _)| train.n_rows()).max().ok_or("no folds")?;
    let stop = StopSignal::never();
    let ctx = FitContext { threads: 2, ..FitContext::new(task, n_classes, &stop) };
    for params in family.defaults(&bare_profile(n_rows, task)) {
        let start = Instant::now();
        let member = |index: usize| {
            let (train, valid) = &folds[index];
            Member { params: &params, train, valid, seed: Seed(index as u64) }
        };
        let members: Vec<Member<'_>> = (0..folds.len()).map(member).collect();
        let mut epochs = vec![0; folds.len()];
        let fitted = family.fit_population(&members, &ctx, &mut |member, epoch| {
            epochs[member] = epoch.index + 1;
            ControlFlow::Continue(())
        });
        let seconds = start.elapsed().as_secs_f64();
        println!("{seconds:6.1} s, epochs {epochs:?}: {params}");
        for (fitted, (_, valid)) in fitted.into_iter().zip(&folds) {
            let fitted = fitted?;
            let (main, second) = score(&fitted.predict(valid)?, valid);
            println!("         {main:.4} {second:.4} (best epoch {:?})", fitted.best_epoch());
        }
    }
    Ok(())
}

fn read(path: &str, classes: bool) -> Result<Design, Box<dyn Error>> {
    let (mut values, mut target, mut columns) = (Vec::new(), Vec::new(), 0);
    for line in fs::read_to_string(path)?.lines() {
        let row: Vec<f64> = line.split(',').map(str::parse).collect::<Result<_, _>>()?;
        columns = row.len() - 1;
        values.extend(row[..columns].iter().map(|value| *value as f32));
        target.push(row[columns]);
    }
    let n_classes = target.iter().copied().fold(0.0, f64::max) as usize + 1;
    let codes = target.iter().map(|value| *value as u32).collect();
    let target_of = if classes { Target::Classes { codes, n_classes } } else { Target::Real(target.clone()) };
    Ok(Design {
        numeric: Matrix::new(target.len(), columns, values),
        numeric_names: (0..columns).map(|column| format!("x{column}")).collect(),
        codes: Matrix::new(target.len(), 0, Vec::new()),
        code_names: Vec::new(),
        cardinalities: Vec::new(),
        target: Some(target_of),
        weights: None,
    })
}

fn n_classes(design: &Design) -> usize {
    match &design.target {
        Some(Target::Classes { n_classes, .. }) => *n_classes,
        _ => 0,
    }
}

/// Log loss and accuracy, or RMSE and R².
fn score(predictions: &Predictions, valid: &Design) -> (f64, f64) {
    match (predictions, &valid.target) {
        (Predictions::Proba(proba), Some(Target::Classes { codes, .. })) => {
            let n = codes.len() as f64;
            let loss = proba.rows().zip(codes).map(|(row, &code)| -row[code as usize].max(1e-15).ln());
            let labels = predictions.classes().unwrap_or_default();
            let right = labels.iter().zip(codes).filter(|(label, code)| label == code).count();
            (loss.sum::<f64>() / n, right as f64 / n)
        }
        (Predictions::Real(values), Some(Target::Real(target))) => {
            let n = target.len() as f64;
            let mean = target.iter().sum::<f64>() / n;
            let error: f64 = values.iter().zip(target).map(|(value, truth)| (value - truth).powi(2)).sum();
            let spread: f64 = target.iter().map(|truth| (truth - mean).powi(2)).sum();
            ((error / n).sqrt(), 1.0 - error / spread)
        }
        _ => (f64::NAN, f64::NAN),
    }
}
