//! Many processes on one study: workers that share it, join it, die, hang and run out of memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use automl::{Event, Experiment, ExperimentConfig, Jobs, StopSignal};
use serde_json::Value;

use crate::support::{Scratch, python, two_classes};

/// What Python reads of a study file, by SQL and by Optuna.
const READ: &str = r#"
import json, sqlite3, sys, optuna
db = sqlite3.connect(sys.argv[1])
rows = db.execute("""SELECT t.number, t.state,
    (SELECT value_json FROM trial_system_attributes a WHERE a.trial_id = t.trial_id AND a.key = 'automl:slot'),
    (SELECT value_json FROM trial_system_attributes a WHERE a.trial_id = t.trial_id AND a.key = 'automl:worker'),
    (SELECT value_json FROM trial_user_attributes a WHERE a.trial_id = t.trial_id AND a.key = 'reason')
    FROM trials t ORDER BY t.number""").fetchall()
integrity = db.execute("PRAGMA integrity_check").fetchone()[0]
db.close()
optuna.logging.set_verbosity(optuna.logging.ERROR)
study = optuna.load_study(study_name=None, storage="sqlite:///" + sys.argv[1])
print(json.dumps({"trials": rows, "integrity": integrity, "optuna": [t.state.name for t in study.trials]}))
"#;

/// A trial as SQL tells it.
#[derive(Debug)]
struct Row {
    number: u64,
    state: String,
    slot: u64,
    worker: String,
    reason: String,
}

fn rows(study: &Path) -> Vec<Row> {
    let output = Command::new(python()).args(["-c", READ]).arg(study).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read["integrity"], "ok");
    let rows: Vec<Row> = read["trials"].as_array().unwrap().iter().map(row).collect();
    let states: Vec<&str> = rows.iter().map(|row| row.state.as_str()).collect();
    // Optuna looks a moment later: trials may have been added or ended since.
    let seen: Vec<&str> = read["optuna"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(seen.len() >= states.len());
    for (number, (sql, optuna)) in states.iter().zip(seen).enumerate() {
        assert!(*sql == optuna || *sql == "RUNNING" || *sql == "WAITING", "trial {number}: {sql}, {optuna}");
    }
    rows
}

fn row(row: &Value) -> Row {
    let text = |value: &Value| value.as_str().unwrap_or_default().trim_matches('"').to_owned();
    Row {
        number: row[0].as_u64().unwrap(),
        state: text(&row[1]),
        slot: row[2].as_str().and_then(|slot| slot.parse().ok()).expect("every trial has a slot"),
        worker: text(&row[3]),
        reason: text(&row[4]),
    }
}

fn is_finished(row: &Row) -> bool {
    row.state == "COMPLETE" || row.state == "PRUNED"
}

/// Every slot has been filled once.
fn assert_filled(rows: &[Row], n: u64) {
    let slots: Vec<u64> = rows.iter().filter(|row| is_finished(row)).map(|row| row.slot).collect();
    assert_eq!(slots.len(), n as usize, "{rows:?}");
    assert_eq!(slots.iter().copied().collect::<BTreeSet<_>>(), (0..n).collect(), "{rows:?}");
}

