//! `--events json`: what a program that starts a search reads.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Scratch, project, two_classes};

const SEARCH: [&str; 9] =
    ["search", "--data", "train.csv", "--target", "target", "--out", "run", "--events", "json"];

fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [SEARCH.as_slice(), more].concat()
}

fn events(stdout: &str) -> Vec<Value> {
    stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

fn name(event: &Value) -> &str {
    event["event"].as_str().unwrap()
}

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(300));
    scratch
}

#[test]
fn a_search_tells_everything_as_json_lines_and_nothing_else() {
    let scratch = scratch();
    let printed = scratch.ok(&arguments(&["--trials", "4", "--families", "constant,mlp", "--jobs", "2"]));
    let events = events(&printed.stdout);
    let names: Vec<&str> = events.iter().map(name).collect();
    assert_eq!(names[..3], ["hello", "prepared", "search_started"]);
    assert_eq!(events[0]["protocol"], 1);
    assert_eq!(events[1]["metric"], "log_loss");
    assert_eq!(events[1]["direction"], "minimize");
    let numbers = |of: &str, number: fn(&Value) -> &Value| -> BTreeSet<u64> {
        events.iter().filter(|event| name(event) == of).map(|event| number(event).as_u64().unwrap()).collect()
    };
    let begun = numbers("trial_started", |event| &event["number"]);
    assert_eq!(begun, BTreeSet::from([0, 1, 2, 3]));
    assert_eq!(numbers("trial_finished", |event| &event["trial"]["number"]), begun);

    let last = events.last().unwrap();
    assert_eq!(name(last), "finished");
    let board: Value = serde_json::from_str(&scratch.ok(&["leaderboard", "run", "--json"]).stdout).unwrap();
    assert_eq!(last["best"]["number"], board["rows"][0]["trial"]);
    assert_eq!(last["best"]["score"], board["rows"][0]["score"]);
    assert!(last["holdout"]["scores"]["log_loss"].is_f64(), "{last}");
    for file in ["report", "leaderboard", "study", "config", "model"] {
        let path = last[file].as_str().unwrap().replace("DIR", &scratch.path("").to_string_lossy());
        let path = std::path::Path::new(&path);
        assert!(path.is_absolute() && path.exists(), "{file}: {}", path.display());
    }
}

#[test]
fn every_event_and_field_is_documented() {
    let text = std::fs::read_to_string(project().join("crates/automl-cli/events.md")).unwrap();
    let row = |name: &str| {
        text.lines().find(|line| line.starts_with(&format!("| `{name}`"))).unwrap_or_else(|| panic!("{name}"))
    };
    let scratch = scratch();
    let wrong = scratch.automl(&arguments(&["--trials", "2", "--weight", "height"]));
    let right = scratch.ok(&arguments(&["--trials", "2", "--families", "constant,mlp", "--nested", "2"]));
    let mut seen = BTreeSet::new();
    for event in events(&wrong.stdout).iter().chain(&events(&right.stdout)) {
        let row = row(name(event));
        for field in event.as_object().unwrap().keys().filter(|field| *field != "event") {
            assert!(row.contains(&format!("`{field}`")), "{} does not document `{field}`", name(event));
        }
        seen.insert(name(event).to_owned());
    }
    for wanted in ["outer_fold_started", "outer_fold", "error", "finished", "stage"] {
        assert!(seen.contains(wanted), "{seen:?}");
    }
}

#[test]
fn an_error_is_the_last_line_with_its_hints() {
    let printed = scratch().automl(&arguments(&["--families", "magic"]));
    assert_eq!(printed.code, Some(3));
    let events = events(&printed.stdout);
    assert_eq!(events.iter().map(name).collect::<Vec<_>>(), ["hello", "error"]);
    assert_eq!(events[1]["message"], "there is no model family `magic`");
    assert_eq!((&events[1]["exit_code"], &events[1]["busy"]), (&3.into(), &false.into()));
    assert!(events[1]["hints"][0].as_str().unwrap().contains("families are"), "{}", events[1]);
    assert!(printed.stderr.starts_with("error: there is no model family `magic`"), "{}", printed.stderr);
}

#[test]
fn a_reader_that_goes_away_ends_the_search_and_the_next_one_goes_on() {
    let scratch = scratch();
    let mut child = scratch
        .command(&arguments(&["--time", "10m", "--families", "constant,linear,mlp"]))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut begun = String::new();
    while !begun.contains("search_started") {
        assert!(reader.read_line(&mut begun).unwrap() > 0, "the search ended by itself: {begun}");
    }
    let busy = scratch.automl(&arguments(&["--trials", "3", "--families", "constant,linear,mlp"]));
    assert_eq!(events(&busy.stdout).last().unwrap()["busy"], true, "{}", busy.stdout);
    let mut finished = Vec::new();
    let mut line = String::new();
    while finished.len() < 3 {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the search ended by itself");
        let event: Value = serde_json::from_str(&line).unwrap();
        if name(&event) == "trial_finished" {
            finished.push(event["trial"]["number"].clone());
        }
    }
    drop(reader);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let printed = scratch.ok(&arguments(&["--trials", "3", "--families", "constant,linear,mlp"]));
    let started = events(&printed.stdout).into_iter().find(|event| name(event) == "search_started").unwrap();
    assert!(started["n_done"].as_u64().unwrap() >= 3, "{started}");
}
