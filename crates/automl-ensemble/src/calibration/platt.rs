//! Platt scaling.

use serde::{Deserialize, Serialize};

use super::Pair;
use super::temperature::log;

/// `sigmoid(slope * logit(p) + intercept)`; slope 1 and intercept 0 change nothing.
///
/// Platt's method is for scores of any kind. On log odds it holds the identity, so that probabilities that are
/// calibrated already stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Platt {
    /// Factor of the log odds.
    pub slope: f64,
    /// Added to the log odds.
    pub intercept: f64,
}

const MAX_STEPS: usize = 100;

/// Added to the diagonal of the Hessian, so that it can be inverted where all log odds are alike.
const RIDGE: f64 = 1e-12;

impl Platt {
    /// Minimises the mean log loss towards Platt's targets, `(N₊ + 1) / (N₊ + 2)` and `1 / (N₋ + 2)` in place of 1 and
    /// 0, which keep the fit finite where a threshold separates the classes.
    ///
    /// Newton's method with halved steps, as in Lin, Lin & Weng, "A note on Platt's probabilistic outputs for support
    /// vector machines" (2007).
    pub(super) fn fit(pairs: &[Pair]) -> Self {
        let weight_of = |positive: bool| -> f64 {
            pairs.iter().filter(|pair| pair.positive == positive).map(|pair| pair.weight).sum()
        };
        let (positives, negatives) = (weight_of(true), weight_of(false));
        let targets = [1.0 / (negatives + 2.0), (positives + 1.0) / (positives + 2.0)];
        let total = positives + negatives;
        let points: Vec<(f64, f64, f64)> = pairs
            .iter()
            .map(|pair| (logit(pair.probability), targets[usize::from(pair.positive)], pair.weight / total))
            .collect();

        let mut fitted = Self { slope: 1.0, intercept: 0.0 };
        let mut loss = fitted.loss(&points);
        for _ in 0..MAX_STEPS {
            let (step, decrease) = fitted.newton_step(&points);
            if decrease < 1e-18 {
                break;
            }
            let mut share = 1.0;
            let moved = loop {
                let next = Self {
                    slope: fitted.slope - share * step.0,
                    intercept: fitted.intercept - share * step.1,
                };
                let next_loss = next.loss(&points);
                if next_loss <= loss - 1e-4 * share * decrease {
                    break Some((next, next_loss));
                }
                share *= 0.5;
                if share < 1e-10 {
                    break None;
                }
            };
            let Some(moved) = moved else { break };
            (fitted, loss) = moved;
        }
        fitted
    }

    /// The calibrated probability.
    pub fn apply(self, p: f64) -> f64 {
        sigmoid(self.output(logit(p)))
    }

    fn output(self, logit: f64) -> f64 {
        self.slope * logit + self.intercept
    }

    /// Mean log loss of (log odds, target, weight), the weights summing to 1.
    fn loss(self, points: &[(f64, f64, f64)]) -> f64 {
        let loss = |&(logit, target, weight): &(f64, f64, f64)| {
            let output = self.output(logit);
            // ln(1 + exp(output)) - target * output, without overflow.
            weight * (output.max(0.0) + (-output.abs()).exp().ln_1p() - target * output)
        };
        points.iter().map(loss).sum()
    }

    /// The step to take off (slope, intercept), and the slope of the loss along it.
    fn newton_step(self, points: &[(f64, f64, f64)]) -> ((f64, f64), f64) {
        let (mut g_slope, mut g_intercept) = (0.0, 0.0);
        let (mut h_slope, mut h_both, mut h_intercept) = (RIDGE, 0.0, RIDGE);
        for &(logit, target, weight) in points {
            let p = sigmoid(self.output(logit));
            let (first, second) = (weight * (p - target), weight * p * (1.0 - p));
            g_slope += first * logit;
            g_intercept += first;
            h_slope += second * logit * logit;
            h_both += second * logit;
            h_intercept += second;
        }
        let determinant = h_slope * h_intercept - h_both * h_both;
        let slope = (h_intercept * g_slope - h_both * g_intercept) / determinant;
        let intercept = (h_slope * g_intercept - h_both * g_slope) / determinant;
        ((slope, intercept), g_slope * slope + g_intercept * intercept)
    }
}

fn logit(p: f64) -> f64 {
    log(p) - log(1.0 - p)
}

fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_that_a_threshold_separates_have_a_finite_fit() {
        let pair = |probability, positive| Pair { probability, positive, weight: 1.0 };
        let fitted = Platt::fit(&[pair(0.1, false), pair(0.2, false), pair(0.7, true), pair(0.9, true)]);
        assert!(fitted.slope.is_finite() && fitted.slope > 0.0, "{fitted:?}");
        // Two rows a class, so that the targets are 3/4 and 1/4.
        let mean: f64 = [0.1, 0.2, 0.7, 0.9].map(|p| fitted.apply(p)).iter().sum::<f64>() / 4.0;
        assert!((mean - 0.5).abs() < 1e-9, "{mean}");
    }

    #[test]
    fn one_probability_for_all_rows_becomes_their_share() {
        let pair = |positive| Pair { probability: 0.5, positive, weight: 1.0 };
        let fitted = Platt::fit(&[pair(true), pair(true), pair(true), pair(false)]);
        // Targets 4/5 (three times) and 1/3.
        assert!((fitted.apply(0.5) - (2.4 + 1.0 / 3.0) / 4.0).abs() < 1e-9, "{fitted:?}");
    }
}
