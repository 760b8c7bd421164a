//! What to search, in the words of an experiment file.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::live::Live;
use crate::program;
use crate::setting::{Setting, quoted};
use crate::study::Study;

/// How long the search of a cell that was interrupted may take to end in good order.
const MOST_PATIENCE: Duration = Duration::from_secs(120);

/// A search to be run. Each method sets what the experiment file (TOML) calls so; [`Search::set`] sets anything.
///
/// Run again with the same data and target it goes on where it stopped: a cell that was interrupted, or whose kernel died,
/// lost no finished trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    settings: Vec<(String, Setting)>,
}

impl Search {
    /// A search for models of column `target` of the file `data`.
    pub fn new(data: impl AsRef<Path>, target: &str) -> Self {
        let data = data.as_ref();
        let name = name_of(data);
        Self { settings: Vec::new() }
            .set("name", name)
            .set("data", &*data.to_string_lossy())
            .set("target", target)
    }

    /// Sets the value of a key of the experiment file, such as `search.pruner` or `columns.zip`; the last value holds. Parts
    /// of a key that are more than letters, digits, `_` and `-` are quoted: `search.space."mlp.dropout"`.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<Setting>) -> Self {
        self.settings.retain(|(known, _)| known != key);
        self.settings.push((key.to_owned(), value.into()));
        self
    }

    /// Time for everything, such as `90s`, `5m` or `1h30m`.
    #[must_use]
    pub fn time(self, time: &str) -> Self {
        self.set("search.time", time)
    }

    /// Number of trials, those of earlier runs included.
    #[must_use]
    pub fn trials(self, trials: u32) -> Self {
        self.set("search.trials", i64::from(trials))
    }

    /// What to optimise, such as `roc_auc` or `rmse`.
    #[must_use]
    pub fn metric(self, metric: &str) -> Self {
        self.set("metric", metric)
    }

    /// Model families, all of them unless said otherwise.
    #[must_use]
    pub fn families(self, families: &[&str]) -> Self {
        self.set("search.families", families)
    }

    /// What proposes configurations: `auto`, `tpe`, `gp`, `cmaes`, `nsga2`, `sobol`, `grid` or `random`.
    #[must_use]
    pub fn sampler(self, sampler: &str) -> Self {
        self.set("search.sampler", sampler)
    }

    /// What ends hopeless trials: `median`, `percentile`, `asha`, `hyperband`, `racing` or `none`.
    #[must_use]
    pub fn pruner(self, pruner: &str) -> Self {
        self.set("search.pruner", pruner)
    }

    /// Seed of every random choice.
    #[must_use]
    pub fn seed(self, seed: u32) -> Self {
        self.set("seed", i64::from(seed))
    }

    /// Worker processes; they share the cores.
    #[must_use]
    pub fn jobs(self, jobs: u16) -> Self {
        self.set("search.jobs", i64::from(jobs))
    }

    /// Run folder, `runs/NAME` unless said otherwise, where the name is that of the data file without its endings.
    #[must_use]
    pub fn out(self, folder: impl AsRef<Path>) -> Self {
        self.set("out", folder.as_ref().to_string_lossy().into_owned())
    }

    /// The experiment file, which `automl search FILE` runs.
    pub fn to_toml(&self) -> String {
        // Dotted keys in one table: what belongs to a table need not stand together.
        let lines = self.settings.iter().map(|(key, value)| format!("{key} = {}", value.toml()));
        lines.chain([String::new()]).collect::<Vec<_>>().join("\n")
    }

    /// Runs until a limit is reached, with lines that tell how it goes.
    ///
    /// # Errors
    /// [`Error`] with what was wrong and what to do; every trial that was finished before is kept.
    pub fn run(&self) -> Result<Study, Error> {
        let file = ExperimentFile::write(&self.to_toml())?;
        let arguments = [OsStr::new("search"), file.0.as_os_str()];
        let mut live = Live::default();
        let began = Instant::now();
        let finished = loop {
            match program::events(&arguments, |event| live.on_event(event)) {
                Ok(None) if began.elapsed() < MOST_PATIENCE => live.wait(),
                finished => break finished,
            }
        };
        let busy = || {
            Error::new("another process still works in the run folder")
                .with_hint("wait for it, or name another folder with `.out(\"…\")`")
        };
        Study::of_events(&finished?.ok_or_else(busy)?)
    }

    /// Kind of a column where the inferred one is not wanted: `numeric`, `categorical`, `text`, `ignored`, ….
    #[must_use]
    pub fn column(self, name: &str, kind: &str) -> Self {
        self.set(&format!("columns.{}", quoted(name)), kind)
    }
}

/// The name that a search of these data has on the command line: the file's without its endings, and without signs of a pattern.
fn name_of(data: &Path) -> String {
    let file = data.file_name().unwrap_or_default().to_string_lossy().into_owned();
    file.split('.').next().unwrap_or_default().replace(['*', '?', '[', ']'], "")
}

/// A file in the working folder, to which the paths in it are relative, that is removed when it was read.
struct ExperimentFile(PathBuf);

impl ExperimentFile {
    fn write(text: &str) -> Result<Self, Error> {
        let path = PathBuf::from(format!(".automl-notebook-{}.toml", std::process::id()));
        std::fs::write(&path, text)
            .map_err(|error| Error::new(format!("cannot write `{}`: {error}", path.display())))?;
        Ok(Self(path))
    }
}

impl Drop for ExperimentFile {
    fn drop(&mut self) {
        // A file that is gone already is as good.
        drop(std::fs::remove_file(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_an_experiment_file() {
        let search = Search::new("train.csv", "y")
            .time("1m")
            .families(&["gbdt", "mlp"])
            .column("a \"b\"", "text")
            .set("split.folds", 3)
            .time("2m");
        assert_eq!(
            search.to_toml(),
            "name = \"train\"\ndata = \"train.csv\"\ntarget = \"y\"\nsearch.families = [\"gbdt\", \"mlp\"]\n\
             columns.\"a \\\"b\\\"\" = \"text\"\nsplit.folds = 3\nsearch.time = \"2m\"\n"
        );
    }
}
