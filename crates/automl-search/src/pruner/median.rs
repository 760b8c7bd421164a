//! Median pruning: a trial worse than half of the others at the same step is stopped.

use automl_core::{History, Pruner, Standing};

use super::percentile::{PercentileConfig, is_above_percentile};

/// Prunes a trial whose cost at its latest step is above the median of the finished trials at that very step
/// (Golovin et al. 2017, "Google Vizier", section 3.2.2): a [`crate::PercentilePruner`] at 50 per cent.
///
/// Complete and pruned trials count. Without the pruned ones the median would be that of the survivors
/// and grow stricter with every trial that it stops. Only equal steps are compared, because a step is the
/// number of folds done, and a mean over two folds says nothing of a mean over three.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `n_startup_trials` | 5 | from 1 (0 acts as 1) | finished trials with a cost at the step before any is pruned there |
/// | `n_warmup_steps` | 0 | from 0 | no trial is pruned at a step up to this one |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MedianPruner {
    /// Finished trials that must have reached a step before a trial is pruned there.
    pub n_startup_trials: usize,
    /// Steps up to this one never prune; steps count from 1, so 0 means none.
    pub n_warmup_steps: u32,
}

impl Default for MedianPruner {
    fn default() -> Self {
        Self { n_startup_trials: 5, n_warmup_steps: 0 }
    }
}

impl Pruner for MedianPruner {
    fn name(&self) -> &'static str {
        "median"
    }

    fn should_prune(&self, trial: &Standing<'_>, history: &History) -> bool {
        let Self { n_startup_trials, n_warmup_steps } = *self;
        let config = PercentileConfig { percentile: 50.0, n_startup_trials, n_warmup_steps };
        is_above_percentile(&config, trial, history)
    }
}

#[cfg(test)]
mod tests {
    use automl_core::{Params, SearchSpace, TrialRecord, TrialState};

    use super::*;

    fn trial(slot: u32, state: TrialState, steps: &[(u32, f64)]) -> TrialRecord {
        TrialRecord { steps: steps.to_vec(), ..TrialRecord::new(slot, state, Params::new()) }
    }

    fn prunes(pruner: &MedianPruner, steps: &[(u32, f64)], history: Vec<TrialRecord>) -> bool {
        let history = History::with_trials(SearchSpace::default(), history);
        pruner.should_prune(&Standing { slot: 9, params: &Params::new(), steps, folds: &[] }, &history)
    }

    fn history() -> Vec<TrialRecord> {
        vec![
            trial(0, TrialState::Complete, &[(1, 1.0), (2, 10.0)]),
            trial(1, TrialState::Complete, &[(1, 2.0), (2, 20.0)]),
            trial(2, TrialState::Pruned, &[(1, 9.0)]),
            trial(3, TrialState::Failed, &[(1, -99.0)]),
        ]
    }

    const EAGER: MedianPruner = MedianPruner { n_startup_trials: 1, n_warmup_steps: 0 };

    #[test]
    fn a_cost_above_the_median_of_complete_and_pruned_trials_is_pruned() {
        assert!(!prunes(&EAGER, &[(1, 2.0)], history()));
        assert!(prunes(&EAGER, &[(1, 2.1)], history()));
    }

    #[test]
    fn only_the_same_step_is_compared() {
        assert!(!prunes(&EAGER, &[(1, 9.0), (2, 15.0)], history()));
        assert!(prunes(&EAGER, &[(1, 0.0), (2, 15.1)], history()));
        assert!(!prunes(&EAGER, &[(1, 9.0), (3, 1e9)], history()));
    }

    #[test]
    fn nothing_is_pruned_before_enough_trials_reached_the_step() {
        let pruner = MedianPruner { n_startup_trials: 3, n_warmup_steps: 0 };
        assert!(prunes(&pruner, &[(1, 100.0)], history()));
        assert!(!prunes(&pruner, &[(2, 100.0)], history()));
        assert!(!prunes(&MedianPruner { n_startup_trials: 0, ..EAGER }, &[(1, 1.0)], vec![]));
    }

    #[test]
    fn warm_up_steps_never_prune() {
        let pruner = MedianPruner { n_startup_trials: 1, n_warmup_steps: 1 };
        assert!(!prunes(&pruner, &[(1, 100.0)], history()));
        assert!(prunes(&pruner, &[(1, 0.0), (2, 100.0)], history()));
    }

    #[test]
    fn a_cost_that_is_no_number_is_the_worst() {
        assert!(prunes(&EAGER, &[(1, f64::NAN)], history()));
        let hopeless = vec![trial(0, TrialState::Complete, &[(1, f64::NAN)])];
        assert!(!prunes(&EAGER, &[(1, 5.0)], hopeless));
    }
}
