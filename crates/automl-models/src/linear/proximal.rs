//! Logistic regression with an L1 penalty: proximal Newton steps.
//!
//! Each step minimises the second-order model of the loss plus the penalty over a working set, and searches along the way
//! there (Lee, Sun & Saunders, "Proximal Newton-type methods for minimizing composite functions", 2014, algorithm 1). A step
//! moves the coefficients of all outputs together, or, where these are too many, of one output after the other (Friedman,
//! Hastie & Tibshirani 2010, section 4). The classes' coefficients of a column can be shifted together without changing any
//! probability; after each round every column is shifted to where the penalty is least.

use std::ops::Range;

use automl_core::FitError;

use super::config::Penalty;
use super::logistic::{Labels, loss_of, softmax};
use super::model::Model;
use super::rows::CentredRows;
use super::shift::best_shift;
use crate::gemm::{View, add_product, add_scaled};

/// Rounds after which the point reached is returned as it is.
pub(super) const MAX_ROUNDS: usize = 100;
/// The optimality violation, in the norm of the second derivative's diagonal, at which outputs count as done.
pub(super) const TOLERANCE: f64 = 1e-7;
/// Most coefficients that are moved together over several outputs.
pub(super) const MOST_TOGETHER: usize = 1500;
/// Columns whose slope is within this share of `l1` join the working set before they must.
const EARLY: f64 = 0.8;
/// Most products of rows and pairs of coefficients for the sake of a trace: about half a second.
pub(super) const MOST_WORK: f64 = 1e10;
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
    /// Most coefficients that are moved together over several outputs.
    most_together: usize,
    /// Shape `[n_outputs, n_features]`.
    coefficients: Vec<f64>,
    intercepts: Vec<f64>,
    /// Shape `[n_rows, n_outputs]`.
    outputs: Vec<f64>,
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
        let outputs = intercepts.repeat(rows.n_rows());
        let coefficients = vec![0.0; n_outputs * rows.n_features()];
        Self {
            rows,
            labels,
            penalty,
            n_outputs,
            most_together: MOST_TOGETHER,
            coefficients,
            intercepts,
            outputs,
        }
    }

    /// The same with another limit of coefficients that are moved together over several outputs.
    #[cfg(test)]
    pub(super) fn with_most(self, most_together: usize) -> Self {
        Self { most_together, ..self }
    }

    /// Minimises.
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop; [`FitError::Numerical`] if the loss is not finite.
    pub(super) fn run(&mut self) -> Result<(), FitError> {
        for round in 0..MAX_ROUNDS {
            let has_moved = self.round()?;
            if self.outputs.iter().any(|value| !value.is_finite()) {
                let reason = format!("an output is not finite in round {round}");
                return Err(FitError::Numerical { reason });
            }
            if !has_moved {
                break;
            }
        }
        Ok(())
    }

    /// From coefficients `[n_outputs, n_features]` and intercepts of centred columns.
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop.
    pub(super) fn at(
        rows: &'a CentredRows<'a>,
        labels: Labels<'a>,
        penalty: Penalty,
        coefficients: Vec<f64>,
        intercepts: Vec<f64>,
    ) -> Result<Self, FitError> {
        let mut fit = Self::new(rows, labels, penalty, intercepts);
        let (n_outputs, n_features) = (fit.n_outputs, rows.n_features());
        let weights = View::new(&coefficients, n_outputs, n_features).transposed();
        let outputs = &mut fit.outputs;
        rows.for_each_block(|range, block| {
            let target = &mut outputs[range.start * n_outputs..range.end * n_outputs];
            add_product(target, n_outputs, 1.0, View::new(block, range.len(), n_features), weights);
        })?;
        fit.coefficients = coefficients;
        Ok(fit)
    }

    /// The coefficients, `[n_outputs, n_features]`, and the intercepts of centred columns.
    pub(super) fn into_parts(self) -> (Vec<f64>, Vec<f64>) {
        (self.coefficients, self.intercepts)
    }

    /// The effective number of parameters: the coefficients that are not zero and the intercepts, of which a softmax has one
    /// less than classes (Zou, Hastie & Tibshirani 2007); with L2, the trace of `H (H + l2)⁻¹` over these. `None` where the
    /// trace would take more than [`MOST_WORK`] products, or `H + l2` is singular.
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop.
    pub(super) fn degrees_of_freedom(&self) -> Result<Option<f64>, FitError> {
        let all = 0..self.n_outputs;
        let n_features = self.rows.n_features();
        let of_output = |output: usize| {
            let is_in = |column: &usize| self.coefficients[output * n_features + column] != 0.0;
            (0..n_features).filter(is_in).collect()
        };
        let active: Vec<Vec<usize>> = all.clone().map(of_output).collect();
        let size = active.iter().map(Vec::len).sum::<usize>() + self.n_outputs.max(2) - 1;
        if self.penalty.l2 == 0.0 {
            return Ok(Some(size as f64));
        }
        // Of the matrix there is a factor too, and an inverse.
        let n_products = (self.rows.n_rows() + size) as f64 * (size as f64).powi(2);
        if n_products > MOST_WORK {
            return Ok(None);
        }
        let shares = self.shares();
        let (slopes, gradient) = self.gradient(&all, &shares)?;
        let mut model = Model::new(active, true, self.penalty, &self.coefficients, &gradient, &slopes);
        model.curve(self.rows, self.labels.weights, &shares, &all)?;
        Ok(model.trace())
    }

    /// Moves every output once; false if all are optimal already.
    fn round(&mut self) -> Result<bool, FitError> {
        let all = 0..self.n_outputs;
        let shares = self.shares();
        let (slopes, gradient) = self.gradient(&all, &shares)?;
        let working = self.working_set(&all, &gradient);
        let size: usize = working.iter().map(Vec::len).sum();
        if self.n_outputs == 1 || size <= self.most_together {
            let has_moved = self.improve(&all, &shares, &slopes, &gradient, working)?;
            self.shift_columns();
            return Ok(has_moved);
        }
        let mut has_moved = false;
        for output in all {
            let shares = self.shares();
            let own = output..output + 1;
            let (slopes, gradient) = self.gradient(&own, &shares)?;
            let working = self.working_set(&own, &gradient);
            has_moved |= self.improve(&own, &shares, &slopes, &gradient, working)?;
        }
        self.shift_columns();
        Ok(has_moved)
    }

    /// One step of some outputs; false if they are optimal already, or rounding hides every descent.
    fn improve(
        &mut self,
        outputs: &Range<usize>,
        shares: &[f64],
        slopes: &[f64],
        gradient: &[f64],
        working: Vec<Vec<usize>>,
    ) -> Result<bool, FitError> {
        let n_features = self.rows.n_features();
        let coefficients = &self.coefficients[outputs.start * n_features..outputs.end * n_features];
        let all = outputs.len() == self.n_outputs;
        let mut model = Model::new(working, all, self.penalty, coefficients, gradient, slopes);
        model.curve(self.rows, self.labels.weights, shares, outputs)?;
        if model.violation() <= TOLERANCE {
            return Ok(false);
        }
        let step = model.step(TOLERANCE, self.rows.stop())?;
        let along = model.outputs_along(self.rows, &step)?;
        let Some(length) = self.search_line(outputs, &along, &model, &step) else {
            return Ok(false);
        };
        let width = outputs.len();
        for (all, own) in self.outputs.chunks_exact_mut(self.n_outputs).zip(along.chunks_exact(width)) {
            add_scaled(&mut all[outputs.clone()], length, own);
        }
        for (coordinate, change) in model.coordinates().zip(&step) {
            let output = outputs.start + coordinate.output;
            match coordinate.column {
                Some(column) => {
                    // Written so that a coefficient that is to vanish does.
                    let value = &mut self.coefficients[output * n_features + column];
                    *value = if length == 1.0 && *change == -*value { 0.0 } else { *value + length * change };
                }
                None => self.intercepts[output] += length * change,
            }
        }
        Ok(true)
    }

    /// The share of a step that decreases the objective enough.
    fn search_line(&self, outputs: &Range<usize>, along: &[f64], model: &Model, step: &[f64]) -> Option<f64> {
        let slope = model.slope(step);
        if slope >= 0.0 || !slope.is_finite() {
            return None;
        }
        let before = self.loss(outputs, along, 0.0) + model.penalty_at(step, 0.0);
        let mut length = 1.0;
        for _ in 0..MAX_HALVINGS {
            let after = self.loss(outputs, along, length) + model.penalty_at(step, length);
            if after <= before + SUFFICIENT_DECREASE * length * slope {
                return Some(length);
            }
            length *= 0.5;
        }
        None
    }

    /// The weighted loss with `length` times `along`, `[n_rows, outputs.len()]`, added to some outputs.
    fn loss(&self, outputs: &Range<usize>, along: &[f64], length: f64) -> f64 {
        let mut of_row = vec![0.0; self.n_outputs];
        let rows = self.outputs.chunks_exact(self.n_outputs).zip(along.chunks_exact(outputs.len()));
        let labels = self.labels.codes.iter().zip(self.labels.weights);
        let mut loss = 0.0;
        for ((all, own), (&code, weight)) in rows.zip(labels) {
            of_row.copy_from_slice(all);
            add_scaled(&mut of_row[outputs.clone()], length, own);
            loss += weight * loss_of(&mut of_row, code);
        }
        loss
    }

    /// The probability of each output's class, shape `[n_rows, n_outputs]`.
    fn shares(&self) -> Vec<f64> {
        let mut shares = self.outputs.clone();
        if self.n_outputs == 1 {
            for share in &mut shares {
                *share = 1.0 / (1.0 + (-*share).exp());
            }
        } else {
            for row in shares.chunks_exact_mut(self.n_outputs) {
                softmax(row);
            }
        }
        shares
    }

    /// The derivatives of the loss with respect to some outputs of each row, `[n_rows, outputs.len()]`, and with respect to
    /// their coefficients, `[outputs.len(), n_features]`.
    fn gradient(&self, outputs: &Range<usize>, shares: &[f64]) -> Result<(Vec<f64>, Vec<f64>), FitError> {
        let (width, n_features) = (outputs.len(), self.rows.n_features());
        let mut slopes = Vec::with_capacity(self.rows.n_rows() * width);
        let labels = self.labels.codes.iter().zip(self.labels.weights);
        for (row, (&code, weight)) in shares.chunks_exact(self.n_outputs).zip(labels) {
            let own = if self.n_outputs == 1 { code.checked_sub(1) } else { Some(code) };
            for output in outputs.clone() {
                let truth = f64::from(u8::from(own == Some(output as u32)));
                slopes.push(weight * (row[output] - truth));
            }
        }
        let mut gradient = vec![0.0; width * n_features];
        self.rows.for_each_block(|rows, block| {
            let own = View::new(&slopes[rows.start * width..rows.end * width], rows.len(), width);
            let values = View::new(block, rows.len(), n_features);
            add_product(&mut gradient, n_features, 1.0, own.transposed(), values);
        })?;
        Ok((slopes, gradient))
    }

    /// The columns of each output that are not zero, or may soon not be.
    fn working_set(&self, outputs: &Range<usize>, gradient: &[f64]) -> Vec<Vec<usize>> {
        let n_features = self.rows.n_features();
        let of_output = |(index, output): (usize, usize)| {
            let is_in = |column: &usize| {
                self.coefficients[output * n_features + column] != 0.0
                    || gradient[index * n_features + column].abs() > EARLY * self.penalty.l1
            };
            (0..n_features).filter(is_in).collect()
        };
        outputs.clone().enumerate().map(of_output).collect()
    }

    /// Shifts the coefficients of each column, where there are several, by what makes their penalty least.
    fn shift_columns(&mut self) {
        let n_features = self.rows.n_features();
        for column in (0..n_features).filter(|_| self.n_outputs > 1) {
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
