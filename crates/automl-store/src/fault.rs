//! What can go wrong below the border of the crate, and how it is told above it.

use std::path::Path;

use automl_core::{SpaceError, StoreError};
use rusqlite::ErrorCode;
use thiserror::Error;

/// An error that does not yet know its file.
#[derive(Debug, Error)]
pub(crate) enum Fault {
    /// `SQLite` refused.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// The caller's parameters do not fit the caller's space.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// A value that cannot be written, or that is not what automl or Optuna write.
    #[error("{0}")]
    Content(String),
    /// The file is something else; the end of a sentence that begins with its path.
    #[error("{0}")]
    NotAStudy(String),
    /// The trial is not running.
    #[error("trial {number} is {state}")]
    NotRunning { number: u32, state: String },
    /// A newer program wrote the file.
    #[error("{what} version {found} is newer than {known}")]
    Newer { what: &'static str, found: String, known: String },
}

impl Fault {
    /// The error of `action` on the study file `path`.
    pub(crate) fn at(self, path: &Path, action: impl Into<String>) -> StoreError {
        let path = path.to_owned();
        match self {
            Fault::Sqlite(error) => sqlite_error(&error, path, action.into()),
            Fault::NotAStudy(reason) => StoreError::NotAStudy { path, reason },
            Fault::NotRunning { number, state } => StoreError::NotRunning { number, state },
            Fault::Newer { what, found, known } => StoreError::NewerVersion { path, what, found, known },
            Fault::Space(error) => {
                StoreError::Database { action: action.into(), path, reason: error.to_string() }
            }
            Fault::Content(reason) => StoreError::Database { action: action.into(), path, reason },
        }
    }
}

fn sqlite_error(error: &rusqlite::Error, path: std::path::PathBuf, action: String) -> StoreError {
    let reason = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            return StoreError::NotAStudy { path, reason: "is not an SQLite database".to_owned() };
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            return StoreError::NotAStudy { path, reason: format!("is damaged ({error})") };
        }
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        Some(ErrorCode::ReadOnly) => "the file or its folder is read-only".to_owned(),
        Some(ErrorCode::CannotOpen) => {
            "the file cannot be opened; its folder may be missing or closed".to_owned()
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("another process held it for more than {} s", crate::connection::BUSY_TIMEOUT.as_secs())
        }
        _ => error.to_string(),
    };
    StoreError::Database { action, path, reason }
}
