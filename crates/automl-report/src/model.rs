//! [`ReportModel`]: everything the report shows, as plain data.
//!
//! The facade fills it; nothing here computes, reads a file or asks the clock. Numbers may be NaN or
//! infinite: they are shown as a dash or `∞` and left out of charts.

use std::collections::BTreeMap;

use automl_core::{
    DataProfile, DataSummary, Epoch, LayerFacts, Metric, Predictions, SearchSpace, Target, TrialRecord,
};
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
    /// Validation rows of a fold over its training rows; `None` where it is not known.
    #[serde(default)]
    pub test_to_train: Option<f64>,
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
    /// What could be chosen; `None` where it is not known, as of a study that another program made.
    #[serde(default)]
    pub space: Option<SearchSpace>,
    /// How much the parameters matter; `None` with too few trials.
    #[serde(default)]
    pub importance: Option<Importance>,
    /// What the training rows look like; `None` in runs from before it was kept.
    #[serde(default)]
    pub data: Option<DataSummary>,
    /// What predicts in the end.
    #[serde(default)]
    pub final_model: Option<FinalModel>,
    /// How alike the errors of the best trials are.
    #[serde(default)]
    pub error_correlations: Option<ErrorCorrelations>,
    /// Layers of the networks among the best trials, by trial number.
    #[serde(default)]
    pub networks: BTreeMap<u32, Vec<LayerFacts>>,
    /// Of complete trials but the best: how probable a difference to the best as large as theirs is by chance, by trial
    /// number.
    #[serde(default)]
    pub p_values: BTreeMap<u32, f64>,
    /// What drives the final model, and where it fails.
    #[serde(default)]
    pub explanation: Option<Explanation>,
    /// What some of the best trials predicted for rows they had not been fitted on, by trial number.
    #[serde(default)]
    pub out_of_fold: BTreeMap<u32, OutOfFold>,
    /// Scores of the final model on rows that no trial saw.
    pub holdout: Option<HoldoutResult>,
    /// What a person should know, a sentence each.
    pub warnings: Vec<String>,
    /// True when the run was stopped before it was done.
    pub interrupted: bool,
    /// Seconds after which the page loads itself anew, while a search goes on.
    #[serde(default)]
    pub reload_secs: Option<u32>,
    /// What it takes to run it again.
    pub reproduce: Reproduce,
}

impl ReportModel {
    /// Whether it is of a function that was optimised: there is no table, and there are no models.
    pub fn is_of_function(&self) -> bool {
        self.metric == Metric::Cost
    }
}

/// How much the parameters of the search matter to its cost.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Importance {
    /// Parameter and share, the largest first.
    pub params: Vec<(String, f64)>,
    /// Two parameters, and the share that they have beyond what each does alone, the largest first.
    pub interactions: Vec<(String, String, f64)>,
}

impl Importance {
    /// The share of a parameter.
    pub(crate) fn share(&self, name: &str) -> Option<f64> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, share)| *share)
    }
}

/// The model that a search ends with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FinalModel {
    /// What it is, in words: `single model`, `bagged folds`, `ensemble`, `stack`.
    pub kind: String,
    /// The configurations that it is made of, the heaviest first.
    pub parts: Vec<ModelPart>,
    /// Kinds that were compared, with the nested estimate of the metric of each.
    pub estimates: Vec<(String, f64)>,
    /// Every metric of nested out-of-fold predictions.
    pub scores: Vec<(Metric, f64)>,
    /// How its probabilities are corrected, in words; empty where they are not.
    pub calibration: String,
    /// From which probability of the positive class on a row is positive; `None` for other tasks and for the most probable
    /// class.
    pub threshold: Option<f64>,
    /// Milliseconds in which it predicts 1,000 rows; `None` where that was not measured.
    pub predict_ms: Option<f64>,
    /// Bytes of its files.
    pub n_bytes: u64,
    /// Scores of the whole procedure on the outer folds of a nested cross-validation; empty without one.
    pub nested: Vec<f64>,
}

/// One configuration in a final model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ModelPart {
    /// Number of its trial.
    pub trial: u32,
    /// Its family.
    pub family: String,
    /// Its weight; of a stack, how strongly its predictions enter.
    pub weight: f64,
    /// Models that it is the mean of: of the folds, and of all rows.
    pub n_members: usize,
}

/// Correlations of the errors of trials, two by two.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ErrorCorrelations {
    /// Trials, the best first.
    pub names: Vec<String>,
    /// Row by row, from −1 to 1.
    pub values: Vec<Option<f64>>,
}

/// What drives the final model, and where it fails, on rows that were looked at.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Explanation {
    /// Rows that were looked at.
    pub n_rows: usize,
    /// Whether they are of the holdout; else the model was trained on them.
    pub is_holdout: bool,
    /// Columns, the most important first.
    pub importance: Vec<ColumnImportance>,
    /// Columns that were left out for want of time.
    pub n_left_out: usize,
    /// The worst predicted rows, the worst first.
    pub worst: Vec<WorstRow>,
    /// For regression: (value, true − predicted) of rows, by column, the most important first.
    pub residuals: Vec<(String, Vec<(f64, f64)>)>,
}

/// How much worse the metric becomes when a column's values are dealt out anew among the rows (Breiman 2001).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ColumnImportance {
    /// Name of the column.
    pub column: String,
    /// Mean over the repetitions; above 0 where the model uses the column.
    pub mean: f64,
    /// Standard deviation over the repetitions.
    pub deviation: f64,
}

/// A row that was predicted badly.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct WorstRow {
    /// Row of the table, counted from 1; rows without a target are not counted.
    pub row: usize,
    /// What is true.
    pub truth: String,
    /// What was predicted, with its probability where there is one.
    pub predicted: String,
    /// Its part of the loss: negative log likelihood in nats, or the absolute error.
    pub loss: f64,
    /// Values of the most important columns.
    pub values: Vec<(String, String)>,
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
