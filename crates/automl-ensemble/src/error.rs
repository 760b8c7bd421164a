//! Errors of this crate.

use automl_core::{Hint, Metric, MetricError};
use thiserror::Error;

/// Something could not be decided from predictions or scores.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum EnsembleError {
    /// The metric does not fit the target, or has no value on some rows.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// A metric whose weighted form this crate does not have.
    #[error("`{metric}` has no weighted form here, but rows have weights")]
    Unweighted {
        /// The metric.
        metric: Metric,
    },
    /// A weight that cannot count.
    #[error("the weight of row {row} is {value}, but must be finite and above 0")]
    Weight {
        /// The row.
        row: usize,
        /// Its weight.
        value: f64,
    },
    /// Two things that must be of one length are not.
    #[error("{what} has {got} {unit}, but must have {wanted}")]
    Length {
        /// What is too short or too long.
        what: String,
        /// What is counted.
        unit: &'static str,
        /// The count found.
        got: usize,
        /// The count wanted.
        wanted: usize,
    },
    /// Too little to decide from.
    #[error("{what} needs {wanted} or more {unit}, got {got}")]
    TooFew {
        /// What was asked for.
        what: &'static str,
        /// What is counted.
        unit: &'static str,
        /// The count found.
        got: usize,
        /// The least count.
        wanted: usize,
    },
    /// Predictions of the wrong kind: numbers in place of class probabilities, or the reverse.
    #[error("{what} must be {wanted}")]
    Kind {
        /// What is of the wrong kind.
        what: String,
        /// The kind wanted.
        wanted: &'static str,
    },
    /// A number that is NaN or infinite.
    #[error("{what}: value {index} is {value}, but must be finite")]
    NotFinite {
        /// Which list of numbers.
        what: String,
        /// Its place.
        index: usize,
        /// The number.
        value: f64,
    },
    /// A setting outside its range.
    #[error("`{name}` is {value}, but must be {range}")]
    OutOfRange {
        /// Name of the setting.
        name: &'static str,
        /// The value.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// Two models share a name.
    #[error("two models are named `{id}`")]
    DuplicateId {
        /// The name.
        id: String,
    },
    /// Parts that are no partition of the rows.
    #[error("row {row} of {n_rows} is in {count} parts, but must be in exactly one")]
    Partition {
        /// The row.
        row: usize,
        /// Number of rows.
        n_rows: usize,
        /// In how many parts it is.
        count: usize,
    },
    /// No model is fast enough.
    #[error("no model predicts a row within {budget} ms; the fastest, `{id}`, takes {fastest} ms")]
    Budget {
        /// The bound, milliseconds a row.
        budget: f64,
        /// The fastest model.
        id: String,
        /// Its time, milliseconds a row.
        fastest: f64,
    },
    /// A metric that is no function of predicted classes.
    #[error("`{metric}` does not depend on predicted classes, so no decision rule is best for it")]
    NotOfClasses {
        /// The metric.
        metric: Metric,
    },
}

impl EnsembleError {
    pub(crate) fn length(what: impl Into<String>, unit: &'static str, got: usize, wanted: usize) -> Self {
        Self::Length { what: what.into(), unit, got, wanted }
    }

    /// An error unless `value` lies in a range that `holds` knows and `range` names.
    pub(crate) fn check(
        name: &'static str,
        value: f64,
        range: &'static str,
        holds: bool,
    ) -> Result<(), EnsembleError> {
        if holds { Ok(()) } else { Err(Self::OutOfRange { name, value, range }) }
    }

    /// An error at the first number that is not finite.
    pub(crate) fn check_finite(what: &str, values: &[f64]) -> Result<(), EnsembleError> {
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(()),
            Some(index) => Err(Self::NotFinite { what: what.to_owned(), index, value: values[index] }),
        }
    }
}

impl Hint for EnsembleError {
    fn hints(&self) -> Vec<String> {
        match self {
            EnsembleError::Unweighted { .. } => {
                vec!["leave the weights out, or choose another metric, such as `mae`".to_owned()]
            }
            EnsembleError::Budget { fastest, .. } => vec![format!("raise the bound to {fastest} ms or more")],
            EnsembleError::NotOfClasses { .. } => {
                vec!["choose accuracy, balanced accuracy, precision, recall, F1, MCC or kappa".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}
