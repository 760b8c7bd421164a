//! Logistic regression: sigmoid for two classes, softmax for more.

use automl_core::{FitError, Matrix, StopSignal};

use super::cholesky::Cholesky;
use super::config::Penalty;
use super::lbfgs::{self, End, Problem};
use super::proximal::Fit;
use super::rows::CentredRows;
use crate::gemm::{View, add_product, add_scaled, dot, scale};

/// Widest design whose Gram matrix preconditions the search; wider ones use its diagonal, since forming
/// and factoring the whole would cost more than it saves.
const MAX_GRAM_FEATURES: usize = 512;

/// Iterations of L-BFGS after which the point reached is taken as it is.
const MAX_ITERATIONS: usize = 500;
/// Iterations of L-BFGS before Newton steps.
const FIRST_ITERATIONS: usize = 30;
/// Most coefficients and intercepts for Newton steps: one costs as much as several iterations of L-BFGS then, and a few do.
const MAX_NEWTON: usize = 512;

/// What to fit: one class index and one weight a row; the weights sum to 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Labels<'a> {
    /// Class index of each row, below `n_classes`.
    pub(super) codes: &'a [u32],
    /// Weight of each row.
    pub(super) weights: &'a [f64],
    /// Number of classes.
    pub(super) n_classes: usize,
}

/// What was learnt, in the unit of the design's columns.
pub(super) struct Fitted {
    /// Shape `[n_outputs, n_features]`.
    pub(super) coefficients: Vec<f64>,
    /// One an output.
    pub(super) intercepts: Vec<f64>,
    /// Where it is known.
    pub(super) degrees_of_freedom: Option<f64>,
}

/// Minimises `Σ weightᵢ lossᵢ + l1 |W|₁ + l2 |W|² / 2`; returns `W`, shape `[n_outputs, n_features]`, and the
/// intercepts, `[n_outputs]`, and the effective number of parameters where it is known. Two classes have one output, the log
/// odds of the second; others one each.
///
/// # Errors
/// [`FitError::Stopped`] when asked to stop; [`FitError::Numerical`] if the loss is not finite.
pub(super) fn fit(
    x: &Matrix<f32>,
    labels: Labels<'_>,
    penalty: Penalty,
    stop: &StopSignal,
) -> Result<Fitted, FitError> {
    let rows = CentredRows::new(x, labels.weights, stop);
    let intercepts = start(&labels);
    let fit = if penalty.l1 > 0.0 {
        let mut fit = Fit::new(&rows, labels, penalty, intercepts);
        fit.run()?;
        fit
    } else {
        smooth(&rows, labels, penalty, intercepts)?
    };
    let degrees_of_freedom = fit.degrees_of_freedom()?;
    let (coefficients, mut intercepts) = fit.into_parts();
    for (output, intercept) in intercepts.iter_mut().enumerate() {
        *intercept -= dot(&coefficients[output * x.n_cols()..][..x.n_cols()], rows.means());
    }
    Ok(Fitted { coefficients, intercepts, degrees_of_freedom })
}

/// Intercepts that give the class frequencies, each class counted half a row more so that one without rows starts at a
/// finite place.
fn start(labels: &Labels<'_>) -> Vec<f64> {
    let half = 0.5 / labels.codes.len() as f64;
    let mut shares = vec![half; labels.n_classes];
    for (&code, weight) in labels.codes.iter().zip(labels.weights) {
        shares[code as usize] += weight;
    }
    let logs: Vec<f64> = shares.iter().map(|share| share.ln()).collect();
    if let [first, second] = logs[..] {
        return vec![second - first];
    }
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    logs.iter().map(|log| log - mean).collect()
}

/// Without L1: by L-BFGS from no coefficients and the given intercepts, and then, if that takes long because the penalty is
/// weak, by Newton steps where these are cheap.
fn smooth<'a>(
    rows: &'a CentredRows<'a>,
    labels: Labels<'a>,
    penalty: Penalty,
    intercepts: Vec<f64>,
) -> Result<Fit<'a>, FitError> {
    let n_outputs = intercepts.len();
    let preconditioner = Preconditioner::new(rows, &labels, penalty.l2)?;
    let mut point = vec![0.0; n_outputs * rows.n_features()];
    point.extend(intercepts);
    let goes_on_by_newton = point.len() <= MAX_NEWTON;
    let max_iterations = if goes_on_by_newton { FIRST_ITERATIONS } else { MAX_ITERATIONS };
    let problem = Logistic { rows, labels, n_outputs, penalty: penalty.l2, preconditioner };
    let End { mut point, is_minimum } = lbfgs::minimise(&problem, point, max_iterations)?;
    let intercepts = point.split_off(n_outputs * rows.n_features());
    let mut fit = Fit::at(rows, labels, penalty, point, intercepts)?;
    if goes_on_by_newton && !is_minimum {
        fit.run()?;
    }
    Ok(fit)
}

/// The objective. A point is `W`, row by row, and then the intercepts.
struct Logistic<'a> {
    rows: &'a CentredRows<'a>,
    labels: Labels<'a>,
    n_outputs: usize,
    penalty: f64,
    preconditioner: Preconditioner,
}

