//! Numbers on a common scale.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use super::config::Scaling;

/// Largest magnitude given to a model. Among n rows a standardised value is at most sqrt(n - 1), so
/// only values far outside the train rows ever reach it.
const LIMIT: f64 = 1e4;

/// Distance from 0 and 1 at which ranks are cut before they become normal quantiles: scikit-learn's
/// `BOUNDS_THRESHOLD`. The ends become -5.2 and 5.2.
const END: f64 = 1e-7;

/// A fitted, monotone map to the common scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "scaling", rename_all = "snake_case")]
pub(super) enum Scaler {
    /// The value itself.
    Identity,
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

    /// The map of finite values to themselves; `None` when all are equal, or there are none.
    pub(super) fn identity(values: &[f64]) -> Option<Self> {
        let first = values.first()?;
        values.iter().any(|value| value != first).then_some(Scaler::Identity)
    }

    fn standard(values: &[f64]) -> Self {
        let (mean, deviation) = mean_and_deviation(values);
        Scaler::Standard { mean, deviation }
    }

    fn robust(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        Self::robust_of(sorted.len(), |index| sorted[index])
    }

    /// Robust scaling of `n` values, at least one, of which `sorted` gives each in increasing order.
    fn robust_of(n: usize, sorted: impl Fn(usize) -> f64) -> Self {
        let quantile = |probability| quantile_of(n, &sorted, probability);
        let interquartile = quantile(0.75) - quantile(0.25);
        let range = sorted(n - 1) - sorted(0);
        let spread = if interquartile > 0.0 { interquartile } else { range / 2.0 };
        Scaler::Robust { median: quantile(0.5), spread: spread.min(f64::MAX) }
    }

    /// Robust scaling of values that occur `counts` times each, in increasing order of value; `None` when all are equal.
    pub(super) fn robust_of_counts(counts: &[(f64, usize)]) -> Option<Self> {
        let n: usize = counts.iter().map(|(_, count)| count).sum();
        let at = |index: usize| {
            let mut end = 0;
            let found = counts.iter().find(|(_, count)| {
                end += count;
                index < end
            });
            found.map_or(0.0, |(value, _)| *value)
        };
        (counts.iter().filter(|(_, count)| *count > 0).count() > 1).then(|| Self::robust_of(n, at))
    }

