//! The loop: slots, states, limits, errors and events.

use automl_core::{
    Domain, Event, Objective, ParamSpec, Params, SearchSpace, Seed, StopReason, StopSignal, TrialContext,
    TrialError, TrialRecord, TrialState, TrialStore,
};
use automl_search::{MedianPruner, RandomSampler, RunError, SearchPlan, SearchSummary, run_search};
use automl_testkit::memory_store::MemoryStore;

fn space() -> SearchSpace {
    SearchSpace::new(vec![ParamSpec::new("a", Domain::float(0.0, 1.0))]).unwrap()
}

struct Fixture {
    space: SearchSpace,
    initial: Vec<Params>,
    stop: StopSignal,
    store: MemoryStore,
    events: Vec<String>,
}

impl Fixture {
    fn new() -> Self {
        let stop = StopSignal::never();
        Self { space: space(), initial: Vec::new(), stop, store: MemoryStore::new(), events: Vec::new() }
    }

    fn run(&mut self, n_trials: usize, objective: &mut dyn Objective) -> Result<SearchSummary, RunError> {
        let plan = SearchPlan {
            space: &self.space,
            initial: &self.initial,
            sampler: &RandomSampler,
            pruner: &MedianPruner { n_startup_trials: 1, n_warmup_steps: 0 },
            seed: Seed(7),
            n_trials: Some(n_trials),
            stop: &self.stop,
        };
        let events = &mut self.events;
        let mut observer = |event: &Event<'_>| events.push(line(event));
        run_search(&plan, &mut self.store, objective, &mut observer)
    }

    fn trials(&self) -> Vec<TrialRecord> {
        self.store.trials().unwrap()
    }
}

fn line(event: &Event<'_>) -> String {
    match event {
        Event::SearchStarted { n_done, n_trials, .. } => {
            format!("started: {n_done} done, {n_trials:?} wanted")
        }
        Event::TrialStarted { number, .. } => format!("trial {number} started"),
        Event::TrialFinished { trial, best } => {
            let best = best.map(|best| best.number);
            format!("trial {} {} ({:?}), best {best:?}", trial.number, trial.state.name(), trial.reason)
        }
        Event::Warning { message } => format!("warning: {message}"),
        Event::SearchFinished { stopped } => format!("finished: {stopped:?}"),
        other => format!("{other:?}"),
    }
}

/// Every way for a trial to end, by slot.
fn mixed_fortunes(_: &Params, trial: &mut TrialContext<'_>) -> Result<f64, TrialError> {
    match trial.slot {
        1 => Err(TrialError::Failed { reason: "the loss is NaN".to_owned() }),
        2 => Ok(f64::NAN),
        3 => {
            trial.report(1, 99.0)?;
            Ok(99.0)
        }
        slot => {
            trial.report(1, f64::from(slot))?;
            Ok(f64::from(10 - slot))
        }
    }
}

