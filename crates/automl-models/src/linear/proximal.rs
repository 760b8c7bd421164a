//! Logistic regression with an L1 penalty: proximal Newton steps, one output at a time.
//!
//! Each step minimises the second-order model of the loss in one output's coefficients plus the penalty, over a working set,
//! and searches along the way there (Lee, Sun & Saunders, "Proximal Newton-type methods for minimizing composite functions",
//! 2014, algorithm 1; for several classes in turns as in Friedman, Hastie & Tibshirani 2010, section 4). The classes'
//! coefficients of a column can be shifted together without changing any probability; after each round every column is
//! shifted to where the penalty is least.

use automl_core::{FitError, StopSignal};

use super::config::Penalty;
use super::coordinate::{Point, Quadratic};
use super::logistic::{Labels, loss_of, share_of};
use super::rows::CentredRows;
use crate::gemm::{add_scaled, dot};

/// Rounds over all outputs after which the point reached is returned as it is.
pub(super) const MAX_ROUNDS: usize = 300;
/// The optimality violation, in the norm of the second derivative's diagonal, at which an output counts as done.
pub(super) const TOLERANCE: f64 = 1e-7;
/// Share of the violation that is left to a step's own minimisation.
const INEXACTNESS: f64 = 0.01;
/// Columns whose slope is within this share of `l1` join the working set before they must.
const EARLY: f64 = 0.8;
/// Least second derivative of a row's loss: keeps steps short where all probabilities are near 0 and 1.
const LEAST_CURVATURE: f64 = 1e-5;
/// Share of the predicted decrease that a step must reach.
const SUFFICIENT_DECREASE: f64 = 1e-4;
/// Halvings of a step before the descent counts as exhausted by rounding.
const MAX_HALVINGS: usize = 30;

/// The state of a fit.
pub(super) struct Fit<'a> {
    rows: &'a CentredRows<'a>,
    labels: Labels<'a>,
    penalty: Penalty,
    n_outputs: usize,
    /// Shape `[n_outputs, n_features]`.
    coefficients: Vec<f64>,
    intercepts: Vec<f64>,
    /// Each output of each row, output by output: shape `[n_outputs, n_rows]`.
    outputs: Vec<f64>,
}

/// The second-order model of the loss in one output's coefficients over a working set, the intercept eliminated.
struct Model {
    /// Columns, ascending.
    working: Vec<usize>,
    /// Their coefficients.
    old: Vec<f64>,
    /// Second derivative, shape `[working, working]`.
    hessian: Vec<f64>,
    /// The `q` of a [`Quadratic`].
    linear: Vec<f64>,
    /// Means of the columns under the rows' second derivatives.
    means: Vec<f64>,
    /// Sum of the rows' second derivatives.
    total: f64,
    /// First derivative of each row.
    slopes: Vec<f64>,
    /// Their sum.
    intercept_slope: f64,
    /// How far the output is from optimal.
    violation: f64,
}

impl Model {
    fn minimise(&self, penalty: Penalty, stop: &StopSignal) -> Result<Vec<f64>, FitError> {
        let quadratic = Quadratic { hessian: &self.hessian, linear: &self.linear, penalty };
        let enough = INEXACTNESS * self.violation.min(self.violation * self.violation).max(TOLERANCE);
        let is_done = |point: &Point| self.norm(point.violations(penalty), penalty) <= enough;
        quadratic.minimise(self.old.clone(), stop, is_done)
    }

    /// The length of a gradient over the working set in the norm of the second derivative's diagonal.
    fn norm(&self, gradient: impl Iterator<Item = f64>, penalty: Penalty) -> f64 {
        let size = self.working.len();
        let spread = |index: usize| self.hessian[index * size + index] + penalty.l2;
        let scaled = gradient.enumerate().filter(|(index, _)| spread(*index) > 0.0);
        scaled.map(|(index, value)| value * value / spread(index)).sum::<f64>().sqrt()
    }
}

impl<'a> Fit<'a> {
    /// No coefficients, and the given intercepts.
    pub(super) fn new(
        rows: &'a CentredRows<'a>,
        labels: Labels<'a>,
        penalty: Penalty,
        intercepts: Vec<f64>,
    ) -> Self {
        let n_outputs = intercepts.len();
        let outputs =
            intercepts.iter().flat_map(|value| std::iter::repeat_n(*value, rows.n_rows())).collect();
        let coefficients = vec![0.0; n_outputs * rows.n_features()];
        Self { rows, labels, penalty, n_outputs, coefficients, intercepts, outputs }
    }

