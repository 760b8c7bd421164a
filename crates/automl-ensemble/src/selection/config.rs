//! Settings of greedy selection.

use serde::{Deserialize, Serialize};

use crate::error::EnsembleError;
use crate::shortlist::Limits;

/// Settings of [`GreedySelector`](super::GreedySelector).
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `n_rounds` | 100 | from 1 | models chosen at most, repeated ones counted |
/// | `n_initial` | 5 | from 1 | models that sorted initialisation may begin with |
/// | `patience` | 20 | from 1 | rounds without a better ensemble after which it ends |
/// | `n_candidates` | 50 | from 1 | models looked at: the best, and the best of every family |
/// | `n_bags` | 1 | from 1 | ensembles averaged, each from a random part of the models looked at; 1: one from all |
/// | `bag_share` | 0.5 | above 0, to 1 | share of the models in each bag |
/// | `max_ms_per_row` | none | above 0 | bound on the time to predict a row, milliseconds |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GreedyConfig {
    /// Models chosen at most, repeated ones counted.
    pub n_rounds: usize,
    /// Models that sorted initialisation may begin with: the best one, two, … of them, whichever is best.
    pub n_initial: usize,
    /// Rounds without a better ensemble after which the search ends. A model may have to be chosen several times
    /// before a small share of another one helps, so 1 ends early.
    pub patience: usize,
    /// Models looked at.
    pub n_candidates: usize,
    /// Ensembles averaged.
    pub n_bags: usize,
    /// Share of the models in each bag.
    pub bag_share: f64,
    /// Bound on the time to predict a row, milliseconds.
    pub max_ms_per_row: Option<f64>,
}

impl Default for GreedyConfig {
    fn default() -> Self {
        Self {
            n_rounds: 100,
            n_initial: 5,
            patience: 20,
            n_candidates: 50,
            n_bags: 1,
            bag_share: 0.5,
            max_ms_per_row: None,
        }
    }
}

impl GreedyConfig {
    pub(super) fn check(&self) -> Result<(), EnsembleError> {
        for (name, value) in [
            ("n_rounds", self.n_rounds),
            ("n_initial", self.n_initial),
            ("patience", self.patience),
            ("n_candidates", self.n_candidates),
            ("n_bags", self.n_bags),
        ] {
            EnsembleError::check(name, value as f64, "at least 1", value >= 1)?;
        }
        let share = self.bag_share;
        EnsembleError::check("bag_share", share, "above 0 and at most 1", share > 0.0 && share <= 1.0)?;
        let bound = self.max_ms_per_row.unwrap_or(1.0);
        EnsembleError::check("max_ms_per_row", bound, "above 0", bound > 0.0)
    }

    /// The bound, infinite without one.
    pub(super) fn budget(&self) -> f64 {
        self.max_ms_per_row.unwrap_or(f64::INFINITY)
    }

    /// Bounds on a single model's time with which the search begins anew: the whole budget, and parts of it, since
    /// one slow model may be worth less than the many fast ones that it leaves no time for.
    pub(super) fn speed_limits(&self) -> Vec<f64> {
        let parts: &[f64] = if self.max_ms_per_row.is_some() { &[1.0, 0.5, 0.25, 0.125] } else { &[1.0] };
        parts.iter().map(|part| part * self.budget()).collect()
    }

    pub(super) fn limits(&self) -> Limits {
        let speeds = self.speed_limits().split_off(1);
        Limits { n_candidates: self.n_candidates, budget: self.budget(), speeds }
    }
}
