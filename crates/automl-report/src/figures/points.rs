//! Trials of a family as points in the space of its parameters: what several charts of the search show.

use automl_core::axis::Kind;
use automl_core::{Axis, TrialState};

use super::{family_of, value_of};
use crate::format;
use crate::model::ReportModel;

/// Characters of a choice beside an axis.
const LONGEST: usize = 24;

/// One parameter that the search chose.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Param {
    /// Its name without that of the family.
    pub(crate) label: String,
    pub(crate) axis: Axis,
}

impl Param {
    /// Ends of the axis, or its choices, as (place in 0 to 1, text).
    pub(crate) fn ticks(&self, n_ticks: usize) -> Vec<(f64, String)> {
        let text = |coordinate: f64| format::clip(&self.axis.decode(coordinate).to_string(), LONGEST);
        match self.axis.kind() {
            Kind::Choices(n) => {
                (0..n).map(|choice| (place(&self.axis, choice as f64), text(choice as f64))).collect()
            }
            Kind::Point => vec![(0.5, text(0.0))],
            Kind::Continuous(_) | Kind::Cells { .. } => {
                let n_steps = n_ticks.max(2) - 1;
                let at = (0..=n_steps).map(|step| step as f64 / n_steps as f64);
                at.map(|place| (place, text(place))).collect()
            }
        }
    }

    pub(crate) fn is_choice(&self) -> bool {
        matches!(self.axis.kind(), Kind::Choices(_))
    }
}

/// Where a coordinate lies between 0 and 1: choices are evenly spread.
fn place(axis: &Axis, coordinate: f64) -> f64 {
    match axis.kind() {
        Kind::Choices(n) => (coordinate + 0.5) / n as f64,
        Kind::Point => 0.5,
        Kind::Continuous(_) | Kind::Cells { .. } => coordinate,
    }
}

/// One complete trial.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) number: u32,
    /// In the metric's own unit; finite.
    pub(crate) value: f64,
    /// Place of each parameter in 0 to 1; `None` where the trial has no such parameter.
    pub(crate) at: Vec<Option<f64>>,
}

/// The complete trials of one family, or of a function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Points {
    /// Its name; that of the study, if it is of a function.
    pub(crate) family: String,
    /// Parameters that differ among the trials, the most important first.
    pub(crate) params: Vec<Param>,
    /// In order of number.
    pub(crate) trials: Vec<Point>,
}

impl Points {
    /// `None` with fewer than `fewest` complete trials, or where they differ in no parameter.
    pub(crate) fn of(model: &ReportModel, family: &str, fewest: usize) -> Option<Self> {
        let space = model.space.as_ref()?;
        // All trials of a function are alike, and all parameters its own.
        let is_own = |name: &str| {
            model.is_of_function()
                || name.starts_with("prep.")
                || name.strip_prefix(family).is_some_and(|rest| rest.starts_with('.'))
        };
        let share = |name: &str| {
            model.importance.as_ref().and_then(|importance| importance.share(name)).unwrap_or(0.0)
        };
        let mut specs: Vec<_> = space.specs().iter().filter(|spec| is_own(&spec.name)).collect();
        specs.sort_by(|a, b| share(&b.name).total_cmp(&share(&a.name)));
        let mut trials: Vec<_> = model
            .trials
            .iter()
            .filter(|trial| trial.state == TrialState::Complete && family_of(trial) == family)
            .filter_map(|trial| Some((trial, value_of(trial, model.metric)?)))
            .collect();
        trials.sort_by_key(|(trial, _)| trial.number);
        let mut params = Vec::new();
        let mut points: Vec<Point> = trials
            .iter()
            .map(|(trial, value)| Point { number: trial.number, value: *value, at: Vec::new() })
            .collect();
        for spec in specs {
            let axis = Axis::new(&spec.domain);
            let at = |place_of: &automl_core::TrialRecord| {
                Some(place(&axis, axis.encode(place_of.params.get(&spec.name)?)?))
            };
            let column: Vec<Option<f64>> = trials.iter().map(|(trial, _)| at(trial)).collect();
            let mut known = column.iter().flatten();
            let differs = known.next().is_some_and(|first| known.any(|other| other != first));
            if differs {
                points.iter_mut().zip(column).for_each(|(point, place)| point.at.push(place));
                let prefix = format!("{family}.");
                let label = spec.name.strip_prefix(&prefix).unwrap_or(&spec.name);
                params.push(Param { label: label.to_owned(), axis });
            }
        }
        (points.len() >= fewest && !params.is_empty()).then(|| Self {
            family: if model.is_of_function() { model.title.clone() } else { family.to_owned() },
            params,
            trials: points,
        })
    }
}

/// Families with complete trials, the one of the best trial first.
pub(crate) fn families(ranked: &[&automl_core::TrialRecord]) -> Vec<String> {
    let mut families: Vec<String> = Vec::new();
    for trial in ranked {
        let family = family_of(trial);
        if !families.iter().any(|known| known == family) {
            families.push(family.to_owned());
        }
    }
    families
}

#[cfg(test)]
mod tests {
    use automl_core::{Domain, ParamSpec, SearchSpace};

    use super::*;
    use crate::fixtures::{self, trial};
    use crate::model::Importance;

    fn model() -> ReportModel {
        let mut model = fixtures::empty();
        let spec = |name: &str, domain: Domain| ParamSpec::new(name, domain);
        model.space = SearchSpace::new(vec![
            spec("family", Domain::choice(&["mlp", "ridge"])),
            spec("prep.scaling", Domain::choice(&["standard", "quantile"])),
            spec("mlp.width", Domain::log_int(16, 256)).when("family", &["mlp"]),
            spec("mlp.dropout", Domain::float(0.0, 0.5)).when("family", &["mlp"]),
        ])
        .ok();
        let of = |number: u32, width: i64, scaling: &str| {
            let mut trial = trial(number, "mlp", &[0.5]);
            trial.params =
                trial.params.with("mlp.width", width).with("mlp.dropout", 0.25).with("prep.scaling", scaling);
            trial
        };
        model.trials = vec![of(1, 256, "quantile"), of(0, 16, "standard"), trial(2, "ridge", &[0.4])];
        model
    }

    #[test]
    fn parameters_that_differ_are_places_between_zero_and_one() {
        let points = Points::of(&model(), "mlp", 2).unwrap();
        let labels: Vec<&str> = points.params.iter().map(|param| param.label.as_str()).collect();
        assert_eq!(labels, ["prep.scaling", "width"]);
        assert_eq!(points.trials[0].at[0], Some(0.25));
        assert!(points.trials[0].at[1].unwrap() < 0.2 && points.trials[1].at[1].unwrap() > 0.8);
        assert_eq!(points.trials.iter().map(|point| point.number).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(points.params[0].ticks(2), [(0.25, "standard".to_owned()), (0.75, "quantile".to_owned())]);
    }

    #[test]
    fn the_most_important_parameter_comes_first() {
        let mut model = model();
        let params = vec![("mlp.width".to_owned(), 0.7), ("prep.scaling".to_owned(), 0.1)];
        model.importance = Some(Importance { params, interactions: Vec::new() });
        assert_eq!(Points::of(&model, "mlp", 2).unwrap().params[0].label, "width");
    }

    #[test]
    fn too_few_or_equal_trials_are_no_points() {
        let mut model = model();
        assert_eq!(Points::of(&model, "mlp", 3), None);
        assert_eq!(Points::of(&model, "ridge", 1), None);
        model.space = None;
        assert_eq!(Points::of(&model, "mlp", 1), None);
    }
}
