//! Temperature scaling.

use serde::{Deserialize, Serialize};

/// One number that makes all probabilities of a model more or less extreme, and a bound on how sure they may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Temperature {
    /// Above 1 draws probabilities towards each other, below 1 apart; 0.01 to 100.
    pub temperature: f64,
    /// What part of each prediction is spread over all classes alike, from 0 to below 1: no class of `k` is held less
    /// probable than `even / k`.
    #[serde(default)]
    pub even: f64,
}

/// Bounds of the inverse temperature: a model that is always wrong would have a negative one.
const LEAST: f64 = 0.01;
const MOST: f64 = 100.0;
const MAX_STEPS: usize = 100;

/// The part of [`one_row_more`] that bounds how sure a probability may be. Whole, the bound costs more where there are
/// thousands of rows than it saves where there are hundreds (`experiments/bench/accuracy_notes.md`).
const BOUND: f64 = 0.25;

impl Temperature {
    /// Minimises the mean log loss of `softmax(b z)`, `z = ln p`, over the inverse temperature `b`, towards the targets of
    /// [`one_row_more`]: a model that is always right on the rows at hand is not made infinitely sure.
    ///
    /// The loss is convex in `b`: its derivative, the mean of `Σ_k (q_k - t_k) z_k` with `q = softmax(b z)` and targets `t`,
    /// rises, for the second derivative is the mean variance of `z` under `q`. Newton's method finds its zero, and halving
    /// takes over where a step leaves the interval in which the zero must be.
    ///
    /// The bound is not part of the fit: rows of which a model is sure and wrong are those that were not seen.
    ///
    /// Rows are (probabilities, true class, weight).
    pub(super) fn fit(rows: &[(&[f64], usize, f64)]) -> Self {
        let even = one_row_more(rows.iter().map(|(_, _, weight)| weight).sum());
        Self { even: BOUND * even, ..Self::fit_towards(rows, even) }
    }

    /// Half of the way from no temperature to this one.
    pub(super) fn half(self) -> Self {
        Self { temperature: self.temperature.sqrt(), ..self }
    }

    /// [`Temperature::fit`] where a share `even` of each row's target is spread over all classes, without a bound.
    fn fit_towards(rows: &[(&[f64], usize, f64)], even: f64) -> Self {
        let (mut low, mut high, mut b) = (LEAST, MOST, 1.0);
        let mut scratch = Vec::new();
        for _ in 0..MAX_STEPS {
            let (slope, curvature) = derivatives(rows, even, b, &mut scratch);
            if slope == 0.0 {
                break;
            }
            *(if slope > 0.0 { &mut high } else { &mut low }) = b;
            let newton = b - slope / curvature;
            let next = if newton > low && newton < high { newton } else { (low * high).sqrt() };
            let is_done = (next - b).abs() <= 1e-12 * b;
            b = next;
            if is_done {
                break;
            }
        }
        Self { temperature: 1.0 / b, even: 0.0 }
    }

    /// Calibrates the probabilities of one row.
    pub fn apply(self, row: &mut [f64]) {
        let b = 1.0 / self.temperature;
        for p in row.iter_mut() {
            *p = b * log(*p);
        }
        softmax(row);
        let each = self.even / row.len() as f64;
        for p in row.iter_mut() {
            *p = (1.0 - self.even) * *p + each;
        }
    }
}

/// What part of a target belongs to all classes alike when `n` rows were seen: as if there had been one more, of each class
/// in equal parts. For two classes that is the estimate of Jeffreys' prior, `(k + 1/2) / (n + 1)`.
pub(super) fn one_row_more(n: f64) -> f64 {
    1.0 / (n + 1.0)
}

/// First and second derivative of the mean log loss.
fn derivatives(rows: &[(&[f64], usize, f64)], even: f64, b: f64, scratch: &mut Vec<f64>) -> (f64, f64) {
    let (mut slope, mut curvature, mut weights) = (0.0, 0.0, 0.0);
    for &(row, truth, weight) in rows {
        scratch.clear();
        scratch.extend(row.iter().map(|p| b * log(*p)));
        softmax(scratch);
        let mean: f64 = scratch.iter().zip(row).map(|(q, p)| q * log(*p)).sum();
        let variance: f64 = scratch.iter().zip(row).map(|(q, p)| q * (log(*p) - mean).powi(2)).sum();
        let spread = row.iter().map(|p| log(*p)).sum::<f64>() / row.len() as f64;
        slope += weight * (mean - (1.0 - even) * log(row[truth]) - even * spread);
        curvature += weight * variance;
        weights += weight;
    }
    (slope / weights, curvature / weights)
}

/// The logarithm of a probability, held above 2⁻⁵² as in log loss.
pub(super) fn log(p: f64) -> f64 {
    p.max(f64::EPSILON).ln()
}

/// Replaces a row by its softmax.
fn softmax(row: &mut [f64]) {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for value in row.iter_mut() {
        *value = (*value - most).exp();
    }
    let sum: f64 = row.iter().sum();
    for value in row.iter_mut() {
        *value /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [[f64; 3]; 3] = [[0.5, 0.25, 0.25], [0.125, 0.75, 0.125], [0.375, 0.125, 0.5]];

    /// Each row once as every class, weighted by its probability: calibrated, to the last digit.
    fn calibrated(power: f64) -> Vec<([f64; 3], usize, f64)> {
        let row = |truth: &[f64; 3]| {
            let mut told = truth.map(|p| power * p.ln());
            softmax(&mut told);
            [0, 1, 2].map(|class| (told, class, truth[class]))
        };
        ROWS.iter().flat_map(row).collect()
    }

    #[test]
    fn the_temperature_of_calibrated_probabilities_is_1_and_that_of_others_their_power() {
        for power in [1.0, 0.3, 2.5, 20.0] {
            let rows = calibrated(power);
            let slices: Vec<_> =
                rows.iter().map(|(row, truth, weight)| (row.as_slice(), *truth, *weight)).collect();
            let fitted = Temperature::fit_towards(&slices, 0.0);
            assert!((fitted.temperature / power - 1.0).abs() < 1e-9, "{power}: {fitted:?}");
            let mut first = rows[0].0;
            fitted.apply(&mut first);
            assert_eq!(fitted.half(), Temperature { temperature: fitted.temperature.sqrt(), even: 0.0 });
            assert!(first.iter().zip(ROWS[0]).all(|(a, b)| (a - b).abs() < 1e-9), "{first:?}");
        }
    }

    #[test]
    fn a_model_that_is_always_right_is_as_sure_as_its_rows_allow_and_one_that_is_always_wrong_meets_a_bound()
    {
        let sure = [0.9, 0.1];
        for n in [1, 10, 1000] {
            let right = Temperature::fit(&vec![(sure.as_slice(), 0, 1.0); n]);
            let mut told = sure;
            right.apply(&mut told);
            let even = 1.0 / (n as f64 + 1.0);
            // Once by the temperature, and once by the bound.
            let wanted = (1.0 - BOUND * even) * (1.0 - even / 2.0) + BOUND * even / 2.0;
            assert!((told[0] - wanted).abs() < 1e-9, "{n}: {told:?}, not {wanted}");
        }
        let wrong = Temperature::fit(&[(sure.as_slice(), 1, 1.0)]);
        assert!((wrong.temperature - 1.0 / LEAST).abs() < 1e-3, "{wrong:?}");
    }
}
