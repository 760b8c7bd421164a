//! No pruning.

use automl_core::{Pruner, TrialRecord};

/// Lets every trial run to its end.
#[derive(Debug, Clone, Copy, Default)]
pub struct NopPruner;

impl Pruner for NopPruner {
    fn name(&self) -> &'static str {
        "none"
    }

    fn should_prune(&self, _steps: &[(u32, f64)], _history: &[TrialRecord]) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_the_worst_trial_goes_on() {
        assert!(!NopPruner.should_prune(&[(1, f64::INFINITY)], &[]));
    }
}
