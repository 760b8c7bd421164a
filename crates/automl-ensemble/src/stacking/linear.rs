//! Numbers: non-negative ridge regression on the models' predictions.

use automl_core::{Predictions, Target};

use super::bounded;
use crate::library::Candidate;
use crate::scorer::Scorer;

/// Weighted second moments of predictions and target about their means, in units of the target's variance: all that
/// least squares needs to know, whatever the penalty.
pub(super) struct Moments {
    /// Mean of each model's predictions.
    means: Vec<f64>,
    target_mean: f64,
    /// Covariances of models, `[n_models, n_models]`.
    gram: Vec<f64>,
    /// Covariances of models with the target.
    with_target: Vec<f64>,
}

impl Moments {
    /// The candidates and the target are numbers.
    pub(super) fn new(scorer: &Scorer<'_>, candidates: &[Candidate<'_>], rows: &[usize]) -> Self {
        let weights: Vec<f64> = rows.iter().map(|&row| scorer.weight(row)).collect();
        let total: f64 = weights.iter().sum();
        let weights: Vec<f64> = weights.into_iter().map(|weight| weight / total).collect();
        // Centred, and times the root of the weight, so that products are moments.
        let centred = |values: &[f64]| -> (f64, Vec<f64>) {
            let mean = rows.iter().zip(&weights).map(|(&row, weight)| weight * values[row]).sum::<f64>();
            let root = rows.iter().zip(&weights).map(|(&row, weight)| weight.sqrt() * (values[row] - mean));
            (mean, root.collect())
        };
        let columns: Vec<(f64, Vec<f64>)> = candidates
            .iter()
            .map(|candidate| match candidate.predictions {
                Predictions::Real(values) => centred(values),
                Predictions::Proba(_) => (0.0, vec![0.0; rows.len()]),
            })
            .collect();
        let (target_mean, target) = match scorer.target() {
            Target::Real(values) => centred(values),
            Target::Classes { .. } => (0.0, vec![0.0; rows.len()]),
        };
        let variance = dot(&target, &target);
        // A constant target has no unit of its own, and any will do.
        let unit = if variance > 0.0 { 1.0 / variance } else { 1.0 };
        let n = columns.len();
        let mut gram = vec![0.0; n * n];
        for a in 0..n {
            for b in 0..=a {
                let product = unit * dot(&columns[a].1, &columns[b].1);
                gram[a * n + b] = product;
                gram[b * n + a] = product;
            }
        }
        let with_target = columns.iter().map(|(_, column)| unit * dot(column, &target)).collect();
        Self { means: columns.into_iter().map(|(mean, _)| mean).collect(), target_mean, gram, with_target }
    }

    /// Weights and intercept at one penalty, from the weights given.
    pub(super) fn solve(&self, penalty: f64, weights: &mut [f64]) -> f64 {
        let n = self.means.len();
        let mut h = self.gram.clone();
        for model in 0..n {
            h[model * n + model] += penalty;
        }
        let g: Vec<f64> = self.with_target.iter().map(|product| product + penalty / n as f64).collect();
        bounded::minimise(&h, &g, n, weights);
        self.target_mean - dot(weights, &self.means)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
