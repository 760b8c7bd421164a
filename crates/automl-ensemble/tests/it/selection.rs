//! Greedy selection: what must hold of every ensemble.

use automl_core::{Matrix, Metric, Predictions, Seed, Target, Task};
use automl_ensemble::{Candidate, GreedyConfig, GreedySelector, Parts, Scorer, Selection};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{assert_near, data, get, proba};

/// Models of very different quality on few rows.
#[derive(Debug, Clone)]
struct Library {
    target: Target,
    models: Vec<Predictions>,
}

fn library(task: Task) -> impl Strategy<Value = Library> {
    let n_classes = match task {
        Task::Binary => 2,
        Task::Multiclass => 3,
        Task::Regression => 1,
    };
    (8..24_usize, 1..7_usize).prop_flat_map(move |(n_rows, n_models)| {
        let codes = proptest::collection::vec(0..n_classes as u32, n_rows);
        let noise = proptest::collection::vec(0.01..1.0, n_rows * n_classes * n_models);
        (codes, noise).prop_map(move |(mut codes, noise)| {
            // Every class occurs, so that every metric has a value.
            (0..n_classes).for_each(|class| codes[class] = class as u32);
            let model = |values: &[f64]| {
                if task == Task::Regression {
                    Predictions::Real(values.iter().map(|value| 3.0 * value).collect())
                } else {
                    let mut proba = Matrix::new(n_rows, n_classes, values.to_vec());
                    for (row, code) in codes.iter().enumerate() {
                        let row = proba.row_mut(row);
                        row[*code as usize] += 0.3;
                        let sum: f64 = row.iter().sum();
                        for p in row {
                            *p /= sum;
                        }
                    }
                    Predictions::Proba(proba)
                }
            };
            let models = noise.chunks_exact(n_rows * n_classes).map(model).collect();
            let target = match task {
                Task::Regression => Target::Real((0..n_rows).map(|row| (row % 5) as f64 / 2.0).collect()),
                _ => Target::Classes { codes, n_classes },
            };
            Library { target, models }
        })
    })
}

fn candidates(models: &[Predictions]) -> Vec<Candidate<'_>> {
    const IDS: [&str; 8] = ["m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7"];
    let named = models.iter().zip(IDS).enumerate();
    named
        .map(|(index, (predictions, id))| Candidate {
            id,
            family: ["linear", "tree"][index % 2],
            predictions,
            ms_per_row: 0.1 * (1 + index) as f64,
        })
        .collect()
}

fn select(scorer: &Scorer<'_>, models: &[Candidate<'_>], config: GreedyConfig) -> Selection {
    GreedySelector::new(config).unwrap().select(scorer, models, Seed(1)).unwrap()
}

