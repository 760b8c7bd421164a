//! Optimisation history: every trial in its order, and the best so far.

use automl_core::{Metric, TrialState};

use super::{Figure, MOST_POINTS, Span, axis_name, beyond_note, range_with, thin, value_of};
use crate::draw::{Canvas, Drawn, Paint};
use crate::format;
use crate::model::ReportModel;
use crate::plot::{Entry, Plot, Symbol};
use crate::scale::Scale;

/// Figure data of the optimisation history.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct History {
    metric: Metric,
    /// (trial number, value) of complete trials.
    pub(crate) complete: Vec<(f64, f64)>,
    /// (trial number, value over the folds that were done) of pruned trials.
    pub(crate) pruned: Vec<(f64, f64)>,
    /// Numbers of failed trials.
    pub(crate) failed: Vec<f64>,
    /// Corners of the line of the best value so far.
    pub(crate) best: Vec<(f64, f64)>,
    /// Value of the constant baseline.
    pub(crate) baseline: Option<f64>,
    last_number: f64,
}

impl History {
    /// `None` without a complete or pruned trial.
    pub(crate) fn from(model: &ReportModel) -> Option<Self> {
        let metric = model.metric;
        let mut trials: Vec<_> = model.trials.iter().collect();
        trials.sort_by_key(|trial| trial.number);
        let of_state = |state: TrialState| -> Vec<(f64, f64)> {
            let of_state = trials.iter().filter(|trial| trial.state == state);
            of_state.filter_map(|trial| Some((f64::from(trial.number), value_of(trial, metric)?))).collect()
        };
        let (complete, pruned) = (of_state(TrialState::Complete), of_state(TrialState::Pruned));
        if complete.is_empty() && pruned.is_empty() {
            return None;
        }
        let failed = trials.iter().filter(|trial| trial.state == TrialState::Failed);
        let baseline = model.baseline.and_then(|number| trials.iter().find(|trial| trial.number == number));
        let last_number = trials.last().map_or(0.0, |trial| f64::from(trial.number));
        Some(Self {
            metric,
            failed: failed.map(|trial| f64::from(trial.number)).collect(),
            best: best_so_far(&complete, metric, last_number),
            baseline: baseline.and_then(|trial| value_of(trial, metric)),
            complete,
            pruned,
            last_number,
        })
    }

    fn legend(&self) -> Vec<Entry<'static>> {
        let entries = [
            (!self.complete.is_empty(), (Symbol::Dot, Paint::Blue, "complete")),
            (!self.pruned.is_empty(), (Symbol::Ring, Paint::Orange, "pruned")),
            (!self.failed.is_empty(), (Symbol::Cross, Paint::Vermilion, "failed")),
            (!self.best.is_empty(), (Symbol::Line, Paint::Green, "best so far")),
            (self.baseline.is_some(), (Symbol::Dashes, Paint::Muted, "constant baseline")),
        ];
        entries.into_iter().filter_map(|(present, entry)| present.then_some(entry)).collect()
    }

    /// Values to show on the axis, and how many lie beyond it.
    fn range(&self) -> (Vec<f64>, usize) {
        let values: Vec<f64> = self.complete.iter().chain(&self.pruned).map(|(_, value)| *value).collect();
        range_with(&values, self.baseline, self.metric.direction())
    }
}

fn best_so_far(complete: &[(f64, f64)], metric: Metric, last_number: f64) -> Vec<(f64, f64)> {
    let mut corners: Vec<(f64, f64)> = Vec::new();
    for &(number, value) in complete {
        match corners.last().copied() {
            Some((_, best)) if metric.direction().cost(value) >= metric.direction().cost(best) => {}
            Some((_, best)) => corners.extend([(number, best), (number, value)]),
            None => corners.push((number, value)),
        }
    }
    if let Some((_, best)) = corners.last().copied().filter(|(number, _)| *number < last_number) {
        corners.push((last_number, best));
    }
    corners
}

