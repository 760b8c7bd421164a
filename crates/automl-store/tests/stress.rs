//! Eight processes on one study, killed at random: nobody hears of a lock, nothing that was finished is lost.
//!
//! The workers are this test binary itself, started again with an environment variable.
//! `AUTOML_STORE_STRESS_SECS` makes it last longer than the few seconds of an ordinary run.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod common;
#[path = "common/python.rs"]
mod python;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use automl_core::{
    Lost, Metric, Params, Purpose, Seed, StoreError, TrialOutcome, TrialRecord, TrialState, TrialStore,
};
use automl_store::StudyFile;
use automl_testkit::store::{bare_outcome, every_kind_of_params, every_kind_of_space, full_outcome};
use rusqlite::Connection;

/// Folder of the study and of what workers tell; unset in a run of the tests.
const FOLDER: &str = "AUTOML_STORE_STRESS_FOLDER";
/// Name of a started worker.
const WORKER: &str = "AUTOML_STORE_STRESS_WORKER";
/// How long workers are killed and replaced.
const SECS: &str = "AUTOML_STORE_STRESS_SECS";

const N_WORKERS: usize = 8;

fn study(folder: &Path) -> PathBuf {
    folder.join("study.sqlite3")
}

/// Workers end by themselves when this file appears.
fn end(folder: &Path) -> PathBuf {
    folder.join("end")
}

fn params(slot: u32) -> Params {
    every_kind_of_params().with("depth", 1 + i64::from(slot) % 4)
}

/// What the trial of a slot comes to, whoever runs it.
fn outcome(slot: u32) -> TrialOutcome {
    match slot % 5 {
        3 => TrialOutcome { seconds: 0.5, ..bare_outcome(TrialState::Pruned, None) },
        4 => bare_outcome(TrialState::Failed, None),
        _ => full_outcome(f64::from(slot)),
    }
}

/// No test of its own: what a started worker does until it is killed or told to end.
#[test]
fn worker() {
    let (Some(folder), Ok(name)) = (env::var_os(FOLDER).map(PathBuf::from), env::var(WORKER)) else { return };
    let mut told =
        File::options().append(true).create(true).open(folder.join(format!("{name}.told"))).unwrap();
    let mut store = StudyFile::open_or_create(study(&folder), &common::header(Metric::LogLoss)).unwrap();
    store.set_worker(&name);
    let mut known = Known::default();
    while !end(&folder).exists() {
        known.update(&store);
        let slot = known.free_slot();
        let Some(number) = store.begin(slot, &params(slot), &every_kind_of_space()).unwrap() else {
            continue;
        };
        if run_trial(&mut store, number, slot) {
            writeln!(told, "{number}").unwrap();
        }
    }
    known.update(&store);
    // What was put together from news is what there is; others may have gone on meanwhile.
    let all = store.trials().unwrap();
    for trial in known.trials.values().filter(|trial| trial.state.is_finished()) {
        assert_eq!(&all[trial.number as usize], trial);
    }
}

