//! Constants that follow from dimension and population (Hansen 2016, table 1).

use super::covariance::MOST_CORRELATED;

/// Learning rates and weights.
#[derive(Debug, Clone)]
pub(super) struct Constants {
    pub(super) n: usize,
    /// Weights of the better half, best first; they sum to 1. And those of the rest, which are not positive.
    pub(super) weights: Vec<f64>,
    pub(super) n_effective: f64,
    pub(super) step_rate: f64,
    pub(super) step_damping: f64,
    pub(super) path_rate: f64,
    pub(super) rank_one: f64,
    pub(super) rank_mu: f64,
    /// Expected length of a standard normal vector.
    pub(super) length: f64,
}

/// The usual population: 4 + 3 ln(n).
pub(super) fn usual_population(n: usize) -> usize {
    4 + (3.0 * (n as f64).ln()).floor() as usize
}

impl Constants {
    pub(super) fn new(n: usize, population: usize) -> Self {
        let d = n as f64;
        let raw = |rank: usize| (f64::midpoint(population as f64, 1.0)).ln() - (rank as f64 + 1.0).ln();
        let raw: Vec<f64> = (0..population).map(raw).collect();
        let sum = |values: &[f64]| values.iter().sum::<f64>();
        let squares = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>();
        let (better, worse) = raw.split_at(population / 2);
        let n_effective = sum(better).powi(2) / squares(better);
        let n_effective_worse = sum(worse).powi(2) / squares(worse);
        // Variances alone are fewer numbers and are learnt faster (Ros & Hansen 2008, equation 4).
        let haste = if n > MOST_CORRELATED { (d + 2.0) / 3.0 } else { 1.0 };
        let rank_one = haste * 2.0 / ((d + 1.3).powi(2) + n_effective);
        let rank_mu = (haste * 2.0 * (n_effective + 1.0 / n_effective - 2.0)
            / ((d + 2.0).powi(2) + n_effective))
            .min(1.0 - rank_one);
        let step_rate = (n_effective + 2.0) / (d + n_effective + 5.0);
        // Equations 50 to 53: how far the worse half may push.
        let negative = (1.0 + rank_one / rank_mu)
            .min(1.0 + 2.0 * n_effective_worse / (n_effective + 2.0))
            .min((1.0 - rank_one - rank_mu) / (d * rank_mu));
        let total_better = sum(better);
        let total_worse = -raw.iter().map(|weight| weight.min(0.0)).sum::<f64>();
        let weight = |raw: &f64| {
            if *raw >= 0.0 { raw / total_better } else { negative * raw / total_worse.max(f64::MIN_POSITIVE) }
        };
        Self {
            n,
            weights: raw.iter().map(weight).collect(),
            n_effective,
            step_rate,
            step_damping: 1.0 + 2.0 * (((n_effective - 1.0) / (d + 1.0)).sqrt() - 1.0).max(0.0) + step_rate,
            path_rate: (4.0 + n_effective / d) / (d + 4.0 + 2.0 * n_effective / d),
            rank_one,
            rank_mu,
            length: d.sqrt() * (1.0 - 1.0 / (4.0 * d) + 1.0 / (21.0 * d * d)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_match_those_of_the_python_package() {
        let constants = Constants::new(10, usual_population(10));
        // cmaes 0.13.1 (Python): CMA(mean=zeros(10), sigma=1)._mu_eff, _c_sigma, _d_sigma, _cc, _c1, _cmu
        for (got, expected) in [
            (constants.n_effective, 3.167_299_281_410_702_6),
            (constants.step_rate, 0.284_428_587_946_367_5),
            (constants.step_damping, 1.284_428_587_946_367_5),
            (constants.path_rate, 0.294_990_383_035_622_25),
            (constants.rank_one, 0.015_283_824_524_751_714),
            (constants.rank_mu, 0.020_154_282_761_208_38),
        ] {
            assert!((got - expected).abs() < 1e-9, "{got} {expected}");
        }
    }

    #[test]
    fn rates_leave_something_of_the_old_covariance() {
        for n in [1, 2, 10, 50, 51, 1000] {
            for doublings in 0..8 {
                let constants = Constants::new(n, usual_population(n) << doublings);
                let Constants { rank_one, rank_mu, weights, .. } = &constants;
                assert!(*rank_one > 0.0 && *rank_mu > 0.0 && rank_one + rank_mu <= 1.0, "{constants:?}");
                let better: f64 = weights.iter().filter(|weight| **weight > 0.0).sum();
                assert!((better - 1.0).abs() < 1e-12 && weights.iter().all(|weight| weight.is_finite()));
            }
        }
    }
}
