//! One trial.

use std::fmt;
use std::fmt::Write as _;

use serde_json::Value;

use crate::html::{self, Cell, escape};

/// One configuration that was tried, with its scores.
#[derive(Clone, PartialEq)]
pub struct Trial {
    metric: String,
    row: Value,
}

impl Trial {
    /// A row of `automl leaderboard --json`.
    pub(crate) fn of(row: &Value, metric: &str) -> Self {
        Self { metric: metric.to_owned(), row: row.clone() }
    }

    /// Its number in the study.
    pub fn number(&self) -> u32 {
        self.row["trial"].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
    }

    /// Model family.
    pub fn family(&self) -> &str {
        self.row["family"].as_str().unwrap_or_default()
    }

    /// `complete`, `pruned`, `failed`, `running` or `lost`.
    pub fn state(&self) -> &str {
        self.row["state"].as_str().unwrap_or_default()
    }

    /// Mean of the metric over the folds; `None` unless complete.
    pub fn score(&self) -> Option<f64> {
        self.row["score"].as_f64()
    }

    /// Standard deviation of the metric over the folds.
    pub fn deviation(&self) -> Option<f64> {
        self.row["score_std"].as_f64()
    }

    /// Mean over the folds of the task's other metrics, by name.
    pub fn scores(&self) -> Vec<(String, f64)> {
        let pair = |pair: &Value| Some((pair[0].as_str()?.to_owned(), pair[1].as_f64()?));
        self.row["scores"].as_array().into_iter().flatten().filter_map(pair).collect()
    }

    /// Wall-clock seconds.
    pub fn seconds(&self) -> f64 {
        self.row["seconds"].as_f64().unwrap_or_default()
    }

    /// Why it did not complete.
    pub fn reason(&self) -> Option<&str> {
        self.row["reason"].as_str()
    }

    /// The configuration: hyper-parameters by name, with their values as text.
    pub fn params(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let params = self.row["params"].as_object().into_iter().flatten();
        params.map(|(name, value)| (name.clone(), text(value))).collect()
    }

    /// The family's own hyper-parameters in a line.
    pub(crate) fn configuration(&self) -> String {
        let prefix = format!("{}.", self.family());
        let own = self
            .params()
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{} {value}", name.strip_prefix(&prefix)?)));
        own.collect::<Vec<_>>().join(", ")
    }

    /// Shows scores and configuration under the cell.
    pub fn evcxr_display(&self) {
        let mut body = format!(
            "<b>trial {} ({})</b>, {}, {} s",
            self.number(),
            escape(self.family()),
            escape(self.state()),
            html::number(self.seconds())
        );
        if let Some(reason) = self.reason() {
            // Writing to a `String` cannot fail.
            let _ = write!(body, "<div>{}</div>", escape(reason));
        }
        let of_metric = self.score().map(|score| (self.metric.clone(), score));
        let scores: Vec<Vec<Cell>> = of_metric
            .into_iter()
            .chain(self.scores().into_iter().filter(|(name, _)| *name != self.metric))
            .map(|(name, value)| vec![Cell::Text(name), Cell::Number(value)])
            .collect();
        if !scores.is_empty() {
            body.push_str(&html::table(&["metric", "mean over folds"], &scores));
        }
        let params: Vec<Vec<Cell>> = self
            .params()
            .into_iter()
            .map(|(name, value)| vec![Cell::Text(name), Cell::Text(value)])
            .collect();
        body.push_str(&html::table(&["parameter", "value"], &params));
        html::show(&body);
    }
}

impl fmt::Debug for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trial({}, {}, {}", self.number(), self.family(), self.state())?;
        if let Some(score) = self.score() {
            write!(f, ", {} {}", self.metric, html::number(score))?;
        }
        f.write_str(")")
    }
}
