//! Bad input gets one clear message, a hint where there is one, and a documented exit code.

use std::fs;

use insta::assert_snapshot;

use crate::support::{Printed, Scratch, two_classes};

fn search(content: impl AsRef<[u8]>) -> String {
    let scratch = Scratch::new();
    scratch.write("train.csv", content);
    let printed = scratch.automl(&["search", "--data", "train.csv", "--target", "target", "--trials", "1"]);
    assert!(!scratch.path("runs").exists(), "a run folder was made of bad input");
    printed.failure()
}

#[test]
fn a_missing_file() {
    let printed = Scratch::new().automl(&["search", "--data", "train.csv", "--target", "target"]);
    assert_snapshot!(printed.failure());
}

#[test]
fn a_missing_experiment_file() {
    assert_snapshot!(Scratch::new().automl(&["search", "experiment.toml"]).failure());
}

#[test]
fn a_misspelt_setting() {
    let scratch = Scratch::new();
    scratch.write("experiment.toml", "data = \"train.csv\"\ntraget = \"y\"\n");
    assert_snapshot!(scratch.automl(&["search", "experiment.toml"]).failure());
}

#[test]
fn no_target_given() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(50));
    assert_snapshot!(scratch.automl(&["search", "--data", "train.csv"]).failure());
}

#[test]
fn an_empty_file() {
    assert_snapshot!(search(""));
}

#[test]
fn a_header_alone() {
    assert_snapshot!(search("a,b,target\n"));
}

#[test]
fn a_ragged_row() {
    assert_snapshot!(search("a,b,target\n1,2,yes\n1,2\n3,4,no\n"));
}

#[test]
fn duplicate_column_names() {
    assert_snapshot!(search("a,a,target\n1,2,yes\n3,4,no\n"));
}

#[test]
fn an_unknown_target() {
    assert_snapshot!(search(two_classes(50).replace("target", "tarhet")));
}

#[test]
fn a_target_of_one_class() {
    assert_snapshot!(search(two_classes(50).replace("yes", "no")));
}

#[test]
fn a_class_rarer_than_the_folds() {
    let mut text = two_classes(200);
    text.push_str("0.5,0.5,red,0.5,maybe\n0.5,0.4,red,0.5,maybe\n");
    let scratch = Scratch::new();
    scratch.write("train.csv", text);
    let arguments = ["search", "--data", "train.csv", "--target", "target", "--trials", "1"];
    let wanted = ["--metric", "roc_auc", "--folds", "5"];
    assert_snapshot!(scratch.automl(&[&arguments[..], &wanted[..]].concat()).failure());
}

#[test]
fn all_targets_missing() {
    assert_snapshot!(search(two_classes(50).replace(",yes", ",").replace(",no\n", ",\n")));
}

#[test]
fn text_that_is_not_utf8() {
    let mut bytes = two_classes(50).into_bytes();
    let place = bytes.iter().position(|byte| *byte == b'g').unwrap();
    bytes[place] = 0xFF;
    assert_snapshot!(search(bytes));
}

#[test]
fn an_infinite_target() {
    let mut rows: Vec<String> = (0..50).map(|row| format!("{row},{row}.5")).collect();
    "7,inf".clone_into(&mut rows[7]);
    assert_snapshot!(search(format!("x,target\n{}\n", rows.join("\n"))));
}

#[test]
fn a_metric_of_another_task() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(100));
    let arguments = ["search", "--data", "train.csv", "--target", "target", "--metric", "rmse"];
    assert_snapshot!(scratch.automl(&arguments).failure());
}

#[test]
fn an_unknown_family() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(100));
    let arguments = ["search", "--data", "train.csv", "--target", "target", "--families", "forest"];
    assert_snapshot!(scratch.automl(&arguments).failure());
}

/// A run to spoil.
fn finished() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(120));
    let arguments = ["search", "--data", "train.csv", "--target", "target", "--trials", "2", "--out", "run"];
    scratch.ok(&arguments);
    scratch
}

#[test]
fn another_experiment_in_the_folder() {
    let scratch = finished();
    let given = ["search", "--data", "train.csv", "--target", "target", "--metric", "accuracy"];
    let arguments = [given.as_slice(), &["--threads", "1", "--out", "run"]].concat();
    assert_snapshot!(scratch.automl(&arguments).failure());
}

