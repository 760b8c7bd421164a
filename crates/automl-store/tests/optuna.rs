//! Python's Optuna reads and goes on writing what this crate writes, and the other way round.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod common;
#[path = "common/python.rs"]
mod python;
#[path = "common/same.rs"]
mod same;

use std::path::Path;
use std::time::Duration;

use automl_core::{
    Direction, Evaluation, Lost, Metric, ParamValue, Params, TrialOutcome, TrialRecord, TrialState,
    TrialStore,
};
use automl_store::{ObjectiveHeader, StudyFile};
use automl_testkit::store::{every_kind_of_params, every_kind_of_space};
use same::{assert_same, plain, sorted};
use serde_json::{Value, json};

/// The Optuna that `tests/setup-python.sh` installs.
const OPTUNA_VERSION: &str = "5.0.0";

fn optuna(action: &str, study: &Path) -> Value {
    python::run("read_study.py", &[action.as_ref(), study.as_os_str()])
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

fn assert_optuna_reads(metric: Metric, direction: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    write_every_state(&path, metric);
    let seen = &optuna("read", &path)["before"];
    assert_eq!(seen["optuna"], OPTUNA_VERSION);
    assert_eq!(seen["name"], "a study ✓");
    assert_eq!(seen["directions"], json!([direction]));
    assert_eq!(seen["metric_names"], json!([metric.name()]));
    assert_eq!(seen["user"]["seed"], u64::MAX.to_string());
    let store = StudyFile::open(&path).unwrap();
    let trials = store.trials().unwrap();
    let states: Vec<&str> = trials.iter().map(|trial| trial.state.name()).collect();
    assert_eq!(states, ["complete", "pruned", "failed", "lost", "waiting", "complete"]);
    for (trial, seen) in trials.iter().zip(seen["trials"].as_array().unwrap()) {
        assert_same(trial, seen, &[metric.direction()]);
    }
    let best = TrialRecord::best(&trials).unwrap();
    assert_eq!(seen["best"], best.number);
    assert_eq!(seen["best"], 5);
    assert_eq!(seen["best_value"], 0.25);
    assert_eq!(sorted(&seen["best_params"]), sorted(&plain(&best.params)));
    let seen = &seen["trials"];
    assert_eq!(seen[1]["values"], json!([0.875]), "Optuna gives a pruned trial its last intermediate value");
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
    assert_eq!(seen["directions"], json!(["MAXIMIZE"]));
    assert_eq!(seen["best"], 0);
    assert_eq!(seen["best_value"], 0.5);
    let store = StudyFile::open(&path).unwrap();
    let trials = store.trials().unwrap();
    assert_eq!(TrialRecord::best(&trials).unwrap().number, 0);
    for (trial, seen) in trials.iter().zip(seen["trials"].as_array().unwrap()) {
        assert_same(trial, seen, &[Metric::Accuracy.direction()]);
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
        assert_same(trial, seen, &[Metric::LogLoss.direction()]);
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

/// Optuna knows workers as attributes, heartbeats as its own, and which trials no other one is better than.
#[test]
fn optuna_reads_workers_and_several_objectives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    let mut header = common::header(Metric::LogLoss);
    header.objectives = vec![
        Metric::LogLoss.into(),
        Metric::Accuracy.into(),
        ObjectiveHeader { name: "seconds".to_owned(), direction: Direction::Minimize },
    ];
    let mut store = StudyFile::create(&path, &header).unwrap();
    store.set_worker("4711@host");
    let costs = [[0.5, -0.75, 9.0], [0.25, -0.75, 1.0], [0.125, -0.5, 2.0], [0.5, 0.0, 1.0]];
    for (slot, costs) in (0..).zip(costs) {
        store.begin(slot, &params(slot), &every_kind_of_space()).unwrap().unwrap();
        let complete = outcome(TrialState::Complete, Some(costs[0]), &[(1, costs[0] + 1.0)]);
        store.finish(slot, &TrialOutcome { other_costs: costs[1..].to_vec(), ..complete }).unwrap();
    }
    store.begin(4, &params(4), &every_kind_of_space()).unwrap().unwrap();
    store.finish(4, &outcome(TrialState::Pruned, None, &[(1, 0.5)])).unwrap();
    store.begin(5, &params(5), &every_kind_of_space()).unwrap().unwrap();
    store.heartbeat(5).unwrap();
    assert_eq!(store.header().unwrap(), header);
    let trials = store.trials().unwrap();

    // While the store is open, as a dashboard would.
    let seen = &optuna("read", &path)["before"];
    assert_eq!(seen["directions"], json!(["MINIMIZE", "MAXIMIZE", "MINIMIZE"]));
    assert_eq!(seen["metric_names"], json!(["log_loss", "accuracy", "seconds"]));
    assert_eq!(seen["best"], json!([1, 2]));
    assert_eq!(seen["heartbeats"].as_array().unwrap().len(), 6);
    let directions: Vec<Direction> = header.objectives.iter().map(|objective| objective.direction).collect();
    for (trial, seen) in trials.iter().zip(seen["trials"].as_array().unwrap()) {
        assert_same(trial, seen, &directions);
        assert_eq!(seen["system"]["automl:worker"], "4711@host");
    }
}

/// With Optuna's own finding of stale trials, ours is found, and its retry keeps the slot and waits. For automl the slot
/// is done: Optuna says that its trial failed.
#[test]
fn optuna_finds_a_silent_trial_and_lets_it_wait() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    let mut store = StudyFile::create(&path, &common::header(Metric::LogLoss)).unwrap();
    store.set_worker("4711@host");
    store.begin(0, &params(0), &every_kind_of_space()).unwrap().unwrap();
    store.finish(0, &outcome(TrialState::Complete, Some(0.5), &[])).unwrap();
    store.begin(7, &params(7), &every_kind_of_space()).unwrap().unwrap();
    store.close().unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let sql = "UPDATE trial_heartbeats SET heartbeat = '2020-01-01 00:00:00.000000'";
    assert_eq!(connection.execute(sql, []).unwrap(), 2);
    drop(connection);
    optuna("retry", &path);
    let mut store = StudyFile::open(&path).unwrap();
    let trials = store.trials().unwrap();
    let states: Vec<(&str, u32)> = trials.iter().map(|trial| (trial.state.name(), trial.slot)).collect();
    assert_eq!(states, [("complete", 0), ("failed", 7), ("waiting", 7)]);
    assert_eq!(trials[2].params, params(7));
    assert_eq!(store.begin(7, &params(7), &every_kind_of_space()).unwrap(), None);
}

/// A heartbeat as Optuna writes it has no fraction of a second.
#[test]
fn heartbeats_of_optuna_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    let mut store = StudyFile::create(&path, &common::header(Metric::LogLoss)).unwrap();
    for slot in 0..3 {
        store.begin(slot, &params(slot), &every_kind_of_space()).unwrap().unwrap();
    }
    let connection = rusqlite::Connection::open(&path).unwrap();
    let set = "UPDATE trial_heartbeats SET heartbeat = ";
    connection.execute(&format!("{set} datetime('now', '-2 hours') WHERE trial_id = 2"), []).unwrap();
    connection.execute(&format!("{set} datetime('now', '+2 hours') WHERE trial_id = 3"), []).unwrap();
    let silent = |store: &mut StudyFile, secs: u64| {
        let lost = store.requeue_lost(Lost::Silent(Duration::from_secs(secs)), "silent").unwrap();
        lost.iter().map(|trial| trial.number).collect::<Vec<u32>>()
    };
    assert!(silent(&mut store, 3 * 3600).is_empty());
    assert_eq!(silent(&mut store, 3600), [1]);
    // Without a heartbeat, the start counts.
    connection.execute("DELETE FROM trial_heartbeats", []).unwrap();
    connection
        .execute("UPDATE trials SET datetime_start = '2020-01-01 00:00:00' WHERE trial_id = 3", [])
        .unwrap();
    assert_eq!(silent(&mut store, 3600), [2]);
}
