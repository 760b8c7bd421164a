//! Models known by their out-of-fold predictions, and weighted means of them.

use automl_core::{Matrix, Predictions};
use rayon::prelude::*;

use crate::error::EnsembleError;
use crate::scorer::Scorer;

/// One model on the rows of a [`Scorer`].
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its name, unlike that of any other; decides between models that are alike in all else.
    pub id: &'a str,
    /// Its family, such as `linear`.
    pub family: &'a str,
    /// Its out-of-fold predictions: those for a row come from models that were not fitted on it.
    pub predictions: &'a Predictions,
    /// Time to predict one row, in milliseconds.
    pub ms_per_row: f64,
}

/// Checks names, times and predictions.
///
/// # Errors
/// [`EnsembleError::TooFew`] without candidates, [`EnsembleError::DuplicateId`], [`EnsembleError::OutOfRange`] for a
/// time below 0, and those of [`Scorer::check`].
pub(crate) fn check(scorer: &Scorer<'_>, candidates: &[Candidate<'_>]) -> Result<(), EnsembleError> {
    if candidates.is_empty() {
        return Err(EnsembleError::TooFew { what: "an ensemble", unit: "models", got: 0, wanted: 1 });
    }
    let mut ids: Vec<&str> = candidates.iter().map(|candidate| candidate.id).collect();
    ids.sort_unstable();
    if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(EnsembleError::DuplicateId { id: pair[0].to_owned() });
    }
    for candidate in candidates {
        let ms = candidate.ms_per_row;
        EnsembleError::check("ms_per_row", ms, "finite and at least 0", ms.is_finite() && ms >= 0.0)?;
    }
    let of_model = |candidate: &Candidate<'_>| scorer.check(candidate.id, candidate.predictions).err();
    // The first error in order, whichever thread is first.
    let errors: Vec<Option<EnsembleError>> = candidates.par_iter().map(of_model).collect();
    errors.into_iter().flatten().next().map_or(Ok(()), Err)
}

/// The weighted mean of models' predictions, all of one shape: `Σ weightₘ predictionsₘ`.
///
/// A weight of 0 leaves its model out, whose predictions are then not looked at. Weights that sum to 1 make
/// probabilities of probabilities.
///
/// # Errors
/// [`EnsembleError::TooFew`] without models of a weight above 0; [`EnsembleError::Length`] and
/// [`EnsembleError::Kind`] if numbers of weights and models, or shapes, differ.
pub fn blend(models: &[&Predictions], weights: &[f64]) -> Result<Predictions, EnsembleError> {
    let n_rows = models.first().map_or(0, |model| model.n_rows());
    blend_rows(models, weights, &(0..n_rows).collect::<Vec<_>>())
}

/// [`blend`] of some rows, in the given order.
pub(crate) fn blend_rows(
    models: &[&Predictions],
    weights: &[f64],
    rows: &[usize],
) -> Result<Predictions, EnsembleError> {
    if models.len() != weights.len() {
        return Err(EnsembleError::length("the blend", "weights", weights.len(), models.len()));
    }
    let mut used = models.iter().zip(weights).filter(|(_, weight)| **weight != 0.0).peekable();
    let Some((first, _)) = used.peek() else {
        return Err(EnsembleError::TooFew {
            what: "a blend",
            unit: "models of a weight above 0",
            got: 0,
            wanted: 1,
        });
    };
    let (n_rows, width) = (first.n_rows(), width(first));
    let mut sum = vec![0.0; rows.len() * width.unwrap_or(1)];
    for (model, &weight) in used {
        if model.n_rows() != n_rows {
            return Err(EnsembleError::length("a blended model", "rows", model.n_rows(), n_rows));
        }
        match (model, width) {
            (Predictions::Real(values), None) => {
                sum.iter_mut().zip(rows).for_each(|(total, &row)| *total += weight * values[row]);
            }
            (Predictions::Proba(proba), Some(width)) if proba.n_cols() == width => {
                for (total, &row) in sum.chunks_exact_mut(width.max(1)).zip(rows) {
                    total.iter_mut().zip(proba.row(row)).for_each(|(total, p)| *total += weight * p);
                }
            }
            (Predictions::Proba(proba), Some(width)) => {
                return Err(EnsembleError::length("a blended model", "classes", proba.n_cols(), width));
            }
            _ => {
                let wanted = if width.is_some() { "class probabilities" } else { "numbers" };
                return Err(EnsembleError::Kind { what: "a blended model".to_owned(), wanted });
            }
        }
    }
    Ok(match width {
        None => Predictions::Real(sum),
        Some(width) => Predictions::Proba(Matrix::new(rows.len(), width, sum)),
    })
}

/// Number of classes; `None` for numbers.
fn width(predictions: &Predictions) -> Option<usize> {
    match predictions {
        Predictions::Real(_) => None,
        Predictions::Proba(proba) => Some(proba.n_cols()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blend_is_a_weighted_mean() {
        let (a, b) = (Predictions::Real(vec![1.0, 2.0]), Predictions::Real(vec![3.0, 6.0]));
        assert_eq!(blend(&[&a, &b], &[0.75, 0.25]).unwrap(), Predictions::Real(vec![1.5, 3.0]));
        assert_eq!(blend_rows(&[&a, &b], &[0.0, 1.0], &[1]).unwrap(), Predictions::Real(vec![6.0]));
    }

    #[test]
    fn unlike_models_do_not_blend() {
        let numbers = Predictions::Real(vec![1.0]);
        let classes = Predictions::Proba(Matrix::new(1, 2, vec![0.5, 0.5]));
        let message =
            |models: &[&Predictions], weights: &[f64]| blend(models, weights).unwrap_err().to_string();
        assert_eq!(message(&[&numbers, &classes], &[0.5, 0.5]), "a blended model must be numbers");
        assert_eq!(message(&[&numbers], &[0.5, 0.5]), "the blend has 2 weights, but must have 1");
        assert_eq!(message(&[&numbers], &[0.0]), "a blend needs 1 or more models of a weight above 0, got 0");
    }
}
