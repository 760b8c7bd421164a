//! What boosted trees learn.

use std::ops::ControlFlow;

use automl_core::{
    Design, FitContext, FittedModel, Member, ModelFamily, Params, Predictions, Seed, StopSignal, Target, Task,
};

use super::{GbdtConfig, GbdtFamily, space};
use crate::trees::tests::table;

fn params() -> Params {
    Params::new()
        .with("learning_rate", 0.1)
        .with("max_rounds", 200_i64)
        .with("patience", 30_i64)
        .with("max_leaves", 15_i64)
        .with("min_child_samples", 5_i64)
        .with("min_child_hessian", 1e-3)
        .with("feature_fraction", 1.0)
        .with("bagging_fraction", 1.0)
        .with("lasso", false)
        .with("l2", 0.1)
        .with("symmetric", false)
        .with("extra_trees", false)
        .with("class_weights", "none")
}

fn fit_on(params: &Params, train: &Design, valid: &Design, threads: usize) -> Box<dyn FittedModel> {
    let (task, n_classes) = match &train.target {
        Some(Target::Classes { n_classes: 2, .. }) => (Task::Binary, 2),
        Some(Target::Classes { n_classes, .. }) => (Task::Multiclass, *n_classes),
        _ => (Task::Regression, 0),
    };
    let stop = StopSignal::never();
    let ctx = FitContext { threads, ..FitContext::new(task, n_classes, &stop) };
    let member = Member { params, train, valid, seed: Seed(1) };
    GbdtFamily.fit_population(&[member], &ctx, &mut |_, _| ControlFlow::Continue(())).remove(0).unwrap()
}

fn real(model: &dyn FittedModel, x: &Design) -> Vec<f64> {
    match model.predict(x).unwrap() {
        Predictions::Real(values) => values,
        Predictions::Proba(_) => panic!("no regression"),
    }
}

/// `of(numbers, code)` for every row.
fn with_target(mut design: Design, of: impl Fn(&[f32], u32) -> f64) -> Design {
    let value = |row: usize| of(design.numeric.row(row), design.codes.get(row, 0));
    design.target = Some(Target::Real((0..design.n_rows()).map(value).collect()));
    design
}

/// The share of the target's variance that is left.
fn unexplained(model: &dyn FittedModel, x: &Design) -> f64 {
    let Some(Target::Real(values)) = &x.target else { panic!("no regression") };
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let left: f64 = real(model, x).iter().zip(values).map(|(a, b)| (a - b).powi(2)).sum();
    left / variance
}

fn rows_of(design: &Design, rows: &[usize]) -> Design {
    Design {
        numeric: design.numeric.select_rows(rows),
        codes: design.codes.select_rows(rows),
        target: design.target.as_ref().map(|target| target.select(rows)),
        ..design.clone()
    }
}

/// Friedman's (1991) first function of five of ten columns.
fn friedman(x: &[f32], _: u32) -> f64 {
    let x: Vec<f64> = x.iter().map(|&value| if value.is_nan() { 0.5 } else { f64::from(value) }).collect();
    10.0 * (std::f64::consts::PI * x[1] * x[2]).sin() + 20.0 * (x[3] - 0.5).powi(2) + 10.0 * x[4] + 5.0 * x[5]
}

#[test]
fn a_smooth_function_is_learnt() {
    let make = |n_rows, seed| with_target(table(n_rows, 10, 3, seed), friedman);
    let (train, valid, test) = (make(2000, 1), make(500, 2), make(1000, 3));
    let left = unexplained(&*fit_on(&params(), &train, &valid, 1), &test);
    assert!(left < 0.03, "{left}");
    let sampled = params().with("bagging_fraction", 0.7).with("feature_fraction", 0.7);
    let left = unexplained(&*fit_on(&sampled, &train, &valid, 1), &test);
    assert!(left < 0.03, "{left}");
    let symmetric = params().with("symmetric", true);
    let left = unexplained(&*fit_on(&symmetric, &train, &valid, 1), &test);
    assert!(left < 0.03, "{left}");
    let random = params().with("extra_trees", true).with("lasso", true).with("l1", 0.01);
    let left = unexplained(&*fit_on(&random, &train, &valid, 1), &test);
    assert!(left < 0.06, "{left}");
}

