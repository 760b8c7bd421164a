//! Hyperband: successive halving with several degrees of patience at once.

use automl_core::{History, Pruner, Standing};

use super::asha::{AshaConfig, check_rungs, fails_rung};
use crate::error::ConfigError;

/// Unchecked settings; [`HyperbandPruner::new`] checks them. There is no default: what a complete trial
/// spends is the caller's to know.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `min_resource` | 1 | from 1 | step of the first rung of the most eager bracket, `r` in the paper |
/// | `max_resource` | | from `min_resource` | last step of a complete trial, `R` in the paper |
/// | `reduction_factor` | 3 | from 2 | one in so many goes on at a rung, `η` in the paper |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HyperbandConfig {
    /// Step of the first rung of the most eager bracket.
    pub min_resource: u32,
    /// Last step of a complete trial.
    pub max_resource: u32,
    /// One in so many goes on.
    pub reduction_factor: u32,
}

impl HyperbandConfig {
    /// The usual settings for trials whose last step is `max_resource`.
    pub fn new(max_resource: u32) -> Self {
        Self { min_resource: 1, max_resource, reduction_factor: 3 }
    }

    fn check(self) -> Result<Self, ConfigError> {
        check_rungs("hyperband", self.min_resource, self.reduction_factor)?;
        if self.max_resource < self.min_resource {
            return Err(ConfigError::PrunerOutOfRange {
                pruner: "hyperband",
                name: "max_resource",
                value: self.max_resource.to_string(),
                range: "min_resource and above",
            });
        }
        Ok(self)
    }
}

/// Hyperband (Li et al. 2018, JMLR 18-185) over asynchronous successive halving, as Optuna's `HyperbandPruner`.
///
/// There are ⌊log(R / r) / log η⌋ + 1 brackets. Bracket b is an [`crate::AshaPruner`] that leaves out the first b rungs: the
/// first one stops early and often, the last one hardly ever. Trials are compared inside their bracket alone. A
/// trial's bracket follows from its slot, in proportion to the brackets' budgets ⌈B η^s / (s + 1)⌉ with B brackets
/// and s = B - 1 - b (algorithm 1 of the paper).
///
/// Differences from Optuna, each on purpose: slots are spread by the golden ratio (Knuth 1998, section 6.4), so that
/// the brackets of the first n trials are always near their shares, instead of by a hash of the study's name; the
/// number of brackets is counted in whole numbers, where Optuna's logarithm loses one at R / r = 3⁵; and
/// `max_resource` must be given, since one that is guessed from the first trials would move the brackets of trials
/// already judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HyperbandPruner {
    /// Successive halving of each bracket.
    brackets: Vec<AshaConfig>,
    /// Share of trials of each bracket.
    budgets: Vec<u64>,
}

impl HyperbandPruner {
    /// A pruner with these settings.
    ///
    /// # Errors
    /// [`ConfigError::PrunerOutOfRange`].
    pub fn new(config: HyperbandConfig) -> Result<Self, ConfigError> {
        let HyperbandConfig { min_resource, max_resource, reduction_factor } = config.check()?;
        let factor = u64::from(reduction_factor);
        let is_reached = |halvings: &u32| {
            u64::from(min_resource) * factor.saturating_pow(*halvings) <= u64::from(max_resource)
        };
        let n_brackets = (0..u32::BITS).take_while(is_reached).count() as u32;
        let bracket = |rate| AshaConfig { min_resource, reduction_factor, min_early_stopping_rate: rate };
        let budget = |rate| {
            let halvings = n_brackets - 1 - rate;
            (u64::from(n_brackets) * factor.pow(halvings)).div_ceil(u64::from(halvings) + 1)
        };
        Ok(Self {
            brackets: (0..n_brackets).map(bracket).collect(),
            budgets: (0..n_brackets).map(budget).collect(),
        })
    }

    /// Number of brackets.
    pub fn n_brackets(&self) -> usize {
        self.brackets.len()
    }

    /// The trials of each bracket stand to each other as these numbers.
    pub fn budgets(&self) -> &[u64] {
        &self.budgets
    }

