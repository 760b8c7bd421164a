//! What a search left in its folder.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::Error;
use crate::figure::Figure;
use crate::html::{self, Cell, escape};
use crate::leaderboard::Leaderboard;
use crate::model::Model;
use crate::program;
use crate::trial::Trial;

/// A run folder: trials, charts, the final model. What it tells is read anew each time, also while a search goes on.
#[derive(Clone, PartialEq)]
pub struct Study {
    folder: PathBuf,
    /// What the search said when it ended, in the notebook that ran it.
    finished: Option<Value>,
}

impl Study {
    /// Opens the folder of a run, such as `runs/titanic`.
    ///
    /// # Errors
    /// [`Error`] if it holds no study.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let study = Self { folder: folder.as_ref().to_owned(), finished: None };
        study.leaderboard()?;
        Ok(study)
    }

    /// That of `finished`, the last event of a search.
    ///
    /// # Errors
    /// [`Error`] if it does not say where the run is.
    pub fn of_events(finished: &Value) -> Result<Self, Error> {
        let config = finished["config"].as_str().map(Path::new).and_then(Path::parent);
        let folder = config.ok_or_else(|| Error::new("`automl` did not say where the run is"))?;
        Ok(Self { folder: folder.to_owned(), finished: Some(finished.clone()) })
    }

    /// The run folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All trials in order of merit.
    ///
    /// # Errors
    /// [`Error`] if the folder holds no study that can be read.
    pub fn leaderboard(&self) -> Result<Leaderboard, Error> {
        Ok(Leaderboard::of(&self.json("leaderboard", &[])?, &self.folder))
    }

    /// The trial of this number.
    ///
    /// # Errors
    /// [`Error`] if there is none.
    pub fn trial(&self, number: u32) -> Result<Trial, Error> {
        let board = self.leaderboard()?;
        let found = board.trials().iter().find(|trial| trial.number() == number).cloned();
        found.ok_or_else(|| Error::new(format!("there is no trial {number} among {}", board.trials().len())))
    }

    /// Names of the charts that [`Study::figure`] draws, with their titles.
    ///
    /// # Errors
    /// [`Error`] if the folder cannot be read.
    pub fn figures(&self) -> Result<Vec<(String, String)>, Error> {
        let listed = self.json("plot", &[])?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let charts = listed.as_array().into_iter().flatten();
        Ok(charts.map(|chart| (text(&chart["name"]), text(&chart["title"]))).collect())
    }

    /// A chart of the report by name, such as `history`, `importance` or `confusion`.
    ///
    /// # Errors
    /// [`Error`] with the names of all charts, if there is none of this name.
    pub fn figure(&self, name: &str) -> Result<Figure, Error> {
        Ok(Figure::of(&self.json("plot", &[name])?))
    }

    /// How much each hyper-parameter matters to the score (fANOVA), as shares, the greatest first.
    ///
    /// # Errors
    /// [`Error`] if there are too few complete trials.
    pub fn importance(&self) -> Result<Vec<(String, f64)>, Error> {
        let json = self.json("importance", &[])?;
        let pair = |of: &Value| Some((of["name"].as_str()?.to_owned(), of["share"].as_f64()?));
        Ok(json["params"].as_array().into_iter().flatten().filter_map(pair).collect())
    }

    /// The final model.
    ///
    /// # Errors
    /// [`Error`] before a search has ended with one.
    pub fn model(&self) -> Result<Model, Error> {
        Model::open(self.folder.join("model"))
    }

    /// The experiment file with every default filled in; saved in the working folder, `automl search FILE` runs it.
    ///
    /// # Errors
    /// [`Error`] if the folder has none.
    pub fn to_toml(&self) -> Result<String, Error> {
        let path = self.folder.join("experiment.toml");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Error::new(format!("cannot read `{}`: {error}", path.display())))?;
        // Paths in such a file are relative to its folder: saved beside the notebook it holds wherever that is taken.
        let here = std::env::current_dir().unwrap_or_default().display().to_string();
        Ok(text.replace(&format!("data = \"{here}/"), "data = \""))
    }

    /// Writes the report anew and returns its path.
    ///
    /// # Errors
    /// [`Error`] if something cannot be read or written.
    pub fn report(&self) -> Result<PathBuf, Error> {
        program::output(&[OsStr::new("report"), self.folder.as_os_str()])?;
        Ok(PathBuf::from(html::shown(&self.folder.join("report.html"))))
    }

    fn json(&self, command: &str, more: &[&str]) -> Result<Value, Error> {
        json(&self.folder, command, more)
    }

    /// Shows the score on the holdout and the leaderboard under the cell.
    pub fn evcxr_display(&self) {
        let holdout =
            self.finished.as_ref().map(|finished| holdout(&finished["holdout"])).unwrap_or_default();
        let board = match self.leaderboard() {
            Ok(board) => board.html(),
            Err(error) => format!("<pre>{}</pre>", escape(&error.to_string())),
        };
        let report = self.folder.join("report.html");
        let report = escape(&html::shown(&report));
        html::show(self, &format!("{holdout}{board}<div class=\"dim\">report: <code>{report}</code></div>"));
    }
}

/// What a command says of a run folder, as JSON.
pub(crate) fn json(folder: &Path, command: &str, more: &[&str]) -> Result<Value, Error> {
    let first = [OsStr::new(command), folder.as_os_str(), OsStr::new("--json")];
    let more = more.iter().map(OsStr::new);
    program::json(&first.into_iter().chain(more).collect::<Vec<_>>())
}

fn holdout(of: &Value) -> String {
    let scores = of["scores"].as_object().into_iter().flatten();
    let rows: Vec<Vec<Cell>> = scores
        .filter_map(|(name, value)| Some(vec![Cell::text(name), Cell::Number(value.as_f64()?)]))
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let title = format!("{} rows that no trial saw", of["n_rows"].as_u64().unwrap_or_default());
    format!("<details><summary>{title}</summary>{}</details>", html::table(&["metric", "final model"], &rows))
}

impl fmt::Debug for Study {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Study({})", html::shown(&self.folder))
    }
}
