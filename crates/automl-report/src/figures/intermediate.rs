//! What trials had reported step by step when they ended.

use automl_core::{Metric, TrialRecord, TrialState};

use super::{Figure, Span, axis_name, beyond_note, range_with, thin};
use crate::draw::{Canvas, Drawn, Paint};
use crate::format;
use crate::plot::{Plot, Symbol};
use crate::scale::Scale;

/// Trials drawn.
const MOST_LINES: usize = 150;

/// Figure data of the intermediate values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Intermediate {
    metric: Metric,
    /// (number of the report, value) of complete trials.
    pub(crate) complete: Vec<Vec<(f64, f64)>>,
    /// The same of pruned trials.
    pub(crate) pruned: Vec<Vec<(f64, f64)>>,
}

impl Intermediate {
    /// `None` where no trial reported twice or was pruned.
    pub(crate) fn from(trials: &[TrialRecord], metric: Metric) -> Option<Self> {
        let of = |state: TrialState| -> Vec<Vec<(f64, f64)>> {
            let of_state = trials.iter().filter(|trial| trial.state == state && !trial.steps.is_empty());
            of_state.map(|trial| line(trial, metric)).filter(|line| !line.is_empty()).collect()
        };
        let (complete, pruned) = (of(TrialState::Complete), of(TrialState::Pruned));
        let says = |lines: &[Vec<(f64, f64)>]| lines.iter().any(|line| line.len() > 1);
        (says(&complete) || says(&pruned) || !pruned.is_empty()).then_some(Self { metric, complete, pruned })
    }

    fn range(&self) -> (Vec<f64>, usize) {
        let lines = self.complete.iter().chain(&self.pruned);
        let values: Vec<f64> = lines.flatten().map(|(_, value)| *value).collect();
        range_with(&values, [], self.metric.direction())
    }
}

/// Reports in their order, and the final value after them. Steps are not drawn to scale: they may stand for folds, epochs or
/// shares of rows.
fn line(trial: &TrialRecord, metric: Metric) -> Vec<(f64, f64)> {
    let reports = trial.steps.iter().map(|(_, cost)| *cost).chain(trial.cost);
    let values = reports.map(|cost| metric.direction().value(cost));
    values
        .enumerate()
        .map(|(index, value)| (index as f64 + 1.0, value))
        .filter(|(_, value)| value.is_finite())
        .collect()
}

impl Figure for Intermediate {
    fn name(&self) -> &'static str {
        "intermediate"
    }

    fn title(&self) -> String {
        "Intermediate values".to_owned()
    }

    fn caption(&self) -> String {
        let n_lines = self.complete.len() + self.pruned.len();
        let cut = if n_lines > MOST_LINES {
            format!(
                " {} of {} trials are drawn, evenly chosen.",
                format::count(MOST_LINES),
                format::count(n_lines)
            )
        } else {
            String::new()
        };
        format!(
            "What each trial had reported before it ended, in order, and its final score. A line of a pruned trial ends in a \
             ring.{}{cut}",
            beyond_note(self.range().1, "value")
        )
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, _width: f64) -> f64 {
        300.0
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let lines = self.complete.iter().chain(&self.pruned);
        let last = lines.flatten().map(|(report, _)| *report).fold(2.0, f64::max);
        let x = Scale::whole(1.0, last, (canvas.width / 80.0) as usize);
        let y = Scale::around(self.range().0, 5);
        let legend = [(Symbol::Line, Paint::Blue, "complete"), (Symbol::Ring, Paint::Orange, "pruned")];
        let plot = Plot::new(canvas, (x, "Report"), (y, &axis_name(self.metric)), &legend)?;
        let n_lines = self.complete.len() + self.pruned.len();
        let share = (MOST_LINES as f64 / n_lines as f64).min(1.0);
        let most = |lines: &[Vec<(f64, f64)>]| ((lines.len() as f64 * share).ceil() as usize).max(1);
        let some = |lines: &'_ [Vec<(f64, f64)>]| thin(&(0..lines.len()).collect::<Vec<_>>(), most(lines));
        for place in some(&self.complete) {
            plot.line(&self.complete[place], Paint::Blue, 1.3, 0.45)?;
        }
        for place in some(&self.pruned) {
            let line = &self.pruned[place];
            plot.line(line, Paint::Orange, 1.3, 0.6)?;
            if let Some(&(report, value)) = line.last() {
                canvas.ring(plot.at(report, value), 2.6, Paint::Orange, 0.9)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::trial;

    #[test]
    fn a_line_holds_the_reports_and_the_final_score() {
        let mut complete = trial(0, "mlp", &[0.4]);
        complete.steps = vec![(1, 0.6), (10_001, 0.5)];
        let mut pruned = trial(1, "mlp", &[]);
        (pruned.state, pruned.cost, pruned.steps) = (TrialState::Pruned, None, vec![(1, 0.9)]);
        let figure = Intermediate::from(&[complete, pruned], Metric::LogLoss).unwrap();
        assert_eq!(figure.complete, [[(1.0, 0.6), (2.0, 0.5), (3.0, 0.4)]]);
        assert_eq!(figure.pruned, [[(1.0, 0.9)]]);
    }

    #[test]
    fn trials_without_reports_are_no_figure() {
        let mut only = trial(0, "mlp", &[0.4]);
        only.steps.clear();
        assert_eq!(Intermediate::from(&[only], Metric::LogLoss), None);
    }
}
