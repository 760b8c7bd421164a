//! Who races whom.

use automl_core::{FoldScore, History, Pruner, Standing, TrialRecord, TrialState};

use super::race::Race;
use super::spread::Spread;
use crate::error::ConfigError;

/// Unchecked settings; [`RacingPruner::new`] checks them.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `alpha` | 0.05 | above 0, below 0.5 | chance of an error that the tests may take |
/// | `n_startup_trials` | 5 | from 2 | complete trials on the incumbent's folds before any trial is stopped |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RacingConfig {
    /// Chance of an error.
    pub alpha: f64,
    /// Complete trials before any is stopped.
    pub n_startup_trials: usize,
}

impl Default for RacingConfig {
    fn default() -> Self {
        Self { alpha: 0.05, n_startup_trials: 5 }
    }
}

impl RacingConfig {
    fn check(self) -> Result<Self, ConfigError> {
        let out_of_range = |name, value: String, range| {
            Err(ConfigError::PrunerOutOfRange { pruner: "racing", name, value, range })
        };
        if !(self.alpha > 0.0 && self.alpha < 0.5) {
            return out_of_range("alpha", self.alpha.to_string(), "above 0 and below 0.5");
        }
        if self.n_startup_trials < 2 {
            return out_of_range("n_startup_trials", self.n_startup_trials.to_string(), "2 and above");
        }
        Ok(self)
    }
}

/// Stops a trial that loses to the incumbent (the best complete trial) on the folds that both have run.
///
/// Cross-validation is a race over folds, as in F-Race (Birattari et al. 2002) and in the intensification of SMAC
/// (Hutter et al. 2011): folds are the instances, and costs are compared in pairs, so that a hard fold is hard for
/// both. With differences `d_1` … `d_k` on k shared folds of the incumbent's K, their sum S and their variance s², the
/// trial is stopped when it is behind (S > 0) and one of these is improbable under Student's t:
///
/// 1. *that it is as good as the incumbent*: P(T > S / (s √k)) < alpha / 2^j at the j-th report (or with j shared
///    folds, if they are fewer), a paired one-sided test. The levels add up to alpha, so a trial as good as the incumbent
///    is stopped by this test with at most that chance (in simulations of 3 to 10 folds 0.03 to 0.04 at 0.05); and the
///    first fold, where stopping saves most, has half of it;
/// 2. *that it still overtakes*: P(T > S / (s √(K - k))) < alpha. The optimistic bound for the remaining folds is
///    that the trial is as good on them as the incumbent, and lucky besides. This is stochastic curtailment (Lan, Simon
///    & Halperin 1982): it stops trials that need not be worse but cannot be expected to finish ahead.
///
/// Few folds say little of s², so it is pooled: with the residuals `r_ij = y_ij - ȳ_i. - ȳ_.j + ȳ_..` of the costs of n
/// complete trials on the K folds, configuration and fold means taken out,
///
/// s² = (2 Σ r² + Σ (d - d̄)²) / ν with ν = (n - 1)(K - 1) + (k - 1) degrees of freedom,
///
/// so a single fold can be judged. The n trials are the better half of the complete ones: those close to the incumbent
/// are what matters, and a diverged one would hide every difference. (Residuals do not depend on the means by which
/// the half is chosen, so for normal errors the choice does not bias s².)
///
/// Folds that the incumbent lacks are not compared, nor is a trial stopped that has run all of its folds. A cost that
/// is no number, or infinite, on one of them loses the race. Costs at steps are not looked at: the pruner works
/// with whatever is reported, as long as finished folds are recorded before.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RacingPruner {
    config: RacingConfig,
}

impl RacingPruner {
    /// A pruner with these settings.
    ///
    /// # Errors
    /// [`ConfigError::PrunerOutOfRange`].
    pub fn new(config: RacingConfig) -> Result<Self, ConfigError> {
        Ok(Self { config: config.check()? })
    }
}

impl Pruner for RacingPruner {
    fn name(&self) -> &'static str {
        "racing"
    }

    fn should_prune(&self, trial: &Standing<'_>, history: &History) -> bool {
        let Some(incumbent) = TrialRecord::best(history.trials()) else { return false };
        let mut course = incumbent.folds.clone();
        course.retain(|fold| fold.cost.is_finite());
        let pairs = || course.iter().map(|theirs| (cost_on(trial.folds, theirs.fold), theirs.cost));
        let differences: Vec<f64> =
            pairs().filter_map(|(mine, theirs)| mine.map(|mine| mine - theirs)).collect();
        let n_left = course.len() - differences.len();
        if differences.is_empty() || n_left == 0 {
            return false;
        }
        let table = table(history, &course);
        if table.len() < self.config.n_startup_trials {
            return false;
        }
        if differences.iter().any(|difference| difference.is_nan() || *difference == f64::INFINITY) {
            return true;
        }
        let residuals = Spread::of_residuals(&table[..table.len().div_ceil(2)]);
        let look = trial.steps.len().clamp(1, differences.len());
        Race::new(&differences, n_left, residuals).is_lost(self.config.alpha, look)
    }
}

