//! Optimisers over a population: every member has its own rate, decay and clock.

use rayon::prelude::*;

use super::layers::DropRates;
use super::parameters::Role;
use super::simd::vectorised;
use super::training::Optimizer;

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
    /// Largest norm of the gradient, all arrays together.
    pub(crate) clip_norm: Option<f64>,
    /// Shares of values dropped in this step.
    pub(crate) dropout: DropRates,
    /// Share of the averaged weights that is kept in this step; 0 for a member that does not average.
    pub(crate) averaging: f32,
}

impl Move {
    /// Rate and decay of an array of this role.
    pub(crate) fn of(&self, role: Role) -> (f64, f64) {
        match role {
            Role::Learnt { rate, decay } => (self.rate * f64::from(rate), self.decay * f64::from(decay)),
            Role::Tracked => (0.0, 0.0),
        }
    }
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

    /// Moves every member's `values` of an array against its `gradient`.
    pub(crate) fn step(&mut self, values: &mut [f32], gradient: &[f32], moves: &[Move], roles: &[Role]) {
        if self.first.is_empty() {
            self.first = vec![0.0; values.len()];
        }
        let adam = moves.iter().any(|each| matches!(each.optimizer, Optimizer::AdamW { .. }));
        if adam && self.second.is_empty() {
            self.second = vec![0.0; values.len()];
        }
        let size = values.len() / moves.len();
        for (member, (each, role)) in moves.iter().zip(roles).enumerate() {
            if each.step == 0 || size == 0 {
                continue;
            }
            let own = member * size..(member + 1) * size;
            let (values, gradient) = (&mut values[own.clone()], &gradient[own.clone()]);
            let (rate, decay) = each.of(*role);
            let shrink = (1.0 - rate * decay) as f32;
            let first = &mut self.first[own.clone()];
            match each.optimizer {
                Optimizer::AdamW { beta_1, beta_2 } => {
                    let adam = Adam { beta_1, beta_2, step: each.step, rate, shrink };
                    adam.step(values, gradient, first, &mut self.second[own]);
                }
                Optimizer::Sgd { momentum } => {
                    heavy_ball(values, gradient, first, momentum, rate as f32, shrink);
                }
            }
        }
    }
}

/// Algorithm 2 of Loshchilov & Hutter 2019, with the schedule inside the rate; bias correction is
/// folded into two scalars: `m^ / (sqrt(v^) + e) = (m / c1) / (sqrt(v / c2) + e)`.
struct Adam {
    beta_1: f32,
    beta_2: f32,
    step: u32,
    rate: f64,
    shrink: f32,
}

impl Adam {
    fn step(&self, values: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        /// Numbers that a thread takes at once: large enough to be worth it.
        const CHUNK: usize = 1 << 15;
        let (beta_1, beta_2, shrink) = (self.beta_1, self.beta_2, self.shrink);
        let (rate, correction) = adam_scalars(beta_1, beta_2, self.step, self.rate);
        let chunks = values.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK));
        let moments = first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK));
        chunks.zip(moments).for_each(|((values, gradient), (first, second))| {
            let moments = first.iter_mut().zip(second);
            vectorised!(|| {
                for ((value, gradient), (first, second)) in values.iter_mut().zip(gradient).zip(moments) {
                    *first = beta_1 * *first + (1.0 - beta_1) * gradient;
                    *second = beta_2 * *second + (1.0 - beta_2) * gradient * gradient;
                    *value = *value * shrink - rate * *first / (second.sqrt() * correction + EPSILON);
                }
            });
        });
    }
}

/// The rate with the first moment's correction, and the factor on the second moment's root.
pub(crate) fn adam_scalars(beta_1: f32, beta_2: f32, step: u32, rate: f64) -> (f32, f32) {
    let power = |beta: f32| 1.0 - f64::from(beta).powi(step as i32);
    ((rate / power(beta_1)) as f32, power(beta_2).sqrt().recip() as f32)
}

fn heavy_ball(
    values: &mut [f32],
    gradient: &[f32],
    speed: &mut [f32],
    momentum: f32,
    rate: f32,
    shrink: f32,
) {
    vectorised!(|| {
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
        [0.1, 0.2]
            .map(|rate| Move {
                step,
                rate,
                decay: 0.5,
                optimizer,
                clip_norm: None,
                dropout: DropRates::default(),
                averaging: 0.0,
            })
            .to_vec()
    }

    /// Reference: the definition, in 64 bits.
    #[test]
    fn adam_w_follows_its_definition() {
        let gradients = [[0.5_f32, -2.0], [0.1, 3.0], [-0.7, 0.0]];
        let mut values = vec![1.0_f32, -1.0];
        let mut moments = Moments::default();
        let mut expected = [(1.0_f64, 0.0, 0.0), (-1.0_f64, 0.0, 0.0)];
        for (step, gradient) in (1_u32..).zip(&gradients) {
            moments.step(&mut values, gradient, &moves(Optimizer::ADAM_W, step), &[Role::WEIGHT; 2]);
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
        Moments::default().step(&mut values, &[1.0, 1.0], &moves, &[Role::BIAS; 2]);
        assert_eq!(values, vec![1.0, 0.8]);
    }
}