#[test]
fn every_way_to_end_a_trial_is_recorded_and_told() {
    let mut fixture = Fixture::new();
    let summary = fixture.run(5, &mut mixed_fortunes).unwrap();
    assert_eq!((summary.n_complete, summary.n_pruned, summary.n_failed), (2, 1, 2));
    assert_eq!(summary.best.unwrap().slot, 4);
    insta::assert_snapshot!(fixture.events.join("\n"), @r#"
    started: 0 done, Some(5) wanted
    trial 0 started
    trial 0 complete (None), best Some(0)
    trial 1 started
    trial 1 failed (Some("the loss is NaN")), best Some(0)
    trial 2 started
    trial 2 failed (Some("cost is NaN")), best Some(0)
    trial 3 started
    trial 3 pruned (Some("pruned after step 1")), best Some(0)
    trial 4 started
    trial 4 complete (None), best Some(4)
    finished: None
    "#);
}

#[test]
fn a_study_that_is_done_does_nothing_more_and_says_so() {
    let mut fixture = Fixture::new();
    fixture.run(3, &mut |_: &Params, _: &mut TrialContext<'_>| Ok(1.0)).unwrap();
    fixture.events.clear();
    let before = fixture.trials();
    let summary = fixture.run(3, &mut |_: &Params, _: &mut TrialContext<'_>| Ok(0.0)).unwrap();
    assert_eq!(summary.n_complete, 3);
    assert_eq!(fixture.trials(), before);
    insta::assert_snapshot!(fixture.events.join("\n"), @r"
    started: 3 done, Some(3) wanted
    warning: 3 trials are already done and 3 are wanted, so none is run
    finished: None
    ");
}

#[test]
fn initial_configurations_fill_the_first_slots_duplicates_included() {
    let mut fixture = Fixture::new();
    let params = Params::new().with("a", 0.5);
    fixture.initial = vec![params.clone(), params.clone()];
    fixture.run(3, &mut |_: &Params, _: &mut TrialContext<'_>| Ok(1.0)).unwrap();
    let tried: Vec<bool> = fixture.trials().iter().map(|trial| trial.params == params).collect();
    assert_eq!(tried, [true, true, false]);
}

#[test]
fn an_initial_configuration_outside_the_space_ends_the_search_before_any_trial() {
    let mut fixture = Fixture::new();
    fixture.initial = vec![Params::new().with("a", 0.5), Params::new().with("a", 1.5)];
    let error = fixture.run(3, &mut mixed_fortunes).unwrap_err();
    insta::assert_snapshot!(error, @"the configuration for trial slot 1 (an initial configuration) does not fit the search space: `a` is 1.5, outside 0 to 1");
    assert!(fixture.trials().is_empty() && fixture.events.is_empty());
}

#[test]
fn a_stop_signal_before_the_first_trial_runs_none() {
    let mut fixture = Fixture::new();
    fixture.stop.interrupt();
    let summary = fixture.run(3, &mut mixed_fortunes).unwrap();
    assert_eq!(summary.stopped, Some(StopReason::Interrupted));
    assert!(fixture.trials().is_empty());
}

#[test]
fn a_stopped_trial_waits_with_its_configuration() {
    let mut fixture = Fixture::new();
    let mut stop_in_slot_1 = |_: &Params, trial: &mut TrialContext<'_>| {
        if trial.slot == 1 { Err(TrialError::Stopped(StopReason::TimeUp)) } else { Ok(1.0) }
    };
    let summary = fixture.run(3, &mut stop_in_slot_1).unwrap();
    assert_eq!(summary.stopped, Some(StopReason::TimeUp));
    let trials = fixture.trials();
    let states: Vec<TrialState> = trials.iter().map(|trial| trial.state).collect();
    assert_eq!(states, [TrialState::Complete, TrialState::Lost, TrialState::Waiting]);
    assert_eq!(trials[1].params, trials[2].params);
}

#[test]
fn a_fatal_error_ends_the_search_and_its_trial_waits() {
    let mut fixture = Fixture::new();
    let mut fatal = |_: &Params, _: &mut TrialContext<'_>| -> Result<f64, TrialError> {
        Err(TrialError::Fatal("the disk is full".into()))
    };
    let error = fixture.run(3, &mut fatal).unwrap_err();
    insta::assert_snapshot!(error, @"trial 0 met an error that ends the search: the disk is full");
    let states: Vec<TrialState> = fixture.trials().iter().map(|trial| trial.state).collect();
    assert_eq!(states, [TrialState::Lost, TrialState::Waiting]);
}

#[test]
fn a_configuration_that_waits_is_refused_after_a_change_of_the_space() {
    let mut fixture = Fixture::new();
    let old_space = SearchSpace::new(vec![ParamSpec::new("b", Domain::float(0.0, 1.0))]).unwrap();
    fixture.store.begin(0, &Params::new().with("b", 1.0), &old_space).unwrap();
    let error = fixture.run(1, &mut mixed_fortunes).unwrap_err();
    insta::assert_snapshot!(error, @"the configuration for trial slot 0 (left over from an earlier run) does not fit the search space: parameter `a` has no value");
    insta::assert_snapshot!(automl_core::Hint::hints(&error).join("\n"), @"the search space has changed since that run: start a new study");
}

#[test]
fn a_gap_among_the_slots_is_filled_first() {
    let mut fixture = Fixture::new();
    fixture.run(3, &mut |_: &Params, _: &mut TrialContext<'_>| Ok(1.0)).unwrap();
    let mut gapped = MemoryStore::new();
    let outcome = |cost| automl_core::TrialOutcome {
        state: TrialState::Complete,
        cost: Some(cost),
        other_costs: Vec::new(),
        reason: None,
        evaluation: automl_core::Evaluation::default(),
        seconds: 0.0,
    };
    for slot in [0, 2] {
        let number =
            gapped.begin(slot, &fixture.trials()[slot as usize].params, &fixture.space).unwrap().unwrap();
        gapped.finish(number, &outcome(1.0)).unwrap();
    }
    fixture.store = gapped;
    let mut slots = Vec::new();
    fixture
        .run(4, &mut |_: &Params, trial: &mut TrialContext<'_>| {
            slots.push((
                trial.slot,
                trial.history().trials().iter().map(|trial| trial.slot).collect::<Vec<_>>(),
            ));
            Ok(1.0)
        })
        .unwrap();
    assert_eq!(slots, [(1, vec![0, 2]), (3, vec![0, 1, 2])]);
}

#[test]
fn nothing_is_repeated_while_something_is_untried() {
    let mut fixture = Fixture::new();
    fixture.space = SearchSpace::new(vec![ParamSpec::new("a", Domain::choice(&["x", "y", "z"]))]).unwrap();
    fixture.run(5, &mut |_: &Params, _: &mut TrialContext<'_>| Ok(0.0)).unwrap();
    let tried: Vec<String> = fixture.trials().iter().map(|trial| trial.params.to_string()).collect();
    let mut first: Vec<String> = tried[..3].to_vec();
    first.sort();
    assert_eq!(first, ["a=x", "a=y", "a=z"]);
    assert_eq!(tried.len(), 5, "an exhausted space goes on");
}
