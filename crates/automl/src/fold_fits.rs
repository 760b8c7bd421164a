//! Fits folds of configurations together, within the time and the memory that their trials may take.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Instant;

use automl_core::{
    Design, Epoch, FitError, FittedModel, FoldScore, Information, Member, MemoryNeed, Metric, ModelFamily,
    Params, Predictions, Seed, StopReason, Target, TrialContext, TrialError,
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

/// A trial whose folds are being fitted.
pub(crate) struct Fitting<'a, 't, 'c> {
    of: &'a CrossValidation<'a>,
    /// What it tells its search.
    pub(crate) trial: &'t mut TrialContext<'c>,
    /// Its folds that are done.
    pub(crate) fits: Vec<FoldFit>,
    family: &'a dyn ModelFamily,
    clock: Clock,
}

/// A trial that goes on, or how it ended.
pub(crate) type Going<'a, 't, 'c> = Result<Fitting<'a, 't, 'c>, TrialError>;

/// A fold that is about to be fitted.
struct Ready {
    /// Place of its trial.
    of: usize,
    fold: usize,
    /// The family's own parameters.
    own: Params,
    seed: Seed,
    rows: Prepared,
    need: MemoryNeed,
}

/// What training a fold gave.
struct Trained {
    model: Result<Box<dyn FittedModel>, FitError>,
    epochs: Vec<Epoch>,
    /// Its share of the time.
    seconds: f64,
    /// Folds of its trial that are done with it and those beside it.
    n_done: usize,
}