fn search(scratch: &Scratch, more: &[&str]) -> Command {
    let mut command =
        scratch.command(&["search", "--data", "train.csv", "--target", "target", "--out", "run"]);
    // Quick families, so that what is tested falls into many trials.
    command.args(["--families", "constant,linear,gbdt,mlp"]);
    command.args(more).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn study(scratch: &Scratch) -> PathBuf {
    scratch.path("run/study.sqlite3")
}

/// Process numbers of the workers that `parent` started.
fn workers_of(parent: &Child) -> Vec<u32> {
    let children = format!("/proc/{0}/task/{0}/children", parent.id());
    let children = fs::read_to_string(children).unwrap_or_default();
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn send(signal: &str, pid: u32) {
    // The process may have ended by itself meanwhile.
    let _ = Command::new("kill").args([signal, &pid.to_string()]).stderr(Stdio::null()).status().unwrap();
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not happen within a minute");
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn jobs_share_the_trials() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(300));
    let output = search(&scratch, &["--trials", "12", "--jobs", "3"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = rows(&study(&scratch));
    assert_filled(&rows, 12);
    assert_eq!(rows.len(), 12);
    let workers: BTreeSet<&str> = rows.iter().map(|row| row.worker.as_str()).collect();
    assert!(workers.len() > 1 && workers.len() <= 3, "{workers:?}");
    assert!(workers.iter().all(|name| name.starts_with("job ")), "{workers:?}");
}

/// For `AUTOML_KILL_SECONDS` seconds workers are killed at random; 300 is what a release is tried with.
#[cfg(target_os = "linux")]
#[test]
fn workers_killed_at_random_lose_no_finished_trial() {
    let seconds: u64 =
        std::env::var("AUTOML_KILL_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(300));
    let time = format!("{seconds}s");
    let mut parent =
        search(&scratch, &["--time", &time, "--jobs", "8"]).stderr(Stdio::null()).spawn().unwrap();
    let mut known: BTreeMap<u64, String> = BTreeMap::new();
    let mut random = 1_u32;
    let mut n_kills = 0;
    let started = Instant::now();
    while parent.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(300));
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let workers = workers_of(&parent);
        if let Some(pid) = workers.get((random >> 16) as usize % workers.len().max(1)) {
            send("-KILL", *pid);
            n_kills += 1;
        }
        if n_kills % 10 == 9 {
            // What was seen to be finished must still be there, and be the same, later.
            for row in rows(&study(&scratch)).iter().filter(|row| is_finished(row)) {
                let state = known.entry(row.number).or_insert_with(|| row.state.clone());
                assert_eq!(*state, row.state, "trial {}", row.number);
            }
        }
    }
    let took = started.elapsed().as_secs_f64();
    assert!(n_kills >= 10, "{n_kills} kills");
    assert!(took < seconds as f64 + 5.0_f64.max(0.02 * seconds as f64), "{took} s of {seconds} s");
    let rows = rows(&study(&scratch));
    for (number, state) in &known {
        let row = rows.iter().find(|row| row.number == *number);
        assert_eq!(row.map(|row| &row.state), Some(state), "trial {number}");
    }
    assert!(rows.iter().all(|row| row.state != "RUNNING"), "{rows:?}");
    let slots: Vec<u64> = rows.iter().filter(|row| is_finished(row)).map(|row| row.slot).collect();
    assert_eq!(slots.iter().collect::<BTreeSet<_>>().len(), slots.len(), "a slot was filled twice: {rows:?}");
    // On a busy machine a few kills may all fall on workers that were about to begin.
    assert!(n_kills < 30 || rows.iter().any(|row| row.reason == "its worker was killed"), "{rows:?}");
    assert!(!slots.is_empty(), "no trial was finished between {n_kills} kills");
    println!("{n_kills} kills in {took:.1} s, {} finished trials of {}", slots.len(), rows.len());
}

/// A process that does not even answer signals but one: whatever a trial is doing, the search ends in time.
#[cfg(target_os = "linux")]
#[test]
fn a_worker_that_hangs_does_not_keep_the_search_from_ending() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(300));
    let started = Instant::now();
    let mut parent = search(&scratch, &["--time", "6s"]).spawn().unwrap();
    wait_until("a worker", || !workers_of(&parent).is_empty());
    sleep(Duration::from_secs(3));
    for pid in workers_of(&parent) {
        send("-STOP", pid);
    }
    assert!(parent.wait().unwrap().success());
    let took = started.elapsed().as_secs_f64();
    assert!((5.9..11.0).contains(&took), "{took} s of 6 s");
    let rows = rows(&study(&scratch));
    assert!(rows.iter().all(|row| row.state != "RUNNING"), "{rows:?}");
    assert!(scratch.path("run/model/manifest.json").is_file());
}

