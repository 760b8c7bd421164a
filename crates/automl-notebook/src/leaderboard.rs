//! Trials in order of merit.

use std::fmt;
use std::path::Path;

use serde_json::Value;

use crate::html::{self, Cell};
use crate::trial::Trial;

/// Trials that are shown, beside the best of every family.
const SHOWN: usize = 30;

/// All trials in order of merit: complete ones by score, then pruned, failed and unfinished ones by number.
#[derive(Clone, PartialEq)]
pub struct Leaderboard {
    metric: String,
    trials: Vec<Trial>,
}

impl Leaderboard {
    pub(crate) fn of(json: &Value, folder: &Path) -> Self {
        let rows = json["rows"].as_array().into_iter().flatten();
        let metric = json["metric"].as_str().unwrap_or_default();
        Self { metric: metric.to_owned(), trials: rows.map(|row| Trial::of(row, metric, folder)).collect() }
    }

    /// What the search optimised.
    pub fn metric(&self) -> &str {
        &self.metric
    }

    /// The trials, the best first.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The best complete trial.
    pub fn best(&self) -> Option<&Trial> {
        self.trials.first().filter(|trial| trial.score().is_some())
    }

    pub(crate) fn html(&self) -> String {
        let count = |state: &str| self.trials.iter().filter(|trial| trial.state() == state).count();
        let counts = ["complete", "pruned", "failed"].map(|state| format!("{} {state}", count(state)));
        let complete: Vec<&Trial> = self.trials.iter().filter(|trial| trial.score().is_some()).collect();
        // A function's trials have no model family, and no folds.
        let is_of_function = self.trials.iter().all(|trial| trial.family().is_empty());
        let mut families: Vec<&str> = Vec::new();
        let rows: Vec<Vec<Cell>> = complete
            .into_iter()
            .enumerate()
            .filter(|(place, trial)| {
                let is_first = !families.contains(&trial.family());
                if is_first {
                    families.push(trial.family());
                }
                is_first || *place < SHOWN
            })
            .map(|(place, trial)| {
                let mut cells = vec![Cell::Count(place as u64 + 1), Cell::Count(trial.number().into())];
                if !is_of_function {
                    cells.push(Cell::text(trial.family()));
                }
                cells.push(Cell::maybe(trial.score()));
                if !is_of_function {
                    cells.push(Cell::maybe(trial.deviation()));
                }
                cells.extend([Cell::Number(trial.seconds()), Cell::text(&trial.configuration())]);
                cells
            })
            .collect();
        let header = if is_of_function {
            vec!["#", "trial", &self.metric, "seconds", "values"]
        } else {
            vec!["#", "trial", "family", &self.metric, "± over folds", "seconds", "configuration"]
        };
        format!("{}<div class=\"dim\">{}</div>", html::table(&header, &rows), counts.join(", "))
    }

    /// Shows the table under the cell.
    pub fn evcxr_display(&self) {
        html::show(self, &self.html());
    }
}

impl fmt::Debug for Leaderboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Leaderboard({} trials by {})", self.trials.len(), self.metric)
    }
}
