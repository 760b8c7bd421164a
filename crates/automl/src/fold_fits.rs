//! Fits folds of a configuration together, within the time and the memory that its trial may take.

use std::ops::ControlFlow;
use std::time::Instant;

use automl_core::{
    Design, Epoch, FitContext, FitError, FittedModel, FoldScore, Information, Member, MemoryNeed, Metric,
    ModelFamily, Params, Predictions, Seed, StopReason, StopSignal, Target, TrialContext, TrialError,
};
use automl_data::prep::{FittedPreprocessor, PrepConfig, Preprocessor};
use automl_data::{DataError, Table};
use automl_ensemble::information;

use crate::config::Fidelity;
use crate::cross_validation::{CrossValidation, FOLD_STEP};
use crate::joint::prep_params;
use crate::limits::{Clock, Room};
use crate::members::FoldModel;
use crate::objectives::FoldTimes;
use crate::scoring;

/// One fold, fitted and predicted.
pub(crate) struct FoldFit {
    pub(crate) fold: usize,
    pub(crate) model: FoldModel,
    pub(crate) predictions: Predictions,
    pub(crate) score: FoldScore,
    pub(crate) epochs: Vec<Epoch>,
    pub(crate) times: FoldTimes,
    pub(crate) information: Option<Information>,
    need: MemoryNeed,
}

/// A configuration in a trial.
pub(crate) struct Fitting<'a> {
    of: &'a CrossValidation<'a>,
    params: &'a Params,
    family: &'a dyn ModelFamily,
    /// The family's own parameters.
    own: Params,
    seed: Seed,
    clock: Clock,
}

/// A fold that is about to be fitted.
struct Ready {
    fold: usize,
    rows: Prepared,
    need: MemoryNeed,
}

impl<'a> Fitting<'a> {
    /// Begins the trial's time.
    pub(crate) fn new(
        of: &'a CrossValidation<'a>,
        params: &'a Params,
        seed: Seed,
    ) -> Result<Self, TrialError> {
        let family = of.joint.family(params).map_err(failed)?;
        let clock = Clock::start(of.limits.time, of.plan.folds.len());
        Ok(Self { of, params, family, own: params.scoped(family.id()), seed, clock })
    }

    /// Fits the first of `folds` together, as many as memory holds beside the models of `done`, on every `one_in`-th
    /// training row if that is given.
    pub(crate) fn fit(
        &self,
        folds: &[usize],
        one_in: Option<usize>,
        done: &[FoldFit],
        trial: &mut TrialContext<'_>,
    ) -> Result<Vec<FoldFit>, TrialError> {
        let started = Instant::now();
        let ready = self.prepare(folds, one_in, done, trial.stop)?;
        let n_done = done.len() + ready.len();
        let (models, epochs) = self.train(&ready, n_done, trial)?;
        let fit_secs = started.elapsed().as_secs_f64() / ready.len() as f64;
        let mut fits = Vec::with_capacity(ready.len());
        for ((ready, model), epochs) in ready.into_iter().zip(models).zip(epochs) {
            let model = model.map_err(|error| match error {
                FitError::Stopped(StopReason::TimeUp) if trial.stop.check().is_none() => {
                    self.clock.too_long(n_done)
                }
                error => in_fold(ready.fold, error.into()),
            })?;
            fits.push(self.judge(ready, model, epochs, fit_secs)?);
        }
        Ok(fits)
    }

    /// Prepares the first of `folds`, as many as memory holds.
    fn prepare(
        &self,
        folds: &[usize],
        one_in: Option<usize>,
        done: &[FoldFit],
        stop: &StopSignal,
    ) -> Result<Vec<Ready>, TrialError> {
        let mut room = Room::new(self.of.limits.memory);
        for fit in done {
            room.keep(fit.need);
        }
        let context = self.context(stop);
        let mut ready = Vec::with_capacity(folds.len());
        for &fold in folds {
            let rows = self.rows(fold, one_in)?;
            let need = self.family.memory(&self.member(&rows, fold), &context);
            let need = need.map_err(|error| in_fold(fold, error.into()))?;
            let designs = rows.train.n_bytes() + rows.valid.n_bytes();
            if !room.take(designs, need) {
                if ready.is_empty() {
                    return Err(in_fold(fold, room.too_small(designs, need)));
                }
                break;
            }
            ready.push(Ready { fold, rows, need });
        }
        Ok(ready)
    }

    fn rows(&self, fold: usize, one_in: Option<usize>) -> Result<Prepared, TrialError> {
        let rows = &self.of.plan.folds[fold];
        // Counted from the end: in a split by time the last rows are the nearest to validation.
        let thinned: Option<Vec<usize>> =
            one_in.map(|one_in| rows.train.iter().rev().step_by(one_in).rev().copied().collect());
        let train = thinned.as_deref().unwrap_or(&rows.train);
        Prepared::new(self.of.table, self.params, self.family, train, &rows.valid).map_err(failed)
    }

