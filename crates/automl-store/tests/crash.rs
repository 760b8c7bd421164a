//! A killed process loses nothing that it had finished; many writers wait for each other.
//!
//! The writers are this test binary itself, started again with an environment variable.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests fail like tests")]

mod common;
#[path = "common/python.rs"]
#[expect(dead_code, reason = "its other function is for scripts")]
mod python;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use automl_core::{Lost, Metric, Purpose, Seed, TrialRecord, TrialState, TrialStore};
use automl_store::StudyFile;
use automl_testkit::store::{every_kind_of_params, every_kind_of_space, full_outcome};
use rusqlite::Connection;

/// Path of the study that a started writer writes; unset in a run of the tests.
const STUDY: &str = "AUTOML_STORE_TEST_STUDY";
/// How many slots it looks at.
const N_TRIALS: &str = "AUTOML_STORE_TEST_N_TRIALS";

const N_KILLS: u64 = 10;
const N_WRITERS: u32 = 8;
/// Slots that all writers want.
const N_SLOTS: u32 = 200;

/// No test of its own: what a started writer runs. It tells of each trial that is finished.
#[test]
fn writer() {
    let (Ok(path), Ok(n_trials)) = (env::var(STUDY), env::var(N_TRIALS)) else { return };
    let mut store = StudyFile::open_or_create(&path, &common::header(Metric::LogLoss)).unwrap();
    for slot in 0..n_trials.parse().unwrap() {
        write_trial(&mut store, slot);
    }
}

fn write_trial(store: &mut StudyFile, slot: u32) {
    let begun = store.begin(slot, &every_kind_of_params(), &every_kind_of_space()).unwrap();
    // Another writer may have been quicker.
    let Some(number) = begun else { return };
    let outcome = full_outcome(f64::from(number));
    for &(step, cost) in &outcome.evaluation.steps {
        store.record_step(number, step, cost).unwrap();
    }
    store.finish(number, &outcome).unwrap();
    println!("finished {number}");
    std::io::stdout().flush().unwrap();
}

fn start_writer(path: &Path, n_trials: u32) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["writer", "--exact", "--nocapture", "--test-threads=1"])
        .env(STUDY, path)
        .env(N_TRIALS, n_trials.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Numbers of the trials that a writer said were finished.
fn finished(child: &mut Child) -> Vec<u32> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The test harness writes on the same line before the first.
    let number = |line: String| line.split_once("finished ").and_then(|(_, number)| number.parse().ok());
    lines.map_while(Result::ok).filter_map(number).collect()
}

fn integrity(path: &Path) -> String {
    let connection = Connection::open(path).unwrap();
    connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap()
}

fn assert_whole(trial: &TrialRecord) {
    let outcome = full_outcome(f64::from(trial.number));
    assert_eq!(trial.params, every_kind_of_params());
    assert_eq!((trial.cost, &trial.steps), (outcome.cost, &outcome.evaluation.steps));
    assert_eq!(trial.folds, outcome.evaluation.folds);
}

/// Numbers of the complete trials, none of which lacks anything.
fn complete(trials: &[TrialRecord]) -> BTreeSet<u32> {
    let complete = trials.iter().filter(|trial| trial.state == TrialState::Complete);
    complete.inspect(|trial| assert_whole(trial)).map(|trial| trial.number).collect()
}

#[test]
fn a_killed_writer_loses_no_finished_trial() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    let mut told = BTreeSet::new();
    for round in 0..N_KILLS {
        let mut child = start_writer(&path, u32::MAX);
        // From before the file exists to the middle of the work.
        let millis = Seed(round).purpose(Purpose::Data).value() % 400;
        thread::sleep(Duration::from_millis(millis));
        child.kill().unwrap();
        child.wait().unwrap();
        told.extend(finished(&mut child));
        if !path.exists() {
            continue;
        }
        // Who only reads sees all that was finished; there may be no study yet.
        match StudyFile::open_read_only(&path) {
            Ok(reader) => assert!(told.is_subset(&complete(&reader.trials().unwrap()))),
            Err(error) => assert!(told.is_empty(), "{error}"),
        }
        assert_eq!(integrity(&path), "ok");
        let mut store = StudyFile::open_or_create(&path, &common::header(Metric::LogLoss)).unwrap();
        store.requeue_lost(Lost::All, "killed").unwrap();
        let trials = store.trials().unwrap();
        assert!(trials.iter().enumerate().all(|(index, trial)| trial.number as usize == index));
        let kept = complete(&trials);
        assert!(told.is_subset(&kept), "lost: {:?}", told.difference(&kept).collect::<Vec<_>>());
        // A kill between the commit and the message may keep one trial more than was told of.
        assert!(kept.len() as u64 <= told.len() as u64 + round + 1);
    }
    assert!(told.len() > 20, "the writers finished {} trials, too few to tell anything", told.len());
}

