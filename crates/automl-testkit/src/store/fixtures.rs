//! A space, a configuration and outcomes with something of everything.

use automl_core::{
    Domain, Epoch, Evaluation, FoldScore, Information, Metric, ParamSpec, Params, SearchSpace, TrialOutcome,
    TrialState,
};

/// A space with every kind of parameter, one of them conditional.
pub fn every_kind_of_space() -> SearchSpace {
    SearchSpace::new(vec![
        ParamSpec::new("model", Domain::choice(&["mlp", "linear"])),
        ParamSpec::new("constant", Domain::choice(&["only"])),
        ParamSpec::new("dropout", Domain::float(0.0, 0.5)),
        ParamSpec::new("learning_rate", Domain::log_float(1e-5, 0.1)),
        ParamSpec::new("depth", Domain::int(1, 4)),
        ParamSpec::new("width", Domain::stepped_int(16, 64, 16)),
        ParamSpec::new("batch_size", Domain::log_int(16, 1024)),
        ParamSpec::new("scale", Domain::boolean()),
        ParamSpec::new("k", Domain::choice(&[1_i64, 3, 5])),
        ParamSpec::new("momentum", Domain::choice(&[0.0, 0.9])).when("model", &["mlp"]),
    ])
    .unwrap()
}

/// A configuration of [`every_kind_of_space`].
pub fn every_kind_of_params() -> Params {
    Params::new()
        .with("model", "mlp")
        .with("constant", "only")
        .with("dropout", 0.1 + 0.2)
        .with("learning_rate", 1.0 / 3000.0)
        .with("depth", 4_i64)
        .with("width", 48_i64)
        .with("batch_size", 100_i64)
        .with("scale", true)
        .with("k", 5_i64)
        .with("momentum", 0.9)
}

/// An outcome that left nothing behind.
pub fn bare_outcome(state: TrialState, cost: Option<f64>) -> TrialOutcome {
    let reason = cost.is_none().then(|| format!("it was {}", state.name()));
    TrialOutcome {
        state,
        cost,
        other_costs: Vec::new(),
        reason,
        evaluation: Evaluation::default(),
        seconds: 1.5,
    }
}

/// A complete outcome with two steps, two folds and an epoch a fold; `cost` is the mean of the folds.
pub fn full_outcome(cost: f64) -> TrialOutcome {
    let fold = |fold: u32, cost: f64| FoldScore {
        fold,
        cost,
        scores: vec![
            (Metric::LogLoss, cost),
            (Metric::Accuracy, 0.1 + 0.2),
            (Metric::RocAuc, f64::from(fold)),
        ],
        best_epoch: (fold == 0).then_some(3),
        n_epochs: 7,
        seconds: 0.25,
    };
    let epoch =
        |fold: u32| (fold, Epoch { index: 0, train_loss: 0.7, valid_loss: 0.8 + cost, learning_rate: 1e-3 });
    let evaluation = Evaluation {
        steps: vec![(1, cost + 0.5), (2, cost)],
        folds: vec![fold(0, cost + 0.5), fold(1, cost - 0.5)],
        epochs: vec![epoch(0), epoch(1)],
        information: Some(Information { aic: 2.0 * cost, bic: 3.0 * cost }),
    };
    TrialOutcome {
        state: TrialState::Complete,
        cost: Some(cost),
        other_costs: Vec::new(),
        reason: None,
        evaluation,
        seconds: 12.125,
    }
}
