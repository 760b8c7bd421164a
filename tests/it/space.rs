//! What a user changes of a search: its space, where it starts, when it ends, and how trials are looked at.

use serde_json::Value;

use crate::support::{Scratch, two_classes};

fn rows(scratch: &Scratch) -> Vec<Value> {
    let board: Value = serde_json::from_str(&scratch.ok(&["leaderboard", "run", "--json"]).stdout).unwrap();
    let mut rows = board["rows"].as_array().unwrap().clone();
    rows.sort_by_key(|row| row["trial"].as_u64());
    rows
}

fn experiment(scratch: &Scratch, search: &str) {
    scratch.write("experiment.toml", format!("data = 'train.csv'\ntarget = 'target'\nout = 'run'\n{search}"));
}

const RUN: [&str; 2] = ["search", "experiment.toml"];

#[test]
fn a_changed_space_holds_for_defaults_and_proposals() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(200));
    experiment(
        &scratch,
        "[search]\ntrials = 14\n[search.space]\nfamily = ['linear']\n'linear.penalty' = { low = 0.5, high = 2 }\n\
        'prep.scaling' = 'standard'\n",
    );
    scratch.ok(&RUN);
    let rows = rows(&scratch);
    assert_eq!(rows.len(), 14);
    for row in rows {
        assert_eq!(row["family"], "linear");
        assert!((0.5..=2.0).contains(&row["params"]["linear.penalty"].as_f64().unwrap()), "{row}");
        assert_eq!(row["params"]["prep.scaling"], "standard");
    }
}

#[test]
fn a_limit_on_the_command_line_leaves_the_other_one_of_the_file() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(100));
    experiment(&scratch, "[search]\ntrials = 2\nfamilies = ['linear']\n");
    scratch.ok(&["search", "experiment.toml", "--time", "50s"]);
    assert_eq!(rows(&scratch).len(), 2);
    let config = std::fs::read_to_string(scratch.path("run/experiment.toml")).unwrap();
    assert!(config.contains("trials = 2") && config.contains("time = \"50s\""), "{config}");
}

#[test]
fn a_study_may_be_widened_but_not_narrowed() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(200));
    let with = |trials: u32, high: f64| {
        experiment(
            &scratch,
            &format!(
                "[search]\ntrials = {trials}\nfamilies = ['linear']\n[search.space]\n\
                'linear.penalty' = {{ low = 0.001, high = {high:?} }}\n"
            ),
        );
    };
    with(12, 0.01);
    scratch.ok(&RUN);
    let before = rows(&scratch);
    with(24, 100.0);
    scratch.ok(&RUN);
    let after = rows(&scratch);
    assert_eq!(after.len(), 24);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((&before["params"], &before["score"]), (&after["params"], &after["score"]));
    }
    let wide = |row: &Value| row["params"]["linear.penalty"].as_f64().is_some_and(|penalty| penalty > 0.01);
    assert!(!before.iter().any(wide) && after.iter().any(wide), "{after:?}");
    with(30, 0.01);
    let printed = scratch.automl(&RUN);
    assert_eq!(printed.code, Some(3));
    assert!(printed.stderr.contains("another search space"), "{}", printed.stderr);
    assert!(printed.stderr.contains("`linear.penalty` is 0.001 to 100"), "{}", printed.stderr);
}

#[test]
fn enqueued_configurations_come_first_and_defaults_next() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(200));
    experiment(
        &scratch,
        "[search]\ntrials = 4\n[[search.enqueue]]\nfamily = 'linear'\n'linear.penalty' = 0.125\n\
        [[search.enqueue]]\nfamily = 'constant'\n",
    );
    scratch.ok(&RUN);
    let rows = rows(&scratch);
    assert_eq!(rows[0]["params"]["linear.penalty"], 0.125);
    assert_eq!(rows[1]["family"], "constant");
    assert!(rows[2]["family"] != "constant" && rows[2]["params"]["linear.penalty"] != 0.125);
}

#[test]
fn a_wanted_score_ends_the_search() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(300));
    let arguments =
        ["search", "--data", "train.csv", "--target", "target", "--out", "run", "--metric", "accuracy"];
    let printed = scratch.ok(&[&arguments[..], &["--trials", "40", "--target-score", "0.9"]].concat());
    let rows = rows(&scratch);
    assert!(rows.len() < 40, "{} trials", rows.len());
    assert!(rows.iter().any(|row| row["score"].as_f64().is_some_and(|score| score >= 0.9)));
    assert!(printed.stdout.contains("the wanted score is reached"), "{}", printed.stdout);
}

#[test]
fn a_plateau_ends_the_search() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(200));
    experiment(&scratch, "[search]\ntrials = 400\nplateau = true\nfamilies = ['linear']\n");
    let printed = scratch.ok(&RUN);
    let n = rows(&scratch).len();
    assert!((60..400).contains(&n), "{n} trials");
    assert!(printed.stdout.contains("no improvement worth a trial is expected"), "{}", printed.stdout);
}

#[test]
fn epochs_and_rows_are_looked_at_when_asked_for() {
    for (fidelity, is_step) in [
        ("epochs", (|step: u64| (1..10_000).contains(&step)) as fn(u64) -> bool),
        ("rows", |step| step == 11 || step == 33),
    ] {
        let scratch = Scratch::new();
        scratch.write("train.csv", two_classes(300));
        experiment(
            &scratch,
            &format!(
                "[search]\ntrials = 12\nfidelity = '{fidelity}'\npruner = 'median'\nfamilies = ['mlp']\n"
            ),
        );
        scratch.ok(&RUN);
        let steps = steps(&scratch);
        assert!(steps.iter().any(|step| is_step(*step)), "{fidelity}: {steps:?}");
        assert!(steps.iter().all(|step| is_step(*step) || step % 10_000 == 0), "{fidelity}: {steps:?}");
    }
}

fn steps(scratch: &Scratch) -> Vec<u64> {
    const READ: &str = "import sqlite3, sys, json; print(json.dumps([row[0] for row in \
        sqlite3.connect(sys.argv[1]).execute('SELECT step FROM trial_intermediate_values')]))";
    let output = std::process::Command::new(crate::support::python())
        .args(["-c", READ])
        .arg(scratch.path("run/study.sqlite3"))
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn mistakes_in_the_space_are_told_before_anything_is_written() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(200));
    for (search, told) in [
        ("[search.space]\n'linear.penalt' = 1\n", "`linear.penalt`"),
        ("[search.space]\n'linear.penalty' = 'much'\n", "`linear.penalty` is \"much\""),
        ("[[search.enqueue]]\nfamily = 'linear'\n'linear.penalty' = -1\n", "`linear.penalty` must be"),
        ("[search]\nalso = ['rmse']\n", "rmse is not defined for binary tasks"),
        ("[search]\nalso = ['speed']\n", "speed"),
    ] {
        experiment(&scratch, search);
        let printed = scratch.automl(&RUN);
        assert_eq!(printed.code, Some(3), "{search}: {}", printed.stderr);
        assert!(printed.stderr.contains(told), "{search}: {}", printed.stderr);
        assert!(!scratch.path("run").exists(), "{search}");
    }
}