    /// The number of quantiles is `TabM`'s: a 30th of the rows, at least 10, at most 1000. So is what becomes of the least and
    /// the greatest value where many rows have them: the middle of their ranks, as of any other value. The published code finds
    /// the quantiles of rows with a little noise for it; here they lie just beyond the rows.
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
        if quantiles[0] == quantiles[1] {
            quantiles[0] = quantiles[0].next_down().max(f64::MIN);
        }
        if quantiles[count - 1] == quantiles[count - 2] {
            quantiles[count - 1] = quantiles[count - 1].next_up().min(f64::MAX);
        }
        Scaler::Quantile { quantiles }
    }

    /// The scaled value: finite for any finite `x`, and never decreasing in `x`.
    pub(super) fn apply(&self, x: f64) -> f32 {
        let scaled = match self {
            Scaler::Identity => return x.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32,
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
    quantile_of(sorted.len(), |index| sorted[index], probability)
}

fn quantile_of(n: usize, sorted: impl Fn(usize) -> f64, probability: f64) -> f64 {
    let position = probability * (n - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(n - 1);
    let share = position - below as f64;
    // Not `low + (high - low) * share`: the difference of extremes may overflow.
    sorted(below) * (1.0 - share) + sorted(above) * share
}

fn smooth_clip(z: f64) -> f64 {
    // The square of an extreme would overflow, and the quotient fall back to 0.
    let z = z.clamp(-1e100, 1e100);
    z / (1.0 + (z / 3.0).powi(2)).sqrt()
}

/// scikit-learn's `QuantileTransformer` with a normal output distribution.
fn normal_score(quantiles: &[f64], x: f64) -> f64 {
    let [first, .., last] = quantiles else { return 0.0 };
    let rank = if x <= *first {
        0.0
    } else if x >= *last {
        1.0
    } else {
        rank(quantiles, x)
    };
    Normal::standard().inverse_cdf(rank.clamp(END, 1.0 - END))
}

/// Probability of `x`, which lies between the first and the last quantile, by interpolation.
fn rank(quantiles: &[f64], x: f64) -> f64 {
    let below = quantiles.partition_point(|quantile| *quantile < x);
    let n_equal = quantiles[below..].iter().take_while(|quantile| **quantile == x).count();
    let last = (quantiles.len() - 1) as f64;
    if n_equal > 0 {
        return (below as f64 + (n_equal - 1) as f64 / 2.0) / last;
    }
    let (Some(low), Some(high)) = (quantiles.get(below.wrapping_sub(1)), quantiles.get(below)) else {
        return 0.5;
    };
    let share = (x - low) / (high - low);
    (below as f64 - 1.0 + if share.is_finite() { share } else { 0.5 }) / last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prep::reference::{NORMAL_QUANTILES, PROBABILITIES};

    #[test]
    fn normal_quantiles_equal_scipy_and_their_ends_are_infinite() {
        let quantile = |p| Normal::standard().inverse_cdf(p);
        for (p, expected) in PROBABILITIES.into_iter().zip(NORMAL_QUANTILES) {
            let got = quantile(p);
            assert!(
                (got - expected).abs() <= 1e-14 * expected.abs().max(1.0),
                "{p}: {got} is not {expected}"
            );
        }
        assert_eq!((quantile(0.0), quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
    }

    #[test]
    fn counted_values_scale_as_listed_ones() {
        for counts in [[3, 5, 2], [100, 1, 1], [0, 7, 1], [4, 0, 4], [1, 0, 9]] {
            let counted: Vec<(f64, usize)> = [-1.0, 0.0, 1.0].into_iter().zip(counts).collect();
            let listed: Vec<f64> =
                counted.iter().flat_map(|&(value, count)| std::iter::repeat_n(value, count)).collect();
            assert_eq!(
                Scaler::robust_of_counts(&counted),
                Scaler::fit(Scaling::Robust, &listed),
                "{counts:?}"
            );
        }
        assert_eq!(Scaler::robust_of_counts(&[(0.0, 0), (1.0, 8)]), None);
        assert_eq!(Scaler::robust_of_counts(&[]), None);
    }
    use crate::prep::reference::{QUANTILE, QUERY, ROBUST, STANDARD, TIED_COUNTS, TIED_QUANTILE, TRAIN};

    fn assert_scales(scaling: Scaling, expected: &[f64]) {
        let scaler = Scaler::fit(scaling, &TRAIN).unwrap();
        for (x, expected) in QUERY.iter().zip(expected) {
            let expected = expected.clamp(-LIMIT, LIMIT);
            let got = f64::from(scaler.apply(*x));
            assert!((got - expected).abs() <= 2e-7 * expected.abs().max(1.0), "{x}: {got} is not {expected}");
        }
    }

    #[test]
    fn standard_scaling_equals_scikit_learn() {
        assert_scales(Scaling::Standard, &STANDARD);
    }

    #[test]
    fn robust_scaling_equals_scikit_learn_with_a_smooth_clip() {
        assert_scales(Scaling::Robust, &ROBUST);
    }

    #[test]
    fn quantile_scaling_equals_scikit_learn() {
        assert_scales(Scaling::Quantile, &QUANTILE);
    }

    #[test]
    fn values_that_many_rows_share_are_in_the_middle_of_their_ranks_at_the_ends_too() {
        let counts = TIED_COUNTS.iter().enumerate();
        let train: Vec<f64> =
            counts.flat_map(|(value, count)| std::iter::repeat_n(value as f64, *count as usize)).collect();
        let scaler = Scaler::fit(Scaling::Quantile, &train).unwrap();
        for (x, expected) in TIED_QUANTILE.iter().enumerate() {
            let got = f64::from(scaler.apply(x as f64));
            assert!((got - expected).abs() < 0.03, "{x}: {got} is not {expected}");
        }
        assert_eq!(f64::from(scaler.apply(-1.0)), -f64::from(scaler.apply(5.0)));
        assert!(scaler.apply(5.0) > 5.0);
    }

    #[test]
    fn extremes_overflow_nothing() {
        let values = [f64::MIN, -1.0, 0.0, 5e-324, 3.0, f64::MAX];
        for scaling in [Scaling::Standard, Scaling::Robust, Scaling::Quantile] {
            let scaler = Scaler::fit(scaling, &values).unwrap();
            let scaled: Vec<f32> = values.iter().map(|value| scaler.apply(*value)).collect();
            assert!(scaled.iter().all(|value| value.is_finite()), "{scaling:?}: {scaled:?}");
            assert!(scaled.is_sorted(), "{scaling:?}: {scaled:?}");
        }
    }

    #[test]
    fn robust_scaling_without_interquartile_range_uses_half_the_range() {
        let mut values = vec![1.0; 99];
        values.push(5.0);
        assert_eq!(Scaler::fit(Scaling::Robust, &values), Some(Scaler::Robust { median: 1.0, spread: 2.0 }));
    }

    #[test]
    fn a_constant_column_has_no_scale() {
        assert_eq!(Scaler::fit(Scaling::Standard, &[2.0, 2.0]), None);
        assert_eq!(Scaler::fit(Scaling::Quantile, &[]), None);
    }
}
