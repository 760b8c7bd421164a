//! Limited-memory BFGS (Nocedal & Wright 2006, algorithm 7.4) inside a box, by projection.

/// Pairs of steps and gradient changes that are remembered.
const MEMORY: usize = 8;
/// Share of the promised decrease that a step must keep (Armijo).
const SUFFICIENT: f64 = 1e-4;
/// Halvings of a step before the search gives up.
const MAX_HALVINGS: usize = 16;

/// When a minimisation ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Steps taken.
    pub(super) n_steps: usize,
    /// Largest component of the projected gradient that counts as none.
    pub(super) gradient: f64,
}

/// Minimises `function`, which gives value and gradient, from `start` inside the box; returns the place and its value.
/// A value that is not finite is treated as infinitely large.
pub(super) fn minimise(
    start: &[f64],
    (low, high): (&[f64], &[f64]),
    limits: Limits,
    mut function: impl FnMut(&[f64]) -> (f64, Vec<f64>),
) -> (Vec<f64>, f64) {
    let project = |at: &mut [f64]| {
        for (index, value) in at.iter_mut().enumerate() {
            *value = value.clamp(low[index], high[index]);
        }
    };
    let mut at = start.to_vec();
    project(&mut at);
    let (mut value, mut gradient) = function(&at);
    let mut memory: Vec<(Vec<f64>, Vec<f64>, f64)> = Vec::new();
    for _ in 0..limits.n_steps {
        // Components that point out of the box are not free.
        let is_free: Vec<bool> = (0..at.len())
            .map(|index| {
                !(at[index] <= low[index] && gradient[index] > 0.0
                    || at[index] >= high[index] && gradient[index] < 0.0)
            })
            .collect();
        let free = |index: usize| if is_free[index] { gradient[index] } else { 0.0 };
        let masked: Vec<f64> = (0..at.len()).map(free).collect();
        if !value.is_finite() || masked.iter().all(|slope| slope.abs() <= limits.gradient) {
            break;
        }
        let mut direction = direction(&masked, &memory);
        for (step, is_free) in direction.iter_mut().zip(&is_free) {
            *step *= f64::from(u8::from(*is_free));
        }
        let mut slope = dot(&direction, &masked);
        if slope >= 0.0 {
            memory.clear();
            direction = masked.iter().map(|slope| -slope).collect();
            slope = dot(&direction, &masked);
        }
        let mut length = if memory.is_empty() { 1.0_f64.min(1.0 / norm(&masked)) } else { 1.0 };
        let mut taken = None;
        for _ in 0..MAX_HALVINGS {
            let mut next: Vec<f64> = at.iter().zip(&direction).map(|(at, step)| at + length * step).collect();
            project(&mut next);
            let (next_value, next_gradient) = function(&next);
            if next_value <= value + SUFFICIENT * length * slope {
                taken = Some((next, next_value, next_gradient));
                break;
            }
            length *= 0.5;
        }
        let Some((next, next_value, next_gradient)) = taken else { break };
        let step: Vec<f64> = next.iter().zip(&at).map(|(next, at)| next - at).collect();
        let change: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(next, old)| next - old).collect();
        let curvature = dot(&step, &change);
        if curvature > 1e-10 * dot(&change, &change).sqrt() * dot(&step, &step).sqrt() {
            if memory.len() == MEMORY {
                memory.remove(0);
            }
            memory.push((step, change, 1.0 / curvature));
        }
        let gained = value - next_value;
        (at, value, gradient) = (next, next_value, next_gradient);
        if gained <= 1e-9 * (1.0 + value.abs()) {
            break;
        }
    }
    (at, value)
}

/// The two-loop recursion: minus the inverse Hessian's estimate times the gradient.
fn direction(gradient: &[f64], memory: &[(Vec<f64>, Vec<f64>, f64)]) -> Vec<f64> {
    let mut direction = gradient.to_vec();
    let mut shares = Vec::with_capacity(memory.len());
    for (step, change, inverse) in memory.iter().rev() {
        let share = inverse * dot(step, &direction);
        add(&mut direction, -share, change);
        shares.push(share);
    }
    if let Some((_, change, inverse)) = memory.last() {
        let scale = 1.0 / (inverse * dot(change, change));
        for value in &mut direction {
            *value *= scale;
        }
    }
    for ((step, change, inverse), share) in memory.iter().zip(shares.into_iter().rev()) {
        let back = inverse * dot(change, &direction);
        add(&mut direction, share - back, step);
    }
    for value in &mut direction {
        *value = -*value;
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn add(to: &mut [f64], factor: f64, of: &[f64]) {
    for (to, of) in to.iter_mut().zip(of) {
        *to += factor * of;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: Limits = Limits { n_steps: 500, gradient: 1e-8 };

    fn rosenbrock(at: &[f64]) -> (f64, Vec<f64>) {
        let (x, y) = (at[0], at[1]);
        let value = (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
        (value, vec![-2.0 * (1.0 - x) - 400.0 * x * (y - x * x), 200.0 * (y - x * x)])
    }

    #[test]
    fn the_minimum_of_a_curved_valley_is_found() {
        let (at, value) = minimise(&[-1.2, 1.0], (&[-5.0; 2], &[5.0; 2]), PATIENT, rosenbrock);
        assert!(value < 1e-8 && (at[0] - 1.0).abs() < 1e-3, "{at:?} {value}");
    }

    #[test]
    fn a_minimum_outside_the_box_ends_on_its_edge() {
        let (at, _) = minimise(&[-1.2, 1.0], (&[-5.0, -5.0], &[0.5, 5.0]), PATIENT, rosenbrock);
        assert!((at[0] - 0.5).abs() < 1e-9 && (at[1] - 0.25).abs() < 1e-4, "{at:?}");
    }

    #[test]
    fn a_start_without_a_value_is_returned() {
        let (at, value) = minimise(&[1.0], (&[0.0], &[2.0]), PATIENT, |_| (f64::NAN, vec![1.0]));
        assert!(at == [1.0] && value.is_nan());
    }
}
