//! The objective of a search: a configuration's mean cost over the folds.

use std::ops::ControlFlow;
use std::time::Instant;

use automl_core::{
    ArtifactError, Costs, Design, Device, Epoch, FitContext, FittedModel, FoldPlan, FoldScore, Information,
    Member, Metric, ModelFamily, Objective, Params, Precision, Predictions, Target, TrialContext, TrialError,
    TrialRecord,
};
use automl_data::prep::{FittedPreprocessor, PrepConfig, Preprocessor};
use automl_data::{DataError, Table};
use automl_ensemble::information;

use crate::config::Fidelity;
use crate::joint::{Joint, prep_params};
use crate::library;
use crate::members::FoldModel;
use crate::objectives::{FoldTimes, FurtherObjective};
use crate::out_of_fold::OutOfFold;
use crate::run_folder::{RunFolder, replace_folder};
use crate::scoring;

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
/// others train together as one population.
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
    pub(crate) folder: &'a RunFolder,
}

/// One fold, fitted and predicted.
struct FoldFit {
    fold: usize,
    model: FoldModel,
    predictions: Predictions,
    score: FoldScore,
    epochs: Vec<Epoch>,
    times: FoldTimes,
    information: Option<Information>,
}

impl Objective for CrossValidation<'_> {
    fn evaluate(&mut self, params: &Params, trial: &mut TrialContext<'_>) -> Result<Costs, TrialError> {
        let n_folds = self.plan.folds.len();
        if self.fidelity == Fidelity::Rows {
            self.try_fewer_rows(params, trial)?;
        }
        let mut fits: Vec<FoldFit> = Vec::with_capacity(n_folds);
        for folds in groups(n_folds, self.is_race, trial.is_frugal) {
            let group = self.fit_folds(params, &folds, None, trial)?;
            for fit in &group {
                trial.record_fold(fit.score.clone(), fit.epochs.clone());
            }
            fits.extend(group);
            if fits.len() < n_folds {
                let step = match self.fidelity {
                    Fidelity::Folds => fits.len() as u32,
                    Fidelity::Epochs | Fidelity::Rows => FOLD_STEP * fits.len() as u32,
                };
                trial.report(step, mean_cost(&fits))?;
            }
        }
        let first = mean_cost(&fits);
        let family = params.text("family").map_err(failed)?;
        if first.is_finite() && library::would_keep(trial.history().trials(), trial.slot, family, first) {
            self.keep(trial.number, &fits)?;
            self.forget_others(trial.history().trials())?;
        }
        if let Some(information) = mean_information(&fits) {
            trial.record_information(information);
        }
        let scores: Vec<FoldScore> = fits.iter().map(|fit| fit.score.clone()).collect();
        let times: Vec<FoldTimes> = fits.iter().map(|fit| fit.times).collect();
        let others = self.also.iter().map(|objective| objective.cost(&scores, &times)).collect();
        Ok(Costs { first, others })
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
    /// Lets the pruner see what the configuration does with few of the first fold's rows.
    fn try_fewer_rows(&self, params: &Params, trial: &mut TrialContext<'_>) -> Result<(), TrialError> {
        for (step, one_in) in ROW_SHARES {
            let fits = self.fit_folds(params, &[0], Some(one_in), trial)?;
            trial.report(step, mean_cost(&fits))?;
        }
        Ok(())
    }

    fn prepared(
        &self,
        params: &Params,
        family: &dyn ModelFamily,
        fold: usize,
        one_in: Option<usize>,
    ) -> Result<Prepared, TrialError> {
        let rows = &self.plan.folds[fold];
        // Counted from the end: in a split by time the last rows are the nearest to validation.
        let thinned: Option<Vec<usize>> =
            one_in.map(|one_in| rows.train.iter().rev().step_by(one_in).rev().copied().collect());
        let train = thinned.as_deref().unwrap_or(&rows.train);
        Prepared::new(self.table, params, family, train, &rows.valid).map_err(failed)
    }

    /// Fits `folds` together, on every `one_in`-th training row if that is given.
    fn fit_folds(
        &self,
        params: &Params,
        folds: &[usize],
        one_in: Option<usize>,
        trial: &mut TrialContext<'_>,
    ) -> Result<Vec<FoldFit>, TrialError> {
        let started = Instant::now();
        let family = self.joint.family(params).map_err(failed)?;
        let own = params.scoped(family.id());
        let prepare = |&fold: &usize| self.prepared(params, family, fold, one_in);
        let prepared = folds.iter().map(prepare).collect::<Result<Vec<_>, _>>()?;
        let members: Vec<Member<'_>> = prepared
            .iter()
            .zip(folds)
            .map(|(of, &fold)| Member {
                params: &own,
                train: &of.train,
                valid: &of.valid,
                seed: trial.seed.fold(fold as u32),
            })
            .collect();
        let mut epochs: Vec<Vec<Epoch>> = vec![Vec::new(); folds.len()];
        let profile = self.table.profile();
        let context = FitContext {
            task: profile.task,
            n_classes: profile.n_classes(),
            device: self.device,
            precision: self.precision,
            threads: self.threads,
            stop: trial.stop,
        };
        let reports_epochs = self.fidelity == Fidelity::Epochs && folds == [0];
        let mut least_loss = f64::INFINITY;
        let mut ended = None;
        let models = family.fit_population(&members, &context, &mut |member, epoch| {
            epochs[member].push(epoch);
            trial.epoch(folds[member] as u32, epoch);
            if reports_epochs {
                least_loss = least_loss.min(epoch.valid_loss);
                ended = trial.report((epoch.index + 1).min(FOLD_STEP - 1), least_loss).err();
            }
            if ended.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Some(error) = ended {
            return Err(error);
        }
        let fit_secs = started.elapsed().as_secs_f64() / folds.len() as f64;
        let mut fits = Vec::with_capacity(folds.len());
        for (((of, model), epochs), &fold) in prepared.into_iter().zip(models).zip(epochs).zip(folds) {
            let model = model.map_err(|error| in_fold(fold, error.into()))?;
            let asked = Instant::now();
            let predictions = model.predict(&of.valid).map_err(|error| in_fold(fold, error.into()))?;
            let predict_secs = asked.elapsed().as_secs_f64();
            let predict_ms = 1e6 * predict_secs / predictions.n_rows().max(1) as f64;
            let seconds = fit_secs + predict_secs;
            let information = self.information(&*model, &of.train);
            let score = self.score(fold, &predictions, model.best_epoch(), &epochs, seconds)?;
            let model = FoldModel { prep: of.prep, model };
            let times = FoldTimes { fit_secs, predict_ms };
            fits.push(FoldFit { fold, model, predictions, score, epochs, times, information });
        }
        Ok(fits)
    }

    /// Information criteria on the rows that the model was fitted on; `None` for models without a likelihood or a
    /// number of parameters, and for weighted rows, whose number is no sample size.
    fn information(&self, model: &dyn FittedModel, train: &Design) -> Option<Information> {
        let n_parameters = model.degrees_of_freedom()?;
        if self.table.weights().is_some() {
            return None;
        }
        let target = train.target.as_ref()?;
        let predictions = model.predict(train).ok()?;
        let n_rows = train.n_rows();
        let (log_likelihood, n_parameters) = match (target, &predictions) {
            (Target::Real(values), Predictions::Real(predicted)) => {
                let residuals: Vec<f64> = values.iter().zip(predicted).map(|(y, p)| y - p).collect();
                // The variance of the residuals is fitted too.
                (information::gaussian_log_likelihood(&residuals).ok()?, n_parameters + 1.0)
            }
            _ => (-(n_rows as f64) * Metric::LogLoss.score(target, &predictions).ok()?, n_parameters),
        };
        let aic = information::aic(log_likelihood, n_parameters);
        Some(Information { aic, bic: information::bic(log_likelihood, n_parameters, n_rows) })
    }

    fn score(
        &self,
        fold: usize,
        predictions: &Predictions,
        best_epoch: Option<u32>,
        epochs: &[Epoch],
        seconds: f64,
    ) -> Result<FoldScore, TrialError> {
        let target = self.table.target().map(|target| target.select(&self.plan.folds[fold].valid));
        let target =
            target.ok_or_else(|| TrialError::Failed { reason: "the table has no target".to_owned() })?;
        let weights = scoring::weights_of(self.table.weights(), &self.plan.folds[fold].valid);
        let weights = weights.as_deref();
        let value = scoring::score(self.metric, &target, predictions, weights);
        let value = value.map_err(|error| in_fold(fold, failed(error)))?;
        let scores = scoring::score_all(self.table.profile().task, &target, predictions, weights);
        let cost = self.metric.direction().cost(value);
        Ok(FoldScore { fold: fold as u32, cost, scores, best_epoch, n_epochs: epochs.len() as u32, seconds })
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
}

impl CrossValidation<'_> {
    /// Removes the models of finished trials that are no longer among those that keep theirs.
    fn forget_others(&self, trials: &[TrialRecord]) -> Result<(), ArtifactError> {
        let kept: Vec<u32> = library::kept(trials).iter().map(|trial| trial.number).collect();
        let mut gone =
            trials.iter().filter(|trial| trial.state.is_finished() && !kept.contains(&trial.number));
        gone.try_for_each(|trial| self.folder.forget_trial(trial.number))
    }
}

/// Rows made ready for one fit.
pub(crate) struct Prepared {
    pub(crate) prep: FittedPreprocessor,
    pub(crate) train: Design,
    pub(crate) valid: Design,
}

impl Prepared {
    /// Fits the preprocessing that `params` choose on the rows `train` alone.
    pub(crate) fn new(
        table: &Table,
        params: &Params,
        family: &dyn ModelFamily,
        train: &[usize],
        valid: &[usize],
    ) -> Result<Self, DataError> {
        let profile = table.profile();
        let choices = prep_params(params, profile, family.input_form());
        let config = PrepConfig::from_params(&choices)?;
        let prep = Preprocessor::new(config, family.input_form(), profile).fit(table, train)?;
        let (train, valid) = (prep.transform(table, train)?, prep.transform(table, valid)?);
        Ok(Self { prep, train, valid })
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

fn failed(error: impl std::fmt::Display) -> TrialError {
    TrialError::Failed { reason: error.to_string() }
}

fn in_fold(fold: usize, error: TrialError) -> TrialError {
    match error {
        TrialError::Failed { reason } => TrialError::Failed { reason: format!("fold {fold}: {reason}") },
        other => other,
    }
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
