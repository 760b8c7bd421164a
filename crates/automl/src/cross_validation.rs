//! The objective of a search: a configuration's mean cost over the folds.

use automl_core::{
    ArtifactError, Costs, Device, FitContext, FoldPlan, FoldScore, Information, Metric, Objective, Params,
    Precision, StopSignal, TrialContext, TrialError, TrialRecord,
};
use automl_data::Table;

use crate::config::Fidelity;
use crate::fold_fits::{self, Fitting, FoldFit, Going, failed};
use crate::joint::Joint;
use crate::library;
use crate::limits::Limits;
use crate::objectives::{FoldTimes, FurtherObjective};
use crate::out_of_fold::OutOfFold;
use crate::run_folder::{RunFolder, replace_folder};

/// Between the steps of one fold and the next: a step is `FOLD_STEP` for each fold done, and below it the epochs or
/// the percentage of rows of the first.
pub(crate) const FOLD_STEP: u32 = 10_000;

/// Shares of the first fold's training rows that are tried before all of them, as (step, one in how many).
const ROW_SHARES: [(u32, usize); 2] = [(11, 9), (33, 3)];

/// Folds that a race looks at one by one before it trains the others together.
const RACED: usize = 3;

/// Fits a configuration on every fold and scores it on the fold's validation rows.
///
/// The first fold is fitted alone, so that a configuration that cannot catch up costs one fold; the
/// others train together as one population. Trials that go together train each of these in one population.
pub(crate) struct CrossValidation<'a> {
    pub(crate) table: &'a Table,
    pub(crate) plan: &'a FoldPlan,
    pub(crate) joint: &'a Joint,
    pub(crate) metric: Metric,
    pub(crate) also: &'a [FurtherObjective],
    pub(crate) fidelity: Fidelity,
    /// Whether the pruner wants to be asked after each of the first folds.
    pub(crate) is_race: bool,
    pub(crate) device: Device,
    pub(crate) precision: Precision,
    pub(crate) threads: usize,
    pub(crate) limits: Limits,
    pub(crate) folder: &'a RunFolder,
    /// Whether models that are no longer among the best may be removed: not while another process makes the final model.
    pub(crate) may_forget: bool,
}

impl Objective for CrossValidation<'_> {
    fn evaluate(&mut self, _params: &Params, trial: &mut TrialContext<'_>) -> Result<Costs, TrialError> {
        let ended = self.evaluate_together(std::slice::from_mut(trial)).pop();
        ended.unwrap_or_else(|| Err(failed("the trial had no end")))
    }

    fn n_together(&self, params: &Params) -> usize {
        let stop = StopSignal::never();
        let full = self.joint.family(params).map_or(1, |family| family.full_population(&self.context(&stop)));
        full.div_ceil(self.plan.folds.len().max(1))
    }

    fn go_together(&self, one: &Params, other: &Params) -> bool {
        let Ok(family) = self.joint.family(one) else { return false };
        let own = |params: &Params| params.scoped(family.id());
        one.get("family") == other.get("family")
            && one.scoped("prep") == other.scoped("prep")
            && family.go_together(&own(one), &own(other), self.table.profile().task)
    }

    fn evaluate_together(&mut self, trials: &mut [TrialContext<'_>]) -> Vec<Result<Costs, TrialError>> {
        let is_frugal = trials.iter().any(|trial| trial.is_frugal);
        let mut going: Vec<Going<'_, '_, '_>> =
            trials.iter_mut().map(|trial| Fitting::new(self, trial)).collect();
        if self.fidelity == Fidelity::Rows {
            for (step, one_in) in ROW_SHARES {
                fold_fits::fit(&mut going, &[0], Some(one_in));
                for_each(&mut going, |fitting| {
                    let fits = std::mem::take(&mut fitting.fits);
                    fitting.trial.report(step, mean_cost(&fits))
                });
            }
        }
        let n_folds = self.plan.folds.len();
        for folds in groups(n_folds, self.is_race, is_frugal) {
            fold_fits::fit(&mut going, &folds, None);
            for_each(&mut going, |Fitting { trial, fits, .. }| {
                let step = match self.fidelity {
                    Fidelity::Folds => fits.len() as u32,
                    Fidelity::Epochs | Fidelity::Rows => FOLD_STEP * fits.len() as u32,
                };
                if fits.len() < n_folds { trial.report(step, mean_cost(fits)) } else { Ok(()) }
            });
        }
        going.into_iter().map(|fitting| fitting.and_then(|fitting| self.conclude(fitting))).collect()
    }
}

