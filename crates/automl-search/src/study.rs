//! The loop around sampler, objective and store.
//!
//! A search is a row of *slots* 0, 1, 2 … Each is filled by one finished trial: the initial configurations
//! first, then what the sampler proposes from the finished slots. A trial that was interrupted leaves its
//! configuration waiting for the same slot, and seeds come from the slot; so a search of one worker that was
//! stopped any number of times ends with the same trials as one that was not.
//!
//! Where an objective evaluates trials together in less time than one after the other, those that wait in the queue
//! begin together: the initial configurations, and what a sampler that ignores the history would propose next.
//!
//! Any number of workers may run this loop on one store. They meet nowhere else: before a trial each reads what
//! the others have finished and are running, and the store gives a slot to one of them only.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use automl_core::{
    Costs, Desk, Evaluation, Event, Objective, Observer, Params, Pruner, Purpose, Sampler, SearchError,
    SearchSpace, Seed, StopReason, StopSignal, Stopper, StoreError, TrialContext, TrialError, TrialOutcome,
    TrialRecord, TrialState, TrialStore,
};

use crate::error::{Origin, RunError};
use crate::progress::Progress;

/// Draws after which a repeated configuration is accepted: the space may have no other.
const UNSEEN_DRAWS: u64 = 16;

/// How often a worker that has nothing to run looks whether another one's trial was lost.
const IDLE: Duration = Duration::from_millis(200);

/// What to search, how, and for how long.
pub struct SearchPlan<'a> {
    /// What can be chosen.
    pub space: &'a SearchSpace,
    /// Configurations tried before the sampler is asked.
    pub initial: &'a [Params],
    /// Proposes the rest.
    pub sampler: &'a dyn Sampler,
    /// Stops hopeless trials.
    pub pruner: &'a dyn Pruner,
    /// Stop the search when it has found enough.
    pub stoppers: &'a [&'a dyn Stopper],
    /// Seed of the study.
    pub seed: Seed,
    /// Finished trials wanted in all, those of earlier runs included; `None` lets `stop` alone end the search.
    pub n_trials: Option<usize>,
    /// Deadline and interrupt, asked before every trial and, by the objective, within it.
    pub stop: &'a StopSignal,
    /// Whether other workers may be at work on the store. If not, trials found running are taken for lost.
    pub is_shared: bool,
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
/// A panic of the objective is not caught; the trial stays running in the store and is lost on the next run.
///
/// # Errors
/// [`RunError::Configuration`] before any trial if an initial configuration does not fit the space;
/// [`RunError::Store`] if the store fails; [`RunError::Suggest`] if the sampler does; [`RunError::Fatal`]
/// if the objective does. A trial that fails or is pruned is a result, not an error.
pub fn run_search(
    plan: &SearchPlan<'_>,
    store: &mut dyn TrialStore,
    objective: &mut dyn Objective,
    observer: &mut dyn Observer,
) -> Result<SearchSummary, RunError> {
    check_initial(plan)?;
    let n_lost = if plan.is_shared { 0 } else { requeue_all(store)? };
    let mut progress = Progress::new(plan.space.clone());
    progress.refresh(store)?;
    announce(progress.history().len(), plan.n_trials, n_lost, plan.stop, observer);
    let stopped = loop {
        if let ControlFlow::Break(stopped) = go_on(plan, &progress) {
            break stopped;
        }
        if !has_room(plan, &progress) {
            std::thread::sleep(IDLE);
            progress.refresh(store)?;
            continue;
        }
        let slot = progress.next_slot();
        let params = match configuration(plan, &progress, slot) {
            Err(RunError::Suggest { source: SearchError::Exhausted { .. }, .. }) => break None,
            params => params?,
        };
        let begun = begin(plan, &progress, (slot, params), store, objective)?;
        // Another worker was quicker: what it runs is known after a look at the store.
        if begun.is_empty() {
            progress.refresh(store)?;
            continue;
        }
        let stopped = run_trials(plan, &mut progress, &begun, store, objective, observer)?;
        if stopped.is_some() {
            break stopped;
        }
        progress.refresh(store)?;
    };
    observer.on_event(&Event::SearchFinished { stopped });
    Ok(summary(&progress, stopped))
}

fn requeue_all(store: &mut dyn TrialStore) -> Result<usize, StoreError> {
    Ok(store.requeue_lost(automl_core::Lost::All, "its process ended before it did")?.len())
}

/// Breaks when the search is over, with the reason if that is not that all wanted trials are done.
fn go_on(plan: &SearchPlan<'_>, progress: &Progress) -> ControlFlow<Option<StopReason>> {
    if plan.n_trials.is_some_and(|wanted| progress.history().len() >= wanted) {
        return ControlFlow::Break(None);
    }
    let enough = || plan.stoppers.iter().find_map(|stopper| stopper.enough(progress.history()));
    match plan.stop.check().or_else(enough) {
        Some(reason) => ControlFlow::Break(Some(reason)),
        None => ControlFlow::Continue(()),
    }
}

