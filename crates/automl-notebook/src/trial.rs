//! One trial.

use std::fmt;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::Error;
use crate::figure::Figure;
use crate::html::{self, Cell, escape};
use crate::study::json;

/// One configuration that was tried, with its scores.
#[derive(Clone, PartialEq)]
pub struct Trial {
    metric: String,
    row: Value,
    /// The run folder.
    folder: PathBuf,
}

impl Trial {
    /// A row of `automl leaderboard --json`.
    pub(crate) fn of(row: &Value, metric: &str, folder: &Path) -> Self {
        Self { metric: metric.to_owned(), row: row.clone(), folder: folder.to_owned() }
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

    /// The metric on each fold.
    pub fn fold_scores(&self) -> Vec<f64> {
        self.row["fold_scores"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
    }

    /// A chart of this trial by name: `learning`, `folds`, or one of its predictions, such as `confusion`.
    ///
    /// # Errors
    /// [`Error`] with the names of all charts of it, if there is none of this name.
    pub fn figure(&self, name: &str) -> Result<Figure, Error> {
        let number = self.number().to_string();
        Ok(Figure::of(&json(&self.folder, "plot", &[name, "--trial", &number])?))
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
        self.each_param(Value::to_string)
    }

    /// The same as a person compares it, with numbers cut to five digits.
    fn shown_params(&self) -> Vec<(String, String)> {
        let fraction = |value: &Value| value.as_f64().filter(|_| !value.is_i64() && !value.is_u64());
        self.each_param(|value| fraction(value).map_or_else(|| value.to_string(), html::short))
    }

    fn each_param(&self, text: impl Fn(&Value) -> String) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().map_or_else(|| text(value), str::to_owned);
        let params = self.row["params"].as_object().into_iter().flatten();
        params.map(|(name, value)| (name.clone(), text(value))).collect()
    }

    /// The family's own hyper-parameters in a line; all parameters of a function's trial, which has no family.
    pub(crate) fn configuration(&self) -> String {
        let prefix = if self.family().is_empty() { String::new() } else { format!("{}.", self.family()) };
        let own = self
            .shown_params()
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{} {value}", name.strip_prefix(&prefix)?)));
        own.collect::<Vec<_>>().join(", ")
    }

    /// Shows scores, learning curves and configuration under the cell.
    pub fn evcxr_display(&self) {
        let mut body = format!(
            "<b>trial {}{}</b>, {}, {} s",
            self.number(),
            if self.family().is_empty() { String::new() } else { format!(" ({})", escape(self.family())) },
            escape(self.state()),
            html::number(self.seconds())
        );
        if let Some(reason) = self.reason() {
            // Writing to a `String` cannot fail.
            let _ = write!(body, "<div>{}</div>", escape(reason));
        }
        let folds = self.fold_scores();
        let of_folds = folds.iter().map(|score| html::number(*score)).collect::<Vec<_>>().join(", ");
        if let Some(score) = self.score() {
            let mut row = vec![Cell::text(&self.metric), Cell::Number(score)];
            if folds.is_empty() {
                body.push_str(&html::table(&["metric", "value"], &[row]));
            } else {
                row.push(Cell::Long(of_folds));
                body.push_str(&html::table(&["metric", "mean over folds", "each fold"], &[row]));
            }
        }
        let others = self.scores().into_iter().filter(|(name, _)| *name != self.metric);
        let others: Vec<Vec<Cell>> =
            others.map(|(name, value)| vec![Cell::Text(name), Cell::Number(value)]).collect();
        if !others.is_empty() {
            let table = html::table(&["metric", "mean over folds"], &others);
            // Writing to a `String` cannot fail.
            let _ = write!(body, "<details><summary>other metrics</summary>{table}</details>");
        }
        // Families without epochs or rounds have no curve.
        if let Ok(figure) = self.figure("learning") {
            body.push_str(&figure.html());
        }
        let params: Vec<Vec<Cell>> = self
            .shown_params()
            .into_iter()
            .map(|(name, value)| vec![Cell::Text(name), Cell::Text(value)])
            .collect();
        body.push_str(&html::table(&["parameter", "value"], &params));
        html::show(self, &body);
    }
}

impl fmt::Debug for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trial({}, ", self.number())?;
        if !self.family().is_empty() {
            write!(f, "{}, ", self.family())?;
        }
        f.write_str(self.state())?;
        if let Some(score) = self.score() {
            write!(f, ", {} {}", self.metric, html::number(score))?;
        }
        f.write_str(")")
    }
}
