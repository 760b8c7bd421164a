//! Quadratic functions with an L1 penalty: coordinate descent with an active set, finished by Newton steps.
//!
//! Sweeps: Friedman, Hastie & Tibshirani, "Regularization paths for generalized linear models via coordinate descent",
//! 2010, with covariance updates (section 2.2). Correlated columns make sweeps slow; so after some of them the quadratic is
//! minimised over the non-zero coefficients with their signs held, and a step is taken towards that minimum as far as no
//! sign changes (Lee, Battle, Raina & Ng, "Efficient sparse coding algorithms", 2007, algorithm 1).

use automl_core::{FitError, StopSignal};

use super::cholesky::Cholesky;
use super::config::Penalty;
use crate::gemm::{add_scaled, dot};

/// Sweeps over the non-zero coefficients after one over all.
const ACTIVE_SWEEPS: usize = 10;
/// Steps with the signs held after these, if there are at most [`FEW`] non-zero coefficients; one if there are more.
const STEPS: usize = 10;
/// Coefficients for which a system is solved in less time than a few sweeps take.
const FEW: usize = 300;
/// Rounds after which the point reached is returned as it is.
const MAX_ROUNDS: usize = 1000;
/// What is added to a system's diagonal, as a share of it.
const DAMPING: f64 = 1e-9;
/// Most coefficients for which a system is solved.
const MAX_SYSTEM: usize = 4000;

/// `wᵀ H w / 2 - qᵀ w + Σ (l1 |wⱼ| + l2 wⱼ² / 2)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quadratic<'a> {
    /// `H`, shape `[size, size]`, both triangles.
    pub(super) hessian: &'a [f64],
    /// `q`, of length `size`.
    pub(super) linear: &'a [f64],
    /// `l1` and `l2` of each.
    pub(super) penalties: &'a [Penalty],
}

/// A point with the descent of the quadratic there.
#[derive(Debug)]
pub(super) struct Point {
    /// `w`.
    pub(super) weights: Vec<f64>,
    /// `q - H w`.
    pub(super) descent: Vec<f64>,
}

