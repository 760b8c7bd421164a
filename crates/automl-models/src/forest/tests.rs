//! What forests learn.

use std::ops::ControlFlow;

use automl_core::{
    DataProfile, Design, FitContext, FittedModel, InputForm, Member, ModelFamily, Params, Predictions, Seed,
    StopSignal, Target, Task,
};

use super::{ExtraTreesFamily, ForestConfig, Kind, RandomForestFamily, space};
use crate::trees::tests::table;

fn params() -> Params {
    Params::new()
        .with("n_trees", 60_i64)
        .with("max_features", 0.5)
        .with("min_leaf", 1_i64)
        .with("shrinkage", 0.0)
        .with("max_samples", 1.0)
        .with("criterion", "gini")
        .with("class_weights", "none")
}

fn families() -> [Box<dyn ModelFamily>; 2] {
    [Box::new(RandomForestFamily), Box::new(ExtraTreesFamily)]
}

fn fit_on(family: &dyn ModelFamily, params: &Params, train: &Design, threads: usize) -> Box<dyn FittedModel> {
    let (task, n_classes) = match &train.target {
        Some(Target::Classes { n_classes: 2, .. }) => (Task::Binary, 2),
        Some(Target::Classes { n_classes, .. }) => (Task::Multiclass, *n_classes),
        _ => (Task::Regression, 0),
    };
    let stop = StopSignal::never();
    let ctx = FitContext { threads, ..FitContext::new(task, n_classes, &stop) };
    let member = Member { params, train, valid: train, seed: Seed(1) };
    family.fit_population(&[member], &ctx, &mut |_, _| ControlFlow::Continue(())).remove(0).unwrap()
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

/// As many classes as there are, by two columns.
fn with_classes(mut design: Design, n_classes: usize) -> Design {
    let class = |row: usize| {
        let sum = design.numeric.get(row, 1) + design.numeric.get(row, 2);
        (sum * n_classes as f32 / 2.0) as u32
    };
    let codes = (0..design.n_rows()).map(class).collect();
    design.target = Some(Target::Classes { codes, n_classes });
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

#[test]
fn a_function_with_missing_values_is_learnt() {
    let of = |x: &[f32], _: u32| f64::from(if x[0].is_nan() { 1.5 } else { x[0] } + 2.0 * x[1] * x[2]);
    let (train, test) = (with_target(table(3000, 5, 3, 1), of), with_target(table(1000, 5, 3, 2), of));
    for family in families() {
        let left = unexplained(&*fit_on(&*family, &params(), &train, 1), &test);
        assert!(left < 0.04, "{}: {left}", family.id());
    }
}

#[test]
fn levels_without_order_are_learnt() {
    for levels in [4, 30, 200] {
        let of = |_: &[f32], code: u32| f64::from(code * 7919 % 101);
        let (train, test) =
            (with_target(table(8000, 2, levels, 1), of), with_target(table(1000, 2, levels, 3), of));
        for family in families() {
            let left = unexplained(&*fit_on(&*family, &params(), &train, 1), &test);
            assert!(left < 0.06, "{}, {levels} levels: {left}", family.id());
        }
    }
}

#[test]
fn levels_are_learnt_for_many_classes() {
    let make = |seed| {
        let mut design = table(4000, 2, 30, seed);
        let codes = design.codes.values().iter().map(|code| code * 7919 % 3).collect();
        design.target = Some(Target::Classes { codes, n_classes: 3 });
        design
    };
    for family in families() {
        let (train, test) = (make(1), make(2));
        let predictions = fit_on(&*family, &params(), &train, 1).predict(&test).unwrap();
        let Some(Target::Classes { codes, .. }) = &test.target else { panic!("no classes") };
        let right = predictions.classes().unwrap().iter().zip(codes).filter(|(a, b)| a == b).count();
        assert!(right > 3900, "{}: {right} of 4000", family.id());
    }
}

#[test]
fn classes_are_learnt_by_either_criterion() {
    for n_classes in [2, 4] {
        let (train, test) =
            (with_classes(table(3000, 3, 3, 1), n_classes), with_classes(table(1000, 3, 3, 2), n_classes));
        for family in families() {
            for (criterion, class_weights) in [("gini", "none"), ("entropy", "balanced")] {
                let params = params().with("criterion", criterion).with("class_weights", class_weights);
                let predictions = fit_on(&*family, &params, &train, 1).predict(&test).unwrap();
                let Some(Target::Classes { codes, .. }) = &test.target else { panic!("no classes") };
                let right = predictions.classes().unwrap().iter().zip(codes).filter(|(a, b)| a == b).count();
                assert!(right > 930, "{}, {n_classes} classes, {criterion}: {right} of 1000", family.id());
            }
        }
    }
}

#[test]
fn deep_trees_on_all_rows_know_them_by_heart() {
    let train = with_target(table(500, 4, 3, 1), |x, _| f64::from(x[1] * 1e4 % 7.0));
    assert!(unexplained(&*fit_on(&ExtraTreesFamily, &params(), &train, 1), &train) < 1e-9);
    let shrunk = fit_on(&ExtraTreesFamily, &params().with("shrinkage", 100.0), &train, 1);
    assert!(unexplained(&*shrunk, &train) > 0.1);
    let large = fit_on(&ExtraTreesFamily, &params().with("min_leaf", 250_i64), &train, 1);
    assert!(unexplained(&*large, &train) > 0.1);
}

#[test]
fn leaves_have_as_many_rows_as_asked() {
    let train = with_target(table(1000, 4, 3, 1), |x, _| f64::from(x[1]));
    for family in families() {
        let one = params().with("n_trees", 1_i64).with("min_leaf", 100_i64);
        let mut values = real(&*fit_on(&*family, &one, &train, 1), &train);
        values.sort_by(f64::total_cmp);
        let n_leaves = values.chunk_by(|a, b| a == b).count();
        assert!((2..=10).contains(&n_leaves), "{}: {n_leaves}", family.id());
        let stump = one.with("max_depth", 1_i64);
        let mut values = real(&*fit_on(&*family, &stump, &train, 1), &train);
        values.sort_by(f64::total_cmp);
        assert_eq!(values.chunk_by(|a, b| a == b).count(), 2, "{}", family.id());
    }
}

#[test]
fn threads_change_nothing() {
    let train = with_classes(table(2000, 5, 9, 1), 3);
    for family in families() {
        let one = fit_on(&*family, &params(), &train, 1).predict(&train).unwrap();
        assert_eq!(one, fit_on(&*family, &params(), &train, 3).predict(&train).unwrap());
    }
}

#[test]
fn no_class_is_impossible() {
    let mut train = with_classes(table(300, 3, 3, 1), 3);
    if let Some(Target::Classes { codes, .. }) = &mut train.target {
        codes.fill(1);
        codes[7] = 0;
    }
    for family in families() {
        let Predictions::Proba(proba) = fit_on(&*family, &params(), &train, 1).predict(&train).unwrap()
        else {
            panic!("no classes")
        };
        assert!(proba.rows().all(|row| row[0] > 0.0 && row[2] >= 0.0));
        assert!(proba.get(0, 1) > 0.9);
    }
}

#[test]
fn values_outside_their_domain_are_named() {
    let error = ForestConfig::from_params(&params().with("max_samples", 1.5), true, false).unwrap_err();
    assert_eq!(error.to_string(), "`max_samples` is 1.5, outside the numbers above 0, up to 1");
    let error = ForestConfig::from_params(&params().with("criterion", "error"), true, true).unwrap_err();
    assert_eq!(error.to_string(), "`criterion` is error, outside one of gini, entropy");
    assert!(ForestConfig::from_params(&params().with("n_trees", 0_i64), true, false).is_err());
}

#[test]
fn every_default_can_be_read() {
    for (kind, draws_rows) in [(Kind::RandomForest, true), (Kind::ExtraTrees, false)] {
        for task in Task::ALL {
            let data: DataProfile = automl_testkit::synthetic::profile(task, InputForm::Native, 500);
            for params in space::defaults(&data, kind) {
                ForestConfig::from_params(&params, draws_rows, task.is_classification()).unwrap();
            }
        }
    }
}
