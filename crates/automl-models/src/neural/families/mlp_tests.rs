use std::ops::ControlFlow;

use automl_core::{
    ArtifactError, Design, Device, Epoch, FitContext, FitError, FittedModel, Matrix, Member, ModelFamily,
    Params, Predictions, Purpose, Seed, StopReason, StopSignal, Target, Task,
};
use proptest::prelude::*;

use super::MlpFamily;
use crate::draws::Draws;

fn params() -> Params {
    Params::new()
        .with("n_layers", 2_i64)
        .with("width", 32_i64)
        .with("activation", "silu")
        .with("dropout", 0.0)
        .with("batch_norm", false)
        .with("optimizer", "adamw")
        .with("learning_rate", 0.01)
        .with("schedule", "cosine")
        .with("weight_decay", 0.001)
        .with("batch_size", 32_i64)
        .with("max_epochs", 40_i64)
        .with("patience", 40_i64)
        .with("class_weights", "none")
        .with("label_smoothing", 0.0)
        .with("loss", "mse")
}

#[expect(clippy::needless_pass_by_value, reason = "calls read better")]
fn design(rows: Vec<Vec<f32>>, codes: Vec<Vec<u32>>, cardinalities: Vec<u32>, target: Target) -> Design {
    let n_rows = target.n_rows();
    let n_numeric = rows.first().map_or(0, Vec::len);
    Design {
        numeric: Matrix::new(n_rows, n_numeric, rows.concat()),
        numeric_names: (0..n_numeric).map(|column| format!("x{column}")).collect(),
        codes: Matrix::new(n_rows, cardinalities.len(), codes.concat()),
        code_names: (0..cardinalities.len()).map(|column| format!("c{column}")).collect(),
        cardinalities,
        target: Some(target),
        weights: None,
    }
}

fn points(n_rows: usize, columns: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut draws = Draws::new(Seed(seed).purpose(Purpose::Data));
    (0..n_rows).map(|_| (0..columns).map(|_| draws.symmetric(1.0)).collect()).collect()
}

/// Class 1 where the signs of the first two columns differ.
fn exclusive_or(n_rows: usize, columns: usize, seed: u64) -> Design {
    let rows = points(n_rows, columns, seed);
    let codes = rows.iter().map(|row| u32::from((row[0] > 0.0) != (row[1] > 0.0))).collect();
    design(rows, vec![Vec::new(); n_rows], Vec::new(), Target::Classes { codes, n_classes: 2 })
}

fn sine(n_rows: usize, seed: u64) -> Design {
    let rows = points(n_rows, 1, seed);
    let values = rows.iter().map(|row| 100.0 + 10.0 * f64::from(3.0 * row[0]).sin()).collect();
    design(rows, vec![Vec::new(); n_rows], Vec::new(), Target::Real(values))
}

fn blobs(n_rows: usize, seed: u64) -> Design {
    let mut rows = points(n_rows, 2, seed);
    let codes: Vec<u32> = (0..n_rows as u32).map(|row| row % 3).collect();
    let centres = [[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]];
    for (row, &class) in rows.iter_mut().zip(&codes) {
        row[0] += centres[class as usize][0];
        row[1] += centres[class as usize][1];
    }
    design(rows, vec![Vec::new(); n_rows], Vec::new(), Target::Classes { codes, n_classes: 3 })
}

fn task_of(design: &Design) -> (Task, usize) {
    match &design.target {
        Some(Target::Classes { n_classes: 2, .. }) => (Task::Binary, 2),
        Some(Target::Classes { n_classes, .. }) => (Task::Multiclass, *n_classes),
        _ => (Task::Regression, 0),
    }
}

type Fitted = Result<Box<dyn FittedModel>, FitError>;

