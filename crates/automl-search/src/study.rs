//! The loop around sampler, objective and store.
//!
//! A search is a row of *slots* 0, 1, 2 … Each is filled by one finished trial: the initial configurations
//! first, then what the sampler proposes from the finished slots. A trial that was interrupted leaves its
//! configuration waiting for the same slot, and seeds come from the slot; so a search that was stopped any
//! number of times ends with the same trials as one that was not.

use std::collections::BTreeMap;
use std::time::Instant;

use automl_core::{
    Costs, Event, History, Lost, Objective, Observer, Params, Pruner, Purpose, Sampler, SearchError,
    SearchSpace, Seed, StopReason, StopSignal, TrialContext, TrialError, TrialOutcome, TrialRecord,
    TrialState, TrialStore,
};

use crate::error::{Origin, RunError};

/// Draws after which a repeated configuration is accepted: the space may have no other.
const UNSEEN_DRAWS: u64 = 16;

/// What to search, how, and for how long.
pub struct SearchPlan<'a> {
    /// What can be chosen.
    pub space: &'a SearchSpace,
    /// Configurations of slots `0..initial.len()`, tried before the sampler is asked.
    pub initial: &'a [Params],
    /// Proposes the rest.
    pub sampler: &'a dyn Sampler,
    /// Stops hopeless trials.
    pub pruner: &'a dyn Pruner,
    /// Seed of the study.
    pub seed: Seed,
    /// Finished trials wanted in all, those of earlier runs included; `None` lets `stop` alone end the search.
    pub n_trials: Option<usize>,
    /// Deadline and interrupt, asked before every trial and, by the objective, within it.
    pub stop: &'a StopSignal,
}

/// How a search stands when [`run_search`] returns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SearchSummary {
    /// Complete trials of the study, those of earlier runs included.
    pub n_complete: usize,
    /// Pruned trials, likewise.
    pub n_pruned: usize,
    /// Failed trials, likewise.
    pub n_failed: usize,
    /// Why it ended before all wanted trials were done, if it did.
    pub stopped: Option<StopReason>,
    /// The complete trial of least cost.
    pub best: Option<TrialRecord>,
}

/// Runs trials until the plan is fulfilled or its stop signal says so.
///
/// No other process may work on the store: trials found running are taken for lost.
/// A panic of the objective is not caught; the trial stays running in the store and is lost on the next run.
///
/// # Errors
/// [`RunError::Configuration`] before any trial if an initial configuration does not fit the space;
/// [`RunError::Taken`] if another process does work on the store; [`RunError::Store`] if the store fails; [`RunError::Suggest`] if the sampler does; [`RunError::Fatal`]
/// if the objective does. A trial that fails or is pruned is a result, not an error.
pub fn run_search(
    plan: &SearchPlan<'_>,
    store: &mut dyn TrialStore,
    objective: &mut dyn Objective,
    observer: &mut dyn Observer,
) -> Result<SearchSummary, RunError> {
    check_initial(plan)?;
    let lost = store.requeue_lost(Lost::All, "its process ended before it did")?;
    let mut progress = Progress::load(plan.space, store)?;
    announce(plan, &progress, lost.len(), observer);
    let stopped = loop {
        if plan.n_trials.is_some_and(|wanted| progress.history.len() >= wanted) {
            break None;
        }
        if let Some(reason) = plan.stop.check() {
            break Some(reason);
        }
        let slot = progress.next_slot();
        let params = configuration(plan, &progress, slot)?;
        let (record, stopped) =
            run_trial(plan, &progress.history, slot, &params, store, objective, observer)?;
        progress.take(&record, observer);
        if stopped.is_some() {
            break stopped;
        }
    };
    observer.on_event(&Event::SearchFinished { stopped });
    Ok(progress.summary(stopped))
}

/// What is done and what waits.
struct Progress {
    /// One finished trial a slot.
    history: History,
    waiting: BTreeMap<u32, Params>,
}

impl Progress {
    fn load(space: &SearchSpace, store: &dyn TrialStore) -> Result<Self, RunError> {
        let mut finished = BTreeMap::new();
        let mut waiting = BTreeMap::new();
        for trial in store.trials()? {
            if trial.state.is_finished() {
                finished.entry(trial.slot).or_insert(trial);
            } else if trial.state == TrialState::Waiting {
                waiting.insert(trial.slot, trial.params);
            }
        }
        Ok(Self { history: History::with_trials(space.clone(), finished.into_values()), waiting })
    }

    /// The lowest slot without a finished trial.
    fn next_slot(&self) -> u32 {
        let gap = self.history.trials().iter().zip(0..).find(|(trial, slot)| trial.slot != *slot);
        gap.map_or(self.history.len() as u32, |(_, slot)| slot)
    }

    fn take(&mut self, record: &TrialRecord, observer: &mut dyn Observer) {
        if record.state.is_finished() {
            self.waiting.remove(&record.slot);
            self.history.insert(record.clone());
        }
        let best = TrialRecord::best(self.history.trials());
        observer.on_event(&Event::TrialFinished { trial: record, best });
    }

    fn summary(&self, stopped: Option<StopReason>) -> SearchSummary {
        let count = |state| self.history.trials().iter().filter(|trial| trial.state == state).count();
        SearchSummary {
            n_complete: count(TrialState::Complete),
            n_pruned: count(TrialState::Pruned),
            n_failed: count(TrialState::Failed),
            stopped,
            best: TrialRecord::best(self.history.trials()).cloned(),
        }
    }
}

