//! What a store promises to several workers. Each check gets a store of one objective and a way to name its worker:
//! one store that changes its name stands for many.

use std::thread;
use std::time::{Duration, Instant};

use automl_core::{Lost, TrialState, TrialStore};

use super::{
    bare_outcome, begin, every_kind_of_params, every_kind_of_space, full_outcome, is_not_running, only,
};

/// Longer than any test takes.
const AGES: Duration = Duration::from_secs(86_400);

fn is_taken(store: &mut dyn TrialStore, slot: u32) {
    let before = store.trials().unwrap();
    let begun = store.begin(slot, &every_kind_of_params(), &every_kind_of_space()).unwrap();
    assert_eq!(begun, None, "slot {slot}");
    assert_eq!(store.trials().unwrap(), before, "nothing is written");
}

/// Whatever became of its trial, unless that is lost.
pub fn a_slot_that_is_taken_is_not_begun_again<S: TrialStore>(store: &mut S, name: impl Fn(&mut S, &str)) {
    let ends = [
        full_outcome(0.5),
        bare_outcome(TrialState::Pruned, None),
        bare_outcome(TrialState::Failed, None),
        bare_outcome(TrialState::Lost, None),
    ];
    for (slot, end) in (0..).zip(&ends) {
        name(store, "first");
        let number = begin(store, slot);
        name(store, "second");
        is_taken(store, slot);
        store.finish(number, end).unwrap();
        if end.state == TrialState::Lost {
            assert_eq!(begin(store, slot), number + 1);
        }
        is_taken(store, slot);
    }
}

/// The worker that runs a trial again is named in the new trial, not in the lost one.
pub fn a_trial_keeps_the_name_of_its_worker<S: TrialStore>(store: &mut S, name: impl Fn(&mut S, &str)) {
    begin(store, 0);
    assert_eq!(only(store).worker, None, "nobody said");
    let finished = store.finish(0, &full_outcome(0.5)).unwrap();
    assert_eq!(finished.worker, None);
    name(store, "4711@höst \"a\"");
    let number = begin(store, 1);
    let lost = store.finish(number, &bare_outcome(TrialState::Lost, None)).unwrap();
    assert_eq!(lost.worker.as_deref(), Some("4711@höst \"a\""));
    assert_eq!(store.trials().unwrap()[2].worker, None, "who will run it is not known");
    name(store, "4712@höst");
    begin(store, 1);
    let workers: Vec<Option<String>> =
        store.trials().unwrap().into_iter().map(|trial| trial.worker).collect();
    assert_eq!(workers, [None, lost.worker, Some("4712@höst".to_owned())]);
}

/// Others go on.
pub fn the_trials_of_one_worker_are_lost_with_it<S: TrialStore>(store: &mut S, name: impl Fn(&mut S, &str)) {
    begin(store, 0);
    for (slot, worker) in [(1, "a"), (2, "b"), (3, "a"), (4, "a")] {
        name(store, worker);
        begin(store, slot);
    }
    store.finish(4, &full_outcome(0.5)).unwrap();
    assert!(store.requeue_lost(Lost::Worker("c"), "test").unwrap().is_empty());
    let lost = store.requeue_lost(Lost::Worker("a"), "it was killed").unwrap();
    assert_eq!(lost.iter().map(|trial| (trial.number, trial.slot)).collect::<Vec<_>>(), [(1, 1), (3, 3)]);
    assert!(lost.iter().all(|trial| trial.reason.as_deref() == Some("it was killed")));
    let states: Vec<&str> = store.trials().unwrap().iter().map(|trial| trial.state.name()).collect();
    assert_eq!(states, ["running", "lost", "running", "lost", "complete", "waiting", "waiting"]);
    assert!(store.requeue_lost(Lost::Worker("a"), "test").unwrap().is_empty());
    assert_eq!(store.requeue_lost(Lost::All, "test").unwrap().len(), 2);
}

/// A supervisor ends the trial of a worker that hangs. The trial remains its worker's.
pub fn a_trial_may_be_ended_by_somebody_else<S: TrialStore>(store: &mut S, name: impl Fn(&mut S, &str)) {
    name(store, "worker");
    let number = begin(store, 0);
    name(store, "supervisor");
    store.heartbeat(number).unwrap();
    let trial = store.finish(number, &bare_outcome(TrialState::Failed, None)).unwrap();
    assert_eq!((trial.state, trial.worker.as_deref()), (TrialState::Failed, Some("worker")));
    assert_eq!(only(store), trial);
    is_not_running(store.finish(number, &full_outcome(0.5)), number);
}

/// A heartbeat breaks the silence.
pub fn only_silent_trials_are_lost<S: TrialStore>(store: &mut S, name: impl Fn(&mut S, &str)) {
    const PAUSE: Duration = Duration::from_millis(100);
    name(store, "worker");
    for slot in (0..).step_by(2) {
        let silent = begin(store, slot);
        let heard = begin(store, slot + 1);
        let begun = Instant::now();
        thread::sleep(PAUSE);
        store.heartbeat(heard).unwrap();
        assert!(store.requeue_lost(Lost::Silent(AGES), "test").unwrap().is_empty());
        // The silent one has been so at least since `begun`; the other less, by the pause.
        let asked = Instant::now();
        let lost = store.requeue_lost(Lost::Silent(asked - begun), "nothing was heard").unwrap();
        let lost: Vec<u32> = lost.iter().map(|trial| trial.number).collect();
        // On a machine that stood still meanwhile, both were silent long enough: that says nothing.
        if asked.elapsed() < PAUSE / 2 {
            assert_eq!(lost, [silent]);
            break;
        }
        store.requeue_lost(Lost::All, "test").unwrap();
    }
    let n_lost = store.requeue_lost(Lost::Silent(Duration::ZERO), "test").unwrap().len();
    assert_eq!(n_lost, 1, "any silence is one of no length at least");
}

/// Whatever it still wants to tell.
pub fn a_lost_trial_is_over_for_its_worker<S: TrialStore>(store: &mut S, name: impl Fn(&mut S, &str)) {
    name(store, "worker");
    let number = begin(store, 0);
    store.requeue_lost(Lost::Silent(Duration::ZERO), "nothing was heard").unwrap();
    name(store, "another");
    let again = begin(store, 0);
    is_not_running(store.heartbeat(number), number);
    is_not_running(store.record_step(number, 1, 0.5), number);
    is_not_running(store.finish(number, &full_outcome(0.5)), number);
    is_not_running(store.heartbeat(7), 7);
    store.heartbeat(again).unwrap();
    let trial = store.finish(again, &full_outcome(0.5)).unwrap();
    is_not_running(store.heartbeat(again), again);
    assert_eq!(store.trials().unwrap()[1], trial);
    assert!(store.trials().unwrap()[0].steps.is_empty());
}
