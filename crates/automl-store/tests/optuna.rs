//! Python's Optuna reads and goes on writing what this crate writes, and the other way round.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod common;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use automl_core::{
    Evaluation, Metric, ParamValue, Params, TrialOutcome, TrialRecord, TrialState, TrialStore,
};
use automl_store::StudyFile;
use automl_testkit::store::{every_kind_of_params, every_kind_of_space};
use serde_json::{Value, json};

/// The Optuna that `tests/setup-python.sh` installs.
const OPTUNA_VERSION: &str = "5.0.0";

fn python() -> PathBuf {
    if let Some(python) = env::var_os("AUTOML_PYTHON") {
        return python.into();
    }
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    cache.unwrap_or_default().join("automl/venv/bin/python")
}

/// Runs `read_study.py`. There is no skipping: a study that Optuna cannot read is a broken study.
fn optuna(action: &str, study: &Path) -> Value {
    let python = python();
    assert!(
        python.is_file(),
        "there is no Python with Optuna at `{}`: `make test` sets it up (or set AUTOML_PYTHON)",
        python.display()
    );
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/read_study.py");
    let output = Command::new(python).arg(script).arg(action).arg(study).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn outcome(state: TrialState, cost: Option<f64>, steps: &[(u32, f64)]) -> TrialOutcome {
    let reason = (state != TrialState::Complete).then(|| format!("it was {}", state.name()));
    let evaluation = Evaluation { steps: steps.to_vec(), ..Evaluation::default() };
    TrialOutcome { state, cost, other_costs: Vec::new(), reason, evaluation, seconds: 2.5 }
}

/// Complete, pruned, failed, lost, complete, and the waiting one of the lost; then one that runs.
fn write_every_state(path: &Path, metric: Metric) {
    let mut store = StudyFile::create(path, &common::header(metric)).unwrap();
    let sign = metric.direction().cost(1.0);
    let ends = [
        outcome(TrialState::Complete, Some(0.5 * sign), &[(1, 0.5 * sign)]),
        outcome(TrialState::Pruned, None, &[(1, 0.75 * sign), (2, 0.875 * sign)]),
        outcome(TrialState::Failed, None, &[(1, f64::INFINITY), (2, f64::NEG_INFINITY), (3, f64::NAN)]),
        outcome(TrialState::Lost, None, &[]),
        outcome(TrialState::Complete, Some(0.25 * sign), &[]),
    ];
    for (number, end) in ends.iter().enumerate() {
        // Number 4 belongs to the waiting trial by the time that slot 4 begins.
        let slot = u32::try_from(number).unwrap();
        let begun = store.begin(slot, &params(slot), &every_kind_of_space()).unwrap().unwrap();
        store.finish(begun, end).unwrap();
    }
    store.close().unwrap();
}

fn params(slot: u32) -> Params {
    match slot {
        0 => {
            let without: Params = every_kind_of_params()
                .iter()
                .filter(|(name, _)| *name != "momentum")
                .map(|(name, value)| (name.to_owned(), value.clone()))
                .collect();
            without.with("model", "linear")
        }
        _ => every_kind_of_params().with("depth", 1 + i64::from(slot) % 4),
    }
}

fn plain(params: &Params) -> Value {
    serde_json::to_value(params).unwrap()
}

/// What Optuna sees must be what this crate reads.
fn assert_same(trial: &TrialRecord, seen: &Value, metric: Metric) {
    let direction = metric.direction();
    let number = |cost: f64| match direction.value(cost) {
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
        assert_eq!(seen["value"], number(trial.cost.unwrap()));
    }
    let steps: serde_json::Map<String, Value> =
        trial.steps.iter().map(|&(step, cost)| (step.to_string(), number(cost))).collect();
    assert_eq!(seen["steps"], Value::Object(steps));
    let is_enqueued = trial.state == TrialState::Waiting && seen["params"] == json!({});
    let params = if is_enqueued { &seen["system"]["fixed_params"] } else { &seen["params"] };
    assert_eq!(sorted(params), sorted(&plain(&trial.params)), "trial {}", trial.number);
    assert_eq!(seen["started"].as_f64().unwrap_or(0.0), trial.started_secs);
}

fn sorted(object: &Value) -> Vec<(String, Value)> {
    let mut pairs: Vec<(String, Value)> =
        object.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    pairs.sort_by(|left, right| left.0.cmp(&right.0));
    pairs
}

fn assert_optuna_reads(metric: Metric, direction: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    write_every_state(&path, metric);
    let seen = &optuna("read", &path)["before"];
    assert_eq!(seen["optuna"], OPTUNA_VERSION);
    assert_eq!(seen["name"], "a study ✓");
    assert_eq!(seen["direction"], direction);
    assert_eq!(seen["metric_names"], json!([metric.name()]));
    assert_eq!(seen["user"]["seed"], u64::MAX.to_string());
    let store = StudyFile::open(&path).unwrap();
    let trials = store.trials().unwrap();
    let states: Vec<&str> = trials.iter().map(|trial| trial.state.name()).collect();
    assert_eq!(states, ["complete", "pruned", "failed", "lost", "waiting", "complete"]);
    for (trial, seen) in trials.iter().zip(seen["trials"].as_array().unwrap()) {
        assert_same(trial, seen, metric);
    }
    let best = TrialRecord::best(&trials).unwrap();
    assert_eq!(seen["best"], best.number);
    assert_eq!(seen["best"], 5);
    assert_eq!(seen["best_value"], 0.25);
    assert_eq!(sorted(&seen["best_params"]), sorted(&plain(&best.params)));
    let seen = &seen["trials"];
    assert_eq!(seen[1]["value"], 0.875, "Optuna gives a pruned trial its last intermediate value");
    assert_eq!(seen[2]["user"]["reason"], "it was failed");
    assert_eq!(seen[4]["system"]["failed_trial"], 3);
    assert_eq!(seen[4]["system"]["retry_history"], json!([3]));
    assert_eq!(sorted(&seen[4]["system"]["fixed_params"]), sorted(&seen[3]["params"]));
}

#[test]
fn optuna_reads_a_minimised_study() {
    assert_optuna_reads(Metric::LogLoss, "MINIMIZE");
}

#[test]
fn optuna_reads_a_maximised_study() {
    // The best of the two complete trials is the fifth only if both costs turn their sign.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    write_every_state(&path, Metric::Accuracy);
    let seen = &optuna("read", &path)["before"];
    assert_eq!(seen["direction"], "MAXIMIZE");
    assert_eq!(seen["best"], 0);
    assert_eq!(seen["best_value"], 0.5);
    let store = StudyFile::open(&path).unwrap();
    let trials = store.trials().unwrap();
    assert_eq!(TrialRecord::best(&trials).unwrap().number, 0);
    for (trial, seen) in trials.iter().zip(seen["trials"].as_array().unwrap()) {
        assert_same(trial, seen, Metric::Accuracy);
    }
}

#[test]
fn optuna_reads_every_kind_of_distribution() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    write_every_state(&path, Metric::LogLoss);
    let seen = &optuna("read", &path)["before"]["trials"][1]["distributions"];
    let float = |low: f64, high: f64, log: bool| json!({"name": "FloatDistribution", "attributes": {"step": null, "low": low, "high": high, "log": log}});
    let int = |low: i64, high: i64, step: i64, log: bool| json!({"name": "IntDistribution", "attributes": {"log": log, "step": step, "low": low, "high": high}});
    let choice =
        |choices: Value| json!({"name": "CategoricalDistribution", "attributes": {"choices": choices}});
    assert_eq!(seen["dropout"], float(0.0, 0.5, false));
    assert_eq!(seen["learning_rate"], float(1e-5, 0.1, true));
    assert_eq!(seen["depth"], int(1, 4, 1, false));
    assert_eq!(seen["width"], int(16, 64, 16, false));
    assert_eq!(seen["batch_size"], int(16, 1024, 1, true));
    assert_eq!(seen["constant"], choice(json!(["only"])));
    assert_eq!(seen["scale"], choice(json!([false, true])));
    assert_eq!(seen["k"], choice(json!([1, 3, 5])));
    assert_eq!(seen["momentum"], choice(json!([0.0, 0.9])));
}