#[test]
fn a_worker_may_join_and_ends_with_the_search() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(300));
    let mut parent = search(&scratch, &["--time", "8s"]).spawn().unwrap();
    wait_until("a study", || study(&scratch).exists());
    let mut guest = scratch.command(&["worker", "--study", "run/study.sqlite3", "--threads", "1"]);
    let guest = guest.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    assert!(parent.wait().unwrap().success());
    let output = guest.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || output.status.code() == Some(130), "{said}");
    let rows = rows(&study(&scratch));
    let of = |role: &str| rows.iter().filter(|row| row.worker.starts_with(role)).count();
    assert!(of("job ") > 0 && of("worker ") > 0, "{rows:?}");
}

#[test]
fn a_worker_without_a_limit_is_refused() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(200));
    assert!(search(&scratch, &["--time", "3s"]).status().unwrap().success());
    let printed = scratch.automl(&["worker", "--study", "run/study.sqlite3"]);
    assert_eq!(printed.code, Some(3), "{}", printed.stderr);
    assert!(printed.stderr.contains("nothing limits the worker"), "{}", printed.stderr);
    scratch.ok(&["worker", "--study", "run/study.sqlite3", "--time", "1s"]);
}

/// A stand-in for `automl` that ends its first `n` workers as an allocation that fails does.
#[cfg(unix)]
fn short_of_memory(scratch: &Scratch, n: u32) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let marks = scratch.path("mark");
    let script = format!(
        "#!/bin/sh\nfor n in $(seq {n}); do\n  if mkdir {marks}.$n 2>/dev/null; then\n    \
        (sleep 1.5; echo 'memory allocation of 8000000000 bytes failed' >&2; kill -ABRT $$) &\n    break\n  fi\ndone\n\
        exec {automl} \"$@\"\n",
        marks = marks.display(),
        automl = env!("CARGO_BIN_EXE_automl"),
    );
    let path = scratch.write("automl-short-of-memory", script);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[cfg(unix)]
#[test]
fn a_worker_ended_for_lack_of_memory_costs_one_trial_and_is_told() {
    let scratch = Scratch::new();
    // Enough rows that a trial is running whenever the blow falls.
    let data = scratch.write("train.csv", two_classes(1500));
    let mut config = ExperimentConfig::new(&data, "target");
    config.out = Some(scratch.path("run"));
    config.search.trials = Some(3);
    config.search.families = vec!["mlp".to_owned()];
    config.search.space.insert("mlp.batch_size".to_owned(), 64.into());
    let experiment = Experiment::prepare(config).unwrap();
    let jobs = Jobs { n: 1, program: short_of_memory(&scratch, 1) };
    let mut warnings = Vec::new();
    let mut observer = |event: &Event<'_>| {
        if let Event::Warning { message } = event {
            warnings.push((*message).to_owned());
        }
    };
    let result = experiment.run_with_jobs(&jobs, &StopSignal::never(), &mut observer).unwrap();
    assert!(result.best.is_some());
    let told = warnings.iter().any(|warning| {
        warning.contains("out of memory") && warning.contains("tried once more, one fold at a time")
    });
    assert!(told, "{warnings:?}");
    let rows = rows(&study(&scratch));
    let lost: Vec<&Row> = rows.iter().filter(|row| row.reason.starts_with("out of memory")).collect();
    assert_eq!(lost.len(), 1, "{rows:?}");
    assert!(rows.iter().any(|row| row.slot == lost[0].slot && row.state == "COMPLETE"), "{rows:?}");
    assert_filled(&rows, 3);
}

#[cfg(unix)]
#[test]
fn workers_that_cannot_start_end_the_search_with_what_they_said() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let data = scratch.write("train.csv", two_classes(200));
    let program = scratch.write("broken", "#!/bin/sh\necho 'libtorch.so: cannot open' >&2\nexit 127\n");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut config = ExperimentConfig::new(&data, "target");
    config.out = Some(scratch.path("run"));
    let experiment = Experiment::prepare(config).unwrap();
    let error = experiment.run_with_jobs(&Jobs { n: 2, program }, &StopSignal::never(), &mut ()).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("end one after another") && error.contains("libtorch.so: cannot open"), "{error}");
}