    /// Minimises; returns coefficients `[n_outputs, n_features]` and intercepts of centred columns.
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop; [`FitError::Numerical`] if the loss is not finite.
    pub(super) fn run(mut self) -> Result<(Vec<f64>, Vec<f64>), FitError> {
        for round in 0..MAX_ROUNDS {
            let mut is_done = true;
            for output in 0..self.n_outputs {
                is_done &= !self.improve(output)?;
            }
            if self.n_outputs > 1 {
                self.shift_columns();
            }
            if self.outputs.iter().any(|value| !value.is_finite()) {
                let reason = format!("an output is not finite in round {round}");
                return Err(FitError::Numerical { reason });
            }
            if is_done {
                break;
            }
        }
        Ok((self.coefficients, self.intercepts))
    }

    /// One step of one output; false if it is optimal already, or rounding hides every descent.
    fn improve(&mut self, output: usize) -> Result<bool, FitError> {
        let model = self.model(output)?;
        if model.violation <= TOLERANCE {
            return Ok(false);
        }
        let Model { working, old, .. } = &model;
        let new = model.minimise(self.penalty, self.rows.stop())?;
        let step: Vec<f64> = new.iter().zip(old).map(|(a, b)| a - b).collect();
        // The intercept follows the coefficients.
        let of_intercept = -model.intercept_slope / model.total - dot(&model.means, &step);
        let mut along = self.rows.outputs_of(working, &step)?;
        for value in &mut along {
            *value += of_intercept;
        }
        let Penalty { l1, l2 } = self.penalty;
        let pairs = old.iter().zip(&new);
        let of_penalty: f64 = pairs.map(|(a, b)| l2 * a * (b - a) + l1 * (b.abs() - a.abs())).sum();
        let slope = dot(&model.slopes, &along) + of_penalty;
        let Some(length) = self.search_line(output, &along, old, &step, slope) else {
            return Ok(false);
        };
        let (n_rows, n_features) = (self.rows.n_rows(), self.rows.n_features());
        for ((&column, from), change) in working.iter().zip(old).zip(&step) {
            self.coefficients[output * n_features + column] = from + length * change;
        }
        self.intercepts[output] += length * of_intercept;
        add_scaled(&mut self.outputs[output * n_rows..(output + 1) * n_rows], length, &along);
        Ok(true)
    }

    /// The second-order model of the loss in one output.
    fn model(&self, output: usize) -> Result<Model, FitError> {
        let n_features = self.rows.n_features();
        let (slopes, curvatures) = self.derive(output);
        let gradient = self.rows.weighted_sum(&slopes)?;
        let intercept_slope: f64 = slopes.iter().sum();
        let weights = &self.coefficients[output * n_features..(output + 1) * n_features];
        let is_in =
            |&column: &usize| weights[column] != 0.0 || gradient[column].abs() > EARLY * self.penalty.l1;
        let working: Vec<usize> = (0..n_features).filter(is_in).collect();
        let (hessian, means) = self.rows.gram_of(&working, &curvatures)?;
        let old: Vec<f64> = working.iter().map(|&column| weights[column]).collect();
        let total: f64 = curvatures.iter().sum();
        // The linear part after the intercept is eliminated.
        let products = hessian.chunks_exact(working.len().max(1)).map(|row| dot(row, &old));
        let pulls =
            working.iter().zip(&means).map(|(&column, mean)| gradient[column] - mean * intercept_slope);
        let linear = products.zip(pulls).map(|(product, pull)| product - pull).collect();
        let violations: Vec<f64> =
            working.iter().map(|&column| self.penalty.violation(weights[column], gradient[column])).collect();
        let mut model =
            Model { working, old, hessian, linear, means, total, slopes, intercept_slope, violation: 0.0 };
        let of_intercept = intercept_slope * intercept_slope / total;
        model.violation = (model.norm(violations.into_iter(), self.penalty).powi(2) + of_intercept).sqrt();
        Ok(model)
    }

    /// The share of a step that decreases the objective enough.
    fn search_line(
        &self,
        output: usize,
        along: &[f64],
        old: &[f64],
        step: &[f64],
        slope: f64,
    ) -> Option<f64> {
        if slope >= 0.0 || !slope.is_finite() {
            return None;
        }
        let of_penalty = |length: f64| {
            let values = old.iter().zip(step).map(|(from, change)| from + length * change);
            values
                .map(|value| self.penalty.l1 * value.abs() + 0.5 * self.penalty.l2 * value * value)
                .sum::<f64>()
        };
        let before = self.loss(output, along, 0.0) + of_penalty(0.0);
        let mut length = 1.0;
        for _ in 0..MAX_HALVINGS {
            let after = self.loss(output, along, length) + of_penalty(length);
            if after <= before + SUFFICIENT_DECREASE * length * slope {
                return Some(length);
            }
            length *= 0.5;
        }
        None
    }

