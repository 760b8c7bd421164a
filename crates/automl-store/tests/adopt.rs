//! Studies that Optuna made go on with automl, and with Optuna again.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod common;
#[path = "common/python.rs"]
mod python;
#[path = "common/same.rs"]
mod same;

use std::path::Path;
use std::time::Duration;

use automl_core::{
    Direction, Domain, Lost, Metric, ParamSpec, ParamValue, Params, SearchSpace, TrialOutcome, TrialRecord,
    TrialState, TrialStore,
};
use automl_store::{ObjectiveHeader, StudyFile, StudyHeader};
use automl_testkit::store::{bare_outcome, full_outcome};
use rusqlite::Connection;
use same::{assert_same, plain, sorted};
use serde_json::{Value, json};
use tempfile::TempDir;

fn optuna(action: &str, study: &Path, name: &str) -> Value {
    let name = if name.is_empty() { vec![] } else { vec![name.as_ref()] };
    python::run("adopt_study.py", &[vec![action.as_ref(), study.as_os_str()], name].concat())
}

/// A file of Optuna's, in a folder of its own, and what Optuna sees of the study "first".
fn made(action: &str) -> (TempDir, std::path::PathBuf, Value) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("optuna.db");
    let seen = optuna(action, &path, "");
    (folder, path, seen)
}

/// The space that `adopt_study.py` searches.
fn space() -> SearchSpace {
    let mixed: Vec<ParamValue> = vec!["a".into(), 1_i64.into(), 2.5.into(), true.into()];
    SearchSpace::new(vec![
        ParamSpec::new("model", Domain::choice(&["mlp", "linear"])),
        ParamSpec::new("x", Domain::float(-1.0, 1.0)),
        ParamSpec::new("learning_rate", Domain::log_float(1e-5, 0.1)),
        ParamSpec::new("dropout", Domain::Float { low: 0.0, high: 0.5, log: false, step: Some(0.1) }),
        ParamSpec::new("depth", Domain::int(1, 4)),
        ParamSpec::new("width", Domain::stepped_int(16, 64, 16)),
        ParamSpec::new("batch_size", Domain::log_int(16, 1024)),
        ParamSpec::new("flag", Domain::boolean()),
        ParamSpec::new("mixed", Domain::Categorical { choices: mixed, ordered: false }),
        ParamSpec::new("momentum", Domain::float(0.0, 0.9)).when("model", &["mlp"]),
    ])
    .unwrap()
}

fn params(x: f64) -> Params {
    Params::new()
        .with("model", "linear")
        .with("x", x)
        .with("learning_rate", 1e-3)
        .with("dropout", 0.3)
        .with("depth", 4_i64)
        .with("width", 32_i64)
        .with("batch_size", 17_i64)
        .with("flag", true)
        .with("mixed", 2.5)
}

fn assert_all_same(trials: &[TrialRecord], seen: &Value, directions: &[Direction]) {
    let seen = seen["trials"].as_array().unwrap();
    assert_eq!(trials.len(), seen.len());
    for (trial, seen) in trials.iter().zip(seen) {
        assert_same(trial, seen, directions);
    }
}

/// What Optuna sees of the trials that are finished, to compare over time.
fn finished(seen: &Value, n_trials: usize) -> Vec<Value> {
    let seen = seen["trials"].as_array().unwrap()[..n_trials].to_vec();
    seen.into_iter().filter(|trial| trial["state"] != "RUNNING").collect()
}

