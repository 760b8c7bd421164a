//! A store in memory, for tests of everything that only needs some store.

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

    fn add(&mut self, slot: u32, params: &Params, state: TrialState) -> u32 {
        let number = self.trials.len() as u32;
        self.trials.push(TrialRecord {
            number,
            slot,
            state,
            params: params.clone(),
            cost: None,
            steps: Vec::new(),
            folds: Vec::new(),
            reason: None,
            started_secs: if state == TrialState::Running { now_secs() } else { 0.0 },
            seconds: 0.0,
        });
        number
    }
}

impl TrialStore for MemoryStore {
    fn trials(&self) -> Result<Vec<TrialRecord>, StoreError> {
        Ok(self.trials.clone())
    }

    fn begin(&mut self, slot: u32, params: &Params, _space: &SearchSpace) -> Result<u32, StoreError> {
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
        let Evaluation { steps, folds, .. } = outcome.evaluation.clone();
        trial.state = outcome.state;
        trial.cost = outcome.cost;
        trial.reason.clone_from(&outcome.reason);
        trial.steps = steps;
        trial.folds = folds;
        trial.seconds = outcome.seconds;
        let record = trial.clone();
        if record.state == TrialState::Lost {
            self.add(record.slot, &record.params, TrialState::Waiting);
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
            self.add(trial.slot, &trial.params, TrialState::Waiting);
        }
        Ok(lost)
    }
}

fn now_secs() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_trial_waits_in_its_slot_and_is_begun_again() {
        let (space, params) = (SearchSpace::default(), Params::new().with("a", 1.0));
        let mut store = MemoryStore::new();
        assert_eq!(store.begin(4, &params, &space).unwrap(), 0);
        assert_eq!(store.requeue_lost("gone").unwrap()[0].state, TrialState::Lost);
        assert!(store.requeue_lost("gone").unwrap().is_empty());
        assert_eq!(store.begin(4, &params, &space).unwrap(), 1);
        let states: Vec<TrialState> = store.trials().unwrap().iter().map(|trial| trial.state).collect();
        assert_eq!(states, [TrialState::Lost, TrialState::Running]);
    }

    #[test]
    fn a_finished_trial_cannot_be_changed() {
        let mut store = MemoryStore::new();
        let number = store.begin(0, &Params::new(), &SearchSpace::default()).unwrap();
        let outcome = TrialOutcome {
            state: TrialState::Complete,
            cost: Some(1.0),
            reason: None,
            evaluation: Evaluation::default(),
            seconds: 0.0,
        };
        store.finish(number, &outcome).unwrap();
        assert!(store.finish(number, &outcome).is_err());
        assert!(store.record_step(number, 1, 1.0).is_err());
        assert!(store.record_step(7, 1, 1.0).is_err());
    }
}