#[test]
fn optuna_runs_a_lost_trial_again_and_adds_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    write_every_state(&path, Metric::LogLoss);
    let told = optuna("write", &path);
    let seen = told["after"]["trials"].as_array().unwrap();
    let mut store = StudyFile::open(&path).unwrap();
    let trials = store.trials().unwrap();
    assert_eq!((trials.len(), seen.len()), (8, 8));
    for (trial, seen) in trials.iter().zip(seen) {
        assert_same(trial, seen, Metric::LogLoss);
    }
    let again = &trials[4];
    assert_eq!((again.state, again.slot), (TrialState::Complete, 3));
    assert_eq!(again.params, trials[3].params, "Optuna took the values that waited");
    assert!(again.steps[0].1.is_nan());
    assert_eq!(again.steps[1], (2, 0.75));
    let added = &trials[6];
    assert_eq!((added.state, added.slot), (TrialState::Complete, 6));
    assert!(every_kind_of_space().check(&added.params).is_ok());
    let enqueued = &trials[7];
    assert_eq!((enqueued.state, enqueued.slot), (TrialState::Waiting, 7));
    assert_eq!(enqueued.params.get("depth"), Some(&ParamValue::Int(2)));
    assert_eq!(enqueued.params.get("dropout"), Some(&ParamValue::Float(0.5)));
    assert_eq!(
        store.begin(7, &params(0), &every_kind_of_space()).unwrap().unwrap(),
        7,
        "what a person enqueued runs"
    );
}
