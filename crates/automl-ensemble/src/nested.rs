//! Honest scores of whatever is fitted on out-of-fold predictions.
//!
//! An ensemble, a stack or a calibrator that was fitted on rows looks better on them than it is: it was chosen
//! because it does well there. A nested estimate fits on all parts of the rows but one and scores on that one, so
//! that no row is scored by what was fitted on it, and the result may stand beside a single model's score.

use automl_core::Predictions;
use serde::{Deserialize, Serialize};

use crate::error::EnsembleError;
use crate::prepared::Prepared;
use crate::rows::{Parts, gather};
use crate::scorer::Scorer;

/// What a nested estimate found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Nested {
    /// Mean of [`Nested::part_scores`], in the unit of the metric.
    pub score: f64,
    /// The score on each part by what was fitted on the others: what paired tests compare.
    pub part_scores: Vec<f64>,
    /// The predictions behind them, a row each, in the order of the rows.
    pub predictions: Predictions,
}

/// Fits on all parts but one and predicts that one, for each.
///
/// `predict` is given the rows to fit on and the rows to predict, and returns predictions of the latter in that
/// order.
///
/// # Errors
/// [`EnsembleError::Length`] if the parts are not of the scorer's rows, [`EnsembleError::Metric`] if the metric has no
/// value on a part, and whatever `predict` fails with.
pub fn nested(
    scorer: &Scorer<'_>,
    parts: &Parts,
    mut predict: impl FnMut(&[usize], &[usize]) -> Result<Predictions, EnsembleError>,
) -> Result<Nested, EnsembleError> {
    if parts.n_rows() != scorer.n_rows() {
        return Err(EnsembleError::length("the partition", "rows", parts.n_rows(), scorer.n_rows()));
    }
    let mut pieces = Vec::with_capacity(parts.len());
    for (fit, held_out) in parts.splits() {
        let piece = predict(&fit, held_out)?;
        if piece.n_rows() != held_out.len() {
            let what = "the prediction of a part";
            return Err(EnsembleError::length(what, "rows", piece.n_rows(), held_out.len()));
        }
        pieces.push(piece);
    }
    let predictions = gather(parts, &pieces);
    let part_scores = scores_by_part(scorer, parts, &predictions)?;
    let score = part_scores.iter().sum::<f64>() / part_scores.len() as f64;
    Ok(Nested { score, part_scores, predictions })
}

/// The score on each part: for a single model, to set beside [`Nested::part_scores`].
///
/// # Errors
/// As [`nested`].
pub fn scores_by_part(
    scorer: &Scorer<'_>,
    parts: &Parts,
    predictions: &Predictions,
) -> Result<Vec<f64>, EnsembleError> {
    let prepared = Prepared::new(scorer, predictions)?;
    parts.splits().map(|(_, held_out)| prepared.score(held_out)).collect()
}
