//! Numbers on a common scale.

use serde::{Deserialize, Serialize};

use super::config::Scaling;
use super::normal::inverse_normal_cdf;

/// Largest magnitude given to a model. Among n rows a standardised value is at most sqrt(n - 1), so
/// only values far outside the train rows ever reach it.
const LIMIT: f64 = 1e4;

/// Distance from 0 and 1 at which ranks are cut before they become normal quantiles, and distance
/// from the ends at which a value counts as an end. From scikit-learn's `BOUNDS_THRESHOLD`.
const END: f64 = 1e-7;

/// A fitted, monotone map to the common scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "scaling", rename_all = "snake_case")]
pub(super) enum Scaler {
    /// `(x - mean) / deviation`.
    Standard {
        /// Mean of the train values.
        mean: f64,
        /// Their standard deviation, n in the denominator.
        deviation: f64,
    },
    /// `z / sqrt(1 + (z / 3)^2)` with `z = (x - median) / spread`: Holzmüller et al., "Better by
    /// Default: Strong Pre-Tuned MLPs and Boosted Trees on Tabular Data", 2024, section 3.
    Robust {
        /// Median of the train values.
        median: f64,
        /// Their interquartile range; half of their range where that is 0.
        spread: f64,
    },
    /// Rank among the quantiles, as a quantile of the normal distribution; ties take their middle.
    Quantile {
        /// Quantiles of the train values at equally spaced probabilities from 0 to 1.
        quantiles: Vec<f64>,
    },
}

impl Scaler {
    /// Fits to finite values; `None` when all are equal, or there are none.
    pub(super) fn fit(scaling: Scaling, values: &[f64]) -> Option<Self> {
        let first = *values.first()?;
        if values.iter().all(|value| *value == first) {
            return None;
        }
        Some(match scaling {
            Scaling::Standard => Self::standard(values),
            Scaling::Robust => Self::robust(values),
            Scaling::Quantile => Self::quantile(values),
        })
    }

    fn standard(values: &[f64]) -> Self {
        let (mean, deviation) = mean_and_deviation(values);
        Scaler::Standard { mean, deviation }
    }

    fn robust(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let interquartile = quantile(&sorted, 0.75) - quantile(&sorted, 0.25);
        let range = sorted[sorted.len() - 1] - sorted[0];
        let spread = if interquartile > 0.0 { interquartile } else { range / 2.0 };
        Scaler::Robust { median: quantile(&sorted, 0.5), spread: spread.min(f64::MAX) }
    }

    /// The number of quantiles is TabM's: a 30th of the rows, at least 10, at most 1000.
    fn quantile(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let count = (sorted.len() / 30).clamp(10, 1000).min(sorted.len()).max(2);
        let step = 1.0 / (count - 1) as f64;
        let mut quantiles: Vec<f64> =
            (0..count).map(|index| quantile(&sorted, (index as f64 * step).min(1.0))).collect();
        // Interpolation may round a quantile below its predecessor.
        for index in 1..count {
            quantiles[index] = quantiles[index].max(quantiles[index - 1]);
        }
        Scaler::Quantile { quantiles }
    }

    /// The scaled value: finite for any finite `x`, and never decreasing in `x`.
    pub(super) fn apply(&self, x: f64) -> f32 {
        let scaled = match self {
            Scaler::Standard { mean, deviation } => (x - mean) / deviation,
            Scaler::Robust { median, spread } => smooth_clip((x - median) / spread),
            Scaler::Quantile { quantiles } => normal_score(quantiles, x),
        };
        // A fitted state read from a file may hold anything, so NaN is not left to chance.
        if scaled.is_nan() { 0.0 } else { scaled.clamp(-LIMIT, LIMIT) as f32 }
    }
}

/// Mean and standard deviation (n in the denominator) of at least one value, without overflow.
pub(super) fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let unit = if largest == 0.0 || (1e-100..1e100).contains(&largest) { 1.0 } else { largest };
    let n = values.len() as f64;
    let mean = values.iter().map(|value| value / unit).sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value / unit - mean).powi(2)).sum();
    (mean * unit, (squares / n).sqrt() * unit)
}

/// The quantile of sorted values at `probability`, interpolated linearly between neighbours.
pub(super) fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let position = probability * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let share = position - below as f64;
    // Not `low + (high - low) * share`: the difference of extremes may overflow.
    sorted[below] * (1.0 - share) + sorted[above] * share
}

fn smooth_clip(z: f64) -> f64 {
    if z.is_infinite() { z.signum() * 3.0 } else { z / (1.0 + (z / 3.0).powi(2)).sqrt() }
}

/// scikit-learn's `QuantileTransformer` with a normal output distribution.
fn normal_score(quantiles: &[f64], x: f64) -> f64 {
    let [first, .., last] = quantiles else { return 0.0 };
    let rank = if x + END > *last {
        1.0
    } else if x - END < *first {
        0.0
    } else {
        rank(quantiles, x)
    };
    inverse_normal_cdf(rank.clamp(END, 1.0 - END))
}

/// Probability of `x` by interpolation, for `x` within the quantiles.
fn rank(quantiles: &[f64], x: f64) -> f64 {
    let below = quantiles.partition_point(|quantile| *quantile < x);
    let up_to = below + quantiles[below..].partition_point(|quantile| *quantile <= x);
    let last = (quantiles.len() - 1) as f64;
    if up_to > below {
        return (below + up_to - 1) as f64 / 2.0 / last;
    }
    let (low, high) = (quantiles[below - 1], quantiles[below]);
    let share = (x - low) / (high - low);
    (below as f64 - 1.0 + if share.is_finite() { share } else { 0.5 }) / last
}
