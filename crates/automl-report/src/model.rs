//! [`ReportModel`]: everything the report shows, as plain data.
//!
//! The facade fills it; nothing here computes, reads a file or asks the clock. Numbers may be NaN or
//! infinite: they are shown as a dash or `∞` and left out of charts.

use std::collections::BTreeMap;

use automl_core::{DataProfile, Epoch, Metric, Predictions, Target, TrialRecord};
use serde::{Deserialize, Serialize};

/// One finished (or interrupted) run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportModel {
    /// Heading of the page, such as the name of the data set.
    pub title: String,
    /// When the report was made, as it shall be printed.
    pub created: String,
    /// What was run, on what, for how long.
    pub run: RunFacts,
    /// What is known of the table: task, target, classes, columns.
    pub profile: DataProfile,
    /// How rows were divided, in words: scheme, folds, rows of the holdout.
    pub split: String,
    /// What the search optimised; its direction belongs to the metric.
    pub metric: Metric,
    /// All trials of the study, in any order and state.
    pub trials: Vec<TrialRecord>,
    /// Number of the best complete trial; `None` where no trial is complete.
    pub best: Option<u32>,
    /// Number of the best trial of the constant family, against which the best is compared.
    pub baseline: Option<u32>,
    /// (fold, epoch) of every epoch, by trial number, for the trials whose curves are drawn.
    pub epochs: BTreeMap<u32, Vec<(u32, Epoch)>>,
    /// The first two objectives of every complete trial; `None` where there is but one objective.
    #[serde(default)]
    pub front: Option<Front>,
    /// What the best trial predicted for rows it had not been fitted on.
    pub out_of_fold: Option<OutOfFold>,
    /// Scores of the final model on rows that no trial saw.
    pub holdout: Option<HoldoutResult>,
    /// What a person should know, a sentence each.
    pub warnings: Vec<String>,
    /// True when the run was stopped before it was done.
    pub interrupted: bool,
    /// What it takes to run it again.
    pub reproduce: Reproduce,
}

/// Trials between two objectives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Front {
    /// Names of the two objectives.
    pub names: [String; 2],
    /// Complete trials.
    pub points: Vec<FrontPoint>,
}

/// A complete trial between two objectives, in their own units.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FrontPoint {
    /// Number of the trial.
    pub trial: u32,
    /// Value of the first objective.
    pub first: f64,
    /// Value of the second objective.
    pub second: f64,
    /// Whether no trial is better in one objective and as good in all others.
    pub on_front: bool,
}

/// What was run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunFacts {
    /// The command line.
    pub command: String,
    /// The files that were read.
    pub data_files: Vec<String>,
    /// The budget in words, such as `100 trials or 10 minutes`.
    pub budget: String,
    /// Wall-clock seconds of the whole study, earlier runs included.
    pub elapsed_secs: f64,
    /// Seed of the study.
    pub seed: u64,
    /// Where models were trained.
    pub device: String,
}

/// True and predicted values of the same rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutOfFold {
    /// What is true.
    pub target: Target,
    /// What was predicted; as many rows as `target`.
    pub predictions: Predictions,
}

/// How the final model did on the holdout.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct HoldoutResult {
    /// Rows scored.
    pub n_rows: usize,
    /// Every metric of the task that is defined there.
    pub scores: Vec<(Metric, f64)>,
}

/// What it takes to run it again.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Reproduce {
    /// The command line that repeats the run.
    pub command: String,
    /// The whole configuration, defaults filled in.
    pub config_toml: String,
    /// Name and version of what had a say: automl, burn, polars, rustc.
    pub versions: Vec<(String, String)>,
    /// SHA-256 of the data, in hexadecimal.
    pub data_hash: String,
    /// Name and value of machine facts: processor, cores, memory, system.
    pub machine: Vec<(String, String)>,
}
