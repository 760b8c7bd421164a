//! Configurations of one shape that wait in the queue train as one population, and nothing else changes by it.

use serde_json::Value;

use crate::support::{Scratch, two_classes};

const EXPERIMENT: &str = r#"
data = "train.csv"
target = "target"
seed = 3

[search]
families = ["mlp"]
sampler = "random"
pruner = "none"
trials = 9

[search.space]
"mlp.n_layers" = 1
"mlp.width" = 16
"mlp.activation" = "relu"
"mlp.optimizer" = "adamw"
"mlp.batch_size" = 64
"mlp.batch_norm" = false
"mlp.max_epochs" = 12
"prep.scaling" = "standard"
"#;

/// Rows of the leaderboard by number: configuration and score.
fn searched(scratch: &Scratch, threads: &str) -> Vec<(String, f64)> {
    scratch.ok(&["search", "experiment.toml", "--threads", threads, "--out", threads]);
    let board: Value = serde_json::from_str(&scratch.ok(&["leaderboard", threads, "--json"]).stdout).unwrap();
    let mut rows: Vec<&Value> = board["rows"].as_array().unwrap().iter().collect();
    rows.sort_by_key(|row| row["trial"].as_u64());
    rows.into_iter().map(|row| (row["params"].to_string(), row["score"].as_f64().unwrap())).collect()
}

#[test]
fn trials_that_train_together_score_as_those_that_train_alone() {
    let scratch = Scratch::new();
    scratch.write("train.csv", two_classes(300));
    scratch.write("experiment.toml", EXPERIMENT);
    // Ten threads have room for the folds of two configurations, or more.
    let (alone, together) = (searched(&scratch, "1"), searched(&scratch, "40"));
    assert_eq!((alone.len(), together.len()), (9, 9));
    let mut others = together.clone();
    for (params, score) in alone {
        let place = others.iter().position(|(other, _)| *other == params);
        let (_, other) = others.swap_remove(place.expect("the same configurations are tried"));
        assert!((score - other).abs() < 1e-5, "{params}: {score} alone, {other} together");
    }
}
