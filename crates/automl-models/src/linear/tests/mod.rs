//! Against scikit-learn, and at the edges.

use std::sync::Arc;
use std::time::Instant;

use automl_core::{Design, Matrix, Predictions, Seed, StopReason, StopSignal, Task};
use proptest::prelude::*;
use serde::Deserialize;

use super::*;

mod degrees;
mod sparse;

fn design(n_features: usize, x: &[f32], target: Target) -> Design {
    let n_rows = target.n_rows();
    Design {
        numeric: Matrix::new(n_rows, n_features, x.to_vec()),
        numeric_names: (0..n_features).map(|index| format!("x{index}")).collect(),
        codes: Matrix::filled(n_rows, 0, 0),
        code_names: Vec::new(),
        cardinalities: Vec::new(),
        target: Some(target),
        weights: None,
    }
}

fn params(penalty: f64, class_weights: &str) -> Params {
    Params::new().with("penalty", penalty).with("penalty_kind", "ridge").with("class_weights", class_weights)
}

fn fit_with(design: &Design, params: &Params, stop: &StopSignal) -> Result<LinearModel, FitError> {
    let (task, n_classes) = match &design.target {
        Some(Target::Classes { n_classes: 2, .. }) => (Task::Binary, &2),
        Some(Target::Classes { n_classes, .. }) => (Task::Multiclass, n_classes),
        _ => (Task::Regression, &0),
    };
    let ctx = FitContext::new(task, *n_classes, stop);
    fit(&Member { params, train: design, valid: design, seed: Seed(0) }, &ctx)
}

/// Predictions on the training rows, in one list.
fn fit_predict(design: &Design, penalty: f64, class_weights: &str) -> Vec<f64> {
    predict(&fit_with(design, &params(penalty, class_weights), &StopSignal::never()).unwrap(), design)
}

fn predict(model: &LinearModel, x: &Design) -> Vec<f64> {
    match model.predict(x).unwrap() {
        Predictions::Real(values) => values,
        Predictions::Proba(proba) => proba.into_values(),
    }
}

#[derive(Deserialize)]
struct Fixture {
    name: String,
    task: Task,
    penalty: f64,
    l1_ratio: f64,
    class_weights: String,
    n_features: usize,
    weights: Option<Vec<f32>>,
    x: Vec<f32>,
    y: Vec<f64>,
    predictions: Vec<f64>,
}

impl Fixture {
    fn design(&self) -> Design {
        let target = if self.task.is_classification() {
            let codes: Vec<u32> = self.y.iter().map(|value| *value as u32).collect();
            let n_classes = codes.iter().max().unwrap() + 1;
            Target::Classes { codes, n_classes: n_classes as usize }
        } else {
            Target::Real(self.y.clone())
        };
        Design { weights: self.weights.clone(), ..design(self.n_features, &self.x, target) }
    }

    fn params(&self) -> Params {
        let params = params(self.penalty, &self.class_weights);
        match self.l1_ratio {
            0.0 => params,
            1.0 => params.with("penalty_kind", "lasso"),
            ratio => params.with("penalty_kind", "elastic_net").with("l1_ratio", ratio),
        }
    }

    /// Predictions on `design` of a model fitted on it.
    fn fit_predict(&self, design: &Design) -> Vec<f64> {
        predict(&fit_with(design, &self.params(), &StopSignal::never()).unwrap(), design)
    }
}

/// Fixtures of scikit-learn 1.9.1's `Ridge`, `ElasticNet` and `LogisticRegression`, made by `tests/make_linear.py`.
fn fixtures() -> Vec<Fixture> {
    serde_json::from_str(include_str!("../../../tests/data/linear.json")).unwrap()
}

#[test]
fn predictions_equal_those_of_scikit_learn() {
    for fixture in fixtures() {
        let got = fixture.fit_predict(&fixture.design());
        assert_eq!(got.len(), fixture.predictions.len(), "{}", fixture.name);
        let scale = fixture.predictions.iter().fold(1.0_f64, |most, value| most.max(value.abs()));
        for (ours, theirs) in got.iter().zip(&fixture.predictions) {
            assert!((ours - theirs).abs() < 1e-5 * scale, "{}: {ours}, not {theirs}", fixture.name);
        }
    }
}

#[test]
fn the_order_of_rows_does_not_matter() {
    for fixture in fixtures() {
        let design = fixture.design();
        let order: Vec<usize> = (0..design.n_rows()).rev().collect();
        let turned = Design {
            numeric: design.numeric.select_rows(&order),
            target: design.target.as_ref().map(|target| target.select(&order)),
            weights: design.weights.as_ref().map(|weights| order.iter().map(|&row| weights[row]).collect()),
            ..design.clone()
        };
        let straight = fixture.fit_predict(&design);
        let reversed = fixture.fit_predict(&turned);
        let width = straight.len() / design.n_rows();
        let scale = straight.iter().fold(1.0_f64, |most, value| most.max(value.abs()));
        for (a, b) in straight.chunks(width).zip(reversed.chunks(width).rev()) {
            for (left, right) in a.iter().zip(b) {
                assert!((left - right).abs() < 1e-6 * scale, "{}: {left} and {right}", fixture.name);
            }
        }
    }
}

