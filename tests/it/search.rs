//! Search, then everything that can be done with what it leaves.

use std::fs;

use serde_json::Value;

use crate::support::{Scratch, table, titanic, two_classes};

const QUICK: [&str; 4] = ["--trials", "5", "--seed", "1"];

fn search<'a>(data: &'a str, target: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["search", "--data", data, "--target", target, "--out", "run"];
    arguments.extend(QUICK);
    arguments.extend(more);
    arguments
}

/// What must not depend on the moment: the leaderboard without its times, and the model's checksums.
fn result(scratch: &Scratch) -> (Vec<String>, String) {
    let board: Value = serde_json::from_str(&scratch.ok(&["leaderboard", "run", "--json"]).stdout).unwrap();
    let rows = board["rows"].as_array().unwrap().iter();
    let told =
        rows.map(|row| format!("{} {} {} {}", row["trial"], row["state"], row["score"], row["params"]));
    let sums = fs::read_to_string(scratch.path("run/model/SHA256SUMS")).unwrap();
    (told.collect(), sums)
}

#[test]
fn a_search_leaves_everything_it_promises() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(300));
    let printed = scratch.ok(&search("train.csv", "target", &[]));
    for name in ["study.sqlite3", "report.html", "leaderboard.csv", "experiment.toml", "model/manifest.json"]
    {
        assert!(scratch.path("run").join(name).is_file(), "{name} is missing");
    }
    for word in ["holdout", "run/report.html", "next: automl predict --model run/model"] {
        assert!(printed.stdout.contains(word), "no `{word}` in\n{}", printed.stdout);
    }
    assert!(!scratch.path("run/study.sqlite3-wal").exists(), "the study is one file");
}

#[test]
fn a_run_folder_is_of_one_study_wherever_it_lies() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(200));
    scratch.ok(&search("train.csv", "target", &[]));
    let other = scratch.automl(&search("train.csv", "target", &["--storage", "other.sqlite3"]));
    assert!(other.stderr.contains("is the folder of the study"), "{}", other.stderr);
    assert!(!scratch.path("other.sqlite3").exists());

    fs::rename(scratch.path("run"), scratch.path("kept")).unwrap();
    scratch.ok(&["search", "kept/experiment.toml", "--trials", "6"]);
    assert!(!scratch.path("run").exists());
    let board: Value = serde_json::from_str(&scratch.ok(&["leaderboard", "kept", "--json"]).stdout).unwrap();
    assert_eq!(board["rows"].as_array().unwrap().len(), 6);
}

#[test]
fn a_file_of_one_study_is_not_taken_for_that_of_another() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(200));
    let named = |out: &'static str, name: &'static str| {
        let data = ["search", "--data", "train.csv", "--target", "target", "--trials", "1"];
        [&data[..], &["--out", out, "--storage", "named.sqlite3", "--study-name", name]].concat()
    };
    scratch.ok(&named("one", "first"));
    scratch.ok(&named("one", "first"));
    let printed = scratch.automl(&named("two", "second"));
    assert!(printed.stderr.contains("another name: `first` there, `second` now"), "{}", printed.stderr);
}

#[test]
fn an_experiment_that_a_person_wrote_is_not_overwritten() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(200));
    let written = "# mine\ndata = 'train.csv'\ntarget = 'target'\nsearch.trials = 1\n";
    scratch.write("experiment.toml", written);
    let printed = scratch.automl(&["search", "experiment.toml", "--out", "."]);
    assert!(printed.stderr.contains("would be overwritten: there is no study"), "{}", printed.stderr);
    assert_eq!(fs::read_to_string(scratch.path("experiment.toml")).unwrap(), written);
    scratch.ok(&["search", "experiment.toml", "--out", "run"]);
}

