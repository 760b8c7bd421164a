//! What every [`TrialStore`] must do: `store_contract!` makes a test of each function here and in [`workers`].

#![expect(clippy::unwrap_used, reason = "a check that fails must panic")]

mod fixtures;
mod lost;
mod news;
pub mod workers;

pub use fixtures::{bare_outcome, every_kind_of_params, every_kind_of_space, full_outcome};
pub use lost::*;
pub use news::*;

use automl_core::{Lost, Params, StoreError, TrialOutcome, TrialRecord, TrialState, TrialStore};

/// Checks a store: `store_contract!(fresh)`, where `fresh(n_objectives)` gives a pair of a guard that is kept
/// until the end of the test (a temporary folder, or `()`) and an empty store, which also has a method
/// `set_worker(&mut self, name: &str)`.
#[macro_export]
macro_rules! store_contract {
    ($fresh:expr) => {
        $crate::store_contract!(
            @one $fresh;
            numbers_count_from_zero_without_gaps
            a_begun_trial_runs_with_its_configuration
            a_configuration_outside_its_space_is_refused
            steps_are_kept_in_order
            non_finite_steps_come_back
            a_complete_trial_keeps_everything
            steps_that_were_not_recorded_one_by_one_are_kept_too
            pruned_and_failed_trials_keep_their_reason
            a_finished_trial_never_changes
            an_unknown_trial_is_no_running_trial
            outcomes_that_contradict_themselves_are_refused
            a_lost_trial_waits_again_in_its_slot
            beginning_a_slot_takes_its_waiting_trial
            every_running_trial_is_requeued
            a_trial_may_be_lost_again_and_again
            trials_do_not_mix
            news_are_what_was_asked_for
            news_of_a_running_trial_show_how_far_it_is
        );
        $crate::store_contract!(
            @workers $fresh;
            a_slot_that_is_taken_is_not_begun_again
            a_trial_keeps_the_name_of_its_worker
            the_trials_of_one_worker_are_lost_with_it
            a_trial_may_be_ended_by_somebody_else
            only_silent_trials_are_lost
            a_lost_trial_is_over_for_its_worker
        );
        #[test]
        fn every_cost_of_several_objectives_is_kept() {
            let (_guard, mut store) = ($fresh)(3);
            $crate::store::every_cost_of_several_objectives_is_kept(&mut store);
        }
    };
    (@one $fresh:expr; $($check:ident)+) => {
        $(
            #[test]
            fn $check() {
                let (_guard, mut store) = ($fresh)(1);
                $crate::store::$check(&mut store);
            }
        )+
    };
    (@workers $fresh:expr; $($check:ident)+) => {
        $(
            #[test]
            fn $check() {
                let (_guard, mut store) = ($fresh)(1);
                $crate::store::workers::$check(&mut store, |store, name| store.set_worker(name));
            }
        )+
    };
}