fn fit(members: &[Member<'_>], on_epoch: &mut dyn FnMut(usize, Epoch) -> ControlFlow<()>) -> Vec<Fitted> {
    let (task, n_classes) = task_of(members[0].train);
    let stop = StopSignal::never();
    let ctx = FitContext { threads: 2, ..FitContext::new(task, n_classes, &stop) };
    MlpFamily.fit_population(members, &ctx, on_epoch)
}

fn go(_: usize, _: Epoch) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn fit_one(params: &Params, train: &Design, valid: &Design) -> Box<dyn FittedModel> {
    fit(&[Member { params, train, valid, seed: Seed(1) }], &mut go).remove(0).unwrap()
}

fn accuracy(predictions: &Predictions, design: &Design) -> f64 {
    let Some(Target::Classes { codes, .. }) = &design.target else { panic!("no classes") };
    let labels = predictions.classes().unwrap();
    labels.iter().zip(codes).filter(|(label, code)| label == code).count() as f64 / codes.len() as f64
}

fn values_of(predictions: &Predictions) -> Vec<f64> {
    match predictions {
        Predictions::Real(values) => values.clone(),
        Predictions::Proba(proba) => proba.values().to_vec(),
    }
}

fn rmse(predictions: &Predictions, design: &Design) -> f64 {
    let Some(Target::Real(target)) = &design.target else { panic!("no numbers") };
    let squares = values_of(predictions).iter().zip(target).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    (squares / target.len() as f64).sqrt()
}

#[test]
fn it_learns_exclusive_or_with_every_activation_norm_and_optimizer() {
    let (train, valid) = (exclusive_or(600, 2, 1), exclusive_or(300, 2, 2));
    let sgd = params().with("optimizer", "sgd").with("sgd_learning_rate", 0.1).with("momentum", 0.9);
    let mut variants = vec![
        params(),
        params().with("batch_norm", true),
        params().with("dropout", 0.1),
        sgd,
        params().with("label_smoothing", 0.1).with("class_weights", "balanced"),
        params().with("class_weights", "sampled"),
        params().with("schedule", "one_cycle"),
    ];
    let averaged = params().with("averaging", "ema").with("averaging_decay", 0.97);
    variants.extend([
        averaged.clone(),
        averaged.with("augmentation", "noise").with("noise_std", 0.05),
        params().with("augmentation", "mixup").with("mixup_alpha", 0.2),
    ]);
    variants.extend(["relu", "gelu", "selu", "mish"].map(|name| params().with("activation", name)));
    let member = |params| Member { params, train: &train, valid: &valid, seed: Seed(1) };
    let members: Vec<Member<'_>> = variants.iter().map(member).collect();
    for (fitted, variant) in fit(&members, &mut go).into_iter().zip(&variants) {
        let right = accuracy(&fitted.unwrap().predict(&valid).unwrap(), &valid);
        assert!(right > 0.93, "accuracy {right} with {variant}");
    }
}

#[test]
fn it_learns_a_sine_in_the_unit_of_the_target() {
    let (train, valid) = (sine(500, 1), sine(200, 2));
    for loss in ["mse", "huber"] {
        let fitted = fit_one(&params().with("loss", loss), &train, &valid);
        let error = rmse(&fitted.predict(&valid).unwrap(), &valid);
        assert!(error < 0.4, "RMSE {error} with {loss}");
    }
}

#[test]
fn it_learns_three_blobs_and_probabilities_sum_to_one() {
    let (train, valid) = (blobs(300, 1), blobs(150, 2));
    let predictions = fit_one(&params(), &train, &valid).predict(&valid).unwrap();
    assert!(accuracy(&predictions, &valid) > 0.97);
    let Predictions::Proba(proba) = predictions else { panic!("no probabilities") };
    assert!(proba.rows().all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-12));
}

/// The class is the parity of one category of 12: nothing but an embedding can tell.
fn parity(n_rows: usize, seed: u64, numeric: bool) -> Design {
    let mut draws = Draws::new(Seed(seed));
    let codes: Vec<Vec<u32>> =
        (0..n_rows).map(|_| vec![(draws.bits() % 12) as u32, (draws.bits() % 3) as u32]).collect();
    let target = Target::Classes { codes: codes.iter().map(|row| row[0] % 2).collect(), n_classes: 2 };
    let rows = if numeric { points(n_rows, 2, seed) } else { vec![Vec::new(); n_rows] };
    design(rows, codes, vec![12, 3], target)
}

#[test]
fn it_learns_from_embedded_categories_with_and_without_numbers() {
    for numeric in [true, false] {
        let (train, valid) = (parity(500, 1, numeric), parity(200, 2, numeric));
        let fitted = fit_one(&params(), &train, &valid);
        assert!(accuracy(&fitted.predict(&valid).unwrap(), &valid) > 0.98);
    }
}

