//! Metrics equal scikit-learn's on `tests/data/metrics.json`, and keep the properties that their definitions promise.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a fixture that cannot be read is a failed test"
)]

use automl_core::metric::{ConfusionMatrix, pr_curve, roc_curve, score_all};
use automl_core::{Matrix, Metric, MetricError, Predictions, Target, Task};
use proptest::prelude::*;
use serde_json::Value;

/// Relative, and absolute below 1e-4: what rounding in another order of summation may cost.
const TOLERANCE: f64 = 1e-10;

fn fixtures() -> Value {
    serde_json::from_str(include_str!("data/metrics.json")).expect("the fixtures are JSON")
}

fn cases(group: &str) -> Vec<Value> {
    let cases = fixtures()[group].as_array().expect("a list of cases").clone();
    assert!(cases.len() > 10, "{group}: {} cases", cases.len());
    cases
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number")).collect()
}

fn matrix(value: &Value) -> Matrix<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().expect("a list of rows").iter().map(numbers).collect();
    Matrix::new(rows.len(), rows[0].len(), rows.concat())
}

fn codes(case: &Value) -> Vec<u32> {
    numbers(&case["codes"]).into_iter().map(|code| code as u32).collect()
}

fn classes(case: &Value) -> (Target, Predictions) {
    let proba = matrix(&case["proba"]);
    let target = Target::Classes { codes: codes(case), n_classes: proba.n_cols() };
    (target, Predictions::Proba(proba))
}

fn reals(case: &Value) -> (Target, Predictions) {
    (Target::Real(numbers(&case["target"])), Predictions::Real(numbers(&case["predicted"])))
}

fn assert_close(left: f64, right: f64, what: &str) {
    assert!((left - right).abs() <= TOLERANCE * right.abs().max(1e-4), "{what}: {left} here, {right} there");
}

fn assert_all_close(left: &[f64], right: &[f64], what: &str) {
    assert_eq!(left.len(), right.len(), "{what}");
    left.iter().zip(right).for_each(|(left, right)| assert_close(*left, *right, what));
}

/// Compares every metric of the task; one that scikit-learn refuses is an error here.
fn assert_equals_reference(task: Task, case: &Value, target: &Target, predictions: &Predictions) {
    let values = case["values"].as_object().expect("values by name");
    let metrics = Metric::of_task(task);
    assert_eq!(values.len(), metrics.len(), "{}", case["name"]);
    let all = score_all(task, target, predictions);
    for metric in metrics {
        let what = format!("{metric} of {}", case["name"]);
        let score = metric.score(target, predictions);
        let in_all = all.iter().find(|(other, _)| *other == metric).map(|(_, value)| *value);
        match values[&metric.name()].as_f64() {
            Some(expected) => assert_close(score.clone().expect(&what), expected, &what),
            None => assert!(matches!(score, Err(MetricError::Undefined { .. })), "{what}: {score:?}"),
        }
        assert_eq!(in_all, score.ok(), "{what}");
    }
}

#[test]
fn classification_metrics_equal_those_of_scikit_learn() {
    for case in cases("classes") {
        let (target, predictions) = classes(&case);
        let Target::Classes { n_classes, .. } = target else { unreachable!("made of classes") };
        let task = if n_classes == 2 { Task::Binary } else { Task::Multiclass };
        assert_equals_reference(task, &case, &target, &predictions);
    }
}

#[test]
fn regression_metrics_equal_those_of_scikit_learn() {
    for case in cases("numbers") {
        let (target, predictions) = reals(&case);
        assert_equals_reference(Task::Regression, &case, &target, &predictions);
    }
}

#[test]
fn confusion_matrices_equal_those_of_scikit_learn() {
    for case in cases("classes") {
        let expected = matrix(&case["confusion"]);
        let predicted = classes(&case).1.classes().expect("class probabilities");
        let confusion = ConfusionMatrix::new(expected.n_rows(), &codes(&case), &predicted).unwrap();
        let counts: Vec<f64> = confusion.counts().values().iter().map(|&count| count as f64).collect();
        assert_eq!(counts, expected.values(), "{}", case["name"]);
    }
}

