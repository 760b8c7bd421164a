//! What is worth searching for `resnet`, and what is tried first.

use automl_core::{DataProfile, Domain, ParamSpec, Params};

use super::common_space;

/// The search space of the paper (Gorishniy et al. 2021).
pub(crate) fn space(data: &DataProfile) -> Vec<ParamSpec> {
    let mut own = vec![
        ParamSpec::new("n_layers", Domain::int(1, 8)),
        ParamSpec::new("width", Domain::stepped_int(64, 512, 8)),
        ParamSpec::new("hidden_factor", Domain::float(1.0, 4.0)),
        ParamSpec::new("dropout", Domain::float(0.0, 0.5)),
        ParamSpec::new("residual_dropout", Domain::float(0.0, 0.5)),
        ParamSpec::new("learning_rate", Domain::log_float(1e-5, 1e-2)),
        ParamSpec::new("weight_decay", Domain::log_float(1e-6, 1e-3)),
        ParamSpec::new("batch_size", Domain::choice(&batch_sizes(data.n_rows))),
    ];
    own.extend(common_space::lengths());
    common_space::space(own, data, 0.1)
}

/// One from the middle of the space, for the paper has tuned networks only; then a smaller one that drops more.
pub(crate) fn defaults(data: &DataProfile) -> Vec<Params> {
    let [small, middle, _] = batch_sizes(data.n_rows);
    let base = |n_layers: i64, width: i64, batch: i64| {
        let params = Params::new()
            .with("n_layers", n_layers)
            .with("width", width)
            .with("hidden_factor", 2.0)
            .with("weight_decay", 1e-5)
            .with("batch_size", batch)
            .with("max_epochs", 256_i64)
            .with("patience", 16_i64);
        common_space::plain(params, data.task)
    };
    let dropped = |params: Params, hidden: f64, residual: f64, rate: f64| {
        params.with("dropout", hidden).with("residual_dropout", residual).with("learning_rate", rate)
    };
    vec![dropped(base(2, 192, middle), 0.25, 0.1, 1e-3), dropped(base(4, 128, small), 0.4, 0.2, 3e-4)]
}

/// A smaller batch, the usual one by number of rows, and a larger one.
pub(super) fn batch_sizes(n_rows: usize) -> [i64; 3] {
    let usual = match n_rows {
        0..2_800 => 64,
        2_800..20_000 => 128,
        20_000..60_000 => 256,
        60_000..200_000 => 512,
        _ => 1024,
    };
    common_space::around(usual)
}
