//! How far confidence is from accuracy.

use automl_core::{Predictions, Target};
use serde::{Deserialize, Serialize};

use crate::error::EnsembleError;
use crate::scorer::Scorer;

/// Bins of the expected calibration error, as Guo et al. (2017) have them.
pub const DEFAULT_BINS: usize = 15;

/// Rows of about one confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Mean probability of the predicted class.
    pub confidence: f64,
    /// Share of rows whose predicted class is the true one.
    pub accuracy: f64,
    /// Share of all rows that are in the bin.
    pub share: f64,
}

/// Confidence and accuracy in bins of equal mass, least confident first: what a reliability diagram draws.
///
/// Rows are sorted by the probability of their most probable class, and each of `n_bins` runs of equal weight is a
/// bin: row `i` of `n` is in bin `⌊n_bins i / n⌋`. Fewer rows than bins leave some out.
///
/// # Errors
/// [`EnsembleError::Kind`] for regression, [`EnsembleError::OutOfRange`] for no bins, and those of
/// [`Scorer::check`].
pub fn reliability(
    scorer: &Scorer<'_>,
    predictions: &Predictions,
    n_bins: usize,
) -> Result<Vec<ReliabilityBin>, EnsembleError> {
    scorer.check("the model", predictions)?;
    EnsembleError::check("n_bins", n_bins as f64, "at least 1", n_bins >= 1)?;
    let (Target::Classes { codes, .. }, Predictions::Proba(proba), Some(labels)) =
        (scorer.target(), predictions, predictions.classes())
    else {
        return Err(super::not_probabilities());
    };
    let row = |(row, label): (usize, &u32)| {
        (proba.get(row, *label as usize), *label == codes[row], scorer.weight(row))
    };
    let mut rows: Vec<(f64, bool, f64)> = labels.iter().enumerate().map(row).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = rows.iter().map(|row| row.2).sum();

    // Sums of confidence, hits and weight.
    let mut bins = vec![(0.0, 0.0, 0.0); n_bins];
    let mut before = 0.0;
    for (confidence, hit, weight) in rows {
        let bin = &mut bins[((n_bins as f64 * before / total) as usize).min(n_bins - 1)];
        bin.0 += weight * confidence;
        bin.1 += if hit { weight } else { 0.0 };
        bin.2 += weight;
        before += weight;
    }
    let full = bins.into_iter().filter(|bin| bin.2 > 0.0);
    Ok(full
        .map(|(confidence, hits, weight)| ReliabilityBin {
            confidence: confidence / weight,
            accuracy: hits / weight,
            share: weight / total,
        })
        .collect())
}

/// The expected calibration error, 0 to 1: the mean distance between confidence and accuracy over
/// [`reliability`]'s bins (Guo et al. 2017, equation 3, there with bins of equal width).
///
/// It looks at the predicted class alone, and it is not 0 for a calibrated model: with `m` rows in a bin, chance
/// alone makes a distance of up to about `0.4 / √m`.
///
/// # Errors
/// Those of [`reliability`].
pub fn expected_calibration_error(
    scorer: &Scorer<'_>,
    predictions: &Predictions,
    n_bins: usize,
) -> Result<f64, EnsembleError> {
    let bins = reliability(scorer, predictions, n_bins)?;
    Ok(bins.iter().map(|bin| bin.share * (bin.confidence - bin.accuracy).abs()).sum())
}
