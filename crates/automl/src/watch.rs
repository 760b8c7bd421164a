//! What goes on in a study that others work on, told as events.

use std::collections::BTreeSet;

use automl_core::{Event, Observer, SearchSpace, StoreError, TrialRecord, TrialState, TrialStore};
use automl_search::Progress;

/// The trials of a study as of the last look.
pub(crate) struct Watch {
    pub(crate) progress: Progress,
    /// Numbers of trials whose beginning was told.
    begun: BTreeSet<u32>,
}

impl Watch {
    pub(crate) fn new(space: SearchSpace) -> Self {
        Self { progress: Progress::new(space), begun: BTreeSet::new() }
    }

    /// The trials that a worker is running.
    pub(crate) fn running_of(&self, worker: &str) -> Vec<TrialRecord> {
        let running = self.progress.history().running().iter();
        running.filter(|trial| trial.worker.as_deref() == Some(worker)).cloned().collect()
    }

    /// Reads what changed and tells it.
    pub(crate) fn look(
        &mut self,
        store: &mut dyn TrialStore,
        observer: &mut dyn Observer,
    ) -> Result<(), StoreError> {
        for trial in self.progress.refresh(store)? {
            if trial.state != TrialState::Waiting && self.begun.insert(trial.number) {
                observer.on_event(&Event::TrialStarted { number: trial.number, params: &trial.params });
            }
            if !matches!(trial.state, TrialState::Waiting | TrialState::Running) {
                let best = TrialRecord::best(self.progress.history().trials());
                observer.on_event(&Event::TrialFinished { trial: &trial, best });
            }
        }
        Ok(())
    }
}
