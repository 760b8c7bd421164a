//! Decision trees on binned tables: what boosted trees and forests share.
//!
//! | module | holds |
//! |---|---|
//! | [`bins`] | cutting every column into at most 256 bins; tables of bins |
//! | [`gradients`] | gradients and hessians as whole numbers, so that sums are exact and have no order |
//! | [`histogram`] | their sums in every bin of every column |
//! | [`split`], [`categories`] | the best split of a column, from its histogram |
//! | [`node`], [`grow`] | the best split of a leaf; leaf-wise growth of a tree |
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
pub(crate) mod members;
pub(crate) mod node;
pub(crate) mod partition;
pub(crate) mod split;
pub(crate) mod tree;

#[cfg(test)]
pub(crate) mod tests;
