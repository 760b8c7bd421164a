//! What a search knows so far, in the two forms that samplers and pruners read: records and coordinates.

use crate::axis::Axis;
use crate::params::Params;
use crate::space::SearchSpace;
use crate::trial::TrialRecord;

/// Finished trials of a space in order of slot, those that other workers are running, and the coordinates of
/// both, kept up to date trial by trial: a sampler that looks at ten thousand trials reads contiguous numbers.
#[derive(Debug, Clone)]
pub struct History {
    space: SearchSpace,
    axes: Vec<Axis>,
    finished: Part,
    running: Part,
}

/// Records with their coordinates.
#[derive(Debug, Clone, Default)]
struct Part {
    trials: Vec<TrialRecord>,
    /// `columns[parameter][trial]`.
    columns: Vec<Vec<f64>>,
}

impl Part {
    fn new(n_params: usize) -> Self {
        Self { trials: Vec::new(), columns: vec![Vec::new(); n_params] }
    }

    fn insert(&mut self, place: usize, trial: TrialRecord, row: Vec<f64>) {
        for (column, coordinate) in self.columns.iter_mut().zip(row) {
            column.insert(place, coordinate);
        }
        self.trials.insert(place, trial);
    }
}

impl History {
    /// Nothing is known yet.
    pub fn new(space: SearchSpace) -> Self {
        let axes: Vec<Axis> = space.specs().iter().map(|spec| Axis::new(&spec.domain)).collect();
        let part = Part::new(axes.len());
        Self { space, axes, finished: part.clone(), running: part }
    }

    /// A history of these finished trials, in whatever order they come.
    pub fn with_trials(space: SearchSpace, trials: impl IntoIterator<Item = TrialRecord>) -> Self {
        let mut history = Self::new(space);
        for trial in trials {
            history.insert(trial);
        }
        history
    }

    /// The space that is searched.
    pub fn space(&self) -> &SearchSpace {
        &self.space
    }

    /// One axis per parameter, in the order of [`SearchSpace::specs`].
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Finished trials (complete, pruned, failed) in order of slot.
    pub fn trials(&self) -> &[TrialRecord] {
        &self.finished.trials
    }

    /// Number of finished trials.
    pub fn len(&self) -> usize {
        self.finished.trials.len()
    }

    /// Whether no trial is finished.
    pub fn is_empty(&self) -> bool {
        self.finished.trials.is_empty()
    }

    /// Coordinate of parameter `param` (its index among the specs) in every finished trial; NaN where the trial
    /// lacks it, or has a value that the space no longer holds.
    pub fn column(&self, param: usize) -> &[f64] {
        &self.finished.columns[param]
    }

    /// Trials that other workers are running, with the costs they have reported so far.
    pub fn running(&self) -> &[TrialRecord] {
        &self.running.trials
    }

    /// As [`History::column`], of the running trials.
    pub fn running_column(&self, param: usize) -> &[f64] {
        &self.running.columns[param]
    }

    /// Adds a finished trial at its place in the order of slots.
    pub fn insert(&mut self, trial: TrialRecord) {
        let place = self.finished.trials.partition_point(|known| known.slot <= trial.slot);
        let row = self.row(&trial.params);
        self.finished.insert(place, trial, row);
    }

    /// Replaces the running trials.
    pub fn set_running(&mut self, trials: Vec<TrialRecord>) {
        self.running = Part::new(self.axes.len());
        for (place, trial) in trials.into_iter().enumerate() {
            let row = self.row(&trial.params);
            self.running.insert(place, trial, row);
        }
    }

    /// Whether a finished or running trial has these coordinates (in the order of the specs, NaN where there is none).
    pub fn contains(&self, row: &[f64]) -> bool {
        // NaN is a parameter that neither has.
        let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        [&self.finished, &self.running].into_iter().any(|part| {
            (0..part.trials.len())
                .any(|trial| part.columns.iter().zip(row).all(|(column, at)| same(column[trial], *at)))
        })
    }