    fn context<'s>(&self, stop: &'s StopSignal) -> FitContext<'s> {
        let profile = self.of.table.profile();
        FitContext {
            task: profile.task,
            n_classes: profile.n_classes(),
            device: self.of.device,
            precision: self.of.precision,
            threads: self.of.threads,
            stop,
        }
    }

    fn member<'m>(&'m self, rows: &'m Prepared, fold: usize) -> Member<'m> {
        let seed = self.seed.fold(fold as u32);
        Member { params: &self.own, train: &rows.train, valid: &rows.valid, seed }
    }

    /// Trains the folds; when they are done, `n_done` are. Models and epochs are in their order.
    #[expect(clippy::type_complexity, reason = "a model or an error, and epochs, of each")]
    fn train(
        &self,
        ready: &[Ready],
        n_done: usize,
        trial: &mut TrialContext<'_>,
    ) -> Result<(Vec<Result<Box<dyn FittedModel>, FitError>>, Vec<Vec<Epoch>>), TrialError> {
        let members: Vec<Member<'_>> = ready.iter().map(|of| self.member(&of.rows, of.fold)).collect();
        let stop = self.clock.until(n_done, trial.stop);
        let mut epochs: Vec<Vec<Epoch>> = vec![Vec::new(); ready.len()];
        let is_first = matches!(ready, [Ready { fold: 0, .. }]);
        let reports_epochs = self.of.fidelity == Fidelity::Epochs && is_first;
        let mut least_loss = f64::INFINITY;
        let mut ended = None;
        let models = self.family.fit_population(&members, &self.context(&stop), &mut |member, epoch| {
            epochs[member].push(epoch);
            trial.epoch(ready[member].fold as u32, epoch);
            if reports_epochs {
                least_loss = least_loss.min(epoch.valid_loss);
                ended = trial.report((epoch.index + 1).min(FOLD_STEP - 1), least_loss).err();
            }
            if ended.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        ended.map_or(Ok((models, epochs)), Err)
    }

    /// Predicts and scores a fold's validation rows.
    fn judge(
        &self,
        Ready { fold, rows, need }: Ready,
        model: Box<dyn FittedModel>,
        epochs: Vec<Epoch>,
        fit_secs: f64,
    ) -> Result<FoldFit, TrialError> {
        let asked = Instant::now();
        let predictions = model.predict(&rows.valid).map_err(|error| in_fold(fold, error.into()))?;
        let predict_secs = asked.elapsed().as_secs_f64();
        let predict_ms = 1e6 * predict_secs / predictions.n_rows().max(1) as f64;
        let seconds = fit_secs + predict_secs;
        let information = self.information(&*model, &rows.train);
        let score = self.score(fold, &predictions, model.best_epoch(), &epochs, seconds)?;
        let model = FoldModel { prep: rows.prep, model };
        let times = FoldTimes { fit_secs, predict_ms };
        Ok(FoldFit { fold, model, predictions, score, epochs, times, information, need })
    }

    /// Information criteria on the rows that the model was fitted on; `None` for models without a likelihood or a
    /// number of parameters, and for weighted rows, whose number is no sample size.
    fn information(&self, model: &dyn FittedModel, train: &Design) -> Option<Information> {
        let n_parameters = model.degrees_of_freedom()?;
        if self.of.table.weights().is_some() {
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
        let target = self.of.table.target().map(|target| target.select(&self.of.plan.folds[fold].valid));
        let target =
            target.ok_or_else(|| TrialError::Failed { reason: "the table has no target".to_owned() })?;
        let weights = scoring::weights_of(self.of.table.weights(), &self.of.plan.folds[fold].valid);
        let weights = weights.as_deref();
        let value = scoring::score(self.of.metric, &target, predictions, weights);
        let value = value.map_err(|error| in_fold(fold, failed(error)))?;
        let scores = scoring::score_all(self.of.table.profile().task, &target, predictions, weights);
        let cost = self.of.metric.direction().cost(value);
        Ok(FoldScore { fold: fold as u32, cost, scores, best_epoch, n_epochs: epochs.len() as u32, seconds })
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

pub(crate) fn failed(error: impl std::fmt::Display) -> TrialError {
    TrialError::Failed { reason: error.to_string() }
}

pub(crate) fn in_fold(fold: usize, error: TrialError) -> TrialError {
    match error {
        TrialError::Failed { reason } => TrialError::Failed { reason: format!("fold {fold}: {reason}") },
        other => other,
    }
}