/// False where the trial was taken for lost meanwhile, the one error that a worker must expect.
fn run_trial(store: &mut StudyFile, number: u32, slot: u32) -> bool {
    let outcome = outcome(slot);
    let run = |store: &mut StudyFile| -> Result<TrialRecord, StoreError> {
        store.heartbeat(number)?;
        for &(step, cost) in &outcome.evaluation.steps {
            store.record_step(number, step, cost)?;
            store.heartbeat(number)?;
        }
        store.finish(number, &outcome)
    };
    match run(store) {
        Ok(_) => true,
        Err(StoreError::NotRunning { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

/// A worker's knowledge, kept up to date by news alone.
#[derive(Default)]
struct Known {
    trials: BTreeMap<u32, TrialRecord>,
}

impl Known {
    fn update(&mut self, store: &StudyFile) {
        let is_open = |trial: &&TrialRecord| matches!(trial.state, TrialState::Waiting | TrialState::Running);
        let open: Vec<u32> = self.trials.values().filter(is_open).map(|trial| trial.number).collect();
        let from = self.trials.len() as u32;
        let news = store.news(&open, from).unwrap();
        self.trials.extend(news.into_iter().map(|trial| (trial.number, trial)));
        assert!(self.trials.keys().copied().eq(0..self.trials.len() as u32), "numbers have no gap");
    }

    /// The lowest slot whose trial neither runs nor is finished.
    fn free_slot(&self) -> u32 {
        let is_taken = |trial: &&TrialRecord| trial.state == TrialState::Running || trial.state.is_finished();
        let taken: BTreeSet<u32> = self.trials.values().filter(is_taken).map(|trial| trial.slot).collect();
        (0..=taken.len() as u32).find(|slot| !taken.contains(slot)).unwrap()
    }
}

/// A started worker.
struct Worker {
    name: String,
    child: Child,
    errors: PathBuf,
}

impl Worker {
    fn start(folder: &Path, number: usize) -> Self {
        let name = format!("worker {number}");
        let errors = folder.join(format!("{name}.errors"));
        let child = Command::new(env::current_exe().unwrap())
            .args(["worker", "--exact", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .env(WORKER, &name)
            .stdout(Stdio::null())
            .stderr(File::create(&errors).unwrap())
            .spawn()
            .unwrap();
        Self { name, child, errors }
    }

    fn errors(&self) -> String {
        fs::read_to_string(&self.errors).unwrap()
    }

    /// Kills it with no chance to tidy up. It must have been alive: a worker that ends by itself has failed.
    fn kill(mut self) -> String {
        assert!(self.child.try_wait().unwrap().is_none(), "{} ended by itself: {}", self.name, self.errors());
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.name.clone()
    }

    fn wait(mut self) {
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{}: {}", self.name, self.errors());
    }
}

/// Nothing is left running when a check fails.
impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Kills and replaces workers, and puts their trials back in one way or the other. Returns how many it killed.
fn kill_and_replace(folder: &Path, workers: &mut [Option<Worker>], duration: Duration) -> usize {
    let mut supervisor = StudyFile::open_or_create(study(folder), &common::header(Metric::LogLoss)).unwrap();
    let ends = Instant::now() + duration;
    let mut n_killed = 0;
    while Instant::now() < ends {
        let dice = Seed(n_killed as u64).purpose(Purpose::Data).value();
        thread::sleep(Duration::from_millis(10 + dice % 150));
        let place = (dice >> 8) as usize % workers.len();
        let name = workers[place].take().unwrap().kill();
        n_killed += 1;
        match (dice >> 16) % 4 {
            // It is not known yet that the worker is dead; a later one of these finds out, or another worker that
            // lives is taken for dead, because it waited for its turn.
            0 => drop(supervisor.requeue_lost(Lost::Silent(Duration::from_millis(500)), "silent").unwrap()),
            1 => {}
            _ => {
                let lost = supervisor.requeue_lost(Lost::Worker(&name), "killed").unwrap();
                assert!(lost.len() <= 1 && lost.iter().all(|trial| trial.worker.as_ref() == Some(&name)));
            }
        }
        workers[place] = Some(Worker::start(folder, N_WORKERS + n_killed));
    }
    supervisor.close().unwrap();
    n_killed
}

/// Numbers of the trials that workers said were finished.
fn told(folder: &Path) -> BTreeSet<u32> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let told = files.filter(|path| path.extension().is_some_and(|extension| extension == "told"));
    let texts: Vec<String> = told.map(|path| fs::read_to_string(path).unwrap()).collect();
    texts.iter().flat_map(|text| text.lines()).map(|line| line.parse().unwrap()).collect()
}

fn assert_whole(trial: &TrialRecord) {
    let wanted = outcome(trial.slot);
    assert_eq!((trial.state, trial.cost), (wanted.state, wanted.cost), "trial {}", trial.number);
    assert_eq!((&trial.params, &trial.folds), (&params(trial.slot), &wanted.evaluation.folds));
    assert_eq!((&trial.steps, &trial.reason), (&wanted.evaluation.steps, &wanted.reason));
}

#[test]
fn eight_workers_that_are_killed_lose_nothing_and_hear_of_no_lock() {
    let seconds = env::var(SECS).map_or(4, |text| text.parse().unwrap());
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let mut workers: Vec<Option<Worker>> =
        (0..N_WORKERS).map(|number| Some(Worker::start(folder, number))).collect();
    let n_killed = kill_and_replace(folder, &mut workers, Duration::from_secs(seconds));
    // Half of them end as they should, while the others are killed.
    let to_end = workers.split_off(N_WORKERS / 2);
    File::create(end(folder)).unwrap();
    workers.into_iter().flatten().for_each(|mut worker| {
        let _ = worker.child.kill();
    });
    to_end.into_iter().flatten().for_each(Worker::wait);

    let path = study(folder);
    let mut store = StudyFile::open(&path).unwrap();
    store.requeue_lost(Lost::All, "the test is over").unwrap();
    let trials = store.trials().unwrap();
    assert!(trials.iter().zip(0..).all(|(trial, number)| trial.number == number));
    assert!(trials.iter().all(|trial| trial.state != TrialState::Running));
    let finished: BTreeMap<u32, &TrialRecord> =
        trials.iter().filter(|trial| trial.state.is_finished()).map(|trial| (trial.number, trial)).collect();
    finished.values().copied().for_each(assert_whole);
    let told = told(folder);
    let forgotten: Vec<&u32> = told.iter().filter(|number| !finished.contains_key(*number)).collect();
    assert!(forgotten.is_empty(), "finished and forgotten: {forgotten:?}");
    let holders: Vec<u32> =
        trials.iter().filter(|trial| trial.state != TrialState::Lost).map(|trial| trial.slot).collect();
    let slots: BTreeSet<u32> = holders.iter().copied().collect();
    assert_eq!(slots.len(), holders.len(), "every slot has one holder");
    assert!(slots.iter().copied().eq(0..slots.len() as u32), "no slot was left out");
    assert!(n_killed >= 5 && told.len() > N_WORKERS, "{n_killed} killed, {} trials: too few", told.len());
    store.close().unwrap();
    assert_one_sound_file(&path);

    let seen = python::run("read_study.py", &["read".as_ref(), path.as_os_str()]);
    let seen = seen["before"]["trials"].as_array().unwrap();
    assert_eq!(seen.len(), trials.len());
    for (trial, seen) in trials.iter().zip(seen).filter(|(trial, _)| trial.state == TrialState::Complete) {
        assert_eq!((&seen["state"], &seen["values"][0]), (&"COMPLETE".into(), &trial.cost.into()));
    }
    let n_lost = trials.iter().filter(|trial| trial.state == TrialState::Lost).count();
    eprintln!("{seconds} s: {n_killed} workers killed, {} trials finished, {n_lost} lost", finished.len());
}

fn assert_one_sound_file(path: &Path) {
    // Bytes 18 and 19 of the header are 1 outside write-ahead mode (SQLite, "Database File Format").
    assert_eq!(fs::read(path).unwrap()[18..20], [1, 1]);
    for suffix in ["-wal", "-shm", "-journal"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        assert!(!Path::new(&beside).exists(), "{suffix} is left");
    }
    let connection = Connection::open(path).unwrap();
    let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}
