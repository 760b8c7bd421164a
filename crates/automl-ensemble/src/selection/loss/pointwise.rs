//! Errors of numbers that are means over rows but no quadratic form: absolute, relative, and squared of logarithms.

use automl_core::{Metric, Predictions};

use super::{Loss, add_to, lane_sum, numbers, weights};
use crate::library::Candidate;
use crate::scorer::Scorer;

pub(super) struct Pointwise {
    /// Absolute errors: residuals times the row's weight. Logarithmic: predictions. Shape `[n_models][n_rows]`.
    values: Vec<Vec<f64>>,
    logarithmic: Option<Logarithmic>,
    /// Sum over the chosen models, `[n_rows]`.
    sum: Vec<f64>,
    n_chosen: usize,
}

struct Logarithmic {
    weights: Vec<f64>,
    /// `ln(1 + y)`.
    target: Vec<f64>,
}

impl Pointwise {
    pub(super) fn new(scorer: &Scorer<'_>, candidates: &[Candidate<'_>], rows: &[usize]) -> Self {
        let target = numbers(scorer, rows);
        let mut weights = weights(scorer, rows);
        if scorer.metric() == Metric::Mape {
            weights
                .iter_mut()
                .zip(&target)
                .for_each(|(weight, truth)| *weight /= truth.abs().max(f64::EPSILON));
        }
        let is_logarithmic = scorer.metric() == Metric::Rmsle;
        let of_model = |candidate: &Candidate<'_>| -> Vec<f64> {
            let Predictions::Real(values) = candidate.predictions else { return Vec::new() };
            let rows = rows.iter().zip(&target).zip(&weights);
            rows.map(|((&row, truth), weight)| {
                // A weight above 0 may go inside the absolute value.
                if is_logarithmic { values[row] } else { weight * (values[row] - truth) }
            })
            .collect()
        };
        let values = candidates.iter().map(of_model).collect();
        let target = target.into_iter().map(f64::ln_1p).collect();
        let logarithmic = is_logarithmic.then_some(Logarithmic { weights, target });
        Self { values, logarithmic, sum: vec![0.0; rows.len()], n_chosen: 0 }
    }
}

impl Loss for Pointwise {
    fn cost_with(&self, model: usize) -> Result<f64, crate::EnsembleError> {
        let share = 1.0 / (self.n_chosen + 1) as f64;
        let values = &self.values[model];
        Ok(match &self.logarithmic {
            None => share * lane_sum(&self.sum, values, |sum, value| (sum + value).abs()),
            Some(Logarithmic { weights, target }) => {
                let means = self.sum.iter().zip(values).map(|(sum, value)| (sum + value) * share);
                let rows = means.zip(target).zip(weights);
                rows.map(|((mean, truth), weight)| weight * (mean.ln_1p() - truth).powi(2)).sum()
            }
        })
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
