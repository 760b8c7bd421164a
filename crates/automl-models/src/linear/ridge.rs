//! Ridge regression: one linear system, solved directly.

use automl_core::{FitError, Matrix, StopSignal};

use super::cholesky::{Cholesky, NotPositiveDefinite};
use super::rows::CentredRows;
use crate::gemm::dot;

/// Minimises `Σ weightᵢ (yᵢ - xᵢ w - b)² / 2 + penalty |w|² / 2` for any `y`. The weights sum to 1.
///
/// The smaller of two systems is factored: `[n_features, n_features]`, or `[n_rows, n_rows]` when there are fewer rows than
/// features.
#[derive(Debug)]
pub(crate) struct Ridge<'a> {
    rows: CentredRows<'a>,
    weights: &'a [f64],
    penalty: f64,
    size: usize,
    factor: Cholesky,
    /// Square roots of the weights, if the system is that of the rows:
    /// `w = Xᵀ D½ a` with `(D½ X Xᵀ D½ + penalty I) a = D½ (y - mean)`, `D` the diagonal matrix of the weights.
    roots: Option<Vec<f64>>,
}

impl<'a> Ridge<'a> {
    /// Factors the system.
    ///
    /// # Errors
    /// [`FitError::Numerical`] if the columns are collinear to the last digit and `penalty` is too small to
    /// tell them apart; [`FitError::Stopped`] when asked to stop.
    pub(crate) fn new(
        x: &'a Matrix<f32>,
        weights: &'a [f64],
        penalty: f64,
        stop: &'a StopSignal,
    ) -> Result<Self, FitError> {
        let rows = CentredRows::new(x, weights, stop);
        let of_rows = x.n_cols() > x.n_rows();
        let roots = of_rows.then(|| weights.iter().map(|weight| weight.sqrt()).collect::<Vec<f64>>());
        let size = x.n_cols().min(x.n_rows());
        let mut matrix = match &roots {
            None => rows.gram(weights)?,
            Some(roots) => rows.kernel(roots)?,
        };
        (0..size).for_each(|row| matrix[row * size + row] += penalty);
        let factor = Cholesky::new(matrix, size).map_err(|failure| singular(size, penalty, &failure))?;
        Ok(Self { rows, weights, penalty, size, factor, roots })
    }

    /// `w` and `b` for one value a row.
    ///
    /// # Errors
    /// [`FitError::Numerical`] if they are not finite; [`FitError::Stopped`] when asked to stop.
    pub(crate) fn solve(&self, y: &[f64]) -> Result<(Vec<f64>, f64), FitError> {
        let mean = dot(self.weights, y);
        let scaled = |by: &[f64]| y.iter().zip(by).map(|(value, factor)| (value - mean) * factor).collect();
        let coefficients = match &self.roots {
            None => {
                let moments: Vec<f64> = scaled(self.weights);
                let mut solution = self.rows.weighted_sum(&moments)?;
                self.factor.solve(&mut solution);
                solution
            }
            Some(roots) => {
                let mut dual: Vec<f64> = scaled(roots);
                self.factor.solve(&mut dual);
                dual.iter_mut().zip(roots).for_each(|(value, root)| *value *= root);
                self.rows.weighted_sum(&dual)?
            }
        };
        let intercept = mean - dot(&coefficients, self.rows.means());
        if !intercept.is_finite() || coefficients.iter().any(|value| !value.is_finite()) {
            let reason = format!("the ridge solution is not finite (penalty {:e})", self.penalty);
            return Err(FitError::Numerical { reason });
        }
        Ok((coefficients, intercept))
    }

    /// The trace of the matrix that makes fitted values of targets: `G (G + penalty I)⁻¹`, which is the same for the Gram
    /// matrix and for that of the rows, and 1 for the intercept.
    pub(super) fn degrees_of_freedom(&self) -> f64 {
        let lost: f64 = self.factor.inverse_diagonal().iter().sum();
        1.0 + self.size as f64 - self.penalty * lost
    }
}

fn singular(size: usize, penalty: f64, failure: &NotPositiveDefinite) -> FitError {
    let NotPositiveDefinite { column, pivot } = failure;
    let reason = format!(
        "the ridge system of size {size} is singular at position {column} (pivot {pivot:e}); \
         penalty {penalty:e} is too small for columns of this scale"
    );
    FitError::Numerical { reason }
}
