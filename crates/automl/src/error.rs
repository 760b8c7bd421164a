//! Everything that can go wrong with an experiment, with hints and exit codes.

use std::path::PathBuf;

use automl_core::{ArtifactError, DeviceError, FitError, Hint, Metric, MetricError, SpaceError, StoreError};
use automl_data::DataError;
use automl_ensemble::EnsembleError;
use automl_report::ReportError;
use automl_search::RunError;
use thiserror::Error;

/// An experiment, a prediction or a report could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AutomlError {
    /// The configuration is wrong.
    #[error("{message}")]
    Config {
        /// What is wrong, with the value and the accepted range.
        message: String,
        /// What to do.
        hints: Vec<String>,
    },
    /// The data are unusable.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The device cannot be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A metric cannot be had.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// A search space is wrong.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// The search could not go on.
    #[error(transparent)]
    Search(#[from] RunError),
    /// Trials could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of the run folder or bundle could not be written or read.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// A model could not predict.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// Out-of-fold predictions decide nothing.
    #[error("the final model: {0}")]
    Ensemble(#[from] EnsembleError),
    /// The report could not be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Something that cannot happen did: a fault of automl.
    #[error("a fault of automl, please report it: {0}")]
    Internal(Box<dyn std::error::Error + Send + Sync>),
    /// Worker processes end by errors, one after another.
    #[error("the worker processes end one after another, with no trial finished: {how}")]
    Workers {
        /// How the last one ended, in words.
        how: String,
        /// What it said.
        log: PathBuf,
    },
    /// Another process works in the folder.
    #[error("another automl process is working in `{}`", folder.display())]
    Busy {
        /// The run folder.
        folder: PathBuf,
    },
    /// The folder holds a study of something else.
    #[error("`{}` holds a study with another {what}: {found} there, {wanted} now", folder.display())]
    OtherStudy {
        /// The run folder.
        folder: PathBuf,
        /// The setting that differs.
        what: &'static str,
        /// Its value in the study.
        found: String,
        /// Its value in the configuration.
        wanted: String,
    },
    /// The folder is no run folder.
    #[error("`{}` is no run folder: it has no study.sqlite3", folder.display())]
    NoRun {
        /// The folder.
        folder: PathBuf,
    },
    /// No trial completed.
    #[error("no trial completed, so there is no model: {reason}")]
    NoModel {
        /// What happened to the trials.
        reason: String,
    },
}

impl AutomlError {
    /// A configuration error without hints.
    pub fn config(message: impl Into<String>) -> Self {
        Self::Config { message: message.into(), hints: Vec::new() }
    }

    /// The same configuration error with one more hint; other errors are unchanged.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Config { hints, .. } = &mut self {
            hints.push(hint.into());
        }
        self
    }

    /// The exit code of the command line: 3 for what the user gave, 4 without a model, 1 otherwise.
    pub fn exit_code(&self) -> u8 {
        match self {
            AutomlError::Artifact(ArtifactError::Device(_)) => 3,
            AutomlError::Data(DataError::Io { .. })
            | AutomlError::Store(_)
            | AutomlError::Artifact(_)
            | AutomlError::Fit(_)
            | AutomlError::Ensemble(_)
            | AutomlError::Report(_)
            | AutomlError::Search(_)
            | AutomlError::Internal(_)
            | AutomlError::Workers { .. }
            | AutomlError::Busy { .. } => 1,
            AutomlError::Config { .. }
            | AutomlError::Data(_)
            | AutomlError::Device(_)
            | AutomlError::Metric(_)
            | AutomlError::Space(_)
            | AutomlError::OtherStudy { .. }
            | AutomlError::NoRun { .. } => 3,
            AutomlError::NoModel { .. } => 4,
        }
    }
}

impl Hint for AutomlError {
    fn hints(&self) -> Vec<String> {
        match self {
            AutomlError::Config { hints, .. } => hints.clone(),
            AutomlError::Data(error) => error.hints(),
            AutomlError::Device(error) | AutomlError::Artifact(ArtifactError::Device(error)) => error.hints(),
            AutomlError::Store(error) => error.hints(),
            AutomlError::Search(error) => error.hints(),
            AutomlError::Metric(MetricError::WrongTask { task, .. }) => {
                let metrics: Vec<String> = Metric::of_task(*task).into_iter().map(Metric::name).collect();
                vec![format!("metrics of {task} tasks are {}", metrics.join(", "))]
            }
            AutomlError::Workers { log, .. } => vec![format!("`{}` has all that it said", log.display())],
            AutomlError::Busy { .. } => vec!["wait for it, or choose another folder with `--out`".to_owned()],
            AutomlError::OtherStudy { .. } => {
                vec!["choose another folder with `--out`, or remove this one to start again".to_owned()]
            }
            AutomlError::NoRun { .. } => {
                vec!["`automl search` makes run folders; its default is runs/NAME".to_owned()]
            }
            AutomlError::NoModel { .. } => {
                vec!["give more time with `--time`; `automl leaderboard` shows why trials failed".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}