#[test]
fn a_population_equals_its_members_alone_and_itself_bit_for_bit() {
    let folds: Vec<(Design, Design)> = [(97, 2), (96, 4), (100, 3), (65, 2), (33, 5)]
        .map(|(n_rows, columns)| (exclusive_or(n_rows, columns, 1), exclusive_or(40, columns, 2)))
        .into();
    let base = params().with("max_epochs", 6_i64).with("dropout", 0.2).with("batch_norm", true);
    let rates = [0.01, 0.003, 0.001, 0.02, 0.01];
    let mut own: Vec<Params> = rates.map(|rate| base.clone().with("learning_rate", rate)).into();
    let augmented = |params: Params, kind: &str, name: &str, value: f64| {
        params
            .with("augmentation", kind)
            .with(name, value)
            .with("averaging", "ema")
            .with("averaging_decay", 0.9)
    };
    own[0] = augmented(own[0].clone(), "mixup", "mixup_alpha", 0.4);
    own[1] = augmented(own[1].clone(), "noise", "noise_std", 0.1);
    own[2] = own[2].clone().with("augmentation", "mixup").with("mixup_alpha", 1.0).with("averaging", "none");
    let member = |index: usize| {
        let (train, valid) = &folds[index % folds.len()];
        Member { params: &own[index % own.len()], train, valid, seed: Seed(index as u64) }
    };
    // Sixty members make shards of several on any test machine's handful of threads.
    let members: Vec<Member<'_>> = (0..60).map(member).collect();
    let together = fit(&members, &mut go);
    let again = fit(&members, &mut go);
    for (index, member) in members.iter().enumerate() {
        let predict = |fitted: &Fitted| values_of(&fitted.as_ref().unwrap().predict(member.valid).unwrap());
        let population = predict(&together[index]);
        assert_eq!(population, predict(&again[index]), "member {index} is not reproducible");
        let alone = predict(&fit(std::slice::from_ref(member), &mut go)[0]);
        for (one, other) in population.iter().zip(&alone) {
            assert!((one - other).abs() < 1e-3, "member {index}: {one} in company, {other} alone");
        }
    }
}

#[test]
fn a_diverging_member_fails_alone() {
    let (train, valid) = (sine(100, 1), sine(50, 2));
    let wild = params().with("optimizer", "sgd").with("sgd_learning_rate", 1e6).with("momentum", 0.9);
    let tame = wild.clone().with("sgd_learning_rate", 0.01);
    let members = [&wild, &tame].map(|params| Member { params, train: &train, valid: &valid, seed: Seed(1) });
    let mut fitted = fit(&members.repeat(20), &mut go);
    assert!(matches!(fitted.remove(0), Err(FitError::Diverged { epoch: 0, .. })));
    assert!(fitted.remove(0).unwrap().predict(&valid).unwrap().is_finite());
}