#[test]
fn rare_classes_do_not_keep_a_table_from_being_searched() {
    let scratch = Scratch::new();
    let rare = "0.5,0.5,red,0.5,maybe\n0.5,0.4,red,0.5,maybe\n0.9,0.4,red,0.5,never\n";
    scratch.write("train.csv", two_classes(300) + rare);
    let printed = scratch.ok(&search("train.csv", "target", &[]));
    let told = printed.stdout + &printed.stderr;
    assert!(told.contains("class `never` of target `target` has a single row, which was left out"), "{told}");
    let manifest: Value =
        serde_json::from_str(&fs::read_to_string(scratch.path("run/model/manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["schema"]["labels"], serde_json::json!(["maybe", "no", "yes"]));
}

#[test]
fn the_model_predicts_a_file_without_target_and_in_another_order() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(300));
    scratch.ok(&search("train.csv", "target", &[]));
    scratch.write("new.csv", "noise,color,extra,y,x\n0.5,red,1,0.9,0.9\n,purple,2,0.1,\n");
    scratch.ok(&["predict", "--model", "run/model", "--data", "new.csv", "--out", "out.csv"]);
    let text = fs::read_to_string(scratch.path("out.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "prediction,p_no,p_yes");
    assert_eq!(lines.len(), 3);
    assert!(lines[1].starts_with("yes,"), "{text}");
    scratch.ok(&["predict", "--model", "run/model", "--data", "new.csv", "--out", "out.parquet"]);
}

#[test]
fn what_is_taken_otherwise_than_it_stands_is_told() {
    let scratch = Scratch::new();
    let rows: Vec<String> = (0..120).map(|row| format!("{},{},{}", row % 2, row % 7, row % 10)).collect();
    scratch.write("train.csv", format!("flag,x,target\n{}\n", rows.join("\n")));
    // Whole numbers of which each is rare are a quantity, unless the metric is of classes.
    let classes = ["--metric", "log_loss", "--families", "constant,linear"];
    let printed = scratch.ok(&search("train.csv", "target", &classes));
    assert!(
        printed.stderr.contains("10 different numbers, and the metric is log_loss"),
        "{}",
        printed.stderr
    );
    scratch.write("new.csv", "flag,x,target\n0,1,0\n1,5,1\n4,6,2\n");
    let told =
        "warning: column `flag` had but two values in training: 1 number taken for the nearer of 0 and 1\n";
    let predict = ["predict", "--model", "run/model", "--data", "new.csv", "--out", "out.csv"];
    assert_eq!(scratch.ok(&predict).stderr, told);
    assert_eq!(scratch.ok(&["evaluate", "--model", "run/model", "--data", "new.csv"]).stderr, told);
    assert_eq!(fs::read_to_string(scratch.path("out.csv")).unwrap().lines().count(), 4);
}

#[test]
fn evaluate_prints_one_flat_object() {
    let scratch = Scratch::new();
    scratch.write("train.csv", table(400, |x, y| format!("{:.6}", 3.0 * x - 2.0 * y)));
    scratch.ok(&search("train.csv", "target", &[]));
    let printed = scratch.ok(&["evaluate", "--model", "run/model", "--data", "train.csv", "--json"]);
    let object: serde_json::Map<String, Value> = serde_json::from_str(&printed.stdout).unwrap();
    assert!(object.values().all(Value::is_number), "{object:?}");
    assert!(object["r2"].as_f64().unwrap() > 0.9, "{object:?}");
}

#[test]
fn a_row_of_weight_three_is_scored_as_three_rows() {
    let text = two_classes(200);
    let mut lines = text.lines();
    let header = format!("{},w", lines.next().unwrap());
    let rows: Vec<(&str, usize)> = lines.zip([1, 3, 2].into_iter().cycle()).collect();
    let weighted = rows.iter().map(|(row, weight)| format!("{row},{weight}"));
    let repeated = rows.iter().flat_map(|(row, weight)| vec![format!("{row},1"); *weight]);
    let file = |rows: Vec<String>| format!("{header}\n{}\n", rows.join("\n"));
    let scratch = Scratch::new();
    scratch.write("weighted.csv", file(weighted.collect()));
    scratch.write("repeated.csv", file(repeated.collect()));
    scratch.write("without.csv", &text);
    scratch.ok(&search("weighted.csv", "target", &["--weight", "w", "--families", "linear,gbdt"]));
    let scores = |file: &str| -> serde_json::Map<String, Value> {
        let printed = scratch.ok(&["evaluate", "--model", "run/model", "--data", file, "--json"]);
        serde_json::from_str(&printed.stdout).unwrap()
    };
    let (of_weighted, of_repeated) = (scores("weighted.csv"), scores("repeated.csv"));
    assert_eq!(of_weighted.keys().collect::<Vec<_>>(), of_repeated.keys().collect::<Vec<_>>());
    for (name, value) in &of_weighted {
        let (one, other) = (value.as_f64().unwrap(), of_repeated[name].as_f64().unwrap());
        assert!((one - other).abs() < 1e-6, "{name}: {one} and {other}");
    }
    let without = scratch.automl(&["evaluate", "--model", "run/model", "--data", "without.csv"]).failure();
    assert!(without.contains("the weight column") && without.contains("`w`"), "{without}");
}

#[test]
fn the_same_seed_gives_the_same_result_bit_for_bit() {
    let results: Vec<_> = (0..2)
        .map(|_| {
            let scratch = Scratch::new();
            scratch.write("train.csv", two_classes(200));
            scratch.ok(&search("train.csv", "target", &[]));
            result(&scratch)
        })
        .collect();
    assert_eq!(results[0], results[1]);
}

#[test]
fn more_trials_go_on_where_fewer_stopped() {
    let whole = Scratch::new();
    whole.write("train.csv", two_classes(200));
    whole.ok(&search("train.csv", "target", &[]));
    let parts = Scratch::new();
    parts.write("train.csv", two_classes(200));
    let mut arguments = search("train.csv", "target", &[]);
    arguments[8] = "2";
    parts.ok(&arguments);
    arguments[8] = "5";
    parts.ok(&arguments);
    assert_eq!(result(&whole), result(&parts));
}

#[test]
fn the_resolved_experiment_runs_again_and_has_nothing_left_to_do() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(200));
    scratch.ok(&search("train.csv", "target", &[]));
    let before = result(&scratch);
    scratch.ok(&["search", "run/experiment.toml"]);
    assert_eq!(result(&scratch), before);
}

#[test]
fn titanic_runs_without_flags() {
    let scratch = Scratch::new();
    let data = titanic();
    scratch.ok(&search(&data, "Survived", &[]));
    let printed = scratch.ok(&["evaluate", "--model", "run/model", "--data", &data, "--json"]);
    let object: Value = serde_json::from_str(&printed.stdout).unwrap();
    assert!(object["accuracy"].as_f64().unwrap() > 0.75, "{object}");
}

#[test]
fn an_all_missing_and_a_constant_column_are_left_out() {
    let scratch = Scratch::new();
    let text: Vec<String> = two_classes(200)
        .lines()
        .enumerate()
        .map(|(row, line)| if row == 0 { format!("void,same,{line}") } else { format!(",1,{line}") })
        .collect();
    scratch.write("train.csv", text.join("\n"));
    scratch.ok(&search("train.csv", "target", &[]));
    let report = fs::read_to_string(scratch.path("run/report.html")).unwrap();
    assert!(report.contains("void") && report.contains("constant"));
}

#[test]
fn labels_with_markup_do_no_harm() {
    let scratch = Scratch::new();
    let text = two_classes(200).replace("yes", "<script>alert(1)</script>").replace("noise", "a\"&<b>");
    scratch.write("train.csv", text);
    scratch.ok(&search("train.csv", "target", &[]));
    let report = fs::read_to_string(scratch.path("run/report.html")).unwrap();
    assert!(!report.contains("<script>alert(1)"));
    assert!(!report.contains("<b>\""));
}

#[test]
fn where_folds_are_few_the_final_model_has_models_of_all_rows() {
    let scratch = Scratch::new();
    scratch.write("train.csv", table(300, |x, y| format!("{:.6}", 3.0 * x - 2.0 * y)));
    let with = |folds| {
        let more = ["--folds", folds, "--repeats", "1", "--families", "linear,gbdt,mlp"];
        let _ = fs::remove_dir_all(scratch.path("run"));
        scratch.ok(&search("train.csv", "target", &more));
        let manifest = fs::read_to_string(scratch.path("run").join("model/manifest.json")).unwrap();
        let manifest: Value = serde_json::from_str(&manifest).unwrap();
        let models = manifest["models"].as_array().unwrap().clone();
        models
            .into_iter()
            .map(|model| {
                let is_there = model["refit"]
                    .as_str()
                    .is_some_and(|dir| scratch.path("run").join("model").join(dir).is_dir());
                assert_eq!(is_there, model["refit"].is_string());
                (model["family"].as_str().unwrap().to_owned(), is_there)
            })
            .collect::<Vec<_>>()
    };
    assert!(with("5").iter().all(|(_, is_refitted)| !is_refitted));
    let few = with("3");
    assert!(few.iter().all(|(_, is_refitted)| *is_refitted), "{few:?}");
    // The bundle is whole: a refit that is changed is noticed, as is one that is missing.
    let refit = fs::read_dir(scratch.path("run/model")).unwrap().map(|of| of.unwrap().path().join("refit"));
    let refit = refit.into_iter().find(|dir| dir.is_dir()).unwrap();
    let predict = ["predict", "--model", "run/model", "--data", "train.csv", "--out", "out.csv"];
    scratch.ok(&predict);
    fs::remove_dir_all(refit).unwrap();
    assert_eq!(scratch.automl(&predict).code, Some(1));
}