fn check_initial(plan: &SearchPlan<'_>) -> Result<(), RunError> {
    for (params, slot) in plan.initial.iter().zip(0..) {
        let wrong = |source| RunError::Configuration { slot, origin: Origin::Initial, source };
        plan.space.check(params).map_err(wrong)?;
    }
    Ok(())
}

fn announce(plan: &SearchPlan<'_>, progress: &Progress, n_lost: usize, observer: &mut dyn Observer) {
    let n_done = progress.history.len();
    let budget = plan.stop.time_left();
    observer.on_event(&Event::SearchStarted { n_done, n_trials: plan.n_trials, budget });
    if n_lost > 0 {
        let trials = if n_lost == 1 { "trial was" } else { "trials were" };
        let message = format!("{n_lost} {trials} cut off in an earlier run and will run again");
        observer.on_event(&Event::Warning { message: &message });
    }
    if let Some(wanted) = plan.n_trials.filter(|wanted| n_done >= *wanted && n_done > 0) {
        let message = format!("{n_done} trials are already done and {wanted} are wanted, so none is run");
        observer.on_event(&Event::Warning { message: &message });
    }
}

/// What to try in `slot`: what waits for it, else the initial configuration, else the sampler's proposal.
fn configuration(plan: &SearchPlan<'_>, progress: &Progress, slot: u32) -> Result<Params, RunError> {
    let (params, origin) = if let Some(params) = progress.waiting.get(&slot) {
        (params.clone(), Origin::Waiting)
    } else if let Some(params) = plan.initial.get(slot as usize) {
        (params.clone(), Origin::Initial)
    } else {
        let sampler = plan.sampler.name();
        let suggested = suggest_unseen(plan, &progress.history, slot);
        let params = suggested.map_err(|source| RunError::Suggest { sampler, slot, source })?;
        (params, Origin::Sampler(sampler))
    };
    let wrong = |source| RunError::Configuration { slot, origin, source };
    plan.space.check(&params).map_err(wrong)?;
    Ok(params)
}

/// A proposal that no finished trial had, if a few draws find one: a family without hyper-parameters, or a small
/// grid, would otherwise be evaluated again and again.
fn suggest_unseen(plan: &SearchPlan<'_>, history: &History, slot: u32) -> Result<Params, SearchError> {
    let seed = plan.seed.trial(slot).purpose(Purpose::Sample);
    let mut params = plan.sampler.suggest(history, seed)?;
    for draw in 1..UNSEEN_DRAWS {
        if !is_known(history, &params) {
            break;
        }
        params = plan.sampler.suggest(history, seed.step(draw))?;
    }
    Ok(params)
}

/// Whether a finished or running trial has this configuration.
fn is_known(history: &History, params: &Params) -> bool {
    let row = history.row(params);
    let same = |column: &[f64], trial: usize, coordinate: f64| {
        column[trial].to_bits() == coordinate.to_bits() || (column[trial].is_nan() && coordinate.is_nan())
    };
    let finished = |trial: usize| (0..row.len()).all(|param| same(history.column(param), trial, row[param]));
    let running =
        |trial: usize| (0..row.len()).all(|param| same(history.running_column(param), trial, row[param]));
    (0..history.len()).any(finished) || (0..history.running().len()).any(running)
}

/// Runs one trial to its end; the second value is the reason when the search should end with it.
fn run_trial(
    plan: &SearchPlan<'_>,
    history: &History,
    slot: u32,
    params: &Params,
    store: &mut dyn TrialStore,
    objective: &mut dyn Objective,
    observer: &mut dyn Observer,
) -> Result<(TrialRecord, Option<StopReason>), RunError> {
    let number = store.begin(slot, params, plan.space)?.ok_or(RunError::Taken { slot })?;
    observer.on_event(&Event::TrialStarted { number, params });
    let started = Instant::now();
    let seed = plan.seed.trial(slot);
    let mut context =
        TrialContext::new(number, slot, seed, plan.stop, plan.pruner, history, &mut *store, &mut *observer);
    let result = objective.evaluate(params, &mut context);
    let evaluation = context.into_evaluation();
    let seconds = started.elapsed().as_secs_f64();
    let (state, costs, reason) = judge(&result);
    let (cost, other_costs) = costs.map_or((None, Vec::new()), |costs| (Some(costs.first), costs.others));
    let outcome = TrialOutcome { state, cost, other_costs, reason, evaluation, seconds };
    let finished = store.finish(number, &outcome);
    match result {
        // The objective's error is the cause; that the store may have failed too is its consequence.
        Err(TrialError::Fatal(source)) => Err(RunError::Fatal { number, source }),
        Err(TrialError::Stopped(reason)) => Ok((finished?, Some(reason))),
        _ => Ok((finished?, None)),
    }
}

/// State, cost and reason of a result.
fn judge(result: &Result<Costs, TrialError>) -> (TrialState, Option<Costs>, Option<String>) {
    match result {
        Ok(costs) => match costs.all().find(|cost| !cost.is_finite()) {
            None => (TrialState::Complete, Some(costs.clone()), None),
            Some(cost) => (TrialState::Failed, None, Some(format!("cost is {cost}"))),
        },
        Err(error) => {
            let state = match error {
                TrialError::Pruned { .. } => TrialState::Pruned,
                TrialError::Stopped(_) | TrialError::Fatal(_) => TrialState::Lost,
                _ => TrialState::Failed,
            };
            (state, None, Some(error.to_string()))
        }
    }
}