#[test]
fn a_constant_column_changes_nothing() {
    for fixture in fixtures() {
        let mut wide = fixture.design();
        let rows = wide.numeric.rows().flat_map(|row| row.iter().copied().chain([7.0])).collect();
        wide.numeric = Matrix::new(wide.n_rows(), fixture.n_features + 1, rows);
        wide.numeric_names.push("constant".to_owned());
        let with = fixture.fit_predict(&wide);
        let without = fixture.fit_predict(&fixture.design());
        let scale = without.iter().fold(1.0_f64, |most, value| most.max(value.abs()));
        for (a, b) in with.iter().zip(&without) {
            assert!((a - b).abs() < 1e-6 * scale, "{}: {a} and {b}", fixture.name);
        }
    }
}

#[test]
fn separable_classes_get_finite_probabilities() {
    let x: Vec<f32> = (0..20).map(|row| if row < 10 { -1.0 } else { 1.0 }).collect();
    for penalty in [1e-6, 10.0] {
        let codes = (0..20).map(|row| u32::from(row >= 10)).collect();
        let design = design(1, &x, Target::Classes { codes, n_classes: 2 });
        let proba = fit_predict(&design, penalty, "none");
        assert!(proba.iter().all(|value| value.is_finite() && *value > 0.0));
        assert!(proba[0] > 0.5 && proba[39] > 0.5);
        let lasso = params(penalty.min(0.1), "none").with("penalty_kind", "lasso");
        let proba = predict(&fit_with(&design, &lasso, &StopSignal::never()).unwrap(), &design);
        assert!(proba.iter().all(|value| value.is_finite() && *value > 0.0));
        assert!(proba[0] > 0.5 && proba[39] > 0.5);
    }
}

#[test]
fn one_row_a_class_is_enough() {
    let x = [0.0, 0.0, 1.0, 0.0, 0.0, 1.0];
    let target = Target::Classes { codes: vec![0, 1, 2], n_classes: 3 };
    let proba = fit_predict(&design(2, &x, target), 0.001, "balanced");
    for class in 0..3 {
        assert!(proba[class * 3 + class] > 0.8, "{proba:?}");
    }
}

#[test]
fn a_class_without_rows_becomes_improbable() {
    let x: Vec<f32> = (0..30).map(|row| row as f32 / 10.0).collect();
    let codes = (0..30).map(|row| 2 * u32::from(row >= 15)).collect();
    let proba = fit_predict(&design(1, &x, Target::Classes { codes, n_classes: 3 }), 0.01, "balanced");
    assert!(proba.chunks(3).all(|row| row[1] < 1e-3), "{proba:?}");
}

#[test]
fn without_columns_the_frequencies_are_predicted() {
    let target = Target::Classes { codes: vec![0, 0, 0, 1], n_classes: 2 };
    let proba = fit_predict(&design(0, &[], target), 0.1, "none");
    assert!((proba[0] - 0.75).abs() < 1e-6);
    assert_eq!(fit_predict(&design(0, &[], Target::Real(vec![1.0, 3.0])), 0.1, "none"), [2.0, 2.0]);
    let lasso = params(0.1, "none").with("penalty_kind", "lasso");
    for target in [Target::Real(vec![1.0, 3.0]), Target::Classes { codes: vec![0, 1, 2, 2], n_classes: 3 }] {
        let design = design(0, &[], target);
        let got = predict(&fit_with(&design, &lasso, &StopSignal::never()).unwrap(), &design);
        let expected: &[f64] = if got.len() == 2 { &[2.0, 2.0] } else { &[0.25, 0.25, 0.5] };
        assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{got:?}");
    }
}

#[test]
fn columns_alike_at_a_huge_scale_are_a_numerical_failure() {
    let x: Vec<f32> = (0..20).flat_map(|row| [1e12 * row as f32, 1e12 * row as f32]).collect();
    let target = Target::Real((0..20).map(f64::from).collect());
    let error = fit_with(&design(2, &x, target), &params(1e-6, "none"), &StopSignal::never()).unwrap_err();
    assert!(error.to_string().contains("penalty 1e-6 is too small for columns of this scale"), "{error}");
}

