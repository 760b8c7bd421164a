//! Metrics that are computed from scratch: the median absolute error, and whatever metric is new.

use automl_core::{Matrix, Metric, Predictions, Target};

use super::{Loss, add_to};
use crate::error::EnsembleError;
use crate::library::Candidate;
use crate::scorer::Scorer;

pub(super) struct Whole {
    metric: Metric,
    target: Target,
    n_classes: usize,
    /// Predictions, `[n_models][n_rows * n_outputs]`.
    values: Vec<Vec<f64>>,
    /// Sum over the chosen models.
    sum: Vec<f64>,
    n_chosen: usize,
}

impl Whole {
    pub(super) fn new(scorer: &Scorer<'_>, candidates: &[Candidate<'_>], rows: &[usize]) -> Self {
        let of_model = |candidate: &Candidate<'_>| match candidate.predictions.select(rows) {
            Predictions::Real(values) => values,
            Predictions::Proba(proba) => proba.into_values(),
        };
        Self {
            metric: scorer.metric(),
            target: scorer.target().select(rows),
            n_classes: scorer.n_classes(),
            values: candidates.iter().map(of_model).collect(),
            sum: vec![0.0; rows.len() * scorer.n_classes().max(1)],
            n_chosen: 0,
        }
    }
}

impl Loss for Whole {
    fn cost_with(&self, model: usize) -> Result<f64, EnsembleError> {
        let share = 1.0 / (self.n_chosen + 1) as f64;
        let mean =
            self.sum.iter().zip(&self.values[model]).map(|(sum, value)| (sum + value) * share).collect();
        let mean = match self.n_classes {
            0 => Predictions::Real(mean),
            n_classes => Predictions::Proba(Matrix::new(self.target.n_rows(), n_classes, mean)),
        };
        Ok(self.metric.direction().cost(self.metric.score(&self.target, &mean)?))
    }

    fn add(&mut self, model: usize) {
        add_to(&mut self.sum, &self.values[model]);
        self.n_chosen += 1;
    }

    fn clear(&mut self) {
        self.sum.fill(0.0);
        self.n_chosen = 0;
    }
}
