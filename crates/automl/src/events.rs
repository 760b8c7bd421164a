//! What a search tells machines, as JSON objects: `crates/automl-cli/events.md` has the fields. The command writes them as lines; a
//! program that runs a search itself may show them as it likes.

use std::path::{Path, PathBuf};

use automl_core::{Event, Metric, StopReason, TrialRecord};
use serde_json::{Map, Value, json};

use crate::experiment::Experiment;
use crate::nested::NestedScores;
use crate::result::ExperimentResult;

/// Number of the protocol: a field may be added without a new one, none is taken away or changes its meaning.
pub const PROTOCOL: u32 = 1;

/// An event of this name.
pub fn event(name: &str, fields: Value) -> Value {
    let mut event = Map::new();
    event.insert("event".to_owned(), name.into());
    if let Value::Object(fields) = fields {
        event.extend(fields);
    }
    Value::Object(event)
}

/// What is about to happen.
pub fn prepared(experiment: &Experiment) -> Value {
    let config = experiment.config();
    let fields = json!({
        "folder": config.out.as_deref().map(absolute),
        "metric": experiment.metric(),
        "direction": experiment.metric().direction(),
        "task": config.task,
        "target": config.target,
        "families": config.search.families,
        "lines": experiment.describe(),
    });
    event("prepared", fields)
}

/// What happens in a search for `metric`; `None` for what stays with the worker that trains: epochs and folds.
pub fn of_search(of: &Event<'_>, metric: Metric) -> Option<Value> {
    Some(match of {
        Event::OuterFoldStarted { fold, of } => {
            event("outer_fold_started", json!({ "fold": fold, "of": of }))
        }
        Event::OuterFoldFinished { fold, of, scores } => {
            event("outer_fold", json!({ "fold": fold, "of": of, "scores": by_name(scores) }))
        }
        Event::SearchStarted { n_done, n_trials, budget } => event(
            "search_started",
            json!({
                "n_done": n_done,
                "n_trials": n_trials,
                "budget_secs": budget.map(|budget| budget.as_secs_f64()),
            }),
        ),
        Event::TrialStarted { number, params } => {
            event("trial_started", json!({ "number": number, "params": params }))
        }
        Event::TrialFinished { trial, best: found } => event(
            "trial_finished",
            json!({ "trial": trial, "score": score(metric, trial), "best": best(metric, *found) }),
        ),
        Event::Warning { message } => event("warning", json!({ "message": message })),
        Event::Stage { message } => event("stage", json!({ "message": message })),
        Event::SearchFinished { stopped } => {
            event("search_finished", json!({ "stopped": stopped.map(StopReason::name) }))
        }
        _ => return None,
    })
}

/// What a search for `metric` left behind.
pub fn finished(result: &ExperimentResult, nested: Option<&NestedScores>, metric: Metric) -> Value {
    let nested = nested.and_then(|nested| nested.mean_and_deviation(metric));
    let fields = json!({
        "stopped": result.stopped.map(StopReason::name),
        "n_new": result.n_new,
        "best": best(metric, result.best.as_ref()),
        "predict_ms": result.predict_ms,
        "holdout": { "n_rows": result.n_holdout, "scores": by_name(&result.holdout) },
        "nested": nested.map(|(mean, deviation)| json!({ "mean": mean, "deviation": deviation })),
        "report": absolute(&result.report),
        "leaderboard": absolute(&result.leaderboard_file),
        "study": absolute(&result.study),
        "config": absolute(&result.config),
        "model": result.model.as_deref().map(absolute),
    });
    event("finished", fields)
}

/// A path that holds wherever the reader is.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A number and a score in the metric's own unit.
fn best(metric: Metric, trial: Option<&TrialRecord>) -> Value {
    match trial.and_then(|trial| Some((trial, score(metric, trial)?))) {
        Some((trial, score)) => json!({ "number": trial.number, "score": score }),
        None => Value::Null,
    }
}

fn score(metric: Metric, trial: &TrialRecord) -> Option<f64> {
    trial.cost.map(|cost| metric.direction().value(cost))
}

fn by_name(of: &[(Metric, f64)]) -> Value {
    of.iter().map(|(metric, value)| (metric.to_string(), Value::from(*value))).collect::<Map<_, _>>().into()
}
