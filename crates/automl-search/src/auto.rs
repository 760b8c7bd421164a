//! The sampler for those who do not want to choose one.

use automl_core::{History, Params, Sampler, SearchError, Seed};

use crate::error::ConfigError;
use crate::gp::GpSampler;
use crate::tpe::{TpeConfig, TpeSampler};

/// Parameters up to which the Gaussian process is used.
const MOST_PARAMS: usize = 12;

/// Finished trials up to which it is used: its time grows with them, and its lead shrinks.
const MOST_TRIALS: usize = 300;

/// A Gaussian process while there are few parameters to choose and few trials to learn from, else the
/// tree-structured Parzen estimator.
///
/// The bounds come from `experiments/bench/quality.md`: up to ten parameters and 200 trials the process finds the best
/// places on most problems; what it does beyond them was not measured, while the estimator takes less than a
/// millisecond at any number of trials.
#[derive(Debug, Clone, Copy, Default)]
pub struct AutoSampler {
    process: GpSampler,
    estimator: TpeSampler,
}

impl AutoSampler {
    /// A sampler with this many random proposals first, of both.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] below 2.
    pub fn after(n_startup_trials: usize) -> Result<Self, ConfigError> {
        let estimator = TpeConfig { n_startup_trials, ..TpeConfig::default() };
        Ok(Self { process: GpSampler::new(n_startup_trials)?, estimator: TpeSampler::new(estimator)? })
    }
}

impl Sampler for AutoSampler {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn suggest(&self, history: &History, seed: Seed) -> Result<Params, SearchError> {
        let n_params = history.axes().iter().filter(|axis| !axis.is_point()).count();
        if n_params <= MOST_PARAMS && history.len() <= MOST_TRIALS {
            self.process.suggest(history, seed)
        } else {
            self.estimator.suggest(history, seed)
        }
    }
}
