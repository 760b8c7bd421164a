//! A table with its kinds, its target and its materialised features.

use std::collections::BTreeMap;

use automl_core::{ColumnKind, DataProfile, Target, Task};
use polars::prelude::DataFrame;

use crate::column::Column;
use crate::schema::FeatureSchema;

/// How a training table is read. Everything but the target is optional.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TableOptions {
    /// Name of the target column.
    pub target: String,
    /// The kind of problem; inferred from the target when absent.
    pub task: Option<Task>,
    /// The positive label of a binary task; the last in order when absent.
    pub positive: Option<String>,
    /// Kinds that are set rather than inferred, by column name.
    pub columns: BTreeMap<String, ColumnKind>,
    /// Column whose equal values stay together when splitting; no feature unless `columns` says so.
    pub group: Option<String>,
    /// Column that orders the rows when splitting in time; no feature unless `columns` says so.
    pub time: Option<String>,
    /// Column of numbers above 0 that say how much each row counts; no feature.
    pub weight: Option<String>,
}

/// Rows with their features, and with the target where it is known.
#[derive(Debug, Clone)]
pub struct Table {
    pub(crate) frame: DataFrame,
    pub(crate) profile: DataProfile,
    pub(crate) schema: FeatureSchema,
    pub(crate) columns: BTreeMap<String, Column>,
    pub(crate) target: Option<Target>,
    pub(crate) groups: Option<Vec<u32>>,
    pub(crate) times: Option<Vec<i64>>,
    pub(crate) weights: Option<Vec<f32>>,
    pub(crate) content_hash: String,
    pub(crate) warnings: Vec<String>,
}

impl Table {
    /// Number of rows; rows without a target are not among them when training.
    pub fn n_rows(&self) -> usize {
        self.frame.height()
    }

    /// What is known of the columns and the target.
    pub fn profile(&self) -> &DataProfile {
        &self.profile
    }

    /// The feature column `name`; `None` for columns that are no features.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.get(name)
    }

    /// The target of each row, where it is known.
    pub fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }

    /// Group index of each row, numbered by first appearance, when a group column was named.
    pub fn groups(&self) -> Option<&[u32]> {
        self.groups.as_deref()
    }

    /// Place of each row in time, when a time column was named; only the order matters.
    pub fn times(&self) -> Option<&[i64]> {
        self.times.as_deref()
    }

    /// How much each row counts, above 0 and 1 on average, when a weight column was named.
    pub fn weights(&self) -> Option<&[f32]> {
        self.weights.as_deref()
    }

    /// The rows as polars holds them.
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }

    /// What another table must look like to be predicted by a model fitted on this one.
    pub fn schema(&self) -> &FeatureSchema {
        &self.schema
    }

    /// SHA-256 in hexadecimal over column names and values, whatever the file format and the path.
    pub fn content_hash(&self) -> &str {
        &self.content_hash
    }

    /// What was odd about the data but did not stop the reading.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
