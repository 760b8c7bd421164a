//! What a study file keeps over closing, opening and sharing.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use automl_core::{Epoch, Lost, Metric, TrialOutcome, TrialRecord, TrialState, TrialStore};
use automl_store::{Artifact, StudyFile, StudyHeader};
use automl_testkit::store::{bare_outcome, every_kind_of_params, every_kind_of_space, full_outcome};
use tempfile::TempDir;

#[test]
fn everything_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    let header = common::header(Metric::Accuracy);
    let mut store = StudyFile::create(&path, &header).unwrap();
    let number = store.begin(0, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap();
    let trial = store.finish(number, &full_outcome(-0.5)).unwrap();
    let lost = store.begin(1, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap();
    store.finish(lost, &bare_outcome(TrialState::Lost, None)).unwrap();
    let artifact = Artifact { kind: "model".into(), path: "trials/0".into(), sha256: "ab".repeat(32) };
    store.record_artifact(0, &Artifact { sha256: "cd".repeat(32), ..artifact.clone() }).unwrap();
    store.record_artifact(0, &artifact).unwrap();
    store.record_event("resumed", "the search went on with 1 finished trial").unwrap();
    let trials = store.trials().unwrap();
    store.close().unwrap();

    let store = StudyFile::open(&path).unwrap();
    assert_eq!(store.header().unwrap(), header);
    assert_eq!(store.trials().unwrap(), trials);
    assert_eq!(trials[0], trial);
    assert_eq!(store.epochs(0).unwrap(), full_outcome(-0.5).evaluation.epochs);
    assert!(store.epochs(1).unwrap().is_empty());
    assert_eq!(store.artifacts(0).unwrap(), [artifact]);
    let events = store.events().unwrap();
    assert_eq!((events.len(), events[0].kind.as_str()), (1, "resumed"));
    assert!(events[0].time_secs >= trial.started_secs);
}

#[test]
fn a_missing_trial_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = StudyFile::create(folder.path().join("s"), &common::header(Metric::Rmse)).unwrap();
    for error in [store.epochs(3).unwrap_err(), store.artifacts(3).unwrap_err()] {
        assert!(error.to_string().ends_with("there is no trial 3"), "{error}");
    }
}

#[test]
fn numbers_that_are_none_come_back_from_own_tables() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = StudyFile::create(folder.path().join("s"), &common::header(Metric::Rmse)).unwrap();
    let number = store.begin(0, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap();
    let mut outcome = full_outcome(0.5);
    outcome.state = TrialState::Failed;
    outcome.cost = None;
    outcome.evaluation.folds[1].cost = f64::NAN;
    outcome.evaluation.folds[1].scores[0].1 = f64::INFINITY;
    let epoch = Epoch { index: 1, train_loss: f64::NAN, valid_loss: f64::INFINITY, learning_rate: 0.1 };
    outcome.evaluation.epochs.push((1, epoch));
    let trial = store.finish(number, &outcome).unwrap();
    assert!(trial.folds[1].cost.is_nan());
    assert_eq!(trial.folds[1].scores[0].1, f64::INFINITY);
    let last = store.epochs(number).unwrap()[2].1;
    assert!(last.train_loss.is_nan() && last.valid_loss == f64::INFINITY);
}

/// Costs of a maximised metric are negative values; zero must not come back with another sign.
#[test]
fn a_cost_of_zero_has_one_sign() {
    for metric in [Metric::Accuracy, Metric::Rmse] {
        let folder = tempfile::tempdir().unwrap();
        let mut store = StudyFile::create(folder.path().join("s"), &common::header(metric)).unwrap();
        for (slot, cost) in [(0, 0.0), (1, -0.0)] {
            let number = store.begin(slot, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap();
            let trial = store.finish(number, &bare_outcome(TrialState::Complete, Some(cost))).unwrap();
            assert!(trial.cost.unwrap().is_sign_positive());
        }
        assert!(store.trials().unwrap().iter().all(|trial| trial.cost.unwrap().is_sign_positive()));
    }
}

#[test]
fn one_file_is_left_by_the_last_to_close() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    let first = StudyFile::create(&path, &common::header(Metric::Rmse)).unwrap();
    let mut second = StudyFile::open(&path).unwrap();
    let files = || fs::read_dir(folder.path()).unwrap().count();
    first.close().unwrap();
    assert_eq!(files(), 3, "the second still has its log");
    second.begin(0, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap();
    drop(second);
    assert_eq!(files(), 1);
    // Bytes 18 and 19 of the header are 1 outside write-ahead mode (SQLite, "Database File Format").
    assert_eq!(fs::read(&path).unwrap()[18..20], [1, 1]);
}

#[test]
fn opening_or_creating_twice_keeps_the_first_header() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    let header = common::header(Metric::Rmse);
    StudyFile::open_or_create(&path, &header).unwrap().close().unwrap();
    let again = StudyFile::open_or_create(&path, &common::header(Metric::Accuracy)).unwrap();
    assert_eq!(again.header().unwrap(), header);
}

#[test]
fn a_reader_sees_a_running_study() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    let mut writer = StudyFile::create(&path, &common::header(Metric::Rmse)).unwrap();
    let reader = StudyFile::open_read_only(&path).unwrap();
    let number = writer.begin(0, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap();
    writer.record_step(number, 1, 0.5).unwrap();
    assert_eq!(reader.trials().unwrap()[0].steps, [(1, 0.5)]);
}