/// Whether one trial more may begin: those that others run count too, for they will be finished.
fn has_room(plan: &SearchPlan<'_>, progress: &Progress) -> bool {
    plan.n_trials.is_none_or(|wanted| progress.n_begun() < wanted)
}

fn check_initial(plan: &SearchPlan<'_>) -> Result<(), RunError> {
    for (params, slot) in plan.initial.iter().zip(0..) {
        let wrong = |source| RunError::Configuration { slot, origin: Origin::Initial, source };
        plan.space.check(params).map_err(wrong)?;
    }
    Ok(())
}

/// Tells observers that a search begins or goes on: `n_done` trials are finished, `n_lost` were cut off.
pub fn announce(
    n_done: usize,
    n_trials: Option<usize>,
    n_lost: usize,
    stop: &StopSignal,
    observer: &mut dyn Observer,
) {
    observer.on_event(&Event::SearchStarted { n_done, n_trials, budget: stop.time_left() });
    if n_lost > 0 {
        let trials = if n_lost == 1 { "trial was" } else { "trials were" };
        let message = format!("{n_lost} {trials} cut off in an earlier run and will run again");
        observer.on_event(&Event::Warning { message: &message });
    }
    if let Some(wanted) = n_trials.filter(|wanted| n_done >= *wanted && n_done > 0) {
        let message = format!("{n_done} trials are already done and {wanted} are wanted, so none is run");
        observer.on_event(&Event::Warning { message: &message });
    }
}

/// What to try in `slot`: what waits for it, else an initial configuration that nobody tried, else the sampler's
/// proposal.
fn configuration(plan: &SearchPlan<'_>, progress: &Progress, slot: u32) -> Result<Params, RunError> {
    let untried = || plan.initial.iter().find(|params| !progress.is_known(params));
    let (params, origin) = if let Some(params) = progress.waiting(slot) {
        (params.clone(), Origin::Waiting)
    } else if let Some(params) = untried() {
        (params.clone(), Origin::Initial)
    } else {
        let sampler = plan.sampler.name();
        let suggested = suggest_unseen(plan, progress, &[], slot);
        let params = suggested.map_err(|source| RunError::Suggest { sampler, slot, source })?;
        (params, Origin::Sampler(sampler))
    };
    let wrong = |source| RunError::Configuration { slot, origin, source };
    plan.space.check(&params).map_err(wrong)?;
    Ok(params)
}

/// A proposal that no finished or running trial had, nor any of `begun`, if a few draws find one: a family without
/// hyper-parameters, or a small grid, would otherwise be evaluated again and again.
fn suggest_unseen(
    plan: &SearchPlan<'_>,
    progress: &Progress,
    begun: &[Begun],
    slot: u32,
) -> Result<Params, SearchError> {
    let seed = plan.seed.trial(slot).purpose(Purpose::Sample);
    let mut params = plan.sampler.suggest(progress.history(), seed)?;
    for draw in 1..UNSEEN_DRAWS {
        if !is_tried(progress, begun, &params) {
            break;
        }
        params = plan.sampler.suggest(progress.history(), seed.step(draw))?;
    }
    Ok(params)
}

fn is_tried(progress: &Progress, begun: &[Begun], params: &Params) -> bool {
    progress.is_known(params) || begun.iter().any(|trial| trial.params == *params)
}

/// A trial that the store knows as running.
struct Begun {
    number: u32,
    slot: u32,
    params: Params,
}

/// Begins a trial and those that gain by being run with it, in the slots after its own; none if another worker was
/// quicker.
fn begin(
    plan: &SearchPlan<'_>,
    progress: &Progress,
    (first, params): (u32, Params),
    store: &mut dyn TrialStore,
    objective: &dyn Objective,
) -> Result<Vec<Begun>, RunError> {
    // One that was cut off runs alone: it may be what ended its worker, and would take the others with it.
    let is_second_try = progress.waiting(first).is_some();
    let most = if is_second_try { 1 } else { objective.n_together(&params) };
    let mut begun: Vec<Begun> = Vec::new();
    let mut next = Some(params);
    for slot in first.. {
        let Some(params) = next else { break };
        let Some(number) = store.begin(slot, &params, plan.space)? else { break };
        begun.push(Begun { number, slot, params });
        let n_begun = progress.n_begun() + begun.len();
        let has_room = begun.len() < most && plan.n_trials.is_none_or(|wanted| n_begun < wanted);
        next = if has_room { companion(plan, progress, &begun, slot + 1, objective) } else { None };
    }
    Ok(begun)
}

