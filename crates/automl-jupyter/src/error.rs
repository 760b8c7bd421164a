//! What can go wrong, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::Door;

/// The kernel could not be installed or started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JupyterError {
    /// A program that is needed is not on this machine.
    #[error("there is no `{program}` on this machine, which {what} needs")]
    Missing {
        /// Its name.
        program: String,
        /// What needs it.
        what: &'static str,
        /// How to get it.
        hint: &'static str,
    },
    /// A program that was called failed.
    #[error("`{command}` failed ({status})")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended, in words.
        status: String,
        /// What to do.
        hint: String,
    },
    /// The user has no home folder.
    #[error("there is no folder for {what}: the variables {variables} are not set")]
    NoFolder {
        /// What the folder is for.
        what: &'static str,
        /// Which variables name it.
        variables: &'static str,
    },
    /// A file or folder could not be read, written or removed.
    #[error("cannot {action} `{}`: {source}", path.display())]
    File {
        /// What was to be done.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The full kernel is built from the project's sources.
    #[error("the full kernel is built from the project's sources, which are not in `{}`", path.display())]
    NoSources {
        /// Where they were looked for.
        path: PathBuf,
    },
    /// Cargo said something that is not understood.
    #[error("cargo's description of packages cannot be read: {reason}")]
    Graph {
        /// What is wrong with it.
        reason: String,
    },
    /// A kernel was started that is not installed.
    #[error("the notebook kernel is not installed completely: there is no `{}`", path.display())]
    NotInstalled {
        /// What is missing.
        path: PathBuf,
        /// Which kernel.
        door: Door,
    },
}

impl JupyterError {
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }

    /// What the user could do, a sentence each.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Missing { hint, .. } => vec![(*hint).to_owned()],
            Self::Failed { hint, .. } => vec![hint.clone()],
            Self::NoFolder { .. } => vec!["set HOME".to_owned()],
            Self::File { .. } | Self::Graph { .. } => Vec::new(),
            Self::NoSources { .. } => {
                vec![
                    "name the folder of a clone of the project: `automl kernel install --full --sources DIR`"
                        .to_owned(),
                ]
            }
            Self::NotInstalled { door: Door::Fast, .. } => {
                vec!["install it with `automl kernel install`".to_owned()]
            }
            Self::NotInstalled { door: Door::Full, .. } => {
                vec!["install it with `automl kernel install --full`".to_owned()]
            }
        }
    }
}
