//! Settings of functional analysis of variance.

use crate::importance::ImportanceError;

/// Unchecked settings; [`crate::importance::Fanova::new`] checks them. The defaults of the forest are Optuna's.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `n_trees` | 64 | from 1 | trees of the forest |
/// | `max_depth` | 64 | from 1 | most splits between the root of a tree and a leaf |
/// | `n_interacting` | 5 | from 0 | interactions are computed among so many parameters, those of the largest share |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FanovaConfig {
    /// Trees of the forest.
    pub n_trees: usize,
    /// Most splits on the way to a leaf.
    pub max_depth: usize,
    /// Parameters whose pairs are looked at.
    pub n_interacting: usize,
}

impl Default for FanovaConfig {
    fn default() -> Self {
        Self { n_trees: 64, max_depth: 64, n_interacting: 5 }
    }
}

impl FanovaConfig {
    pub(super) fn check(self) -> Result<Self, ImportanceError> {
        for (name, value) in [("n_trees", self.n_trees), ("max_depth", self.max_depth)] {
            if value == 0 {
                let value = "0".to_owned();
                return Err(ImportanceError::OutOfRange {
                    method: "fANOVA",
                    name,
                    value,
                    range: "1 and above",
                });
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let error = FanovaConfig { n_trees: 0, ..FanovaConfig::default() }.check().unwrap_err();
        insta::assert_snapshot!(error, @"`n_trees` of fANOVA is 0, but must be 1 and above");
        assert!(FanovaConfig { max_depth: 0, ..FanovaConfig::default() }.check().is_err());
    }
}
