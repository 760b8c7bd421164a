//! Lines that tell how a search goes, while its cell runs.
//!
//! Evcxr hands on what a cell prints by whole lines, when each ends: one that is drawn over and over would be seen at the end
//! alone. So each state has a line of its own, and the longer a search takes, the longer is the pause between two.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::html::number;

/// Least pause between two lines.
const PAUSE: Duration = Duration::from_secs(1);
/// The same as a share of the time so far: thirty lines in five minutes.
const SHARE: f64 = 0.15;
/// How often it is looked whether an interrupted search has ended.
const LOOK: Duration = Duration::from_millis(250);

/// Trials done, best score, time left, and what is trained, in a line each time.
#[derive(Debug, Default)]
pub struct Live {
    metric: String,
    is_introduced: bool,
    /// The outer fold that is searched, and how many there are.
    outer: Option<(u64, u64)>,
    n_done: u64,
    n_trials: Option<u64>,
    ends: Option<Instant>,
    best: Option<(u64, f64)>,
    running: BTreeMap<u64, String>,
    stage: Option<String>,
    began: Option<Instant>,
    told: Option<Instant>,
    is_waiting: bool,
}

impl Live {
    /// The line of a search for this metric, where no event tells which.
    pub fn of(metric: &str) -> Self {
        Self { metric: metric.to_owned(), ..Self::default() }
    }

    /// Takes note of an event (`crates/automl-cli/events.md`).
    pub fn on_event(&mut self, event: &Value) {
        let mut is_told = false;
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
                self.began = Some(Instant::now());
                // What an outer fold's search has left.
                (self.best, self.stage) = (None, None);
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
                self.best = event["best"]["number"].as_u64().zip(event["best"]["score"].as_f64());
            }
            "outer_fold_started" => self.outer = event["fold"].as_u64().zip(event["of"].as_u64()),
            "outer_fold" => {
                let score = event["scores"][self.metric.as_str()].as_f64();
                let score =
                    score.map(|score| format!("{} {}", self.metric, number(score))).unwrap_or_default();
                let (fold, of) = (event["fold"].as_u64().unwrap_or_default(), &event["of"]);
                say(&format!("outer fold {} of {of}: {score}", fold + 1));
                self.outer = None;
            }
            "warning" => say(&format!("warning: {}", event["message"].as_str().unwrap_or_default())),
            "stage" => {
                self.stage = event["message"].as_str().map(str::to_owned);
                is_told = true;
            }
            _ => return,
        }
        if is_told || self.told.is_none_or(|told| told.elapsed() >= self.pause()) {
            self.told = Some(Instant::now());
            say(&self.line());
        }
    }

    fn pause(&self) -> Duration {
        self.began.map_or(PAUSE, |began| began.elapsed().mul_f64(SHARE).max(PAUSE))
    }

    /// A pause in which the folder's other search may come to its end.
    pub(crate) fn wait(&mut self) {
        if !std::mem::replace(&mut self.is_waiting, true) {
            say("waiting for the search that was interrupted to end");
        }
        std::thread::sleep(LOOK);
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
        let outer = self.outer.map(|(fold, of)| format!("outer fold {} of {of}", fold + 1));
        [outer, Some(trials), Some(best), left, now].into_iter().flatten().collect::<Vec<_>>().join(" | ")
    }
}

/// Tells a line, now.
fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    // Nobody reads what is told to a notebook that is gone.
    drop(writeln!(stdout, "{line}").and_then(|()| stdout.flush()));
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

    #[test]
    fn an_outer_fold_is_named_and_leaves_nothing_to_the_next_search() {
        let mut live = Live::of("rmse");
        let started =
            json!({ "event": "search_started", "n_done": 0, "n_trials": null, "budget_secs": null });
        live.on_event(&json!({ "event": "outer_fold_started", "fold": 1, "of": 5 }));
        live.on_event(&started);
        assert_eq!(live.line(), "outer fold 2 of 5 | 0 trials | no score yet");
        live.on_event(&json!({
            "event": "trial_finished",
            "trial": { "number": 0, "state": "complete" },
            "best": { "number": 0, "score": 2.0 },
        }));
        live.on_event(&json!({ "event": "stage", "message": "making the final model and the report" }));
        live.on_event(&json!({ "event": "outer_fold", "fold": 1, "of": 5, "scores": { "rmse": 2.5 } }));
        live.on_event(&started);
        assert_eq!(live.line(), "0 trials | no score yet");
    }
}
