//! Squared error: a quadratic form in the models' weights, so that the inner products of residuals are all that
//! matters.
//!
//! Weights sum to 1, so the residual of a mean is the mean of residuals `rₘ`. With `c` chosen models of sum
//! `s = Σ r`, the squared error with model `m` is `(|s|² + 2 s·rₘ + |rₘ|²) / (c + 1)²`. Choosing a model adds its
//! products with all others to `s·rₘ`: one pass over the rows when it is chosen first, none when chosen again.

use automl_core::Predictions;
use rayon::prelude::*;

use super::{Loss, codes, lane_sum, numbers, weights};
use crate::library::Candidate;
use crate::scorer::Scorer;

pub(super) struct Quadratic {
    /// Residuals times the root of the row's weight, `[n_models][n_rows * n_outputs]`.
    residuals: Vec<Vec<f64>>,
    /// `|rₘ|²`.
    squares: Vec<f64>,
    /// `r_c · rₘ` for every `m`, of the models `c` that were ever chosen.
    products: Vec<Option<Vec<f64>>>,
    /// `s · rₘ`.
    with_sum: Vec<f64>,
    /// `|s|²`.
    sum_square: f64,
    n_chosen: usize,
}

impl Quadratic {
    pub(super) fn new(scorer: &Scorer<'_>, candidates: &[Candidate<'_>], rows: &[usize]) -> Self {
        let roots: Vec<f64> = weights(scorer, rows).into_iter().map(f64::sqrt).collect();
        let (codes, numbers) = (codes(scorer, rows), numbers(scorer, rows));
        let residual = |candidate: &Candidate<'_>| match candidate.predictions {
            Predictions::Real(values) => {
                let rows = rows.iter().zip(&numbers).zip(&roots);
                rows.map(|((&row, truth), root)| root * (values[row] - truth)).collect()
            }
            Predictions::Proba(proba) => {
                // Of two classes the positive one alone counts, as in the metric.
                let first = usize::from(proba.n_cols() == 2);
                let mut residual = Vec::with_capacity(rows.len() * (proba.n_cols() - first));
                for ((&row, &code), root) in rows.iter().zip(&codes).zip(&roots) {
                    let classes = proba.row(row).iter().enumerate().skip(first);
                    residual.extend(
                        classes.map(|(class, p)| root * (p - f64::from(u8::from(class == code as usize)))),
                    );
                }
                residual
            }
        };
        let residuals: Vec<Vec<f64>> = candidates.par_iter().map(residual).collect();
        let squares = residuals.par_iter().map(|residual| dot(residual, residual)).collect();
        let n_models = candidates.len();
        Self {
            residuals,
            squares,
            products: vec![None; n_models],
            with_sum: vec![0.0; n_models],
            sum_square: 0.0,
            n_chosen: 0,
        }
    }
}

impl Loss for Quadratic {
    fn cost_with(&self, model: usize) -> Result<f64, crate::EnsembleError> {
        let sum = self.sum_square + 2.0 * self.with_sum[model] + self.squares[model];
        Ok(sum.max(0.0) / ((self.n_chosen + 1) as f64).powi(2))
    }

    fn add(&mut self, model: usize) {
        let residuals = &self.residuals;
        let column = self.products[model].get_or_insert_with(|| {
            residuals.par_iter().map(|residual| dot(residual, &residuals[model])).collect()
        });
        self.sum_square += 2.0 * self.with_sum[model] + self.squares[model];
        self.with_sum.iter_mut().zip(column).for_each(|(sum, product)| *sum += *product);
        self.n_chosen += 1;
    }

    fn clear(&mut self) {
        self.with_sum.fill(0.0);
        self.sum_square = 0.0;
        self.n_chosen = 0;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    lane_sum(a, b, |a, b| a * b)
}