#[test]
fn a_bundle_with_a_changed_byte() {
    let scratch = finished();
    let model = scratch.path("run/model");
    let mut files = vec![model.join("manifest.json"), model.join("SHA256SUMS")];
    files.extend(fs::read_dir(model.join("model-0/fold-0")).unwrap().map(|entry| entry.unwrap().path()));
    for file in files {
        let good = fs::read(&file).unwrap();
        for place in [0, good.len() / 2, good.len() - 2] {
            let mut bad = good.clone();
            bad[place] ^= 1;
            fs::write(&file, &bad).unwrap();
            let printed = scratch.automl(&[
                "predict",
                "--model",
                "run/model",
                "--data",
                "train.csv",
                "--out",
                "out.csv",
            ]);
            assert_eq!(printed.code, Some(1), "{}, byte {place}: {}", file.display(), printed.stderr);
            assert!(printed.stderr.starts_with("error: "), "{}", printed.stderr);
            assert!(!scratch.path("out.csv").exists());
        }
        fs::write(&file, &good).unwrap();
    }
    scratch.ok(&["predict", "--model", "run/model", "--data", "train.csv", "--out", "out.csv"]);
}

#[test]
fn missing_and_mistyped_columns_are_named_in_one_message() {
    let scratch = finished();
    scratch.write("new.csv", "x,color\nwide,red\n0.5,green\n");
    let printed =
        scratch.automl(&["predict", "--model", "run/model", "--data", "new.csv", "--out", "out.csv"]);
    assert_snapshot!(printed.failure());
    assert!(!scratch.path("out.csv").exists());
}

#[test]
fn a_study_that_is_no_database() {
    let scratch = finished();
    scratch.write(
        "run/study.sqlite3",
        "This is a text of more than a hundred characters, which no database begins with. It goes on a bit.",
    );
    let printed = scratch.automl(&["leaderboard", "run"]);
    assert_eq!(printed.code, Some(1));
    assert!(printed.stderr.contains("run/study.sqlite3"), "{}", printed.stderr);
}

#[test]
fn a_folder_that_is_no_run() {
    let scratch = Scratch::new();
    assert_snapshot!(scratch.automl(&["report", "nowhere"]).failure());
}

/// Runs `automl` where no file may grow: what a full disk looks like to a program, without one.
fn on_a_full_disk(scratch: &Scratch, arguments: &str) -> Printed {
    let program = env!("CARGO_BIN_EXE_automl");
    scratch.run("bash", &["-c", &format!("trap '' XFSZ; ulimit -f 0; exec {program} {arguments}")])
}

#[test]
fn a_full_disk_is_told_and_leaves_no_half_written_file() {
    let scratch = finished();
    let printed =
        on_a_full_disk(&scratch, "predict --model run/model --data train.csv --out predictions.csv");
    assert_eq!(printed.code, Some(1), "{}", printed.stderr);
    assert!(printed.stderr.starts_with("error: cannot write `predictions.csv"), "{}", printed.stderr);
    assert!(!scratch.path("predictions.csv").exists());
    let printed = on_a_full_disk(&scratch, "search --data train.csv --target target --trials 2 --out new");
    assert_eq!(printed.code, Some(1), "{}", printed.stderr);
    assert!(printed.stderr.contains("error: ") && printed.stderr.contains("`new/"), "{}", printed.stderr);
}

#[test]
fn a_thousand_columns() {
    let scratch = Scratch::new();
    let header: Vec<String> = (0..1000).map(|column| format!("c{column}")).collect();
    let mut lines = vec![format!("{},target", header.join(","))];
    for row in 0..60_u32 {
        let values: Vec<String> =
            (0..1000_u32).map(|column| ((row * 7919 + column * 104_729) % 1000).to_string()).collect();
        lines.push(format!("{},{}", values.join(","), if row % 2 == 0 { "yes" } else { "no" }));
    }
    scratch.write("train.csv", lines.join("\n"));
    scratch.ok(&["search", "--data", "train.csv", "--target", "target", "--trials", "3", "--out", "run"]);
}
