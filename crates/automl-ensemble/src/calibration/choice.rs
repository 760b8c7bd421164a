//! Which calibration, if any.

use automl_core::{Metric, Predictions};
use serde::{Deserialize, Serialize};

use super::{Calibrator, Method};
use crate::error::EnsembleError;
use crate::nested::nested;
use crate::rows::{Parts, select_predictions};
use crate::scorer::Scorer;

/// The method chosen, fitted on all rows, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Fitted on all rows.
    pub calibrator: Calibrator,
    /// Log loss of every method, each row's by a calibrator that has not seen it; in the order of [`Method::ALL`].
    pub log_losses: Vec<(Method, f64)>,
}

/// The method of the least nested log loss (of equals the simplest), fitted on all rows.
///
/// The log loss is a proper score: calibrating lowers it, and so does nothing that only looks like calibrating. The
/// scorer gives target and weights; its metric does not matter.
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
    let mut log_losses = Vec::with_capacity(Method::ALL.len());
    let mut best = (Method::None, f64::INFINITY);
    for method in Method::ALL {
        let honest = nested(&scorer, parts, |fit, held_out| {
            let calibrator = Calibrator::fit_rows(method, &scorer, predictions, fit)?;
            calibrator.apply(&select_predictions(predictions, held_out))
        })?;
        log_losses.push((method, honest.score));
        if honest.score < best.1 {
            best = (method, honest.score);
        }
    }
    Ok(Choice { calibrator: Calibrator::fit(best.0, &scorer, predictions)?, log_losses })
}
