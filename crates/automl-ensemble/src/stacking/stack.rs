//! A fitted stack.

use automl_core::{Matrix, Predictions};
use serde::{Deserialize, Serialize};

use super::log_linear;
use crate::error::EnsembleError;
use crate::library::Candidate;

/// A fitted stack: plain data, to be kept with the models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stack {
    /// A weight for each candidate, in the order given, at least 0; those not looked at have 0.
    pub weights: Vec<f64>,
    /// Numbers: one intercept. Classes: a bias each.
    pub biases: Vec<f64>,
    /// The strength chosen.
    pub penalty: f64,
}

impl Stack {
    /// The stack's predictions from those of the models, in the order of the candidates. Those of models without
    /// weight are not looked at, but for their place and the number of rows of the first.
    ///
    /// # Errors
    /// [`EnsembleError::Length`] and [`EnsembleError::Kind`] if the models are not as many as the candidates, or their
    /// predictions not of the shape fitted.
    pub fn apply(&self, models: &[&Predictions]) -> Result<Predictions, EnsembleError> {
        if models.len() != self.weights.len() {
            return Err(EnsembleError::length("the stack", "models", models.len(), self.weights.len()));
        }
        let n_rows = models.first().map_or(0, |model| model.n_rows());
        let weighted = models.iter().copied().zip(self.weights.iter().copied());
        let used: Vec<(&Predictions, f64)> = weighted.filter(|(_, weight)| *weight > 0.0).collect();
        self.combine(n_rows, &used)
    }

    /// Predictions of some rows.
    pub(super) fn on_rows(
        &self,
        candidates: &[Candidate<'_>],
        rows: &[usize],
    ) -> Result<Predictions, EnsembleError> {
        let weighted = candidates.iter().zip(&self.weights).filter(|(_, weight)| **weight > 0.0);
        let some: Vec<(Predictions, f64)> =
            weighted.map(|(candidate, weight)| (candidate.predictions.select(rows), *weight)).collect();
        let used: Vec<(&Predictions, f64)> = some.iter().map(|(model, weight)| (model, *weight)).collect();
        self.combine(rows.len(), &used)
    }

    /// From the models of a weight above 0, of which there may be none: then the biases say all.
    fn combine(&self, n_rows: usize, used: &[(&Predictions, f64)]) -> Result<Predictions, EnsembleError> {
        if let Some((model, _)) = used.iter().find(|(model, _)| model.n_rows() != n_rows) {
            return Err(EnsembleError::length("a stacked model", "rows", model.n_rows(), n_rows));
        }
        match self.biases[..] {
            [intercept] => numbers(intercept, n_rows, used),
            _ => self.classes(n_rows, used),
        }
    }

    fn classes(&self, n_rows: usize, used: &[(&Predictions, f64)]) -> Result<Predictions, EnsembleError> {
        let n_classes = self.biases.len();
        let mut stacked = Matrix::filled(n_rows, n_classes, 0.0);
        for (model, weight) in used {
            let Predictions::Proba(proba) = model else {
                let what = "a stacked model".to_owned();
                return Err(EnsembleError::Kind { what, wanted: "class probabilities" });
            };
            if proba.n_cols() != n_classes {
                return Err(EnsembleError::length("a stacked model", "classes", proba.n_cols(), n_classes));
            }
            let sums = stacked.values_mut().iter_mut().zip(proba.values());
            sums.for_each(|(sum, p)| *sum += weight * log_linear::log(*p));
        }
        for row in 0..n_rows {
            let row = stacked.row_mut(row);
            row.iter_mut().zip(&self.biases).for_each(|(output, bias)| *output += bias);
            log_linear::softmax(row);
        }
        Ok(Predictions::Proba(stacked))
    }
}

fn numbers(
    intercept: f64,
    n_rows: usize,
    used: &[(&Predictions, f64)],
) -> Result<Predictions, EnsembleError> {
    let mut sum = vec![intercept; n_rows];
    for (model, weight) in used {
        let Predictions::Real(values) = model else {
            return Err(EnsembleError::Kind { what: "a stacked model".to_owned(), wanted: "numbers" });
        };
        sum.iter_mut().zip(values).for_each(|(total, value)| *total += weight * value);
    }
    Ok(Predictions::Real(sum))
}
