//! What is worth searching, and what is tried first, by size of the table.

use automl_core::{DataProfile, Domain, ParamSpec, Params};

/// The search space: that of `TabArena` (Erickson et al. 2025) for `LightGBM`, with stumps, larger leaves and stronger
/// penalties for small tables.
pub(super) fn space(data: &DataProfile) -> Vec<ParamSpec> {
    let mut specs = vec![
        ParamSpec::new("learning_rate", Domain::log_float(5e-3, 0.3)),
        ParamSpec::new("max_leaves", Domain::log_int(2, 256)),
        ParamSpec::new("min_child_samples", Domain::log_int(1, 128)),
        ParamSpec::new("min_child_hessian", Domain::log_float(1e-7, 10.0)),
        ParamSpec::new("feature_fraction", Domain::float(0.4, 1.0)),
        ParamSpec::new("bagging_fraction", Domain::float(0.5, 1.0)),
        ParamSpec::new("l2", Domain::log_float(1e-4, 10.0)),
        ParamSpec::new("lasso", Domain::boolean()),
        ParamSpec::new("l1", Domain::log_float(1e-4, 1.0)).when("lasso", &[true]),
        ParamSpec::new("symmetric", Domain::boolean()),
        ParamSpec::new("extra_trees", Domain::boolean()),
        ParamSpec::new("max_rounds", Domain::int(50, 5000)),
        ParamSpec::new("patience", Domain::int(10, 300)),
    ];
    if data.task.is_classification() {
        specs.push(ParamSpec::new("class_weights", Domain::choice(&["none", "balanced"])));
    }
    specs
}

/// First configurations: a quick one, a strong one, one of many small trees, one with random thresholds, and one of symmetric
/// trees, with the defaults of `CatBoost` (six levels, `l2` 3, every row and column).
///
/// The strong one for regression is `LGBM-TD` of Holzmüller et al. (2024, "Better by default") with a larger `l2`. For
/// classes, fewer leaves and half of the columns did better on each of four tables than theirs.
pub(super) fn defaults(data: &DataProfile) -> Vec<Params> {
    let is_classification = data.task.is_classification();
    let base = |rate: f64, rounds: i64, patience: i64| {
        let params = Params::new()
            .with("learning_rate", rate)
            .with("max_rounds", rounds)
            .with("patience", patience)
            .with("min_child_hessian", 1e-3)
            .with("lasso", false)
            .with("l2", 1.0)
            .with("symmetric", false)
            .with("extra_trees", false);
        if is_classification { params.with("class_weights", "none") } else { params }
    };
    let shape = |params: Params, leaves: i64, samples: i64, features: f64, rows: f64| {
        params
            .with("max_leaves", leaves)
            .with("min_child_samples", samples)
            .with("feature_fraction", features)
            .with("bagging_fraction", rows)
    };
    let (features, samples) =
        (if is_classification { 0.5 } else { 0.7 }, if data.n_rows < 2_000 { 10 } else { 20 });
    let strong = if is_classification {
        shape(base(0.05, 1000, 100), 31, samples, features, 1.0)
    } else {
        shape(base(0.05, 1000, 100), 100, 3, features, 0.7)
    };
    vec![
        shape(base(0.1, 300, 30), 31, samples, features, 1.0),
        strong,
        shape(base(0.03, 2000, 100), 12, 5, 0.5, 0.8),
        shape(base(0.05, 1000, 100), 31, 10, 0.7, 0.8).with("extra_trees", true),
        shape(base(0.1, 2000, 100), 64, 1, 1.0, 1.0).with("symmetric", true).with("l2", 3.0),
    ]
}
