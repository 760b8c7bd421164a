//! The number of threads changes nothing, to the last bit.

use automl_core::{Matrix, Metric, Predictions, Seed, Target};
use automl_ensemble::compare::{BootstrapConfig, bootstrap_corrected, bootstrap_score};
use automl_ensemble::{Candidate, GreedyConfig, GreedySelector, Parts, Scorer, StackConfig, Stacker};

const N_ROWS: usize = 3000;
const IDS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// Probabilities that look random and lean to the true class.
fn models() -> (Target, Vec<Predictions>) {
    let codes: Vec<u32> = (0..N_ROWS as u32).map(|row| row * 7919 % 101 % 3).collect();
    let model = |model: usize| {
        let mut proba = Matrix::filled(N_ROWS, 3, 0.0);
        for (row, &code) in codes.iter().enumerate() {
            let cells = proba.row_mut(row);
            for (class, p) in cells.iter_mut().enumerate() {
                *p = 1.0 + ((row * 31 + class * 17 + model * 7) * 2_654_435_761 % 1000) as f64 / 300.0;
            }
            cells[code as usize] += 1.0 + model as f64 / 3.0;
            let sum: f64 = cells.iter().sum();
            for p in cells {
                *p /= sum;
            }
        }
        Predictions::Proba(proba)
    };
    let models = (0..IDS.len()).map(model).collect();
    (Target::Classes { codes, n_classes: 3 }, models)
}

fn everything(target: &Target, models: &[Predictions]) -> Vec<String> {
    let named = models.iter().zip(IDS);
    let candidates: Vec<Candidate<'_>> =
        named.map(|(predictions, id)| Candidate { id, family: id, predictions, ms_per_row: 0.1 }).collect();
    let parts = Parts::stratified(target, 4, Seed(5)).unwrap();
    let mut told = Vec::new();
    for metric in [Metric::LogLoss, Metric::Brier, Metric::Accuracy, Metric::RocAuc] {
        let scorer = Scorer::new(metric, target).unwrap();
        for n_bags in [1, 5] {
            let selector = GreedySelector::new(GreedyConfig { n_bags, ..GreedyConfig::default() }).unwrap();
            told.push(format!("{:?}", selector.select(&scorer, &candidates, Seed(1)).unwrap()));
        }
    }
    let scorer = Scorer::new(Metric::LogLoss, target).unwrap();
    let stacker = Stacker::new(StackConfig::default()).unwrap();
    told.push(format!("{:?}", stacker.fit(&scorer, &candidates, Some(&parts), Seed(1)).unwrap()));
    let config = BootstrapConfig { n_resamples: 200, ..BootstrapConfig::default() };
    told.push(format!("{:?}", bootstrap_score(&scorer, &models[0], &config, Seed(1)).unwrap()));
    let all: Vec<&Predictions> = models.iter().collect();
    told.push(format!("{:?}", bootstrap_corrected(&scorer, &all, 100, Seed(1)).unwrap()));
    told
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let (target, models) = models();
    let with = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| everything(&target, &models))
    };
    let alone = with(1);
    assert_eq!(alone, with(4));
    assert_eq!(alone, with(3));
}