#[test]
fn that_a_value_is_missing_is_learnt() {
    for of_missing in [-3.0, 0.5, 3.0] {
        let of = |x: &[f32], _: u32| if x[0].is_nan() { of_missing } else { f64::from(x[0]) };
        let make = |n_rows, seed| with_target(table(n_rows, 2, 2, seed), of);
        for symmetric in [false, true] {
            let params = params().with("symmetric", symmetric);
            let left = unexplained(&*fit_on(&params, &make(1500, 1), &make(300, 2), 1), &make(500, 3));
            assert!(left < 0.002, "symmetric {symmetric}: {left}");
        }
    }
}

#[test]
fn levels_without_order_are_learnt() {
    for levels in [4, 30, 200] {
        let of = |_: &[f32], code: u32| f64::from(code * 7919 % 101);
        let make = |n_rows, seed| with_target(table(n_rows, 2, levels, seed), of);
        for symmetric in [false, true] {
            let params = params().with("symmetric", symmetric);
            let left = unexplained(&*fit_on(&params, &make(8000, 1), &make(500, 2), 1), &make(1000, 3));
            assert!(left < 0.06, "{levels} levels, symmetric {symmetric}: {left}");
        }
    }
}

#[test]
fn classes_are_learnt() {
    for n_classes in [2, 4] {
        let make = |n_rows, seed| {
            let mut design = table(n_rows, 3, 3, seed);
            let class = |row: usize| {
                let sum = design.numeric.get(row, 1) + design.numeric.get(row, 2);
                (sum * n_classes as f32 / 2.0) as u32
            };
            let codes = (0..n_rows).map(class).collect();
            design.target = Some(Target::Classes { codes, n_classes });
            design
        };
        for class_weights in ["none", "balanced"] {
            let params = params().with("class_weights", class_weights);
            let test = make(1000, 3);
            let predictions = fit_on(&params, &make(3000, 1), &make(500, 2), 1).predict(&test).unwrap();
            let Some(Target::Classes { codes, .. }) = &test.target else { panic!("no classes") };
            let right = predictions.classes().unwrap().iter().zip(codes).filter(|(a, b)| a == b).count();
            assert!(right > 930, "{n_classes} classes, {class_weights}: {right} of 1000");
        }
    }
}

#[test]
fn a_row_of_weight_two_counts_like_two_rows() {
    let mut design = with_target(table(200, 4, 3, 1), |x, _| f64::from(x[1] * x[2]));
    let valid = with_target(table(100, 4, 3, 2), |x, _| f64::from(x[1] * x[2]));
    let twice: Vec<usize> = (0..200).flat_map(|row| vec![row; 1 + row % 2]).collect();
    let repeated = rows_of(&design, &twice);
    design.weights = Some((0..200).map(|row| 1.0 + (row % 2) as f32).collect());
    let params = params().with("min_child_samples", 1_i64).with("max_rounds", 20_i64);
    let (weighted, repeated) = (fit_on(&params, &design, &valid, 1), fit_on(&params, &repeated, &valid, 1));
    for (a, b) in real(&*weighted, &design).iter().zip(real(&*repeated, &design)) {
        assert!((a - b).abs() < 1e-5, "{a} and {b}");
    }
}

#[test]
fn a_monotone_change_of_a_column_changes_nothing() {
    let train = with_target(table(2000, 4, 3, 1), |x, _| f64::from(x[1] * x[2]));
    let mut changed = train.clone();
    for value in changed.numeric.values_mut() {
        *value = (3.0 * *value).exp();
    }
    let (plain, other) = (fit_on(&params(), &train, &train, 1), fit_on(&params(), &changed, &changed, 1));
    assert_eq!(real(&*plain, &train), real(&*other, &changed));
}

