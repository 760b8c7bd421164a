//! Distributions that tests need: normal, Student's t and Fisher's F.
//!
//! Sources: NIST Digital Library of Mathematical Functions 7.6.2, 7.9.3, 8.17; C. Lanczos, "A precision approximation
//! of the gamma function" (1964) with the coefficients of P. Godfrey; continued fractions by the method of Lentz (1976)
//! as modified by Thompson & Barnett (1986). Values agree with scipy's to about 13 digits.

use std::f64::consts::PI;

/// Stands for 0 where a continued fraction would divide by it.
const TINY: f64 = 1e-300;
const MAX_TERMS: usize = 10_000;

/// Probability that a standard normal lies above `x`.
pub(crate) fn normal_upper(x: f64) -> f64 {
    if x < 0.0 {
        return 1.0 - normal_upper(-x);
    }
    let density = (-0.5 * x * x).exp() / (2.0 * PI).sqrt();
    if x < 2.5 {
        // The area from 0 to x: density · (x + x³/3 + x⁵/(3·5) + …).
        let (mut term, mut sum, mut odd) = (x, x, 1.0);
        while term > sum * 1e-17 {
            odd += 2.0;
            term *= x * x / odd;
            sum += term;
        }
        return 0.5 - density * sum;
    }
    // Laplace's fraction 1/(x + 1/(x + 2/(x + 3/(x + …)))).
    density / lentz(x, |n| (n as f64, x))
}

/// Probability that a standard normal lies below `x`.
pub(crate) fn normal_below(x: f64) -> f64 {
    normal_upper(-x)
}

/// The value below which a standard normal lies with probability `p`, for `p` in (0, 1).
pub(crate) fn normal_quantile(p: f64) -> f64 {
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    bisect(-40.0, 0.0, |x| normal_below(x) < p)
}

/// Probability that Student's t with `df` degrees of freedom lies above `t`.
pub(crate) fn student_upper(t: f64, df: f64) -> f64 {
    let tail = 0.5 * beta_share(df / (df + t * t), 0.5 * df, 0.5);
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// The value above which Student's t lies with probability `p`, for `p` in (0, 0.5].
pub(crate) fn student_upper_quantile(p: f64, df: f64) -> f64 {
    let mut most = 1.0;
    while student_upper(most, df) > p {
        most *= 2.0;
    }
    bisect(0.0, most, |t| student_upper(t, df) > p)
}

/// Probability that Fisher's F lies above `f`.
pub(crate) fn fisher_upper(f: f64, df_above: f64, df_below: f64) -> f64 {
    beta_share(df_below / (df_below + df_above * f), 0.5 * df_below, 0.5 * df_above)
}

/// The regularised incomplete beta function `I_x(a, b)`, for `x` in [0, 1] and `a`, `b` above 0.
fn beta_share(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction converges fast on this side of the mean; the other side is its complement.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_share(1.0 - x, b, a);
    }
    let factor = (a * x.ln() + b * (-x).ln_1p() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)).exp() / a;
    let term = |n: usize| {
        let m = (n / 2) as f64;
        let numerator = if n.is_multiple_of(2) {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        (numerator, 1.0)
    };
    factor / lentz(1.0, term)
}

/// `b₀ + a₁/(b₁ + a₂/(b₂ + …))`; `term(n)` is `(aₙ, bₙ)`.
fn lentz(b0: f64, term: impl Fn(usize) -> (f64, f64)) -> f64 {
    let not_zero = |value: f64| if value == 0.0 { TINY } else { value };
    let (mut value, mut c, mut d) = (not_zero(b0), not_zero(b0), 0.0);
    for n in 1..=MAX_TERMS {
        let (a, b) = term(n);
        d = 1.0 / not_zero(b + a * d);
        c = not_zero(b + a / c);
        value *= c * d;
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

/// The logarithm of the gamma function, for `x` above 0.
fn ln_gamma(x: f64) -> f64 {
    const G: f64 = 7.0;
    const COEFFICIENTS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let terms = COEFFICIENTS.iter().enumerate().map(|(place, c)| c / (x + 1.0 + place as f64));
    let sum = 0.999_999_999_999_809_9 + terms.sum::<f64>();
    let t = x + G + 0.5;
    0.5 * (2.0 * PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// Where `is_left` turns from true to false, to the last digit.
fn bisect(mut low: f64, mut high: f64, is_left: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = low.midpoint(high);
        if middle <= low || middle >= high {
            return middle;
        }
        *(if is_left(middle) { &mut low } else { &mut high }) = middle;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(what: &str, a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-12 * b.abs(), "{what}: {a} is not {b}");
    }

    /// Values from `tests/make_compare.py`.
    #[test]
    fn values_equal_those_of_scipy() {
        let data: serde_json::Value =
            serde_json::from_str(include_str!("../tests/data/compare.json")).unwrap();
        let table: Vec<(String, Vec<f64>, f64)> =
            serde_json::from_value(data["distributions"].clone()).unwrap();
        for (name, x, wanted) in table {
            let value = match name.as_str() {
                "normal_upper" => normal_upper(x[0]),
                "normal_quantile" => normal_quantile(x[0]),
                "student_upper" => student_upper(x[0], x[1]),
                "student_upper_quantile" => student_upper_quantile(x[0], x[1]),
                "fisher_upper" => fisher_upper(x[0], x[1], x[2]),
                "ln_gamma" => ln_gamma(x[0]),
                other => panic!("no function `{other}`"),
            };
            near(&format!("{name} {x:?}"), value, wanted);
        }
    }

    #[test]
    fn quantiles_invert_probabilities() {
        for p in [1e-12, 1e-3, 0.2, 0.5, 0.9] {
            near("normal", normal_below(normal_quantile(p)), p);
        }
        for df in [1.0, 4.0, 99.0] {
            near("t", student_upper(student_upper_quantile(0.025, df), df), 0.025);
        }
    }
}
