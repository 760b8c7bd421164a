//! Percentile pruning: a trial worse than a share of the others at the same step is stopped.

use automl_core::{History, Pruner, Standing};

use super::costs::{cost_at, counts};
use crate::error::ConfigError;

/// Unchecked settings; [`PercentilePruner::new`] checks them.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `percentile` | 50 | 0 to 100 | share of trials, in per cent, among which a trial must be to go on |
/// | `n_startup_trials` | 5 | from 1 | finished trials with a cost at the step before any is pruned there |
/// | `n_warmup_steps` | 0 | from 0 | no trial is pruned at a step up to this one |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PercentileConfig {
    /// Share of trials, in per cent, that go on; small values prune much.
    pub percentile: f64,
    /// Finished trials that must have reached a step before a trial is pruned there.
    pub n_startup_trials: usize,
    /// Steps up to this one never prune; steps count from 1, so 0 means none.
    pub n_warmup_steps: u32,
}

impl Default for PercentileConfig {
    fn default() -> Self {
        Self { percentile: 50.0, n_startup_trials: 5, n_warmup_steps: 0 }
    }
}

impl PercentileConfig {
    fn check(self) -> Result<Self, ConfigError> {
        let out_of_range = |name, value: String, range| {
            Err(ConfigError::PrunerOutOfRange { pruner: "percentile", name, value, range })
        };
        if !(0.0..=100.0).contains(&self.percentile) {
            return out_of_range("percentile", self.percentile.to_string(), "from 0 to 100");
        }
        if self.n_startup_trials == 0 {
            return out_of_range("n_startup_trials", "0".to_owned(), "1 and above");
        }
        Ok(self)
    }
}

/// Prunes a trial whose cost at its latest step is above a percentile of the finished trials at that very step
/// (the median in Golovin et al. 2017, "Google Vizier", section 3.2.2; Optuna's `PercentilePruner`).
///
/// Complete and pruned trials count. Without the pruned ones the percentile would be that of the survivors and grow
/// stricter with every trial that it stops. The percentile is interpolated linearly between the two nearest costs.
///
/// Differences from Optuna, each on purpose: Optuna counts complete trials alone; it compares a trial's best cost of
/// *any* step with the others' at the latest one, which lets a trial live on luck that it had on fewer folds; and it
/// leaves out costs that are no numbers, which makes a step where half of the trials diverged look better than it is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PercentilePruner {
    config: PercentileConfig,
}

impl PercentilePruner {
    /// A pruner with these settings.
    ///
    /// # Errors
    /// [`ConfigError::PrunerOutOfRange`].
    pub fn new(config: PercentileConfig) -> Result<Self, ConfigError> {
        Ok(Self { config: config.check()? })
    }
}

impl Pruner for PercentilePruner {
    fn name(&self) -> &'static str {
        "percentile"
    }

    fn should_prune(&self, trial: &Standing<'_>, history: &History) -> bool {
        is_above_percentile(&self.config, trial, history)
    }
}

/// Whether the trial's latest cost is above the percentile of the finished trials at that step.
pub(super) fn is_above_percentile(
    config: &PercentileConfig,
    trial: &Standing<'_>,
    history: &History,
) -> bool {
    let Some(&(step, cost)) = trial.steps.last() else { return false };
    if step <= config.n_warmup_steps {
        return false;
    }
    let finished = history.trials().iter().filter(|trial| counts(trial));
    let mut others: Vec<f64> = finished.filter_map(|trial| cost_at(trial, step)).collect();
    if others.len() < config.n_startup_trials.max(1) {
        return false;
    }
    cost.is_nan() || cost > percentile(&mut others, config.percentile)
}

/// The value below which `percent` of `values` lie, interpolated linearly between neighbours in order. `values` is
/// not empty.
fn percentile(values: &mut [f64], percent: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let place = percent / 100.0 * (values.len() - 1) as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    if part == 0.0 {
        return values[below];
    }
    // Weighted before adding: two equal infinities have themselves as mean, and large costs do not overflow.
    values[below] * (1.0 - part) + values[below + 1] * part
}

#[cfg(test)]
mod tests {
    use automl_core::{Params, SearchSpace, TrialRecord, TrialState};

    use super::*;

    fn prunes(percent: f64, cost: f64, others: &[f64]) -> bool {
        let config = PercentileConfig { percentile: percent, n_startup_trials: 1, n_warmup_steps: 0 };
        let trial = |(slot, cost): (u32, &f64)| TrialRecord {
            steps: vec![(1, *cost)],
            ..TrialRecord::new(slot, TrialState::Complete, Params::new())
        };
        let history = History::with_trials(SearchSpace::default(), (0..).zip(others).map(trial));
        let standing = Standing { slot: 99, params: &Params::new(), steps: &[(1, cost)], folds: &[] };
        PercentilePruner::new(config).unwrap().should_prune(&standing, &history)
    }

    #[test]
    fn percentiles_are_interpolated() {
        assert_eq!(percentile(&mut [4.0, 1.0, 2.0, 3.0], 50.0), 2.5);
        assert_eq!(percentile(&mut [4.0, 1.0, 2.0, 3.0], 0.0), 1.0);
        assert_eq!(percentile(&mut [4.0, 1.0, 2.0, 3.0], 100.0), 4.0);
        assert_eq!(percentile(&mut [1.0, 2.0, f64::INFINITY], 50.0), 2.0);
        assert_eq!(percentile(&mut [f64::INFINITY; 3], 30.0), f64::INFINITY);
        assert_eq!(percentile(&mut [-f64::MAX, f64::MAX], 50.0), 0.0);
    }

    #[test]
    fn a_small_percentile_keeps_few() {
        let others = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert!(prunes(25.0, 2.1, &others) && !prunes(25.0, 2.0, &others));
        assert!(prunes(75.0, 4.1, &others) && !prunes(75.0, 4.0, &others));
        assert!(prunes(0.0, 1.1, &others) && !prunes(0.0, 1.0, &others));
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let config = PercentileConfig { percentile: 101.0, ..PercentileConfig::default() };
        let error = PercentilePruner::new(config).unwrap_err();
        insta::assert_snapshot!(error, @"`percentile` of the percentile pruner is 101, but must be from 0 to 100");
        let config = PercentileConfig { percentile: f64::NAN, ..PercentileConfig::default() };
        assert!(PercentilePruner::new(config).is_err());
        let config = PercentileConfig { n_startup_trials: 0, ..PercentileConfig::default() };
        let error = PercentilePruner::new(config).unwrap_err();
        insta::assert_snapshot!(error, @"`n_startup_trials` of the percentile pruner is 0, but must be 1 and above");
    }
}
