//! The configurations of the final model once more, on all rows, where fold models lack many of them.
//!
//! Measured with `LightGBM` on splits of tables: where each fold model saw two thirds of the rows, the mean of fold models
//! and refit is better than the fold models alone; where they saw four fifths or more, or folds are repeated, it is not
//! (`experiments/bench/accuracy_notes.md`). What the final model is made of and how much each part counts is decided before,
//! on out-of-fold predictions, which know nothing of refits.
//!
//! A refit has no rows to validate on: networks end after as many epochs as were best for the fold models on average, boosted
//! trees after more rounds (`ModelFamily::refit`).

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use automl_core::{FitError, FoldPlan, Member, Refit, Seed, StopReason, StopSignal, StoreError, TrialRecord};

use crate::bundle::Manifest;
use crate::cross_validation::CrossValidation;
use crate::error::AutomlError;
use crate::fold_fits::Prepared;
use crate::limits::Room;
use crate::members::FoldModel;
use crate::run_folder::replace_folder;

/// Folder of a refit, in that of its trial and in a bundle's model.
const FOLDER: &str = "refit";
/// The largest share of the rows that fold models may have seen, on average, for a refit to be worth its time.
const MOST_SEEN: f64 = 0.75;
/// A refit is begun if its estimated time fits this often into what is left.
const MARGIN: f64 = 1.1;

/// How many times the rows of the average fold model a refit has; `None` without folds.
fn growth(plan: &FoldPlan) -> Option<f64> {
    let n_seen: usize = plan.folds.iter().map(|fold| fold.train.len()).sum();
    (n_seen > 0).then(|| (rows_of(plan).len() * plan.folds.len()) as f64 / n_seen as f64)
}

/// Whether models of all rows know enough that fold models do not.
pub(crate) fn is_worthwhile(plan: &FoldPlan) -> bool {
    growth(plan).is_some_and(|growth| MOST_SEEN * growth >= 1.0)
}

/// All rows that folds have, ascending: none of the holdout.
fn rows_of(plan: &FoldPlan) -> Vec<usize> {
    let rows = plan.folds.iter().flat_map(|fold| fold.train.iter().chain(&fold.valid));
    rows.copied().collect::<BTreeSet<usize>>().into_iter().collect()
}

/// Fits the configurations of `manifest` on all rows, the heaviest first, as many as can be done before `stop` says so, and
/// notes them in the manifest. A refit stays in the folder of its trial, so that it is made once. `on_failure` hears of those
/// that were not made, but for families that need validation rows; without a refit a configuration is the mean of its fold models.
///
/// # Errors
/// [`AutomlError`] where files cannot be written, and those of `on_failure`.
pub(crate) fn refit(
    of: &CrossValidation<'_>,
    seed: Seed,
    trials: &[&TrialRecord],
    manifest: &mut Manifest,
    stop: &StopSignal,
    mut on_failure: impl FnMut(u32, &str) -> Result<(), StoreError>,
) -> Result<(), AutomlError> {
    let weights = manifest.combine.weights();
    let mut order: Vec<usize> = (0..manifest.models.len()).collect();
    order.sort_by(|&a, &b| weights[b].abs().total_cmp(&weights[a].abs()));
    for place in order {
        let Some(trial) = trials.iter().find(|trial| trial.number == manifest.models[place].trial) else {
            continue;
        };
        let dir = of.folder.trial(trial.number).join(FOLDER);
        let is_there = dir.is_dir()
            || match fit(of, seed, trial, stop) {
                Ok(Ok(model)) => {
                    replace_folder(&dir, |dir| model.save(dir))?;
                    true
                }
                Ok(Err(Without::Validation)) => false,
                Ok(Err(Without::Stopped(reason))) => {
                    let reason = match reason {
                        StopReason::Interrupted => "the search was interrupted",
                        _ => "it would take longer than there is time",
                    };
                    on_failure(trial.number, reason)?;
                    false
                }
                Ok(Err(Without::Room(reason))) => {
                    on_failure(trial.number, &reason)?;
                    false
                }
                Err(error) => {
                    on_failure(trial.number, &error.to_string())?;
                    false
                }
            };
        if is_there {
            manifest.models[place].refit = Some(format!("model-{place}/{FOLDER}"));
        }
    }
    Ok(())
}

