//! Optimisers over flat parameters; the formulas of [`super::super::optimizer`].

use burn::tensor::Tensor;

use super::super::optimizer::{EPSILON, Move, adam_scalars};
use super::super::training::Optimizer;
use super::flat::Factors;

/// Scalars of one move, in this order; `[members, 1]` each on the device.
pub(super) const N_SCALARS: usize = 6;

/// What the members of one step need: weights of the gradient in the first and the second moment, what is kept of the
/// first, rate, Adam's correction of the second moment, and rate times decay. A member that stays where it is has a rate
/// of 0 and keeps its moments.
pub(super) fn scalars(each: &Move) -> [f32; N_SCALARS] {
    if each.step == 0 {
        return [0.0, 0.0, 1.0, 0.0, 1.0, 0.0];
    }
    let decay = (each.rate * each.decay) as f32;
    match each.optimizer {
        Optimizer::AdamW { beta_1, beta_2 } => {
            let (rate, correction) = adam_scalars(beta_1, beta_2, each.step, each.rate);
            [1.0 - beta_1, 1.0 - beta_2, beta_1, rate, correction, decay]
        }
        Optimizer::Sgd { momentum } => [1.0, 0.0, momentum, each.rate as f32, 1.0, decay],
    }
}

/// Running moments, `[members, n_learnt]`.
#[derive(Debug, Clone)]
pub(super) struct Moments {
    first: Tensor<2>,
    /// `AdamW` alone.
    second: Option<Tensor<2>>,
}

impl Moments {
    pub(super) fn new(parameters: &Tensor<2>, optimizer: Optimizer) -> Self {
        let zeros = parameters.zeros_like();
        let second = matches!(optimizer, Optimizer::AdamW { .. }).then(|| zeros.clone());
        Self { first: zeros, second }
    }

    pub(super) fn select(&mut self, kept: &super::Places) {
        self.first = self.first.clone().select(0, kept.clone());
        self.second = self.second.take().map(|second| second.select(0, kept.clone()));
    }

    /// The moved parameters.
    pub(super) fn step(
        &mut self,
        parameters: Tensor<2>,
        gradient: Tensor<2>,
        [of_first, of_second, kept, rate, correction, decay]: [Tensor<2>; N_SCALARS],
        factors: &Factors,
    ) -> Tensor<2> {
        let shrunk = parameters.clone() - parameters * (factors.decays.clone() * decay);
        let first = self.first.clone() * kept + gradient.clone() * of_first;
        self.first = first.clone();
        let mut move_by = first * rate;
        if let Some(second) = self.second.take() {
            let square = gradient.clone() * gradient;
            let second = second.clone() + (square - second) * of_second;
            move_by = move_by / (second.clone().sqrt() * correction + EPSILON);
            self.second = Some(second);
        }
        match &factors.rates {
            Some(rates) => shrunk - move_by * rates.clone(),
            None => shrunk - move_by,
        }
    }
}
