//! Limited-memory BFGS with a preconditioner and a weak Wolfe line search.
//!
//! Two-loop recursion: Nocedal & Wright, *Numerical Optimization*, 2nd ed., algorithm 7.4, started from
//! `γ M⁻¹` with `γ = sᵀy / yᵀM⁻¹y` (their eq. 7.20, in the norm of `M`). Line search by bracketing:
//! Lewis & Overton, "Nonsmooth optimization via quasi-Newton methods", 2013, algorithm 2.6.

use std::collections::VecDeque;

use automl_core::FitError;

use crate::gemm::{self, add_scaled, dot};

/// Steps remembered.
pub(super) const MEMORY: usize = 10;
/// The norm `sqrt(gᵀ M⁻¹ g)` at which a gradient counts as zero.
pub(super) const TOLERANCE: f64 = 1e-7;
/// Points tried along one direction before the descent counts as exhausted by rounding.
const MAX_TRIES: usize = 30;
/// Share of the predicted decrease that a step must reach.
const SUFFICIENT_DECREASE: f64 = 1e-4;
/// Share of the slope at which a step counts as long enough.
const CURVATURE: f64 = 0.9;

/// A smooth convex function with an approximation `M` of its second derivative.
pub(super) trait Problem {
    /// The value at `point`; overwrites `gradient`, of the same length.
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop.
    fn evaluate(&self, point: &[f64], gradient: &mut [f64]) -> Result<f64, FitError>;

    /// Overwrites `vector` with `M⁻¹ vector`.
    fn precondition(&self, vector: &mut [f64]);
}

/// A point with what is known there.
struct State {
    point: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
    /// `M⁻¹ gradient`.
    preconditioned: Vec<f64>,
}

impl State {
    fn at(problem: &dyn Problem, point: Vec<f64>) -> Result<Self, FitError> {
        let mut gradient = vec![0.0; point.len()];
        let value = problem.evaluate(&point, &mut gradient)?;
        let mut preconditioned = gradient.clone();
        problem.precondition(&mut preconditioned);
        Ok(Self { point, value, gradient, preconditioned })
    }
}

/// One remembered step.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    /// `1 / (step · change)`.
    inverse: f64,
}

/// Where a descent ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct End {
    /// The best point.
    pub(super) point: Vec<f64>,
    /// Whether the gradient vanishes there, or rounding hides further progress; if not, iterations ran out.
    pub(super) is_minimum: bool,
}

/// Goes downhill from `start` until the gradient vanishes, rounding hides further progress, or
/// `max_iterations` are done.
///
/// # Errors
/// [`FitError::Stopped`] when asked to stop, [`FitError::Numerical`] if the function is not finite.
pub(super) fn minimise(
    problem: &dyn Problem,
    start: Vec<f64>,
    max_iterations: usize,
) -> Result<End, FitError> {
    let mut state = State::at(problem, start)?;
    let mut memory: VecDeque<Pair> = VecDeque::with_capacity(MEMORY);
    let mut scale = 1.0;
    for iteration in 0..max_iterations {
        if !state.value.is_finite() {
            let reason = format!("the loss is {} in iteration {iteration}", state.value);
            return Err(FitError::Numerical { reason });
        }
        if dot(&state.gradient, &state.preconditioned) <= TOLERANCE * TOLERANCE {
            return Ok(End { point: state.point, is_minimum: true });
        }
        let direction = direction(problem, &state.gradient, &memory, scale);
        let Some(next) = search_line(problem, &state, &direction)? else {
            return Ok(End { point: state.point, is_minimum: true });
        };
        let step = difference(&next.point, &state.point);
        let change = difference(&next.gradient, &state.gradient);
        let curvature = dot(&step, &change);
        if curvature > 0.0 {
            let spread = dot(&change, &difference(&next.preconditioned, &state.preconditioned));
            scale = curvature / spread;
            if memory.len() == MEMORY {
                memory.pop_front();
            }
            memory.push_back(Pair { step, change, inverse: 1.0 / curvature });
        }
        state = next;
    }
    Ok(End { point: state.point, is_minimum: false })
}

/// `-H gradient`, with `H` the quasi-Newton inverse of the second derivative.
fn direction(problem: &dyn Problem, gradient: &[f64], memory: &VecDeque<Pair>, scale: f64) -> Vec<f64> {
    let mut vector: Vec<f64> = gradient.iter().map(|value| -value).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for pair in memory.iter().rev() {
        let share = pair.inverse * dot(&pair.step, &vector);
        add_scaled(&mut vector, -share, &pair.change);
        shares.push(share);
    }
    problem.precondition(&mut vector);
    gemm::scale(&mut vector, scale);
    for (pair, share) in memory.iter().zip(shares.iter().rev()) {
        let back = pair.inverse * dot(&pair.change, &vector);
        add_scaled(&mut vector, share - back, &pair.step);
    }
    vector
}

/// A point along `direction` that fulfils the weak Wolfe conditions; `None` if rounding hides every descent.
fn search_line(problem: &dyn Problem, from: &State, direction: &[f64]) -> Result<Option<State>, FitError> {
    let slope = dot(&from.gradient, direction);
    if slope >= 0.0 || !slope.is_finite() {
        return Ok(None);
    }
    let (mut low, mut high, mut length) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..MAX_TRIES {
        let mut point = from.point.clone();
        add_scaled(&mut point, length, direction);
        let state = State::at(problem, point)?;
        // A value that is not a number shortens the step as well.
        if state.value.is_nan() || state.value > from.value + SUFFICIENT_DECREASE * length * slope {
            high = length;
        } else if dot(&state.gradient, direction) < CURVATURE * slope {
            low = length;
        } else {
            return Ok(Some(state));
        }
        length = if high.is_finite() { f64::midpoint(low, high) } else { 2.0 * low };
    }
    Ok(None)
}

fn difference(left: &[f64], right: &[f64]) -> Vec<f64> {
    left.iter().zip(right).map(|(a, b)| a - b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Σ wᵢ (xᵢ - i)² / 2` with weights from 1 to 1e6, and no preconditioner.
    struct Valley;

    impl Problem for Valley {
        fn evaluate(&self, point: &[f64], gradient: &mut [f64]) -> Result<f64, FitError> {
            let mut value = 0.0;
            for (index, (x, slope)) in point.iter().zip(gradient).enumerate() {
                let weight = 10.0_f64.powi(index as i32);
                *slope = weight * (x - index as f64);
                value += 0.5 * *slope * (x - index as f64);
            }
            Ok(value)
        }

        fn precondition(&self, _: &mut [f64]) {}
    }

    #[test]
    fn a_badly_scaled_valley_is_descended_to_its_floor() {
        let End { point, is_minimum } = minimise(&Valley, vec![3.0; 7], 500).unwrap();
        for (index, value) in point.iter().enumerate() {
            assert!((value - index as f64).abs() < 1e-6, "{point:?}");
        }
        assert!(is_minimum);
        assert!(!minimise(&Valley, vec![3.0; 7], 3).unwrap().is_minimum);
    }

    struct Broken;

    impl Problem for Broken {
        fn evaluate(&self, _: &[f64], _: &mut [f64]) -> Result<f64, FitError> {
            Ok(f64::NAN)
        }

        fn precondition(&self, _: &mut [f64]) {}
    }

    #[test]
    fn a_loss_that_is_not_finite_is_an_error() {
        let error = minimise(&Broken, vec![0.0], 500).unwrap_err();
        assert_eq!(error.to_string(), "numerical failure: the loss is NaN in iteration 0");
    }
}
