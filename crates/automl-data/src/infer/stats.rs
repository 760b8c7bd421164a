//! Moments of a numeric column.

/// Moments; `None` where they are undefined.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Stats {
    pub(super) min: Option<f64>,
    pub(super) mean: Option<f64>,
    pub(super) max: Option<f64>,
    /// Adjusted Fisher-Pearson coefficient G1, as pandas' `Series.skew`.
    pub(super) skewness: Option<f64>,
}

/// Over the values that are finite.
pub(super) fn of(values: &[f64]) -> Stats {
    let present = || values.iter().copied().filter(|value| value.is_finite());
    let n = present().count() as f64;
    if n == 0.0 {
        return Stats::default();
    }
    let mean = present().map(|value| value / n).sum::<f64>();
    Stats {
        min: present().reduce(f64::min),
        mean: Some(mean),
        max: present().reduce(f64::max),
        skewness: skewness(n, present().map(|value| value - mean)),
    }
}

/// Joanes & Gill 1998, "Comparing measures of sample skewness and kurtosis", G1.
fn skewness(n: f64, deviations: impl Iterator<Item = f64>) -> Option<f64> {
    let (m2, m3) = deviations.fold((0.0, 0.0), |(m2, m3), d| (m2 + d * d / n, m3 + d * d * d / n));
    let skewness = m3 / m2.powf(1.5) * (n * (n - 1.0)).sqrt() / (n - 2.0);
    (n > 2.0 && skewness.is_finite()).then_some(skewness)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reference: the definition in plain Python, `m3 / m2**1.5 * math.sqrt(n * (n - 1)) / (n - 2)` with
    /// central moments of `[1, 2, 3, 10, 5.5]`.
    #[test]
    fn skewness_equals_the_definition() {
        let stats = of(&[1.0, 2.0, f64::NAN, 3.0, 10.0, 5.5]);
        assert_eq!((stats.min, stats.max), (Some(1.0), Some(10.0)));
        assert!((stats.mean.unwrap() - 4.3).abs() < 1e-12);
        assert!((stats.skewness.unwrap() - 1.221_513_825_034_566_3).abs() < 1e-12, "{stats:?}");
    }

    #[test]
    fn undefined_moments_are_absent() {
        assert_eq!(of(&[f64::NAN]), Stats::default());
        assert_eq!(of(&[2.0, 2.0, 2.0]).skewness, None);
        assert_eq!(of(&[1.0, 2.0]).skewness, None);
    }
}
