//! The line that tells how a search goes, while its cell runs.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::html::number;

/// A notebook draws a line anew no more often.
const PAUSE: Duration = Duration::from_millis(250);

/// Trials done, best score, time left, and what is trained, drawn over and over in one line of the cell's output.
#[derive(Debug, Default)]
pub struct Live {
    metric: String,
    is_introduced: bool,
    n_done: u64,
    n_trials: Option<u64>,
    ends: Option<Instant>,
    best: Option<(u64, f64)>,
    running: BTreeMap<u64, String>,
    stage: Option<String>,
    drawn: Option<Instant>,
}

impl Live {
    /// Takes note of an event (`crates/automl-cli/events.md`).
    pub fn on_event(&mut self, event: &Value) {
        let mut is_news = false;
        match event["event"].as_str().unwrap_or_default() {
            "prepared" => {
                event["metric"].as_str().unwrap_or_default().clone_into(&mut self.metric);
                // What is begun again after a wait says the same.
                if !std::mem::replace(&mut self.is_introduced, true) {
                    for line in event["lines"].as_array().into_iter().flatten() {
                        say(line.as_str().unwrap_or_default());
                    }
                }
            }
            "search_started" => {
                self.n_done = event["n_done"].as_u64().unwrap_or(0);
                self.n_trials = event["n_trials"].as_u64();
                let budget =
                    event["budget_secs"].as_f64().and_then(|secs| Duration::try_from_secs_f64(secs).ok());
                self.ends = budget.and_then(|budget| Instant::now().checked_add(budget));
            }
            "trial_started" => {
                let family = event["params"]["family"].as_str().unwrap_or("training").to_owned();
                self.running.extend(event["number"].as_u64().map(|number| (number, family)));
            }
            "trial_finished" => {
                let trial = &event["trial"];
                let is_finished = trial["state"]
                    .as_str()
                    .is_some_and(|state| ["complete", "pruned", "failed"].contains(&state));
                self.n_done += u64::from(is_finished);
                self.running.retain(|number, _| Some(*number) != trial["number"].as_u64());
                let best = event["best"]["number"].as_u64().zip(event["best"]["score"].as_f64());
                is_news = best != self.best;
                self.best = best;
            }
            "outer_fold" => say(&format!("outer fold {}", event["fold"])),
            "warning" => say(&format!("warning: {}", event["message"].as_str().unwrap_or_default())),
            "stage" => {
                self.stage = event["message"].as_str().map(str::to_owned);
                is_news = true;
            }
            _ => return,
        }
        if is_news || self.drawn.is_none_or(|drawn| drawn.elapsed() >= PAUSE) {
            self.drawn = Some(Instant::now());
            draw(&self.line());
        }
    }

    /// A pause in which the folder's other search may come to its end.
    pub(crate) fn wait(&mut self) {
        self.drawn = Some(Instant::now());
        draw("waiting for the search that was interrupted to end");
        std::thread::sleep(PAUSE);
    }

    /// Leaves the line as it is, with its end.
    pub fn finish(&self) {
        if self.drawn.is_some() {
            say("");
        }
    }

    fn line(&self) -> String {
        let trials = match self.n_trials {
            Some(n) => format!("{} of {n} trials", self.n_done),
            None if self.n_done == 1 => "1 trial".to_owned(),
            None => format!("{} trials", self.n_done),
        };
        let best = match self.best {
            Some((trial, score)) => format!("best {} {} (trial {trial})", self.metric, number(score)),
            None => "no score yet".to_owned(),
        };
        let now = match (&self.stage, self.running.len()) {
            (Some(stage), _) => Some(stage.clone()),
            (None, 0) => None,
            (None, 1..=3) => {
                let shown = self.running.iter().map(|(number, family)| format!("trial {number}: {family}"));
                Some(shown.collect::<Vec<_>>().join(", "))
            }
            (None, n) => Some(format!("{n} trials running")),
        };
        let left = self
            .ends
            .filter(|_| self.stage.is_none())
            .map(|ends| format!("{} s left", ends.saturating_duration_since(Instant::now()).as_secs()));
        [Some(trials), Some(best), left, now].into_iter().flatten().collect::<Vec<_>>().join(" | ")
    }
}

/// A line that stays.
fn say(line: &str) {
    write(&format!("{line}\n"));
}

/// Draws the line that changes; blanks wipe what a longer one left.
fn draw(line: &str) {
    write(&format!("\r{line:<110}"));
}

fn write(text: &str) {
    let mut stdout = std::io::stdout().lock();
    // Nobody reads what is told to a notebook that is gone.
    drop(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_line_tells_trials_best_and_what_runs() {
        let mut live = Live::default();
        live.on_event(&json!({ "event": "prepared", "metric": "rmse", "lines": [] }));
        live.on_event(
            &json!({ "event": "search_started", "n_done": 2, "n_trials": 10, "budget_secs": null }),
        );
        assert_eq!(live.line(), "2 of 10 trials | no score yet");
        for (number, family) in [(2, "mlp"), (3, "gbdt")] {
            live.on_event(
                &json!({ "event": "trial_started", "number": number, "params": { "family": family } }),
            );
        }
        assert_eq!(live.line(), "2 of 10 trials | no score yet | trial 2: mlp, trial 3: gbdt");
        live.on_event(&json!({
            "event": "trial_finished",
            "trial": { "number": 2, "state": "complete" },
            "best": { "number": 2, "score": 43_416.123 },
        }));
        assert_eq!(live.line(), "3 of 10 trials | best rmse 43416 (trial 2) | trial 3: gbdt");
        live.on_event(&json!({ "event": "stage", "message": "making the final model and the report" }));
        assert_eq!(
            live.line(),
            "3 of 10 trials | best rmse 43416 (trial 2) | making the final model and the report"
        );
        live.on_event(&json!({ "event": "something newer" }));
    }
}
