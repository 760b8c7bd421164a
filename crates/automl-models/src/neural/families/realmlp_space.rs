//! What is worth searching for `realmlp`, and what is tried first.

use automl_core::{DataProfile, Domain, ParamSpec, Params, Task};

use super::common_space;

/// The search space: the union of the paper's (Holzmüller et al. 2024, table C.4) and that of `TabArena` (Erickson et al.
/// 2025) where they agree on what matters.
pub(crate) fn space(data: &DataProfile) -> Vec<ParamSpec> {
    let td = |name: &str, domain: Domain| ParamSpec::new(name, domain).when("variant", &["td"]);
    let embedded =
        |name: &str, domain: Domain| ParamSpec::new(name, domain).when("numbers", &["pbld", "pl", "plr"]);
    let own = vec![
        ParamSpec::new("variant", Domain::choice(&["td", "simple"])),
        ParamSpec::new("n_layers", Domain::int(2, 4)),
        ParamSpec::new("width", Domain::choice(&[64_i64, 128, 256, 384, 512])),
        ParamSpec::new("activation", Domain::choice(&["relu", "silu", "selu", "mish"])),
        ParamSpec::new("learning_rate", Domain::log_float(1e-2, 0.3)),
        ParamSpec::new("beta_2", Domain::float(0.95, 0.999)),
        td("numbers", Domain::choice(&["plain", "pbld", "pl", "plr"])),
        embedded("sigma", Domain::log_float(1e-2, 10.0)),
        embedded("numbers_width", Domain::choice(&[4_i64, 8, 16])),
        td("dropout", Domain::float(0.0, 0.5)),
        td("weight_decay", Domain::log_float(1e-3, 5e-2)),
        td("scale_rate", Domain::log_float(2.0, 10.0)),
        td("numbers_rate", Domain::log_float(0.05, 0.3)),
        td("first_rate", Domain::log_float(0.3, 1.5)),
        ParamSpec::new("batch_size", Domain::choice(&batch_sizes(data.n_rows))),
        ParamSpec::new("max_epochs", Domain::choice(&[32_i64, 64, 128, 256])),
        ParamSpec::new("patience", Domain::choice(&[10_i64, 20, 40])),
    ];
    common_space::space(own, data, 0.1)
}

/// `RealMLP-TD`, then `RealMLP-TD-S`, as published; without label smoothing, which spoils probabilities.
pub(crate) fn defaults(data: &DataProfile) -> Vec<Params> {
    let is_regression = data.task == Task::Regression;
    let [_, batch, _] = batch_sizes(data.n_rows);
    let base = |variant: &str, rate: f64| {
        let params = Params::new()
            .with("variant", variant)
            .with("n_layers", 3_i64)
            .with("width", 256_i64)
            .with("activation", if is_regression { "mish" } else { "selu" })
            .with("learning_rate", rate)
            .with("beta_2", 0.95)
            .with("batch_size", batch)
            .with("max_epochs", 256_i64)
            .with("patience", 40_i64);
        common_space::plain(params, data.task)
    };
    let td = base("td", if is_regression { 0.2 } else { 0.04 })
        .with("numbers", "pbld")
        .with("sigma", 0.1)
        .with("numbers_width", 4_i64)
        .with("dropout", 0.15)
        .with("weight_decay", 0.02)
        .with("scale_rate", 6.0)
        .with("numbers_rate", 0.1)
        .with("first_rate", 1.0);
    vec![td, base("simple", if is_regression { 0.07 } else { 0.04 })]
}

/// A smaller batch, the published one by number of rows, and a larger one.
fn batch_sizes(n_rows: usize) -> [i64; 3] {
    let usual = match n_rows {
        0..=1_024 => 64,
        1_025..=8_192 => 128,
        8_193..=30_000 => 256,
        30_001..=100_000 => 512,
        _ => 1024,
    };
    common_space::around(usual)
}
