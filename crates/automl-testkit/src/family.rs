//! What every [`ModelFamily`] must do, as tests. [`family_contract!`](crate::family_contract) runs them.

use std::ops::{ControlFlow, Deref};

use automl_core::{
    Design, Device, Epoch, FitContext, FitError, FittedModel, Matrix, Member, ModelFamily, Params,
    Predictions, SearchSpace, Seed, StopReason, StopSignal, Target, Task,
};

use crate::synthetic::{design, n_classes, profile};

/// Makes a module of tests that check a family against the contract of
/// [`ModelFamily`](automl_core::ModelFamily), for each task it supports.
///
/// ```ignore
/// family_contract!(linear, LinearFamily);
/// family_contract!(mlp_on_libtorch, MlpFamily, Device::Libtorch);
/// family_contract!(#[ignore = "needs an NVIDIA GPU"] mlp_on_gpu, MlpFamily, Device::Cuda(0));
/// ```
#[macro_export]
macro_rules! family_contract {
    ($module:ident, $family:expr) => {
        $crate::family_contract!($module, $family, ::core::default::Default::default());
    };
    ($(#[$attribute:meta])* $module:ident, $family:expr, $device:expr) => {
        mod $module {
            #[allow(unused_imports)]
            use super::*;

            $crate::family_contract!(@tests $crate::family::Subject { family: &$family, device: $device },
                [$(#[$attribute])*];
                defaults_lie_in_the_space,
                memory_is_estimated_before_a_fit,
                one_result_a_member_in_order,
                a_population_equals_its_members_alone,
                the_same_members_give_the_same_bits,
                a_stop_signal_ends_every_member,
                a_break_cancels_that_member_alone,
                a_refit_needs_no_validation_rows,
                epochs_are_counted_from_zero,
                predictions_are_finite_and_sum_to_one,
                a_row_is_predicted_by_itself,
                a_saved_model_predicts_the_same_bits,
                an_empty_folder_is_an_artifact_error,
                other_columns_are_a_shape_error,
                missing_hyper_parameters_are_an_error,
                a_missing_target_is_an_error,
                odd_tables_do_not_panic,
            );
        }
    };
    (@tests $subject:expr, $attributes:tt; $($check:ident),+ $(,)?) => {
        $($crate::family_contract!(@test $subject, $attributes, $check);)+
    };
    (@test $subject:expr, [$($attributes:tt)*], $check:ident) => {
        #[test]
        $($attributes)*
        fn $check() {
            $crate::family::$check(&$subject);
        }
    };
}

/// A family on a device.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// What is tested.
    pub family: &'a dyn ModelFamily,
    /// Where it trains.
    pub device: Device,
}

impl<'a> Deref for Subject<'a> {
    type Target = dyn ModelFamily + 'a;

    fn deref(&self) -> &Self::Target {
        self.family
    }
}

/// How far predictions may differ between a population and a member alone, relative to 1 + |value|.
const TOLERANCE: f64 = 1e-3;
const N_TRAIN: usize = 160;
const N_VALID: usize = 60;
const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

type Fitted = Result<Box<dyn FittedModel>, FitError>;

/// One fold with the configuration tried on it.
struct Case {
    params: Params,
    train: Design,
    valid: Design,
    seed: Seed,
}

impl Case {
    fn member(&self) -> Member<'_> {
        Member { params: &self.params, train: &self.train, valid: &self.valid, seed: self.seed }
    }
}

fn supported(family: &Subject<'_>) -> Vec<Task> {
    let is_supported = |task: &Task| family.space(&profile(*task, family.input_form(), N_TRAIN)).is_some();
    let tasks: Vec<Task> = Task::ALL.into_iter().filter(is_supported).collect();
    assert!(!tasks.is_empty(), "`{}` supports no task", family.id());
    tasks
}

/// Every default configuration on two folds of unlike size.
fn cases(family: &Subject<'_>, task: Task) -> Vec<Case> {
    let input = family.input_form();
    let make = |(params, fold): (Params, u32)| {
        let seed = Seed(11).fold(fold);
        let train = design(task, input, N_TRAIN + 7 * fold as usize, seed);
        Case { params, train, valid: design(task, input, N_VALID, seed.step(1)), seed }
    };
    let defaults = family.defaults(&profile(task, input, N_TRAIN));
    assert!(!defaults.is_empty(), "`{}` has no default configuration", family.id());
    defaults.into_iter().take(2).flat_map(|params| [(params.clone(), 0), (params, 1)]).map(make).collect()
}

fn fit_with(
    family: &Subject<'_>,
    task: Task,
    cases: &[Case],
    stop: &StopSignal,
    on_epoch: &mut dyn FnMut(usize, Epoch) -> ControlFlow<()>,
) -> Vec<Fitted> {
    let ctx =
        FitContext { device: family.device, threads: 2, ..FitContext::new(task, n_classes(task), stop) };
    let members: Vec<Member<'_>> = cases.iter().map(Case::member).collect();
    let results = family.fit_population(&members, &ctx, on_epoch);
    assert_eq!(results.len(), cases.len(), "one result a member");
    results
}

fn fit(family: &Subject<'_>, task: Task, cases: &[Case]) -> Vec<Fitted> {
    fit_with(family, task, cases, &StopSignal::never(), &mut |_, _| GO_ON)
}

fn predict(fitted: &Fitted, x: &Design) -> Predictions {
    match fitted {
        Ok(model) => model.predict(x).unwrap_or_else(|error| panic!("the prediction failed: {error}")),
        Err(error) => panic!("the fit failed: {error}"),
    }
}

fn numbers(predictions: &Predictions) -> &[f64] {
    match predictions {
        Predictions::Real(values) => values,
        Predictions::Proba(proba) => proba.values(),
    }
}

#[track_caller]
fn assert_close(left: &Predictions, right: &Predictions, tolerance: f64, what: &str) {
    assert_eq!(numbers(left).len(), numbers(right).len(), "{what}: shapes differ");
    for (index, (a, b)) in numbers(left).iter().zip(numbers(right)).enumerate() {
        assert!((a - b).abs() <= tolerance * (1.0 + a.abs()), "{what}: {a} and {b} at {index}");
    }
}

/// Defaults are configurations of the space.
pub fn defaults_lie_in_the_space(family: &Subject<'_>) {
    for task in supported(family) {
        for n_rows in [20, N_TRAIN, 1_000_000] {
            let data = profile(task, family.input_form(), n_rows);
            let specs = family.space(&data).unwrap_or_default();
            let space = SearchSpace::new(specs).unwrap_or_else(|error| panic!("{task}: {error}"));
            for params in family.defaults(&data) {
                space.check(&params).unwrap_or_else(|error| panic!("{task}, {n_rows} rows: {error}"));
            }
        }
    }
}

/// Result `i` is of member `i`: it predicts the rows of its own fold better than others do on average.
pub fn one_result_a_member_in_order(family: &Subject<'_>) {
    for task in supported(family) {
        let mut cases = cases(family, task);
        cases.truncate(2);
        // Two folds whose targets are opposite, so that a mix-up cannot go unnoticed.
        cases[1].train.target = cases[1].train.target.as_ref().map(opposite);
        cases[1].valid.target = cases[1].valid.target.as_ref().map(opposite);
        let results = fit(family, task, &cases);
        let swapped: Vec<Case> = cases.into_iter().rev().collect();
        let reversed = fit(family, task, &swapped);
        let x = &swapped[0].valid;
        for (index, result) in results.iter().enumerate() {
            assert_close(
                &predict(result, x),
                &predict(&reversed[1 - index], x),
                TOLERANCE,
                "reversed members",
            );
        }
    }
}

/// What a fit takes is estimated before it, and a model learns no more numbers than that has room for.
pub fn memory_is_estimated_before_a_fit(family: &Subject<'_>) {
    for task in supported(family) {
        let (cases, stop) = (cases(family, task), StopSignal::never());
        let ctx = FitContext { device: family.device, ..FitContext::new(task, n_classes(task), &stop) };
        for (case, fitted) in cases.iter().zip(fit(family, task, &cases)) {
            let need = family.memory(&case.member(), &ctx).unwrap_or_else(|error| panic!("{task}: {error}"));
            let n_learnt = fitted.map_or(0, |model| model.n_parameters());
            let numbers = (n_learnt * size_of::<f32>()) as u64;
            assert!(
                need.fit >= need.model && need.model >= numbers,
                "{task}: {need:?} for {n_learnt} numbers"
            );
        }
    }
}

fn opposite(target: &Target) -> Target {
    match target {
        Target::Real(values) => Target::Real(values.iter().map(|value| -value).collect()),
        Target::Classes { codes, n_classes } => {
            let last = *n_classes as u32 - 1;
            Target::Classes { codes: codes.iter().map(|code| last - code).collect(), n_classes: *n_classes }
        }
    }
}

/// Fitting together changes nothing beyond rounding.
pub fn a_population_equals_its_members_alone(family: &Subject<'_>) {
    for task in supported(family) {
        let cases = cases(family, task);
        let together = fit(family, task, &cases);
        for (index, case) in cases.iter().enumerate() {
            let alone = fit(family, task, std::slice::from_ref(case));
            let what = format!("{task}, member {index}");
            assert_close(
                &predict(&together[index], &case.valid),
                &predict(&alone[0], &case.valid),
                TOLERANCE,
                &what,
            );
        }
    }
}

/// The same arguments give the same bits.
pub fn the_same_members_give_the_same_bits(family: &Subject<'_>) {
    for task in supported(family) {
        let cases = cases(family, task);
        let (first, second) = (fit(family, task, &cases), fit(family, task, &cases));
        for ((a, b), case) in first.iter().zip(&second).zip(&cases) {
            assert_eq!(predict(a, &case.valid), predict(b, &case.valid), "{task}");
        }
    }
}

/// A signal that is up when the fit begins leaves no member fitted.
pub fn a_stop_signal_ends_every_member(family: &Subject<'_>) {
    for task in supported(family) {
        let cases = cases(family, task);
        let stop = StopSignal::never();
        stop.interrupt();
        for result in fit_with(family, task, &cases, &stop, &mut |_, _| GO_ON) {
            assert_eq!(result.err(), Some(FitError::Stopped(StopReason::Interrupted)), "{task}");
        }
    }
}

/// `Break` ends the member it was said to, and no other.
pub fn a_break_cancels_that_member_alone(family: &Subject<'_>) {
    for task in supported(family) {
        let cases = cases(family, task);
        let mut was_called = false;
        let mut on_epoch = |member: usize, _: Epoch| {
            was_called |= member == 1;
            if member == 1 { ControlFlow::Break(()) } else { GO_ON }
        };
        let results = fit_with(family, task, &cases, &StopSignal::never(), &mut on_epoch);
        for (index, result) in results.iter().enumerate() {
            let expected = (index == 1 && was_called).then_some(FitError::Cancelled);
            assert_eq!(result.as_ref().err(), expected.as_ref(), "{task}, member {index}");
        }
    }
}

/// A configuration of `ModelFamily::refit` is fitted without validation rows, and predicts much as the fits it comes from.
pub fn a_refit_needs_no_validation_rows(family: &Subject<'_>) {
    for task in supported(family) {
        for mut case in cases(family, task) {
            let fitted = fit(family, task, std::slice::from_ref(&case));
            let best = fitted[0].as_ref().ok().and_then(|model| model.best_epoch());
            let Some(refit) = family.refit(&case.params, &[best, best], 1.0) else { continue };
            let before = predict(&fitted[0], &case.valid);
            let none = Design {
                target: case.valid.target.as_ref().map(|target| target.select(&[])),
                weights: case.valid.weights.as_ref().map(|_| Vec::new()),
                ..rows_of(&case.valid, &[])
            };
            let valid = std::mem::replace(&mut case.valid, none);
            case.params = refit.params;
            let after = predict(&fit(family, task, std::slice::from_ref(&case))[0], &valid);
            assert_proper(&after, task);
            let pairs = || numbers(&before).iter().zip(numbers(&after));
            let distance = pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>();
            let mean = numbers(&before).iter().sum::<f64>() / numbers(&before).len() as f64;
            let spread = pairs().map(|(a, _)| (a - mean).powi(2)).sum::<f64>();
            assert!(distance <= 0.2 * spread, "{task}: {distance} of {spread}");
        }
    }
}

/// Each member's epochs come in order, with finite losses, and its best epoch is one of them.
pub fn epochs_are_counted_from_zero(family: &Subject<'_>) {
    for task in supported(family) {
        let cases = cases(family, task);
        let mut counts = vec![0_u32; cases.len()];
        let mut on_epoch = |member: usize, epoch: Epoch| {
            assert_eq!(epoch.index, counts[member], "{task}, member {member}");
            assert!(epoch.train_loss.is_finite() && epoch.valid_loss.is_finite(), "{epoch:?}");
            counts[member] += 1;
            GO_ON
        };
        let results = fit_with(family, task, &cases, &StopSignal::never(), &mut on_epoch);
        for (result, count) in results.iter().zip(counts) {
            let best = result.as_ref().ok().and_then(|model| model.best_epoch());
            assert!(best.is_none_or(|best| best < count), "best epoch {best:?} of {count}");
            assert_eq!(best.is_some(), count > 0, "a best epoch without epochs, or epochs without a best");
        }
    }
}

/// Probabilities lie in 0 to 1 and sum to 1; regression gives one finite value a row.
pub fn predictions_are_finite_and_sum_to_one(family: &Subject<'_>) {
    for task in supported(family) {
        let cases = cases(family, task);
        for (result, case) in fit(family, task, &cases).iter().zip(&cases) {
            let predictions = predict(result, &case.valid);
            assert_eq!(predictions.n_rows(), case.valid.n_rows());
            assert_proper(&predictions, task);
        }
    }
}

#[track_caller]
fn assert_proper(predictions: &Predictions, task: Task) {
    assert!(predictions.is_finite(), "{task}: a prediction is not finite");
    match predictions {
        Predictions::Real(_) => assert_eq!(task, Task::Regression),
        Predictions::Proba(proba) => {
            assert_eq!(proba.n_cols(), n_classes(task), "{task}");
            for row in proba.rows() {
                assert!(row.iter().all(|value| (0.0..=1.0).contains(value)), "{task}: {row:?}");
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{task}: {row:?}");
            }
        }
    }
}

/// A prediction depends on its own row; no rows give no predictions; the target is not looked at.
pub fn a_row_is_predicted_by_itself(family: &Subject<'_>) {
    for task in supported(family) {
        let cases = cases(family, task);
        let results = fit(family, task, &cases[..1]);
        let all = predict(&results[0], &cases[0].valid);
        let width = numbers(&all).len() / all.n_rows();
        for row in [0, 17, N_VALID - 1] {
            let alone = predict(&results[0], &rows_of(&cases[0].valid, &[row]));
            for (a, b) in numbers(&alone).iter().zip(&numbers(&all)[row * width..]) {
                assert!(
                    (a - b).abs() <= 1e-5 * (1.0 + a.abs()),
                    "{task}, row {row}: {a} alone, {b} among others"
                );
            }
        }
        assert_eq!(predict(&results[0], &rows_of(&cases[0].valid, &[])).n_rows(), 0, "{task}");
    }
}

/// The given rows, without target.
fn rows_of(design: &Design, rows: &[usize]) -> Design {
    let (numeric, codes) = (design.numeric.select_rows(rows), design.codes.select_rows(rows));
    Design { numeric, codes, target: None, ..design.clone() }
}

/// A model that was saved and loaded is the same model.
pub fn a_saved_model_predicts_the_same_bits(family: &Subject<'_>) {
    for task in supported(family) {
        let cases = cases(family, task);
        for (result, case) in fit(family, task, &cases).iter().zip(&cases) {
            let dir = temporary_folder();
            let model = result.as_ref().unwrap_or_else(|error| panic!("the fit failed: {error}"));
            model.save(dir.path()).unwrap_or_else(|error| panic!("{error}"));
            let loaded = family.load(dir.path(), family.device).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(loaded.n_parameters(), model.n_parameters(), "{task}");
            assert_eq!(loaded.best_epoch(), model.best_epoch(), "{task}");
            assert_eq!(predict(&Ok(loaded), &case.valid), predict(result, &case.valid), "{task}");
        }
    }
}

/// Loading what is not there names the file.
pub fn an_empty_folder_is_an_artifact_error(family: &Subject<'_>) {
    let dir = temporary_folder();
    let Err(error) = family.load(dir.path(), family.device) else {
        panic!("`{}` was loaded from an empty folder", family.id());
    };
    assert!(error.to_string().contains(&dir.path().display().to_string()), "{error}");
}

fn temporary_folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap_or_else(|error| panic!("cannot create a temporary folder: {error}"))
}

