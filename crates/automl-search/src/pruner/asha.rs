//! Asynchronous successive halving: at each rung only the best share goes on.

use automl_core::{History, Pruner, Standing, TrialRecord};

use super::costs::{cost_at, counts};
use crate::error::ConfigError;

/// Unchecked settings; [`AshaPruner::new`] checks them.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `min_resource` | 1 | from 1 | step of the first rung, `r` in the paper |
/// | `reduction_factor` | 4 | from 2 | one in so many goes on at a rung, `η` in the paper |
/// | `min_early_stopping_rate` | 0 | from 0 | rungs left out at the beginning, `s` in the paper |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AshaConfig {
    /// Step of the first rung.
    pub min_resource: u32,
    /// One in so many goes on.
    pub reduction_factor: u32,
    /// Rungs left out at the beginning.
    pub min_early_stopping_rate: u32,
}

impl Default for AshaConfig {
    fn default() -> Self {
        Self { min_resource: 1, reduction_factor: 4, min_early_stopping_rate: 0 }
    }
}

impl AshaConfig {
    fn check(self) -> Result<Self, ConfigError> {
        check_rungs("asha", self.min_resource, self.reduction_factor)?;
        Ok(self)
    }
}

pub(super) fn check_rungs(
    pruner: &'static str,
    min_resource: u32,
    reduction_factor: u32,
) -> Result<(), ConfigError> {
    let out_of_range = |name, value: u32, range| {
        Err(ConfigError::PrunerOutOfRange { pruner, name, value: value.to_string(), range })
    };
    if min_resource == 0 {
        return out_of_range("min_resource", min_resource, "1 and above");
    }
    if reduction_factor < 2 {
        return out_of_range("reduction_factor", reduction_factor, "2 and above");
    }
    Ok(())
}

/// Asynchronous successive halving in its stopping form (Li et al. 2020, arXiv 1810.05934; Optuna's
/// `SuccessiveHalvingPruner`).
///
/// Rungs stand at the steps `min_resource · reduction_factor^(min_early_stopping_rate + i)` for i = 0, 1, 2 … A trial
/// is judged at the first step that it reports at or after a rung, against all others with a cost at that very
/// step: complete, pruned and running ones. With itself they are n; it goes on when it is among the best
/// ⌊n / `reduction_factor`⌋, and below `reduction_factor` trials when it is the best. Ties go on. A cost that is no
/// number never does. Nothing waits for anything, so workers are never idle.
///
/// Differences from Optuna, each on purpose. Where trials report at different steps, Optuna compares their first
/// costs after the rung although they were measured on different things; here only equal steps meet. Where one
/// report passes several rungs at once, Optuna thins out once for each of them; here once. Optuna forgets a
/// diverged trial, here it counts as one that was beaten. There is no `bootstrap_count`, which stops the first trials
/// of each rung even if they are the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AshaPruner {
    config: AshaConfig,
}

impl AshaPruner {
    /// A pruner with these settings.
    ///
    /// # Errors
    /// [`ConfigError::PrunerOutOfRange`].
    pub fn new(config: AshaConfig) -> Result<Self, ConfigError> {
        Ok(Self { config: config.check()? })
    }
}

impl Pruner for AshaPruner {
    fn name(&self) -> &'static str {
        "asha"
    }

    fn should_prune(&self, trial: &Standing<'_>, history: &History) -> bool {
        fails_rung(&self.config, trial, history, |_| true)
    }
}

/// Whether the trial has just come to a rung and is not among the best there; only `competitors` count.
pub(super) fn fails_rung(
    config: &AshaConfig,
    trial: &Standing<'_>,
    history: &History,
    competitors: impl Fn(&TrialRecord) -> bool,
) -> bool {
    let Some((&(step, cost), before)) = trial.steps.split_last() else { return false };
    if !passes_rung(config, before.last().map(|(step, _)| *step), step) {
        return false;
    }
    if cost.is_nan() {
        return true;
    }
    let finished = history.trials().iter().filter(|other| counts(other));
    let others = finished.chain(history.running()).filter(|other| other.slot != trial.slot);
    let (mut n, mut n_better) = (1, 0);
    for other in others.filter(|other| competitors(other)).filter_map(|other| cost_at(other, step)) {
        n += 1;
        n_better += usize::from(other < cost);
    }
    n_better >= (n / config.reduction_factor as usize).max(1)
}