impl Figure for History {
    fn name(&self) -> &'static str {
        "history"
    }

    fn title(&self) -> String {
        "Optimisation history".to_owned()
    }

    fn caption(&self) -> String {
        let n_points = self.complete.len() + self.pruned.len();
        let thinned = if n_points > MOST_POINTS {
            format!(" {} points are drawn, evenly chosen.", format::count(MOST_POINTS))
        } else {
            String::new()
        };
        let what = match self.metric {
            Metric::Cost => "Each point is a trial; for a pruned one, the last cost that it reported.",
            _ => {
                "Each point is a trial: its mean over the folds; for a pruned trial, over the folds that were done."
            }
        };
        format!("{what}{}{thinned}", beyond_note(self.range().1, "trial"))
    }

    fn span(&self) -> Span {
        Span::Full
    }

    fn height(&self, width: f64) -> f64 {
        if width > 600.0 { 360.0 } else { 320.0 }
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let y = Scale::around(self.range().0, 5);
        let pad = (self.last_number * 0.015).max(0.5);
        let x = Scale::whole(-pad, self.last_number + pad, (canvas.width / 90.0) as usize);
        let plot = Plot::new(canvas, (x, "Trial"), (y, &axis_name(self.metric)), &self.legend())?;
        if let Some(baseline) = self.baseline {
            let ends = (plot.at(plot.x.low, baseline), plot.at(plot.x.high, baseline));
            canvas.dashes(ends.0, ends.1, Paint::Muted, 1.2)?;
        }
        let room = (canvas.width * 1.4) as usize;
        let share = room.min(MOST_POINTS) as f64 / (self.complete.len() + self.pruned.len()) as f64;
        let most = |n: usize| ((n as f64 * share).ceil() as usize).max(1);
        for &(number, value) in &thin(&self.pruned, most(self.pruned.len())) {
            canvas.ring(plot.at(number, value), 2.8, Paint::Orange, 0.9)?;
        }
        for &(number, value) in &thin(&self.complete, most(self.complete.len())) {
            canvas.dot(plot.at(number, value), 3.2, Paint::Blue, 0.75)?;
            canvas.tip(plot.at(number, value), 5.0, &format!("#{number}: {}", format::number(value)));
        }
        let bad_end = if self.metric.direction().cost(1.0) > 0.0 { plot.y.high } else { plot.y.low };
        for &number in &thin(&self.failed, 300) {
            canvas.cross(plot.at(number, bad_end), 3.0, Paint::Vermilion)?;
        }
        plot.line(&self.best, Paint::Green, 2.4, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{self, trial};

    #[test]
    fn the_best_line_steps_down_at_each_improvement() {
        let mut model = fixtures::binary(0);
        model.trials = vec![
            trial(2, "mlp", &[0.2, 0.3]),
            trial(0, "constant", &[0.6, 0.6]),
            trial(1, "mlp", &[0.7, 0.7]),
            trial(3, "mlp", &[0.5, 0.5]),
        ];
        model.baseline = Some(0);
        let history = History::from(&model).unwrap();
        assert_eq!(history.best, [(0.0, 0.6), (2.0, 0.6), (2.0, 0.25), (3.0, 0.25)]);
        assert_eq!(history.baseline, Some(0.6));
        assert_eq!(history.complete.len(), 4);
    }

    #[test]
    fn the_best_line_steps_up_where_more_is_better() {
        let line = best_so_far(&[(0.0, 0.5), (1.0, 0.9), (2.0, 0.7)], Metric::RocAuc, 2.0);
        assert_eq!(line, [(0.0, 0.5), (1.0, 0.5), (1.0, 0.9), (2.0, 0.9)]);
    }

    #[test]
    fn pruned_trials_have_their_last_mean_and_failed_ones_no_value() {
        let mut model = fixtures::binary(0);
        let mut pruned = trial(0, "mlp", &[]);
        pruned.state = TrialState::Pruned;
        pruned.cost = None;
        pruned.steps = vec![(1, 0.9), (2, 0.8)];
        let mut failed = trial(1, "mlp", &[]);
        failed.state = TrialState::Failed;
        failed.cost = None;
        model.trials = vec![pruned, failed];
        let history = History::from(&model).unwrap();
        assert_eq!((history.pruned, history.failed, history.best), (vec![(0.0, 0.8)], vec![1.0], vec![]));
        model.trials.remove(0);
        assert_eq!(History::from(&model), None);
    }
}
