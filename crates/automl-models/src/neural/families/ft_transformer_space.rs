//! What is worth searching for `ft_transformer`, and what is tried first.

use automl_core::{DataProfile, Domain, ParamSpec, Params};

use super::common_space;
use super::resnet_space::batch_sizes;

/// The search space of the paper (Gorishniy et al. 2021).
pub(crate) fn space(data: &DataProfile) -> Vec<ParamSpec> {
    let mut own = vec![
        ParamSpec::new("n_layers", Domain::int(1, 4)),
        ParamSpec::new("width", Domain::stepped_int(16, 384, 8)),
        ParamSpec::new("n_heads", Domain::choice(&[8_i64])),
        ParamSpec::new("hidden_factor", Domain::float(2.0 / 3.0, 8.0 / 3.0)),
        ParamSpec::new("attention_dropout", Domain::float(0.0, 0.5)),
        ParamSpec::new("dropout", Domain::float(0.0, 0.5)),
        ParamSpec::new("residual_dropout", Domain::float(0.0, 0.2)),
        ParamSpec::new("learning_rate", Domain::log_float(1e-5, 1e-3)),
        ParamSpec::new("weight_decay", Domain::log_float(1e-6, 1e-4)),
        ParamSpec::new("batch_size", Domain::choice(&batch_sizes(data.n_rows))),
    ];
    own.extend(common_space::lengths());
    common_space::space(own, data, 0.1)
}

/// The published default; then the published one of one block, which takes a tenth of the time.
pub(crate) fn defaults(data: &DataProfile) -> Vec<Params> {
    let [_, batch, _] = batch_sizes(data.n_rows);
    let base = |n_layers: i64, width: i64, attention: f64, hidden: f64| {
        let params = Params::new()
            .with("n_layers", n_layers)
            .with("width", width)
            .with("n_heads", 8_i64)
            .with("hidden_factor", 4.0 / 3.0)
            .with("attention_dropout", attention)
            .with("dropout", hidden)
            .with("residual_dropout", 0.0)
            .with("learning_rate", 1e-4)
            .with("weight_decay", 1e-5)
            .with("batch_size", batch)
            .with("max_epochs", 256_i64)
            .with("patience", 16_i64);
        common_space::plain(params, data.task)
    };
    vec![base(3, 192, 0.2, 0.1), base(1, 96, 0.1, 0.0).with("learning_rate", 1e-3)]
}
