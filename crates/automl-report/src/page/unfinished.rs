//! Trials that did not complete, with their reasons.

use automl_core::{Metric, TrialRecord, TrialState};
use serde::Serialize;

use crate::figures::{family_of, value_of};
use crate::format::{NONE, clip, count, duration, number};

/// Trials listed; the page's script shows a page of them at a time.
const MOST: usize = 500;

/// One trial.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) number: u32,
    state: &'static str,
    family: String,
    folds: usize,
    score: String,
    time: String,
    seconds: f64,
    reason: String,
}

/// The table of trials that did not complete.
#[derive(Debug, Serialize)]
pub(crate) struct Unfinished {
    pub(crate) rows: Vec<Row>,
    /// How many in each state, in words.
    pub(crate) summary: String,
    pub(crate) note: Option<String>,
}

impl Unfinished {
    pub(crate) fn of(trials: &[TrialRecord], metric: Metric) -> Self {
        let states = [
            TrialState::Failed,
            TrialState::Lost,
            TrialState::Running,
            TrialState::Waiting,
            TrialState::Pruned,
        ];
        let place = |state: TrialState| states.iter().position(|of| *of == state);
        let mut found: Vec<_> =
            trials.iter().filter_map(|trial| Some((place(trial.state)?, trial))).collect();
        found.sort_by_key(|(place, trial)| (*place, trial.number));
        let of_state = |state: &TrialState| {
            let n = found.iter().filter(|(_, trial)| trial.state == *state).count();
            (n > 0).then(|| format!("{} {}", count(n), state.name()))
        };
        let parts: Vec<String> = states.iter().filter_map(of_state).collect();
        let n_cut = found.len().saturating_sub(MOST);
        Self {
            summary: if parts.is_empty() {
                "Every trial was completed.".to_owned()
            } else {
                format!("{}.", parts.join(", "))
            },
            note: (n_cut > 0).then(|| format!("The first {MOST} are listed, {} are not.", count(n_cut))),
            rows: found.into_iter().take(MOST).map(|(_, trial)| row(trial, metric)).collect(),
        }
    }
}

fn row(trial: &TrialRecord, metric: Metric) -> Row {
    Row {
        number: trial.number,
        state: trial.state.name(),
        family: clip(family_of(trial), 40),
        folds: trial.folds.len(),
        score: value_of(trial, metric).map_or(NONE.to_owned(), number),
        time: duration(trial.seconds),
        seconds: if trial.seconds.is_finite() { trial.seconds } else { 0.0 },
        reason: trial.reason.as_deref().map_or(NONE.to_owned(), |reason| clip(reason, 300)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::trial;

    #[test]
    fn failed_trials_come_before_pruned_ones() {
        let in_state = |number: u32, state: TrialState| {
            let mut trial = trial(number, "mlp", &[0.5]);
            trial.state = state;
            trial
        };
        let trials = [
            in_state(0, TrialState::Pruned),
            in_state(1, TrialState::Complete),
            in_state(2, TrialState::Failed),
            in_state(3, TrialState::Lost),
        ];
        let unfinished = Unfinished::of(&trials, Metric::LogLoss);
        let numbers: Vec<u32> = unfinished.rows.iter().map(|row| row.number).collect();
        assert_eq!(numbers, [2, 3, 0]);
        assert_eq!(unfinished.summary, "1 failed, 1 lost, 1 pruned.");
        assert_eq!(unfinished.note, None);
    }
}
