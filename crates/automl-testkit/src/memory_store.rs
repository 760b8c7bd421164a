//! A store in memory, for tests of everything that only needs some store.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use automl_core::{
    Evaluation, Lost, Params, SearchSpace, StoreError, TrialOutcome, TrialRecord, TrialState, TrialStore,
};

/// Keeps the trials of one study in a list. Cloning it is what a crash leaves behind: a copy of the state
/// at that moment, running trials included.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    trials: Vec<TrialRecord>,
    /// Time of the last heartbeat by number of the trial.
    heartbeats: BTreeMap<u32, SystemTime>,
    worker: Option<String>,
    /// How many costs a complete trial has; any number where nobody said.
    n_objectives: Option<usize>,
}

impl MemoryStore {
    /// A study without trials.
    pub fn new() -> Self {
        Self::default()
    }

    /// A study without trials that refuses complete trials with another number of costs.
    pub fn with_objectives(n_objectives: usize) -> Self {
        Self { n_objectives: Some(n_objectives), ..Self::default() }
    }

    /// Names the worker whose trials begin from now on.
    pub fn set_worker(&mut self, name: &str) {
        self.worker = Some(name.to_owned());
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

    /// Lets the configuration of a lost trial wait, unless another trial holds its slot.
    fn wait(&mut self, lost: &TrialRecord) {
        let holds = |trial: &TrialRecord| trial.slot == lost.slot && trial.state != TrialState::Lost;
        if !self.trials.iter().any(holds) {
            self.add(lost.slot, &lost.params);
        }
    }

    /// Adds a waiting trial; its number is its place.
    fn add(&mut self, slot: u32, params: &Params) -> usize {
        let place = self.trials.len();
        let trial = TrialRecord::new(slot, TrialState::Waiting, params.clone());
        self.trials.push(TrialRecord { number: place as u32, ..trial });
        place
    }

    fn is_lost(&self, trial: &TrialRecord, which: Lost<'_>) -> bool {
        let silence = || {
            let beat = self.heartbeats.get(&trial.number);
            beat.and_then(|beat| beat.elapsed().ok()).unwrap_or(Duration::ZERO)
        };
        match which {
            _ if trial.state != TrialState::Running => false,
            Lost::All => true,
            Lost::Worker(name) => trial.worker.as_deref() == Some(name),
            Lost::Silent(at_least) => silence() >= at_least,
        }
    }
}

impl TrialStore for MemoryStore {
    fn trials(&self) -> Result<Vec<TrialRecord>, StoreError> {
        Ok(self.trials.clone())
    }

    fn news(&self, open: &[u32], from: u32) -> Result<Vec<TrialRecord>, StoreError> {
        let mut numbers: Vec<u32> = open.iter().copied().filter(|number| *number < from).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let known = numbers.iter().filter_map(|number| self.trials.get(*number as usize));
        Ok(known.chain(self.trials.iter().skip(from as usize)).cloned().collect())
    }

    fn begin(&mut self, slot: u32, params: &Params, space: &SearchSpace) -> Result<Option<u32>, StoreError> {
        space.check(params).map_err(|error| refused(format!("begin a trial of slot {slot}"), &error))?;
        let holder =
            self.trials.iter().position(|trial| trial.slot == slot && trial.state != TrialState::Lost);
        let place = match holder {
            Some(place) if self.trials[place].state == TrialState::Waiting => place,
            Some(_) => return Ok(None),
            None => self.add(slot, params),
        };
        let now = SystemTime::now();
        let trial = &mut self.trials[place];
        trial.state = TrialState::Running;
        trial.params = params.clone();
        trial.worker.clone_from(&self.worker);
        trial.started_secs = now.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        self.heartbeats.insert(trial.number, now);
        Ok(Some(trial.number))
    }

    fn heartbeat(&mut self, number: u32) -> Result<(), StoreError> {
        self.running(number)?;
        self.heartbeats.insert(number, SystemTime::now());
        Ok(())
    }

    fn record_step(&mut self, number: u32, step: u32, cost: f64) -> Result<(), StoreError> {
        self.running(number)?.steps.push((step, cost));
        Ok(())
    }

    fn finish(&mut self, number: u32, outcome: &TrialOutcome) -> Result<TrialRecord, StoreError> {
        let n_objectives = self.n_objectives;
        let trial = self.running(number)?;
        if !is_consistent(outcome, n_objectives) {
            let TrialOutcome { state, cost, other_costs, .. } = outcome;
            let reason = format!("it is {} with the costs {cost:?} and {other_costs:?}", state.name());
            return Err(refused(format!("finish trial {number}"), &reason));
        }
        let Evaluation { steps, folds, information, .. } = outcome.evaluation.clone();
        trial.state = outcome.state;
        trial.cost = outcome.cost;
        trial.other_costs.clone_from(&outcome.other_costs);
        trial.reason.clone_from(&outcome.reason);
        // Steps that were recorded one by one stay, even where the evaluation does not repeat them.
        let told: BTreeMap<u32, f64> = trial.steps.drain(..).chain(steps).collect();
        trial.steps = told.into_iter().collect();
        trial.folds = folds;
        trial.information = information;
        trial.seconds = outcome.seconds;
        let record = trial.clone();
        if record.state == TrialState::Lost {
            self.wait(&record);
        }
        Ok(record)
    }

    fn requeue_lost(&mut self, which: Lost<'_>, reason: &str) -> Result<Vec<TrialRecord>, StoreError> {
        let is_lost: Vec<bool> = self.trials.iter().map(|trial| self.is_lost(trial, which)).collect();
        let mut lost = Vec::new();
        for (trial, _) in self.trials.iter_mut().zip(is_lost).filter(|(_, is_lost)| *is_lost) {
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

fn is_consistent(outcome: &TrialOutcome, n_objectives: Option<usize>) -> bool {
    let TrialOutcome { state, cost, other_costs, .. } = outcome;
    match state {
        TrialState::Complete => {
            cost.iter().chain(other_costs).all(|cost| cost.is_finite())
                && cost.is_some()
                && n_objectives.is_none_or(|wanted| wanted == 1 + other_costs.len())
        }
        TrialState::Pruned | TrialState::Failed | TrialState::Lost => {
            cost.is_none() && other_costs.is_empty()
        }
        TrialState::Running | TrialState::Waiting => false,
    }
}

fn refused(action: String, reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::Database { action, path: "memory".into(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::store_contract!(|n_objectives| ((), MemoryStore::with_objectives(n_objectives)));

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
