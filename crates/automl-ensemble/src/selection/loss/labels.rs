//! Metrics of predicted classes: the most probable class of the sum, counted.
//!
//! One more model moves no probability by more than 1. A row whose two largest sums are further apart than that keeps
//! its class whatever model is added, so that it is counted once, when the sum changes, and not for every candidate.
//! Sums grow with the number of models and most rows are soon settled.

use automl_core::{Metric, MetricError, Predictions};

use super::{Loss, add_to, codes, weights};
use crate::confusion::Marginals;
use crate::error::EnsembleError;
use crate::library::Candidate;
use crate::scorer::Scorer;

/// The most by which one model can bring two sums nearer to each other, with room for rounding.
const REACH: f64 = 1.0 + 1e-5;

pub(super) struct Labels {
    metric: Metric,
    n_classes: usize,
    /// Probabilities, `[n_models][n_rows * n_classes]`.
    probabilities: Vec<Vec<f64>>,
    codes: Vec<u32>,
    weights: Vec<f64>,
    /// Sum over the chosen models, `[n_rows * n_classes]`.
    sum: Vec<f64>,
    /// Rows whose class another model may change, in rising order.
    open: Vec<usize>,
    /// Counts of the other rows.
    settled: Marginals,
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
            open: (0..rows.len()).collect(),
            settled: Marginals::new(scorer.n_classes()),
        }
    }

    /// Leaves open only the rows whose two largest sums are near to each other.
    fn settle(&mut self) {
        self.open.clear();
        self.settled = Marginals::new(self.n_classes);
        for (row, sums) in self.sum.chunks_exact(self.n_classes).enumerate() {
            let (label, most) = largest(sums.iter().copied());
            let others = sums.iter().enumerate().filter(|(class, _)| *class != label);
            let second = others.map(|(_, sum)| *sum).fold(f64::NEG_INFINITY, f64::max);
            if most - second > REACH {
                self.settled.add(self.codes[row], label as u32, self.weights[row]);
            } else {
                self.open.push(row);
            }
        }
    }
}

impl Loss for Labels {
    fn cost_with(&self, model: usize) -> Result<f64, EnsembleError> {
        let mut marginals = self.settled.clone();
        let added = &self.probabilities[model];
        for &row in &self.open {
            let classes = row * self.n_classes..(row + 1) * self.n_classes;
            let sums = self.sum[classes.clone()].iter().zip(&added[classes]);
            let (label, _) = largest(sums.map(|(sum, p)| sum + p));
            marginals.add(self.codes[row], label as u32, self.weights[row]);
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
        self.settle();
    }

    fn clear(&mut self) {
        self.sum.fill(0.0);
        self.settle();
    }
}

/// The largest value and its place, the first among ties.
fn largest(values: impl Iterator<Item = f64>) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (place, value) in values.enumerate() {
        if value > best.1 {
            best = (place, value);
        }
    }
    best
}
