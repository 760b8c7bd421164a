//! What Optuna sees of a trial, as `read_study.py` tells it, against what this crate reads.

use automl_core::{Direction, Params, TrialRecord, TrialState};
use serde_json::{Value, json};

pub(crate) fn plain(params: &Params) -> Value {
    serde_json::to_value(params).unwrap()
}

/// What Optuna sees must be what this crate reads.
pub(crate) fn assert_same(trial: &TrialRecord, seen: &Value, directions: &[Direction]) {
    let number = |direction: Direction, cost: f64| match direction.value(cost) {
        value if value.is_nan() => json!("nan"),
        f64::INFINITY => json!("inf"),
        f64::NEG_INFINITY => json!("-inf"),
        value => json!(value),
    };
    assert_eq!(seen["number"], json!(trial.number));
    let state = match trial.state {
        TrialState::Complete => "COMPLETE",
        TrialState::Pruned => "PRUNED",
        TrialState::Failed | TrialState::Lost => "FAIL",
        TrialState::Waiting => "WAITING",
        TrialState::Running => "RUNNING",
    };
    assert_eq!(seen["state"], state);
    if trial.state == TrialState::Complete {
        let costs = trial.costs().into_iter().zip(directions);
        let values: Vec<Value> = costs.map(|(cost, direction)| number(*direction, cost)).collect();
        assert_eq!(values.len(), directions.len());
        assert_eq!(seen["values"], Value::Array(values));
    }
    let steps: serde_json::Map<String, Value> =
        trial.steps.iter().map(|&(step, cost)| (step.to_string(), number(directions[0], cost))).collect();
    assert_eq!(seen["steps"], Value::Object(steps));
    let is_fixed = seen["params"] == json!({}) && seen["system"]["fixed_params"].is_object();
    let params = if is_fixed { &seen["system"]["fixed_params"] } else { &seen["params"] };
    assert_eq!(sorted(params), sorted(&plain(&trial.params)), "trial {}", trial.number);
    assert_eq!(seen["started"].as_f64().unwrap_or(0.0), trial.started_secs);
}

pub(crate) fn sorted(object: &Value) -> Vec<(String, Value)> {
    let mut pairs: Vec<(String, Value)> =
        object.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    pairs.sort_by(|left, right| left.0.cmp(&right.0));
    pairs
}
