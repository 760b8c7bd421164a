//! Settings of the tree-structured Parzen estimator.

use crate::error::ConfigError;

/// Unchecked settings; [`crate::TpeSampler::new`] checks them.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `n_startup_trials` | 10 | from 0 | finished trials before the estimator is used; random until then |
/// | `n_candidates` | 24 | from 1 | draws among which the best ratio of densities is taken |
/// | `prior_weight` | 1 | above 0, finite | weight of the prior, in observations |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TpeConfig {
    /// Finished trials before the estimator is used.
    pub n_startup_trials: usize,
    /// Draws among which the best is taken.
    pub n_candidates: usize,
    /// Weight of the prior kernel, in observations.
    pub prior_weight: f64,
}

impl Default for TpeConfig {
    fn default() -> Self {
        Self { n_startup_trials: 10, n_candidates: 24, prior_weight: 1.0 }
    }
}

impl TpeConfig {
    pub(super) fn check(self) -> Result<Self, ConfigError> {
        let out_of_range =
            |name, value: String, range| Err(ConfigError::OutOfRange { sampler: "tpe", name, value, range });
        if self.n_candidates == 0 {
            return out_of_range("n_candidates", "0".to_owned(), "1 and above");
        }
        if !(self.prior_weight > 0.0 && self.prior_weight.is_finite()) {
            return out_of_range("prior_weight", self.prior_weight.to_string(), "finite and above 0");
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let error = TpeConfig { n_candidates: 0, ..TpeConfig::default() }.check().unwrap_err();
        insta::assert_snapshot!(error, @"`n_candidates` of the tpe sampler is 0, but must be 1 and above");
        let error = TpeConfig { prior_weight: f64::NAN, ..TpeConfig::default() }.check().unwrap_err();
        insta::assert_snapshot!(error, @"`prior_weight` of the tpe sampler is NaN, but must be finite and above 0");
    }
}
