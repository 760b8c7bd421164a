//! What a table must look like for a fitted model: stored in the bundle, checked when predicting.

use automl_core::{ColumnKind, Task};
use serde::{Deserialize, Serialize};

/// A column that models see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureColumn {
    /// Name in the file.
    pub name: String,
    /// How it is read; always a feature kind.
    pub kind: ColumnKind,
    /// Levels of a categorical column in the order of their codes; empty for other kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<String>,
    /// In training some texts did not parse and were taken as missing, so they are here as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tolerant: bool,
}

/// Features and target of a training table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureSchema {
    /// Feature columns in the order of the training file.
    pub columns: Vec<FeatureColumn>,
    /// Name of the target column.
    pub target: String,
    /// The kind of problem.
    pub task: Task,
    /// Class labels in the order of their codes; empty for regression.
    pub labels: Vec<String>,
    /// The column that says how much each row counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
}
