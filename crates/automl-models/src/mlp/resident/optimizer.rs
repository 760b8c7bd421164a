//! Optimisers over flat parameters; the formulas of [`super::super::optimizer`].

use burn::tensor::Tensor;

use super::super::config::Optimizer;
use super::super::optimizer::{BETA_1, BETA_2, EPSILON, Move};

/// Scalars of one move, in this order; `[members, 1]` each on the device.
pub(super) const N_SCALARS: usize = 4;

/// What the members of one step need: `[share of the gradient, rate, second scalar, decay]`.
///
/// The share is 0 for a member that stays where it is. The second scalar is Adam's correction of the second moment,
/// or momentum.
pub(super) fn scalars(each: &Move) -> [f32; N_SCALARS] {
    if each.step == 0 {
        return [0.0, 0.0, 1.0, 0.0];
    }
    let decay = (each.rate * each.decay) as f32;
    match each.optimizer {
        Optimizer::AdamW => {
            let power = |beta: f32| 1.0 - f64::from(beta).powi(each.step as i32);
            [1.0, (each.rate / power(BETA_1)) as f32, power(BETA_2).sqrt().recip() as f32, decay]
        }
        Optimizer::Sgd { momentum } => [1.0, each.rate as f32, momentum, decay],
    }
}

/// Running moments, `[members, n_parameters]`.
#[derive(Debug, Clone)]
pub(super) struct Moments {
    first: Tensor<2>,
    /// `AdamW` alone.
    second: Option<Tensor<2>>,
}

impl Moments {
    pub(super) fn new(parameters: &Tensor<2>, optimizer: Optimizer) -> Self {
        let zeros = parameters.zeros_like();
        let second = (optimizer == Optimizer::AdamW).then(|| zeros.clone());
        Self { first: zeros, second }
    }

    pub(super) fn select(&mut self, kept: &super::Places) {
        self.first = self.first.clone().select(0, kept.clone());
        self.second = self.second.take().map(|second| second.select(0, kept.clone()));
    }

    /// The moved parameters. `decaying` is 1 for those that decay.
    pub(super) fn step(
        &mut self,
        parameters: Tensor<2>,
        gradient: Tensor<2>,
        [share, rate, scalar, decay]: [Tensor<2>; N_SCALARS],
        decaying: &Tensor<2>,
    ) -> Tensor<2> {
        let shrunk = parameters.clone() - parameters * (decaying.clone() * decay);
        let first = self.first.clone();
        if let Some(second) = self.second.take() {
            let square = gradient.clone() * gradient.clone();
            let first = first.clone() + (gradient - first) * (share.clone() * (1.0 - BETA_1));
            let second = second.clone() + (square - second) * (share * (1.0 - BETA_2));
            let move_by = first.clone() / (second.clone().sqrt() * scalar + EPSILON) * rate;
            (self.first, self.second) = (first, Some(second));
            return shrunk - move_by;
        }
        let first = first * scalar + gradient * share;
        self.first = first.clone();
        shrunk - first * rate
    }
}
