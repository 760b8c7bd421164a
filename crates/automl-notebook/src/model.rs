//! The final model of a search.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::Error;
use crate::html::{self, Cell, escape};
use crate::program;
use crate::table::{Table, head};

/// A model that predicts rows of a file. It stays in its folder; each prediction is a run of the program.
#[derive(Clone, PartialEq)]
pub struct Model {
    folder: PathBuf,
    manifest: Value,
}

impl Model {
    /// Opens a bundle folder, such as `runs/titanic/model`.
    ///
    /// # Errors
    /// [`Error`] if it holds no model.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref().to_owned();
        let path = folder.join("manifest.json");
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Error::new(format!("there is no model in `{}`: {error}", folder.display()))
                .with_hint("a search writes it when it ends; run the search again to go on")
        })?;
        let manifest = serde_json::from_str(&text)
            .map_err(|error| Error::new(format!("`{}` cannot be read: {error}", path.display())))?;
        Ok(Self { folder, manifest })
    }

    /// Predicts the rows of the file `data` and writes them to `out` (CSV or Parquet): a column `prediction` and, for
    /// classes, `p_LABEL`.
    ///
    /// # Errors
    /// [`Error`] if the data lack columns, or a file cannot be read or written.
    pub fn predict(&self, data: impl AsRef<Path>, out: impl AsRef<Path>) -> Result<Predictions, Error> {
        let out = out.as_ref();
        self.run("predict", data.as_ref(), &[OsStr::new("--out"), out.as_os_str()])?;
        Ok(Predictions { path: out.to_owned(), table: Table::read(out)? })
    }

    /// Scores the model on a file that has the target.
    ///
    /// # Errors
    /// As [`Model::predict`].
    pub fn evaluate(&self, data: impl AsRef<Path>) -> Result<Scores, Error> {
        let printed = self.run("evaluate", data.as_ref(), &[OsStr::new("--json")])?;
        let json: Value = serde_json::from_str(&printed)
            .map_err(|error| Error::new(format!("`automl` printed what is no JSON: {error}")))?;
        let scores = json.as_object().into_iter().flatten();
        Ok(Scores(scores.filter_map(|(name, value)| Some((name.clone(), value.as_f64()?))).collect()))
    }

    fn run(&self, command: &str, data: &Path, more: &[&OsStr]) -> Result<String, Error> {
        let arguments = [
            OsStr::new(command),
            OsStr::new("--model"),
            self.folder.as_os_str(),
            OsStr::new("--data"),
            data.as_os_str(),
        ];
        program::output(&[arguments.as_slice(), more].concat())
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Number and family of the trials that it is made of.
    pub fn parts(&self) -> Vec<(u32, String)> {
        let part = |of: &Value| {
            Some((u32::try_from(of["trial"].as_u64()?).ok()?, of["family"].as_str()?.to_owned()))
        };
        self.manifest["models"].as_array().into_iter().flatten().filter_map(part).collect()
    }

    /// Metrics of the cross-validation, and of the rows that no trial saw where there are some.
    pub fn metrics(&self) -> Vec<(String, f64, Option<f64>)> {
        let pair = |pair: &Value| Some((pair[0].as_str()?.to_owned(), pair[1].as_f64()?));
        let all = |of: &str| -> Vec<(String, f64)> {
            self.manifest[of].as_array().into_iter().flatten().filter_map(pair).collect()
        };
        let holdout = all("holdout");
        let held_out = |name: &str| holdout.iter().find(|(own, _)| own == name).map(|(_, value)| *value);
        let validated = all("cross_validation").into_iter();
        validated
            .map(|(name, value)| {
                let held_out = held_out(&name);
                (name, value, held_out)
            })
            .collect()
    }

    /// Shows what it is made of, and what it is worth, under the cell.
    pub fn evcxr_display(&self) {
        let parts = self.parts().into_iter();
        let parts: Vec<Vec<Cell>> =
            parts.map(|(trial, family)| vec![Cell::Count(trial.into()), Cell::Text(family)]).collect();
        let metrics = self.metrics().into_iter();
        let metrics: Vec<Vec<Cell>> = metrics
            .map(|(name, value, held_out)| vec![Cell::Text(name), Cell::Number(value), Cell::maybe(held_out)])
            .collect();
        let body = format!(
            "<div>predicts <b>{}</b>, {}</div>{}{}<div class=\"dim\"><code>{}</code></div>",
            escape(self.manifest["schema"]["target"].as_str().unwrap_or_default()),
            escape(self.manifest["kind"].as_str().unwrap_or_default()),
            html::table(&["metric", "cross-validated", "on rows that no trial saw"], &metrics),
            html::table(&["made of trial", "family"], &parts),
            escape(&html::shown(&self.folder))
        );
        html::show(self, &body);
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Model({})", html::shown(&self.folder))
    }
}

/// Predictions in a file.
#[derive(Clone, PartialEq)]
pub struct Predictions {
    path: PathBuf,
    table: Table,
}

impl Predictions {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Rows that were predicted.
    pub fn n_rows(&self) -> u64 {
        self.table.n_rows()
    }

    /// Shows the first rows under the cell.
    pub fn evcxr_display(&self) {
        let path = escape(&html::shown(&self.path));
        let rows = head(&self.table);
        html::show(
            self,
            &format!("{rows}<div class=\"dim\">{} rows in <code>{path}</code></div>", self.n_rows()),
        );
    }
}

impl fmt::Debug for Predictions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Predictions({} rows in {})", self.n_rows(), self.path.display())
    }
}

/// Scores of a model on a file, by metric.
#[derive(Clone, PartialEq)]
pub struct Scores(Vec<(String, f64)>);

impl Scores {
    /// The score by this metric.
    pub fn get(&self, metric: &str) -> Option<f64> {
        self.0.iter().find(|(name, _)| name == metric).map(|(_, value)| *value)
    }

    /// All of them, by name.
    pub fn all(&self) -> &[(String, f64)] {
        &self.0
    }

    /// Shows them under the cell.
    pub fn evcxr_display(&self) {
        let rows: Vec<Vec<Cell>> =
            self.0.iter().map(|(name, value)| vec![Cell::text(name), Cell::Number(*value)]).collect();
        html::show(self, &html::table(&["metric", "score"], &rows));
    }
}

impl fmt::Debug for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(name, value)| (name, value))).finish()
    }
}
