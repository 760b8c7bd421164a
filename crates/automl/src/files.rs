//! Whole files: a look at one, prediction and evaluation.

use std::path::Path;

use automl_core::{Metric, Predictions};
use automl_data::polars::prelude::{Column, DataFrame, NamedFrom, Series};
use automl_data::{Overview, Source, Table, TableOptions, overview, write_predictions};

use crate::error::AutomlError;
use crate::members::Model;

/// Reads a file as it is: CSV, TSV, Parquet, Arrow or NDJSON, by its ending, or all files of a pattern as one table.
///
/// # Errors
/// [`AutomlError::Data`] naming the file and the place in it.
pub fn read_frame(data: &Path) -> Result<DataFrame, AutomlError> {
    Ok(automl_data::read_frame(&Source::new(data.to_string_lossy()))?)
}

/// Looks at a file, with its first `n_head` rows: what its columns are and how a search would read them. An empty
/// `options.target` means that none is known.
///
/// # Errors
/// [`AutomlError::Data`] if the file cannot be read, a column is none of it, or the target cannot be learnt.
pub fn describe(data: &Path, options: &TableOptions, n_head: usize) -> Result<Overview, AutomlError> {
    Ok(overview(&read_frame(data)?, options, n_head)?)
}

/// A file that was predicted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PredictedFile {
    /// Number of rows.
    pub n_rows: usize,
    /// What was taken otherwise than it stands in the file, a sentence each.
    pub warnings: Vec<String>,
}

/// A file that a model was scored on.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredFile {
    /// Every metric of the task that has a value on these rows.
    pub scores: Vec<(Metric, f64)>,
    /// What was taken otherwise than it stands in the file, a sentence each.
    pub warnings: Vec<String>,
}

impl Model {
    /// Predicts the rows of `data` and writes them to `out`: column `prediction` and, for classes,
    /// `p_<label>`.
    ///
    /// # Errors
    /// [`AutomlError`] if the file cannot be read, lacks columns, or the result cannot be written.
    pub fn predict_file(&self, data: &Path, out: &Path) -> Result<PredictedFile, AutomlError> {
        let table = Table::for_prediction(read_frame(data)?, &self.manifest().schema)?;
        let predictions = self.predict(&table)?;
        write_predictions(&self.frame(&predictions)?, out)?;
        Ok(PredictedFile { n_rows: predictions.n_rows(), warnings: table.warnings().to_vec() })
    }

    /// Scores the model on a file that has the target column.
    ///
    /// # Errors
    /// As [`Model::predict_file`]; [`AutomlError::Data`] if there is no target column or it has an unknown label.
    pub fn evaluate_file(&self, data: &Path) -> Result<ScoredFile, AutomlError> {
        let table = Table::for_evaluation(read_frame(data)?, &self.manifest().schema)?;
        Ok(ScoredFile { scores: self.evaluate(&table)?, warnings: table.warnings().to_vec() })
    }

    /// Predictions as a frame, labels spelt as in the training data.
    ///
    /// # Errors
    /// [`AutomlError::Internal`] if polars refuses, which would be a fault of automl.
    pub fn frame(&self, predictions: &Predictions) -> Result<DataFrame, AutomlError> {
        let labels = &self.manifest().schema.labels;
        let mut columns = Vec::new();
        match predictions {
            Predictions::Real(values) => columns.push(series("prediction", values)),
            Predictions::Proba(proba) => {
                let classes = self.decide(predictions)?.unwrap_or_default();
                let names: Vec<&str> = classes.iter().map(|&class| labels[class as usize].as_str()).collect();
                columns.push(Column::from(Series::new("prediction".into(), names)));
                for (class, label) in labels.iter().enumerate() {
                    columns.push(series(&format!("p_{label}"), &proba.column(class)));
                }
            }
        }
        DataFrame::new(predictions.n_rows(), columns).map_err(|error| AutomlError::Internal(Box::new(error)))
    }
}

fn series(name: &str, values: &[f64]) -> Column {
    Column::from(Series::new(name.into(), values))
}
