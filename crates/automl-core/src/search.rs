//! The seam between samplers, storage and whatever is being optimised. All values are costs to minimise.

use std::cell::RefCell;
use std::time::Duration;

use crate::error::{SearchError, StoreError, TrialError};
use crate::event::{Event, Observer};
use crate::history::History;
use crate::model::Epoch;
use crate::params::Params;
use crate::seed::Seed;
use crate::space::SearchSpace;
use crate::stop::{StopReason, StopSignal};
use crate::trial::{FoldScore, Information, TrialRecord, TrialState};

/// Proposes configurations.
///
/// # Contract
/// Pure in its arguments: the same history (with its space) and seed give the same configuration in any process.
/// What it returns passes [`SearchSpace::check`]. An empty history is no error.
pub trait Sampler {
    /// Short lower-case name.
    fn name(&self) -> &'static str;

    /// The next configuration to try.
    ///
    /// # Errors
    /// [`SearchError`] when the space cannot be sampled.
    fn suggest(&self, history: &History, seed: Seed) -> Result<Params, SearchError>;

    /// Whether what it proposes depends on seed and space alone, so that nothing is lost by proposing before the trials
    /// that run are finished.
    fn ignores_history(&self) -> bool {
        false
    }
}

/// A running trial as a pruner sees it.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Position in the search.
    pub slot: u32,
    /// What it evaluates.
    pub params: &'a Params,
    /// Its (step, cost) so far, in increasing order of steps, not empty.
    pub steps: &'a [(u32, f64)],
    /// Scores of its finished folds.
    pub folds: &'a [FoldScore],
}

/// Decides whether a trial that cannot catch up is stopped.
///
/// # Contract
/// Pure in its arguments. Only costs at equal steps, or of equal folds, are compared: a step says what a cost was
/// measured on.
pub trait Pruner {
    /// Short lower-case name.
    fn name(&self) -> &'static str;

    /// Asked after every report of a running trial.
    fn should_prune(&self, trial: &Standing<'_>, history: &History) -> bool;
}

/// Decides whether a search has found enough.
///
/// # Contract
/// Pure in its arguments, so that a resumed search ends where an uninterrupted one does.
pub trait Stopper {
    /// The reason to run no more trials, if there is one. Asked before every trial.
    fn enough(&self, history: &History) -> Option<StopReason>;
}

/// What an evaluation costs, one number per objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Costs {
    /// What the search minimises; the first of several objectives.
    pub first: f64,
    /// The second and further objectives.
    pub others: Vec<f64>,
}

impl Costs {
    /// All costs, the first one first.
    pub fn all(&self) -> impl Iterator<Item = f64> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}

impl From<f64> for Costs {
    fn from(first: f64) -> Self {
        Self { first, others: Vec::new() }
    }
}

