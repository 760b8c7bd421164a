//! Time of greedy selection, and of one round of it.
//!
//! ```text
//! cargo bench -p automl-ensemble --bench selection -- [models rows classes]
//! ```
//!
//! Prints the time of the whole selection, from predictions to weights, checks and ranking of all models included: with
//! the best 50 models looked at, and with every model looked at in every round. `selection.py` beside this file times
//! the same algorithm of others.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for people, on made-up models")]

use std::time::Instant;

use automl_core::{Matrix, Metric, Predictions, Seed, Target};
use automl_ensemble::{Candidate, GreedyConfig, GreedySelector, Scorer};

const ROUNDS: usize = 50;
const ROUNDS_OF_ALL: usize = 20;

/// Numbers in `[0, 1)`, from a stream of 64-bit words (Steele, Lea & Flood 2014).
struct Numbers(u64);

impl Iterator for Numbers {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Some(((z ^ (z >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0)
    }
}

/// Probabilities that favour the true class, each model in its own measure. Half of the noise is what all models share,
/// for what one finds hard the others do too.
fn classifier(codes: &[u32], n_classes: usize, model: usize) -> Predictions {
    let (mut own, mut shared) = (Numbers(1 + model as u64), Numbers(u64::MAX));
    let mut proba = Matrix::filled(codes.len(), n_classes, 0.0);
    let skill = 0.3 + (model % 17) as f64 / 50.0;
    for (row, &code) in codes.iter().enumerate() {
        let row = proba.row_mut(row);
        for p in row.iter_mut() {
            *p = (3.0 * (own.next().unwrap() + shared.next().unwrap())).exp();
        }
        row[code as usize] *= (3.0 * skill).exp();
        let sum: f64 = row.iter().sum();
        for p in row {
            *p /= sum;
        }
    }
    Predictions::Proba(proba)
}

fn regressor(target: &[f64], model: usize) -> Predictions {
    let spread = 0.5 + (model % 17) as f64 / 17.0;
    let noise = Numbers(1 + model as u64).zip(Numbers(u64::MAX)).map(|(own, shared)| own + shared - 0.95);
    Predictions::Real(target.iter().zip(noise).map(|(truth, noise)| truth + spread * noise).collect())
}

fn time(metric: Metric, target: &Target, models: &[Predictions]) {
    let ids: Vec<String> = (0..models.len()).map(|model| format!("m{model:04}")).collect();
    let named = models.iter().zip(&ids);
    let candidates: Vec<Candidate<'_>> = named
        .map(|(predictions, id)| Candidate { id, family: "one", predictions, ms_per_row: 0.1 })
        .collect();
    let scorer = Scorer::new(metric, target).unwrap();
    let config = GreedyConfig { n_rounds: ROUNDS, patience: ROUNDS, ..GreedyConfig::default() };
    let seconds = |config: GreedyConfig| {
        let selector = GreedySelector::new(config).unwrap();
        let started = Instant::now();
        let chosen = selector.select(&scorer, &candidates, Seed(1)).unwrap();
        (started.elapsed().as_secs_f64(), chosen.score)
    };
    let (listed, score) = seconds(config.clone());
    let all = GreedyConfig { n_candidates: models.len(), n_rounds: ROUNDS_OF_ALL, ..config };
    let (everything, _) = seconds(all);
    println!(
        "{:10} best 50: {listed:7.3} s, score {score:.6}; all {}: {everything:7.3} s, {:7.1} ms a round",
        metric.name(),
        models.len(),
        1e3 * everything / ROUNDS_OF_ALL as f64,
    );
}

fn main() {
    let arguments: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let (n_models, n_rows, n_classes) = match arguments[..] {
        [n_models, n_rows, n_classes] => (n_models, n_rows, n_classes),
        _ => (200, 20_000, 10),
    };
    println!(
        "{n_models} models, {n_rows} rows, {n_classes} classes, two classes, numbers; {ROUNDS} rounds of the best 50, \
         {ROUNDS_OF_ALL} of all"
    );
    let codes: Vec<u32> = (0..n_rows).map(|row| (row % n_classes) as u32).collect();
    let models: Vec<Predictions> = (0..n_models).map(|model| classifier(&codes, n_classes, model)).collect();
    let target = Target::Classes { codes, n_classes };
    for metric in [Metric::LogLoss, Metric::Brier, Metric::Accuracy, Metric::RocAuc] {
        time(metric, &target, &models);
    }
    drop(models);

    let codes: Vec<u32> = (0..n_rows).map(|row| (row % 2) as u32).collect();
    let models: Vec<Predictions> = (0..n_models).map(|model| classifier(&codes, 2, model)).collect();
    let target = Target::Classes { codes, n_classes: 2 };
    time(Metric::RocAuc, &target, &models);
    drop(models);

    let numbers: Vec<f64> = Numbers(0).take(n_rows).collect();
    let models: Vec<Predictions> = (0..n_models).map(|model| regressor(&numbers, model)).collect();
    let target = Target::Real(numbers);
    for metric in [Metric::Rmse, Metric::Mae] {
        time(metric, &target, &models);
    }
}