/// A design with a column less is refused.
pub fn other_columns_are_a_shape_error(family: &Subject<'_>) {
    for task in supported(family) {
        let cases = cases(family, task);
        let results = fit(family, task, &cases[..1]);
        let mut narrow = cases[0].valid.clone();
        let columns: Vec<Vec<f32>> =
            (1..narrow.numeric.n_cols()).map(|index| narrow.numeric.column(index)).collect();
        narrow.numeric = Matrix::from_columns(narrow.n_rows(), &columns);
        narrow.numeric_names.remove(0);
        let error = results[0].as_ref().ok().and_then(|model| model.predict(&narrow).err());
        assert!(matches!(error, Some(FitError::Shape { .. })), "{task}: {error:?}");
    }
}

/// A family with hyper-parameters does not invent them.
pub fn missing_hyper_parameters_are_an_error(family: &Subject<'_>) {
    for task in supported(family) {
        let mut cases = cases(family, task);
        if cases[0].params.is_empty() {
            continue;
        }
        cases[0].params = Params::new();
        let results = fit(family, task, &cases);
        let error = results[0].as_ref().err();
        assert!(matches!(error, Some(FitError::Params(_))), "{task}: {error:?}");
        assert!(results[1..].iter().all(Result::is_ok), "{task}: a bad member spoilt the others");
    }
}

