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