impl Logistic<'_> {
    /// Replaces the outputs of some rows, `[n_rows, n_outputs]`, by the weighted derivatives of their
    /// losses; returns the sum of the weighted losses.
    fn derive(&self, outputs: &mut [f64], codes: &[u32], weights: &[f64]) -> f64 {
        let mut loss = 0.0;
        for ((row, &code), weight) in outputs.chunks_exact_mut(self.n_outputs).zip(codes).zip(weights) {
            loss += weight * loss_of(row, code);
            scale(row, *weight);
        }
        loss
    }
}

impl Problem for Logistic<'_> {
    fn evaluate(&self, point: &[f64], gradient: &mut [f64]) -> Result<f64, FitError> {
        let (n_outputs, n_features) = (self.n_outputs, self.rows.n_features());
        let (coefficients, intercepts) = point.split_at(n_outputs * n_features);
        gradient.fill(0.0);
        let (of_coefficients, of_intercepts) = gradient.split_at_mut(n_outputs * n_features);
        let mut loss = 0.0;
        let mut outputs = Vec::new();
        self.rows.for_each_block(|rows, block| {
            outputs.clear();
            (0..rows.len()).for_each(|_| outputs.extend_from_slice(intercepts));
            let values = View::new(block, rows.len(), n_features);
            let weights = View::new(coefficients, n_outputs, n_features);
            add_product(&mut outputs, n_outputs, 1.0, values, weights.transposed());
            loss += self.derive(
                &mut outputs,
                &self.labels.codes[rows.clone()],
                &self.labels.weights[rows.clone()],
            );
            let slopes = View::new(&outputs, rows.len(), n_outputs);
            add_product(of_coefficients, n_features, 1.0, slopes.transposed(), values);
            outputs.chunks_exact(n_outputs).for_each(|row| add_scaled(of_intercepts, 1.0, row));
        })?;
        add_scaled(of_coefficients, self.penalty, coefficients);
        Ok(loss + 0.5 * self.penalty * dot(coefficients, coefficients))
    }

    fn precondition(&self, vector: &mut [f64]) {
        let (coefficients, intercepts) = vector.split_at_mut(self.n_outputs * self.rows.n_features());
        self.preconditioner.apply(coefficients, intercepts, self.rows.n_features());
    }
}

/// An upper bound of the second derivative (Böhning, "Multinomial logistic regression algorithm", 1992,
/// eq. 2.3): `c G + penalty I` for each output, with `G` the centred Gram matrix and `c` 1/4 for the
/// sigmoid, 1/2 for the softmax. In its norm the objective is well conditioned whatever the scales and
/// correlations of the columns.
#[derive(Debug)]
struct Preconditioner {
    curvature: f64,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Full(Cholesky),
    Diagonal(Vec<f64>),
}

impl Preconditioner {
    fn new(rows: &CentredRows<'_>, labels: &Labels<'_>, penalty: f64) -> Result<Self, FitError> {
        let curvature = if labels.n_classes == 2 { 0.25 } else { 0.5 };
        let size = rows.n_features();
        if size <= MAX_GRAM_FEATURES {
            let mut bound = rows.gram(labels.weights)?;
            scale(&mut bound, curvature);
            (0..size).for_each(|row| bound[row * size + row] += penalty);
            // Columns collinear to the last digit are no failure here: any positive bound will do.
            if let Ok(factor) = Cholesky::new(bound, size) {
                return Ok(Self { curvature, form: Form::Full(factor) });
            }
        }
        let diagonal = rows.gram_diagonal(labels.weights)?;
        let form = Form::Diagonal(diagonal.into_iter().map(|value| curvature * value + penalty).collect());
        Ok(Self { curvature, form })
    }

    fn apply(&self, coefficients: &mut [f64], intercepts: &mut [f64], n_features: usize) {
        for output in coefficients.chunks_exact_mut(n_features.max(1)) {
            match &self.form {
                Form::Full(factor) => factor.solve(output),
                Form::Diagonal(diagonal) => {
                    output.iter_mut().zip(diagonal).for_each(|(value, bound)| *value /= bound);
                }
            }
        }
        scale(intercepts, 1.0 / self.curvature);
    }
}

/// Loss in nats of a row's outputs, which are replaced by their derivatives.
pub(super) fn loss_of(outputs: &mut [f64], code: u32) -> f64 {
    match outputs {
        [output] => sigmoid_loss(output, code),
        _ => softmax_loss(outputs, code),
    }
}

/// Loss in nats of the log odds `output`, which is replaced by its derivative.
fn sigmoid_loss(output: &mut f64, code: u32) -> f64 {
    let truth = f64::from(code);
    let odds = *output;
    let small = (-odds.abs()).exp();
    let of_larger = 1.0 / (1.0 + small);
    *output = if odds >= 0.0 { of_larger } else { small * of_larger } - truth;
    odds.max(0.0) - truth * odds + small.ln_1p()
}

/// Loss in nats of the log weights `outputs`, which are replaced by their derivatives.
fn softmax_loss(outputs: &mut [f64], code: u32) -> f64 {
    let truth = outputs[code as usize];
    let log_sum = softmax(outputs);
    outputs[code as usize] -= 1.0;
    log_sum - truth
}

/// Replaces log weights by probabilities; returns the logarithm of the weights' sum.
pub(crate) fn softmax(outputs: &mut [f64]) -> f64 {
    let largest = outputs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for output in &mut *outputs {
        *output = (*output - largest).exp();
        sum += *output;
    }
    scale(outputs, 1.0 / sum);
    largest + sum.ln()
}
