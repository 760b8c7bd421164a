//! Losses with their gradients and hessians in the scores.
//!
//! Scores are laid out output by output: `scores[output * n_rows + row]`.

use super::math::exp;
use crate::draws::Draws;

/// Least hessian of a row, so that no row is without weight.
const LEAST_HESSIAN: f32 = 1e-16;
/// Rows whose probabilities are computed together.
const BLOCK: usize = 256;

/// The values to learn, one a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answers {
    /// Real values, brought to mean 0 and variance 1.
    Real(Vec<f32>),
    /// Class indices.
    Classes(Vec<u32>),
}

/// Rows with their answers and weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rows {
    /// The values to learn.
    pub(super) answers: Answers,
    /// Weights of the rows; absent if all are 1.
    pub(super) weights: Option<Vec<f32>>,
}

/// What is minimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Objective {
    /// Half the squared error.
    Squared,
    /// Log loss of two classes; one output, the log odds of the second.
    Logistic,
    /// Log loss of more classes; one output a class.
    Softmax {
        /// Number of classes.
        n_classes: usize,
    },
}

impl Objective {
    /// Number of outputs.
    pub(super) fn n_outputs(self) -> usize {
        match self {
            Objective::Squared | Objective::Logistic => 1,
            Objective::Softmax { n_classes } => n_classes,
        }
    }

    /// The best constant scores, one an output. Classes are counted with one row more than there are, so that one
    /// without rows is possible.
    pub(super) fn start(self, rows: &Rows) -> Vec<f64> {
        let Answers::Classes(codes) = &rows.answers else { return vec![0.0] };
        let n_classes = self.n_outputs().max(2);
        let mut counts = vec![0.0; n_classes];
        for (row, &code) in codes.iter().enumerate() {
            counts[code as usize] += rows.weight(row);
        }
        let per_row = counts.iter().sum::<f64>() / codes.len().max(1) as f64;
        for count in &mut counts {
            *count += per_row;
        }
        match self {
            Objective::Softmax { .. } => {
                let total: f64 = counts.iter().sum();
                counts.iter().map(|count| (count / total).ln()).collect()
            }
            Objective::Squared | Objective::Logistic => vec![(counts[1] / counts[0]).ln()],
        }
    }

    /// Writes the gradient and hessian of every row and output.
    pub(super) fn derive(self, rows: &Rows, scores: &[f64], gradients: &mut [f32], hessians: &mut [f32]) {
        match (&rows.answers, self) {
            (Answers::Real(values), _) => {
                for ((gradient, score), value) in gradients.iter_mut().zip(scores).zip(values) {
                    *gradient = (score - f64::from(*value)) as f32;
                }
                hessians.fill(1.0);
            }
            (Answers::Classes(codes), Objective::Softmax { n_classes }) => {
                softmax_gradients(codes, n_classes, scores, gradients, hessians);
            }
            (Answers::Classes(codes), _) => {
                let derivatives = gradients.iter_mut().zip(hessians.iter_mut());
                for (((gradient, hessian), &score), &code) in derivatives.zip(scores).zip(codes) {
                    let p = 1.0 / (1.0 + exp(-score as f32));
                    *gradient = p - code as f32;
                    *hessian = (p * (1.0 - p)).max(LEAST_HESSIAN);
                }
            }
        }
        let Some(weights) = &rows.weights else { return };
        for derivatives in [gradients, hessians] {
            for of_output in derivatives.chunks_exact_mut(weights.len().max(1)) {
                of_output.iter_mut().zip(weights).for_each(|(value, weight)| *value *= weight);
            }
        }
    }