fn begin(store: &mut dyn TrialStore, slot: u32) -> u32 {
    store.begin(slot, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap()
}

fn only(store: &dyn TrialStore) -> TrialRecord {
    let mut trials = store.trials().unwrap();
    assert_eq!(trials.len(), 1);
    trials.remove(0)
}

fn in_state(store: &dyn TrialStore, state: TrialState) -> Vec<TrialRecord> {
    store.trials().unwrap().into_iter().filter(|trial| trial.state == state).collect()
}

fn is_not_running<T: std::fmt::Debug>(result: Result<T, StoreError>, number: u32) {
    match result {
        Err(StoreError::NotRunning { number: told, .. }) => assert_eq!(told, number),
        other => panic!("wanted `NotRunning`, got {other:?}"),
    }
}

/// Numbers are rows, slots are positions in the search.
pub fn numbers_count_from_zero_without_gaps(store: &mut dyn TrialStore) {
    assert!(store.trials().unwrap().is_empty());
    for number in 0..5 {
        assert_eq!(begin(store, 10 - number), number);
    }
    let pairs: Vec<(u32, u32)> =
        store.trials().unwrap().iter().map(|trial| (trial.number, trial.slot)).collect();
    assert_eq!(pairs, [(0, 10), (1, 9), (2, 8), (3, 7), (4, 6)]);
}

/// Every kind of value comes back with its type and its last bit.
pub fn a_begun_trial_runs_with_its_configuration(store: &mut dyn TrialStore) {
    begin(store, 3);
    let trial = only(store);
    assert_eq!((trial.number, trial.slot, trial.state), (0, 3, TrialState::Running));
    assert_eq!(trial.params, every_kind_of_params());
    assert_eq!((trial.cost, trial.reason, trial.seconds), (None, None, 0.0));
    assert!(trial.steps.is_empty() && trial.folds.is_empty());
    // 2020 to 2100: a clock in the right unit.
    assert!((1.577e9..4.1e9).contains(&trial.started_secs), "started at {}", trial.started_secs);
}

/// A refused configuration leaves no trial behind.
pub fn a_configuration_outside_its_space_is_refused(store: &mut dyn TrialStore) {
    let outside = every_kind_of_params().with("depth", 5_i64);
    assert!(store.begin(0, &outside, &every_kind_of_space()).is_err());
    assert!(store.begin(0, &Params::new(), &every_kind_of_space()).is_err());
    assert!(store.trials().unwrap().is_empty());
}

/// A running trial shows its steps.
pub fn steps_are_kept_in_order(store: &mut dyn TrialStore) {
    let number = begin(store, 0);
    for step in 1..=12 {
        store.record_step(number, step, f64::from(step) / 3.0).unwrap();
    }
    let wanted: Vec<(u32, f64)> = (1..=12).map(|step| (step, f64::from(step) / 3.0)).collect();
    assert_eq!(only(store).steps, wanted);
}

/// A trial may diverge before it ends.
pub fn non_finite_steps_come_back(store: &mut dyn TrialStore) {
    let number = begin(store, 0);
    store.record_step(number, 1, f64::INFINITY).unwrap();
    store.record_step(number, 2, f64::NEG_INFINITY).unwrap();
    store.record_step(number, 3, f64::NAN).unwrap();
    let steps = only(store).steps;
    assert_eq!(steps[..2], [(1, f64::INFINITY), (2, f64::NEG_INFINITY)]);
    assert!(steps[2].0 == 3 && steps[2].1.is_nan());
}

/// What `finish` returns is what is read later.
pub fn a_complete_trial_keeps_everything(store: &mut dyn TrialStore) {
    let number = begin(store, 4);
    let outcome = full_outcome(0.3);
    for &(step, cost) in &outcome.evaluation.steps {
        store.record_step(number, step, cost).unwrap();
    }
    let finished = store.finish(number, &outcome).unwrap();
    let read = only(store);
    assert_eq!(finished, read);
    assert_eq!((read.state, read.slot, read.cost), (TrialState::Complete, 4, Some(0.3)));
    assert_eq!(read.steps, outcome.evaluation.steps);
    assert_eq!(read.folds, outcome.evaluation.folds);
    assert_eq!(read.params, every_kind_of_params());
    assert_eq!((read.reason, read.seconds), (None, 12.125));
}

/// The evaluation is the whole truth.
pub fn steps_that_were_not_recorded_one_by_one_are_kept_too(store: &mut dyn TrialStore) {
    let number = begin(store, 0);
    let outcome = full_outcome(0.3);
    store.finish(number, &outcome).unwrap();
    assert_eq!(only(store).steps, outcome.evaluation.steps);
}

/// The search learns from them, people read why.
pub fn pruned_and_failed_trials_keep_their_reason(store: &mut dyn TrialStore) {
    for (slot, state) in [(0, TrialState::Pruned), (1, TrialState::Failed)] {
        let number = begin(store, slot);
        let mut outcome = bare_outcome(state, None);
        outcome.evaluation.steps = vec![(1, 0.9)];
        let trial = store.finish(number, &outcome).unwrap();
        assert_eq!((trial.state, trial.cost), (state, None));
        assert_eq!(trial.reason, Some(format!("it was {}", state.name())));
        assert_eq!(trial.steps, [(1, 0.9)]);
        assert_eq!(store.trials().unwrap()[number as usize], trial);
    }
}

/// Not by a step, not by a second end, not by a resume.
pub fn a_finished_trial_never_changes(store: &mut dyn TrialStore) {
    for (slot, state) in [(0, TrialState::Complete), (1, TrialState::Pruned), (2, TrialState::Failed)] {
        let number = begin(store, slot);
        let cost = (state == TrialState::Complete).then_some(0.5);
        let trial = store.finish(number, &bare_outcome(state, cost)).unwrap();
        is_not_running(store.record_step(number, 9, 0.0), number);
        is_not_running(store.finish(number, &full_outcome(0.1)), number);
        assert!(store.requeue_lost(Lost::All, "test").unwrap().is_empty());
        assert_eq!(store.trials().unwrap()[number as usize], trial);
    }
}

/// Nothing is made up.
pub fn an_unknown_trial_is_no_running_trial(store: &mut dyn TrialStore) {
    begin(store, 0);
    is_not_running(store.record_step(1, 1, 0.5), 1);
    is_not_running(store.finish(1, &full_outcome(0.1)), 1);
    assert_eq!(store.trials().unwrap().len(), 1);
}

/// A refused outcome leaves the trial running.
pub fn outcomes_that_contradict_themselves_are_refused(store: &mut dyn TrialStore) {
    let number = begin(store, 0);
    let wrong = [
        bare_outcome(TrialState::Complete, None),
        bare_outcome(TrialState::Complete, Some(f64::NAN)),
        bare_outcome(TrialState::Complete, Some(f64::INFINITY)),
        bare_outcome(TrialState::Pruned, Some(0.5)),
        bare_outcome(TrialState::Failed, Some(0.5)),
        TrialOutcome { other_costs: vec![0.5], ..bare_outcome(TrialState::Complete, Some(0.5)) },
        TrialOutcome { other_costs: vec![0.5], ..bare_outcome(TrialState::Pruned, None) },
        bare_outcome(TrialState::Running, None),
        bare_outcome(TrialState::Waiting, None),
    ];
    for outcome in wrong {
        assert!(store.finish(number, &outcome).is_err(), "{outcome:?}");
        assert_eq!(only(store).state, TrialState::Running);
    }
    store.finish(number, &full_outcome(0.5)).unwrap();
}

/// Two that run at once.
pub fn trials_do_not_mix(store: &mut dyn TrialStore) {
    let space = every_kind_of_space();
    let other_params = every_kind_of_params().with("depth", 1_i64);
    let first = begin(store, 0);
    let second = store.begin(1, &other_params, &space).unwrap().unwrap();
    store.record_step(first, 1, 1.0).unwrap();
    store.record_step(second, 1, 2.0).unwrap();
    let second_record = store.finish(second, &full_outcome(2.0)).unwrap();
    let first_record = store.finish(first, &bare_outcome(TrialState::Complete, Some(1.0))).unwrap();
    assert_eq!((first_record.steps.as_slice(), first_record.folds.len()), ([(1, 1.0)].as_slice(), 0));
    assert_eq!((second_record.cost, second_record.folds.len()), (Some(2.0), 2));
    assert_eq!(second_record.params, other_params);
    assert_eq!(store.trials().unwrap(), [first_record, second_record]);
}

/// As many as there are objectives (here three), all of them finite; in their order.
pub fn every_cost_of_several_objectives_is_kept(store: &mut dyn TrialStore) {
    let costs = |cost, other_costs: &[f64]| {
        let other_costs = other_costs.to_vec();
        TrialOutcome { other_costs, ..bare_outcome(TrialState::Complete, cost) }
    };
    let number = begin(store, 0);
    let wrong = [
        costs(Some(0.5), &[]),
        costs(Some(0.5), &[1.0]),
        costs(Some(0.5), &[1.0, 2.0, 3.0]),
        costs(Some(0.5), &[1.0, f64::NAN]),
        costs(Some(0.5), &[f64::INFINITY, 1.0]),
        costs(None, &[1.0, 2.0]),
    ];
    for outcome in wrong {
        assert!(store.finish(number, &outcome).is_err(), "{outcome:?}");
        assert_eq!(only(store).state, TrialState::Running);
    }
    let trial = store.finish(number, &costs(Some(0.5), &[-2.0, 3.0])).unwrap();
    assert_eq!((trial.costs(), only(store)), (vec![0.5, -2.0, 3.0], trial.clone()));
    // A trial that does not complete has none.
    for (slot, state) in [(1, TrialState::Pruned), (2, TrialState::Failed), (3, TrialState::Lost)] {
        let number = begin(store, slot);
        let mut outcome = bare_outcome(state, None);
        outcome.evaluation.steps = vec![(1, 0.5)];
        let trial = store.finish(number, &outcome).unwrap();
        assert_eq!((trial.costs(), trial.steps.as_slice()), (vec![], &[(1, 0.5)][..]));
        assert_eq!(store.trials().unwrap()[number as usize], trial);
    }
}
