//! The line that tells how a search goes.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use automl::{Direction, Event, Metric, Observer, TrialRecord, counted, format_duration};
use indicatif::{ProgressBar, ProgressStyle};

use crate::table::number;

/// Without a terminal a line is printed at each new best, and at least this often.
const QUIET: Duration = Duration::from_secs(30);

/// Shows trials done, best score, time left and what is training now, on standard error.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    metric: Metric,
    /// The outer fold that is searched, and how many there are.
    outer: Option<(usize, usize)>,
    started: Instant,
    budget: Option<Duration>,
    n_trials: Option<usize>,
    n_done: usize,
    best: Option<(u32, f64)>,
    /// Trials that run now, with their families: several where there are several workers.
    running: BTreeMap<u32, String>,
    now: String,
    last_line: Instant,
}

impl Progress {
    pub(crate) fn new(metric: Metric) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            // The template is a constant without faults; the default style serves if that ever changes.
            bar.set_style(
                ProgressStyle::with_template("{spinner} {msg}").unwrap_or(ProgressStyle::default_spinner()),
            );
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        let now = Instant::now();
        Self {
            bar,
            metric,
            outer: None,
            started: now,
            budget: None,
            n_trials: None,
            n_done: 0,
            best: None,
            running: BTreeMap::new(),
            now: String::new(),
            last_line: now,
        }
    }

    /// Takes the line away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// A line that stays.
    pub(crate) fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            // Nothing is left to be done for a standard error that is closed.
            None => drop(writeln!(std::io::stderr(), "{line}")),
        }
    }

    fn status(&self) -> String {
        let mut parts: Vec<String> =
            self.outer.iter().map(|(fold, of)| format!("outer fold {} of {of}", fold + 1)).collect();
        parts.push(match self.n_trials {
            Some(n) => format!("{} of {}", self.n_done, counted(n, "trial")),
            None => counted(self.n_done, "trial"),
        });
        match self.best {
            Some((trial, value)) => {
                parts.push(format!("best {} {} (trial {trial})", self.metric, number(value)));
            }
            None if self.n_done == 0 => parts.push("no score yet".to_owned()),
            // A search that goes on is told of its best trial when the next one ends.
            None => {}
        }
        if let Some(budget) = self.budget {
            parts.push(format!("{} left", format_duration(budget.saturating_sub(self.started.elapsed()))));
        }
        if !self.now.is_empty() {
            parts.push(self.now.clone());
        }
        parts.join(" | ")
    }

    /// What the workers are at: `trial 7: mlp, trial 8: linear`.
    fn running(&self) -> String {
        let shown = self.running.iter().map(|(number, family)| format!("trial {number}: {family}"));
        match self.running.len() {
            0..=4 => shown.collect::<Vec<_>>().join(", "),
            n => format!("{n} trials running"),
        }
    }

    fn refresh(&mut self, line_wanted: bool) {
        match &self.bar {
            Some(bar) => bar.set_message(self.status()),
            None if line_wanted || self.last_line.elapsed() >= QUIET => {
                self.say(&self.status());
                self.last_line = Instant::now();
            }
            None => {}
        }
    }

    fn value(&self, trial: &TrialRecord) -> Option<f64> {
        let direction: Direction = self.metric.direction();
        trial.cost.map(|cost| direction.value(cost))
    }
}

impl Observer for Progress {
    fn on_event(&mut self, event: &Event<'_>) {
        let mut line_wanted = false;
        match event {
            Event::OuterFoldStarted { fold, of } => self.outer = Some((*fold, *of)),
            Event::OuterFoldFinished { fold, of, scores } => {
                let score = scores.iter().find(|(metric, _)| *metric == self.metric);
                let score = score.map(|(metric, value)| format!("{metric} {}", number(*value)));
                self.say(&format!("outer fold {} of {of}: {}", fold + 1, score.unwrap_or_default()));
                self.outer = None;
                return;
            }
            Event::SearchStarted { n_done, n_trials, budget } => {
                (self.n_done, self.n_trials, self.budget) = (*n_done, *n_trials, *budget);
                // What an outer fold's search has left.
                self.best = None;
                self.now.clear();
                self.started = Instant::now();
            }
            Event::TrialStarted { number, params } => {
                let family = params.text("family").unwrap_or("training").to_owned();
                self.running.insert(*number, family);
                self.now = self.running();
            }
            Event::EpochFinished { number, fold, epoch } => {
                let family = self.running.get(number).map_or("training", String::as_str);
                self.now = format!("trial {number}: {family}, fold {fold}, epoch {}", epoch.index + 1);
            }
            Event::TrialFinished { trial, best } => {
                self.n_done += usize::from(trial.state.is_finished());
                let best = best.and_then(|best| Some((best.number, self.value(best)?)));
                line_wanted = best != self.best;
                self.best = best;
                self.running.remove(&trial.number);
                self.now = self.running();
            }
            Event::Warning { message } => self.say(&format!("warning: {message}")),
            Event::Stage { message } => (*message).clone_into(&mut self.now),
            _ => {}
        }
        self.refresh(line_wanted);
    }
}
