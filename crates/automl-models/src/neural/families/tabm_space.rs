//! What is worth searching for `tabm`, and what is tried first.

use automl_core::{DataProfile, Domain, ParamSpec, Params};

use super::common_space;

/// The search space: that of the paper (Gorishniy et al. 2024) and its tuning files, `TabM` and `TabM-mini`, with and
/// without piecewise-linear embeddings, and the periodic ones of Gorishniy et al. 2022. `k` stays 32.
pub(crate) fn space(data: &DataProfile) -> Vec<ParamSpec> {
    let when =
        |name: &str, domain: Domain, kinds: &[&str]| ParamSpec::new(name, domain).when("numbers", kinds);
    let mut own = vec![
        ParamSpec::new("variant", Domain::choice(&["tabm", "mini"])),
        ParamSpec::new("k", Domain::choice(&[32_i64])),
        ParamSpec::new("n_layers", Domain::int(1, 5)),
        ParamSpec::new("width", Domain::stepped_int(64, 1024, 16)),
        ParamSpec::new("numbers", Domain::choice(&["plain", "ple", "plr"])),
        when("n_bins", Domain::int(2, 128), &["ple"]),
        when("n_frequencies", Domain::stepped_int(16, 96, 4), &["plr"]),
        when("sigma", Domain::log_float(1e-2, 10.0), &["plr"]),
        when("numbers_width", Domain::stepped_int(8, 32, 4), &["ple", "plr"]),
        ParamSpec::new("dropout", Domain::float(0.0, 0.5)),
        ParamSpec::new("learning_rate", Domain::log_float(1e-4, 5e-3)),
        ParamSpec::new("weight_decay", Domain::log_float(1e-4, 1e-1)),
        ParamSpec::new("batch_size", Domain::choice(&batch_sizes(data.n_rows))),
    ];
    own.extend(common_space::lengths());
    common_space::space(own, data, 0.1)
}

/// The published default, `TabM` without embeddings; then `TabM-mini` with piecewise-linear ones.
pub(crate) fn defaults(data: &DataProfile) -> Vec<Params> {
    let [_, batch, _] = batch_sizes(data.n_rows);
    let base = |variant: &str, n_layers: i64| {
        let params = Params::new()
            .with("variant", variant)
            .with("k", 32_i64)
            .with("n_layers", n_layers)
            .with("width", 512_i64)
            .with("dropout", 0.1)
            .with("learning_rate", 2e-3)
            .with("weight_decay", 3e-4)
            .with("batch_size", batch)
            .with("max_epochs", 256_i64)
            .with("patience", 16_i64);
        common_space::plain(params, data.task)
    };
    let embedded =
        base("mini", 2).with("numbers", "ple").with("n_bins", 48_i64).with("numbers_width", 16_i64);
    vec![base("tabm", 3).with("numbers", "plain"), embedded]
}

/// A smaller batch, the published one by number of rows, and a larger one.
fn batch_sizes(n_rows: usize) -> [i64; 3] {
    let usual = match n_rows {
        0..2_800 => 32,
        2_800..4_500 => 64,
        4_500..6_400 => 128,
        6_400..32_000 => 256,
        32_000..108_000 => 512,
        _ => 1024,
    };
    common_space::around(usual)
}