/// A copy of a fixture, for opening changes bytes of the file.
fn fixture(name: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name), &path).unwrap();
    (folder, path)
}

fn states(trials: &[TrialRecord]) -> Vec<(&'static str, u32)> {
    trials.iter().map(|trial| (trial.state.name(), trial.slot)).collect()
}

const OF_FIXTURES: [(&str, u32); 6] =
    [("complete", 0), ("pruned", 1), ("failed", 2), ("lost", 3), ("waiting", 3), ("running", 4)];

/// The study of schema version 1, as its automl wrote it. Later versions must go on reading it.
fn assert_version_1(store: &StudyFile) {
    assert_eq!(store.header().unwrap(), common::header(Metric::Accuracy));
    let trials = store.trials().unwrap();
    assert_eq!(states(&trials), OF_FIXTURES);
    let outcome = full_outcome(-0.5);
    assert!(trials.iter().all(|trial| trial.params == every_kind_of_params()));
    assert_eq!((trials[0].cost, &trials[0].steps), (Some(-0.5), &outcome.evaluation.steps));
    assert_eq!(trials[0].folds, outcome.evaluation.folds);
    assert_eq!(trials[2].reason.as_deref(), Some("it was failed"));
    assert_eq!(store.epochs(0).unwrap(), outcome.evaluation.epochs);
    assert_eq!(store.artifacts(0).unwrap()[0].kind, "model");
    assert_eq!(store.events().unwrap()[0].message, "made for later versions to read");
    assert_eq!(store.news(&[5], 6).unwrap(), trials[5..]);
}

#[test]
fn a_study_of_version_1_is_read_and_stays_as_it_is() {
    let (_folder, path) = fixture("study-v1.sqlite3");
    let before = fs::read(&path).unwrap();
    let store = StudyFile::open_read_only(&path).unwrap();
    assert_version_1(&store);
    drop(store);
    assert!(fs::read(&path).unwrap() == before);
}

#[test]
fn a_study_of_version_1_goes_on_as_one_of_today() {
    let (_folder, path) = fixture("study-v1.sqlite3");
    let mut store = StudyFile::open(&path).unwrap();
    assert_version_1(&store);
    let mut begin = |slot| store.begin(slot, &every_kind_of_params(), &every_kind_of_space()).unwrap();
    assert_eq!([0, 1, 2, 3, 3, 4].map(&mut begin), [None, None, None, Some(4), None, None]);
    // No heartbeat was kept then: the start counts.
    let lost = store.requeue_lost(Lost::Silent(Duration::from_secs(3600)), "silent").unwrap();
    assert_eq!(lost.iter().map(|trial| trial.number).collect::<Vec<_>>(), [5]);
    store.set_worker("4711@host");
    assert_eq!(store.begin(4, &every_kind_of_params(), &every_kind_of_space()).unwrap(), Some(6));
    store.heartbeat(6).unwrap();
    let trials = store.trials().unwrap();
    drop(store);
    let store = StudyFile::open(&path).unwrap();
    assert_eq!(store.trials().unwrap(), trials);
    assert_eq!(store.header().unwrap(), common::header(Metric::Accuracy));
}

fn two_objectives() -> StudyHeader {
    StudyHeader {
        objectives: vec![Metric::Accuracy.into(), Metric::Rmse.into()],
        ..common::header(Metric::Accuracy)
    }
}

/// The study of schema version 2, as `make_fixture` wrote it.
#[test]
fn a_study_of_version_2_is_read() {
    let (_folder, path) = fixture("study-v2.sqlite3");
    let mut store = StudyFile::open(&path).unwrap();
    assert_eq!(store.header().unwrap(), two_objectives());
    let trials = store.trials().unwrap();
    assert_eq!(states(&trials), OF_FIXTURES);
    assert_eq!(trials[0].costs(), [-0.5, 2.0]);
    let workers: Vec<Option<&str>> = trials.iter().map(|trial| trial.worker.as_deref()).collect();
    let worker = Some("4711@host");
    assert_eq!(workers, [worker, worker, worker, worker, None, worker]);
    assert_eq!(store.requeue_lost(Lost::Worker("4711@host"), "test").unwrap().len(), 1);
}

/// Run once a schema version: `cargo test --release -p automl-store -- --ignored make_fixture`.
#[test]
#[ignore = "writes the file that later versions must read"]
fn make_fixture() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/study-v2.sqlite3");
    let mut store = StudyFile::create(path, &two_objectives()).unwrap();
    store.set_worker("4711@host");
    let ends = [
        TrialOutcome { other_costs: vec![2.0], ..full_outcome(-0.5) },
        bare_outcome(TrialState::Pruned, None),
        bare_outcome(TrialState::Failed, None),
        bare_outcome(TrialState::Lost, None),
    ];
    for (slot, end) in (0..).zip(&ends) {
        let number = store.begin(slot, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap();
        store.finish(number, end).unwrap();
    }
    store.begin(4, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap();
    let artifact = Artifact { kind: "model".into(), path: "trials/0".into(), sha256: "ab".repeat(32) };
    store.record_artifact(0, &artifact).unwrap();
    store.record_event("made", "made for later versions to read").unwrap();
    store.close().unwrap();
}