/// Whether a refit can be done in the time that is left, judged by the trial's first fold, which trained alone.
fn is_in_time(trial: &TrialRecord, refit: &Refit, plan: &FoldPlan, stop: &StopSignal) -> bool {
    let Some(left) = stop.time_left() else { return true };
    let first = trial.folds.iter().find(|fold| fold.fold == 0);
    let (Some(first), Some(fold)) = (first, plan.folds.first()) else { return false };
    let growth = rows_of(plan).len() as f64 / fold.train.len().max(1) as f64;
    let seconds = MARGIN * first.seconds * growth * refit.passes;
    Duration::try_from_secs_f64(seconds).is_ok_and(|needed| needed <= left)
}

/// Why there is no model of all rows.
enum Without {
    /// The family chooses something by validation rows, and there are none.
    Validation,
    /// The search was interrupted, or there is no time for it.
    Stopped(StopReason),
    /// Why memory has no room for it.
    Room(String),
}

/// A trial's configuration on all rows, if that can be done before `stop` says so.
fn fit(
    of: &CrossValidation<'_>,
    seed: Seed,
    trial: &TrialRecord,
    stop: &StopSignal,
) -> Result<Result<FoldModel, Without>, AutomlError> {
    let family = of.joint.family(&trial.params)?;
    let best: Vec<Option<u32>> = trial.folds.iter().map(|fold| fold.best_epoch).collect();
    let growth = growth(of.plan).unwrap_or(1.0);
    let Some(refit) = family.refit(&trial.params.scoped(family.id()), &best, growth) else {
        return Ok(Err(Without::Validation));
    };
    let reason =
        stop.check().or_else(|| (!is_in_time(trial, &refit, of.plan, stop)).then_some(StopReason::TimeUp));
    if let Some(reason) = reason {
        return Ok(Err(Without::Stopped(reason)));
    }
    let Prepared { prep, train, valid } =
        Prepared::new(of.table, &trial.params, family, &rows_of(of.plan), &[])?;
    let seed = seed.trial(trial.slot).fold(of.plan.folds.len() as u32);
    let member = Member { params: &refit.params, train: &train, valid: &valid, seed };
    let ctx = of.context(stop);
    let need = family.memory(&member, &ctx)?;
    let mut room = Room::new(of.limits.memory);
    if !room.take(train.n_bytes(), need) {
        return Ok(Err(Without::Room(room.too_small(train.n_bytes(), need).to_string())));
    }
    let mut fitted = family.fit_population(&[member], &ctx, &mut |_, _| ControlFlow::Continue(()));
    match fitted.pop().unwrap_or(Err(FitError::Cancelled)) {
        Ok(model) => Ok(Ok(FoldModel { prep, model })),
        Err(FitError::Stopped(reason)) => Ok(Err(Without::Stopped(reason))),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use automl_core::Fold;

    use super::*;

    fn plan(n_folds: usize, n_repeats: usize) -> FoldPlan {
        let rows: Vec<usize> = (10..130).collect();
        let fold = |k: usize| Fold {
            train: rows.iter().copied().filter(|row| row % n_folds != k).collect(),
            valid: rows.iter().copied().filter(|row| row % n_folds == k).collect(),
        };
        let folds = (0..n_repeats).flat_map(|_| (0..n_folds).map(fold)).collect();
        FoldPlan { holdout: (0..10).collect(), folds }
    }

    #[test]
    fn a_refit_is_worthwhile_where_fold_models_lack_many_rows() {
        assert!(is_worthwhile(&plan(2, 1)) && is_worthwhile(&plan(3, 1)) && is_worthwhile(&plan(4, 1)));
        assert!(!is_worthwhile(&plan(5, 1)) && !is_worthwhile(&plan(5, 3)));
        assert!(!is_worthwhile(&FoldPlan { holdout: Vec::new(), folds: Vec::new() }));
    }

    #[test]
    fn a_refit_has_the_rows_of_all_folds_and_none_of_the_holdout() {
        assert_eq!(rows_of(&plan(3, 2)), (10..130).collect::<Vec<_>>());
    }
}