/// Something with costs that depend on parameters.
pub trait Objective {
    /// The costs of `params`, lower is better.
    ///
    /// # Errors
    /// [`TrialError::Pruned`] (from [`TrialContext::report`]), [`TrialError::TooLong`] or [`TrialError::Failed`]
    /// (recorded, the search goes on), [`TrialError::Stopped`] or [`TrialError::Fatal`].
    fn evaluate(&mut self, params: &Params, trial: &mut TrialContext<'_>) -> Result<Costs, TrialError>;

    /// How many trials like one of `params` are worth evaluating together: fewer leave the machine idle, more take as long
    /// as one after the other.
    fn n_together(&self, _params: &Params) -> usize {
        1
    }

    /// Whether trials of both gain by being evaluated together.
    fn go_together(&self, _one: &Params, _other: &Params) -> bool {
        false
    }

    /// Evaluates trials of configurations that go together; each result, in their order, is what
    /// [`Objective::evaluate`] gives.
    fn evaluate_together(&mut self, trials: &mut [TrialContext<'_>]) -> Vec<Result<Costs, TrialError>> {
        trials.iter_mut().map(|trial| self.evaluate(trial.params, trial)).collect()
    }
}

impl<F, C> Objective for F
where
    F: FnMut(&Params, &mut TrialContext<'_>) -> Result<C, TrialError>,
    C: Into<Costs>,
{
    fn evaluate(&mut self, params: &Params, trial: &mut TrialContext<'_>) -> Result<Costs, TrialError> {
        self(params, trial).map(Into::into)
    }
}

/// What an objective leaves behind besides its cost.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evaluation {
    /// (step, cost) as reported.
    pub steps: Vec<(u32, f64)>,
    /// Scores of finished folds.
    pub folds: Vec<FoldScore>,
    /// (fold, epoch) of every epoch trained.
    pub epochs: Vec<(u32, Epoch)>,
    /// Information criteria, where its models have any.
    pub information: Option<Information>,
}

/// What trials tell while they run, and to whom: one for all that run together.
pub struct Desk<'a>(RefCell<(&'a mut dyn TrialStore, &'a mut dyn Observer)>);

impl<'a> Desk<'a> {
    /// Passes on to both.
    pub fn new(store: &'a mut dyn TrialStore, observer: &'a mut dyn Observer) -> Self {
        Self(RefCell::new((store, observer)))
    }

    fn record_step(&self, number: u32, step: u32, cost: f64) -> Result<(), StoreError> {
        self.0.borrow_mut().0.record_step(number, step, cost)
    }

    fn tell(&self, event: &Event<'_>) {
        self.0.borrow_mut().1.on_event(event);
    }
}

/// A running trial, as its objective sees it.
pub struct TrialContext<'a> {
    /// Number of the trial.
    pub number: u32,
    /// Its configuration.
    pub params: &'a Params,
    /// Position in the search.
    pub slot: u32,
    /// Seed of this trial.
    pub seed: Seed,
    /// Whether an earlier try of this configuration was ended for lack of memory: this one should need less.
    pub is_frugal: bool,
    /// Asked between batches.
    pub stop: &'a StopSignal,
    evaluation: Evaluation,
    pruner: &'a dyn Pruner,
    history: &'a History,
    desk: &'a Desk<'a>,
}

impl<'a> TrialContext<'a> {
    /// Starts a trial that the store of `desk` already knows as running.
    #[expect(clippy::too_many_arguments, reason = "one constructor, called by the study loop alone")]
    pub fn new(
        number: u32,
        params: &'a Params,
        slot: u32,
        seed: Seed,
        is_frugal: bool,
        stop: &'a StopSignal,
        pruner: &'a dyn Pruner,
        history: &'a History,
        desk: &'a Desk<'a>,
    ) -> Self {
        let evaluation = Evaluation::default();
        Self { number, params, slot, seed, is_frugal, stop, evaluation, pruner, history, desk }
    }

    /// Records the cost at `step` (folds done, epochs done …), in increasing order of steps.
    ///
    /// # Errors
    /// [`TrialError::Pruned`] if the trial should end here; [`TrialError::Fatal`] if it could not be stored.
    pub fn report(&mut self, step: u32, cost: f64) -> Result<(), TrialError> {
        self.evaluation.steps.push((step, cost));
        self.desk.record_step(self.number, step, cost)?;
        let Evaluation { steps, folds, .. } = &self.evaluation;
        let standing = Standing { slot: self.slot, params: self.params, steps, folds };
        if self.pruner.should_prune(&standing, self.history) {
            return Err(TrialError::Pruned { step });
        }
        Ok(())
    }

    /// Records a finished fold with its epochs.
    pub fn record_fold(&mut self, score: FoldScore, epochs: Vec<Epoch>) {
        self.desk.tell(&Event::FoldFinished { number: self.number, score: &score });
        self.evaluation.epochs.extend(epochs.into_iter().map(|epoch| (score.fold, epoch)));
        self.evaluation.folds.push(score);
    }

