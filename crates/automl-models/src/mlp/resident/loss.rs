//! Losses and their gradients; the formulas of [`super::super::loss`].
//!
//! Answers are rows of numbers that make the formulas free of indices. Classes: the weight of the row spread over the
//! classes as label smoothing asks, so that the row sums to its weight. Regression: the standardised target and a 1
//! that says the row is there. Padding is a row of zeros and so has neither loss nor gradient.

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

use super::super::config::Loss;
use super::super::loss::{Answers, Objective};

/// Numbers of a row of answers.
pub(super) fn width(objective: &Objective, n_outputs: usize) -> usize {
    if objective.loss == Loss::CrossEntropy { n_outputs } else { 2 }
}

/// The rows of `answers`, with `smoothing` of the labels.
pub(super) fn rows(objective: &Objective, answers: &Answers, n_outputs: usize, smoothing: f32) -> Vec<f32> {
    match answers {
        Answers::Real(values) => values.iter().flat_map(|value| [*value, 1.0]).collect(),
        Answers::Classes(codes) => {
            let mut rows = Vec::with_capacity(codes.len() * n_outputs);
            for &code in codes {
                let weight = objective.class_weights[code as usize];
                let start = rows.len();
                rows.resize(start + n_outputs, weight * smoothing / n_outputs as f32);
                rows[start + code as usize] += weight * (1.0 - smoothing);
            }
            rows
        }
    }
}

/// Sum of weighted losses a member, `[members, 1, 1]`, and the gradient of the outputs before division by the sum of
/// weights, `[members, rows, outputs]`.
pub(super) fn differentiate(loss: Loss, outputs: Tensor<3>, answers: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
    let [members, rows, _] = outputs.dims();
    if loss == Loss::CrossEntropy {
        let log = log_softmax(outputs, 2);
        let weight = answers.clone().sum_dim(2);
        let total = total((log.clone() * answers.clone()).neg());
        return (total, log.exp() * weight - answers);
    }
    let target = answers.clone().slice([0..members, 0..rows, 0..1]);
    let present = answers.slice([0..members, 0..rows, 1..2]);
    let difference = (outputs - target) * present;
    if loss == Loss::Huber {
        let near = difference.clone().clamp(-1.0, 1.0);
        let losses = near.clone() * (difference - near.clone() * 0.5);
        return (total(losses), near);
    }
    (total(difference.clone() * difference.clone()), difference * 2.0)
}

fn total(losses: Tensor<3>) -> Tensor<3> {
    losses.sum_dim(2).sum_dim(1)
}
