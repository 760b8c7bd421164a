//! The second-order model of a logistic loss, and steps by it.

use std::ops::Range;

use automl_core::{FitError, StopSignal};

use super::cholesky::Cholesky;
use super::config::Penalty;
use super::coordinate::{Point, Quadratic};
use super::rows::{CentredRows, add_gram};
use crate::gemm::{View, add_product, dot};

/// Share of the violation that is left to a step's own minimisation.
const INEXACTNESS: f64 = 0.1;
/// Least second derivative of a row's loss: keeps steps short where all probabilities are near 0 and 1.
const LEAST_CURVATURE: f64 = 1e-9;
/// An intercept is not penalised.
const FREE: Penalty = Penalty { l1: 0.0, l2: 0.0 };

/// A coefficient, or an intercept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coordinate {
    /// Index among the outputs of the model.
    pub(super) output: usize,
    /// `None` for the intercept.
    pub(super) column: Option<usize>,
}

/// A quadratic in some coefficients and the intercepts of some outputs.
pub(super) struct Model {
    /// The columns of each output, ascending.
    working: Vec<Vec<usize>>,
    /// How many of the outputs have an intercept, from the first on.
    n_intercepts: usize,
    penalties: Vec<Penalty>,
    /// Where the model is made; intercepts count from there.
    start: Vec<f64>,
    /// First derivative.
    gradient: Vec<f64>,
    /// Second derivative, both triangles.
    hessian: Vec<f64>,
}

impl Model {
    /// With the derivatives with respect to the coefficients, `[n_outputs, n_features]`, and to the rows' outputs,
    /// `[n_rows, n_outputs]`; not curved yet. `all` says that these outputs are all of a softmax: the last intercept
    /// is held then, since all together change nothing.
    pub(super) fn new(
        working: Vec<Vec<usize>>,
        all: bool,
        penalty: Penalty,
        coefficients: &[f64],
        gradient: &[f64],
        slopes: &[f64],
    ) -> Self {
        let n_outputs = working.len();
        let n_features = coefficients.len() / n_outputs;
        let n_intercepts = if all && n_outputs > 1 { n_outputs - 1 } else { n_outputs };
        let mut model = Self {
            working,
            n_intercepts,
            penalties: Vec::new(),
            start: Vec::new(),
            gradient: Vec::new(),
            hessian: Vec::new(),
        };
        for Coordinate { output, column } in model.coordinates().collect::<Vec<_>>() {
            let at = column.map(|column| output * n_features + column);
            let of_intercept = || slopes.iter().skip(output).step_by(n_outputs).sum();
            model.start.push(at.map_or(0.0, |at| coefficients[at]));
            model.gradient.push(at.map_or_else(of_intercept, |at| gradient[at]));
            model.penalties.push(if at.is_some() { penalty } else { FREE });
        }
        model
    }

    /// The coordinates in order: for each output its columns, and its intercept if it has one.
    pub(super) fn coordinates(&self) -> impl Iterator<Item = Coordinate> {
        self.working.iter().enumerate().flat_map(|(output, columns)| {
            let coefficients = columns.iter().map(move |&column| Coordinate { output, column: Some(column) });
            let intercept = (output < self.n_intercepts).then_some(Coordinate { output, column: None });
            coefficients.chain(intercept)
        })
    }

    fn size(&self) -> usize {
        self.start.len()
    }

    /// Forms the second derivative: `Σ weight · pₐ (1[a = b] - p_b) xₐ x_bᵀ` for outputs `a` and `b`, with `p` the `shares`,
    /// `[n_rows, n_shares]`, of which the model's outputs are `outputs`.
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop.
    pub(super) fn curve(
        &mut self,
        rows: &CentredRows<'_>,
        weights: &[f64],
        shares: &[f64],
        outputs: &Range<usize>,
    ) -> Result<(), FitError> {
        let size = self.size();
        let (n_shares, n_features) = (shares.len() / weights.len(), rows.n_features());
        let widths: Vec<usize> = self
            .working
            .iter()
            .enumerate()
            .map(|(output, w)| w.len() + usize::from(output < self.n_intercepts))
            .collect();
        let starts: Vec<usize> =
            widths.iter().scan(0, |end, width| Some(std::mem::replace(end, *end + width))).collect();
        let mut hessian = vec![0.0; size * size];
        let mut parts: Vec<Vec<f64>> = vec![Vec::new(); widths.len()];
        let mut scaled = Vec::new();
        rows.for_each_block(|range, block| {
            let n_rows = range.len();
            for (output, part) in parts.iter_mut().enumerate() {
                part.clear();
                for row in 0..n_rows {
                    let row = &block[row * n_features..(row + 1) * n_features];
                    part.extend(self.working[output].iter().map(|&column| row[column]));
                    part.extend((output < self.n_intercepts).then_some(1.0));
                }
            }
            let is_empty = |part: &usize| widths[*part] == 0;
            for a in (0..parts.len()).filter(|part| !is_empty(part)) {
                for b in (0..=a).filter(|part| !is_empty(part)) {
                    let factor = |row: usize| {
                        let of_row = &shares[row * n_shares..(row + 1) * n_shares];
                        let (p, q) = (of_row[outputs.start + a], of_row[outputs.start + b]);
                        let curvature = if a == b { (p * (1.0 - p)).max(LEAST_CURVATURE) } else { p * q };
                        weights[row] * curvature
                    };
                    scaled.clear();
                    for (row, values) in range.clone().zip(parts[b].chunks_exact(widths[b])) {
                        let factor = if a == b { factor(row).sqrt() } else { factor(row) };
                        scaled.extend(values.iter().map(|value| factor * value));
                    }
                    let target = &mut hessian[starts[a] * size + starts[b]..];
                    if a == b {
                        add_gram(target, size, &scaled, n_rows, widths[b]);
                    } else {
                        let left = View::new(&parts[a], n_rows, widths[a]).transposed();
                        add_product(target, size, -1.0, left, View::new(&scaled, n_rows, widths[b]));
                    }
                }
            }
        })?;
        for row in 0..size {
            for column in 0..row {
                hessian[column * size + row] = hessian[row * size + column];
            }
        }
        self.hessian = hessian;
        Ok(())
    }

