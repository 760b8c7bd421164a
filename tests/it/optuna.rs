//! Python's Optuna reads a run's study as its own.

use std::process::Command;

use serde_json::Value;

use crate::support::{Scratch, python, two_classes};

const READ: &str = r#"
import json, sys, optuna
study = optuna.load_study(study_name=None, storage="sqlite:///" + sys.argv[1])
best = study.best_trial
print(json.dumps({"number": best.number, "value": best.value, "params": best.params,
                  "states": [t.state.name for t in study.trials]}))
"#;

#[test]
fn optuna_finds_the_same_best_trial() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(200));
    for metric in ["log_loss", "roc_auc"] {
        let arguments = [
            "search",
            "--data",
            "train.csv",
            "--target",
            "target",
            "--trials",
            "6",
            "--metric",
            metric,
            "--out",
            metric,
        ];
        scratch.ok(&arguments);
        let board: Value =
            serde_json::from_str(&scratch.ok(&["leaderboard", metric, "--json"]).stdout).unwrap();
        let study = scratch.path(metric).join("study.sqlite3");
        let output = Command::new(python()).args(["-c", READ]).arg(study).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let optuna: Value = serde_json::from_slice(&output.stdout).unwrap();
        let best = &board["rows"][0];
        assert_eq!(optuna["number"], best["trial"]);
        assert_eq!(optuna["params"], best["params"]);
        let (theirs, ours) = (optuna["value"].as_f64().unwrap(), best["score"].as_f64().unwrap());
        assert!((theirs - ours).abs() < 1e-12, "{theirs} {ours}");
        assert_eq!(optuna["states"].as_array().unwrap().len(), 6);
    }
}

const MAKE: &str = r#"
import sys, optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
storage = "sqlite:///theirs.sqlite3"
optuna.copy_study(from_study_name="train", from_storage="sqlite:///run/study.sqlite3",
                  to_storage=storage, to_study_name="theirs")
study = optuna.load_study(study_name="theirs", storage=storage)
like = next(t for t in study.trials if t.params["family"] == "linear")
add = lambda value, penalty: study.add_trial(optuna.trial.create_trial(
    params={**like.params, "linear.penalty": penalty}, distributions=like.distributions, value=value))
add(1e-9, 0.0123)
add(0.9, 7.5)
optuna.create_study(study_name="another", storage=storage)
"#;

/// A file of Optuna's with eight finished trials, two of them Optuna's own, and a second study.
fn made_by_optuna() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(200));
    scratch.ok(&SEARCH);
    let output = Command::new(python()).args(["-c", MAKE]).current_dir(scratch.path("")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::remove_dir_all(scratch.path("run")).unwrap();
    scratch
}

const SEARCH: [&str; 11] = [
    "search",
    "--data",
    "train.csv",
    "--target",
    "target",
    "--families",
    "linear",
    "--trials",
    "6",
    "--out",
    "run",
];

const COUNT: &str = "import optuna, sys; print([t.state.name for t in optuna.load_study(study_name='theirs', \
    storage='sqlite:///theirs.sqlite3').trials].count('COMPLETE'))";

#[test]
fn a_search_goes_on_with_a_study_that_optuna_made() {
    let scratch = made_by_optuna();
    let mut more = SEARCH.to_vec();
    more[8] = "14";
    more.extend(["--storage", "theirs.sqlite3", "--study-name", "theirs", "--sampler", "tpe"]);
    let printed = scratch.ok(&more);
    assert!(printed.stdout.contains("theirs.sqlite3"), "{}", printed.stdout);
    assert!(!scratch.path("run/study.sqlite3").exists());
    let board: Value = serde_json::from_str(&scratch.ok(&["leaderboard", "run", "--json"]).stdout).unwrap();
    let rows = board["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 14);
    let of = |trial: u64| rows.iter().find(|row| row["trial"] == trial).unwrap();
    assert_eq!(of(6)["params"]["linear.penalty"], 0.0123);
    // The model comes from a trial that was trained here, though Optuna's has the better value.
    let manifest = std::fs::read_to_string(scratch.path("run/model/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert!(manifest["models"][0]["trial"].as_u64().unwrap() >= 8, "{manifest}");
    scratch.ok(&["report", "run"]);
    scratch.ok(&["predict", "--model", "run/model", "--data", "train.csv", "--out", "out.csv"]);
    let output = Command::new(python()).args(["-c", COUNT]).current_dir(scratch.path("")).output().unwrap();
    let complete: usize = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
    assert!(complete >= 8, "{complete} complete");
}

#[test]
fn a_study_of_optuna_that_does_not_fit_is_refused_and_left_as_it_was() {
    let scratch = made_by_optuna();
    let before = std::fs::read(scratch.path("theirs.sqlite3")).unwrap();
    let with = |more: &[&'static str]| {
        let mut arguments = SEARCH.to_vec();
        arguments.extend(["--storage", "theirs.sqlite3"]);
        arguments.extend(more);
        scratch.automl(&arguments)
    };
    let unnamed = with(&[]);
    assert!(unnamed.stderr.contains("`theirs`, `another`"), "{}", unnamed.stderr);
    let other_direction = with(&["--study-name", "theirs", "--metric", "roc_auc"]);
    assert!(other_direction.stderr.contains("MAXIMIZE"), "{}", other_direction.stderr);
    let mut other_space = SEARCH.to_vec();
    other_space[6] = "mlp";
    other_space.extend(["--storage", "theirs.sqlite3", "--study-name", "theirs"]);
    let printed = scratch.automl(&other_space);
    assert!(printed.stderr.contains("holds no trial whose configuration"), "{}", printed.stderr);
    assert!(printed.stderr.contains("`family` is linear"), "{}", printed.stderr);
    assert_eq!(std::fs::read(scratch.path("theirs.sqlite3")).unwrap(), before);
}
