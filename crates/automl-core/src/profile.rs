//! What is known of a table before any model sees it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::task::Task;

/// How a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Numbers with an order and distances.
    Numeric,
    /// Names, or integers used as names.
    Categorical,
    /// Two values: yes and no in some spelling.
    Boolean,
    /// A calendar date.
    Date,
    /// A point in time.
    Datetime,
    /// Words: split into n-grams.
    Text,
    /// Identifies the row, or nearly so; not used.
    Id,
    /// One value; not used.
    Constant,
    /// No value at all; not used.
    Empty,
    /// Left out by the user.
    Ignored,
}

impl ColumnKind {
    /// Every kind, in the order in which help texts list them.
    pub const ALL: [ColumnKind; 10] = [
        ColumnKind::Numeric,
        ColumnKind::Categorical,
        ColumnKind::Boolean,
        ColumnKind::Date,
        ColumnKind::Datetime,
        ColumnKind::Text,
        ColumnKind::Id,
        ColumnKind::Constant,
        ColumnKind::Empty,
        ColumnKind::Ignored,
    ];

    /// True when models see the column.
    pub fn is_feature(self) -> bool {
        !matches!(self, ColumnKind::Id | ColumnKind::Constant | ColumnKind::Empty | ColumnKind::Ignored)
    }

    /// The name used in TOML, JSON and reports.
    pub fn name(self) -> &'static str {
        match self {
            ColumnKind::Numeric => "numeric",
            ColumnKind::Categorical => "categorical",
            ColumnKind::Boolean => "boolean",
            ColumnKind::Date => "date",
            ColumnKind::Datetime => "datetime",
            ColumnKind::Text => "text",
            ColumnKind::Id => "id",
            ColumnKind::Constant => "constant",
            ColumnKind::Empty => "empty",
            ColumnKind::Ignored => "ignored",
        }
    }
}

impl FromStr for ColumnKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("there is no kind of column `{name}`; kinds are {names}")
        })
    }
}

/// What is known of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Name in the file.
    pub name: String,
    /// How it is read.
    pub kind: ColumnKind,
    /// Why it is read so, in one sentence fragment, with the numbers that decided.
    pub reason: String,
    /// Rows without a value.
    pub n_missing: usize,
    /// Distinct values, missing not counted.
    pub n_distinct: usize,
    /// Least value of a numeric column.
    pub min: Option<f64>,
    /// Mean of a numeric column.
    pub mean: Option<f64>,
    /// Greatest value of a numeric column.
    pub max: Option<f64>,
    /// Sample skewness of a numeric column.
    pub skewness: Option<f64>,
    /// The most frequent values with their counts, at most five.
    pub top: Vec<(String, usize)>,
}

/// What is known of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataProfile {
    /// Rows with a target.
    pub n_rows: usize,
    /// Rows dropped because their target was missing.
    pub n_dropped: usize,
    /// The kind of problem.
    pub task: Task,
    /// Why it is this kind.
    pub task_reason: String,
    /// Name of the target column.
    pub target: String,
    /// Class labels in the order of their codes, as spelt in the file; empty for regression.
    pub labels: Vec<String>,
    /// Rows of each class; empty for regression.
    pub class_counts: Vec<usize>,
    /// All columns but the target, in the order of the file.
    pub columns: Vec<ColumnProfile>,
}

impl DataProfile {
    /// Number of classes; 0 for regression.
    pub fn n_classes(&self) -> usize {
        self.labels.len()
    }

    /// Columns that models see.
    pub fn features(&self) -> impl Iterator<Item = &ColumnProfile> {
        self.columns.iter().filter(|column| column.kind.is_feature())
    }

    /// Whether models see a column of this kind.
    pub fn has(&self, kind: ColumnKind) -> bool {
        self.columns.iter().any(|column| column.kind == kind)
    }
}
