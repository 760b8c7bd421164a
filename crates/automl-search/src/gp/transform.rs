//! Costs as numbers that a normal distribution could have made.
//!
//! Costs of a search are skewed: most are a little above the best, a few far above. The power transformation of Yeo &
//! Johnson (2000), its exponent by maximum likelihood, takes the skew out, as in HEBO (Cowen-Rivers et al. 2022).

/// Exponents that are tried. Above 1 the good end would be pressed together.
const EXPONENTS: [f64; 13] = [-3.0, -2.5, -2.0, -1.5, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0];

/// Most deviations that a cost may lie above the median before it is transformed.
const HIGHEST: f64 = 1e6;

/// Costs with mean 0 and deviation 1, smaller still better. `costs` are finite and not empty.
pub(super) fn standardise(costs: &[f64]) -> Vec<f64> {
    let scaled = centre(costs);
    let transformed = EXPONENTS.into_iter().map(|exponent| (likelihood(&scaled, exponent), exponent));
    let best = transformed.max_by(|(a, _), (b, _)| a.total_cmp(b)).map_or(1.0, |(_, exponent)| exponent);
    let values: Vec<f64> = scaled.iter().map(|value| yeo_johnson(*value, best)).collect();
    let (mean, deviation) = mean_and_deviation(&values);
    values.into_iter().map(|value| (value - mean) / deviation).collect()
}

/// Median 0 and the better half's spread 1, so that outliers on the bad side do not decide of the scale.
fn centre(costs: &[f64]) -> Vec<f64> {
    let mut sorted = costs.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (best, median) = (sorted[0], sorted[sorted.len() / 2]);
    // Halved first: the difference of the largest numbers overflows.
    let spread = 2.0 * (0.5 * median - 0.5 * best);
    let spread = if spread > 0.0 { spread } else { 2.0 * (0.5 * sorted[sorted.len() - 1] - 0.5 * best) };
    let spread = if spread > 0.0 && spread.is_finite() { spread } else { 1.0_f64.max(median.abs()) };
    costs.iter().map(|cost| ((cost / spread) - (median / spread)).clamp(-HIGHEST, HIGHEST)).collect()
}

fn yeo_johnson(value: f64, exponent: f64) -> f64 {
    if value >= 0.0 {
        if exponent == 0.0 { value.ln_1p() } else { ((exponent * value.ln_1p()).exp() - 1.0) / exponent }
    } else if exponent == 2.0 {
        -(-value).ln_1p()
    } else {
        -(((2.0 - exponent) * (-value).ln_1p()).exp() - 1.0) / (2.0 - exponent)
    }
}

/// Log-likelihood of the transformed values under a normal distribution, up to a constant.
fn likelihood(values: &[f64], exponent: f64) -> f64 {
    let transformed: Vec<f64> = values.iter().map(|value| yeo_johnson(*value, exponent)).collect();
    let (_, deviation) = mean_and_deviation(&transformed);
    let jacobian: f64 = values.iter().map(|value| value.signum() * value.abs().ln_1p()).sum();
    -(values.len() as f64) * deviation.ln() + (exponent - 1.0) * jacobian
}

/// The deviation is never 0.
fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
    (mean, if variance > 1e-24 { variance.sqrt() } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_match_scipy() {
        // scipy.stats.yeojohnson(x, lmbda)
        for (value, exponent, expected) in [
            (1.5, 0.0, 0.916_290_731_874_155),
            (1.5, -1.0, 0.6),
            (-0.7, 0.5, -0.811_019_211_845_933_6),
            (-0.7, 2.0, -0.530_628_251_062_170_4),
        ] {
            assert!(
                (yeo_johnson(value, exponent) - expected).abs() < 1e-12,
                "{value} {exponent}: {}",
                yeo_johnson(value, exponent)
            );
        }
    }

    proptest! {
        #[test]
        fn order_is_kept_and_the_result_is_standard(costs in prop::collection::vec(-1e3..1e9_f64, 3..40)) {
            let values = standardise(&costs);
            let (mean, deviation) = mean_and_deviation(&values);
            prop_assert!(mean.abs() < 1e-6 && (deviation - 1.0).abs() < 1e-6);
            for (a, x) in costs.iter().zip(&values) {
                for (b, y) in costs.iter().zip(&values) {
                    prop_assert!(a >= b || x <= y, "{a} {b} became {x} {y}");
                }
            }
        }
    }

    #[test]
    fn equal_huge_and_tiny_costs_stay_finite() {
        for costs in [vec![1.0; 5], vec![f64::MAX, -f64::MAX, 0.0], vec![1e-300, 2e-300, 3e-300], vec![7.0]] {
            assert!(standardise(&costs).iter().all(|value| value.is_finite()), "{costs:?}");
        }
    }

    #[test]
    fn a_long_upper_tail_is_pulled_in() {
        let costs: Vec<f64> = (0..50).map(|index| (f64::from(index) * 0.3).exp()).collect();
        let values = standardise(&costs);
        let ratio = |of: &[f64]| (of[49] - of[48]) / (of[1] - of[0]);
        assert!(ratio(&values) < 1e-3 * ratio(&costs), "{} {}", ratio(&values), ratio(&costs));
    }
}