fn cost_on(folds: &[FoldScore], fold: u32) -> Option<f64> {
    folds.iter().find(|score| score.fold == fold).map(|score| score.cost)
}

/// Costs of the complete trials on the folds of `course`, the best trial first. Trials that lack one are left out.
fn table(history: &History, course: &[FoldScore]) -> Vec<Vec<f64>> {
    let complete = history.trials().iter().filter(|trial| trial.state == TrialState::Complete);
    let row = |trial: &TrialRecord| -> Option<Vec<f64>> {
        let cost = |fold: &FoldScore| cost_on(&trial.folds, fold.fold).filter(|cost| cost.is_finite());
        course.iter().map(cost).collect()
    };
    let mut rows: Vec<(f64, Vec<f64>)> =
        complete.filter_map(row).map(|row| (row.iter().sum::<f64>(), row)).collect();
    rows.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    rows.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use automl_core::{Params, SearchSpace};

    use super::*;

    fn folds(costs: &[f64], first: u32) -> Vec<FoldScore> {
        let score = |(fold, cost): (u32, &f64)| FoldScore {
            fold,
            cost: *cost,
            scores: Vec::new(),
            best_epoch: None,
            n_epochs: 0,
            seconds: 0.0,
        };
        (first..).zip(costs).map(score).collect()
    }

    /// Six trials on five folds, a spread of about 0.1 around means 0, 1, … 5; folds differ by up to 3.
    fn history(first_fold: u32) -> History {
        let trial = |slot: u32| {
            let wobble = |fold: u32| 0.15 * f64::from((slot * 5 + fold).pow(2)).sin();
            let costs: Vec<f64> =
                (0..5).map(|fold| f64::from(slot) + f64::from(fold * 2 % 5) + wobble(fold)).collect();
            let mean = costs.iter().sum::<f64>() / 5.0;
            let record = TrialRecord::new(slot, TrialState::Complete, Params::new()).with_cost(mean);
            TrialRecord { folds: folds(&costs, first_fold), ..record }
        };
        History::with_trials(SearchSpace::default(), (0..6).map(trial))
    }

    fn prunes(costs: &[f64], history: &History) -> bool {
        let steps = [(1, 0.0)];
        let standing = Standing { slot: 9, params: &Params::new(), steps: &steps, folds: &folds(costs, 0) };
        RacingPruner::default().should_prune(&standing, history)
    }

    #[test]
    fn a_single_fold_is_enough_to_lose_but_a_hard_fold_is_no_loss() {
        assert!(prunes(&[1.0], &history(0)));
        assert!(!prunes(&[0.1], &history(0)));
        assert!(!prunes(&[0.0, 2.1, 4.1], &history(0)));
    }

    #[test]
    fn other_folds_are_not_compared() {
        assert!(!prunes(&[1.0], &history(1)));
        assert!(prunes(&[99.0, 1.0], &history(1)));
        assert!(!prunes(&[99.0, 0.1], &history(1)));
    }

    #[test]
    fn a_finished_race_is_not_stopped() {
        assert!(prunes(&[9.0; 4], &history(0)));
        assert!(!prunes(&[9.0; 5], &history(0)));
    }

    #[test]
    fn costs_that_are_no_numbers_lose() {
        for cost in [f64::NAN, f64::INFINITY] {
            assert!(prunes(&[0.0, cost], &history(0)));
        }
        assert!(!prunes(&[f64::NEG_INFINITY, 9.0], &history(0)));
    }

    #[test]
    fn nobody_is_stopped_before_enough_trials_are_complete() {
        let first =
            |n: usize| History::with_trials(SearchSpace::default(), history(0).trials()[..n].iter().cloned());
        assert!(!prunes(&[9.0], &first(4)));
        assert!(prunes(&[9.0], &first(5)));
    }

    #[test]
    fn a_diverged_trial_does_not_hide_differences() {
        let mut history = history(0);
        let wild = TrialRecord::new(6, TrialState::Complete, Params::new()).with_cost(1e6);
        history.insert(TrialRecord { folds: folds(&[1e6, 0.0, 4e6, -1e3, 2e5], 0), ..wild });
        assert!(prunes(&[1.0], &history));
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let error = RacingPruner::new(RacingConfig { alpha: 0.5, ..RacingConfig::default() }).unwrap_err();
        insta::assert_snapshot!(error, @"`alpha` of the racing pruner is 0.5, but must be above 0 and below 0.5");
        let error =
            RacingPruner::new(RacingConfig { n_startup_trials: 1, ..RacingConfig::default() }).unwrap_err();
        insta::assert_snapshot!(error, @"`n_startup_trials` of the racing pruner is 1, but must be 2 and above");
    }
}
