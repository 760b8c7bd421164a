//! Decision trees on binned tables: what boosted trees and forests share.
//!
//! | module | holds |
//! |---|---|
//! | [`bins`] | cutting every column into at most 256 bins; tables of bins |
//! | [`gradients`] | gradients and hessians as whole numbers, so that sums are exact and have no order |
//! | [`histogram`] | their sums in every bin of every column |
//! | [`split`], [`categories`] | the best split of a column, from its histogram |
//! | [`node`], [`grow`] | the best split of a leaf; leaf-wise growth of a tree |
//! | [`levels`] | level-wise growth of a symmetric one |
//! | [`partition`] | dividing rows between children |
//! | [`tree`] | a grown tree and its predictions |
//! | [`ensemble`] | many trees in one file |
//! | [`members`] | the members of a fit over threads |
//!
//! A tree holds bins, not thresholds: the thresholds stand once in the [`bins::Binner`] that belongs to the model, and
//! every row is binned by it, in training and in prediction alike. A row therefore falls into the leaf in which it
//! was in training, exactly.

pub(crate) mod bins;
pub(crate) mod categories;
pub(crate) mod ensemble;
pub(crate) mod gradients;
pub(crate) mod grow;
pub(crate) mod histogram;
pub(crate) mod levels;
pub(crate) mod members;
pub(crate) mod node;
pub(crate) mod partition;
pub(crate) mod split;
pub(crate) mod tree;

#[cfg(test)]
pub(crate) mod tests;

/// Bytes of a tree of `n_leaves` leaves with `n_outputs` values each.
pub(crate) fn bytes(n_leaves: f64, n_outputs: usize) -> f64 {
    let of_nodes = 2.0 * n_leaves * size_of::<tree::Node>() as f64;
    // Vectors grow by doubling: up to twice as long as what they hold.
    1.5 * (of_nodes + n_leaves * (n_outputs * size_of::<f32>()) as f64)
}
