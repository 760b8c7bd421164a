//! Several objectives, and what mattered.

use std::fs;

use serde_json::Value;

use crate::support::{Scratch, two_classes};

#[test]
fn two_objectives_have_a_front_in_leaderboard_and_report() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(200));
    let arguments = [
        "search",
        "--data",
        "train.csv",
        "--target",
        "target",
        "--out",
        "run",
        "--trials",
        "12",
        "--pruner",
        "none",
        "--families",
        "constant,linear,gbdt,mlp",
        "--also",
        "fit_time,accuracy",
    ];
    let printed = scratch.ok(&arguments);
    assert!(printed.stdout.contains("* on the Pareto front"), "{}", printed.stdout);
    let board: Value = serde_json::from_str(&scratch.ok(&["leaderboard", "run", "--json"]).stdout).unwrap();
    assert_eq!(board["also"], serde_json::json!(["fit_time", "accuracy"]));
    let rows = board["rows"].as_array().unwrap();
    let complete: Vec<(f64, f64, f64, bool)> = rows
        .iter()
        .filter(|row| row["state"] == "complete")
        .map(|row| {
            let number = |value: &Value| value.as_f64().unwrap();
            // Accuracy is to be large: as a cost it is negative.
            let (loss, time) = (number(&row["score"]), number(&row["also"][0]));
            (loss, time, -number(&row["also"][1]), row["on_front"].as_bool().unwrap())
        })
        .collect();
    assert!(complete.len() >= 10);
    for (place, trial) in complete.iter().enumerate() {
        let is_beaten = complete.iter().enumerate().any(|(other, by)| {
            other != place
                && by.0 <= trial.0
                && by.1 <= trial.1
                && by.2 <= trial.2
                && (by.0, by.1, by.2) != (trial.0, trial.1, trial.2)
        });
        assert_eq!(trial.3, !is_beaten, "trial {place} of {complete:?}");
    }
    let csv = fs::read_to_string(scratch.path("run/leaderboard.csv")).unwrap();
    assert!(csv.lines().next().unwrap().contains("fit_time,accuracy,on_front"), "{csv}");
    let report = fs::read_to_string(scratch.path("run/report.html")).unwrap();
    assert!(report.contains("log_loss against fit_time"), "the report draws the front");
}

#[test]
fn importance_names_the_parameter_that_matters() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(300));
    scratch.write(
        "experiment.toml",
        "data = 'train.csv'\ntarget = 'target'\nout = 'run'\n[search]\ntrials = 40\nfamilies = ['linear']\n\
        sampler = 'random'\npruner = 'none'\n",
    );
    scratch.ok(&["search", "experiment.toml"]);
    for method in [&[][..], &["--best"]] {
        let arguments = [&["importance", "run", "--json"], method].concat();
        let told: Value = serde_json::from_str(&scratch.ok(&arguments).stdout).unwrap();
        let params = told["params"].as_array().unwrap();
        assert_eq!(params[0]["name"], "linear.penalty", "{told}");
        let total: f64 = params.iter().map(|of| of["share"].as_f64().unwrap()).sum();
        assert!((0.0..=1.0 + 1e-9).contains(&total), "{total}");
    }
    let printed = scratch.ok(&["importance", "run"]);
    assert!(printed.stdout.contains("linear.penalty"), "{}", printed.stdout);
}

#[test]
fn importance_of_too_few_trials_is_refused_with_their_number() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(200));
    scratch.ok(&["search", "--data", "train.csv", "--target", "target", "--out", "run", "--trials", "3"]);
    let printed = scratch.automl(&["importance", "run"]);
    assert_eq!(printed.code, Some(3), "{}", printed.stdout);
    assert!(printed.stderr.contains('3') && printed.stderr.contains("10"), "{}", printed.stderr);
}

#[test]
fn every_sampler_and_pruner_runs() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(200));
    for (sampler, pruner) in [
        ("auto", "median"),
        ("tpe", "percentile"),
        ("gp", "asha"),
        ("cmaes", "hyperband"),
        ("nsga2", "racing"),
        ("sobol", "none"),
        ("grid", "median"),
        ("random", "racing"),
    ] {
        let arguments = [
            "search",
            "--data",
            "train.csv",
            "--target",
            "target",
            "--families",
            "linear",
            "--trials",
            "14",
            "--sampler",
            sampler,
            "--pruner",
            pruner,
            "--out",
            sampler,
        ];
        scratch.ok(&arguments);
        let board: Value =
            serde_json::from_str(&scratch.ok(&["leaderboard", sampler, "--json"]).stdout).unwrap();
        assert_eq!(board["rows"].as_array().unwrap().len(), 14, "{sampler} with {pruner}");
    }
}

/// A grid ends by itself.
#[test]
fn a_grid_is_searched_to_its_end() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(200));
    scratch.write(
        "experiment.toml",
        "data = 'train.csv'\ntarget = 'target'\nout = 'run'\n[search]\ntime = '60s'\nfamilies = ['linear']\n\
        sampler = 'grid'\npruner = 'none'\n[search.space]\n'linear.penalty' = [0.1, 1, 10]\n\
        'prep.scaling' = ['standard', 'robust']\n'linear.class_weights' = 'none'\n'linear.penalty_kind' = 'ridge'\n'prep.min_level_count' = 2\n",
    );
    scratch.ok(&["search", "experiment.toml"]);
    let board: Value = serde_json::from_str(&scratch.ok(&["leaderboard", "run", "--json"]).stdout).unwrap();
    let n = board["rows"].as_array().unwrap().len();
    // The default of the family is one of the grid's or one more.
    assert!((6..=7).contains(&n), "{n} trials");
}
