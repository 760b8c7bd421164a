//! Empirical distribution of the scores: which share of a family's trials is how good.

use std::collections::BTreeMap;

use automl_core::{Direction, Metric, TrialRecord, TrialState};

use super::{Figure, Span, axis_name, beyond_note, family_of, range_with, thin, value_of};
use crate::draw::{Canvas, Drawn, Paint};
use crate::format::NONE;
use crate::plot::{Entry, Plot, Symbol};
use crate::scale::Scale;

/// Families drawn: as many as there are colours.
const MOST_FAMILIES: usize = 6;
/// Corners of a line.
const MOST_STEPS: usize = 200;

/// Figure data of the empirical distribution functions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Edf {
    metric: Metric,
    /// (family, values from the best to the worst); the family with most trials first.
    pub(crate) families: Vec<(String, Vec<f64>)>,
    n_left_out: usize,
}

impl Edf {
    /// Of families with two complete trials or more; `None` without any.
    pub(crate) fn from(trials: &[TrialRecord], metric: Metric) -> Option<Self> {
        let mut by_family: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for trial in trials.iter().filter(|trial| trial.state == TrialState::Complete) {
            if let Some(value) = value_of(trial, metric) {
                by_family.entry(family_of(trial)).or_default().push(value);
            }
        }
        let mut families: Vec<(String, Vec<f64>)> = by_family
            .into_iter()
            .filter(|(_, values)| values.len() > 1)
            .map(|(name, values)| (name.to_owned(), values))
            .collect();
        families.sort_by_key(|(_, values)| std::cmp::Reverse(values.len()));
        let n_left_out = families.len().saturating_sub(MOST_FAMILIES);
        families.truncate(MOST_FAMILIES);
        for (_, values) in &mut families {
            values.sort_by(|a, b| metric.direction().cost(*a).total_cmp(&metric.direction().cost(*b)));
        }
        (!families.is_empty()).then_some(Self { metric, families, n_left_out })
    }

    /// Whether the trials are of no family, as those of a function are.
    fn is_of_function(&self) -> bool {
        self.families.iter().all(|(name, _)| name == NONE)
    }

    fn range(&self) -> (Vec<f64>, usize) {
        let values: Vec<f64> = self.families.iter().flat_map(|(_, values)| values.iter().copied()).collect();
        range_with(&values, [], self.metric.direction())
    }
}

impl Figure for Edf {
    fn name(&self) -> &'static str {
        "edf"
    }

    fn title(&self) -> String {
        "Distribution of the scores".to_owned()
    }

    fn caption(&self) -> String {
        let side = match self.metric.direction() {
            Direction::Minimize => "left",
            Direction::Maximize => "right",
        };
        let cut = match self.n_left_out {
            0 => String::new(),
            n => format!(" {n} families with fewer trials are not drawn."),
        };
        let (whose, line, its) =
            if self.is_of_function() { ("the", "the", "the") } else { ("a family's", "a", "its") };
        format!(
            "The share of {whose} complete trials that are as good as a score or better: the further {side} {line} line, \
             the better most of {its} trials.{}{cut}",
            beyond_note(self.range().1, "trial")
        )
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, _width: f64) -> f64 {
        300.0
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let x = Scale::around(self.range().0, (canvas.width / 100.0) as usize);
        let legend: Vec<Entry<'_>> = self
            .families
            .iter()
            .enumerate()
            .filter(|_| !self.is_of_function())
            .map(|(index, (name, _))| (Symbol::Line, Paint::series(index), name.as_str()))
            .collect();
        let plot = Plot::new(
            canvas,
            (x, &axis_name(self.metric)),
            (Scale::between(0.0, 1.0, 4), "Share of trials"),
            &legend,
        )?;
        for (index, (_, values)) in self.families.iter().enumerate() {
            let n = values.len() as f64;
            let numbered: Vec<(usize, f64)> = values.iter().copied().enumerate().collect();
            let mut corners = Vec::new();
            for (rank, value) in thin(&numbered, MOST_STEPS) {
                corners.push((value, rank as f64 / n));
                corners.push((value, (rank + 1) as f64 / n));
            }
            corners.extend(values.last().map(|worst| (*worst, 1.0)));
            plot.line(&corners, Paint::series(index), 2.0, 0.95)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::trial;

    #[test]
    fn families_are_sorted_by_number_of_trials_and_values_by_merit() {
        let trials = [
            trial(0, "mlp", &[0.5]),
            trial(1, "ridge", &[0.4]),
            trial(2, "mlp", &[0.3]),
            trial(3, "mlp", &[0.9]),
            trial(4, "ridge", &[0.2]),
            trial(5, "constant", &[0.7]),
        ];
        let edf = Edf::from(&trials, Metric::LogLoss).unwrap();
        let expected = [("mlp".to_owned(), vec![0.3, 0.5, 0.9]), ("ridge".to_owned(), vec![0.2, 0.4])];
        assert_eq!(edf.families, expected);
        assert_eq!(Edf::from(&trials[5..], Metric::LogLoss), None);
    }
}