#[test]
fn the_observer_ends_one_member_and_hears_epochs_in_order() {
    let (train, valid) = (blobs(90, 1), blobs(30, 2));
    let params = params().with("max_epochs", 5_i64);
    let members =
        [1, 2, 3].map(|seed| Member { params: &params, train: &train, valid: &valid, seed: Seed(seed) });
    let mut heard = Vec::new();
    let fitted = fit(&members, &mut |member, epoch| {
        heard.push((epoch.index, member));
        if (member, epoch.index) == (1, 2) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(fitted[1], Err(FitError::Cancelled)));
    assert!(fitted[0].is_ok() && fitted[2].is_ok());
    let mut expected: Vec<(u32, usize)> =
        (0..5).flat_map(|epoch| [0, 1, 2].map(|member| (epoch, member))).collect();
    expected.retain(|&(epoch, member)| member != 1 || epoch < 3);
    assert_eq!(heard, expected);
}

#[test]
fn a_stop_ends_every_member_that_is_not_done() {
    let (train, valid) = (blobs(90, 1), blobs(30, 2));
    let (short, long) = (params().with("max_epochs", 2_i64), params().with("max_epochs", 100_000_i64));
    let long = long.with("patience", 100_000_i64);
    let members =
        [&short, &long].map(|params| Member { params, train: &train, valid: &valid, seed: Seed(1) });
    let stop = StopSignal::never();
    let ctx = FitContext { threads: 2, ..FitContext::new(Task::Multiclass, 3, &stop) };
    let fitted = MlpFamily.fit_population(&members, &ctx, &mut |_, epoch| {
        if epoch.index == 3 {
            stop.interrupt();
        }
        ControlFlow::Continue(())
    });
    assert!(fitted[0].is_ok());
    assert!(matches!(fitted[1], Err(FitError::Stopped(StopReason::Interrupted))));
}

#[test]
fn early_stopping_restores_the_best_epoch() {
    early_stopping(&params());
}

/// Validation sees averaged weights, and so does prediction.
#[test]
fn early_stopping_restores_the_averages_of_the_best_epoch() {
    early_stopping(&params().with("averaging", "ema").with("averaging_decay", 0.9));
}

fn early_stopping(params: &Params) {
    let (train, valid) = (exclusive_or(60, 6, 1), exclusive_or(200, 6, 2));
    let greedy =
        params.clone().with("learning_rate", 0.05).with("schedule", "constant").with("patience", 4_i64);
    let mut losses = Vec::new();
    let member = Member { params: &greedy, train: &train, valid: &valid, seed: Seed(1) };
    let fitted = fit(&[member], &mut |_, epoch| {
        losses.push(epoch.valid_loss);
        ControlFlow::Continue(())
    });
    let fitted = fitted.into_iter().next().unwrap().unwrap();
    let best = (0..losses.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap();
    assert_eq!(fitted.best_epoch(), Some(best as u32));
    assert_eq!(losses.len(), best + 5, "four epochs without a better one end it: {losses:?}");
    let Predictions::Proba(proba) = fitted.predict(&valid).unwrap() else { panic!("no probabilities") };
    let Some(Target::Classes { codes, .. }) = &valid.target else { panic!("no classes") };
    let loss = proba.rows().zip(codes).map(|(row, &code)| -row[code as usize].ln()).sum::<f64>() / 200.0;
    assert!((loss - losses[best]).abs() < 1e-4, "{loss}, not {}", losses[best]);
}

#[test]
fn a_model_from_before_augmentation_is_read() {
    let (train, valid) = (parity(60, 1, true), parity(30, 2, true));
    let fitted = fit_one(&params().with("max_epochs", 2_i64), &train, &valid);
    let dir = tempfile::tempdir().unwrap();
    fitted.save(dir.path()).unwrap();
    let path = dir.path().join("model.json");
    let mut model: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let training = model["training"].as_object_mut().unwrap();
    for name in ["noise", "mixup", "averaging"] {
        assert_eq!(training.remove(name), Some(0.0.into()), "`{name}` is off in a configuration without it");
    }
    std::fs::write(&path, model.to_string()).unwrap();
    let loaded = MlpFamily.load(dir.path(), Device::Flex).unwrap();
    assert_eq!(loaded.predict(&valid).unwrap(), fitted.predict(&valid).unwrap());
}

#[test]
fn augmentation_and_averaging_ask_for_their_numbers() {
    let (train, error) = (exclusive_or(20, 2, 1), |params: Params, train: &Design| {
        let member = Member { params: &params, train, valid: train, seed: Seed(1) };
        fit(&[member], &mut go).remove(0).err().unwrap().to_string()
    });
    let with = |name: &str, value: &str| params().with(name, value);
    let missing = [
        (with("augmentation", "noise"), "noise_std"),
        (with("augmentation", "mixup"), "mixup_alpha"),
        (with("averaging", "ema"), "averaging_decay"),
    ];
    for (params, name) in missing {
        let error = error(params, &train);
        assert!(error.contains(&format!("`{name}`")), "{error}");
    }
    let far = with("augmentation", "mixup").with("mixup_alpha", 2.0);
    assert_eq!(error(far, &train), "`mixup_alpha` is 2, outside 0.05 to 1");
}

#[test]
fn a_saved_model_predicts_the_same_bits_and_corrupt_files_are_named() {
    let (train, valid) = (parity(120, 1, true), parity(60, 2, true));
    let short = params().with("max_epochs", 4_i64).with("batch_norm", true);
    let fitted = fit_one(&short, &train, &valid);
    let dir = tempfile::tempdir().unwrap();
    fitted.save(dir.path()).unwrap();
    let loaded = MlpFamily.load(dir.path(), Device::Flex).unwrap();
    assert_eq!(loaded.predict(&valid).unwrap(), fitted.predict(&valid).unwrap());
    assert_eq!(loaded.best_epoch(), fitted.best_epoch());
    assert_eq!(loaded.n_parameters(), fitted.n_parameters());

    let json = std::fs::read_to_string(dir.path().join("model.json")).unwrap();
    std::fs::write(dir.path().join("model.json"), json.replace("\"n_numeric\": 2", "\"n_numeric\": 3"))
        .unwrap();
    let Err(ArtifactError::Corrupt { path, .. }) = MlpFamily.load(dir.path(), Device::Flex) else {
        panic!("loaded")
    };
    assert_eq!(path.file_name().unwrap(), "weights.safetensors");
    std::fs::write(dir.path().join("model.json"), json.replace("\"format\": 2", "\"format\": 3")).unwrap();
    let Err(ArtifactError::Corrupt { path, .. }) = MlpFamily.load(dir.path(), Device::Flex) else {
        panic!("loaded")
    };
    assert_eq!(path.file_name().unwrap(), "model.json");
    std::fs::write(dir.path().join("weights.safetensors"), b"x").unwrap();
    assert!(matches!(MlpFamily.load(dir.path(), Device::Flex), Err(ArtifactError::Corrupt { .. })));
}

#[test]
fn predictions_stay_in_the_range_of_the_training_target() {
    let (train, valid) = (sine(200, 1), sine(50, 2));
    let fitted = fit_one(&params().with("max_epochs", 10_i64), &train, &valid);
    let far =
        design(vec![vec![1e4], vec![-1e4]], vec![Vec::new(); 2], Vec::new(), Target::Real(vec![0.0; 2]));
    assert!(values_of(&fitted.predict(&far).unwrap()).iter().all(|value| (90.0..=110.0).contains(value)));
}

#[test]
fn designs_that_do_not_fit_are_refused_with_numbers() {
    let (train, wide) = (exclusive_or(40, 2, 1), exclusive_or(40, 3, 1));
    let fitted = fit_one(&params().with("max_epochs", 1_i64), &train, &train);
    let error = fitted.predict(&wide).unwrap_err().to_string();
    assert_eq!(error, "numeric columns: expected 2, got 3");
    let missing = Params::new();
    let good = params().with("max_epochs", 1_i64);
    let empty =
        design(Vec::new(), Vec::new(), Vec::new(), Target::Classes { codes: Vec::new(), n_classes: 2 });
    let members = [
        Member { params: &good, train: &train, valid: &wide, seed: Seed(1) },
        Member { params: &missing, train: &train, valid: &train, seed: Seed(1) },
        Member { params: &good, train: &train, valid: &empty, seed: Seed(1) },
        Member { params: &good, train: &train, valid: &train, seed: Seed(1) },
    ];
    let fitted = fit(&members, &mut go);
    assert!(matches!(fitted[0], Err(FitError::Shape { what: "numeric columns", .. })));
    assert!(matches!(fitted[1], Err(FitError::Params(_))));
    assert!(matches!(fitted[2], Err(FitError::Shape { what: "validation rows", .. })));
    assert!(fitted[3].is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_small_table_trains_to_finite_predictions(
        n_rows in 1_usize..40,
        columns in 2_usize..5,
        batch in 1_i64..50,
        layers in 1_i64..4,
        norm: bool,
    ) {
        let train = exclusive_or(n_rows, columns, 3);
        let small = params().with("batch_size", batch).with("n_layers", layers).with("batch_norm", norm);
        let fitted = fit_one(&small.with("max_epochs", 3_i64), &train, &train);
        prop_assert!(fitted.predict(&train).unwrap().is_finite());
    }
}

#[test]
fn configurations_of_one_shape_go_together_whatever_else_differs() {
    let family = MlpFamily;
    let goes = |other: Params| family.go_together(&params(), &other, Task::Binary);
    for other in [
        params().with("learning_rate", 0.1).with("weight_decay", 0.1),
        params().with("dropout", 0.5).with("label_smoothing", 0.1),
        params().with("max_epochs", 7_i64).with("schedule", "constant").with("class_weights", "balanced"),
    ] {
        assert!(goes(other.clone()), "{other}");
    }
    for other in [
        params().with("width", 64_i64),
        params().with("n_layers", 1_i64),
        params().with("activation", "relu"),
        params().with("batch_size", 64_i64),
        params().with("optimizer", "sgd").with("momentum", 0.9),
        params().with("learning_rate", "fast"),
    ] {
        assert!(!goes(other.clone()), "{other}");
    }
}

#[test]
fn layers_are_told_from_the_table_to_the_prediction() {
    let train = blobs(60, 1);
    let (task, n_classes) = task_of(&train);
    let stop = StopSignal::never();
    let params = params().with("max_epochs", 1_i64);
    let member = Member { params: &params, train: &train, valid: &train, seed: Seed(1) };
    let fitted =
        MlpFamily.fit_population(&[member], &FitContext::new(task, n_classes, &stop), &mut |_, _| {
            ControlFlow::Continue(())
        });
    let model = fitted.into_iter().next().unwrap().unwrap();
    let told: Vec<String> = model
        .layers()
        .iter()
        .map(|layer| format!("{}: {} ({})", layer.name, layer.shape, layer.n_parameters))
        .collect();
    let expected = [
        "columns: 2 numeric, 0 categorical (0)",
        "layer 1: 2 → 32 (96)",
        "layer 2: 32 → 32 (1056)",
        "layer 3: 32 → 3 (99)",
        "prediction: 3 classes (0)",
    ];
    assert_eq!(told, expected);
    assert_eq!(model.layers().iter().map(|layer| layer.n_parameters).sum::<usize>(), model.n_parameters());
}
