//! Distributions that tests need. NaN, where an argument has no meaning, stays NaN.

use statrs::distribution::{Continuous, ContinuousCDF, FisherSnedecor, Normal, StudentsT};
use statrs::function::gamma::checked_gamma_ur;

/// Probability that a standard normal lies above `x`: half of what χ² of one degree of freedom leaves above `x²`, which has
/// more right digits than `Normal::sf`.
pub(crate) fn normal_upper(x: f64) -> f64 {
    let half = 0.5 * x * x;
    let tail = match half {
        0.0 => 0.5,
        f64::INFINITY => 0.0,
        half => 0.5 * checked_gamma_ur(0.5, half).unwrap_or(f64::NAN),
    };
    if x < 0.0 { 1.0 - tail } else { tail }
}

/// Probability that a standard normal lies below `x`.
pub(crate) fn normal_below(x: f64) -> f64 {
    normal_upper(-x)
}

/// The value below which a standard normal lies with probability `p`, for `p` in (0, 1).
pub(crate) fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// Probability that Student's t with `df` degrees of freedom lies above `t`.
pub(crate) fn student_upper(t: f64, df: f64) -> f64 {
    let student = StudentsT::new(0.0, 1.0, df).ok().filter(|_| !t.is_nan());
    student.map_or(f64::NAN, |student| student.sf(t))
}

/// The value above which Student's t lies with probability `p`, for `p` in (0, 0.5].
pub(crate) fn student_upper_quantile(p: f64, df: f64) -> f64 {
    StudentsT::new(0.0, 1.0, df).map_or(f64::NAN, |student| {
        let t = -student.inverse_cdf(p);
        // A step of Newton's for the last digits.
        t + (student.sf(t) - p) / student.pdf(t)
    })
}

/// Probability that Fisher's F lies above `f`.
pub(crate) fn fisher_upper(f: f64, df_above: f64, df_below: f64) -> f64 {
    FisherSnedecor::new(df_above, df_below).map_or(f64::NAN, |fisher| fisher.sf(f))
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

    #[test]
    fn what_has_no_meaning_is_not_a_number_and_no_panic() {
        assert!(student_upper(f64::NAN, 4.0).is_nan() && student_upper(1.0, 0.0).is_nan());
        assert_eq!((student_upper(f64::INFINITY, 4.0), normal_upper(f64::INFINITY)), (0.0, 0.0));
        assert!(normal_upper(f64::NAN).is_nan());
    }
}
