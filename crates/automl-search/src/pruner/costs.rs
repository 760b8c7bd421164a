//! What a trial cost at a step.

use automl_core::{TrialRecord, TrialState};

/// The cost at `step`, if the trial reported one there. A cost that is no number is as bad as can be, not absent.
pub(super) fn cost_at(trial: &TrialRecord, step: u32) -> Option<f64> {
    let (_, cost) = trial.steps.iter().find(|(at, _)| *at == step)?;
    Some(if cost.is_nan() { f64::INFINITY } else { *cost })
}

/// Whether the costs of a finished trial count: those of a failed one were cut off by its failure.
pub(super) fn counts(trial: &TrialRecord) -> bool {
    matches!(trial.state, TrialState::Complete | TrialState::Pruned)
}
