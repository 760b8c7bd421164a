//! Crates depend on each other as `crates/README.md` says, and heavy dependencies stay where they belong.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::project;

struct Row {
    may: BTreeSet<String>,
    heavy: String,
}

fn documented() -> BTreeMap<String, Row> {
    let text = fs::read_to_string(project().join("crates/README.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| automl"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let may = cells[2].split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        (cells[0].to_owned(), Row { may, heavy: cells[3].to_owned() })
    })
    .collect()
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(project())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Names of a package's dependencies; `dev` asks for the development ones.
fn dependencies(package: &Value, dev: bool) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().unwrap().iter();
    let of_kind = all.filter(|dependency| (dependency["kind"] == "dev") == dev);
    of_kind.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn crates_depend_as_documented() {
    let documented = documented();
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let names: BTreeSet<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    assert_eq!(names, documented.keys().map(String::as_str).collect());
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let found = dependencies(package, false);
        let own: BTreeSet<String> = found.into_iter().filter(|of| names.contains(of.as_str())).collect();
        assert_eq!(own, documented[name].may, "dependencies of {name}");
        let dev = dependencies(package, true);
        let own: Vec<&String> = dev.iter().filter(|of| names.contains(of.as_str())).collect();
        // The program is tested with what drives it, too.
        let may = |of: &str| of == "automl-testkit" || (name == "automl-cli" && of == "automl-notebook");
        assert!(own.iter().all(|of| may(of)), "{name} is tested with {own:?}");
    }
}

#[test]
fn heavy_dependencies_have_one_home() {
    let documented = documented();
    let metadata = metadata();
    for (home, row) in documented.iter().filter(|(_, row)| !row.heavy.is_empty()) {
        for package in metadata["packages"].as_array().unwrap() {
            let name = package["name"].as_str().unwrap();
            assert_eq!(
                dependencies(package, false).contains(&row.heavy),
                name == home,
                "{} belongs to {home}, looking at {name}",
                row.heavy
            );
        }
    }
}
