//! What a search leaves for its report beside the study: what the rows look like, what drives the final model.

use automl_core::{DataSummary, FoldPlan};
use automl_data::{Table, summarise};
use automl_report::Explanation;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::AutomlError;
use crate::run_folder::{RunFolder, write_atomic};

/// What is known of a final model beside its manifest.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct FinalFacts {
    /// Milliseconds in which it predicts 1,000 rows of this table on this machine.
    pub(crate) predict_ms: f64,
    /// What drives it, and where it fails.
    pub(crate) explanation: Option<Explanation>,
}

/// Summarises the training rows, unless an earlier run of the same search did.
pub(crate) fn write_summary(folder: &RunFolder, table: &Table, plan: &FoldPlan) -> Result<(), AutomlError> {
    if folder.summary().is_file() {
        return Ok(());
    }
    match summarise(table, plan) {
        Some(summary) => write(&folder.summary(), &summary),
        None => Ok(()),
    }
}

/// The summary; `None` in the folders of older runs.
pub(crate) fn read_summary(folder: &RunFolder) -> Result<Option<DataSummary>, AutomlError> {
    read(&folder.summary())
}

pub(crate) fn write_facts(folder: &RunFolder, facts: &FinalFacts) -> Result<(), AutomlError> {
    write(&folder.facts(), facts)
}

/// The facts of the final model; `None` before there is one, and in the folders of older runs.
pub(crate) fn read_facts(folder: &RunFolder) -> Result<Option<FinalFacts>, AutomlError> {
    read(&folder.facts())
}

fn write<T: Serialize>(path: &std::path::Path, value: &T) -> Result<(), AutomlError> {
    let json = serde_json::to_vec(value).map_err(|error| AutomlError::Internal(error.into()))?;
    Ok(write_atomic(path, &json)?)
}

fn read<T: DeserializeOwned>(path: &std::path::Path) -> Result<Option<T>, AutomlError> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        AutomlError::config(format!("`{}` cannot be read: {error}", path.display()))
            .with_hint("remove the file; the report then leaves out what it holds")
    })
}