/// Training rows without target are refused, not met with a panic.
pub fn a_missing_target_is_an_error(family: &Subject<'_>) {
    for task in supported(family) {
        let mut cases = cases(family, task);
        cases.truncate(1);
        cases[0].train.target = None;
        assert!(fit(family, task, &cases)[0].is_err(), "{task}");
    }
}

/// Tables at the edge end in an error or in proper predictions, never in a panic.
pub fn odd_tables_do_not_panic(family: &Subject<'_>) {
    for task in supported(family) {
        for (name, change) in ODD_TABLES {
            let mut cases = cases(family, task);
            cases.truncate(1);
            change(&mut cases[0]);
            let results = fit(family, task, &cases);
            if results[0].is_ok() {
                let predictions = predict(&results[0], &cases[0].valid);
                assert!(predictions.is_finite(), "{task}, {name}: a prediction is not finite");
                assert_proper(&predictions, task);
            }
        }
    }
}

/// A table at the edge: what it is called, and how it is made of an ordinary case.
type OddTable = (&'static str, fn(&mut Case));

const ODD_TABLES: [OddTable; 6] = [
    ("a constant column", |case| set_column(&mut case.train, |_| 4.0)),
    ("a column of large values", |case| set_column(&mut case.train, |row| 1e6 * row as f32)),
    ("two rows", |case| keep_rows(&mut case.train, 2)),
    ("one row", |case| keep_rows(&mut case.train, 1)),
    ("one value of the target", |case| case.train.target = case.train.target.as_ref().map(all_alike)),
    ("no columns", |case| {
        for design in [&mut case.train, &mut case.valid] {
            design.numeric = Matrix::filled(design.n_rows(), 0, 0.0);
            design.numeric_names.clear();
        }
    }),
];

fn set_column(design: &mut Design, value: fn(usize) -> f32) {
    for row in 0..design.n_rows() {
        design.numeric.row_mut(row)[2] = value(row);
    }
}

fn keep_rows(design: &mut Design, n_rows: usize) {
    let rows: Vec<usize> = (0..n_rows).collect();
    let target = design.target.as_ref().map(|target| target.select(&rows));
    *design = Design { target, ..rows_of(design, &rows) };
}

fn all_alike(target: &Target) -> Target {
    target.select(&vec![0; target.n_rows()])
}
