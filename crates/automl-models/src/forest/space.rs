//! What is worth searching, and what is tried first.

use automl_core::{DataProfile, Domain, ParamSpec, Params};

use super::Kind;

/// The search space.
pub(super) fn space(data: &DataProfile, kind: Kind) -> Vec<ParamSpec> {
    let mut specs = vec![
        ParamSpec::new("n_trees", Domain::log_int(20, 500)),
        ParamSpec::new("max_features", Domain::log_float(0.05, 1.0)),
        ParamSpec::new("min_leaf", Domain::log_int(1, 64)),
        ParamSpec::new("shrinkage", Domain::log_float(0.01, 100.0)),
    ];
    if kind == Kind::RandomForest {
        specs.push(ParamSpec::new("max_samples", Domain::float(0.3, 1.0)));
    }
    if data.task.is_classification() {
        specs.push(ParamSpec::new("criterion", Domain::choice(&["gini", "entropy"])));
        specs.push(ParamSpec::new("class_weights", Domain::choice(&["none", "balanced"])));
    }
    specs
}

/// First configurations: a quick one, and a strong one of more trees and more columns at a node.
pub(super) fn defaults(data: &DataProfile, kind: Kind) -> Vec<Params> {
    let n_columns = data.features().count().max(1) as f64;
    // Breiman's numbers of columns; random thresholds want more of them.
    let usual = match (data.task.is_classification(), kind) {
        (true, Kind::RandomForest) => n_columns.sqrt() / n_columns,
        (false, Kind::RandomForest) => 1.0 / 3.0,
        (true, Kind::ExtraTrees) => 0.5,
        (false, Kind::ExtraTrees) => 0.8,
    };
    let of = |trees: i64, features: f64, leaf: i64, shrinkage: f64| {
        let mut params = Params::new()
            .with("n_trees", trees)
            .with("max_features", features.clamp(0.05, 1.0))
            .with("min_leaf", leaf)
            .with("shrinkage", shrinkage);
        if kind == Kind::RandomForest {
            params.insert("max_samples", 1.0);
        }
        if data.task.is_classification() {
            params.insert("criterion", "gini");
            params.insert("class_weights", "none");
        }
        params
    };
    // Probabilities gain from shrinkage, means of deep leaves hardly do.
    let shrinkage = if data.task.is_classification() { 3.0 } else { 0.1 };
    vec![of(50, usual, 1, shrinkage), of(300, usual.max(0.5), 1, shrinkage)]
}
