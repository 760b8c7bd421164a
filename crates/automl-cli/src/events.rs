//! The events of a search as lines on standard output, for machines. `events.md` has the fields.

use std::io::Write;

use automl::events::{PROTOCOL, event, finished, of_search, prepared};
use automl::{
    AutomlError, Event, Experiment, ExperimentResult, Hint, Metric, NestedScores, Observer, StopSignal,
};
use serde_json::{Value, json};

/// Writes events as lines, after that of [`hello`]. A reader that goes away ends the search in good order, as an interrupt does: what would go on
/// unheard would hold the run folder against the next one.
#[derive(Debug)]
pub(crate) struct Events {
    metric: Metric,
    stop: StopSignal,
}

impl Events {
    /// Says what is about to happen.
    pub(crate) fn begin(experiment: &Experiment, stop: &StopSignal) -> Self {
        let events = Self { metric: experiment.metric(), stop: stop.clone() };
        events.tell(&prepared(experiment));
        events
    }

    /// What the search left behind; the last line of a search that went well.
    pub(crate) fn finish(&self, result: &ExperimentResult, nested: Option<&NestedScores>) {
        self.tell(&finished(result, nested, self.metric));
    }

    fn tell(&self, event: &Value) {
        if write_line(event).is_err() {
            self.stop.interrupt();
        }
    }
}

impl Observer for Events {
    fn on_event(&mut self, event: &Event<'_>) {
        if let Some(event) = of_search(event, self.metric) {
            self.tell(&event);
        }
    }
}

/// Says which protocol is spoken: the first line, before anything can go wrong. Who does not listen is noticed with the next.
pub(crate) fn hello() {
    let fields =
        json!({ "protocol": PROTOCOL, "automl": env!("CARGO_PKG_VERSION"), "pid": std::process::id() });
    drop(write_line(&event("hello", fields)));
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
    drop(write_line(&event("error", fields)));
}

fn write_line(event: &Value) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{event}")?;
    stdout.flush()
}
