//! No pruning.

use automl_core::{History, Pruner, Standing};

/// Lets every trial run to its end.
#[derive(Debug, Clone, Copy, Default)]
pub struct NopPruner;

impl Pruner for NopPruner {
    fn name(&self) -> &'static str {
        "none"
    }

    fn should_prune(&self, _trial: &Standing<'_>, _history: &History) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_the_worst_trial_goes_on() {
        let trial = Standing {
            slot: 0,
            params: &automl_core::Params::new(),
            steps: &[(1, f64::INFINITY)],
            folds: &[],
        };
        assert!(!NopPruner.should_prune(&trial, &History::new(automl_core::SearchSpace::default())));
    }
}
