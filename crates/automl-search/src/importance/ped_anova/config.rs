//! Settings of PED-ANOVA.

use crate::importance::ImportanceError;

/// Unchecked settings; [`crate::importance::PedAnova::new`] checks them.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `target_quantile` | 0.1 | above 0, below `region_quantile` | share of trials that are good, γ' in the paper |
/// | `region_quantile` | 1 | up to 1 | share of trials that they are compared with, γ in the paper |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PedAnovaConfig {
    /// Share of trials that are good.
    pub target_quantile: f64,
    /// Share of trials that they are compared with.
    pub region_quantile: f64,
}

impl Default for PedAnovaConfig {
    fn default() -> Self {
        Self { target_quantile: 0.1, region_quantile: 1.0 }
    }
}

impl PedAnovaConfig {
    pub(super) fn check(self) -> Result<Self, ImportanceError> {
        let out_of_range = |name, value: f64, range| {
            Err(ImportanceError::OutOfRange { method: "PED-ANOVA", name, value: value.to_string(), range })
        };
        if !(self.region_quantile > 0.0 && self.region_quantile <= 1.0) {
            return out_of_range("region_quantile", self.region_quantile, "above 0 and up to 1");
        }
        if !(self.target_quantile > 0.0 && self.target_quantile < self.region_quantile) {
            let range = "above 0 and below region_quantile";
            return out_of_range("target_quantile", self.target_quantile, range);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let error = PedAnovaConfig { target_quantile: 1.0, region_quantile: 1.0 }.check().unwrap_err();
        insta::assert_snapshot!(error, @"`target_quantile` of PED-ANOVA is 1, but must be above 0 and below region_quantile");
        let error = PedAnovaConfig { target_quantile: 0.1, region_quantile: f64::NAN }.check().unwrap_err();
        insta::assert_snapshot!(error, @"`region_quantile` of PED-ANOVA is NaN, but must be above 0 and up to 1");
    }
}
