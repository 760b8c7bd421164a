//! Classes: multinomial logistic regression on the models' log probabilities, one weight a model.

use automl_core::{Predictions, Target};
use rayon::prelude::*;

use super::bounded;
use crate::library::Candidate;
use crate::scorer::Scorer;

/// Least probability whose logarithm is taken: one model's certainty must not overrule all others.
const LEAST_PROBABILITY: f64 = 1e-6;

/// Rows whose curvature is looked at. More would cost more and say little more: the steps need not be exact, for
/// loss and gradient are of all rows.
const MAX_CURVATURE_ROWS: usize = 4096;

/// Rows worked on at once; sums of blocks are added in order, whatever the number of threads.
const BLOCK: usize = 1024;

const MAX_STEPS: usize = 100;

/// Decrease of the loss, nats a row, below which a step is the last.
const TOLERANCE: f64 = 1e-10;

/// Log probabilities of some rows.
pub(super) struct Problem {
    n_models: usize,
    n_classes: usize,
    has_biases: bool,
    /// Shape `[n_rows, n_classes, n_models]`.
    logs: Vec<f64>,
    codes: Vec<u32>,
    /// Sum to 1.
    weights: Vec<f64>,
}

impl Problem {
    /// The candidates and the target are classes.
    pub(super) fn new(
        scorer: &Scorer<'_>,
        candidates: &[Candidate<'_>],
        rows: &[usize],
        has_biases: bool,
    ) -> Self {
        let (n_models, n_classes) = (candidates.len(), scorer.n_classes());
        let mut logs = vec![0.0; rows.len() * n_classes * n_models];
        for (model, candidate) in candidates.iter().enumerate() {
            if let Predictions::Proba(proba) = candidate.predictions {
                for (&row, logs) in rows.iter().zip(logs.chunks_exact_mut(n_classes * n_models)) {
                    for (class, p) in proba.row(row).iter().enumerate() {
                        logs[class * n_models + model] = log(*p);
                    }
                }
            }
        }
        let codes = match scorer.target() {
            Target::Classes { codes, .. } => rows.iter().map(|&row| codes[row]).collect(),
            Target::Real(_) => vec![0; rows.len()],
        };
        let weights: Vec<f64> = rows.iter().map(|&row| scorer.weight(row)).collect();
        let total: f64 = weights.iter().sum();
        let weights = weights.into_iter().map(|weight| weight / total).collect();
        Self { n_models, n_classes, has_biases, logs, codes, weights }
    }

    /// Equal weights and no biases.
    pub(super) fn start(&self) -> Vec<f64> {
        let n_biases = if self.has_biases { self.n_classes } else { 0 };
        let mut point = vec![1.0 / self.n_models as f64; self.n_models];
        point.resize(self.n_models + n_biases, 0.0);
        point
    }

    /// Minimises loss and penalty from `point`: weights and then biases.
    ///
    /// Newton's method over the weights that are allowed: each step goes towards the minimum of the quadratic model
    /// under the same bounds, as far as the loss falls with it (Bertsekas 1982).
    pub(super) fn minimise(&self, penalty: f64, point: &mut Vec<f64>) {
        let n = point.len();
        let (mut value, mut gradient) = self.evaluate(penalty, point);
        for _ in 0..MAX_STEPS {
            let h = self.curvature(penalty, point);
            // In terms of the goal: H goal = H point - gradient.
            let g: Vec<f64> = h
                .chunks_exact(n)
                .zip(&gradient)
                .map(|(row, slope)| row.iter().zip(&*point).map(|(h, x)| h * x).sum::<f64>() - slope)
                .collect();
            let mut goal = point.clone();
            bounded::minimise(&h, &g, self.n_models, &mut goal);
            let step: Vec<f64> = goal.iter().zip(&*point).map(|(goal, at)| goal - at).collect();
            let decrease = -step.iter().zip(&gradient).map(|(step, slope)| step * slope).sum::<f64>();
            if decrease <= TOLERANCE {
                break;
            }
            let mut share = 1.0;
            let moved = loop {
                let next: Vec<f64> = point.iter().zip(&step).map(|(at, step)| at + share * step).collect();
                let (next_value, next_gradient) = self.evaluate(penalty, &next);
                if next_value <= value - 1e-4 * share * decrease {
                    break Some((next, next_value, next_gradient));
                }
                share *= 0.5;
                if share < 1e-8 {
                    break None;
                }
            };
            let Some((next, next_value, next_gradient)) = moved else { break };
            *point = next;
            (value, gradient) = (next_value, next_gradient);
        }
    }

    /// Loss with penalty, and its gradient.
    fn evaluate(&self, penalty: f64, point: &[f64]) -> (f64, Vec<f64>) {
        let width = self.n_classes * self.n_models;
        let of_block = |((logs, codes), weights): ((&[f64], &[u32]), &[f64])| {
            let mut gradient = vec![0.0; point.len()];
            let mut loss = 0.0;
            let mut classes = vec![0.0; self.n_classes];
            for ((logs, &code), &weight) in logs.chunks_exact(width).zip(codes).zip(weights) {
                loss += weight * self.probabilities(logs, point, code as usize, &mut classes);
                classes[code as usize] -= 1.0;
                let (of_weights, of_biases) = gradient.split_at_mut(self.n_models);
                for (slope, logs) in classes.iter().zip(logs.chunks_exact(self.n_models)) {
                    of_weights.iter_mut().zip(logs).for_each(|(sum, log)| *sum += weight * slope * log);
                }
                of_biases.iter_mut().zip(&classes).for_each(|(sum, slope)| *sum += weight * slope);
            }
            (loss, gradient)
        };
        let blocks = self
            .logs
            .par_chunks(width * BLOCK)
            .zip(self.codes.par_chunks(BLOCK))
            .zip(self.weights.par_chunks(BLOCK));
        let sums: Vec<(f64, Vec<f64>)> = blocks.map(of_block).collect();
        let away: Vec<f64> = point.iter().zip(self.start()).map(|(at, centre)| at - centre).collect();
        let mut value = 0.5 * penalty * away.iter().map(|away| away * away).sum::<f64>();
        let mut gradient: Vec<f64> = away.iter().map(|away| penalty * away).collect();
        for (loss, slopes) in sums {
            value += loss;
            gradient.iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += slope);
        }
        (value, gradient)
    }