#[test]
fn curves_equal_those_of_scikit_learn() {
    let with_curves: Vec<Value> =
        cases("classes").into_iter().filter(|case| case.get("roc_curve").is_some()).collect();
    assert_eq!(with_curves.len(), 8);
    for case in with_curves {
        let positive: Vec<bool> = codes(&case).into_iter().map(|code| code == 1).collect();
        let scores = matrix(&case["proba"]).column(1);
        let name = case["name"].to_string();
        let roc = roc_curve(&positive, &scores).unwrap();
        assert_all_close(&roc.false_positive_rate, &numbers(&case["roc_curve"][0]), &name);
        assert_all_close(&roc.true_positive_rate, &numbers(&case["roc_curve"][1]), &name);
        assert_eq!(roc.thresholds[1..], numbers(&case["roc_curve"][2]), "{name}");
        let pr = pr_curve(&positive, &scores).unwrap();
        assert_all_close(&pr.precision, &numbers(&case["pr_curve"][0]), &name);
        assert_all_close(&pr.recall, &numbers(&case["pr_curve"][1]), &name);
        assert_eq!(pr.thresholds, numbers(&case["pr_curve"][2]), "{name}");
    }
}

fn binary(codes: &[u32], positive: &[f64]) -> (Target, Predictions) {
    let proba: Vec<f64> = positive.iter().flat_map(|&p| [1.0 - p, p]).collect();
    let target = Target::Classes { codes: codes.to_vec(), n_classes: 2 };
    (target, Predictions::Proba(Matrix::new(positive.len(), 2, proba)))
}

fn message(metric: Metric, target: &Target, predictions: &Predictions) -> String {
    metric.score(target, predictions).unwrap_err().to_string()
}

#[test]
fn what_does_not_fit_together_is_named_with_its_numbers() {
    let (target, predictions) = binary(&[0, 1], &[0.1, 0.9]);
    let numbers = Target::Real(vec![1.0, 2.0]);
    let cases = [
        (message(Metric::Rmse, &target, &predictions), "metric `rmse` is not defined for binary tasks"),
        (
            message(Metric::LogLoss, &target, &binary(&[0], &[0.1]).1),
            "cannot compute `log_loss`: the target has 2 rows, the predictions have 1",
        ),
        (
            message(Metric::Rmse, &numbers, &predictions),
            "cannot compute `rmse`: the target is numbers, the predictions are class probabilities",
        ),
        (
            message(Metric::LogLoss, &target, &Predictions::Real(vec![0.0; 2])),
            "cannot compute `log_loss`: the target is classes, the predictions are numbers",
        ),
        (
            message(Metric::LogLoss, &target, &Predictions::Proba(Matrix::filled(2, 3, 0.3))),
            "cannot compute `log_loss`: the target has 2 classes, the predictions have 3 columns",
        ),
        (
            message(Metric::Accuracy, &binary(&[0, 2], &[0.1, 0.2]).0, &predictions),
            "cannot compute `accuracy`: row 1 has class 2, but there are 2 classes",
        ),
        (
            message(Metric::Accuracy, &target, &binary(&[0, 1], &[0.5, f64::NAN]).1),
            "cannot compute `accuracy`: the prediction of row 1 is NaN",
        ),
        (
            message(Metric::Rmse, &numbers, &Predictions::Real(vec![0.0, f64::INFINITY])),
            "cannot compute `rmse`: the prediction of row 1 is inf",
        ),
        (
            message(Metric::LogLoss, &target, &binary(&[0, 1], &[0.5, 1.5]).1),
            "cannot compute `log_loss`: the probability of class 0 in row 1 is -0.5, outside 0 to 1",
        ),
    ];
    for (message, expected) in cases {
        assert_eq!(message, expected);
    }
}

