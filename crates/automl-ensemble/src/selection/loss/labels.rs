//! Metrics of predicted classes: the most probable class of the sum, counted.

use automl_core::{Metric, MetricError, Predictions};

use super::{Loss, add_to, codes, weights};
use crate::confusion::Marginals;
use crate::error::EnsembleError;
use crate::library::Candidate;
use crate::scorer::Scorer;

pub(super) struct Labels {
    metric: Metric,
    n_classes: usize,
    /// Probabilities, `[n_models][n_rows * n_classes]`.
    probabilities: Vec<Vec<f64>>,
    codes: Vec<u32>,
    weights: Vec<f64>,
    /// Sum over the chosen models, `[n_rows * n_classes]`.
    sum: Vec<f64>,
}

impl Labels {
    pub(super) fn new(scorer: &Scorer<'_>, candidates: &[Candidate<'_>], rows: &[usize]) -> Self {
        let of_model = |candidate: &Candidate<'_>| match candidate.predictions {
            Predictions::Proba(proba) => proba.select_rows(rows).into_values(),
            Predictions::Real(_) => Vec::new(),
        };
        // Whole weights count exactly, so they are only scaled where they are not 1 anyway.
        let weights = if scorer.is_weighted() { weights(scorer, rows) } else { vec![1.0; rows.len()] };
        Self {
            metric: scorer.metric(),
            n_classes: scorer.n_classes(),
            probabilities: candidates.iter().map(of_model).collect(),
            codes: codes(scorer, rows),
            weights,
            sum: vec![0.0; rows.len() * scorer.n_classes()],
        }
    }
}

impl Loss for Labels {
    fn cost_with(&self, model: usize) -> Result<f64, EnsembleError> {
        let mut marginals = Marginals::new(self.n_classes);
        let sums = self.sum.chunks_exact(self.n_classes);
        let rows = sums.zip(self.probabilities[model].chunks_exact(self.n_classes));
        for ((sum, row), (&code, &weight)) in rows.zip(self.codes.iter().zip(&self.weights)) {
            let (mut label, mut most) = (0, sum[0] + row[0]);
            for class in 1..self.n_classes {
                let value = sum[class] + row[class];
                if value > most {
                    (label, most) = (class, value);
                }
            }
            marginals.add(code, label as u32, weight);
        }
        let undefined = || {
            let reason = "all rows are of one class and predicted as it".to_owned();
            MetricError::Undefined { metric: self.metric, reason }
        };
        let value = marginals.value(self.metric).ok_or_else(undefined)?;
        Ok(self.metric.direction().cost(value))
    }

    fn add(&mut self, model: usize) {
        add_to(&mut self.sum, &self.probabilities[model]);
    }

    fn clear(&mut self) {
        self.sum.fill(0.0);
    }
}
