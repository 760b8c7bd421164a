//! What becomes of trials whose process ends before they do.

use automl_core::{Lost, TrialState, TrialStore};

use super::{bare_outcome, begin, every_kind_of_params, full_outcome, in_state, is_not_running};

/// The lost trial stays as it was, a new one waits.
pub fn a_lost_trial_waits_again_in_its_slot(store: &mut dyn TrialStore) {
    let number = begin(store, 7);
    store.record_step(number, 1, 0.5).unwrap();
    let lost = store.finish(number, &bare_outcome(TrialState::Lost, None)).unwrap();
    let trials = store.trials().unwrap();
    assert_eq!(trials.len(), 2);
    assert_eq!(trials[0], lost);
    assert_eq!((lost.state, lost.reason.as_deref()), (TrialState::Lost, Some("it was lost")));
    let waiting = &trials[1];
    assert_eq!((waiting.number, waiting.slot, waiting.state), (1, 7, TrialState::Waiting));
    assert_eq!(waiting.params, every_kind_of_params());
    assert!(waiting.steps.is_empty() && waiting.folds.is_empty());
    assert_eq!((waiting.reason.as_deref(), waiting.cost, waiting.seconds), (None, None, 0.0));
    is_not_running(store.record_step(1, 1, 0.5), 1);
}

/// Other slots get new trials.
pub fn beginning_a_slot_takes_its_waiting_trial(store: &mut dyn TrialStore) {
    let number = begin(store, 7);
    store.finish(number, &bare_outcome(TrialState::Lost, None)).unwrap();
    assert_eq!(begin(store, 8), 2);
    assert_eq!(begin(store, 7), 1);
    let running = in_state(store, TrialState::Running);
    let pairs: Vec<(u32, u32)> = running.iter().map(|trial| (trial.number, trial.slot)).collect();
    assert_eq!(pairs, [(1, 7), (2, 8)]);
    assert!(running.iter().all(|trial| trial.params == every_kind_of_params()));
}

/// After a crash.
pub fn every_running_trial_is_requeued(store: &mut dyn TrialStore) {
    for slot in 0..3 {
        begin(store, slot);
    }
    store.finish(1, &full_outcome(0.5)).unwrap();
    let lost = store.requeue_lost(Lost::All, "the machine went down").unwrap();
    assert_eq!(lost.iter().map(|trial| trial.number).collect::<Vec<_>>(), [0, 2]);
    assert!(lost.iter().all(|trial| trial.reason.as_deref() == Some("the machine went down")));
    assert_eq!(lost, in_state(store, TrialState::Lost));
    let waiting = in_state(store, TrialState::Waiting);
    assert_eq!(waiting.iter().map(|trial| (trial.number, trial.slot)).collect::<Vec<_>>(), [(3, 0), (4, 2)]);
    assert!(store.requeue_lost(Lost::All, "again").unwrap().is_empty());
    assert_eq!(store.trials().unwrap().len(), 5);
}

/// Each loss adds one trial.
pub fn a_trial_may_be_lost_again_and_again(store: &mut dyn TrialStore) {
    for loss in 0..4 {
        assert_eq!(begin(store, 5), loss);
        store.finish(loss, &bare_outcome(TrialState::Lost, None)).unwrap();
    }
    assert_eq!(begin(store, 5), 4);
    let trial = store.finish(4, &full_outcome(0.5)).unwrap();
    assert_eq!((trial.slot, trial.state), (5, TrialState::Complete));
    assert_eq!(in_state(store, TrialState::Lost).len(), 4);
    assert!(in_state(store, TrialState::Waiting).is_empty());
}
