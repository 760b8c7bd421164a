//! What a search tells machines: one JSON object a line on standard output. `events.md` has the fields.

use std::io::Write;
use std::path::{Path, PathBuf};

use automl::{
    AutomlError, Event, Experiment, ExperimentResult, Hint, Metric, NestedScores, Observer, StopReason,
    StopSignal, TrialRecord,
};
use serde_json::{Map, Value, json};

/// Number of the protocol: a field may be added without a new one, none is taken away or changes its meaning.
const PROTOCOL: u32 = 1;

/// Writes events as lines, after that of [`hello`]. A reader that goes away ends the search in good order, as an interrupt does: what would go on
/// unheard would hold the run folder against the next one.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    metric: Metric,
    stop: StopSignal,
}

impl Events {
    /// Says what is about to happen.
    pub(crate) fn begin(experiment: &Experiment, stop: &StopSignal) -> Self {
        let events = Self { metric: experiment.metric(), stop: stop.clone() };
        events.tell("prepared", prepared(experiment));
        events
    }

    /// The score of an outer fold.
    pub(crate) fn outer_fold(&self, fold: usize, scores: &[(Metric, f64)]) {
        self.tell("outer_fold", json!({ "fold": fold, "scores": by_name(scores) }));
    }

    /// What the search left behind; the last line of a search that went well.
    pub(crate) fn finish(&self, result: &ExperimentResult, nested: Option<&NestedScores>) {
        self.tell("finished", finished(result, nested, self.metric));
    }

    fn tell(&self, event: &str, fields: Value) {
        if write_line(event, fields).is_err() {
            self.stop.interrupt();
        }
    }
}

/// Says which protocol is spoken: the first line, before anything can go wrong. Who does not listen is noticed with the next.
pub(crate) fn hello() {
    let fields =
        json!({ "protocol": PROTOCOL, "automl": env!("CARGO_PKG_VERSION"), "pid": std::process::id() });
    drop(write_line("hello", fields));
}

/// The error that ends a search, as its last line.
pub(crate) fn tell_error(error: &AutomlError) {
    let hints: Vec<String> = error.hints().iter().map(ToString::to_string).collect();
    let fields = json!({
        "message": error.to_string(),
        "hints": hints,
        "exit_code": error.exit_code(),
        "busy": matches!(error, AutomlError::Busy { .. }),
    });
    // Standard error has it too.
    drop(write_line("error", fields));
}

fn write_line(event: &str, fields: Value) -> std::io::Result<()> {
    let mut line = Map::new();
    line.insert("event".to_owned(), event.into());
    if let Value::Object(fields) = fields {
        line.extend(fields);
    }
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", Value::Object(line))?;
    stdout.flush()
}

/// A path that holds wherever the reader is.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn prepared(experiment: &Experiment) -> Value {
    let config = experiment.config();
    json!({
        "folder": config.out.as_deref().map(absolute),
        "metric": experiment.metric(),
        "direction": experiment.metric().direction(),
        "task": config.task,
        "target": config.target,
        "families": config.search.families,
        "lines": experiment.describe(),
    })
}

/// A number and a score in the metric's own unit.
fn best(metric: Metric, trial: Option<&TrialRecord>) -> Value {
    match trial.and_then(|trial| Some((trial, score(metric, trial)?))) {
        Some((trial, score)) => json!({ "number": trial.number, "score": score }),
        None => Value::Null,
    }
}

fn score(metric: Metric, trial: &TrialRecord) -> Option<f64> {
    trial.cost.map(|cost| metric.direction().value(cost))
}

fn by_name(of: &[(Metric, f64)]) -> Value {
    of.iter().map(|(metric, value)| (metric.to_string(), Value::from(*value))).collect::<Map<_, _>>().into()
}

fn finished(result: &ExperimentResult, nested: Option<&NestedScores>, metric: Metric) -> Value {
    json!({
        "stopped": result.stopped.map(StopReason::name),
        "n_new": result.n_new,
        "best": best(metric, result.best.as_ref()),
        "predict_ms": result.predict_ms,
        "holdout": { "n_rows": result.n_holdout, "scores": by_name(&result.holdout) },
        "nested": nested.and_then(|nested| nested.mean_and_deviation(metric)).map(|(mean, deviation)| json!({ "mean": mean, "deviation": deviation })),
        "report": absolute(&result.report),
        "leaderboard": absolute(&result.leaderboard_file),
        "study": absolute(&result.study),
        "config": absolute(&result.config),
        "model": result.model.as_deref().map(absolute),
    })
}

impl Observer for Events {
    fn on_event(&mut self, event: &Event<'_>) {
        match event {
            Event::SearchStarted { n_done, n_trials, budget } => self.tell(
                "search_started",
                json!({
                    "n_done": n_done,
                    "n_trials": n_trials,
                    "budget_secs": budget.map(|budget| budget.as_secs_f64()),
                }),
            ),
            Event::TrialStarted { number, params } => {
                self.tell("trial_started", json!({ "number": number, "params": params }));
            }
            Event::TrialFinished { trial, best: found } => self.tell(
                "trial_finished",
                json!({ "trial": trial, "score": score(self.metric, trial), "best": best(self.metric, *found) }),
            ),
            Event::Warning { message } => self.tell("warning", json!({ "message": message })),
            Event::Stage { message } => self.tell("stage", json!({ "message": message })),
            Event::SearchFinished { stopped } => {
                self.tell("search_finished", json!({ "stopped": stopped.map(StopReason::name) }));
            }
            // Epochs and folds stay with the worker that trains them.
            _ => {}
        }
    }
}
