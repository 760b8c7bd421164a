//! A store in memory, for tests of everything that only needs some store.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use automl_core::{
    Evaluation, Params, SearchSpace, StoreError, TrialOutcome, TrialRecord, TrialState, TrialStore,
};

/// Keeps the trials of one study in a list. Cloning it is what a crash leaves behind: a copy of the state
/// at that moment, running trials included.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    trials: Vec<TrialRecord>,
}

impl MemoryStore {
    /// A study without trials.
    pub fn new() -> Self {
        Self::default()
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
            ..TrialRecord::new(slot, state, params.clone())
        });
        number
    }
}

impl TrialStore for MemoryStore {
    fn trials(&self) -> Result<Vec<TrialRecord>, StoreError> {
        Ok(self.trials.clone())
    }

    fn begin(&mut self, slot: u32, params: &Params, space: &SearchSpace) -> Result<u32, StoreError> {
        space.check(params).map_err(|error| refused(format!("begin a trial of slot {slot}"), &error))?;
        let waits = |trial: &&mut TrialRecord| trial.slot == slot && trial.state == TrialState::Waiting;
        if let Some(trial) = self.trials.iter_mut().find(waits) {
            trial.state = TrialState::Running;
            trial.started_secs = now_secs();
            return Ok(trial.number);
        }
        Ok(self.add(slot, params, TrialState::Running))
    }

    fn record_step(&mut self, number: u32, step: u32, cost: f64) -> Result<(), StoreError> {
        self.running(number)?.steps.push((step, cost));
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

    fn requeue_lost(&mut self, reason: &str) -> Result<Vec<TrialRecord>, StoreError> {
        let is_running = |trial: &&mut TrialRecord| trial.state == TrialState::Running;
        let mut lost = Vec::new();
        for trial in self.trials.iter_mut().filter(is_running) {
            trial.state = TrialState::Lost;
            trial.reason = Some(reason.to_owned());
            lost.push(trial.clone());
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
        copy.requeue_lost("gone").unwrap();
        let states = |store: &MemoryStore| store.trials.iter().map(|trial| trial.state).collect::<Vec<_>>();
        assert_eq!(states(&store), [TrialState::Running]);
        assert_eq!(states(&copy), [TrialState::Lost, TrialState::Waiting]);
    }
}
