//! A population that lives on a device with memory of its own.
//!
//! The whole table goes to the device once and batches are gathered there. Before an epoch the order of its rows and
//! the scalars of its steps go over in one piece each; while it runs nothing crosses, and after it the losses come
//! back. Weights cross at the end. The results are those of the [host engine](super::host_engine) up to the rounding
//! of sums; tests compare the two on the CPU.
//!
//! | module | holds |
//! |---|---|
//! | `tables` | rows and answers on the device; indices of batches |
//! | `flat` | all numbers of a member as one row |
//! | `network` | forward by the layers' tensor operations, back by automatic differentiation |
//! | `augment` | noise and mixtures of an epoch |
//! | `dropout`, `noise`, `loss`, `optimizer` | the fused kernels' arithmetic as tensor operations |
//! | `words` | unsigned arithmetic, for hashes |

mod augment;
mod dropout;
mod engine;
mod flat;
mod loss;
mod network;
mod noise;
mod optimizer;
mod predict;
mod tables;
mod words;

use burn::tensor::{Int, Tensor};

pub(crate) use engine::ResidentEngine;
pub(crate) use predict::Predictor;

/// Places of rows or members.
type Places = Tensor<1, Int>;

#[cfg(test)]
mod tests;
