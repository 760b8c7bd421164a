//! What a worker knows of a study that others may be changing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use automl_core::trial::OUT_OF_MEMORY;
use automl_core::{History, Lost, Params, SearchSpace, StoreError, TrialRecord, TrialState, TrialStore};

/// A worker that gave no sign of life for so long is taken for dead.
pub const SILENCE: Duration = Duration::from_secs(60);

/// How often silent workers are looked for.
const LOOK: Duration = Duration::from_secs(10);

/// The trials of a study as of the last look at the store.
pub struct Progress {
    history: History,
    /// Configurations that wait for their slot.
    waiting: BTreeMap<u32, Params>,
    /// Slots that have a finished trial.
    finished: BTreeSet<u32>,
    /// Slots of which a trial was ended for lack of memory.
    out_of_memory: BTreeSet<u32>,
    /// Numbers of trials that may still change.
    open: Vec<u32>,
    /// The first number that was not seen yet.
    next_number: u32,
    looked: Instant,
}

impl Progress {
    /// Nothing was looked at yet.
    pub fn new(space: SearchSpace) -> Self {
        Self {
            history: History::new(space),
            waiting: BTreeMap::new(),
            finished: BTreeSet::new(),
            out_of_memory: BTreeSet::new(),
            open: Vec::new(),
            next_number: 0,
            looked: Instant::now(),
        }
    }

    /// Finished trials, one a slot, and those that others are running.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The configuration that waits for `slot`.
    pub fn waiting(&self, slot: u32) -> Option<&Params> {
        self.waiting.get(&slot)
    }

    /// Whether a trial of `slot` was ended for lack of memory.
    pub fn ran_out_of_memory(&self, slot: u32) -> bool {
        self.out_of_memory.contains(&slot)
    }

    /// Reads what changed and returns it: waiting and running trials, and those that ended since the last look, in
    /// order of number. Trials of workers that have been silent for long are put back on the way.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read or written.
    pub fn refresh(&mut self, store: &mut dyn TrialStore) -> Result<Vec<TrialRecord>, StoreError> {
        if self.looked.elapsed() >= LOOK {
            store.requeue_lost(Lost::Silent(SILENCE), "its worker gave no sign of life for a minute")?;
            self.looked = Instant::now();
        }
        let news = store.news(&self.open, self.next_number)?;
        self.open.clear();
        self.waiting.clear();
        let mut running = Vec::new();
        for trial in &news {
            self.next_number = self.next_number.max(trial.number + 1);
            match trial.state {
                TrialState::Waiting => {
                    self.open.push(trial.number);
                    self.waiting.insert(trial.slot, trial.params.clone());
                }
                TrialState::Running => {
                    self.open.push(trial.number);
                    running.push(trial.clone());
                }
                _ => self.take(trial),
            }
        }
        self.history.set_running(running);
        Ok(news)
    }

    /// Notes a trial that ended.
    pub fn take(&mut self, trial: &TrialRecord) {
        if trial.state.is_finished() && self.finished.insert(trial.slot) {
            self.waiting.remove(&trial.slot);
            self.history.insert(trial.clone());
        } else if trial.state == TrialState::Lost
            && trial.reason.as_ref().is_some_and(|reason| reason.starts_with(OUT_OF_MEMORY))
        {
            self.out_of_memory.insert(trial.slot);
        }
    }

    /// The lowest slot that no finished trial has and nobody is running.
    pub fn next_slot(&self) -> u32 {
        let is_running = |slot: u32| self.history.running().iter().any(|trial| trial.slot == slot);
        // Finished slots are in order, so the first gap is where a slot and its place part.
        let gap = self.finished.iter().zip(0..).find(|(slot, place)| **slot != *place);
        let mut slot = gap.map_or(self.finished.len() as u32, |(_, place)| place);
        while self.finished.contains(&slot) || is_running(slot) {
            slot += 1;
        }
        slot
    }

    /// Finished and running trials.
    pub fn n_begun(&self) -> usize {
        self.history.len() + self.history.running().len()
    }

    /// Whether no trial of `slot` waits, runs or is finished.
    pub fn is_free(&self, slot: u32) -> bool {
        let is_running = || self.history.running().iter().any(|trial| trial.slot == slot);
        !self.finished.contains(&slot) && !self.waiting.contains_key(&slot) && !is_running()
    }

    /// Whether a finished or running trial has this configuration.
    pub fn is_known(&self, params: &Params) -> bool {
        self.history.contains(&self.history.row(params))
    }
}
