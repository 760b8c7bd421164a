//! Settings of stacking.

use serde::{Deserialize, Serialize};

use crate::error::EnsembleError;

/// Settings of [`Stacker`](super::Stacker).
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `penalties` | 10⁻⁴, 10⁻³, … 10 | above 0, one or more | strengths of the pull to equal weights, of which the best is taken |
/// | `n_candidates` | 20 | from 1 | models looked at: the best, and the best of every family |
/// | `n_parts` | 5 | from 2 | parts of the rows with which the strength is chosen, where none are given |
/// | `max_ms_per_row` | none | above 0 | bound on the time to predict a row, milliseconds: the best models that fit into it together are looked at |
/// | `class_biases` | true | | whether each class has a bias of its own; classification |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StackConfig {
    /// Strengths of the pull to equal weights, of which the best is taken.
    pub penalties: Vec<f64>,
    /// Models looked at.
    pub n_candidates: usize,
    /// Parts of the rows with which the strength is chosen, where none are given.
    pub n_parts: usize,
    /// Bound on the time to predict a row, milliseconds.
    pub max_ms_per_row: Option<f64>,
    /// Whether each class has a bias of its own. It mends models that favour a class, and overfits rare ones.
    pub class_biases: bool,
}

impl Default for StackConfig {
    fn default() -> Self {
        Self {
            penalties: vec![1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0],
            n_candidates: 20,
            n_parts: 5,
            max_ms_per_row: None,
            class_biases: true,
        }
    }
}

impl StackConfig {
    pub(super) fn check(&self) -> Result<(), EnsembleError> {
        if self.penalties.is_empty() {
            return Err(EnsembleError::TooFew { what: "stacking", unit: "penalties", got: 0, wanted: 1 });
        }
        for &penalty in &self.penalties {
            let holds = penalty.is_finite() && penalty > 0.0;
            EnsembleError::check("penalties", penalty, "finite and above 0", holds)?;
        }
        EnsembleError::check("n_candidates", self.n_candidates as f64, "at least 1", self.n_candidates >= 1)?;
        EnsembleError::check("n_parts", self.n_parts as f64, "at least 2", self.n_parts >= 2)?;
        let bound = self.max_ms_per_row.unwrap_or(1.0);
        EnsembleError::check("max_ms_per_row", bound, "above 0", bound > 0.0)
    }

    /// The penalties, the strongest first: the order in which each fit starts well from the one before, and in which
    /// of equals the strongest is found first.
    pub(super) fn descending(&self) -> Vec<f64> {
        let mut penalties = self.penalties.clone();
        penalties.sort_by(|a, b| b.total_cmp(a));
        penalties
    }
}
