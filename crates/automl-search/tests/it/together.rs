//! Trials that go together: which, in which slots, and that nothing else changes.

use automl_core::{
    Costs, Domain, Objective, ParamSpec, Params, SearchSpace, Seed, StopReason, StopSignal, TrialContext,
    TrialError, TrialRecord, TrialState, TrialStore,
};
use automl_search::{MedianPruner, RandomSampler, SearchPlan, SearchSummary, TpeSampler, run_search};
use automl_testkit::memory_store::MemoryStore;

/// Costs the value of `x`; trials of one `family` go together, as many as `most`.
struct Batches {
    most: usize,
    /// Slots of the trials that were evaluated together.
    seen: Vec<Vec<u32>>,
    /// A slot whose trial is asked to stop when it runs with others.
    stopped: Option<u32>,
}

impl Batches {
    fn of(most: usize) -> Self {
        Self { most, seen: Vec::new(), stopped: None }
    }

    fn cost(&self, trial: &mut TrialContext<'_>, is_alone: bool) -> Result<Costs, TrialError> {
        if self.stopped == Some(trial.slot) && !is_alone {
            return Err(TrialError::Stopped(StopReason::TimeUp));
        }
        let x = trial.params.float("x").unwrap();
        // The seed has its part in the cost, so that a trial in another slot is seen.
        let cost = x + (trial.seed.value() % 1000) as f64 / 1e6;
        trial.report(1, cost)?;
        Ok(cost.into())
    }
}

impl Objective for Batches {
    fn evaluate(&mut self, _: &Params, trial: &mut TrialContext<'_>) -> Result<Costs, TrialError> {
        self.seen.push(vec![trial.slot]);
        self.cost(trial, true)
    }

    fn n_together(&self, _: &Params) -> usize {
        self.most
    }

    fn go_together(&self, one: &Params, other: &Params) -> bool {
        one.get("family") == other.get("family")
    }

    fn evaluate_together(&mut self, trials: &mut [TrialContext<'_>]) -> Vec<Result<Costs, TrialError>> {
        self.seen.push(trials.iter().map(|trial| trial.slot).collect());
        trials.iter_mut().map(|trial| self.cost(trial, false)).collect()
    }
}

fn params(family: &str, x: f64) -> Params {
    Params::new().with("family", family).with("x", x)
}

fn space(families: &[&str]) -> SearchSpace {
    SearchSpace::new(vec![
        ParamSpec::new("family", Domain::choice(families)),
        ParamSpec::new("x", Domain::float(0.0, 1.0)),
    ])
    .unwrap()
}

fn search(
    families: &[&str],
    initial: &[Params],
    n_trials: usize,
    store: &mut MemoryStore,
    objective: &mut Batches,
) -> SearchSummary {
    let plan = SearchPlan {
        space: &space(families),
        initial,
        sampler: &RandomSampler,
        // Looks at finished trials alone, so it prunes nothing before there are some.
        pruner: &MedianPruner { n_startup_trials: 100, n_warmup_steps: 0 },
        seed: Seed(3),
        stoppers: &[],
        is_shared: false,
        n_trials: Some(n_trials),
        stop: &StopSignal::never(),
    };
    run_search(&plan, store, objective, &mut ()).unwrap()
}

fn initial() -> Vec<Params> {
    vec![params("a", 0.1), params("b", 0.2), params("a", 0.3), params("a", 0.4), params("b", 0.5)]
}

#[test]
fn initial_configurations_that_go_together_begin_together() {
    let (mut store, mut objective) = (MemoryStore::new(), Batches::of(2));
    search(&["a", "b"], &initial(), 5, &mut store, &mut objective);
    assert_eq!(objective.seen, [vec![0, 1], vec![2, 3], vec![4]]);
    let tried: Vec<Params> = store.trials().unwrap().into_iter().map(|trial| trial.params).collect();
    let expected = [params("a", 0.1), params("a", 0.3), params("b", 0.2), params("b", 0.5), params("a", 0.4)];
    assert_eq!(tried, expected);
}

#[test]
fn together_never_begins_more_trials_than_are_wanted() {
    let (mut store, mut objective) = (MemoryStore::new(), Batches::of(9));
    let summary = search(&["a"], &[], 5, &mut store, &mut objective);
    assert_eq!(objective.seen, [vec![0, 1, 2, 3, 4]]);
    assert_eq!(summary.n_complete, 5);
}

/// A trial without what a clock says.
fn timeless(trial: TrialRecord) -> TrialRecord {
    TrialRecord { started_secs: 0.0, seconds: 0.0, ..trial }
}

#[test]
fn a_random_search_finds_the_same_together_and_one_by_one() {
    let run = |most| {
        let (mut store, mut objective) = (MemoryStore::new(), Batches::of(most));
        search(&["a"], &[], 20, &mut store, &mut objective);
        (store.trials().unwrap().into_iter().map(timeless).collect::<Vec<_>>(), objective.seen.len())
    };
    let ((one_by_one, n_alone), (together, n_batches)) = (run(1), run(6));
    assert_eq!((n_alone, n_batches), (20, 4));
    assert_eq!(together, one_by_one);
}

#[test]
fn a_sampler_that_learns_is_not_asked_before_the_trials_are_done() {
    let (mut store, mut objective) = (MemoryStore::new(), Batches::of(4));
    let plan = SearchPlan {
        space: &space(&["a"]),
        initial: &[params("a", 0.1), params("a", 0.2)],
        sampler: &TpeSampler::default(),
        pruner: &MedianPruner { n_startup_trials: 100, n_warmup_steps: 0 },
        seed: Seed(3),
        stoppers: &[],
        is_shared: false,
        n_trials: Some(4),
        stop: &StopSignal::never(),
    };
    run_search(&plan, &mut store, &mut objective, &mut ()).unwrap();
    assert_eq!(objective.seen, [vec![0, 1], vec![2], vec![3]]);
}

#[test]
fn trials_that_were_cut_off_run_again_alone() {
    let mut store = MemoryStore::new();
    let mut objective = Batches { stopped: Some(1), ..Batches::of(3) };
    let stopped = search(&["a", "b"], &initial(), 5, &mut store, &mut objective);
    assert_eq!(stopped.stopped, Some(StopReason::TimeUp));
    assert_eq!(stopped.n_complete, 2, "the others are stored");
    let states: Vec<TrialState> = store.trials().unwrap().iter().map(|trial| trial.state).collect();
    let expected = [TrialState::Complete, TrialState::Lost, TrialState::Complete, TrialState::Waiting];
    assert_eq!(states, expected);
    let resumed = search(&["a", "b"], &initial(), 5, &mut store, &mut objective);
    assert_eq!(objective.seen, [vec![0, 1, 2], vec![1], vec![3, 4]]);
    assert_eq!((resumed.n_complete, resumed.stopped), (5, None));
}
