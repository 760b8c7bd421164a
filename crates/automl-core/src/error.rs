//! Errors of the seams. Messages are lower-case fragments that name the value, the range and the place.

use std::path::PathBuf;

use thiserror::Error;

use crate::device::{Device, DeviceError};
use crate::stop::StopReason;

/// Advice that belongs to an error: data, rendered in one place.
pub trait Hint {
    /// What the user could do, a sentence each, without a full stop.
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A search space or a configuration is wrong.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// Two parameters share a name.
    #[error("parameter `{name}` is defined twice")]
    DuplicateParam {
        /// Name of the parameter.
        name: String,
    },
    /// A domain or condition that cannot be.
    #[error("parameter `{name}`: {reason}")]
    InvalidDomain {
        /// Name of the parameter.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// An active parameter has no value.
    #[error("parameter `{name}` has no value")]
    MissingParam {
        /// Name of the parameter.
        name: String,
    },
    /// A value for a parameter that does not exist, or not under this configuration.
    #[error("there is no parameter `{name}` in this configuration")]
    UnknownParam {
        /// Name of the parameter.
        name: String,
    },
    /// A value outside its domain.
    #[error("`{name}` is {value}, outside {domain}")]
    OutOfDomain {
        /// Name of the parameter.
        name: String,
        /// The value.
        value: String,
        /// The domain in words.
        domain: String,
    },
    /// A value of the wrong type.
    #[error("`{name}` is {value}, which is not {wanted}")]
    WrongType {
        /// Name of the parameter.
        name: String,
        /// The value.
        value: String,
        /// What was wanted.
        wanted: &'static str,
    },
}

/// A model could not be fitted or used.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum FitError {
    /// The loss left the finite numbers.
    #[error("training diverged in epoch {epoch}: the loss is {loss}")]
    Diverged {
        /// Epoch, counted from 0.
        epoch: u32,
        /// The loss.
        loss: f64,
    },
    /// A linear system or decomposition had no usable solution.
    #[error("numerical failure: {reason}")]
    Numerical {
        /// What failed, with numbers.
        reason: String,
    },
    /// The configuration is unusable.
    #[error(transparent)]
    Params(#[from] SpaceError),
    /// The design does not fit the model.
    #[error("{what}: expected {expected}, got {got}")]
    Shape {
        /// What was compared, for example `numeric columns`.
        what: &'static str,
        /// What the model was fitted on.
        expected: String,
        /// What came.
        got: String,
    },
    /// The device cannot be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The device's memory does not hold the model with even one row.
    #[error("the memory of device `{device}` is too small for this model")]
    OutOfMemory {
        /// The device.
        device: Device,
    },
    /// The observer asked to end this member.
    #[error("cancelled")]
    Cancelled,
    /// The run was asked to stop.
    #[error("stopped before the fit was done")]
    Stopped(StopReason),
}

/// A file of a run folder or bundle could not be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// The operating system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// `read`, `write`, `create`, `rename` or `remove`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The content is not what it should be.
    #[error("`{}` {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong, as the end of a sentence that begins with the path.
        reason: String,
    },
    /// The model cannot be brought to the device.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// A sampler could not propose.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The space is unusable.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// The space has no parameter.
    #[error("the search space has no parameters")]
    EmptySpace,
    /// Every configuration was tried.
    #[error("all {n} configurations of the search space have been tried")]
    Exhausted {
        /// How many there are.
        n: usize,
    },
}

/// Trials could not be kept or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database refused.
    #[error("cannot {action} in the study file `{}`: {reason}", path.display())]
    Database {
        /// What was tried, for example `finish trial 7`.
        action: String,
        /// The study file.
        path: PathBuf,
        /// What the database said.
        reason: String,
    },
    /// A newer automl (or Optuna) wrote the file.
    #[error("the study file `{}` has {what} version {found}; this automl knows up to {known}", path.display())]
    NewerVersion {
        /// The study file.
        path: PathBuf,
        /// `schema` or `automl`.
        what: &'static str,
        /// Version found.
        found: String,
        /// Newest version known.
        known: String,
    },
    /// The file is no study.
    #[error("`{}` {reason}", path.display())]
    NotAStudy {
        /// The file.
        path: PathBuf,
        /// What is wrong, as the end of a sentence that begins with the path.
        reason: String,
    },
    /// The caller broke the contract.
    #[error("trial {number} is {state}, so it cannot be changed")]
    NotRunning {
        /// Number of the trial.
        number: u32,
        /// Its state, or `unknown`.
        state: String,
    },
}

impl Hint for StoreError {
    fn hints(&self) -> Vec<String> {
        match self {
            StoreError::NewerVersion { .. } => {
                vec!["install a newer automl, or choose another run folder or study file".to_owned()]
            }
            StoreError::NotAStudy { .. } => {
                vec![
                    "a study file is the `study.sqlite3` of a run folder, or one that Optuna made".to_owned(),
                ]
            }
            StoreError::Database { .. } | StoreError::NotRunning { .. } => Vec::new(),
        }
    }
}

/// How a trial ends other than with a cost.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrialError {
    /// It could not catch up.
    #[error("pruned after step {step}")]
    Pruned {
        /// The last step.
        step: u32,
    },
    /// It would take more time than a trial may; recorded as pruned.
    #[error("{reason}")]
    TooLong {
        /// What took how long.
        reason: String,
    },
    /// It failed by itself; recorded, and the search goes on.
    #[error("{reason}")]
    Failed {
        /// Why.
        reason: String,
    },
    /// The run was asked to stop; the configuration runs again on resume.
    #[error("stopped before the trial was done")]
    Stopped(StopReason),
    /// It was silent for so long that it was taken for lost; its result would come too late.
    #[error("the trial was taken for lost, so another worker runs its configuration")]
    TakenOver,
    /// There was no room for it beside the trials that ran with it; its configuration runs again, alone.
    #[error("no room beside other trials: {reason}")]
    Crowded {
        /// What it needs.
        reason: String,
    },
    /// The run cannot go on.
    #[error(transparent)]
    Fatal(Box<dyn std::error::Error + Send + Sync>),
}

impl TrialError {
    /// It failed by itself, as `reason` says.
    pub fn failed(reason: impl std::fmt::Display) -> Self {
        TrialError::Failed { reason: reason.to_string() }
    }
}

impl From<SpaceError> for TrialError {
    fn from(error: SpaceError) -> Self {
        TrialError::failed(error)
    }
}

impl From<StoreError> for TrialError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotRunning { .. } => TrialError::TakenOver,
            other => TrialError::Fatal(Box::new(other)),
        }
    }
}

impl From<ArtifactError> for TrialError {
    fn from(error: ArtifactError) -> Self {
        TrialError::Fatal(Box::new(error))
    }
}

impl From<FitError> for TrialError {
    fn from(error: FitError) -> Self {
        match error {
            FitError::Stopped(reason) => TrialError::Stopped(reason),
            other => TrialError::Failed { reason: other.to_string() },
        }
    }
}