/// Whether a rung lies after the step `before` and not after `step`.
fn passes_rung(config: &AshaConfig, before: Option<u32>, step: u32) -> bool {
    let factor = u64::from(config.reduction_factor);
    let mut rung =
        u64::from(config.min_resource).saturating_mul(factor.saturating_pow(config.min_early_stopping_rate));
    while rung <= u64::from(step) {
        if before.is_none_or(|before| rung > u64::from(before)) {
            return true;
        }
        rung = rung.saturating_mul(factor);
    }
    false
}

#[cfg(test)]
mod tests {
    use automl_core::{Params, SearchSpace, TrialState};

    use super::*;

    fn trial(slot: u32, state: TrialState, steps: &[(u32, f64)]) -> TrialRecord {
        TrialRecord { steps: steps.to_vec(), ..TrialRecord::new(slot, state, Params::new()) }
    }

    fn history(state: TrialState, costs: impl IntoIterator<Item = f64>, step: u32) -> History {
        let trials: Vec<TrialRecord> =
            (0..).zip(costs).map(|(slot, cost)| trial(slot, state, &[(step, cost)])).collect();
        let mut history = History::new(SearchSpace::default());
        if state == TrialState::Running {
            history.set_running(trials);
        } else {
            for trial in trials {
                history.insert(trial);
            }
        }
        history
    }

    fn prunes(steps: &[(u32, f64)], history: &History) -> bool {
        AshaPruner::default()
            .should_prune(&Standing { slot: 99, params: &Params::new(), steps, folds: &[] }, history)
    }

    #[test]
    fn rungs_stand_at_powers_of_the_factor() {
        let config = AshaConfig { min_resource: 2, reduction_factor: 3, min_early_stopping_rate: 1 };
        let rungs: Vec<u32> = (1..200).filter(|&step| passes_rung(&config, Some(step - 1), step)).collect();
        assert_eq!(rungs, [6, 18, 54, 162]);
        assert!(passes_rung(&config, Some(17), 20) && !passes_rung(&config, Some(18), 20));
        assert!(passes_rung(&config, None, 7) && !passes_rung(&config, None, 5));
        let late = AshaConfig { min_early_stopping_rate: u32::MAX, ..config };
        assert!(!passes_rung(&late, None, u32::MAX));
    }

    #[test]
    fn one_in_four_goes_on_whatever_the_state_of_the_others() {
        for state in [TrialState::Complete, TrialState::Pruned, TrialState::Running] {
            let history = history(state, (0..11).map(f64::from), 4);
            assert!(!prunes(&[(3, 50.0), (4, 1.5)], &history), "{state:?}");
            assert!(prunes(&[(3, 0.0), (4, 2.5)], &history), "{state:?}");
        }
    }

    #[test]
    fn with_few_others_only_the_best_goes_on() {
        let history = history(TrialState::Complete, [2.0, 3.0], 1);
        assert!(!prunes(&[(1, 2.0)], &history));
        assert!(prunes(&[(1, 2.1)], &history));
    }

    #[test]
    fn between_rungs_and_at_other_steps_nothing_is_compared() {
        let history = history(TrialState::Complete, [0.0; 20], 4);
        assert!(!prunes(&[(4, 0.0), (5, 99.0)], &history));
        assert!(!prunes(&[(1, 99.0)], &history));
        assert!(!prunes(&[(3, 0.0), (6, 99.0)], &history));
        assert!(prunes(&[(3, 0.0), (4, 99.0)], &history));
    }

    #[test]
    fn a_cost_that_is_no_number_loses() {
        let diverged = history(TrialState::Complete, [f64::NAN; 7], 1);
        assert!(prunes(&[(1, f64::NAN)], &diverged));
        assert!(!prunes(&[(1, 5.0)], &diverged));
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let error = AshaPruner::new(AshaConfig { min_resource: 0, ..AshaConfig::default() }).unwrap_err();
        insta::assert_snapshot!(error, @"`min_resource` of the asha pruner is 0, but must be 1 and above");
        let error = AshaPruner::new(AshaConfig { reduction_factor: 1, ..AshaConfig::default() }).unwrap_err();
        insta::assert_snapshot!(error, @"`reduction_factor` of the asha pruner is 1, but must be 2 and above");
    }
}
