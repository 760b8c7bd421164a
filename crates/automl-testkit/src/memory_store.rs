//! A store in memory, for tests of everything that only needs some store.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use automl_core::{
    Evaluation, Lost, Params, SearchSpace, StoreError, TrialOutcome, TrialRecord, TrialState, TrialStore,
};

/// Keeps the trials of one study in a list. Cloning it is what a crash leaves behind: a copy of the state
/// at that moment, running trials included.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    trials: Vec<TrialRecord>,
    /// The last sign of life of each trial, in seconds since 1970.
    heartbeats: Vec<f64>,
    worker: Option<String>,
}

impl MemoryStore {
    /// A study without trials.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the worker whose trials begin from now on.
    pub fn set_worker(&mut self, name: impl Into<String>) {
        self.worker = Some(name.into());
    }

    /// The trials with times set to 0, so that two runs can be compared.
    pub fn timeless(&self) -> Vec<TrialRecord> {
        let timeless = |trial: &TrialRecord| TrialRecord { started_secs: 0.0, seconds: 0.0, ..trial.clone() };
        self.trials.iter().map(timeless).collect()
    }

    fn running(&mut self, number: u32) -> Result<&mut TrialRecord, StoreError> {
        let not_running = |state: &str| StoreError::NotRunning { number, state: state.to_owned() };
        let trial = self.trials.get_mut(number as usize).ok_or_else(|| not_running("unknown"))?;
        if trial.state != TrialState::Running {
            return Err(not_running(trial.state.name()));
        }
        Ok(trial)
    }

    fn wait(&mut self, lost: &TrialRecord) {
        let waits = |trial: &TrialRecord| trial.slot == lost.slot && trial.state == TrialState::Waiting;
        if !self.trials.iter().any(waits) {
            self.add(lost.slot, &lost.params, TrialState::Waiting);
        }
    }

    fn add(&mut self, slot: u32, params: &Params, state: TrialState) -> u32 {
        let number = self.trials.len() as u32;
        let started_secs = if state == TrialState::Running { now_secs() } else { 0.0 };
        self.trials.push(TrialRecord {
            number,
            started_secs,
            worker: self.worker.clone().filter(|_| state == TrialState::Running),
            ..TrialRecord::new(slot, state, params.clone())
        });
        self.heartbeats.push(started_secs);
        number
    }
}

impl TrialStore for MemoryStore {
    fn trials(&self) -> Result<Vec<TrialRecord>, StoreError> {
        Ok(self.trials.clone())
    }

    fn news(&self, open: &[u32], from: u32) -> Result<Vec<TrialRecord>, StoreError> {
        let is_news = |trial: &&TrialRecord| trial.number >= from || open.contains(&trial.number);
        Ok(self.trials.iter().filter(is_news).cloned().collect())
    }

    fn begin(&mut self, slot: u32, params: &Params, space: &SearchSpace) -> Result<Option<u32>, StoreError> {
        space.check(params).map_err(|error| refused(format!("begin a trial of slot {slot}"), &error))?;
        let is_taken = |trial: &TrialRecord| {
            trial.slot == slot && (trial.state == TrialState::Running || trial.state.is_finished())
        };
        if self.trials.iter().any(is_taken) {
            return Ok(None);
        }
        let waits = |trial: &&mut TrialRecord| trial.slot == slot && trial.state == TrialState::Waiting;
        if let Some(trial) = self.trials.iter_mut().find(waits) {
            trial.state = TrialState::Running;
            trial.started_secs = now_secs();
            trial.params = params.clone();
            trial.worker.clone_from(&self.worker);
            self.heartbeats[trial.number as usize] = trial.started_secs;
            return Ok(Some(trial.number));
        }
        Ok(Some(self.add(slot, params, TrialState::Running)))
    }

    fn record_step(&mut self, number: u32, step: u32, cost: f64) -> Result<(), StoreError> {
        self.running(number)?.steps.push((step, cost));
        Ok(())
    }

    fn heartbeat(&mut self, number: u32) -> Result<(), StoreError> {
        self.running(number)?;
        self.heartbeats[number as usize] = now_secs();
        Ok(())
    }

    fn finish(&mut self, number: u32, outcome: &TrialOutcome) -> Result<TrialRecord, StoreError> {
        let trial = self.running(number)?;
        if !is_consistent(outcome) {
            let reason = format!("it is {} with cost {:?}", outcome.state.name(), outcome.cost);
            return Err(refused(format!("finish trial {number}"), &reason));
        }
        let Evaluation { steps, folds, .. } = outcome.evaluation.clone();
        trial.state = outcome.state;
        trial.cost = outcome.cost;
        trial.other_costs.clone_from(&outcome.other_costs);
        trial.reason.clone_from(&outcome.reason);
        // Steps that were recorded one by one stay, even where the evaluation does not repeat them.
        let told: BTreeMap<u32, f64> = trial.steps.drain(..).chain(steps).collect();
        trial.steps = told.into_iter().collect();
        trial.folds = folds;
        trial.seconds = outcome.seconds;
        let record = trial.clone();
        if record.state == TrialState::Lost {
            self.wait(&record);
        }
        Ok(record)
    }

    fn requeue_lost(&mut self, which: Lost<'_>, reason: &str) -> Result<Vec<TrialRecord>, StoreError> {
        let now = now_secs();
        let mut lost = Vec::new();
        for (trial, heartbeat) in self.trials.iter_mut().zip(&self.heartbeats) {
            let is_meant = match which {
                Lost::All => true,
                Lost::Worker(name) => trial.worker.as_deref() == Some(name),
                Lost::Silent(silence) => now - heartbeat > silence.as_secs_f64(),
            };
            if trial.state == TrialState::Running && is_meant {
                trial.state = TrialState::Lost;
                trial.reason = Some(reason.to_owned());
                lost.push(trial.clone());
            }
        }
        for trial in &lost {
            self.wait(trial);
        }
        Ok(lost)
    }
}

fn is_consistent(outcome: &TrialOutcome) -> bool {
    match outcome.state {
        TrialState::Complete => outcome.cost.is_some_and(f64::is_finite),
        TrialState::Pruned | TrialState::Failed | TrialState::Lost => outcome.cost.is_none(),
        TrialState::Running | TrialState::Waiting => false,
    }
}

fn refused(action: String, reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::Database { action, path: "memory".into(), reason: reason.to_string() }
}

fn now_secs() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::store_contract!(|| ((), MemoryStore::new()));

    #[test]
    fn a_copy_is_the_state_at_that_moment() {
        let mut store = MemoryStore::new();
        store.begin(0, &Params::new(), &SearchSpace::default()).unwrap();
        let mut copy = store.clone();
        copy.requeue_lost(Lost::All, "gone").unwrap();
        let states = |store: &MemoryStore| store.trials.iter().map(|trial| trial.state).collect::<Vec<_>>();
        assert_eq!(states(&store), [TrialState::Running]);
        assert_eq!(states(&copy), [TrialState::Lost, TrialState::Waiting]);
    }
}
