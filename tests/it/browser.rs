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

fn report_of(content: String, n_trials: &str) -> (Scratch, Value) {
    let scratch = Scratch::new();
    scratch.write("train.csv", content);
    let arguments =
        ["search", "--data", "train.csv", "--target", "target", "--trials", n_trials, "--out", "run"];
    scratch.ok(&arguments);
    let found = opened(&scratch, "run/report.html");
    check(&found);
    assert!(found["charts"].as_u64() >= Some(20), "{}", found["charts"]);
    assert_eq!((&found["sorts"], &found["zoom"]), (&Value::Bool(true), &Value::Bool(true)));
    (scratch, found)
}

#[test]
fn a_report_of_two_classes_opens_and_so_does_that_of_one_trial() {
    let (scratch, _) = report_of(two_classes(200), "14");
    scratch.ok(&["report", "run", "--trial", "1"]);
    check(&opened(&scratch, "run/report-trial-1.html"));
}

#[test]
fn a_report_of_many_classes_opens() {
    report_of(table(200, |x, y| format!("c{}", (4.0 * (x + y) / 2.0) as u32)), "14");
}

#[test]
fn a_report_of_a_regression_opens() {
    report_of(table(200, |x, y| format!("{:.5}", x - y)), "14");
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

#[test]
fn hostile_names_do_no_harm_in_any_section() {
    let scratch = Scratch::new();
    let long = "a very long name ".repeat(30);
    let names = [
        "<script>alert(1)</script>",
        long.trim(),
        "\"'><img src=x onerror=alert(2)>",
        "{{ 7 * 7 }} \u{202e}&amp;",
    ];
    let head: Vec<String> = names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
    let content = two_classes(200).replace("x,y,color,noise,target", &(head.join(",") + ",</style>target"));
    // Levels and labels are of strangers too.
    let content =
        content.replace("red", "<b onclick=alert(3)>").replace("yes", "</script><script>alert(4)//");
    scratch.write("train.csv", content);
    scratch.ok(&[
        "search",
        "--data",
        "train.csv",
        "--target",
        "</style>target",
        "--trials",
        "14",
        "--out",
        "run",
    ]);
    check(&opened(&scratch, "run/report.html"));
    let page = std::fs::read_to_string(scratch.path("run/report.html")).unwrap();
    for raw in ["<script>alert", "<img", "<b onclick", "</style>target"] {
        assert!(!page.contains(raw), "{raw} is in the page as it is");
    }
}

#[test]
fn a_report_of_a_nested_search_opens_and_tells_of_the_outer_folds() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(150));
    let arguments = [
        "search",
        "--data",
        "train.csv",
        "--target",
        "target",
        "--trials",
        "4",
        "--nested",
        "2",
        "--out",
        "run",
    ];
    scratch.ok(&arguments);
    check(&opened(&scratch, "run/report.html"));
    let page = std::fs::read_to_string(scratch.path("run/report.html")).unwrap();
    assert!(page.contains("outer folds"), "nothing is told of the outer folds");
}

#[test]
fn a_long_table_has_pages() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(120));
    let search = ["search", "--data", "train.csv", "--target", "target", "--trials", "32", "--out", "run"];
    scratch.ok(&[search.as_slice(), &["--families", "linear,knn", "--pruner", "none"]].concat());
    let found = opened(&scratch, "run/report.html");
    check(&found);
    let pages = &found["pages"];
    let rows: Vec<u64> = pages["rows"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
    assert_eq!((rows.as_slice(), &pages["differ"]), ([25, 7].as_slice(), &Value::Bool(true)));
}
