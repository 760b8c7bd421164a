//! A search that is killed or interrupted loses nothing and ends as if nothing had happened.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Scratch, python, two_classes};

/// Families that are quick, so that twenty kills fall into many trials.
const FAMILIES: &str = "constant,linear,gbdt,mlp";
const ARGUMENTS: [&str; 13] = [
    "search",
    "--data",
    "train.csv",
    "--target",
    "target",
    "--trials",
    "8",
    "--seed",
    "1",
    "--out",
    "run",
    "--families",
    FAMILIES,
];

/// Finished trials by configuration: what must survive.
fn finished(scratch: &Scratch) -> BTreeMap<String, String> {
    let printed = scratch.automl(&["leaderboard", "run", "--json"]);
    if printed.code != Some(0) {
        // Killed before the study was made.
        return BTreeMap::new();
    }
    let board: Value = serde_json::from_str(&printed.stdout).unwrap();
    let rows = board["rows"].as_array().unwrap().iter();
    let done = rows.filter(|row| ["complete", "pruned", "failed"].contains(&row["state"].as_str().unwrap()));
    done.map(|row| (row["trial"].to_string(), format!("{} {} {}", row["state"], row["score"], row["params"])))
        .collect()
}

/// The final result without numbers and times: what an uninterrupted run must equal.
fn result(scratch: &Scratch) -> (Vec<String>, String) {
    let mut told: Vec<String> = finished(scratch).into_values().collect();
    told.sort();
    let sums = std::fs::read_to_string(scratch.path("run/model/SHA256SUMS")).unwrap();
    // The manifest names the trial's number, which a retried trial has another of.
    (told, sums.lines().filter(|line| !line.ends_with("manifest.json")).collect())
}

fn uninterrupted() -> (Scratch, Duration) {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(400));
    let started = Instant::now();
    scratch.ok(&ARGUMENTS);
    (scratch, started.elapsed())
}

fn integrity(scratch: &Scratch) {
    const CHECK: &str = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchone()[0])";
    let study = scratch.path("run/study.sqlite3");
    if !study.exists() {
        return;
    }
    let output = Command::new(python()).args(["-c", CHECK]).arg(study).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "ok",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn twenty_kills_lose_no_trial_and_change_no_result() {
    let (whole, duration) = uninterrupted();
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(400));
    let mut before = BTreeMap::new();
    for kill in 0..20_u32 {
        let mut child =
            scratch.command(&ARGUMENTS).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Moments spread over the run without a pattern: the fractional parts of multiples of the golden ratio.
        let share = (f64::from(kill + 1) * 0.618_033_988_75).fract();
        sleep(duration.mul_f64(0.05 + 0.45 * share));
        child.kill().unwrap();
        child.wait().unwrap();
        integrity(&scratch);
        let after = finished(&scratch);
        for (number, trial) in &before {
            assert_eq!(after.get(number), Some(trial), "trial {number} after kill {kill}");
        }
        before = after;
    }
    scratch.ok(&ARGUMENTS);
    assert_eq!(result(&scratch), result(&whole));
}

#[test]
fn an_interrupt_ends_in_good_order_and_the_same_command_goes_on() {
    let (whole, _) = uninterrupted();
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(400));
    let mut command = scratch.command(&ARGUMENTS);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The first line about trials tells that the first of them is done and seven are not.
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("1 of 8 trials")), "no line about the first trial");
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let stderr: Vec<String> = lines.map(Result::unwrap).collect();
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{stdout}\n{stderr:?}");
    assert!(stdout.contains("interrupted"), "{stdout}");
    assert!(scratch.path("run/report.html").is_file());
    scratch.ok(&ARGUMENTS);
    assert_eq!(result(&scratch), result(&whole));
}
