//! Hyper-parameters of boosted trees.

use automl_core::{FitError, Params, SpaceError};

use crate::trees::categories::CategoryRules;
use crate::trees::grow::{Growth, HISTOGRAM_MEMORY};
use crate::trees::split::Limits;

/// Checked hyper-parameters.
///
/// | Name | Range | Meaning |
/// |---|---|---|
/// | `learning_rate` | above 0, to 1 | factor of each tree's values |
/// | `max_rounds` | from 1 | most rounds |
/// | `patience` | from 1 | rounds without a lower validation loss that end the fit |
/// | `max_leaves` | 2 to 65536 | most leaves of a tree |
/// | `max_depth` | from 1; may be left out | most questions from root to leaf; unlimited if left out |
/// | `min_child_samples` | from 1 | fewest rows of a leaf, estimated from hessians |
/// | `min_child_hessian` | from 0 | least hessian of a leaf |
/// | `feature_fraction` | above 0, to 1 | columns drawn for each tree |
/// | `bagging_fraction` | above 0, to 1 | rows drawn for each round, without replacement |
/// | `lasso` | true, false | whether `l1` is in use |
/// | `l1` | from 0, with `lasso` alone | weight of the magnitudes of leaves' values |
/// | `l2` | from 0 | weight of half the squares of leaves' values |
/// | `symmetric` | true, false | one question for all nodes of a level, of which there are as many as `max_leaves` has powers of 2 |
/// | `extra_trees` | true, false | one random threshold a column and node instead of the best |
/// | `class_weights` | `none`, `balanced` | classification alone: whether every class counts the same in total |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GbdtConfig {
    /// Factor of each tree's values.
    pub learning_rate: f64,
    /// Most rounds.
    pub max_rounds: usize,
    /// Rounds without a lower validation loss that end the fit.
    pub patience: usize,
    /// Most leaves of a tree.
    pub max_leaves: usize,
    /// Most questions from root to leaf.
    pub max_depth: Option<usize>,
    /// Fewest rows of a leaf.
    pub min_child_samples: usize,
    /// Least hessian of a leaf.
    pub min_child_hessian: f64,
    /// Columns drawn for each tree, as a fraction of all.
    pub feature_fraction: f64,
    /// Rows drawn for each round, as a fraction of all.
    pub bagging_fraction: f64,
    /// Weight of the magnitudes of leaves' values.
    pub l1: f64,
    /// Weight of half the squares of leaves' values.
    pub l2: f64,
    /// One question for all nodes of a level, as in `CatBoost`, instead of leaf by leaf.
    pub symmetric: bool,
    /// One random threshold a column and node instead of the best.
    pub extra_trees: bool,
    /// Whether every class counts the same in total.
    pub balanced: bool,
}

impl GbdtConfig {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// [`FitError::Params`] naming the parameter.
    pub fn from_params(params: &Params, is_classification: bool) -> Result<Self, FitError> {
        let config = Self {
            learning_rate: fraction(params, "learning_rate")?,
            max_rounds: at_least(params, "max_rounds", 1)?,
            patience: at_least(params, "patience", 1)?,
            max_leaves: at_least(params, "max_leaves", 2)?,
            max_depth: match params.get("max_depth") {
                Some(_) => Some(at_least(params, "max_depth", 1)?),
                None => None,
            },
            min_child_samples: at_least(params, "min_child_samples", 1)?,
            min_child_hessian: weight(params, "min_child_hessian")?,
            feature_fraction: fraction(params, "feature_fraction")?,
            bagging_fraction: fraction(params, "bagging_fraction")?,
            l1: if params.flag("lasso")? { weight(params, "l1")? } else { 0.0 },
            l2: weight(params, "l2")?,
            symmetric: params.flag("symmetric")?,
            extra_trees: params.flag("extra_trees")?,
            balanced: is_classification
                && match params.text("class_weights")? {
                    "none" => false,
                    "balanced" => true,
                    other => return Err(out_of_domain("class_weights", other, "one of none, balanced")),
                },
        };
        if config.max_leaves > 1 << 16 {
            return Err(out_of_domain("max_leaves", &config.max_leaves.to_string(), "2 to 65536"));
        }
        Ok(config)
    }

    /// How its trees grow.
    pub(super) fn growth(&self, threads: usize) -> Growth {
        Growth {
            symmetric: self.symmetric,
            max_leaves: self.max_leaves,
            max_depth: self.max_depth.unwrap_or(usize::MAX),
            limits: Limits {
                min_child_samples: self.min_child_samples,
                min_child_hessian: self.min_child_hessian,
                l1: self.l1,
                l2: self.l2,
                min_gain: 0.0,
            },
            categories: CategoryRules::default(),
            columns_per_node: usize::MAX,
            random_thresholds: self.extra_trees,
            threads,
            memory: HISTOGRAM_MEMORY,
        }
    }
}

fn fraction(params: &Params, name: &str) -> Result<f64, FitError> {
    let value = params.float(name)?;
    if value > 0.0 && value <= 1.0 {
        return Ok(value);
    }
    Err(out_of_domain(name, &value.to_string(), "the numbers above 0, up to 1"))
}

fn weight(params: &Params, name: &str) -> Result<f64, FitError> {
    let value = params.float(name)?;
    if value >= 0.0 && value.is_finite() {
        return Ok(value);
    }
    Err(out_of_domain(name, &value.to_string(), "the finite numbers from 0"))
}

fn at_least(params: &Params, name: &str, least: usize) -> Result<usize, FitError> {
    let value = params.count(name)?;
    if value >= least {
        return Ok(value);
    }
    Err(out_of_domain(name, &value.to_string(), &format!("the whole numbers from {least}")))
}

fn out_of_domain(name: &str, value: &str, domain: &str) -> FitError {
    let (name, value, domain) = (name.to_owned(), value.to_owned(), domain.to_owned());
    FitError::Params(SpaceError::OutOfDomain { name, value, domain })
}
