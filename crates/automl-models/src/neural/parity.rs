//! Every device of this build computes the same, up to the rounding of 32-bit sums.

use std::ops::ControlFlow;

use automl_core::{
    Design, Device, Epoch, FitContext, Matrix, Member, ModelFamily, Params, Predictions, Purpose, Seed,
    StopSignal, Target, Task,
};

use super::MlpFamily;
use super::data::Read;
use super::families::{ft_transformer_read, realmlp_read, resnet_read, tabm_read};
use crate::device::found_devices;
use crate::draws::Draws;

const N_ROWS: usize = 150;
const CARDINALITY: u32 = 5;

/// Devices to compare with flex. A test that has nothing to compare must not pass.
fn others(wanted: impl Fn(Device) -> bool) -> Vec<Device> {
    let found = found_devices().into_iter().map(|found| found.device);
    let devices: Vec<Device> = found.filter(|device| wanted(*device)).collect();
    assert!(!devices.is_empty(), "this build and machine have no such device");
    devices
}

pub(super) fn design(task: Task, seed: u64) -> Design {
    let mut draws = Draws::new(Seed(seed).purpose(Purpose::Data));
    let numeric: Vec<f32> = (0..N_ROWS * 4).map(|_| draws.symmetric(1.7)).collect();
    let codes: Vec<u32> = (0..N_ROWS).map(|_| (draws.bits() % u64::from(CARDINALITY)) as u32).collect();
    let score = |row: usize| {
        let x = &numeric[row * 4..(row + 1) * 4];
        x[0] * x[1] + x[2] + if codes[row] == 2 { 1.0 } else { 0.0 }
    };
    let target = match task {
        Task::Regression => Target::Real((0..N_ROWS).map(|row| f64::from(score(row)) * 3.0 + 10.0).collect()),
        Task::Binary | Task::Multiclass => Target::Classes {
            codes: (0..N_ROWS).map(|row| u32::from(score(row) > 0.0) + u32::from(score(row) > 1.5)).collect(),
            n_classes: 3,
        },
    };
    Design {
        numeric: Matrix::new(N_ROWS, 4, numeric),
        numeric_names: (0..4).map(|column| format!("x{column}")).collect(),
        codes: Matrix::new(N_ROWS, 1, codes),
        code_names: vec!["c".to_owned()],
        cardinalities: vec![CARDINALITY],
        target: Some(target),
        weights: None,
    }
}

/// Configurations that together use every part of the network, the losses and the optimisers.
pub(super) fn configurations(task: Task) -> Vec<Params> {
    let base = |activation: &str, batch_norm: bool, dropout: f64, sgd: bool| {
        let params = Params::new()
            .with("n_layers", 2_i64)
            .with("width", 24_i64)
            .with("activation", activation)
            .with("dropout", dropout)
            .with("batch_norm", batch_norm)
            .with("schedule", "cosine")
            .with("weight_decay", 0.01)
            // 150 rows in five batches of 30, but 149 would be uneven: padding is exercised by the second member.
            .with("batch_size", 32_i64)
            .with("max_epochs", 6_i64)
            .with("patience", 6_i64);
        let params = if sgd {
            params.with("optimizer", "sgd").with("sgd_learning_rate", 0.05).with("momentum", 0.9)
        } else {
            params.with("optimizer", "adamw").with("learning_rate", 0.01)
        };
        if task == Task::Regression {
            params.with("loss", if sgd { "huber" } else { "mse" })
        } else {
            params.with("class_weights", if sgd { "balanced" } else { "none" }).with("label_smoothing", 0.1)
        }
    };
    vec![
        base("relu", false, 0.0, false),
        base("silu", true, 0.2, false),
        base("gelu", false, 0.3, true),
        base("selu", true, 0.0, true),
        base("mish", false, 0.1, false),
    ]
}

/// Configurations of the other families, with what reads them and a name.
pub(super) fn other_configurations(task: Task) -> Vec<(Read, String, Params)> {
    let base = |dropout: f64| {
        let params = Params::new()
            .with("n_layers", 2_i64)
            .with("width", 16_i64)
            .with("dropout", dropout)
            .with("learning_rate", 3e-3)
            .with("weight_decay", 0.01)
            .with("batch_size", 32_i64)
            .with("max_epochs", 6_i64)
            .with("patience", 6_i64);
        if task == Task::Regression {
            params.with("loss", "mse")
        } else {
            params.with("class_weights", "balanced").with("label_smoothing", 0.1)
        }
    };
    let tabm = |variant: &str, numbers: &str, dropout: f64| {
        let params = base(dropout)
            .with("variant", variant)
            .with("k", 3_i64)
            .with("numbers", numbers)
            .with("n_bins", 6_i64)
            .with("n_frequencies", 3_i64)
            .with("sigma", 0.3)
            .with("numbers_width", 4_i64);
        (tabm_read as Read, format!("tabm {variant} {numbers}"), params)
    };
    let resnet = (
        resnet_read as Read,
        "resnet".to_owned(),
        base(0.2).with("hidden_factor", 1.5).with("residual_dropout", 0.1),
    );
    let ft_transformer = (
        ft_transformer_read as Read,
        "ft_transformer".to_owned(),
        base(0.1)
            .with("n_heads", 4_i64)
            .with("hidden_factor", 1.5)
            .with("attention_dropout", 0.2)
            .with("residual_dropout", 0.1),
    );
    vec![
        tabm("tabm", "plain", 0.2),
        tabm("mini", "ple", 0.1),
        tabm("tabm", "plr", 0.0),
        realmlp(base(0.1)),
        resnet,
        ft_transformer,
    ]
}

