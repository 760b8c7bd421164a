//! When each worker ran which trial.

use std::collections::BTreeMap;

use automl_core::{TrialRecord, TrialState};

use super::{Figure, Span};
use crate::draw::{Canvas, Drawn, Paint};
use crate::format;
use crate::plot::{Entry, Plot, Symbol};
use crate::scale::Scale;

/// Rows drawn.
const MOST_ROWS: usize = 24;
/// Bars drawn: the longest.
const MOST_BARS: usize = 1200;

/// One trial on its row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bar {
    /// Number of the trial.
    pub(crate) number: u32,
    /// Seconds since the first trial began.
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) state: TrialState,
    /// Row, from the top.
    pub(crate) row: usize,
}

/// Figure data of the timeline.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Timeline {
    /// Names of the rows.
    pub(crate) rows: Vec<String>,
    /// In order of their beginning.
    pub(crate) bars: Vec<Bar>,
    n_trials: usize,
    /// Seconds in which no trial ran, between the runs of a search that was stopped and resumed.
    pub(crate) pauses: f64,
}

impl Timeline {
    /// `None` where no trial has begun.
    pub(crate) fn from(trials: &[TrialRecord]) -> Option<Self> {
        let mut begun: Vec<&TrialRecord> = trials
            .iter()
            .filter(|trial| trial.started_secs > 0.0 && trial.seconds >= 0.0 && trial.seconds.is_finite())
            .collect();
        begun.sort_by(|a, b| a.started_secs.total_cmp(&b.started_secs));
        let shift = without_pauses(&begun);
        let mut rows: Vec<(String, f64)> = Vec::new();
        let mut lanes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut bars = Vec::new();
        for (trial, shift) in begun.iter().zip(&shift) {
            let (from, to) = (trial.started_secs - shift, trial.started_secs - shift + trial.seconds);
            let worker = trial.worker.as_deref().unwrap_or("search");
            let own = lanes.entry(worker).or_default();
            // Trials that one worker runs together stand below each other.
            let free = own.iter().copied().find(|&row| rows[row].1 <= from + 1e-6);
            let row = free.unwrap_or_else(|| {
                rows.push((String::new(), 0.0));
                own.push(rows.len() - 1);
                rows.len() - 1
            });
            rows[row].1 = to;
            bars.push(Bar { number: trial.number, from, to, state: trial.state, row });
        }
        let n_trials = bars.len();
        bars.retain(|bar| bar.row < MOST_ROWS);
        if bars.len() > MOST_BARS {
            let mut lengths: Vec<f64> = bars.iter().map(|bar| bar.to - bar.from).collect();
            lengths.sort_by(|a, b| b.total_cmp(a));
            let shortest = lengths[MOST_BARS - 1];
            bars.retain(|bar| bar.to - bar.from >= shortest);
            bars.truncate(MOST_BARS);
        }
        let n_rows = rows.len().min(MOST_ROWS);
        let pauses = shift.last().zip(shift.first()).map_or(0.0, |(last, first)| last - first);
        let rows = (1..=n_rows).map(|row| format!("worker {row}")).collect();
        (!bars.is_empty()).then_some(Self { rows, bars, n_trials, pauses })
    }
}

/// What to take off each trial's start, so that the first begins at 0 and pauses of all workers vanish.
fn without_pauses(begun: &[&TrialRecord]) -> Vec<f64> {
    /// Shorter ones are part of a run.
    const SHORTEST: f64 = 60.0;
    let mut shift = begun.first().map_or(0.0, |first| first.started_secs);
    let mut reached = shift;
    let mut shifts = Vec::with_capacity(begun.len());
    for trial in begun {
        if trial.started_secs - reached > SHORTEST {
            shift += trial.started_secs - reached;
        }
        reached = reached.max(trial.started_secs + trial.seconds);
        shifts.push(shift);
    }
    shifts
}

fn paint(state: TrialState) -> Paint {
    match state {
        TrialState::Complete => Paint::Blue,
        TrialState::Pruned => Paint::Orange,
        TrialState::Failed => Paint::Vermilion,
        _ => Paint::Muted,
    }
}