    /// Coordinates of a configuration in the order of the specs, NaN where there is none.
    pub fn row(&self, params: &Params) -> Vec<f64> {
        // Both are walked by name: the space's index is in order of name, and so are the parameters.
        let mut row = vec![f64::NAN; self.axes.len()];
        let mut values = params.iter().peekable();
        for (name, position) in self.space.by_name() {
            while values.next_if(|(other, _)| *other < name).is_some() {}
            if let Some((_, value)) = values.next_if(|(other, _)| *other == name) {
                row[position] = self.axes[position].encode(value).unwrap_or(f64::NAN);
            }
        }
        row
    }

    /// The configuration at these coordinates (in the order of the specs): parameters whose condition does not
    /// hold are left out, and coordinates of parameters that have none (NaN) are taken for 0.
    pub fn params(&self, row: &[f64]) -> Params {
        let mut params = Params::new();
        for ((spec, axis), &coordinate) in self.space.specs().iter().zip(&self.axes).zip(row) {
            if self.space.is_active(spec, &params) {
                let coordinate = if coordinate.is_nan() { 0.0 } else { coordinate };
                params.insert(&spec.name, axis.decode(coordinate));
            }
        }
        params
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Domain, ParamSpec};
    use crate::trial::TrialState;

    fn history() -> History {
        let specs = vec![
            ParamSpec::new("z", Domain::choice(&["off", "on"])),
            ParamSpec::new("a", Domain::float(0.0, 4.0)).when("z", &["on"]),
        ];
        History::new(SearchSpace::new(specs).unwrap())
    }

    #[test]
    fn trials_stand_in_order_of_slot_with_their_coordinates() {
        let mut history = history();
        let on = |a: f64| Params::new().with("z", "on").with("a", a);
        history.insert(TrialRecord::new(2, TrialState::Complete, on(1.0)));
        history.insert(TrialRecord::new(0, TrialState::Complete, on(3.0)));
        history.insert(TrialRecord::new(1, TrialState::Failed, Params::new().with("z", "off")));
        let slots: Vec<u32> = history.trials().iter().map(|trial| trial.slot).collect();
        assert_eq!(slots, [0, 1, 2]);
        assert_eq!(history.column(0), [1.0, 0.0, 1.0]);
        assert_eq!(history.column(1)[0], 0.75);
        assert!(history.column(1)[1].is_nan());
        assert_eq!(history.column(1)[2], 0.25);
    }

    #[test]
    fn rows_become_the_configurations_they_came_from() {
        let history = history();
        for params in [Params::new().with("z", "off"), Params::new().with("z", "on").with("a", 2.5)] {
            assert_eq!(history.params(&history.row(&params)), params);
        }
        let strange = Params::new().with("b", 1.0).with("z", "on").with("a", 9.0).with("zz", 1.0);
        assert!(history.row(&strange)[1].is_nan());
        assert_eq!(history.row(&strange)[0], 1.0);
    }

    #[test]
    fn configurations_of_finished_and_running_trials_are_known() {
        let mut history = history();
        let on = |a: f64| Params::new().with("z", "on").with("a", a);
        let off = Params::new().with("z", "off");
        history.insert(TrialRecord::new(0, TrialState::Complete, on(1.0)));
        history.set_running(vec![TrialRecord::new(1, TrialState::Running, off.clone())]);
        assert!(history.contains(&history.row(&on(1.0))) && history.contains(&history.row(&off)));
        assert!(!history.contains(&history.row(&on(2.0))));
    }

    #[test]
    fn running_trials_are_replaced() {
        let mut history = history();
        for a in [1.0, 2.0] {
            let params = Params::new().with("z", "on").with("a", a);
            history.set_running(vec![TrialRecord::new(7, TrialState::Running, params)]);
            assert_eq!(history.running_column(1), [a / 4.0]);
        }
        assert_eq!((history.running().len(), history.len()), (1, 0));
    }
}
