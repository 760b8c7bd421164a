//! What class probabilities themselves are worth.

use crate::matrix::Matrix;

/// How far outside 0 to 1 a probability may lie, since means and single-precision sums round.
const TOLERANCE: f64 = 1e-6;

/// The first probability that is none, with its row and class.
pub(super) fn outside_unit_interval(proba: &Matrix<f64>) -> Option<(usize, usize, f64)> {
    let index = proba.values().iter().position(|p| !(-TOLERANCE..=1.0 + TOLERANCE).contains(p))?;
    Some((index / proba.n_cols(), index % proba.n_cols(), proba.values()[index]))
}

/// Mean of `-ln p` of the true class, in nats.
///
/// As in scikit-learn 1.9, `p` is held between the `f64` epsilon and 1 less it, and rows are not renormalised.
pub(super) fn log_loss(codes: &[u32], proba: &Matrix<f64>) -> f64 {
    let losses = codes
        .iter()
        .zip(proba.rows())
        .map(|(&code, row)| -row[code as usize].clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln());
    losses.sum::<f64>() / codes.len() as f64
}

/// Mean squared distance between the probabilities and the one-hot target.
///
/// Two classes: `mean((p_1 - y)^2)`, 0 to 1. More: the sum over classes, 0 to 2. This is scikit-learn's
/// `scale_by_half="auto"`, which halves the sum of two classes alone.
pub(super) fn brier(codes: &[u32], proba: &Matrix<f64>) -> f64 {
    let error = |class: usize, code: u32, row: &[f64]| {
        let truth = f64::from(u8::from(class == code as usize));
        (row[class] - truth).powi(2)
    };
    let errors = codes.iter().zip(proba.rows()).map(|(&code, row)| match row.len() {
        2 => error(1, code, row),
        n_classes => (0..n_classes).map(|class| error(class, code, row)).sum(),
    });
    errors.sum::<f64>() / codes.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_loss_of_a_certain_row_is_clipped_at_both_ends() {
        let proba = Matrix::new(1, 2, vec![1.0, 0.0]);
        assert_eq!(log_loss(&[1], &proba), -f64::EPSILON.ln());
        assert_eq!(log_loss(&[0], &proba), -(1.0 - f64::EPSILON).ln());
    }

    #[test]
    fn brier_of_a_certain_error_is_one_for_two_classes_and_two_for_more() {
        assert_eq!(brier(&[1], &Matrix::new(1, 2, vec![1.0, 0.0])), 1.0);
        assert_eq!(brier(&[1], &Matrix::new(1, 3, vec![1.0, 0.0, 0.0])), 2.0);
    }

    #[test]
    fn rounding_is_no_impossible_probability() {
        assert_eq!(outside_unit_interval(&Matrix::new(1, 2, vec![1.0 + 1e-9, -1e-9])), None);
        assert_eq!(outside_unit_interval(&Matrix::new(2, 2, vec![0.5, 0.5, 0.0, 1.5])), Some((1, 1, 1.5)));
    }
}
