//! Errors of this crate.

use automl_core::{Hint, SearchError, SpaceError, StoreError};
use thiserror::Error;

/// A sampler's or a pruner's settings are wrong.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A setting outside its range.
    #[error("`{name}` of the {sampler} sampler is {value}, but must be {range}")]
    OutOfRange {
        /// Name of the sampler.
        sampler: &'static str,
        /// Name of the setting.
        name: &'static str,
        /// The value.
        value: String,
        /// What is allowed.
        range: &'static str,
    },
    /// A pruner's setting outside its range.
    #[error("`{name}` of the {pruner} pruner is {value}, but must be {range}")]
    PrunerOutOfRange {
        /// Name of the pruner.
        pruner: &'static str,
        /// Name of the setting.
        name: &'static str,
        /// The value.
        value: String,
        /// What is allowed.
        range: &'static str,
    },
}

/// A search could not go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// A configuration that was to be tried does not fit the space.
    #[error("the configuration for trial slot {slot} ({origin}) does not fit the search space: {source}")]
    Configuration {
        /// The slot it was meant for.
        slot: u32,
        /// Where it came from.
        origin: Origin,
        /// What is wrong.
        source: SpaceError,
    },
    /// The sampler could not propose.
    #[error("the {sampler} sampler has no proposal for trial slot {slot}: {source}")]
    Suggest {
        /// Name of the sampler.
        sampler: &'static str,
        /// The slot.
        slot: u32,
        /// Why.
        source: SearchError,
    },
    /// Trials could not be kept or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The objective met an error after which no trial can run.
    #[error("trial {number} met an error that ends the search: {source}")]
    Fatal {
        /// Number of the trial.
        number: u32,
        /// The error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Where a configuration came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The caller's list of initial configurations.
    Initial,
    /// A trial of an earlier run that did not come to its end.
    Waiting,
    /// A sampler, which thereby broke its contract.
    Sampler(&'static str),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Initial => f.write_str("an initial configuration"),
            Origin::Waiting => f.write_str("left over from an earlier run"),
            Origin::Sampler(name) => write!(f, "proposed by the {name} sampler"),
        }
    }
}

impl Hint for RunError {
    fn hints(&self) -> Vec<String> {
        match self {
            RunError::Configuration { origin: Origin::Waiting, .. } => {
                vec!["the search space has changed since that run: start a new study".to_owned()]
            }
            RunError::Store(error) => error.hints(),
            _ => Vec::new(),
        }
    }
}
