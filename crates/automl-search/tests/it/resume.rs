//! A search that is stopped or killed any number of times equals one that is not.

use automl_core::{
    Params, Purpose, Sampler, Seed, StopReason, StopSignal, TrialContext, TrialError, TrialRecord,
};
use automl_search::{MedianPruner, RandomSampler, RunError, SearchPlan, TpeSampler, run_search};
use automl_testkit::memory_store::MemoryStore;
use proptest::prelude::*;

use crate::problems::mixed_conditional;

const N_TRIALS: usize = 30;

/// How a run is cut short.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// The objective sees the stop signal.
    Stopped,
    /// The objective fails for good.
    Fatal,
    /// The process dies: the store is left as it was at that moment.
    Killed,
}

/// Costs over three folds, with noise from the trial's seed; some trials fail, some are pruned.
fn evaluate(
    params: &Params,
    trial: &mut TrialContext<'_>,
    end: Option<(u32, Cut)>,
) -> Result<f64, TrialError> {
    let cost = (mixed_conditional().cost)(params);
    if trial.seed.value().is_multiple_of(9) {
        return Err(TrialError::Failed { reason: "unlucky".to_owned() });
    }
    let mut sum = 0.0;
    for fold in 0..3 {
        match end {
            Some((at, Cut::Stopped)) if at == fold => return Err(TrialError::Stopped(StopReason::TimeUp)),
            Some((at, _)) if at == fold => return Err(TrialError::Fatal("cut".into())),
            _ => {}
        }
        let noise = trial.seed.fold(fold).purpose(Purpose::Data).value() % 1000;
        sum += cost + noise as f64 * 1e-4;
        trial.report(fold + 1, sum / f64::from(fold + 1))?;
    }
    Ok(sum / 3.0)
}

/// Runs with `cuts` of (trials begun, fold, kind), resuming after each, and returns the finished trials.
fn search(sampler: &dyn Sampler, cuts: &[(usize, u32, Cut)]) -> Vec<TrialRecord> {
    let problem = mixed_conditional();
    let plan = SearchPlan {
        space: &problem.space,
        initial: std::slice::from_ref(&problem.optimum.0),
        sampler,
        pruner: &MedianPruner::default(),
        stoppers: &[],
        is_shared: false,
        seed: Seed(3),
        n_trials: Some(N_TRIALS),
        stop: &StopSignal::never(),
    };
    let mut store = MemoryStore::new();
    for &(n_before, fold, cut) in cuts {
        let mut n_begun = 0;
        let mut objective = |params: &Params, trial: &mut TrialContext<'_>| {
            n_begun += 1;
            evaluate(params, trial, (n_begun > n_before).then_some((fold, cut)))
        };
        let mut killed = None;
        let result = match cut {
            Cut::Killed => {
                let mut mortal = Mortal { store: &mut store, corpse: &mut killed };
                run_search(&plan, &mut mortal, &mut objective, &mut ())
            }
            _ => run_search(&plan, &mut store, &mut objective, &mut ()),
        };
        assert!(result.is_ok() || matches!(result, Err(RunError::Fatal { .. })), "{result:?}");
        store = killed.unwrap_or(store);
    }
    let mut objective = |params: &Params, trial: &mut TrialContext<'_>| evaluate(params, trial, None);
    run_search(&plan, &mut store, &mut objective, &mut ()).unwrap();
    let mut finished: Vec<TrialRecord> =
        store.timeless().into_iter().filter(|trial| trial.state.is_finished()).collect();
    finished.sort_by_key(|trial| trial.slot);
    // Only the row numbers may tell that there was an interruption.
    for trial in &mut finished {
        trial.number = 0;
    }
    finished
}

/// Keeps a copy of the store from before a trial was recorded as lost: what a killed process leaves.
struct Mortal<'a> {
    store: &'a mut MemoryStore,
    corpse: &'a mut Option<MemoryStore>,
}

impl automl_core::TrialStore for Mortal<'_> {
    fn trials(&self) -> Result<Vec<TrialRecord>, automl_core::StoreError> {
        self.store.trials()
    }

    fn begin(
        &mut self,
        slot: u32,
        params: &Params,
        space: &automl_core::SearchSpace,
    ) -> Result<Option<u32>, automl_core::StoreError> {
        self.store.begin(slot, params, space)
    }

    fn record_step(&mut self, number: u32, step: u32, cost: f64) -> Result<(), automl_core::StoreError> {
        self.store.record_step(number, step, cost)
    }

    fn finish(
        &mut self,
        number: u32,
        outcome: &automl_core::TrialOutcome,
    ) -> Result<TrialRecord, automl_core::StoreError> {
        if outcome.state == automl_core::TrialState::Lost {
            *self.corpse = Some(self.store.clone());
        }
        self.store.finish(number, outcome)
    }

    fn news(&self, open: &[u32], from: u32) -> Result<Vec<TrialRecord>, automl_core::StoreError> {
        self.store.news(open, from)
    }

    fn heartbeat(&mut self, number: u32) -> Result<(), automl_core::StoreError> {
        self.store.heartbeat(number)
    }

    fn requeue_lost(
        &mut self,
        which: automl_core::Lost<'_>,
        reason: &str,
    ) -> Result<Vec<TrialRecord>, automl_core::StoreError> {
        self.store.requeue_lost(which, reason)
    }
}

fn cuts() -> impl Strategy<Value = Vec<(usize, u32, Cut)>> {
    let kind = prop_oneof![Just(Cut::Stopped), Just(Cut::Fatal), Just(Cut::Killed)];
    prop::collection::vec((0..12_usize, 0..3_u32, kind), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn resumed_search_equals_uninterrupted_search_with_tpe(cuts in cuts()) {
        let sampler = TpeSampler::default();
        prop_assert_eq!(search(&sampler, &cuts), search(&sampler, &[]));
    }

    #[test]
    fn resumed_search_equals_uninterrupted_search_with_random(cuts in cuts()) {
        prop_assert_eq!(search(&RandomSampler, &cuts), search(&RandomSampler, &[]));
    }
}

#[test]
fn the_uninterrupted_search_has_all_kinds_of_trials() {
    use automl_core::TrialState::{Complete, Failed, Pruned};
    let trials = search(&TpeSampler::default(), &[]);
    assert_eq!(trials.len(), N_TRIALS);
    for state in [Complete, Pruned, Failed] {
        assert!(trials.iter().any(|trial| trial.state == state), "no {state:?}");
    }
}
