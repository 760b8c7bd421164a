//! Matern's kernel of smoothness 5/2 (Rasmussen & Williams 2006, equation 4.17) over a weighted squared distance.

const SQRT_5: f64 = 2.236_067_977_499_79;

/// Covariance at squared distance `squared`, of variance 1.
#[inline(always)]
pub(super) fn matern(squared: f64) -> f64 {
    let scaled = SQRT_5 * squared.sqrt();
    (1.0 + scaled + 5.0 / 3.0 * squared) * (-scaled).exp()
}

/// Covariance and its derivative by the squared distance.
#[inline(always)]
pub(super) fn matern_with_slope(squared: f64) -> (f64, f64) {
    let scaled = SQRT_5 * squared.sqrt();
    let decay = (-scaled).exp();
    ((1.0 + scaled + 5.0 / 3.0 * squared) * decay, -5.0 / 6.0 * (1.0 + scaled) * decay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_match_the_formula_by_scipy() {
        // scipy.special: 2**(1-v)/gamma(v) * (sqrt(2 v) r)**v * kv(v, sqrt(2 v) r) at v = 2.5.
        for (r, expected) in
            [(0.1, 0.991_759_236_171_178), (1.0, 0.523_994_108_831_82), (3.0, 0.027_723_421_914_626)]
        {
            assert!((matern(r * r) - expected).abs() < 1e-9, "{r}: {}", matern(r * r));
        }
        assert_eq!(matern(0.0), 1.0);
    }

    #[test]
    fn the_slope_is_the_derivative() {
        for squared in [1e-3, 0.1, 1.0, 7.0] {
            let step = 1e-7;
            let numeric = (matern(squared + step) - matern(squared - step)) / (2.0 * step);
            let (value, slope) = matern_with_slope(squared);
            assert_eq!(value, matern(squared));
            assert!((slope - numeric).abs() < 1e-6, "{squared}: {slope}, {numeric}");
        }
    }
}
