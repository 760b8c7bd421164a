//! The objective of a search: a configuration's mean cost over the folds.

use std::ops::ControlFlow;
use std::time::Instant;

use automl_core::{
    ArtifactError, Costs, Design, Device, Epoch, FitContext, FoldPlan, FoldScore, Member, Metric,
    ModelFamily, Objective, Params, Precision, Predictions, TrialContext, TrialError, TrialRecord,
};
use automl_data::prep::{FittedPreprocessor, PrepConfig, Preprocessor};
use automl_data::{DataError, Table};

use crate::joint::{Joint, prep_params};
use crate::members::FoldModel;
use crate::out_of_fold::OutOfFold;
use crate::run_folder::{RunFolder, replace_folder};

/// Fits a configuration on every fold and scores it on the fold's validation rows.
///
/// The first fold is fitted alone, so that a configuration that cannot catch up costs one fold; the
/// others train together as one population.
pub(crate) struct CrossValidation<'a> {
    pub(crate) table: &'a Table,
    pub(crate) plan: &'a FoldPlan,
    pub(crate) joint: &'a Joint,
    pub(crate) metric: Metric,
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
    cost: f64,
}

impl Objective for CrossValidation<'_> {
    fn evaluate(&mut self, params: &Params, trial: &mut TrialContext<'_>) -> Result<Costs, TrialError> {
        let n_folds = self.plan.folds.len();
        let mut fits: Vec<FoldFit> = Vec::with_capacity(n_folds);
        for group in [0..1, 1..n_folds] {
            if group.is_empty() {
                continue;
            }
            let folds: Vec<usize> = group.collect();
            fits.extend(self.fit_folds(params, &folds, trial)?);
            if fits.len() < n_folds {
                trial.report(fits.len() as u32, mean_cost(&fits))?;
            }
        }
        let cost = mean_cost(&fits);
        let best = TrialRecord::best(trial.history().trials()).and_then(|best| best.cost);
        if cost.is_finite() && best.is_none_or(|best| cost < best) {
            self.keep(trial.number, &fits)?;
        }
        Ok(cost.into())
    }
}

impl CrossValidation<'_> {
    fn fit_folds(
        &self,
        params: &Params,
        folds: &[usize],
        trial: &mut TrialContext<'_>,
    ) -> Result<Vec<FoldFit>, TrialError> {
        let started = Instant::now();
        let family = self.joint.family(params).map_err(failed)?;
        let own = params.scoped(family.id());
        let prepare = |&fold: &usize| {
            let rows = &self.plan.folds[fold];
            Prepared::new(self.table, params, family, &rows.train, &rows.valid).map_err(failed)
        };
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
        let models = family.fit_population(&members, &context, &mut |member, epoch| {
            epochs[member].push(epoch);
            trial.epoch(folds[member] as u32, epoch);
            ControlFlow::Continue(())
        });
        let mut fits = Vec::with_capacity(folds.len());
        for (((of, model), epochs), &fold) in prepared.into_iter().zip(models).zip(epochs).zip(folds) {
            let model = model.map_err(|error| in_fold(fold, error.into()))?;
            let predictions = model.predict(&of.valid).map_err(|error| in_fold(fold, error.into()))?;
            let seconds = started.elapsed().as_secs_f64() / folds.len() as f64;
            let score = self.score(fold, &predictions, model.best_epoch(), &epochs, seconds)?;
            let cost = score.cost;
            trial.record_fold(score, epochs);
            fits.push(FoldFit { fold, model: FoldModel { prep: of.prep, model }, predictions, cost });
        }
        Ok(fits)
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
        let value = self.metric.score(&target, predictions).map_err(|error| in_fold(fold, failed(error)))?;
        let scores = automl_core::metric::score_all(self.table.profile().task, &target, predictions);
        let cost = self.metric.direction().cost(value);
        Ok(FoldScore { fold: fold as u32, cost, scores, best_epoch, n_epochs: epochs.len() as u32, seconds })
    }

    /// Keeps the fold models and the out-of-fold predictions, before the trial is stored as complete: whatever
    /// happens in between, a trial that the store calls the best has its models.
    fn keep(&self, number: u32, fits: &[FoldFit]) -> Result<(), ArtifactError> {
        let parts = fits.iter().map(|fit| (self.plan.folds[fit.fold].valid.as_slice(), &fit.predictions));
        let Some(target) = self.table.target() else { return Ok(()) };
        let out_of_fold = OutOfFold::gather(target, parts);
        replace_folder(&self.folder.trial(number), |dir| {
            for fit in fits {
                fit.model.save(&dir.join(format!("fold-{}", fit.fold)))?;
            }
            out_of_fold.save(dir)
        })
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
        let choices = prep_params(params, profile, family.categorical_input());
        let config = PrepConfig::from_params(&choices)?;
        let prep = Preprocessor::new(config, family.categorical_input(), profile).fit(table, train)?;
        let (train, valid) = (prep.transform(table, train)?, prep.transform(table, valid)?);
        Ok(Self { prep, train, valid })
    }
}

fn mean_cost(fits: &[FoldFit]) -> f64 {
    fits.iter().map(|fit| fit.cost).sum::<f64>() / fits.len() as f64
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