/// What may run with `begun` in `slot`, if that is free.
fn companion(
    plan: &SearchPlan<'_>,
    progress: &Progress,
    begun: &[Begun],
    slot: u32,
    objective: &dyn Objective,
) -> Option<Params> {
    if !progress.is_free(slot) {
        return None;
    }
    let goes = |params: &Params| objective.go_together(&begun[0].params, params);
    let mut untried = plan.initial.iter().filter(|params| !is_tried(progress, begun, params)).peekable();
    if untried.peek().is_some() {
        return untried.find(|params| goes(params)).cloned();
    }
    if !plan.sampler.ignores_history() {
        return None;
    }
    // That nothing is left to propose is found out when the slot's turn comes.
    suggest_unseen(plan, progress, begun, slot).ok().filter(goes)
}

/// Runs trials to their ends, together; returns the reason when the search should end with them.
fn run_trials(
    plan: &SearchPlan<'_>,
    progress: &mut Progress,
    begun: &[Begun],
    store: &mut dyn TrialStore,
    objective: &mut dyn Objective,
    observer: &mut dyn Observer,
) -> Result<Option<StopReason>, RunError> {
    for Begun { number, params, .. } in begun {
        observer.on_event(&Event::TrialStarted { number: *number, params });
    }
    let started = Instant::now();
    let desk = Desk::new(&mut *store, &mut *observer);
    let mut trials: Vec<TrialContext<'_>> = Vec::with_capacity(begun.len());
    for Begun { number, slot, params } in begun {
        trials.push(TrialContext::new(
            *number,
            params,
            *slot,
            plan.seed.trial(*slot),
            progress.ran_out_of_memory(*slot),
            plan.stop,
            plan.pruner,
            progress.history(),
            &desk,
        ));
    }
    let results = match trials.as_mut_slice() {
        [trial] => vec![objective.evaluate(trial.params, trial)],
        trials => objective.evaluate_together(trials),
    };
    let evaluations: Vec<Evaluation> = trials.into_iter().map(TrialContext::into_evaluation).collect();
    let seconds = started.elapsed().as_secs_f64();
    // All are stored, even if the search cannot go on after one of them.
    let mut ends = Vec::with_capacity(begun.len());
    for ((trial, result), evaluation) in begun.iter().zip(results).zip(evaluations) {
        ends.push(conclude(plan, progress, trial.number, result, (evaluation, seconds), store, observer));
    }
    Ok(ends.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().next())
}

/// Stores how a trial ended; returns the reason when the search should end with it.
fn conclude(
    plan: &SearchPlan<'_>,
    progress: &mut Progress,
    number: u32,
    result: Result<Costs, TrialError>,
    (evaluation, seconds): (Evaluation, f64),
    store: &mut dyn TrialStore,
    observer: &mut dyn Observer,
) -> Result<Option<StopReason>, RunError> {
    let (state, costs, reason) = judge(&result);
    let (cost, other_costs) = costs.map_or((None, Vec::new()), |costs| (Some(costs.first), costs.others));
    let outcome = TrialOutcome { state, cost, other_costs, reason, evaluation, seconds };
    let finished = store.finish(number, &outcome);
    let stopped = match result {
        // The objective's error is the cause; that the store may have failed too is its consequence.
        Err(TrialError::Fatal(source)) => return Err(RunError::Fatal { number, source }),
        Err(TrialError::Stopped(reason)) => Some(reason),
        _ => None,
    };
    match finished {
        Ok(record) => {
            progress.take(&record);
            let best = TrialRecord::best(progress.history().trials());
            observer.on_event(&Event::TrialFinished { trial: &record, best });
        }
        Err(StoreError::NotRunning { .. }) if plan.is_shared => {
            let message = format!(
                "trial {number} was silent for so long that it was taken for lost; its result is dropped and its \
                configuration runs again"
            );
            observer.on_event(&Event::Warning { message: &message });
        }
        Err(error) => return Err(error.into()),
    }
    Ok(stopped)
}

/// State, costs and reason of a result.
fn judge(result: &Result<Costs, TrialError>) -> (TrialState, Option<Costs>, Option<String>) {
    match result {
        Ok(costs) => match costs.all().find(|cost| !cost.is_finite()) {
            None => (TrialState::Complete, Some(costs.clone()), None),
            Some(cost) => (TrialState::Failed, None, Some(format!("cost is {cost}"))),
        },
        Err(error) => {
            let state = match error {
                TrialError::Pruned { .. } | TrialError::TooLong { .. } => TrialState::Pruned,
                TrialError::Stopped(_)
                | TrialError::TakenOver
                | TrialError::Crowded { .. }
                | TrialError::Fatal(_) => TrialState::Lost,
                _ => TrialState::Failed,
            };
            (state, None, Some(error.to_string()))
        }
    }
}

fn summary(progress: &Progress, stopped: Option<StopReason>) -> SearchSummary {
    let trials = progress.history().trials();
    let count = |state| trials.iter().filter(|trial| trial.state == state).count();
    SearchSummary {
        n_complete: count(TrialState::Complete),
        n_pruned: count(TrialState::Pruned),
        n_failed: count(TrialState::Failed),
        stopped,
        best: TrialRecord::best(trials).cloned(),
    }
}