/// Goes a step further with the trials that go on; one whose step fails ends.
fn for_each<'a, 't, 'c>(
    going: &mut [Going<'a, 't, 'c>],
    mut step: impl FnMut(&mut Fitting<'a, 't, 'c>) -> Result<(), TrialError>,
) {
    for each in going {
        if let Ok(fitting) = each
            && let Err(error) = step(fitting)
        {
            *each = Err(error);
        }
    }
}

/// Which folds are fitted together, in order.
fn groups(n_folds: usize, is_race: bool, is_frugal: bool) -> Vec<Vec<usize>> {
    let n_single = match (is_frugal, is_race) {
        (true, _) => n_folds,
        (false, true) => RACED.min(n_folds),
        (false, false) => 1.min(n_folds),
    };
    let single = (0..n_single).map(|fold| vec![fold]);
    let rest: Vec<usize> = (n_single..n_folds).collect();
    single.chain((!rest.is_empty()).then_some(rest)).collect()
}

impl CrossValidation<'_> {
    /// What all fits share.
    pub(crate) fn context<'s>(&self, stop: &'s StopSignal) -> FitContext<'s> {
        let profile = self.table.profile();
        FitContext {
            task: profile.task,
            n_classes: profile.n_classes(),
            device: self.device,
            precision: self.precision,
            threads: self.threads,
            stop,
        }
    }

    /// The costs of a trial whose folds are all done.
    fn conclude(&self, Fitting { trial, fits, .. }: Fitting<'_, '_, '_>) -> Result<Costs, TrialError> {
        let first = mean_cost(&fits);
        let family = trial.params.text("family").map_err(failed)?;
        let known = trial.history().trials();
        if first.is_finite() && library::would_keep(known, trial.slot, family, first) {
            self.keep(trial.number, &fits)?;
            if self.may_forget {
                self.forget_others(known)?;
            }
        }
        if let Some(information) = mean_information(&fits) {
            trial.record_information(information);
        }
        let scores: Vec<FoldScore> = fits.iter().map(|fit| fit.score.clone()).collect();
        let times: Vec<FoldTimes> = fits.iter().map(|fit| fit.times).collect();
        let others = self.also.iter().map(|objective| objective.cost(&scores, &times)).collect();
        Ok(Costs { first, others })
    }

    /// Keeps the fold models and the out-of-fold predictions, before the trial is stored as complete: whatever
    /// happens in between, a trial that the store calls the best has its models.
    fn keep(&self, number: u32, fits: &[FoldFit]) -> Result<(), ArtifactError> {
        let parts = fits.iter().map(|fit| (self.plan.folds[fit.fold].valid.as_slice(), &fit.predictions));
        let Some(target) = self.table.target() else { return Ok(()) };
        // A fold's time is in microseconds a row, which is milliseconds for 1000.
        let predict_ms = fits.iter().map(|fit| fit.times.predict_ms).sum();
        let out_of_fold = OutOfFold::gather(target, parts, predict_ms);
        replace_folder(&self.folder.trial(number), |dir| {
            for fit in fits {
                fit.model.save(&dir.join(format!("fold-{}", fit.fold)))?;
            }
            out_of_fold.save(dir)
        })
    }

    /// Removes the models of finished trials that are no longer among those that keep theirs.
    fn forget_others(&self, trials: &[TrialRecord]) -> Result<(), ArtifactError> {
        let kept: Vec<u32> = library::kept(trials).iter().map(|trial| trial.number).collect();
        let mut gone =
            trials.iter().filter(|trial| trial.state.is_finished() && !kept.contains(&trial.number));
        gone.try_for_each(|trial| self.folder.forget_trial(trial.number))
    }
}

fn mean_cost(fits: &[FoldFit]) -> f64 {
    fits.iter().map(|fit| fit.score.cost).sum::<f64>() / fits.len() as f64
}

/// Means over the folds, if all have them.
fn mean_information(fits: &[FoldFit]) -> Option<Information> {
    let all: Vec<Information> = fits.iter().map(|fit| fit.information).collect::<Option<_>>()?;
    let mean = |of: fn(&Information) -> f64| all.iter().map(of).sum::<f64>() / all.len().max(1) as f64;
    (!all.is_empty()).then(|| Information { aic: mean(|of| of.aic), bic: mean(|of| of.bic) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_grouped_as_pruner_and_memory_ask() {
        assert_eq!(groups(5, false, false), [vec![0], vec![1, 2, 3, 4]]);
        assert_eq!(groups(5, true, false), [vec![0], vec![1], vec![2], vec![3, 4]]);
        assert_eq!(groups(2, true, false), [vec![0], vec![1]]);
        assert_eq!(groups(3, false, true), [vec![0], vec![1], vec![2]]);
        assert_eq!(groups(1, false, false), [vec![0]]);
    }
}