/// The rollback journal of a killed process, as of one that entered or left write-ahead mode.
#[test]
fn a_reader_sees_a_study_that_was_left_in_the_middle_of_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let [path, left] = ["study.sqlite3", "left.sqlite3"].map(|name| folder.path().join(name));
    let mut store = StudyFile::create(&path, &common::header(Metric::LogLoss)).unwrap();
    write_trial(&mut store, 0);
    let trials = store.trials().unwrap();
    store.close().unwrap();
    let connection = Connection::open(&path).unwrap();
    // So small a cache that changes reach the file before they are committed.
    connection.execute_batch("PRAGMA cache_size = 1; BEGIN IMMEDIATE").unwrap();
    for _ in 0..500 {
        let sql = "INSERT INTO automl_events (time, kind, message) VALUES ('', '', hex(zeroblob(2000)))";
        connection.execute(sql, []).unwrap();
    }
    connection.execute("UPDATE trials SET state = 'FAIL'", []).unwrap();
    let journal = |path: &Path| path.with_extension("sqlite3-journal");
    fs::copy(&path, &left).unwrap();
    fs::copy(journal(&path), journal(&left)).unwrap();
    assert_ne!(fs::metadata(&left).unwrap().len(), 0);
    let reader = StudyFile::open_read_only(&left).unwrap();
    assert_eq!(reader.trials().unwrap(), trials);
    drop(reader);
    // The same while somebody has it open who only reads.
    let reader = StudyFile::open_read_only(&left).unwrap();
    let copied = fs::read(&path).unwrap();
    fs::write(&left, copied).unwrap();
    fs::copy(journal(&path), journal(&left)).unwrap();
    assert_eq!(reader.trials().unwrap(), trials);
}

#[test]
fn eight_processes_write_one_file_and_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    let children: Vec<Child> = (0..N_WRITERS).map(|_| start_writer(&path, N_SLOTS)).collect();
    let mut numbers = Vec::new();
    for mut child in children {
        numbers.extend(finished(&mut child));
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_all_there(&path, numbers);
}

#[test]
fn eight_threads_write_one_file_and_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    let work = || {
        let mut store = StudyFile::open_or_create(&path, &common::header(Metric::LogLoss)).unwrap();
        for slot in 0..N_SLOTS {
            write_trial(&mut store, slot);
        }
    };
    thread::scope(|scope| {
        for _ in 0..N_WRITERS {
            scope.spawn(work);
        }
    });
    assert_all_there(&path, (0..N_SLOTS).collect());
}

/// Closing any descriptor of a file gives up the process's locks on it: a second store must not open the file by
/// itself, or another process takes the log away because it thinks that nobody works on it. (`SQLite` sees through
/// that from version 3.51 on; Python's is older.)
#[test]
fn a_second_store_of_a_process_leaves_the_locks_of_the_first_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    let header = common::header(Metric::LogLoss);
    let mut first = StudyFile::open_or_create(&path, &header).unwrap();
    first.record_event("test", "the first store has begun").unwrap();
    // Kept open, for closing it would have SQLite renew the lock of both.
    let seconds = [
        StudyFile::open_or_create(&path, &header).unwrap(),
        StudyFile::open(&path).unwrap(),
        StudyFile::open_read_only(&path).unwrap(),
    ];
    assert!(StudyFile::create(&path, &header).is_err());
    let script = "import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0)
try:
    print(connection.execute('PRAGMA journal_mode = DELETE').fetchone())
except sqlite3.OperationalError as error:
    print(error)";
    let told = Command::new(python::python()).args(["-c", script]).arg(&path).output().unwrap().stdout;
    assert_eq!(String::from_utf8(told).unwrap().trim(), "database is locked");
    write_trial(&mut first, 0);
    let seen = StudyFile::open(&path).unwrap().trials().unwrap();
    assert_eq!(first.trials().unwrap(), seen);
    assert_eq!(seen.len(), 1);
    seen.iter().for_each(assert_whole);
    drop(seconds);
    first.close().unwrap();
    assert_eq!(integrity(&path), "ok");
}

fn assert_all_there(path: &Path, mut numbers: Vec<u32>) {
    numbers.sort_unstable();
    assert_eq!(numbers, (0..N_SLOTS).collect::<Vec<_>>());
    assert_eq!(integrity(path), "ok");
    let trials = StudyFile::open(path).unwrap().trials().unwrap();
    assert_eq!(trials.len(), numbers.len());
    trials.iter().for_each(assert_whole);
}
