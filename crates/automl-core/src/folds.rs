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
    /// Rows that the final model is scored on, at the very end. May be empty.
    pub holdout: Vec<usize>,
    /// The folds, none of which touches the holdout.
    pub folds: Vec<Fold>,
}

impl FoldPlan {
    /// Validation rows over training rows, the mean of the folds: what corrects tests that compare folds (Nadeau & Bengio
    /// 2003). `None` without folds.
    pub fn test_to_train(&self) -> Option<f64> {
        let ratio = |fold: &Fold| fold.valid.len() as f64 / fold.train.len().max(1) as f64;
        let n = self.folds.len();
        (n > 0).then(|| self.folds.iter().map(ratio).sum::<f64>() / n as f64)
    }
}

/// At most `most` of `rows`, evenly spaced, in their order.
pub fn evenly_chosen(rows: &[usize], most: usize) -> Vec<usize> {
    let n_chosen = rows.len().min(most);
    (0..n_chosen).map(|place| rows[place * rows.len() / n_chosen]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_of_test_to_training_rows_is_a_mean_of_folds() {
        let fold = |n: usize| Fold { train: (0..n).collect(), valid: vec![n] };
        let plan = FoldPlan { holdout: Vec::new(), folds: vec![fold(1), fold(2), fold(4)] };
        assert_eq!(plan.test_to_train(), Some((1.0 + 0.5 + 0.25) / 3.0));
        assert_eq!(FoldPlan { holdout: Vec::new(), folds: Vec::new() }.test_to_train(), None);
    }

    #[test]
    fn rows_are_chosen_evenly() {
        let rows = [3, 5, 6, 8, 9, 12];
        assert_eq!(evenly_chosen(&rows, 3), [3, 6, 9]);
        assert_eq!(evenly_chosen(&rows, 4), [3, 5, 8, 9]);
        assert_eq!(evenly_chosen(&rows, 6), rows);
        assert_eq!(evenly_chosen(&rows, 60), rows);
        assert_eq!(evenly_chosen(&rows, 0), [0; 0]);
        assert_eq!(evenly_chosen(&[], 2), [0; 0]);
    }
}
