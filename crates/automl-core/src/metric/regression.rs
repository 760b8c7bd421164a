//! How far predicted numbers are from the true ones. All slices are of one length, at least 1, and finite.

/// Root of the mean squared error, in the unit of the target.
pub(super) fn rmse(target: &[f64], predicted: &[f64]) -> f64 {
    mean(target, predicted, |truth, value| (value - truth).powi(2)).sqrt()
}

/// Mean absolute error, in the unit of the target.
pub(super) fn mae(target: &[f64], predicted: &[f64]) -> f64 {
    mean(target, predicted, |truth, value| (value - truth).abs())
}

/// Median absolute error, in the unit of the target; the middle of the two middle ones of an even number of rows.
pub(super) fn median_ae(target: &[f64], predicted: &[f64]) -> f64 {
    let mut errors: Vec<f64> =
        target.iter().zip(predicted).map(|(truth, value)| (value - truth).abs()).collect();
    let half = errors.len() / 2;
    let even = errors.len().is_multiple_of(2);
    let (below, &mut upper, _) = errors.select_nth_unstable_by(half, f64::total_cmp);
    if even { below.iter().copied().fold(0.0, f64::max).midpoint(upper) } else { upper }
}

/// Mean absolute error as a share of the true value; a true value nearer to 0 than the `f64` epsilon counts as epsilon.
pub(super) fn mape(target: &[f64], predicted: &[f64]) -> f64 {
    mean(target, predicted, |truth, value| (value - truth).abs() / truth.abs().max(f64::EPSILON))
}

/// Share of the variance explained, up to 1. Of a constant target: 1 if it was met exactly, else 0.
pub(super) fn r2(target: &[f64], predicted: &[f64]) -> f64 {
    let residual: f64 = target.iter().zip(predicted).map(|(truth, value)| (truth - value).powi(2)).sum();
    if residual == 0.0 {
        return 1.0;
    }
    // The mean of equal numbers need not be that number, so the variance alone would not tell.
    if target.iter().all(|truth| *truth == target[0]) {
        return 0.0;
    }
    let centre = target.iter().sum::<f64>() / target.len() as f64;
    let variation: f64 = target.iter().map(|truth| (truth - centre).powi(2)).sum();
    1.0 - residual / variation
}

/// Root of the mean squared error of `ln(1 + value)`; all values above -1.
pub(super) fn rmsle(target: &[f64], predicted: &[f64]) -> f64 {
    mean(target, predicted, |truth, value| (value.ln_1p() - truth.ln_1p()).powi(2)).sqrt()
}

fn mean(target: &[f64], predicted: &[f64], of: impl Fn(f64, f64) -> f64) -> f64 {
    target.iter().zip(predicted).map(|(&truth, &value)| of(truth, value)).sum::<f64>() / target.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_an_even_number_is_the_middle_of_two() {
        assert_eq!(median_ae(&[0.0; 4], &[4.0, 1.0, 2.0, 9.0]), 3.0);
        assert_eq!(median_ae(&[0.0; 3], &[4.0, 1.0, 2.0]), 2.0);
        assert_eq!(median_ae(&[0.0], &[-4.0]), 4.0);
    }

    #[test]
    fn r2_of_a_constant_target_is_zero_unless_met() {
        assert_eq!(r2(&[0.1; 10], &[0.2; 10]), 0.0);
        assert_eq!(r2(&[0.1; 10], &[0.1; 10]), 1.0);
    }
}
