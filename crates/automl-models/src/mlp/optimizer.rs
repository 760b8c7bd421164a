//! Optimisers over a population: every member has its own rate, decay and clock.

use rayon::prelude::*;

use super::config::Optimizer;
use super::simd::vectorised;

/// Share of the first moment that is kept.
pub(crate) const BETA_1: f32 = 0.9;
/// Share of the second moment that is kept.
pub(crate) const BETA_2: f32 = 0.999;
/// Added to the root of the second moment.
pub(crate) const EPSILON: f32 = 1e-8;

/// One member's move.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Move {
    /// Steps taken, this one included; 0 leaves the member where it is.
    pub(crate) step: u32,
    /// Learning rate of this step.
    pub(crate) rate: f64,
    /// Weight decay, decoupled: weights shrink by `rate * decay`.
    pub(crate) decay: f64,
    /// Which rule.
    pub(crate) optimizer: Optimizer,
}

/// Running moments of one parameter, `[members, size]`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Moments {
    /// Keeps the members at `kept` of `before`, in that order.
    pub(crate) fn keep(&mut self, kept: &[usize], before: usize) {
        for values in [&mut self.first, &mut self.second] {
            let size = values.len() / before;
            *values = super::host::keep_members(values, kept, size);
        }
    }

    /// Moves every member's `values` against its `gradient`; biases and norms do not decay.
    pub(crate) fn step(&mut self, values: &mut [f32], gradient: &[f32], moves: &[Move], decays: bool) {
        if self.first.is_empty() {
            self.first = vec![0.0; values.len()];
        }
        let adam = moves.iter().any(|each| each.optimizer == Optimizer::AdamW);
        if adam && self.second.is_empty() {
            self.second = vec![0.0; values.len()];
        }
        let size = values.len() / moves.len();
        for (member, each) in moves.iter().enumerate().filter(|(_, each)| each.step > 0 && size > 0) {
            let own = member * size..(member + 1) * size;
            let (values, gradient) = (&mut values[own.clone()], &gradient[own.clone()]);
            let shrink = if decays { (1.0 - each.rate * each.decay) as f32 } else { 1.0 };
            let first = &mut self.first[own.clone()];
            match each.optimizer {
                Optimizer::AdamW => {
                    adam_w(values, gradient, first, &mut self.second[own], each, shrink);
                }
                Optimizer::Sgd { momentum } => {
                    heavy_ball(values, gradient, first, momentum, each.rate as f32, shrink);
                }
            }
        }
    }
}

/// Algorithm 2 of Loshchilov & Hutter 2019, with the schedule inside the rate; bias correction is
/// folded into two scalars: `m^ / (sqrt(v^) + e) = (m / c1) / (sqrt(v / c2) + e)`.
fn adam_w(
    values: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    each: &Move,
    shrink: f32,
) {
    /// Numbers that a thread takes at once: large enough to be worth it.
    const CHUNK: usize = 1 << 15;
    let power = |beta: f32| 1.0 - f64::from(beta).powi(each.step as i32);
    let rate = (each.rate / power(BETA_1)) as f32;
    let correction = power(BETA_2).sqrt().recip() as f32;
    let chunks = values.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK));
    let moments = first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK));
    chunks.zip(moments).for_each(|((values, gradient), (first, second))| {
        let moments = first.iter_mut().zip(second);
        vectorised(|| {
            for ((value, gradient), (first, second)) in values.iter_mut().zip(gradient).zip(moments) {
                *first = BETA_1 * *first + (1.0 - BETA_1) * gradient;
                *second = BETA_2 * *second + (1.0 - BETA_2) * gradient * gradient;
                *value = *value * shrink - rate * *first / (second.sqrt() * correction + EPSILON);
            }
        });
    });
}

fn heavy_ball(
    values: &mut [f32],
    gradient: &[f32],
    speed: &mut [f32],
    momentum: f32,
    rate: f32,
    shrink: f32,
) {
    vectorised(|| {
        for ((value, gradient), speed) in values.iter_mut().zip(gradient).zip(speed) {
            *speed = momentum * *speed + gradient;
            *value = *value * shrink - rate * *speed;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moves(optimizer: Optimizer, step: u32) -> Vec<Move> {
        [0.1, 0.2].map(|rate| Move { step, rate, decay: 0.5, optimizer }).to_vec()
    }

    /// Reference: the definition, in 64 bits.
    #[test]
    fn adam_w_follows_its_definition() {
        let gradients = [[0.5_f32, -2.0], [0.1, 3.0], [-0.7, 0.0]];
        let mut values = vec![1.0_f32, -1.0];
        let mut moments = Moments::default();
        let mut expected = [(1.0_f64, 0.0, 0.0), (-1.0_f64, 0.0, 0.0)];
        for (step, gradient) in (1_u32..).zip(&gradients) {
            moments.step(&mut values, gradient, &moves(Optimizer::AdamW, step), true);
            for ((value, m, v), (g, rate)) in expected.iter_mut().zip(gradient.iter().zip([0.1, 0.2])) {
                let g = f64::from(*g);
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.999 * *v + 0.001 * g * g;
                let (m_hat, v_hat) =
                    (*m / (1.0 - 0.9_f64.powi(step as i32)), *v / (1.0 - 0.999_f64.powi(step as i32)));
                *value -= rate * (m_hat / (v_hat.sqrt() + 1e-8) + 0.5 * *value);
            }
        }
        for (value, (expected, _, _)) in values.iter().zip(expected) {
            assert!((f64::from(*value) - expected).abs() < 1e-5, "{value}, not {expected}");
        }
    }

    #[test]
    fn a_member_without_a_batch_stays() {
        let mut values = vec![1.0_f32, 1.0];
        let mut moves = moves(Optimizer::Sgd { momentum: 0.9 }, 1);
        moves[0].step = 0;
        Moments::default().step(&mut values, &[1.0, 1.0], &moves, false);
        assert_eq!(values, vec![1.0, 0.8]);
    }
}