/// Fits `folds` of the trials that go on, whose configurations go together: as many at once as memory holds beside the
/// models that are there, on every `one_in`-th training row if that is given. They become the last of their trials' `fits`. A
/// trial of which a fold fails ends.
pub(crate) fn fit(going: &mut [Going<'_, '_, '_>], folds: &[usize], one_in: Option<usize>) {
    let mut waiting: VecDeque<(usize, usize)> =
        (0..going.len()).flat_map(|of| folds.iter().map(move |&fold| (of, fold))).collect();
    while !waiting.is_empty() {
        let started = Instant::now();
        let ready = prepare(going, &mut waiting, one_in);
        let trained = train(going, &ready, started);
        for (ready, trained) in ready.into_iter().zip(trained) {
            let of = ready.of;
            // It may have ended with another fold, or while this one was trained.
            let Ok(fitting) = &mut going[of] else { continue };
            match fitting.judge(ready, trained) {
                Ok(fit) => {
                    if one_in.is_none() {
                        fitting.trial.record_fold(fit.score.clone(), fit.epochs.clone());
                    }
                    fitting.fits.push(fit);
                }
                Err(error) => going[of] = Err(error),
            }
        }
    }
}

/// Prepares the first of the (trial, fold) that wait, as many as memory holds, and takes them from the queue.
fn prepare(
    going: &mut [Going<'_, '_, '_>],
    waiting: &mut VecDeque<(usize, usize)>,
    one_in: Option<usize>,
) -> Vec<Ready> {
    let mut ready: Vec<Ready> = Vec::new();
    let is_alone = going.iter().flatten().count() == 1;
    let Some(mut room) = going.iter().flatten().next().map(|fitting| Room::new(fitting.of.limits.memory))
    else {
        waiting.clear();
        return ready;
    };
    for fit in going.iter().flatten().flat_map(|fitting| &fitting.fits) {
        room.keep(fit.need);
    }
    while let Some(&(of, fold)) = waiting.front() {
        let Ok(fitting) = &going[of] else {
            waiting.pop_front();
            continue;
        };
        let error = match fitting.ready(of, fold, one_in) {
            Ok(made) => {
                let designs = made.rows.train.n_bytes() + made.rows.valid.n_bytes();
                if room.take(designs, made.need) {
                    waiting.pop_front();
                    ready.push(made);
                    continue;
                }
                if !ready.is_empty() {
                    break;
                }
                let error = room.too_small(designs, made.need);
                if is_alone {
                    in_fold(fold, error)
                } else {
                    TrialError::Crowded { reason: error.to_string() }
                }
            }
            Err(error) => error,
        };
        going[of] = Err(error);
        ready.retain(|ready| ready.of != of);
    }
    ready
}

/// Trains folds of one family together.
fn train(going: &mut [Going<'_, '_, '_>], ready: &[Ready], started: Instant) -> Vec<Trained> {
    let first = ready.first().and_then(|ready| going[ready.of].as_ref().ok());
    let Some(first) = first else { return Vec::new() };
    let (of, family) = (first.of, first.family);
    let n_done = |going: &[Going<'_, '_, '_>], trial: usize| {
        let n_before = going[trial].as_ref().map_or(0, |fitting| fitting.fits.len());
        n_before + ready.iter().filter(|ready| ready.of == trial).count()
    };
    let counts: Vec<usize> = ready.iter().map(|ready| n_done(going, ready.of)).collect();
    let most = counts.iter().copied().max().unwrap_or_default();
    let stop = first.clock.until(most, first.trial.stop);
    let reports_epochs = of.fidelity == Fidelity::Epochs && ready.iter().all(|ready| ready.fold == 0);
    let members: Vec<Member<'_>> = ready.iter().map(Ready::member).collect();
    let mut epochs: Vec<Vec<Epoch>> = vec![Vec::new(); ready.len()];
    let mut least_losses = vec![f64::INFINITY; ready.len()];
    let models = family.fit_population(&members, &of.context(&stop), &mut |member, epoch| {
        let Ready { of, fold, .. } = ready[member];
        epochs[member].push(epoch);
        let Ok(Fitting { trial, .. }) = &mut going[of] else { return ControlFlow::Break(()) };
        trial.epoch(fold as u32, epoch);
        if reports_epochs {
            let least = &mut least_losses[member];
            *least = least.min(epoch.valid_loss);
            if let Err(error) = trial.report((epoch.index + 1).min(FOLD_STEP - 1), *least) {
                going[of] = Err(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    });
    let seconds = started.elapsed().as_secs_f64() / ready.len() as f64;
    let parts = models.into_iter().zip(epochs).zip(counts);
    parts.map(|((model, epochs), n_done)| Trained { model, epochs, seconds, n_done }).collect()
}

impl Ready {
    fn member(&self) -> Member<'_> {
        Member { params: &self.own, train: &self.rows.train, valid: &self.rows.valid, seed: self.seed }
    }
}

impl<'a, 't, 'c> Fitting<'a, 't, 'c> {
    /// Begins the trial's time.
    pub(crate) fn new(of: &'a CrossValidation<'a>, trial: &'t mut TrialContext<'c>) -> Going<'a, 't, 'c> {
        let family = of.joint.family(trial.params).map_err(failed)?;
        let clock = Clock::start(of.limits.time, of.plan.folds.len());
        Ok(Self { of, trial, fits: Vec::new(), family, clock })
    }

    fn ready(&self, of: usize, fold: usize, one_in: Option<usize>) -> Result<Ready, TrialError> {
        let rows = self.rows(fold, one_in)?;
        let own = self.trial.params.scoped(self.family.id());
        let seed = self.trial.seed.fold(fold as u32);
        let ready = Ready { of, fold, own, seed, rows, need: MemoryNeed::default() };
        let need = self.family.memory(&ready.member(), &self.of.context(self.trial.stop));
        Ok(Ready { need: need.map_err(|error| in_fold(fold, error.into()))?, ..ready })
    }

    fn rows(&self, fold: usize, one_in: Option<usize>) -> Result<Prepared, TrialError> {
        let rows = &self.of.plan.folds[fold];
        // Counted from the end: in a split by time the last rows are the nearest to validation.
        let thinned: Option<Vec<usize>> =
            one_in.map(|one_in| rows.train.iter().rev().step_by(one_in).rev().copied().collect());
        let train = thinned.as_deref().unwrap_or(&rows.train);
        Prepared::new(self.of.table, self.trial.params, self.family, train, &rows.valid).map_err(failed)
    }

    /// Predicts and scores a fold's validation rows.
    fn judge(
        &self,
        Ready { fold, rows, need, .. }: Ready,
        Trained { model, epochs, seconds: fit_secs, n_done }: Trained,
    ) -> Result<FoldFit, TrialError> {
        let model = model.map_err(|error| match error {
            FitError::Stopped(StopReason::TimeUp) if self.trial.stop.check().is_none() => {
                self.clock.too_long(n_done)
            }
            error => in_fold(fold, error.into()),
        })?;
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