    /// The bracket of the trial at `slot`, counted from 0, the most eager one first.
    pub fn bracket(&self, slot: u32) -> usize {
        // 2^32 divided by the golden ratio.
        const STRIDE: u32 = 2_654_435_769;
        let total: u64 = self.budgets.iter().sum();
        let place = (u128::from(slot.wrapping_mul(STRIDE)) * u128::from(total)) >> u32::BITS;
        let mut end = 0_u128;
        let is_before = |budget: &u64| {
            end += u128::from(*budget);
            place < end
        };
        self.budgets.iter().position(is_before).unwrap_or(0)
    }
}

impl Pruner for HyperbandPruner {
    fn name(&self) -> &'static str {
        "hyperband"
    }

    fn should_prune(&self, trial: &Standing<'_>, history: &History) -> bool {
        let bracket = self.bracket(trial.slot);
        fails_rung(&self.brackets[bracket], trial, history, |other| self.bracket(other.slot) == bracket)
    }
}

#[cfg(test)]
mod tests {
    use automl_core::{Params, SearchSpace, TrialRecord, TrialState};

    use super::*;

    fn pruner(min_resource: u32, max_resource: u32, reduction_factor: u32) -> HyperbandPruner {
        HyperbandPruner::new(HyperbandConfig { min_resource, max_resource, reduction_factor }).unwrap()
    }

    #[test]
    fn brackets_are_counted_in_whole_numbers() {
        let n = |low, high, factor| pruner(low, high, factor).n_brackets();
        assert_eq!([n(1, 81, 3), n(1, 80, 3), n(1, 243, 3), n(1, 242, 3)], [5, 4, 6, 5]);
        assert_eq!([n(1, 1, 3), n(5, 9, 2), n(5, 10, 2), n(1, u32::MAX, 2)], [1, 1, 2, 32]);
    }

    /// ⌈5 · 81 / 5⌉, ⌈5 · 27 / 4⌉, ⌈5 · 9 / 3⌉, ⌈5 · 3 / 2⌉ and ⌈5 · 1 / 1⌉.
    #[test]
    fn budgets_follow_algorithm_1() {
        assert_eq!(pruner(1, 81, 3).budgets(), [81, 34, 15, 8, 5]);
    }

    #[test]
    fn trials_of_every_prefix_are_near_their_brackets_shares() {
        let pruner = pruner(1, 81, 3);
        let total: u64 = pruner.budgets().iter().sum();
        let mut counts = vec![0_u32; pruner.n_brackets()];
        for slot in 0..2000 {
            counts[pruner.bracket(slot)] += 1;
            for (count, budget) in counts.iter().zip(pruner.budgets()) {
                let share = f64::from(slot + 1) * *budget as f64 / total as f64;
                assert!((f64::from(*count) - share).abs() < 3.0, "slot {slot}: {counts:?}");
            }
        }
    }

    #[test]
    fn only_trials_of_the_same_bracket_compete() {
        let pruner = pruner(1, 9, 3);
        let slots = |bracket| (0..1000).filter(|&slot| pruner.bracket(slot) == bracket).collect::<Vec<u32>>();
        let mine = slots(0)[30];
        let history = |bracket| {
            let trial = |slot| TrialRecord {
                steps: vec![(1, 0.0)],
                ..TrialRecord::new(slot, TrialState::Complete, Params::new())
            };
            History::with_trials(SearchSpace::default(), slots(bracket).into_iter().take(20).map(trial))
        };
        let standing = Standing { slot: mine, params: &Params::new(), steps: &[(1, 1.0)], folds: &[] };
        assert!(pruner.should_prune(&standing, &history(0)));
        assert!(!pruner.should_prune(&standing, &history(1)));
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let refused = |config| HyperbandPruner::new(config).unwrap_err();
        let error = refused(HyperbandConfig { min_resource: 3, ..HyperbandConfig::new(2) });
        insta::assert_snapshot!(error, @"`max_resource` of the hyperband pruner is 2, but must be min_resource and above");
        let error = refused(HyperbandConfig { reduction_factor: 1, ..HyperbandConfig::new(9) });
        insta::assert_snapshot!(error, @"`reduction_factor` of the hyperband pruner is 1, but must be 2 and above");
    }
}
