//! Regression targets in units in which models learn: mean 0, standard deviation 1.

use serde::{Deserialize, Serialize};

/// From the unit of the target to that of a model, and back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Standard {
    /// Mean of the training targets.
    pub(crate) mean: f64,
    /// Their standard deviation (n in the denominator); 1 if they are all alike, but for rounding.
    #[serde(alias = "std")]
    pub(crate) deviation: f64,
}

/// The target as it is.
impl Default for Standard {
    fn default() -> Self {
        Self { mean: 0.0, deviation: 1.0 }
    }
}

impl Standard {
    /// Of training targets, each of the weight of its row, if rows have weights.
    pub(crate) fn of(values: &[f64], weights: Option<&[f32]>) -> Self {
        let average = |of: &dyn Fn(f64) -> f64| match weights {
            None => values.iter().map(|&value| of(value)).sum::<f64>() / values.len().max(1) as f64,
            Some(weights) => {
                let total: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
                let shares = weights.iter().map(|&weight| f64::from(weight) / total);
                values.iter().zip(shares).map(|(&value, share)| of(value) * share).sum()
            }
        };
        let mean = average(&|value| value);
        let deviation = average(&|value| (value - mean).powi(2)).sqrt();
        let is_usable =
            deviation.is_finite() && deviation > 1e-12 * mean.abs() && deviation > f64::MIN_POSITIVE;
        Self { mean, deviation: if is_usable { deviation } else { 1.0 } }
    }

    /// A target in the unit of the model.
    pub(crate) fn standardise(self, value: f64) -> f32 {
        ((value - self.mean) / self.deviation) as f32
    }

    /// What a model says, in the unit of the target.
    pub(crate) fn restore(self, output: f64) -> f64 {
        output * self.deviation + self.mean
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_constant_is_learnt_as_its_mean() {
        for value in [0.0, 0.1, -3e8] {
            let standard = Standard::of(&[value; 7], None);
            assert_eq!(standard.deviation, 1.0, "{value}");
            assert!((standard.restore(0.0) - value).abs() <= 1e-12 * value.abs(), "{value}");
        }
    }

    proptest! {
        #[test]
        fn weights_count_rows_as_if_they_stood_there_as_often(
            rows in proptest::collection::vec((-1e3..1e3_f64, 1..5_u8), 2..30),
        ) {
            let values: Vec<f64> = rows.iter().map(|row| row.0).collect();
            let weights: Vec<f32> = rows.iter().map(|row| f32::from(row.1)).collect();
            let repeated: Vec<f64> =
                rows.iter().flat_map(|&(value, times)| std::iter::repeat_n(value, times.into())).collect();
            let (weighted, plain) = (Standard::of(&values, Some(&weights)), Standard::of(&repeated, None));
            prop_assert!((weighted.mean - plain.mean).abs() < 1e-9, "{weighted:?} {plain:?}");
            prop_assert!((weighted.deviation - plain.deviation).abs() < 1e-9, "{weighted:?} {plain:?}");
            for value in values {
                let back = plain.restore(f64::from(plain.standardise(value)));
                prop_assert!((back - value).abs() <= 1e-6 * (plain.deviation + value.abs() + plain.mean.abs()));
            }
        }
    }
}
