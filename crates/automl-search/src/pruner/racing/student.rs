//! Student's t distribution.

/// P(T > t) for Student's t with `degrees` of freedom, at least 1. NaN for a t that is no number.
pub(in crate::pruner) fn upper_tail(t: f64, degrees: f64) -> f64 {
    if t.is_infinite() {
        return if t > 0.0 { 0.0 } else { 1.0 };
    }
    // Abramowitz & Stegun 1964, 26.5.27 and 26.7.1.
    let tail = 0.5 * incomplete_beta(degrees / (degrees + t * t), degrees / 2.0);
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// The regularised incomplete beta function `I_x(a, 1/2)`.
fn incomplete_beta(x: f64, a: f64) -> f64 {
    const B: f64 = 0.5;
    if x <= 0.0 || x.is_nan() {
        return x;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let log_front = a * x.ln() + B * (-x).ln_1p() + ln_gamma(a + B) - ln_gamma(a) - ln_gamma(B);
    // The continued fraction converges fast below the mean; above it the symmetric one does.
    if x < (a + 1.0) / (a + B + 2.0) {
        log_front.exp() * continued_fraction(x, a, B) / a
    } else {
        1.0 - log_front.exp() * continued_fraction(1.0 - x, B, a) / B
    }
}

/// The continued fraction of Abramowitz & Stegun 26.5.8, by the method of Lentz (1976).
fn continued_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut numerator = 1.0;
    let mut denominator = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = denominator;
    for m in 1..500 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for coefficient in [even, odd] {
            denominator = 1.0 / away_from_zero(1.0 + coefficient * denominator);
            numerator = away_from_zero(1.0 + coefficient / numerator);
            change = numerator * denominator;
            value *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

/// The logarithm of the gamma function for positive numbers: Stirling's series, after shifting the argument up.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 12.0 {
        shift += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    // Coefficients B_2k / (2k (2k - 1)) of Abramowitz & Stegun 6.1.41.
    let series = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0];
    let series = series.iter().rev().fold(0.0, |sum, coefficient| sum * square + coefficient);
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series * inverse - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_degree_is_the_cauchy_distribution() {
        for t in [-30.0, -1.0, 0.0, 0.3, 1.0, 7.0, 1e6] {
            let expected =
                if t > 0.0 { (1.0_f64 / t).atan() } else { std::f64::consts::PI / 2.0 - f64::atan(t) };
            let expected = expected / std::f64::consts::PI;
            assert!((upper_tail(t, 1.0) / expected - 1.0).abs() < 1e-12, "{t}: {}", upper_tail(t, 1.0));
        }
    }

    #[test]
    fn edges() {
        assert_eq!(upper_tail(0.0, 5.0), 0.5);
        assert_eq!(upper_tail(f64::INFINITY, 5.0), 0.0);
        assert_eq!(upper_tail(f64::NEG_INFINITY, 5.0), 1.0);
        assert!(upper_tail(f64::NAN, 5.0).is_nan());
        assert_eq!(upper_tail(1e200, 5.0), 0.0);
    }
}