impl Quadratic<'_> {
    /// Descends from `start` until `is_done` says so, which is asked after each sweep over all coefficients; or until
    /// nothing moves, or [`MAX_ROUNDS`] are done.
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop.
    pub(super) fn minimise(
        &self,
        start: Vec<f64>,
        stop: &StopSignal,
        is_done: impl Fn(&Point) -> bool,
    ) -> Result<Vec<f64>, FitError> {
        let mut point = Point { descent: self.descent(&start), weights: start };
        let everything: Vec<usize> = (0..self.linear.len()).collect();
        for _ in 0..MAX_ROUNDS {
            if let Some(reason) = stop.check() {
                return Err(FitError::Stopped(reason));
            }
            if !self.sweep(&mut point, &everything) || is_done(&point) {
                break;
            }
            let active: Vec<usize> =
                everything.iter().copied().filter(|&j| point.weights[j] != 0.0).collect();
            for _ in 0..ACTIVE_SWEEPS {
                if !self.sweep(&mut point, &active) {
                    break;
                }
            }
            let steps = if active.len() <= FEW { STEPS } else { 1 };
            for _ in 0..steps {
                let before = signs(&point.weights);
                self.step_within_signs(&mut point);
                if signs(&point.weights) == before {
                    break;
                }
            }
        }
        Ok(point.weights)
    }

    fn descent(&self, weights: &[f64]) -> Vec<f64> {
        let mut descent = self.linear.to_vec();
        for (row, weight) in self.hessian.chunks_exact(weights.len().max(1)).zip(weights) {
            if *weight != 0.0 {
                add_scaled(&mut descent, -weight, row);
            }
        }
        descent
    }

    /// Minimises over each of the coefficients in turn; false if none changed.
    fn sweep(&self, point: &mut Point, coefficients: &[usize]) -> bool {
        let size = self.linear.len();
        let mut has_moved = false;
        for &j in coefficients {
            let row = &self.hessian[j * size..(j + 1) * size];
            let (old, curvature) = (point.weights[j], row[j] + self.penalties[j].l2);
            // A column without spread has no say.
            if curvature <= 0.0 {
                continue;
            }
            let pull = point.descent[j] + row[j] * old;
            let new = shrink(pull, self.penalties[j].l1) / curvature;
            if new != old {
                add_scaled(&mut point.descent, old - new, row);
                point.weights[j] = new;
                has_moved = true;
            }
        }
        has_moved
    }

    /// Goes towards the minimum over the non-zero coefficients with their signs held, until one of them vanishes.
    ///
    /// The system is damped a little, so that it can be solved where columns are collinear: the step along a direction
    /// without curvature is long then, and ends where a coefficient vanishes.
    fn step_within_signs(&self, point: &mut Point) {
        let size = self.linear.len();
        let active: Vec<usize> = (0..size).filter(|&j| point.weights[j] != 0.0).collect();
        if active.is_empty() || active.len() > MAX_SYSTEM {
            return;
        }
        let mut system = Vec::with_capacity(active.len() * active.len());
        for &row in &active {
            let values = &self.hessian[row * size..(row + 1) * size];
            let own = self.penalties[row].l2 + DAMPING * values[row];
            system.extend(active.iter().map(|&j| values[j] + if j == row { own } else { 0.0 }));
        }
        // Sweeps go on without a step where there is none.
        let Ok(factor) = Cholesky::new(system, active.len()) else {
            return;
        };
        let pull = |&j: &usize| {
            let (weight, Penalty { l1, l2 }) = (point.weights[j], self.penalties[j]);
            point.descent[j] - l1 * weight.signum() - l2 * weight
        };
        let mut step: Vec<f64> = active.iter().map(pull).collect();
        factor.solve(&mut step);
        if step.iter().any(|value| !value.is_finite()) {
            return;
        }
        // The share of the step after which a coefficient vanishes, if it does. Without L1 it may cross zero.
        let crossing = |j: usize, from: f64, change: f64| {
            if self.penalties[j].l1 > 0.0 && (from + change) * from < 0.0 { -from / change } else { 1.0 }
        };
        let ways = active.iter().zip(&step);
        let length =
            ways.clone().map(|(&j, &change)| crossing(j, point.weights[j], change)).fold(1.0, f64::min);
        for (&j, &change) in ways {
            let from = point.weights[j];
            let vanishes = length < 1.0 && crossing(j, from, change) <= length;
            point.weights[j] = if vanishes { 0.0 } else { from + length * change };
        }
        point.descent = self.descent(&point.weights);
    }
}

impl Point {
    /// How far each coefficient is from optimal: the least subgradient of the whole function, in absolute value.
    pub(super) fn violations(&self, penalties: &[Penalty]) -> impl Iterator<Item = f64> {
        let pairs = self.weights.iter().zip(&self.descent).zip(penalties);
        pairs.map(|((&weight, &descent), penalty)| penalty.violation(weight, -descent))
    }

    /// The gap between the primal and a dual value of elastic net regression whose target has the mean square `spread`
    /// about its mean: an upper bound of what is left to gain. `linear` is `Xᵀ y`.
    pub(super) fn duality_gap(&self, linear: &[f64], spread: f64, penalty: Penalty) -> f64 {
        let Point { weights, descent } = self;
        // With r = y - X w: r·y = y·y - w·q and r·r = r·y - w·(q - H w).
        let residual_target = spread - dot(weights, linear);
        let residual = (residual_target - dot(weights, descent)).max(0.0);
        let squares = penalty.l2 * dot(weights, weights);
        let largest =
            descent.iter().zip(weights).map(|(d, w)| (d - penalty.l2 * w).abs()).fold(0.0, f64::max);
        let shrink = if largest > penalty.l1 { penalty.l1 / largest } else { 1.0 };
        let absolute: f64 = weights.iter().map(|weight| weight.abs()).sum();
        0.5 * (1.0 + shrink * shrink) * (residual + squares) + penalty.l1 * absolute
            - shrink * residual_target
    }
}

/// Towards zero by `by`, not past it.
fn shrink(value: f64, by: f64) -> f64 {
    if value > by {
        value - by
    } else if value < -by {
        value + by
    } else {
        0.0
    }
}

fn signs(weights: &[f64]) -> Vec<i8> {
    weights.iter().map(|weight| i8::from(*weight > 0.0) - i8::from(*weight < 0.0)).collect()
}
