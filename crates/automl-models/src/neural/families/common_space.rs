//! What the spaces and first guesses of all families of networks have in common.

use automl_core::{DataProfile, Domain, ParamSpec, Params, Task};

/// Shares of averaged weights kept in a step, about evenly in the logarithm of what is not kept.
const DECAYS: [f64; 6] = [0.9, 0.97, 0.99, 0.997, 0.999, 0.9995];

/// The space of a family: its `own` parameters, then those of loss, augmentation and averaging.
pub(super) fn space(own: Vec<ParamSpec>, data: &DataProfile, most_smoothing: f64) -> Vec<ParamSpec> {
    let mut specs = own;
    if data.task.is_classification() {
        specs.push(ParamSpec::new("class_weights", Domain::choice(&["none", "balanced", "sampled"])));
        specs.push(ParamSpec::new("label_smoothing", Domain::float(0.0, most_smoothing)));
    } else {
        specs.push(ParamSpec::new("loss", Domain::choice(&["mse", "huber"])));
    }
    specs.extend([
        ParamSpec::new("augmentation", Domain::choice(&["none", "noise", "mixup"])),
        ParamSpec::new("noise_std", Domain::log_float(0.01, 0.5)).when("augmentation", &["noise"]),
        ParamSpec::new("mixup_alpha", Domain::float(0.1, 1.0)).when("augmentation", &["mixup"]),
        ParamSpec::new("averaging", Domain::choice(&["none", "ema"])),
        ParamSpec::new("averaging_decay", Domain::ordered(&DECAYS)).when("averaging", &["ema"]),
    ]);
    specs
}

/// A first guess with the common parameters as the published configurations have them: every one off.
pub(super) fn plain(own: Params, task: Task) -> Params {
    let params = own.with("augmentation", "none").with("averaging", "none");
    if task.is_classification() {
        params.with("class_weights", "none").with("label_smoothing", 0.0)
    } else {
        params.with("loss", "mse")
    }
}

/// Epochs and patience of the families that Gorishniy and others published.
pub(super) fn lengths() -> [ParamSpec; 2] {
    [
        ParamSpec::new("max_epochs", Domain::choice(&[64_i64, 128, 256])),
        ParamSpec::new("patience", Domain::choice(&[8_i64, 16, 32])),
    ]
}

/// A smaller batch, the usual one, and a larger one.
pub(super) fn around(usual: i64) -> [i64; 3] {
    [usual / 2, usual, usual * 2]
}
