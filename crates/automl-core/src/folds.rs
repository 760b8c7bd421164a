//! Which rows train, which validate, and which are kept for the end.

use serde::{Deserialize, Serialize};

/// One fold: disjoint row indices into the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fold {
    /// Rows to fit on.
    pub train: Vec<usize>,
    /// Rows to score on.
    pub valid: Vec<usize>,
}

/// The split of one study: made once, kept with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldPlan {
    /// Rows scored once, at the very end. May be empty.
    pub holdout: Vec<usize>,
    /// The folds, none of which touches the holdout.
    pub folds: Vec<Fold>,
}
