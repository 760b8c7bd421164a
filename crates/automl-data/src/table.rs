//! A table with its kinds, its target and its materialised features.

use std::collections::BTreeMap;

use automl_core::{ColumnKind, DataProfile, Metric, Target, Task};
use polars::prelude::{BooleanChunked, DataFrame, NewChunkedArray};

use crate::column::Column;
use crate::error::DataError;
use crate::schema::FeatureSchema;

/// How a training table is read. Everything but the target is optional.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TableOptions {
    /// Name of the target column.
    pub target: String,
    /// The kind of problem; inferred from the target when absent.
    pub task: Option<Task>,
    /// What predictions will be measured by. Where the task is absent and numbers could be classes or quantities, they are
    /// what the metric is of.
    pub metric: Option<Metric>,
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

    /// The given rows alone, in their order in the table.
    ///
    /// # Errors
    /// [`DataError::Preprocess`] if there is no such row.
    pub fn excerpt(&self, rows: &[usize]) -> Result<Self, DataError> {
        check_rows(rows, self.n_rows())?;
        let mut keep = vec![false; self.n_rows()];
        for &row in rows {
            keep[row] = true;
        }
        let rows: Vec<usize> = (0..keep.len()).filter(|&row| keep[row]).collect();
        let mask = BooleanChunked::from_slice("keep".into(), &keep);
        // The mask has as many rows as the frame, the only thing that could be wrong with it.
        let frame = self.frame.filter(&mask).unwrap_or_default();
        Ok(Self {
            frame,
            profile: self.profile.clone(),
            schema: self.schema.clone(),
            columns: self.columns.iter().map(|(name, column)| (name.clone(), column.select(&rows))).collect(),
            target: self.target.as_ref().map(|target| target.select(&rows)),
            groups: self.groups.as_ref().map(|groups| rows.iter().map(|&row| groups[row]).collect()),
            times: self.times.as_ref().map(|times| rows.iter().map(|&row| times[row]).collect()),
            weights: self.weights.as_ref().map(|weights| rows.iter().map(|&row| weights[row]).collect()),
            content_hash: self.content_hash.clone(),
            warnings: Vec::new(),
        })
    }

    /// The same table, but row `i` has the value of row `order[i]` in the feature column `name`. The frame stays as it is.
    ///
    /// # Errors
    /// [`DataError::Preprocess`] if there is no such row.
    pub fn with_order(&self, name: &str, order: &[usize]) -> Result<Self, DataError> {
        check_rows(order, self.n_rows())?;
        let mut table = self.clone();
        if let Some(column) = table.columns.get_mut(name) {
            *column = column.select(order);
        }
        Ok(table)
    }
}

/// Refuses rows that a table does not have.
pub(crate) fn check_rows(rows: &[usize], n_rows: usize) -> Result<(), DataError> {
    match rows.iter().find(|row| **row >= n_rows) {
        None => Ok(()),
        Some(row) => Err(DataError::Preprocess {
            step: "selecting rows".to_owned(),
            reason: format!("row {row} (counted from 0) of a table of {n_rows} rows"),
        }),
    }
}