#[test]
fn automl_and_optuna_take_turns() {
    let (_folder, path, made) = made("create");
    let header = common::header(Metric::Accuracy);
    let mut store = StudyFile::adopt(&path, None, &header, &|_| Ok(())).unwrap();
    assert_eq!(store.header().unwrap(), StudyHeader { name: "first".to_owned(), ..header });
    let trials = store.trials().unwrap();
    assert_all_same(&trials, &made, &[Direction::Maximize]);
    let count = |state| trials.iter().filter(|trial| trial.state == state).count();
    assert_eq!([TrialState::Complete, TrialState::Pruned, TrialState::Failed].map(count), [12, 3, 3]);
    assert!(trials.iter().all(|trial| trial.slot == trial.number && trial.worker.is_none()));
    for trial in trials.iter().filter(|trial| trial.state.is_finished()) {
        space().check(&trial.params).unwrap();
    }
    assert_eq!(TrialRecord::best(&trials).unwrap().number, made["best"]);

    // automl's turn. Two trials that Optuna left running are over, and their slots are free.
    store.set_worker("4711@host");
    let silent = store.requeue_lost(Lost::Silent(Duration::ZERO), "silent").unwrap();
    assert!(silent.is_empty(), "Optuna's workers promise no heartbeat");
    let lost = store.requeue_lost(Lost::All, "its process ended").unwrap();
    assert_eq!(lost.iter().map(|trial| trial.number).collect::<Vec<_>>(), [18, 19]);
    assert_eq!(store.begin(17, &params(0.0), &space()).unwrap(), None);
    let best = TrialOutcome { cost: Some(-3.999), ..full_outcome(-3.999) };
    let ends = [best, bare_outcome(TrialState::Pruned, None), bare_outcome(TrialState::Lost, None)];
    for (slot, end) in (18..).zip(&ends) {
        let number = store.begin(slot, &params(0.0), &space()).unwrap().unwrap();
        assert_eq!(number, slot + 2);
        store.finish(number, end).unwrap();
    }
    let trials = store.trials().unwrap();
    store.close().unwrap();

    let seen = optuna("read", &path, "first");
    assert_all_same(&trials, &seen, &[Direction::Maximize]);
    assert_eq!((&seen["best"], &seen["best_value"]), (&json!(20), &json!(3.999)));
    assert_eq!(sorted(&seen["best_params"]), sorted(&plain(&params(0.0))));
    // Distributions, attributes, values and times of Optuna's trials are what they were.
    assert_eq!(finished(&seen, 18), finished(&made, 18));
    assert_eq!(seen["user"]["metric"], "what a person calls so");
    assert_eq!(seen["metric_names"], json!(["accuracy"]));
    assert_eq!(seen["trials"][20]["system"]["automl:worker"], "4711@host");

    // Optuna's turn, with a sampler that reads all trials; automl has the file open. What waits, Optuna runs first.
    let mut store = StudyFile::open(&path).unwrap();
    let seen = optuna("add", &path, "first");
    let trials = store.trials().unwrap();
    assert_all_same(&trials, &seen, &[Direction::Maximize]);
    assert_eq!(trials.len(), 28);
    assert_eq!(
        (trials[23].slot, trials[23].params.clone()),
        (20, params(0.0)),
        "the lost one, run by Optuna"
    );
    assert!(trials[23].state.is_finished());
    assert!(trials[24..].iter().all(|trial| trial.state.is_finished() && trial.slot == trial.number));
    assert_eq!(store.news(&[23], 24).unwrap(), trials[23..]);
    assert_eq!(store.begin(24, &params(0.5), &space()).unwrap(), None);
    assert_eq!(store.begin(21, &params(0.5), &space()).unwrap(), Some(28));
}

/// One study of several is automl's; Optuna goes on with the others.
#[test]
fn one_of_several_studies_is_adopted_by_name() {
    let (folder, path, made) = made("several");
    let mut header = common::header(Metric::LogLoss);
    header.objectives = vec![
        ObjectiveHeader { name: "cost".to_owned(), direction: Direction::Minimize },
        ObjectiveHeader { name: "gain".to_owned(), direction: Direction::Maximize },
    ];
    let told = |name| {
        let error = StudyFile::adopt(&path, name, &header, &|_| Ok(())).unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "DIR")
    };
    insta::assert_snapshot!(told(None), @"`DIR/optuna.db` holds 3 studies; say which of them: `first`, `costs`, `empty`");
    insta::assert_snapshot!(told(Some("second")), @"`DIR/optuna.db` holds no study `second`, but `first`, `costs`, `empty`");
    insta::assert_snapshot!(told(Some("first")), @"`DIR/optuna.db` optimises MAXIMIZE, but MINIMIZE, MAXIMIZE is wanted");
    insta::assert_snapshot!(told(Some("empty")), @"`DIR/optuna.db` optimises MINIMIZE, but MINIMIZE, MAXIMIZE is wanted");

    let mut store = StudyFile::adopt(&path, Some("costs"), &header, &|_| Ok(())).unwrap();
    insta::assert_snapshot!(told(Some("costs")), @"`DIR/optuna.db` is a study of automl already");
    let directions = [Direction::Minimize, Direction::Maximize];
    let before = optuna("read", &path, "costs");
    assert_all_same(&store.trials().unwrap(), &before, &directions);
    assert_eq!(before["metric_names"], json!(["square", "depth"]), "they have names already");
    assert_eq!(store.header().unwrap().objectives, header.objectives);
    let number = store.begin(6, &params(0.0), &space()).unwrap().unwrap();
    let best = TrialOutcome { other_costs: vec![-9.0], ..bare_outcome(TrialState::Complete, Some(0.0)) };
    store.finish(number, &best).unwrap();
    store.close().unwrap();
    assert_eq!(optuna("read", &path, "costs")["best"], json!([6]));
    assert_eq!(optuna("read", &path, "first"), made);

    // Rows of the two studies alternate from here on.
    let mut store = StudyFile::open(&path).unwrap();
    optuna("add", &path, "first");
    assert_eq!(store.begin(7, &params(0.1), &space()).unwrap(), Some(7));
    optuna("add", &path, "first");
    assert_eq!(store.begin(8, &params(0.2), &space()).unwrap(), Some(8));
    let trials = store.trials().unwrap();
    assert_all_same(&trials, &optuna("read", &path, "costs"), &directions);
    assert_eq!(store.news(&[2, 7], 8).unwrap(), [2, 7, 8].map(|number| trials[number].clone()));
    assert_eq!(store.requeue_lost(Lost::All, "test").unwrap().len(), 2, "those of the other study go on");
    assert_eq!(optuna("read", &path, "first")["trials"].as_array().unwrap().len(), 30);
}