/// `RealMLP` with everything that it has.
fn realmlp(base: Params) -> (Read, String, Params) {
    let params = base
        .with("variant", "td")
        .with("activation", "silu")
        .with("beta_2", 0.95)
        .with("numbers", "pbld")
        .with("sigma", 0.1)
        .with("numbers_width", 4_i64)
        .with("scale_rate", 6.0)
        .with("numbers_rate", 0.1)
        .with("first_rate", 1.0);
    (realmlp_read as Read, "realmlp".to_owned(), params)
}

/// The first rows of a design.
pub(super) fn first_rows(design: &Design, n_rows: usize) -> Design {
    let rows: Vec<usize> = (0..n_rows).collect();
    Design {
        numeric: design.numeric.select_rows(&rows),
        codes: design.codes.select_rows(&rows),
        target: design.target.as_ref().map(|target| target.select(&rows)),
        ..design.clone()
    }
}

struct Trained {
    epochs: Vec<Epoch>,
    predictions: Predictions,
}

/// Two members of unlike size, trained together.
fn train(device: Device, task: Task, params: &Params) -> Vec<Trained> {
    let (large, valid) = (design(task, 1), design(task, 2));
    let small = first_rows(&large, 133);
    let member = |train, seed| Member { params, train, valid: &valid, seed: Seed(seed) };
    let members = [member(&large, 5), member(&small, 6)];
    let stop = StopSignal::never();
    let ctx = FitContext { device, threads: 2, ..FitContext::new(task, 3, &stop) };
    let mut epochs = vec![Vec::new(); 2];
    let models = MlpFamily.fit_population(&members, &ctx, &mut |member, epoch| {
        epochs[member].push(epoch);
        ControlFlow::Continue(())
    });
    let predict = |(model, epochs): (Result<Box<dyn automl_core::FittedModel>, _>, Vec<Epoch>)| Trained {
        epochs,
        predictions: model
            .unwrap_or_else(|error: automl_core::FitError| panic!("{device}: {error}"))
            .predict(&valid)
            .unwrap(),
    };
    models.into_iter().zip(epochs).map(predict).collect()
}

fn numbers(predictions: &Predictions) -> &[f64] {
    match predictions {
        Predictions::Real(values) => values,
        Predictions::Proba(proba) => proba.values(),
    }
}

/// The first epoch sees weights, shuffles and masks that follow from the seeds alone; a few epochs of steps let
/// rounding grow, but not beyond this.
fn assert_alike(task: Task, device: Device) {
    for params in configurations(task) {
        let what = format!("{task} on {device}, {}", params.text("activation").unwrap());
        for (ours, theirs) in train(Device::Flex, task, &params).iter().zip(train(device, task, &params)) {
            assert_eq!(ours.epochs.len(), theirs.epochs.len(), "{what}");
            for (one, other) in ours.epochs.iter().zip(&theirs.epochs) {
                let tolerance = if one.index == 0 { 1e-4 } else { 2e-3 };
                for (a, b) in [(one.train_loss, other.train_loss), (one.valid_loss, other.valid_loss)] {
                    assert!(
                        (a - b).abs() < tolerance * (1.0 + a.abs()),
                        "{what}, epoch {}: {a} and {b}",
                        one.index
                    );
                }
            }
            for (a, b) in numbers(&ours.predictions).iter().zip(numbers(&theirs.predictions)) {
                assert!((a - b).abs() < 1e-2 * (1.0 + a.abs()), "{what}: {a} and {b}");
            }
        }
    }
}

#[cfg(feature = "libtorch")]
#[test]
fn libtorch_trains_as_flex_does() {
    for device in others(|device| device == Device::Libtorch) {
        for task in [Task::Multiclass, Task::Regression] {
            assert_alike(task, device);
        }
    }
}

#[test]
#[ignore = "needs an NVIDIA GPU; `make cuda-tests` runs it"]
fn a_gpu_trains_as_flex_does() {
    for device in others(|device| device.gpu().is_some()) {
        for task in [Task::Multiclass, Task::Regression] {
            assert_alike(task, device);
        }
    }
}

#[cfg(any(feature = "libtorch", feature = "cuda"))]
#[test]
fn a_model_saved_on_one_device_predicts_alike_on_all() {
    let (train, valid) = (design(Task::Multiclass, 1), design(Task::Multiclass, 2));
    let params = configurations(Task::Multiclass).remove(1);
    let member = Member { params: &params, train: &train, valid: &valid, seed: Seed(3) };
    let devices = others(|device| device != Device::Flex);
    for from in devices.iter().copied().chain([Device::Flex]) {
        let stop = StopSignal::never();
        let ctx = FitContext { device: from, ..FitContext::new(Task::Multiclass, 3, &stop) };
        let model = MlpFamily
            .fit_population(&[member], &ctx, &mut |_, _| ControlFlow::Continue(()))
            .remove(0)
            .unwrap();
        let dir = tempfile::tempdir().unwrap();
        model.save(dir.path()).unwrap();
        let expected = model.predict(&valid).unwrap();
        for to in devices.iter().copied().chain([Device::Flex]) {
            let loaded = MlpFamily.load(dir.path(), to).unwrap().predict(&valid).unwrap();
            for (a, b) in numbers(&expected).iter().zip(numbers(&loaded)) {
                assert!((a - b).abs() < 1e-5, "saved on {from}, loaded on {to}: {a} and {b}");
            }
        }
    }
}
