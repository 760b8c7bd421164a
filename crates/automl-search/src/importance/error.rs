//! Why there is no importance.

use thiserror::Error;

/// An importance could not be computed.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ImportanceError {
    /// A setting outside its range.
    #[error("`{name}` of {method} is {value}, but must be {range}")]
    OutOfRange {
        /// Name of the method.
        method: &'static str,
        /// Name of the setting.
        name: &'static str,
        /// The value.
        value: String,
        /// What is allowed.
        range: &'static str,
    },
    /// Too little is known.
    #[error("importances need at least {needed} complete trials with a finite target, but there are {found}")]
    TooFewTrials {
        /// Trials that are needed.
        needed: usize,
        /// Trials that there are.
        found: usize,
    },
    /// No parameter can matter.
    #[error("the target is {value} in all {n_trials} complete trials, so nothing depends on any parameter")]
    NoVariance {
        /// The target.
        value: f64,
        /// Complete trials.
        n_trials: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_the_numbers() {
        let error = ImportanceError::TooFewTrials { needed: 10, found: 3 };
        insta::assert_snapshot!(error, @"importances need at least 10 complete trials with a finite target, but there are 3");
        let error = ImportanceError::NoVariance { value: 0.5, n_trials: 12 };
        insta::assert_snapshot!(error, @"the target is 0.5 in all 12 complete trials, so nothing depends on any parameter");
    }
}