    /// The trace of `H (H + l2)⁻¹`, `H` the second derivative, which must have been formed; `None` if it is singular.
    pub(super) fn trace(&self) -> Option<f64> {
        let mut penalised = self.hessian.clone();
        for (index, penalty) in self.penalties.iter().enumerate() {
            penalised[index * self.size() + index] += penalty.l2;
        }
        let inverse = Cholesky::new(penalised, self.size()).ok()?.inverse_diagonal();
        let lost: f64 = self.penalties.iter().zip(&inverse).map(|(penalty, value)| penalty.l2 * value).sum();
        Some(self.size() as f64 - lost)
    }

    /// How far the start is from optimal.
    pub(super) fn violation(&self) -> f64 {
        let point = self.start.iter().zip(&self.gradient).zip(&self.penalties);
        self.norm(point.map(|((&weight, &slope), penalty)| penalty.violation(weight, slope)))
    }

    /// The length of a gradient in the norm of the second derivative's diagonal.
    fn norm(&self, gradient: impl Iterator<Item = f64>) -> f64 {
        let spread = |index: usize| self.hessian[index * self.size() + index] + self.penalties[index].l2;
        let scaled = gradient.enumerate().filter(|(index, _)| spread(*index) > 0.0);
        scaled.map(|(index, value)| value * value / spread(index)).sum::<f64>().sqrt()
    }

    /// From the start to the minimum of the model plus the penalty, to within a share of the violation.
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop.
    pub(super) fn step(&self, tolerance: f64, stop: &StopSignal) -> Result<Vec<f64>, FitError> {
        let products = self.hessian.chunks_exact(self.size().max(1)).map(|row| dot(row, &self.start));
        let linear: Vec<f64> = products.zip(&self.gradient).map(|(product, slope)| product - slope).collect();
        let quadratic = Quadratic { hessian: &self.hessian, linear: &linear, penalties: &self.penalties };
        let violation = self.violation();
        let enough = INEXACTNESS * violation.min(violation * violation).max(tolerance);
        let is_done = |point: &Point| self.norm(point.violations(&self.penalties)) <= enough;
        let found = quadratic.minimise(self.start.clone(), stop, is_done)?;
        Ok(found.iter().zip(&self.start).map(|(to, from)| to - from).collect())
    }

    /// The slope of loss and penalty along a step.
    pub(super) fn slope(&self, step: &[f64]) -> f64 {
        let of_penalty = self.start.iter().zip(step).zip(&self.penalties).map(|((from, change), penalty)| {
            penalty.l2 * from * change + penalty.l1 * ((from + change).abs() - from.abs())
        });
        dot(&self.gradient, step) + of_penalty.sum::<f64>()
    }

    /// The penalty on the model's coefficients after `length` of a step.
    pub(super) fn penalty_at(&self, step: &[f64], length: f64) -> f64 {
        let values = self.start.iter().zip(step).map(|(from, change)| from + length * change);
        values.zip(&self.penalties).map(|(value, penalty)| penalty.of(value)).sum()
    }

    /// What a step adds to the outputs of each row, `[n_rows, n_outputs]`.
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop.
    pub(super) fn outputs_along(&self, rows: &CentredRows<'_>, step: &[f64]) -> Result<Vec<f64>, FitError> {
        let (n_outputs, n_features) = (self.working.len(), rows.n_features());
        let (mut coefficients, mut intercepts) = (vec![0.0; n_outputs * n_features], vec![0.0; n_outputs]);
        for (Coordinate { output, column }, change) in self.coordinates().zip(step) {
            match column {
                Some(column) => coefficients[output * n_features + column] = *change,
                None => intercepts[output] = *change,
            }
        }
        let mut along = intercepts.repeat(rows.n_rows());
        let weights = View::new(&coefficients, n_outputs, n_features).transposed();
        rows.for_each_block(|range, block| {
            let target = &mut along[range.start * n_outputs..range.end * n_outputs];
            add_product(target, n_outputs, 1.0, View::new(block, range.len(), n_features), weights);
        })?;
        Ok(along)
    }
}