#[test]
fn a_target_of_one_class_is_no_classification() {
    let target = Target::Classes { codes: vec![0], n_classes: 1 };
    let predictions = Predictions::Proba(Matrix::new(1, 1, vec![1.0]));
    assert_eq!(
        message(Metric::Accuracy, &target, &predictions),
        "cannot compute `accuracy`: classification needs two or more classes, the target has 1"
    );
    assert_eq!(score_all(Task::Binary, &target, &predictions), []);
}

#[test]
fn metrics_without_a_value_say_why() {
    let (target, predictions) = binary(&[1, 1], &[0.1, 0.9]);
    assert_eq!(
        message(Metric::RocAuc, &target, &predictions),
        "`roc_auc` is undefined here: 2 of 2 rows are of class 1"
    );
    let numbers =
        |values: &[f64]| (Target::Real(values.to_vec()), Predictions::Real(vec![0.0; values.len()]));
    let (target, predictions) = numbers(&[-1.5]);
    assert_eq!(
        message(Metric::Rmsle, &target, &predictions),
        "`rmsle` is undefined here: it needs values above -1, got -1.5"
    );
    let (target, predictions) = numbers(&[1e200]);
    assert_eq!(message(Metric::Rmse, &target, &predictions), "`rmse` is undefined here: the result is inf");
    let (target, predictions) = numbers(&[]);
    for metric in Metric::of_task(Task::Regression) {
        assert!(
            matches!(metric.score(&target, &predictions), Err(MetricError::Undefined { .. })),
            "{metric}"
        );
    }
    assert_eq!(score_all(Task::Regression, &target, &predictions), []);
}

/// Class codes with probabilities on a coarse grid, so that ties are common.
fn any_classes() -> impl Strategy<Value = (Target, Predictions)> {
    (2..5_usize, 1..40_usize).prop_flat_map(|(n_classes, n_rows)| {
        let codes = prop::collection::vec(0..n_classes as u32, n_rows);
        let weights = prop::collection::vec(1..6_u8, n_rows * n_classes);
        (codes, weights).prop_map(move |(codes, weights)| {
            let proba = weights.chunks(n_classes).flat_map(|row| {
                let sum: f64 = row.iter().map(|&weight| f64::from(weight)).sum();
                row.iter().map(move |&weight| f64::from(weight) / sum)
            });
            let proba = Matrix::new(n_rows, n_classes, proba.collect());
            (Target::Classes { codes, n_classes }, Predictions::Proba(proba))
        })
    })
}

fn any_reals() -> impl Strategy<Value = (Target, Predictions)> {
    prop::collection::vec((-100.0..100.0_f64, -100.0..100.0_f64), 1..40).prop_map(|rows| {
        let (target, predicted) = rows.into_iter().unzip();
        (Target::Real(target), Predictions::Real(predicted))
    })
}

fn any_rows() -> impl Strategy<Value = (Target, Predictions)> {
    prop_oneof![any_classes(), any_reals()]
}

fn all_scores(target: &Target, predictions: &Predictions) -> Vec<(Metric, f64)> {
    Task::ALL.into_iter().flat_map(|task| score_all(task, target, predictions)).collect()
}

/// The predictions that say the target itself.
fn perfect(target: &Target) -> Predictions {
    match target {
        Target::Real(values) => Predictions::Real(values.clone()),
        Target::Classes { codes, n_classes } => {
            let mut proba = Matrix::filled(codes.len(), *n_classes, 0.0);
            for (row, &code) in codes.iter().enumerate() {
                proba.row_mut(row)[code as usize] = 1.0;
            }
            Predictions::Proba(proba)
        }
    }
}

