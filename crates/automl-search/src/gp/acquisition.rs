//! The logarithm of the expected improvement (Ament et al. 2023, arXiv 2310.20708): as the improvement itself, but it
//! has a slope where that is zero to the last digit.

use crate::normal::{log_ndtr, ndtr};

const LN_SQRT_2_PI: f64 = 0.918_938_533_204_672_8;

/// Below this the direct formula cancels.
const DIRECT_FROM: f64 = -1.0;
/// Below this the leading term of the expansion is exact to double precision.
const FAR: f64 = -1e4;

/// `ln(φ(z) + z Φ(z))`.
pub(super) fn log_h(z: f64) -> f64 {
    let log_density = -0.5 * z * z - LN_SQRT_2_PI;
    if z > DIRECT_FROM {
        return (log_density.exp() + z * ndtr(z)).ln();
    }
    if z < FAR {
        return log_density - 2.0 * (-z).ln();
    }
    // φ(z) + z Φ(z) = φ(z) (1 + z Φ(z) / φ(z)), whose second factor is small: its own expansion further out.
    let ratio = (log_ndtr(z) - log_density).exp();
    let rest = 1.0 + z * ratio;
    if z > -30.0 { log_density + rest.ln() } else { log_density - 2.0 * (-z).ln() + tail(z).ln() }
}

/// `z² (1 + z Φ(z) / φ(z))` for z far below 0: 1 - 3/z² + 15/z⁴ - 105/z⁶.
fn tail(z: f64) -> f64 {
    let inverse = 1.0 / (z * z);
    1.0 - inverse * (3.0 - inverse * (15.0 - 105.0 * inverse))
}

/// Logarithm of the expected improvement on `best` (to be undercut), and its derivatives by mean and deviation.
pub(super) fn log_improvement(best: f64, mean: f64, deviation: f64) -> (f64, f64, f64) {
    let z = (best - mean) / deviation;
    let log_h = log_h(z);
    // h'(z) = Φ(z)
    let slope = (log_ndtr(z) - log_h).exp();
    (deviation.ln() + log_h, -slope / deviation, (1.0 - slope * z) / deviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_match_high_precision() {
        // mpmath with 60 digits: log(npdf(z) + z * ncdf(z)).
        for (z, expected) in REFERENCE {
            assert!(
                (log_h(z) - expected).abs() < 1e-9 * expected.abs().max(1.0),
                "{z}: {} {expected}",
                log_h(z)
            );
        }
    }

    #[test]
    fn slopes_match_differences() {
        for (mean, deviation) in [(0.2, 0.5), (1.5, 0.1), (4.0, 0.05), (-1.0, 0.3)] {
            let step = 1e-6;
            let at = |mean: f64, deviation: f64| log_improvement(0.0, mean, deviation).0;
            let (_, by_mean, by_deviation) = log_improvement(0.0, mean, deviation);
            let numeric = (at(mean + step, deviation) - at(mean - step, deviation)) / (2.0 * step);
            assert!((by_mean / numeric - 1.0).abs() < 1e-4, "{by_mean} {numeric}");
            let step = 1e-7;
            let numeric = (at(mean, deviation + step) - at(mean, deviation - step)) / (2.0 * step);
            assert!((by_deviation / numeric - 1.0).abs() < 1e-4, "{by_deviation} {numeric}");
        }
    }

    const REFERENCE: [(f64, f64); 10] = [
        (2.0, 0.697_383_545_788_228_3),
        (0.0, -0.918_938_533_204_672_7),
        (-0.9, -2.298_282_989_459_652),
        (-1.1, -2.679_178_382_476_053),
        (-5.0, -16.744_301_162_660_99),
        (-15.0, -118.848_170_684_113_6),
        (-29.0, -428.157_082_644_273_1),
        (-31.0, -488.290_023_397_837_2),
        (-200.0, -20_011.515_648_259_74),
        (-50_000.0, -1_250_000_022.558_495),
    ];
}
