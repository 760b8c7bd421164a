//! `automl report` and `automl plot`: pages, JSON and pictures of a run.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Scratch, two_classes};

fn searched() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(300));
    scratch.ok(&["search", "--data", "train.csv", "--target", "target", "--trials", "12", "--out", "run"]);
    scratch
}

#[test]
fn the_same_content_is_there_for_machines() {
    let scratch = searched();
    let printed = scratch.ok(&["report", "run", "--json", "--figures", "charts"]);
    assert_eq!(printed.stdout, "run/report.html\nrun/report.json\ncharts\n");
    let told: Value =
        serde_json::from_str(&fs::read_to_string(scratch.path("run/report.json")).unwrap()).unwrap();
    assert_eq!((told["schema"].as_str(), told["version"].as_u64()), (Some("automl.report"), Some(1)));
    let report = &told["report"];
    assert_eq!(report["trials"].as_array().unwrap().len(), 12);
    assert!(report["final_model"]["n_bytes"].as_u64() > Some(0));
    assert_eq!(report["data"]["columns"].as_array().unwrap().len(), 4);
    // x and y make the target, noise does not.
    let importance: Vec<&str> = report["explanation"]["importance"].as_array().unwrap()[..2]
        .iter()
        .map(|column| column["column"].as_str().unwrap())
        .collect();
    assert_eq!(importance.iter().collect::<BTreeSet<_>>(), ["x", "y"].iter().collect(), "{importance:?}");
    let names: Vec<&str> =
        told["charts"].as_array().unwrap().iter().map(|chart| chart["name"].as_str().unwrap()).collect();
    for name in &names {
        for (ending, start) in [("svg", b"<svg".as_slice()), ("png", b"\x89PNG".as_slice())] {
            let content = fs::read(scratch.path(&format!("charts/{name}.{ending}"))).unwrap();
            assert!(content.starts_with(start), "{name}.{ending}");
        }
    }
    assert_eq!(fs::read_dir(scratch.path("charts")).unwrap().count(), 2 * names.len());
}

#[test]
fn one_chart_is_a_file_of_its_own() {
    let scratch = searched();
    let listed = scratch.ok(&["plot", "run"]).stdout;
    assert!(
        listed.lines().any(|line| line.starts_with("history ") && line.ends_with("Optimisation history")),
        "{listed}"
    );
    assert_eq!(scratch.ok(&["plot", "run", "roc"]).stdout, "roc.svg\n");
    assert!(fs::read_to_string(scratch.path("roc.svg")).unwrap().contains("#0072b2"));
    scratch.ok(&["plot", "run", "roc", "--dark", "--out", "dark.svg"]);
    assert!(fs::read_to_string(scratch.path("dark.svg")).unwrap().contains("#4aa8e0"));
    let json = |arguments: &[&str]| -> Value { serde_json::from_str(&scratch.ok(arguments).stdout).unwrap() };
    let listed = json(&["plot", "run", "--json"]);
    let roc = listed.as_array().unwrap().iter().find(|chart| chart["name"] == "roc").unwrap();
    assert!(roc["caption"].as_str().is_some_and(|caption| !caption.is_empty()) && roc.get("svg").is_none());
    let roc = json(&["plot", "run", "roc", "--json"]);
    assert!(roc["svg"].as_str().unwrap().contains("#0072b2"), "{roc}");
    assert!(roc["svg_dark"].as_str().unwrap().contains("#4aa8e0"), "{roc}");
    let of_trial = scratch.ok(&["plot", "run", "folds", "--trial", "1", "--out", "folds.svg"]);
    assert_eq!(of_trial.stdout, "folds.svg\n");
    let missing = scratch.automl(&["plot", "run", "history", "--trial", "1000"]);
    assert!(missing.stderr.contains("there is no trial 1000"), "{}", missing.stderr);
    let unknown = scratch.automl(&["plot", "run", "rock"]);
    assert!(
        unknown.stderr.contains("no chart `rock`") && unknown.stderr.contains("roc"),
        "{}",
        unknown.stderr
    );
    let gif = scratch.automl(&["plot", "run", "roc", "--out", "roc.gif"]);
    assert!(gif.stderr.contains("`roc.gif`"), "{}", gif.stderr);
}

#[test]
fn a_trial_that_is_not_there_is_named() {
    let scratch = searched();
    let none = scratch.automl(&["report", "run", "--trial", "99"]);
    assert_eq!(none.code, Some(3));
    assert!(none.stderr.contains("no trial 99") && none.stderr.contains("0 to 11"), "{}", none.stderr);
}

#[test]
fn a_file_that_cannot_be_written_is_no_wrong_setting() {
    let scratch = searched();
    scratch.write("taken", "");
    for arguments in [
        ["plot", "run", "roc", "--out", "taken/roc.svg"].as_slice(),
        ["report", "run", "--figures", "taken"].as_slice(),
    ] {
        let printed = scratch.automl(arguments);
        assert_eq!(printed.code, Some(1), "{}", printed.stderr);
        assert!(printed.stderr.contains("taken"), "{}", printed.stderr);
    }
}

#[test]
fn a_live_report_follows_the_search_to_its_end() {
    const RELOADS: &str = "http-equiv=\"refresh\"";
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(400));
    let arguments = ["search", "--data", "train.csv", "--target", "target", "--time", "10m", "--out", "run"];
    let mut command = scratch.command(&arguments);
    let mut search = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(search.stderr.take().unwrap()).lines();
    assert!(told.any(|line| line.unwrap().contains(" trials | ")), "no line about the first trials");
    let mut live = scratch.command(&["report", "run", "--live"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut printed = BufReader::new(live.stdout.take().unwrap()).lines();
    assert_eq!(printed.next().unwrap().unwrap(), "run/report.html");
    let page = || fs::read_to_string(scratch.path("run/report.html")).unwrap();
    assert!(page().contains(RELOADS), "the page of a search that goes on reloads itself");
    Command::new("kill").args(["-INT", &search.id().to_string()]).status().unwrap();
    assert!(told.all(|line| line.is_ok()));
    assert_eq!(search.wait().unwrap().code(), Some(130));
    assert!(live.wait().unwrap().success());
    assert_eq!(printed.count(), 0, "the path is told once");
    assert!(!page().contains(RELOADS) && page().contains("Final model"), "the last page is that of the end");
}
