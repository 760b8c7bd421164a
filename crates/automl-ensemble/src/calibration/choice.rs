//! Which calibration, if any.

use automl_core::{Metric, Predictions};
use serde::{Deserialize, Serialize};

use super::{Calibrator, Method};
use crate::error::EnsembleError;
use crate::nested::{Nested, nested};
use crate::rows::Parts;
use crate::scorer::Scorer;

/// The method chosen, fitted on all rows, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Fitted on all rows; half a temperature where no method is best.
    pub calibrator: Calibrator,
    /// Log loss of every method, each row's by a calibrator that has not seen it; in the order of [`Method::ALL`].
    pub log_losses: Vec<(Method, f64)>,
    /// What the chosen kind of calibrator makes of each row, fitted without the row's part: for honest scores.
    pub predictions: Predictions,
}

/// The method of the least nested log loss (of equals the simplest), fitted on all rows.
///
/// The log loss is a proper score: calibrating lowers it, and so does nothing that only looks like calibrating. The
/// scorer gives target and weights; its metric does not matter.
///
/// Where none of the methods lowers it, the temperature is gone half of the way, which on many rows is hardly a step: a few
/// hundred rows rarely hold the one of which a model is sure and wrong, and their log loss says that all is well. On 55
/// tables of 90 to 455 rows that half and its bound lower the log loss of other rows by 3 %, on twelve of 1,155 to 3,000
/// they change nothing (`experiments/bench/accuracy_notes.md`).
///
/// # Errors
/// [`EnsembleError::Kind`] for regression, and those of [`nested()`].
pub fn choose(
    scorer: &Scorer<'_>,
    predictions: &Predictions,
    parts: &Parts,
) -> Result<Choice, EnsembleError> {
    scorer.check("the model", predictions)?;
    if scorer.n_classes() == 0 {
        return Err(super::not_probabilities());
    }
    let scorer = scorer.with_metric(Metric::LogLoss);
    let nested_of = |fit: &dyn Fn(&[usize]) -> Result<Calibrator, EnsembleError>| {
        nested(&scorer, parts, |rows, held_out| fit(rows)?.apply(&predictions.select(held_out)))
    };
    let mut log_losses = Vec::with_capacity(Method::ALL.len());
    let mut best: Option<(Method, Nested)> = None;
    for method in Method::ALL {
        let found = nested_of(&|rows| Calibrator::fit_rows(method, &scorer, predictions, rows))?;
        log_losses.push((method, found.score));
        if best.as_ref().is_none_or(|(_, best)| found.score < best.score) {
            best = Some((method, found));
        }
    }
    let (calibrator, honest) = match best {
        Some((method, honest)) if method != Method::None => {
            (Calibrator::fit(method, &scorer, predictions)?, honest)
        }
        _ => {
            let temperature = Method::Temperature;
            let half = |rows: &[usize]| -> Result<Calibrator, EnsembleError> {
                Ok(Calibrator::fit_rows(temperature, &scorer, predictions, rows)?.half())
            };
            (Calibrator::fit(temperature, &scorer, predictions)?.half(), nested_of(&half)?)
        }
    };
    Ok(Choice { calibrator, log_losses, predictions: honest.predictions })
}
