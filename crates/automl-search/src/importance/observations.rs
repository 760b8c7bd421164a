//! The trials that count, and their targets.

use automl_core::{History, TrialState};

use super::error::ImportanceError;
use super::{MIN_TRIALS, Target, Unknown};

/// Complete trials with a finite target.
pub(super) struct Observations<'a> {
    history: &'a History,
    /// Indices into the history's finished trials.
    trials: Vec<usize>,
    targets: Vec<f64>,
}

impl<'a> Observations<'a> {
    /// # Errors
    /// [`ImportanceError::TooFewTrials`] or [`ImportanceError::NoVariance`].
    pub(super) fn new(history: &'a History, target: &Target<'_>) -> Result<Self, ImportanceError> {
        let complete =
            history.trials().iter().enumerate().filter(|(_, trial)| trial.state == TrialState::Complete);
        let (trials, targets): (Vec<usize>, Vec<f64>) = complete
            .filter_map(|(index, trial)| {
                target(trial).filter(|value| value.is_finite()).map(|value| (index, value))
            })
            .unzip();
        if trials.len() < MIN_TRIALS {
            return Err(ImportanceError::TooFewTrials { needed: MIN_TRIALS, found: trials.len() });
        }
        if targets.iter().all(|value| *value == targets[0]) {
            return Err(ImportanceError::NoVariance { value: targets[0], n_trials: trials.len() });
        }
        Ok(Self { history, trials, targets })
    }

    pub(super) fn history(&self) -> &'a History {
        self.history
    }

    /// Number of trials.
    pub(super) fn len(&self) -> usize {
        self.trials.len()
    }

    /// Target of an observation.
    pub(super) fn target(&self, row: usize) -> f64 {
        self.targets[row]
    }

    /// Index of an observation's trial among the finished ones.
    pub(super) fn trial(&self, row: usize) -> usize {
        self.trials[row]
    }

    /// Coordinate of a parameter in an observation; NaN where the trial lacks it.
    pub(super) fn coordinate(&self, param: usize, row: usize) -> f64 {
        self.history.column(param)[self.trials[row]]
    }

    /// Observations that have `param`, in order.
    pub(super) fn rows_with(&self, param: usize) -> Vec<usize> {
        (0..self.len()).filter(|&row| !self.coordinate(param, row).is_nan()).collect()
    }

    /// Parameters with more than one value, as indices among the specs.
    pub(super) fn params(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.history.axes().len()).filter(|&param| !self.history.axes()[param].is_point())
    }

    pub(super) fn name(&self, param: usize) -> &'a str {
        &self.history.space().specs()[param].name
    }

    /// The entry of a parameter that only `n_trials` have.
    pub(super) fn unknown(&self, param: usize, n_trials: usize) -> Unknown {
        Unknown { name: self.name(param).to_owned(), n_trials }
    }
}

#[cfg(test)]
mod tests {
    use automl_core::{Domain, ParamSpec, Params, SearchSpace, TrialRecord};

    use super::super::cost;
    use super::*;

    fn history(costs: &[(TrialState, Option<f64>)]) -> History {
        let space = SearchSpace::new(vec![ParamSpec::new("a", Domain::float(0.0, 1.0))]).unwrap();
        let trial = |(slot, (state, cost)): (u32, &(TrialState, Option<f64>))| TrialRecord {
            cost: *cost,
            ..TrialRecord::new(slot, *state, Params::new().with("a", 0.5))
        };
        History::with_trials(space, (0..).zip(costs).map(trial))
    }

    #[test]
    fn only_complete_trials_with_a_finite_target_count() {
        let mut costs: Vec<(TrialState, Option<f64>)> =
            (0..12).map(|index| (TrialState::Complete, Some(f64::from(index)))).collect();
        costs[3] = (TrialState::Pruned, Some(0.0));
        costs[7] = (TrialState::Complete, Some(f64::INFINITY));
        let history = history(&costs);
        let observations = Observations::new(&history, &cost).unwrap();
        assert_eq!(observations.len(), 10);
        assert_eq!((observations.trial(3), observations.target(3)), (4, 4.0));
        let odd = |trial: &TrialRecord| trial.cost.filter(|cost| cost % 2.0 == 1.0);
        let error = Observations::new(&history, &odd).err().unwrap();
        assert_eq!(error, ImportanceError::TooFewTrials { needed: 10, found: 4 });
    }

    #[test]
    fn equal_targets_are_refused() {
        let history = history(&[(TrialState::Complete, Some(0.5)); 11]);
        let error = Observations::new(&history, &cost).err().unwrap();
        assert_eq!(error, ImportanceError::NoVariance { value: 0.5, n_trials: 11 });
    }
}
