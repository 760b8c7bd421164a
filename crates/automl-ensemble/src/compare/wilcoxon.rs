//! Wilcoxon's signed-rank test.

use serde::{Deserialize, Serialize};

use crate::error::EnsembleError;
use crate::special::normal_upper;

/// Differences up to which the distribution is counted out; beyond it a normal one takes its place.
const MAX_EXACT: usize = 50;

/// A signed-rank test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SignedRankTest {
    /// Sum of the ranks of differences above 0.
    pub positive_ranks: f64,
    /// Sum of the ranks of differences below 0.
    pub negative_ranks: f64,
    /// Two-sided: the probability of sums as unlike if signs are chance.
    pub p_value: f64,
    /// Whether the p-value is exact: up to 50 differences that are not 0.
    pub is_exact: bool,
}

/// F. Wilcoxon, "Individual comparisons by ranking methods" (1945): do differences tend to one side? For scores on
/// several data sets, which differ too much in scale for a t-test (Demšar 2006); it needs six or more to reach a level of
/// 0.05.
///
/// Differences of 0 are left out (Wilcoxon's own way) and ties share the mean of their ranks. Up to 50 differences all
/// assignments of signs are counted, with ties too; beyond, the sum is taken for normal, with the variance that ties
/// leave it and without a correction for continuity. Where all differences are 0 the p-value is 1.
///
/// # Errors
/// [`EnsembleError::NotFinite`].
pub fn wilcoxon_signed_rank(differences: &[f64]) -> Result<SignedRankTest, EnsembleError> {
    EnsembleError::check_finite("the differences", differences)?;
    let mut sorted: Vec<f64> = differences.iter().copied().filter(|difference| *difference != 0.0).collect();
    sorted.sort_by(|a, b| a.abs().total_cmp(&b.abs()));

    // Twice the rank, which is whole for ties too.
    let mut doubled = Vec::with_capacity(sorted.len());
    let mut tie_sum = 0.0;
    for ties in sorted.chunk_by(|a, b| a.abs() == b.abs()) {
        let (before, count) = (doubled.len(), ties.len());
        doubled.extend(std::iter::repeat_n(2 * before + count + 1, count));
        tie_sum += (count * count * count - count) as f64;
    }
    let sum_where = |holds: fn(f64) -> bool| -> usize {
        sorted.iter().zip(&doubled).filter(|(difference, _)| holds(**difference)).map(|(_, rank)| rank).sum()
    };
    let (positive, negative) = (sum_where(|d| d > 0.0), sum_where(|d| d < 0.0));
    let is_exact = sorted.len() <= MAX_EXACT;
    let p_value = if is_exact {
        exact(&doubled, positive.min(negative))
    } else {
        let n = sorted.len() as f64;
        let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - tie_sum / 48.0;
        let distance = (positive as f64 - negative as f64).abs() / 4.0;
        2.0 * normal_upper(distance / variance.sqrt())
    };
    Ok(SignedRankTest {
        positive_ranks: positive as f64 / 2.0,
        negative_ranks: negative as f64 / 2.0,
        p_value: p_value.min(1.0),
        is_exact,
    })
}

/// Twice the share of the `2ⁿ` assignments of signs whose positive ranks sum to `least` or less. The distribution is
/// symmetric, so the other side is as large. Each rank is either in the sum or not, which adds up in whole numbers that
/// `f64` holds exactly: there are at most 2⁵⁰.
fn exact(ranks: &[usize], least: usize) -> f64 {
    let mut ways = vec![0.0; least + 1];
    ways[0] = 1.0;
    for &rank in ranks {
        for sum in (rank..=least).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    2.0 * ways.iter().sum::<f64>() / 2.0_f64.powi(ranks.len() as i32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// All assignments of signs, one by one.
        #[test]
        fn exact_values_are_those_of_all_signs(whole in proptest::collection::vec(-6..7_i32, 1..10)) {
            let differences: Vec<f64> = whole.iter().map(|value| f64::from(*value)).collect();
            let test = wilcoxon_signed_rank(&differences).unwrap();
            let sizes: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).map(f64::abs).collect();
            let observed = test.positive_ranks.min(test.negative_ranks);
            let mut as_unlike = 0_u32;
            for signs in 0..1_u32 << sizes.len() {
                let signed: Vec<f64> = sizes.iter().enumerate()
                    .map(|(bit, size)| if signs >> bit & 1 == 1 { *size } else { -size }).collect();
                let other = wilcoxon_signed_rank(&signed).unwrap();
                as_unlike += u32::from(other.positive_ranks.min(other.negative_ranks) <= observed);
            }
            let wanted = f64::from(as_unlike) / f64::from(1_u32 << sizes.len());
            prop_assert!((test.p_value - wanted).abs() < 1e-12, "{} {wanted}", test.p_value);
        }
    }

    #[test]
    fn without_differences_nothing_is_found() {
        assert_eq!(wilcoxon_signed_rank(&[0.0, 0.0]).unwrap().p_value, 1.0);
        assert_eq!(wilcoxon_signed_rank(&[]).unwrap().p_value, 1.0);
        assert_eq!(wilcoxon_signed_rank(&[0.1; 6]).unwrap().p_value, 2.0 / 64.0);
    }
}
