//! Ridge regression: one linear system, solved directly.

use automl_core::{FitError, Matrix, StopSignal};

use super::cholesky::{Cholesky, NotPositiveDefinite};
use super::rows::CentredRows;
use crate::gemm::dot;

/// Minimises `Σ weightᵢ (yᵢ - xᵢ w - b)² / 2 + penalty |w|² / 2`; returns `w`, `b`, and the trace of the matrix that makes
/// the fitted values of the targets. The weights sum to 1.
///
/// The smaller of the two systems is solved: `[n_features, n_features]`, or `[n_rows, n_rows]` when
/// there are fewer rows than features.
///
/// # Errors
/// [`FitError::Numerical`] if the columns are collinear to the last digit and `penalty` is too small to
/// tell them apart; [`FitError::Stopped`] when asked to stop.
pub(super) fn fit(
    x: &Matrix<f32>,
    y: &[f64],
    weights: &[f64],
    penalty: f64,
    stop: &StopSignal,
) -> Result<(Vec<f64>, f64, f64), FitError> {
    let rows = CentredRows::new(x, weights, stop);
    let mean = dot(weights, y);
    let (coefficients, degrees) = if x.n_cols() <= x.n_rows() {
        let moments: Vec<f64> =
            y.iter().zip(weights).map(|(value, weight)| (value - mean) * weight).collect();
        let right = rows.weighted_sum(&moments)?;
        solve(rows.gram(weights)?, right, penalty)?
    } else {
        // w = Xᵀ D½ a with (D½ X Xᵀ D½ + penalty I) a = D½ (y - mean), D the diagonal matrix of the weights.
        let roots: Vec<f64> = weights.iter().map(|weight| weight.sqrt()).collect();
        let right = y.iter().zip(&roots).map(|(value, root)| (value - mean) * root).collect();
        let (mut dual, degrees) = solve(rows.kernel(&roots)?, right, penalty)?;
        dual.iter_mut().zip(&roots).for_each(|(value, root)| *value *= root);
        (rows.weighted_sum(&dual)?, degrees)
    };
    let intercept = mean - dot(&coefficients, rows.means());
    if !intercept.is_finite() || coefficients.iter().any(|value| !value.is_finite()) {
        let reason = format!("the ridge solution is not finite (penalty {penalty:e})");
        return Err(FitError::Numerical { reason });
    }
    Ok((coefficients, intercept, degrees + 1.0))
}

/// Solves `(matrix + penalty I) x = right`; returns `x` and the trace of `matrix (matrix + penalty I)⁻¹`, which is the same
/// for the Gram matrix and for that of the rows.
fn solve(mut matrix: Vec<f64>, right: Vec<f64>, penalty: f64) -> Result<(Vec<f64>, f64), FitError> {
    let size = right.len();
    (0..size).for_each(|row| matrix[row * size + row] += penalty);
    let factor = Cholesky::new(matrix, size).map_err(|failure| singular(size, penalty, &failure))?;
    let mut solution = right;
    factor.solve(&mut solution);
    Ok((solution, size as f64 - penalty * factor.inverse_diagonal().iter().sum::<f64>()))
}

fn singular(size: usize, penalty: f64, failure: &NotPositiveDefinite) -> FitError {
    let NotPositiveDefinite { column, pivot } = failure;
    let reason = format!(
        "the ridge system of size {size} is singular at position {column} (pivot {pivot:e}); \
         penalty {penalty:e} is too small for columns of this scale"
    );
    FitError::Numerical { reason }
}