#[test]
fn the_dual_system_is_chosen_only_for_its_size() {
    let x: Vec<f32> = (0..60).map(|index| ((index * 29 % 17) as f32 - 8.0) / 8.0).collect();
    let y: Vec<f64> = (0..6).map(|row| f64::from(row * row)).collect();
    let wide = fit_predict(&design(10, &x, Target::Real(y.clone())), 0.3, "none");
    // Every row twice: the same objective, but 12 rows and 10 features, so the primal system.
    let twice = |values: &[f32]| values.chunks(10).flat_map(|row| [row, row].concat()).collect::<Vec<f32>>();
    let doubled = y.iter().flat_map(|value| [*value; 2]).collect();
    let tall = fit_predict(&design(10, &twice(&x), Target::Real(doubled)), 0.3, "none");
    for (a, b) in wide.iter().zip(tall.iter().step_by(2)) {
        assert!((a - b).abs() < 1e-9, "{a} and {b}");
    }
}

#[test]
fn a_deadline_in_the_middle_of_a_fit_is_met() {
    let n_rows = 4000;
    let x: Vec<f32> = (0..n_rows * 400).map(|index| ((index * 7919 % 1009) as f32 - 504.0) / 300.0).collect();
    let codes = (0..n_rows).map(|row| (row * 31 % 7) as u32).collect();
    let design = design(400, &x, Target::Classes { codes, n_classes: 7 });
    let budget = std::time::Duration::from_millis(20);
    let start = Instant::now();
    let stop = StopSignal::never().with_deadline(start + budget);
    let result = fit_with(&design, &params(1e-6, "none"), &stop);
    assert_eq!(result.err(), Some(FitError::Stopped(StopReason::TimeUp)));
    assert!(start.elapsed() < budget * 25, "{:?}", start.elapsed());
}

#[test]
fn codes_outside_the_classes_are_a_shape_error() {
    let target = Target::Classes { codes: vec![0, 5], n_classes: 2 };
    let error = fit_with(&design(1, &[0.0, 1.0], target), &params(0.1, "none"), &StopSignal::never());
    assert_eq!(error.unwrap_err().to_string(), "class code: expected 0 to 1, got 5");
}

#[test]
fn renamed_columns_are_a_shape_error() {
    let mut design = design(1, &[0.0, 1.0], Target::Real(vec![0.0, 1.0]));
    let model = fit_with(&design, &params(0.1, "none"), &StopSignal::never()).unwrap();
    design.numeric_names = vec!["other".to_owned()];
    let error = model.predict(&design).unwrap_err().to_string();
    assert_eq!(error, "numeric column: expected `x0`, got `other`");
}

#[test]
fn models_can_be_sent_and_shared() {
    fn is_shareable<T: Send + Sync>(_: Arc<T>) {}
    is_shareable(Arc::new(LinearFamily));
    is_shareable(Arc::new(LinearModel::new(Head::Real, &[], Vec::new(), vec![0.0], None)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The ridge solution is where the gradient vanishes: `Xᵀ(y - Xw - b) / n = penalty w`.
    #[test]
    fn the_ridge_gradient_vanishes(
        n_features in 1_usize..6,
        penalty in 0.001..10.0_f64,
        values in proptest::collection::vec(-2.0..2.0_f32, 70),
    ) {
        let n_rows = 10;
        let (x, y) = values.split_at(n_rows * n_features);
        let y: Vec<f64> = y[..n_rows].iter().map(|value| f64::from(*value)).collect();
        let design = design(n_features, x, Target::Real(y.clone()));
let stop = StopSignal::never();
        let (coefficients, intercept) =
            Ridge::new(&design.numeric, &[0.1; 10], penalty, &stop).unwrap().solve(&y).unwrap();
        let residual = |row: usize| {
            let values = design.numeric.row(row).iter().zip(&coefficients);
            y[row] - intercept - values.map(|(value, weight)| f64::from(*value) * weight).sum::<f64>()
        };
        prop_assert!((0..n_rows).map(residual).sum::<f64>().abs() < 1e-9);
        for (column, weight) in coefficients.iter().enumerate() {
            let slope: f64 = (0..n_rows).map(|row| residual(row) * f64::from(design.numeric.get(row, column))).sum();
            prop_assert!((slope / n_rows as f64 - penalty * weight).abs() < 1e-9);
        }
    }

    /// A wider design takes the diagonal preconditioner; it must find the same minimum.
    #[test]
    fn wide_and_narrow_designs_find_the_same_minimum(values in proptest::collection::vec(-2.0..2.0_f32, 60)) {
        let codes: Vec<u32> = (0..20).map(|row| u32::from(values[row * 3] + 0.5 * values[row * 3 + 1] > 0.2)).collect();
        let target = Target::Classes { codes, n_classes: 2 };
        let narrow = fit_predict(&design(3, &values, target.clone()), 0.01, "none");
        let padded: Vec<f32> =
            values.chunks(3).flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(0.0, 600))).collect();
        let wide = fit_predict(&design(603, &padded, target), 0.01, "none");
        for (a, b) in narrow.iter().zip(&wide) {
            prop_assert!((a - b).abs() < 1e-5, "{a} and {b}");
        }
    }
}
