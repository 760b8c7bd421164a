//! A real browser opens reports: nothing is asked of a network, nothing complains, everything can be reached.

use std::process::Command;

use serde_json::Value;

use crate::support::{Scratch, project, python, table, two_classes};

/// What `tests/python/browser.py` found in a page.
fn opened(scratch: &Scratch, page: &str) -> Value {
    let script = project().join("tests/python/browser.py");
    let output = Command::new(python()).arg(script).arg(scratch.path(page)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What holds of every page.
fn check(found: &Value) {
    for nothing in ["requests", "complaints", "axe"] {
        assert_eq!(found[nothing].as_array().map(Vec::len), Some(0), "{nothing}: {:#}", found[nothing]);
    }
    for width in ["390", "1440"] {
        assert_eq!(found["overflow"][width], 0, "pixels beyond {width}");
    }
    let themes: Vec<&str> =
        found["themes"].as_array().unwrap().iter().map(|of| of.as_str().unwrap()).collect();
    assert!(themes[0] == themes[1] && themes[1] != themes[2] && themes[3] == themes[0], "{themes:?}");
    assert_ne!(found["sorts"], false);
    assert!(found["filter"].is_null() || found["filter"] == 0, "{}", found["filter"]);
    assert_ne!(found["zoom"], false);
    assert!(found["sections"].as_u64() >= Some(5), "{}", found["sections"]);
}

fn report_of(content: String) -> (Scratch, Value) {
    let scratch = Scratch::new();
    scratch.write("train.csv", content);
    scratch.ok(&["search", "--data", "train.csv", "--target", "target", "--trials", "14", "--out", "run"]);
    let found = opened(&scratch, "run/report.html");
    check(&found);
    assert!(found["charts"].as_u64() >= Some(20), "{}", found["charts"]);
    assert_eq!((&found["sorts"], &found["zoom"]), (&Value::Bool(true), &Value::Bool(true)));
    (scratch, found)
}

#[test]
fn a_report_of_two_classes_opens_and_so_does_that_of_one_trial() {
    let (scratch, _) = report_of(two_classes(200));
    scratch.ok(&["report", "run", "--trial", "1"]);
    check(&opened(&scratch, "run/report-trial-1.html"));
}

#[test]
fn a_report_of_many_classes_opens() {
    report_of(table(200, |x, y| format!("c{}", (4.0 * (x + y) / 2.0) as u32)));
}

#[test]
fn a_report_of_a_regression_opens() {
    report_of(table(200, |x, y| format!("{:.5}", x - y)));
}

#[test]
fn a_report_of_a_single_trial_opens() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(120));
    scratch.ok(&["search", "--data", "train.csv", "--target", "target", "--trials", "1", "--out", "run"]);
    check(&opened(&scratch, "run/report.html"));
}

#[test]
fn a_report_of_failed_trials_alone_opens() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(120));
    // No fit fits into so little memory.
    let arguments = [
        "search",
        "--data",
        "train.csv",
        "--target",
        "target",
        "--trials",
        "3",
        "--memory",
        "1kB",
        "--families",
        "mlp",
        "--out",
        "run",
    ];
    assert_eq!(scratch.automl(&arguments).code, Some(4));
    let found = opened(&scratch, "run/report.html");
    check(&found);
}