/// Bounds of each metric as its table states them; log loss is bounded by its clipping.
fn bounds(metric: Metric, n_classes: usize) -> (f64, f64) {
    match metric {
        Metric::LogLoss => (0.0, -f64::EPSILON.ln()),
        Metric::Brier => (0.0, if n_classes == 2 { 1.0 } else { 2.0 }),
        Metric::Mcc | Metric::CohenKappa => (-1.0, 1.0),
        Metric::R2 => (f64::NEG_INFINITY, 1.0),
        Metric::Rmse | Metric::Mae | Metric::MedianAe | Metric::Mape | Metric::Rmsle => (0.0, f64::INFINITY),
        _ => (0.0, 1.0),
    }
}

proptest! {
    #[test]
    fn row_order_does_not_matter((target, predictions) in any_rows(), shift in 0..40_usize, reverse: bool) {
        let n_rows = target.n_rows();
        let mut rows: Vec<usize> = (0..n_rows).map(|row| (row + shift) % n_rows).collect();
        if reverse {
            rows.reverse();
        }
        let before = all_scores(&target, &predictions);
        let after = all_scores(&target.select(&rows), &predictions.select(&rows));
        prop_assert_eq!(before.len(), after.len());
        for ((metric, before), (other, after)) in before.into_iter().zip(after) {
            prop_assert_eq!(metric, other);
            prop_assert!((before - after).abs() <= 1e-9 * before.abs().max(1.0), "{}: {} {}", metric, before, after);
        }
    }

    #[test]
    fn values_stay_in_their_range((target, predictions) in any_rows()) {
        let n_classes = match &target {
            Target::Classes { n_classes, .. } => *n_classes,
            Target::Real(_) => 0,
        };
        let scores = all_scores(&target, &predictions);
        prop_assert!(!scores.is_empty());
        for (metric, value) in scores {
            let (low, high) = bounds(metric, n_classes);
            prop_assert!((low - 1e-12..=high + 1e-12).contains(&value), "{}: {}", metric, value);
        }
    }

    #[test]
    fn nothing_beats_the_truth((target, predictions) in any_rows()) {
        let best = all_scores(&target, &perfect(&target));
        for (metric, value) in all_scores(&target, &predictions) {
            // Kappa of one class alone has a value only while a prediction misses.
            let Some((_, best)) = best.iter().find(|(other, _)| *other == metric) else { continue };
            let direction = metric.direction();
            prop_assert!(direction.cost(*best) <= direction.cost(value) + 1e-12, "{}: {} beats {}", metric, value, best);
        }
    }

    #[test]
    fn rankings_survive_monotone_transforms(rows in prop::collection::vec((0..2_u32, 0..20_u8), 2..60)) {
        let codes: Vec<u32> = rows.iter().map(|row| row.0).collect();
        let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.1) / 20.0).collect();
        // Strictly rising on the grid of 20, and still probabilities.
        let warped: Vec<f64> = scores.iter().map(|score| score.powi(3) / 2.0 + 0.1).collect();
        let (target, plain) = binary(&codes, &scores);
        let (_, warped) = binary(&codes, &warped);
        for metric in [Metric::RocAuc, Metric::PrAuc] {
            prop_assert_eq!(metric.score(&target, &plain), metric.score(&target, &warped));
        }
    }

    #[test]
    fn roc_auc_is_the_share_of_pairs_in_order(rows in prop::collection::vec((0..2_u32, 0..10_u8), 2..40)) {
        let scores = |class: u32| rows.iter().filter(move |row| row.0 == class).map(|row| row.1);
        let mut won = 0.0;
        let mut pairs = 0.0;
        for positive in scores(1) {
            for negative in scores(0) {
                pairs += 1.0;
                won += match positive.cmp(&negative) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
        let codes: Vec<u32> = rows.iter().map(|row| row.0).collect();
        let positive: Vec<f64> = rows.iter().map(|row| f64::from(row.1) / 10.0).collect();
        let (target, predictions) = binary(&codes, &positive);
        let area = Metric::RocAuc.score(&target, &predictions);
        prop_assert_eq!(area.is_ok(), pairs > 0.0);
        if let Ok(area) = area {
            prop_assert!((area - won / pairs).abs() < 1e-12);
        }
    }
}
