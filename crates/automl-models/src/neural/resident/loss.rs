//! Losses and their gradients; the formulas of [`super::super::loss`].
//!
//! Answers are rows of numbers that make the formulas free of indices. Classes: the weight of the row spread over the
//! classes as label smoothing asks, so that the row sums to its weight. Regression: the standardised target and the
//! weight of the row. Padding is a row of zeros and so has neither loss nor gradient.

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

use super::super::layers::Mixture;
use super::super::loss::{Answers, Objective, Truth};
use super::super::training::Loss;

/// Numbers of a row of answers.
pub(super) fn width(objective: &Objective, n_outputs: usize) -> usize {
    if objective.loss == Loss::CrossEntropy { n_outputs } else { 2 }
}

/// The rows of `answers`, with `smoothing` of the labels.
pub(super) fn rows(objective: &Objective, answers: &Answers, n_outputs: usize, smoothing: f32) -> Vec<f32> {
    match &answers.truth {
        Truth::Real(values) => {
            let weights = objective.weights(answers, 0..values.len());
            values.iter().zip(weights).flat_map(|(value, weight)| [*value, weight]).collect()
        }
        Truth::Classes(codes) => {
            let mut rows = Vec::with_capacity(codes.len() * n_outputs);
            for (&code, weight) in codes.iter().zip(objective.weights(answers, 0..codes.len())) {
                let start = rows.len();
                rows.resize(start + n_outputs, weight * smoothing / n_outputs as f32);
                rows[start + code as usize] += weight * (1.0 - smoothing);
            }
            rows
        }
    }
}

/// Sum of weighted losses a member, `[members, 1, 1]`, and the gradient of the outputs before division by the sum of
/// weights; outputs are `[members, rows, outputs]`, answers `[members, rows, width]`.
pub(super) fn differentiate(loss: Loss, outputs: Tensor<3>, answers: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
    if loss == Loss::CrossEntropy {
        let log = log_softmax(outputs, 2);
        let weight = answers.clone().sum_dim(2);
        let total = total((log.clone() * answers.clone()).neg());
        return (total, log.exp() * weight - answers);
    }
    let [members, rows, _] = outputs.dims();
    let (target, weight) = target_and_weight(answers, members, rows);
    let (losses, slopes) = regression(loss, outputs - target);
    (total(losses * weight.clone()), slopes * weight)
}

/// The same for rows that were mixed: the losses against a row's own answer and its partner's, each with its weight.
pub(super) fn differentiate_mixed(
    loss: Loss,
    outputs: Tensor<3>,
    answers: Tensor<3>,
    mixture: &Mixture,
) -> (Tensor<3>, Tensor<3>) {
    if loss == Loss::CrossEntropy {
        return differentiate(loss, outputs, mixture.apply(answers));
    }
    let [members, rows, _] = answers.dims();
    let part = |answers: Tensor<3>, share: Tensor<3>| {
        let (target, weight) = target_and_weight(answers, members, rows);
        differentiate(loss, outputs.clone(), Tensor::cat(vec![target, weight * share], 2))
    };
    let own = part(answers.clone(), mixture.share.clone().neg() + 1.0);
    let partner = part(mixture.partners(answers), mixture.share.clone());
    (own.0 + partner.0, own.1 + partner.1)
}

/// Sum of weighted losses a member of what the heads say together.
pub(super) fn evaluate(loss: Loss, heads: usize, outputs: Tensor<3>, answers: Tensor<3>) -> Tensor<3> {
    if heads == 1 {
        return differentiate(loss, outputs, answers).0;
    }
    let [members, rows, columns] = outputs.dims();
    let n_rows = rows / heads;
    let mean = |values: Tensor<3>| {
        values.reshape([members * n_rows, heads, columns]).mean_dim(1).reshape([members, n_rows, columns])
    };
    if loss == Loss::CrossEntropy {
        let log = mean(log_softmax(outputs, 2).exp()).clamp_min(f32::MIN_POSITIVE).log();
        return total((log * answers).neg());
    }
    let (target, weight) = target_and_weight(answers, members, n_rows);
    total(regression(loss, mean(outputs) - target).0 * weight)
}

fn target_and_weight(answers: Tensor<3>, members: usize, rows: usize) -> (Tensor<3>, Tensor<3>) {
    let target = answers.clone().slice([0..members, 0..rows, 0..1]);
    (target, answers.slice([0..members, 0..rows, 1..2]))
}

/// Losses and slopes at differences of prediction and standardised target.
fn regression(loss: Loss, difference: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
    if loss == Loss::Huber {
        let near = difference.clone().clamp(-1.0, 1.0);
        return (near.clone() * (difference - near.clone() * 0.5), near);
    }
    (difference.clone() * difference.clone(), difference * 2.0)
}

fn total(losses: Tensor<3>) -> Tensor<3> {
    losses.sum_dim(2).sum_dim(1)
}