    /// The first and second derivatives of each row's weighted loss with respect to one output.
    fn derive(&self, output: usize) -> (Vec<f64>, Vec<f64>) {
        let n_rows = self.rows.n_rows();
        let (mut slopes, mut curvatures) = (Vec::with_capacity(n_rows), Vec::with_capacity(n_rows));
        let mut of_row = vec![0.0; self.n_outputs];
        for (row, (&code, weight)) in self.labels.codes.iter().zip(self.labels.weights).enumerate() {
            self.gather(row, &mut of_row);
            let share = share_of(&of_row, output);
            let truth = if self.n_outputs == 1 { code == 1 } else { code as usize == output };
            slopes.push(weight * (share - f64::from(u8::from(truth))));
            curvatures.push(weight * (share * (1.0 - share)).max(LEAST_CURVATURE));
        }
        (slopes, curvatures)
    }

    /// The weighted loss with `length` times `along` added to one output.
    fn loss(&self, output: usize, along: &[f64], length: f64) -> f64 {
        let mut of_row = vec![0.0; self.n_outputs];
        let mut loss = 0.0;
        for (row, (&code, weight)) in self.labels.codes.iter().zip(self.labels.weights).enumerate() {
            self.gather(row, &mut of_row);
            of_row[output] += length * along[row];
            loss += weight * loss_of(&mut of_row, code);
        }
        loss
    }

    fn gather(&self, row: usize, of_row: &mut [f64]) {
        let n_rows = self.rows.n_rows();
        for (value, of_output) in of_row.iter_mut().zip(self.outputs.chunks_exact(n_rows)) {
            *value = of_output[row];
        }
    }

    /// Shifts the coefficients of each column by what makes its penalty least.
    fn shift_columns(&mut self) {
        let n_features = self.rows.n_features();
        for column in 0..n_features {
            let values: Vec<f64> =
                self.coefficients.iter().skip(column).step_by(n_features).copied().collect();
            let shift = best_shift(&values, self.penalty);
            if shift != 0.0 {
                for value in self.coefficients.iter_mut().skip(column).step_by(n_features) {
                    *value -= shift;
                }
            }
        }
    }
}

/// The `t` that minimises `Σ l1 |v - t| + l2 (v - t)² / 2`; 0 if that is among the best.
fn best_shift(values: &[f64], penalty: Penalty) -> f64 {
    let cost = |shift: f64| {
        let costs = values.iter().map(|value| (value - shift).abs());
        costs.map(|value| penalty.l1 * value + 0.5 * penalty.l2 * value * value).sum::<f64>()
    };
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let mut best = (cost(0.0), 0.0);
    let mut consider = |shift: f64| {
        let cost = cost(shift);
        if cost < best.0 * (1.0 - 1e-12) {
            best = (cost, shift);
        }
    };
    for (below, pair) in sorted.windows(2).enumerate() {
        consider(pair[0]);
        consider(pair[1]);
        if penalty.l2 > 0.0 {
            let above = values.len() as f64 - 2.0 * (below + 1) as f64;
            let level = mean + penalty.l1 / penalty.l2 * above / values.len() as f64;
            consider(level.clamp(pair[0], pair[1]));
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_shift_is_a_median_a_mean_or_between() {
        let values = [3.0, -1.0, 0.5];
        assert_eq!(best_shift(&values, Penalty { l1: 1.0, l2: 0.0 }), 0.5);
        assert!((best_shift(&values, Penalty { l1: 0.0, l2: 1.0 }) - 2.5 / 3.0).abs() < 1e-12);
        assert_eq!(best_shift(&[0.0, 0.0, 5.0], Penalty { l1: 1.0, l2: 0.01 }), 0.0);
        let penalty = Penalty { l1: 0.1, l2: 1.0 };
        let cost = |t: f64| values.iter().map(|v| 0.1 * (v - t).abs() + 0.5 * (v - t).powi(2)).sum::<f64>();
        let best = best_shift(&values, penalty);
        assert!((-200..400).all(|step| cost(best) <= cost(f64::from(step) / 100.0) + 1e-12), "{best}");
    }
}