#[test]
fn threads_change_nothing() {
    let train = with_target(table(20_000, 20, 9, 1), friedman);
    let params = params().with("max_rounds", 5_i64).with("bagging_fraction", 0.9);
    let one = real(&*fit_on(&params, &train, &train, 1), &train);
    assert_eq!(one, real(&*fit_on(&params, &train, &train, 3), &train));
}

#[test]
fn the_best_round_is_kept() {
    // The target is noise: the first rounds are the best on other rows.
    let noise = |x: &[f32], _: u32| f64::from((x[1] * 1e5) as i32 % 97);
    let make = |n_rows, seed| with_target(table(n_rows, 5, 3, seed), noise);
    let (train, valid) = (make(400, 1), make(400, 2));
    let model = fit_on(&params(), &train, &valid, 1);
    assert!(unexplained(&*model, &valid) < 1.02);
    assert!(model.best_epoch().unwrap() < 3, "{:?}", model.best_epoch());
}

#[test]
fn a_large_or_tiny_target_is_no_difficulty() {
    let plain = with_target(table(500, 3, 3, 1), |x, _| f64::from(x[1]));
    let expected = real(&*fit_on(&params(), &plain, &plain, 1), &plain);
    for (factor, shift) in [(1e30, 0.0), (1e-30, 0.0), (1.0, 1e6)] {
        let other = with_target(plain.clone(), |x, _| f64::from(x[1]) * factor + shift);
        let values = real(&*fit_on(&params(), &other, &other, 1), &other);
        for (a, b) in expected.iter().zip(&values) {
            assert!((a - (b - shift) / factor).abs() < 1e-3, "{a} and {b}");
        }
    }
}

#[test]
fn more_rows_are_learnt_in_more_rounds() {
    let rounds = |best: &[Option<u32>], growth: f64| {
        let refit = GbdtFamily.refit(&params(), best, growth)?;
        let rounds = refit.params.count("max_rounds").unwrap();
        assert_eq!(rounds as f64, (105.0 * refit.passes).round());
        assert_eq!(refit.params, params().with("max_rounds", rounds as i64), "nothing else changes");
        Some(rounds)
    };
    assert_eq!(rounds(&[Some(9), Some(11)], 1.0), Some(105));
    assert_eq!(rounds(&[Some(9), Some(11)], 1.5), Some(236));
    assert_eq!(rounds(&[Some(9), Some(11)], 5.0), Some(315));
    assert_eq!(rounds(&[Some(9), None], 1.5), None);
    assert_eq!(rounds(&[], 1.5), None);
}

#[test]
fn without_validation_rows_every_round_is_kept() {
    let train = with_target(table(300, 3, 3, 1), |x, _| f64::from(x[1]));
    let model = fit_on(&params().with("max_rounds", 25_i64), &train, &rows_of(&train, &[]), 1);
    assert_eq!(model.best_epoch(), Some(2));
}

#[test]
fn values_outside_their_domain_are_named() {
    let error = GbdtConfig::from_params(&params().with("feature_fraction", 0.0), false).unwrap_err();
    assert_eq!(error.to_string(), "`feature_fraction` is 0, outside the numbers above 0, up to 1");
    let error = GbdtConfig::from_params(&params().with("class_weights", "some"), true).unwrap_err();
    assert_eq!(error.to_string(), "`class_weights` is some, outside one of none, balanced");
    assert!(GbdtConfig::from_params(&params().with("max_depth", 0_i64), false).is_err());
}

#[test]
fn every_default_can_be_read() {
    for n_rows in [50, 1_999, 20_000] {
        let data =
            automl_testkit::synthetic::profile(Task::Multiclass, automl_core::InputForm::Native, n_rows);
        for params in space::defaults(&data) {
            GbdtConfig::from_params(&params, true).unwrap();
        }
    }
}
