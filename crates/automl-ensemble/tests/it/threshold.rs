//! Decision rules beside brute force.

use automl_core::{Average, Metric, Predictions, Seed, Target, Task};
use automl_ensemble::threshold::nested_score;
use automl_ensemble::{DecisionRule, Parts, Scorer};
use proptest::prelude::*;

use crate::support::{classified, proba};

fn metrics(task: Task) -> Vec<Metric> {
    let others = [Metric::RocAuc, Metric::PrAuc, Metric::LogLoss, Metric::Brier];
    Metric::of_task(task).into_iter().filter(|metric| !others.contains(metric)).collect()
}

/// The same probabilities but for a millionth: which of two equal products is the larger is a matter of rounding, and
/// a change of multipliers may settle it for the better by luck.
fn without_ties(told: Predictions) -> Predictions {
    let Predictions::Proba(mut proba) = told else { panic!("no probabilities") };
    for (place, p) in proba.values_mut().iter_mut().enumerate() {
        *p *= 1.0 + 1e-6 * (place as f64 * 0.618_033_988_749_895).fract();
    }
    for row in 0..proba.n_rows() {
        let sum: f64 = proba.row(row).iter().sum();
        proba.row_mut(row).iter_mut().for_each(|p| *p /= sum);
    }
    Predictions::Proba(proba)
}

/// The best score of any threshold: each probability told, and one above all.
fn brute_force(scorer: &Scorer<'_>, told: &Predictions) -> f64 {
    let Predictions::Proba(proba) = told else { panic!("no probabilities") };
    let thresholds = proba.column(1).into_iter().chain([2.0]);
    let scores = thresholds.filter_map(|at| DecisionRule::Threshold(at).score(scorer, told).ok());
    scores.fold(f64::NEG_INFINITY, f64::max)
}

proptest! {
    #[test]
    fn the_threshold_is_as_good_as_any((target, told) in classified(2)) {
        let weights: Vec<f32> = (0..target.n_rows()).map(|row| 0.5 + (row % 4) as f32).collect();
        for metric in metrics(Task::Binary) {
            let plain = Scorer::new(metric, &target).unwrap();
            for scorer in [plain, plain.with_weights(&weights).unwrap()] {
                let rule = DecisionRule::fit(&scorer, &told).unwrap();
                let (got, wanted) = (rule.score(&scorer, &told).unwrap(), brute_force(&scorer, &told));
                prop_assert!((got - wanted).abs() < 1e-9, "{metric}: {rule:?} {got} {wanted}");
            }
        }
    }

    #[test]
    fn multipliers_are_no_worse_than_the_most_probable_class_and_than_any_change_of_one(
        (target, told) in classified(3), factor in 0.2..5.0_f64
    ) {
        let told = without_ties(told);
        for metric in metrics(Task::Multiclass) {
            let scorer = Scorer::new(metric, &target).unwrap();
            let rule = DecisionRule::fit(&scorer, &told).unwrap();
            let score = rule.score(&scorer, &told).unwrap();
            prop_assert!(score >= DecisionRule::MostProbable.score(&scorer, &told).unwrap() - 1e-9, "{metric}");
            let DecisionRule::Multipliers(multipliers) = rule else { panic!("another rule") };
            prop_assert!(multipliers.iter().all(|multiplier| *multiplier > 0.0));
            for class in 0..3 {
                let mut changed = multipliers.clone();
                changed[class] *= factor;
                let other = DecisionRule::Multipliers(changed).score(&scorer, &told).unwrap();
                prop_assert!(score >= other - 1e-9, "{metric}: {multipliers:?}, class {class} times {factor}");
            }
        }
    }
}

#[test]
fn a_threshold_stays_at_a_half_unless_another_is_better() {
    let told = proba(2, vec![0.9, 0.1, 0.6, 0.4, 0.4, 0.6, 0.1, 0.9]);
    let rule = |codes: [u32; 4], metric| {
        let target = Target::Classes { codes: codes.to_vec(), n_classes: 2 };
        DecisionRule::fit(&Scorer::new(metric, &target).unwrap(), &told).unwrap()
    };
    assert_eq!(rule([0, 0, 1, 1], Metric::Accuracy), DecisionRule::Threshold(0.5));
    assert_eq!(rule([0, 1, 1, 1], Metric::Mcc), DecisionRule::Threshold(0.25));
    // Recall alone is best where all rows are positive; of such thresholds the nearest to a half is taken.
    assert_eq!(rule([0, 1, 1, 1], Metric::Recall(Average::Binary)), DecisionRule::Threshold(0.25));
    assert_eq!(rule([1, 1, 1, 1], Metric::Accuracy), DecisionRule::Threshold(0.0));
    assert_eq!(rule([0, 0, 0, 0], Metric::Accuracy), DecisionRule::Threshold(1.5));
}

#[test]
fn a_rare_class_is_found_with_multipliers() {
    // Class 2 is never the most probable, but more probable where it is true.
    let rows = [[0.6, 0.3, 0.1], [0.3, 0.6, 0.1], [0.5, 0.2, 0.3], [0.2, 0.5, 0.3]];
    let target = Target::Classes { codes: vec![0, 1, 2, 2], n_classes: 3 };
    let told = proba(3, rows.concat());
    let scorer = Scorer::new(Metric::F1(Average::Macro), &target).unwrap();
    let rule = DecisionRule::fit(&scorer, &told).unwrap();
    assert_eq!(rule.classes(&told).unwrap(), [0, 1, 2, 2]);
    assert_eq!(rule.score(&scorer, &told).unwrap(), 1.0);
}

#[test]
fn a_nested_score_is_lower_than_the_one_it_is_chosen_by() {
    // Noise: whatever threshold is best on some rows is best by chance.
    let values: Vec<f64> = (0..60_u32).map(|row| f64::from(row * 7919 % 97) / 97.0).collect();
    let codes = (0..60_u32).map(|row| row * 104_729 % 89 % 2).collect();
    let target = Target::Classes { codes, n_classes: 2 };
    let told = proba(2, values.into_iter().flat_map(|p| [1.0 - p, p]).collect());
    let scorer = Scorer::new(Metric::Mcc, &target).unwrap();
    let parts = Parts::stratified(&target, 5, Seed(1)).unwrap();
    let flattered = DecisionRule::fit(&scorer, &told).unwrap().score(&scorer, &told).unwrap();
    let honest = nested_score(&scorer, &told, &parts).unwrap();
    assert!(honest.score < flattered, "{} {flattered}", honest.score);
    assert_eq!(honest.part_scores.len(), 5);
}

#[test]
fn metrics_of_probabilities_have_no_rule() {
    let target = Target::Classes { codes: vec![0, 1], n_classes: 2 };
    let scorer = Scorer::new(Metric::LogLoss, &target).unwrap();
    let error = DecisionRule::fit(&scorer, &proba(2, vec![0.5; 4])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`log_loss` does not depend on predicted classes, so no decision rule is best for it"
    );
}