    /// Records the information criteria of the configuration.
    pub fn record_information(&mut self, information: Information) {
        self.evaluation.information = Some(information);
    }

    /// Tells observers of an epoch.
    pub fn epoch(&mut self, fold: u32, epoch: Epoch) {
        self.desk.tell(&Event::EpochFinished { number: self.number, fold, epoch });
    }

    /// What the search knew when the trial began.
    pub fn history(&self) -> &'a History {
        self.history
    }

    /// What was recorded, when the trial is over.
    pub fn into_evaluation(self) -> Evaluation {
        self.evaluation
    }
}

/// How a trial ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialOutcome {
    /// Complete, pruned, failed or lost.
    pub state: TrialState,
    /// Present exactly when complete; finite.
    pub cost: Option<f64>,
    /// Costs of further objectives; empty unless complete; finite.
    pub other_costs: Vec<f64>,
    /// Why it did not complete.
    pub reason: Option<String>,
    /// What it left behind.
    pub evaluation: Evaluation,
    /// Wall-clock seconds.
    pub seconds: f64,
}

/// Which running trials are taken for lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost<'a> {
    /// All of them: nobody else works on the study.
    All,
    /// Those of one worker, which is known to have ended.
    Worker(&'a str),
    /// Those whose last heartbeat (their start, where there is none) is this long ago or longer.
    Silent(Duration),
}

/// Keeps the trials of one study.
///
/// # Contract
/// What `finish` returned from is durable: it survives the end of the process and of the machine. What a running trial
/// has told survives the end of the process; with the machine the trial is lost, and with it what it told. Numbers count from 0 without gaps. A finished trial never
/// changes. A slot has at most one trial that waits, runs or is finished. Several workers may share the trials,
/// each with a store of its own that knows the worker's name. `automl-testkit` has `store_contract!`.
pub trait TrialStore {
    /// All trials in order of number.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    fn trials(&self) -> Result<Vec<TrialRecord>, StoreError>;

    /// The trials numbered in `open` as they are now and all from number `from` on, in order of number: what
    /// somebody lacks who knows the trials below `from` and saw those of `open` waiting or running. It costs in
    /// proportion to what it returns, not to what is stored. Numbers that no trial has are left out.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    fn news(&self, open: &[u32], from: u32) -> Result<Vec<TrialRecord>, StoreError>;

    /// Marks a trial of `slot` as running, by the worker of this store and with a first heartbeat: the waiting one
    /// of that slot where there is one, else a new one. `None`, and nothing is written, when another trial of the
    /// slot runs or is finished: another worker was quicker.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be written.
    fn begin(&mut self, slot: u32, params: &Params, space: &SearchSpace) -> Result<Option<u32>, StoreError>;

    /// Tells that the worker of a running trial is alive.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be written; [`StoreError::NotRunning`] if the trial is not running, for
    /// example because it was taken for lost.
    fn heartbeat(&mut self, number: u32) -> Result<(), StoreError>;

    /// Adds an intermediate cost to a running trial.
    ///
    /// # Errors
    /// As [`TrialStore::heartbeat`].
    fn record_step(&mut self, number: u32, step: u32, cost: f64) -> Result<(), StoreError>;

    /// Ends a running trial, whoever runs it, with everything it left behind, in one transaction. A trial that ends
    /// as lost leaves a waiting trial of the same slot and configuration.
    ///
    /// # Errors
    /// As [`TrialStore::heartbeat`]; also if the outcome contradicts itself or has another number of costs than the
    /// study has objectives.
    fn finish(&mut self, number: u32, outcome: &TrialOutcome) -> Result<TrialRecord, StoreError>;

    /// Ends running trials as lost; their configurations wait again. Returns the lost trials in order of number.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be written.
    fn requeue_lost(&mut self, which: Lost<'_>, reason: &str) -> Result<Vec<TrialRecord>, StoreError>;
}