#[test]
fn a_study_without_trials_is_adopted() {
    let (_folder, path, _) = made("several");
    let mut store =
        StudyFile::adopt(&path, Some("empty"), &common::header(Metric::LogLoss), &|_| Ok(())).unwrap();
    assert!(store.trials().unwrap().is_empty());
    assert_eq!(store.begin(0, &params(0.0), &space()).unwrap(), Some(0));
}

/// What adopting a file that was changed by `sql` says; the file is then as it was before.
fn refused(path: &Path, sql: &str) -> String {
    let changed = path.with_extension("changed");
    std::fs::copy(path, &changed).unwrap();
    Connection::open(&changed).unwrap().execute_batch(sql).unwrap();
    let before = std::fs::read(&changed).unwrap();
    let error = StudyFile::adopt(&changed, None, &common::header(Metric::Accuracy), &|_| Ok(()))
        .unwrap_err()
        .to_string();
    assert!(std::fs::read(&changed).unwrap() == before, "the file was changed");
    error.replace(&path.parent().unwrap().display().to_string(), "DIR")
}

#[test]
fn what_cannot_be_adopted_stays_as_it_is() {
    let (_folder, path, _) = made("create");
    insta::assert_snapshot!(refused(&path, "UPDATE alembic_version SET version_num = 'v3.0.0.d'"), @"`DIR/optuna.changed` has Optuna's older schema v3.0.0.d instead of v3.2.0.a; `optuna storage upgrade --storage sqlite:///FILE` brings it there");
    insta::assert_snapshot!(refused(&path, "UPDATE alembic_version SET version_num = 'v6.0.0.a'"), @"the study file `DIR/optuna.changed` has schema version v6.0.0.a; this automl knows up to v3.2.0.a");
    insta::assert_snapshot!(refused(&path, "DELETE FROM alembic_version"), @"`DIR/optuna.changed` has no row in its table `alembic_version`");
    insta::assert_snapshot!(refused(&path, "DROP TABLE alembic_version"), @"`DIR/optuna.changed` is not an Optuna study (it has no table `alembic_version`)");
    insta::assert_snapshot!(refused(&path, "UPDATE study_directions SET direction = 'MINIMIZE'"), @"`DIR/optuna.changed` optimises MINIMIZE, but MAXIMIZE is wanted");
    insta::assert_snapshot!(refused(&path, "UPDATE trials SET number = 3 WHERE number = 4"), @"`DIR/optuna.changed` has 20 trials, but their numbers are not 0 to 19");
    insta::assert_snapshot!(refused(&path, "UPDATE trials SET number = number + 1"), @"`DIR/optuna.changed` has 20 trials, but their numbers are not 0 to 19");
    let none = r#"UPDATE trial_params SET distribution_json =
        '{"name": "CategoricalDistribution", "attributes": {"choices": [null, null]}}' WHERE param_name = 'flag'"#;
    insta::assert_snapshot!(refused(&path, none), @"cannot adopt the study in the study file `DIR/optuna.changed`: trial 0 holds what automl cannot read: parameter `flag`: choice 0 is neither number, truth value nor text");
    let missing =
        StudyFile::adopt(path.with_extension("none"), None, &common::header(Metric::Accuracy), &|_| Ok(()));
    assert!(missing.unwrap_err().to_string().ends_with("does not exist"));
}
