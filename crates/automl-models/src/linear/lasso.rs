//! Lasso and elastic net regression.

use automl_core::{FitError, Matrix, StopSignal};

use super::cholesky::Cholesky;
use super::config::Penalty;
use super::coordinate::{Point, Quadratic};
use super::rows::CentredRows;
use crate::gemm::{dot, scale};

/// Widest design whose whole Gram matrix is formed; of wider ones that of a growing working set.
const MAX_GRAM_FEATURES: usize = 512;
/// The duality gap at which the minimum counts as found, as a share of the target's mean square about its mean.
const GAP: f64 = 1e-12;
/// Share of `l1` by which a slope outside the working set may exceed it.
const SLOPE: f64 = 1e-6;

/// Minimises `Σ weightᵢ (yᵢ - xᵢ w - b)² / 2 + l1 |w|₁ + l2 |w|² / 2`; returns `w`, `b` and the effective number
/// of parameters. The weights sum to 1.
///
/// # Errors
/// [`FitError::Stopped`] when asked to stop; [`FitError::Numerical`] if the solution is not finite.
pub(super) fn fit(
    x: &Matrix<f32>,
    y: &[f64],
    weights: &[f64],
    penalty: Penalty,
    stop: &StopSignal,
) -> Result<(Vec<f64>, f64, f64), FitError> {
    let rows = CentredRows::new(x, weights, stop);
    let mean = dot(weights, y);
    let centred: Vec<f64> = y.iter().map(|value| value - mean).collect();
    let spread: f64 = centred.iter().zip(weights).map(|(value, weight)| weight * value * value).sum();
    let slopes_of = |residual: &[f64]| {
        rows.weighted_sum(
            &residual.iter().zip(weights).map(|(value, weight)| value * weight).collect::<Vec<_>>(),
        )
    };
    let linear = slopes_of(&centred)?;
    let mut coefficients = vec![0.0; x.n_cols()];
    let mut slopes = linear.clone();
    let mut working: Vec<usize> = Vec::new();
    loop {
        let added = additions(&working, &slopes, penalty);
        if added.is_empty() {
            break;
        }
        working.extend(added);
        working.sort_unstable();
        let (gram, _) = rows.gram_of(&working, weights)?;
        let linear: Vec<f64> = working.iter().map(|&column| linear[column]).collect();
        let start = working.iter().map(|&column| coefficients[column]).collect();
        let penalties = vec![penalty; working.len()];
        let quadratic = Quadratic { hessian: &gram, linear: &linear, penalties: &penalties };
        let is_done = |point: &Point| point.duality_gap(&linear, spread, penalty) <= GAP * spread;
        let found = quadratic.minimise(start, stop, is_done)?;
        working.iter().zip(&found).for_each(|(&column, value)| coefficients[column] = *value);
        if working.len() == x.n_cols() {
            break;
        }
        let mut residual = rows.outputs_of(&working, &found)?;
        scale(&mut residual, -1.0);
        residual.iter_mut().zip(&centred).for_each(|(value, target)| *value += target);
        slopes = slopes_of(&residual)?;
    }
    let intercept = mean - dot(&coefficients, rows.means());
    if !intercept.is_finite() || coefficients.iter().any(|value| !value.is_finite()) {
        let Penalty { l1, l2 } = penalty;
        let reason = format!("the lasso solution is not finite (penalties {l1:e} and {l2:e})");
        return Err(FitError::Numerical { reason });
    }
    let active: Vec<usize> = (0..x.n_cols()).filter(|&column| coefficients[column] != 0.0).collect();
    let degrees = if penalty.l2 > 0.0 {
        // The trace of ridge on the columns that are left (Zou 2005, thesis, theorem 3.2).
        let (mut gram, _) = rows.gram_of(&active, weights)?;
        (0..active.len()).for_each(|row| gram[row * active.len() + row] += penalty.l2);
        match Cholesky::new(gram, active.len()) {
            Ok(factor) => active.len() as f64 - penalty.l2 * factor.inverse_diagonal().iter().sum::<f64>(),
            // Collinear to the last digit under a penalty below it.
            Err(_) => active.len() as f64,
        }
    } else {
        active.len() as f64
    };
    Ok((coefficients, intercept, degrees + 1.0))
}

/// Columns to take into the working set: all at once if they are few, or those whose slopes exceed `l1` most, as many as
/// it has already and at least [`MAX_GRAM_FEATURES`].
fn additions(working: &[usize], slopes: &[f64], penalty: Penalty) -> Vec<usize> {
    if slopes.len() <= MAX_GRAM_FEATURES {
        return if working.is_empty() { (0..slopes.len()).collect() } else { Vec::new() };
    }
    let is_steep = |column: &usize| slopes[*column].abs() > penalty.l1 * (1.0 + SLOPE);
    let mut steep: Vec<usize> =
        (0..slopes.len()).filter(is_steep).filter(|column| working.binary_search(column).is_err()).collect();
    steep.sort_by(|a, b| slopes[*b].abs().total_cmp(&slopes[*a].abs()).then(a.cmp(b)));
    steep.truncate(working.len().max(MAX_GRAM_FEATURES));
    steep
}