    /// Second derivatives at `point`, from evenly spaced rows, and those of the penalty.
    fn curvature(&self, penalty: f64, point: &[f64]) -> Vec<f64> {
        let (n, width) = (point.len(), self.n_classes * self.n_models);
        let stride = self.codes.len().div_ceil(MAX_CURVATURE_ROWS);
        let rows: Vec<usize> = (0..self.codes.len()).step_by(stride).collect();
        let total: f64 = rows.iter().map(|&row| self.weights[row]).sum();
        let of_block = |rows: &[usize]| {
            let mut h = vec![0.0; n * n];
            let mut classes = vec![0.0; self.n_classes];
            let mut mean = vec![0.0; n];
            let mut away = vec![0.0; n];
            for &row in rows {
                let logs = &self.logs[row * width..][..width];
                self.probabilities(logs, point, 0, &mut classes);
                mean.fill(0.0);
                for (class, (p, logs)) in classes.iter().zip(logs.chunks_exact(self.n_models)).enumerate() {
                    mean.iter_mut().zip(logs).for_each(|(mean, log)| *mean += p * log);
                    if self.has_biases {
                        mean[self.n_models + class] += p;
                    }
                }
                // The covariance, under the class probabilities, of what each parameter multiplies.
                for (class, (p, logs)) in classes.iter().zip(logs.chunks_exact(self.n_models)).enumerate() {
                    away.iter_mut().zip(&mean).for_each(|(away, mean)| *away = -mean);
                    away.iter_mut().zip(logs).for_each(|(away, log)| *away += log);
                    if self.has_biases {
                        away[self.n_models + class] += 1.0;
                    }
                    let weight = self.weights[row] / total * p;
                    for (a, line) in h.chunks_exact_mut(n).enumerate() {
                        let factor = weight * away[a];
                        line[..=a].iter_mut().zip(&away).for_each(|(h, away)| *h += factor * away);
                    }
                }
            }
            h
        };
        let blocks: Vec<Vec<f64>> = rows.par_chunks(BLOCK).map(of_block).collect();
        let mut h = vec![0.0; n * n];
        for block in blocks {
            h.iter_mut().zip(block).for_each(|(sum, value)| *sum += value);
        }
        for a in 0..n {
            h[a * n + a] += penalty;
            for b in 0..a {
                h[b * n + a] = h[a * n + b];
            }
        }
        h
    }

    /// Writes the class probabilities of one row; returns `-ln p` of class `code`.
    fn probabilities(&self, logs: &[f64], point: &[f64], code: usize, classes: &mut [f64]) -> f64 {
        let (weights, biases) = point.split_at(self.n_models);
        for (class, (output, logs)) in classes.iter_mut().zip(logs.chunks_exact(self.n_models)).enumerate() {
            let bias = biases.get(class).copied().unwrap_or(0.0);
            *output = bias + logs.iter().zip(weights).map(|(log, weight)| log * weight).sum::<f64>();
        }
        let of_code = classes[code];
        softmax(classes) - of_code
    }
}

/// The logarithm of a probability, held as everywhere in this module.
pub(super) fn log(p: f64) -> f64 {
    p.max(LEAST_PROBABILITY).ln()
}

/// Replaces a row by its softmax; returns the logarithm of the sum of exponentials.
pub(super) fn softmax(row: &mut [f64]) -> f64 {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for value in row.iter_mut() {
        *value = (*value - most).exp();
        sum += *value;
    }
    for value in row.iter_mut() {
        *value /= sum;
    }
    most + sum.ln()
}