    /// The mean loss of the rows: squared error (not half of it), or log loss.
    pub(super) fn loss(self, rows: &Rows, scores: &[f64]) -> f64 {
        let n_rows = rows.len();
        let mut sum = WeightedSum::new();
        match (&rows.answers, self) {
            (Answers::Real(values), _) => {
                for (row, value) in values.iter().enumerate() {
                    sum.add((scores[row] - f64::from(*value)).powi(2), rows.weight(row));
                }
            }
            (Answers::Classes(codes), Objective::Softmax { n_classes }) => {
                for (row, &code) in codes.iter().enumerate() {
                    let of_row = (0..n_classes).map(|output| scores[output * n_rows + row]);
                    let most = of_row.clone().fold(f64::MIN, f64::max);
                    let total: f64 = of_row.map(|score| f64::from(exp((score - most) as f32))).sum();
                    sum.add(most - scores[code as usize * n_rows + row], rows.weight(row));
                    sum.add_logarithm(total, rows.weight(row));
                }
            }
            (Answers::Classes(codes), _) => {
                for (row, (&score, &code)) in scores.iter().zip(codes).enumerate() {
                    let margin = if code == 1 { score } else { -score };
                    let power = 1.0 + f64::from(exp(-margin.abs() as f32));
                    sum.add((-margin).max(0.0), rows.weight(row));
                    sum.add_logarithm(power, rows.weight(row));
                }
            }
        }
        sum.mean()
    }
}

impl Rows {
    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        match &self.answers {
            Answers::Real(values) => values.len(),
            Answers::Classes(codes) => codes.len(),
        }
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| f64::from(weights[row]))
    }

    /// A random part of the rows, in order.
    pub(super) fn sample(&self, fraction: f64, draws: &mut Draws) -> Vec<u32> {
        let count = (self.len() as f64 * fraction).round().max(1.0) as usize;
        draws.sample(count, self.len())
    }
}

/// A weighted mean in the making.
struct WeightedSum {
    sum: f64,
    weight: f64,
    /// Product of numbers whose logarithms are to be added: one logarithm does for many.
    product: f64,
}

impl WeightedSum {
    fn new() -> Self {
        Self { sum: 0.0, weight: 0.0, product: 1.0 }
    }

    fn add(&mut self, value: f64, weight: f64) {
        self.sum += value * weight;
        self.weight += weight;
    }

    /// Adds the logarithm of a number from 1 to the value that was added last.
    #[inline]
    fn add_logarithm(&mut self, number: f64, weight: f64) {
        if weight == 1.0 {
            self.product *= number;
            if self.product > 1e150 {
                self.sum += self.product.ln();
                self.product = 1.0;
            }
        } else {
            self.sum += weight * number.ln();
        }
    }

    fn mean(mut self) -> f64 {
        self.sum += self.product.ln();
        if self.weight > 0.0 { self.sum / self.weight } else { 0.0 }
    }
}

/// Friedman's (2001) diagonal hessian, with the factor `K / (K - 1)` that makes up for the redundant output.
fn softmax_gradients(
    codes: &[u32],
    n_classes: usize,
    scores: &[f64],
    gradients: &mut [f32],
    hessians: &mut [f32],
) {
    let n_rows = codes.len();
    let factor = n_classes as f32 / (n_classes as f32 - 1.0);
    for start in (0..n_rows).step_by(BLOCK) {
        let width = BLOCK.min(n_rows - start);
        let part = |output: usize| output * n_rows + start..output * n_rows + start + width;
        let (mut most, mut total) = ([f64::MIN; BLOCK], [0.0_f32; BLOCK]);
        for output in 0..n_classes {
            most.iter_mut().zip(&scores[part(output)]).for_each(|(most, &score)| *most = most.max(score));
        }
        for output in 0..n_classes {
            let powers = gradients[part(output)].iter_mut().zip(&scores[part(output)]);
            for (((power, score), most), total) in powers.zip(&most).zip(&mut total) {
                *power = exp((score - most) as f32);
                *total += *power;
            }
        }
        for total in &mut total {
            *total = 1.0 / *total;
        }
        for output in 0..n_classes {
            let derivatives = gradients[part(output)].iter_mut().zip(&mut hessians[part(output)]);
            for ((gradient, hessian), per_total) in derivatives.zip(&total) {
                let p = *gradient * per_total;
                *gradient = p;
                *hessian = (factor * p * (1.0 - p)).max(LEAST_HESSIAN);
            }
        }
    }
    for (row, &code) in codes.iter().enumerate() {
        gradients[code as usize * n_rows + row] -= 1.0;
    }
}