impl Figure for Timeline {
    fn name(&self) -> &'static str {
        "timeline"
    }

    fn title(&self) -> String {
        "Timeline".to_owned()
    }

    fn caption(&self) -> String {
        let pauses = if self.pauses > 0.0 {
            format!(" Pauses between runs ({} in all) are left out.", format::duration(self.pauses))
        } else {
            String::new()
        };
        let cut = if self.bars.len() < self.n_trials {
            format!(
                " The longest {} of {} are drawn.",
                format::count(self.bars.len()),
                format::count(self.n_trials)
            )
        } else {
            String::new()
        };
        format!("Each bar is a trial, from its beginning to its end.{pauses}{cut}")
    }

    fn span(&self) -> Span {
        Span::Full
    }

    fn height(&self, _width: f64) -> f64 {
        Plot::height_of_rows(self.rows.len(), 26.0, true)
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let last = self.bars.iter().map(|bar| bar.to).fold(0.0, f64::max);
        let (unit, name) = match last {
            _ if last < 180.0 => (1.0, "Seconds since the search began"),
            _ if last < 10_800.0 => (60.0, "Minutes since the search began"),
            _ => (3600.0, "Hours since the search began"),
        };
        let x = Scale::between(0.0, (last / unit).max(1e-3), (canvas.width / 100.0) as usize);
        let states = [TrialState::Complete, TrialState::Pruned, TrialState::Failed, TrialState::Lost];
        let legend: Vec<Entry<'_>> = states
            .into_iter()
            .filter(|state| self.bars.iter().any(|bar| bar.state == *state))
            .map(|state| (Symbol::Dot, paint(state), state.name()))
            .collect();
        let plot = Plot::rows(canvas, &self.rows, (x, name), &legend)?;
        for bar in &self.bars {
            let y = plot.row_middle(bar.row);
            let (from, to) = (plot.x_at(bar.from / unit), plot.x_at(bar.to / unit));
            canvas.bar((from, y - 8.0), ((to - 0.5).max(from + 0.5), y + 8.0), paint(bar.state), 0.85)?;
            let told =
                format!("#{}: {}, {}", bar.number, bar.state.name(), format::duration(bar.to - bar.from));
            canvas.tip((f64::midpoint(from, to), y), 8.0, &told);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::trial;

    fn ran(number: u32, worker: &str, from: f64, seconds: f64) -> TrialRecord {
        let mut trial = trial(number, "mlp", &[0.5]);
        (trial.worker, trial.started_secs, trial.seconds) = (Some(worker.to_owned()), from, seconds);
        trial
    }

    #[test]
    fn workers_have_rows_and_trials_that_overlap_have_their_own() {
        let trials = [
            ran(0, "a", 1000.0, 5.0),
            ran(1, "b", 1001.0, 9.0),
            ran(2, "a", 1002.0, 2.0),
            ran(3, "a", 1005.0, 1.0),
        ];
        let timeline = Timeline::from(&trials).unwrap();
        let rows: Vec<(f64, usize)> = timeline.bars.iter().map(|bar| (bar.from, bar.row)).collect();
        assert_eq!(rows, [(0.0, 0), (1.0, 1), (2.0, 2), (5.0, 0)]);
        assert_eq!((timeline.rows.len(), timeline.pauses), (3, 0.0));
    }

    #[test]
    fn a_night_between_two_runs_is_left_out() {
        let trials = [ran(0, "a", 1000.0, 5.0), ran(1, "b", 41_005.0, 5.0)];
        let timeline = Timeline::from(&trials).unwrap();
        assert_eq!(timeline.bars[1].from, 5.0);
        assert_eq!(timeline.pauses, 40_000.0);
        assert!(timeline.caption().contains("11 h 06 min"), "{}", timeline.caption());
    }

    #[test]
    fn trials_that_never_began_are_no_timeline() {
        assert_eq!(Timeline::from(&[trial(0, "mlp", &[0.5])]), None);
    }
}