fn check(library: &Library, task: Task) -> Result<(), TestCaseError> {
    let models = candidates(&library.models);
    let weights: Vec<f32> = (0..library.target.n_rows()).map(|row| (1 + row % 3) as f32).collect();
    for metric in Metric::of_task(task) {
        let plain = Scorer::new(metric, &library.target).unwrap();
        for scorer in [Ok(plain), plain.with_weights(&weights)].into_iter().flatten() {
            let direction = metric.direction();
            let best = |limit: f64| {
                let allowed = models.iter().filter(|model| model.ms_per_row <= limit);
                let costs = allowed.map(|model| direction.cost(scorer.score(model.predictions).unwrap()));
                costs.fold(f64::INFINITY, f64::min)
            };
            let free = select(&scorer, &models, GreedyConfig::default());
            prop_assert!((free.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            prop_assert!(free.weights.iter().all(|weight| *weight >= 0.0));
            prop_assert!(direction.cost(free.score) <= best(f64::INFINITY) + 1e-7, "{metric}: {free:?}");

            let config = GreedyConfig { max_ms_per_row: Some(0.3), ..GreedyConfig::default() };
            let bounded = select(&scorer, &models, config);
            prop_assert!(bounded.ms_per_row <= 0.3 + 1e-9, "{metric}: {bounded:?}");
            prop_assert!(direction.cost(bounded.score) <= best(0.3) + 1e-7, "{metric}: {bounded:?}");

            let mut turned = models.clone();
            turned.reverse();
            for n_bags in [1, 4] {
                let config = GreedyConfig { n_bags, ..GreedyConfig::default() };
                let straight = select(&scorer, &models, config.clone());
                let mut other = select(&scorer, &turned, config);
                other.weights.reverse();
                prop_assert_eq!(&straight.weights, &other.weights, "{} in {} bags", metric, n_bags);
                prop_assert!((straight.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn ensembles_of_two_classes_keep_the_promises(library in library(Task::Binary)) {
        check(&library, Task::Binary)?;
    }

    #[test]
    fn ensembles_of_three_classes_keep_the_promises(library in library(Task::Multiclass)) {
        check(&library, Task::Multiclass)?;
    }

    #[test]
    fn ensembles_of_numbers_keep_the_promises(library in library(Task::Regression)) {
        check(&library, Task::Regression)?;
    }
}

/// The algorithm of the paper, word for word and from scratch.
fn plain_greedy(scorer: &Scorer<'_>, models: &[Candidate<'_>], n_rounds: usize) -> f64 {
    let mut counts = vec![0.0; models.len()];
    let predictions: Vec<&Predictions> = models.iter().map(|model| model.predictions).collect();
    let mut best = f64::INFINITY;
    for round in 1..=n_rounds {
        let cost = |model: usize| {
            let mut counts = counts.clone();
            counts[model] += 1.0;
            for count in &mut counts {
                *count /= round as f64;
            }
            let blended = automl_ensemble::blend(&predictions, &counts).unwrap();
            scorer.direction().cost(scorer.score(&blended).unwrap())
        };
        let costs: Vec<f64> = (0..models.len()).map(cost).collect();
        let chosen = (0..models.len()).min_by(|&a, &b| costs[a].total_cmp(&costs[b])).unwrap();
        counts[chosen] += 1.0;
        best = best.min(costs[chosen]);
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Without ties there is one answer, and the incremental costs must find it.
    #[test]
    fn incremental_costs_find_what_plain_ones_find(
        classes in library(Task::Multiclass), numbers in library(Task::Regression)
    ) {
        let config = || GreedyConfig { n_initial: 1, n_rounds: 12, patience: 12, ..GreedyConfig::default() };
        for (library, metric) in [
            (&classes, Metric::LogLoss), (&classes, Metric::Brier),
            (&numbers, Metric::Rmse), (&numbers, Metric::Mae), (&numbers, Metric::Rmsle), (&numbers, Metric::R2),
        ] {
            let scorer = Scorer::new(metric, &library.target).unwrap();
            let models = candidates(&library.models);
            let got = metric.direction().cost(select(&scorer, &models, config()).score);
            let wanted = plain_greedy(&scorer, &models, 12);
            prop_assert!((got - wanted).abs() < 1e-9, "{metric}: {got} {wanted}");
        }
    }
}

#[test]
fn errors_of_two_models_cancel() {
    let target = Target::Real(vec![1.0, 2.0, 3.0, 4.0]);
    let high = Predictions::Real(vec![2.0, 3.0, 4.0, 5.0]);
    let low = Predictions::Real(vec![0.0, 1.0, 2.0, 3.0]);
    let models = [high, low];
    let scorer = Scorer::new(Metric::Rmse, &target).unwrap();
    let chosen = select(&scorer, &candidates(&models), GreedyConfig::default());
    assert_eq!((chosen.weights.as_slice(), chosen.score), ([0.5, 0.5].as_slice(), 0.0));
    assert!((chosen.ms_per_row - 0.3).abs() < 1e-12);
    assert_eq!(chosen.apply(&[&models[0], &models[1]]).unwrap(), Predictions::Real(vec![1.0, 2.0, 3.0, 4.0]));
}

#[test]
fn of_equal_models_the_fastest_alone_is_chosen() {
    let target = Target::Real(vec![1.0, 2.0, 3.0]);
    let same = Predictions::Real(vec![1.5, 2.0, 2.0]);
    let models = [same.clone(), same.clone(), same];
    let mut models = candidates(&models);
    models[2].ms_per_row = 0.01;
    let scorer = Scorer::new(Metric::Mae, &target).unwrap();
    assert_eq!(select(&scorer, &models, GreedyConfig::default()).weights, [0.0, 0.0, 1.0]);
}

#[test]
fn a_slow_best_model_gives_way_to_fast_ones_that_are_better_together() {
    let target = Target::Real(vec![0.0, 0.0, 0.0, 0.0]);
    let slow = Predictions::Real(vec![0.5; 4]);
    let fast = [Predictions::Real(vec![1.0, 0.0, 1.0, 0.0]), Predictions::Real(vec![-1.0, 0.0, -1.0, 0.0])];
    let models = [slow, fast[0].clone(), fast[1].clone()];
    let mut models = candidates(&models);
    models.iter_mut().zip([1.0, 0.5, 0.5]).for_each(|(model, ms)| model.ms_per_row = ms);
    let scorer = Scorer::new(Metric::Rmse, &target).unwrap();
    let config = |bound| GreedyConfig { max_ms_per_row: Some(bound), ..GreedyConfig::default() };
    assert_eq!(select(&scorer, &models, config(1.0)).weights, [0.0, 0.5, 0.5]);
    let error = GreedySelector::new(config(0.4)).unwrap().select(&scorer, &models, Seed(1)).unwrap_err();
    assert_eq!(error.to_string(), "no model predicts a row within 0.4 ms; the fastest, `m1`, takes 0.5 ms");
}

#[test]
fn a_nested_score_is_that_of_ensembles_that_have_not_seen_the_rows() {
    // Each model is right on one part and wrong on the other, so what is chosen on one fails on the other.
    let target = Target::Real(vec![0.0; 4]);
    let models = [Predictions::Real(vec![0.0, 0.0, 1.0, 1.0]), Predictions::Real(vec![1.0, 1.0, 0.0, 0.0])];
    let parts = Parts::new(4, vec![vec![0, 1], vec![2, 3]]).unwrap();
    let scorer = Scorer::new(Metric::Mae, &target).unwrap();
    let selector = GreedySelector::new(GreedyConfig::default()).unwrap();
    let honest = selector.nested_score(&scorer, &candidates(&models), &parts, Seed(1)).unwrap();
    assert_eq!(honest.part_scores, [1.0, 1.0]);
    assert_eq!(honest.score, 1.0);
    assert_eq!(honest.predictions, Predictions::Real(vec![1.0; 4]));
}

#[test]
fn models_that_do_not_fit_are_named() {
    let target = Target::Real(vec![0.0; 2]);
    let models = [Predictions::Real(vec![0.0; 2]), Predictions::Real(vec![0.0, f64::NAN])];
    let scorer = Scorer::new(Metric::Mae, &target).unwrap();
    let selector = GreedySelector::new(GreedyConfig::default()).unwrap();
    let error = |models: &[Candidate<'_>]| selector.select(&scorer, models, Seed(1)).unwrap_err().to_string();
    let named = candidates(&models);
    assert_eq!(error(&named), "m1: predictions: value 1 is NaN, but must be finite");
    assert_eq!(error(&[named[0], named[0]]), "two models are named `m0`");
    assert_eq!(error(&[]), "an ensemble needs 1 or more models, got 0");
    let zero = GreedyConfig { n_rounds: 0, ..GreedyConfig::default() };
    assert_eq!(GreedySelector::new(zero).unwrap_err().to_string(), "`n_rounds` is 0, but must be at least 1");
}

/// Values from `make_selection.py`.
#[test]
fn weights_equal_those_of_autogluon() {
    let reference = data(include_str!("../data/selection.json"));
    let n_rounds = get(&reference, "n_rounds");
    let config = || GreedyConfig { n_rounds, n_initial: 1, patience: n_rounds, ..GreedyConfig::default() };
    let check = |metric: Metric, target: &Target, models: &[Predictions], case: &Value| {
        let chosen = select(&Scorer::new(metric, target).unwrap(), &candidates(models), config());
        let wanted: Vec<f64> = get(&case[metric.name()], "weights");
        assert_near(&metric.name(), &chosen.weights, &wanted, 1e-9);
    };
    let case = &reference["classes"];
    let target = Target::Classes { codes: get(case, "codes"), n_classes: 3 };
    let models: Vec<Vec<f64>> = get(case, "models");
    let models: Vec<Predictions> = models.into_iter().map(|values| proba(3, values)).collect();
    check(Metric::LogLoss, &target, &models, case);
    let case = &reference["numbers"];
    let target = Target::Real(get(case, "target"));
    let models: Vec<Vec<f64>> = get(case, "models");
    let models: Vec<Predictions> = models.into_iter().map(Predictions::Real).collect();
    check(Metric::Rmse, &target, &models, case);
    check(Metric::Mae, &target, &models, case);
}
