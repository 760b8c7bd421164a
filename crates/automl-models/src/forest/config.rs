//! Hyper-parameters of forests.

use automl_core::{FitError, Params, SpaceError};

/// What a split makes purer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    /// Gini impurity.
    Gini,
    /// Entropy.
    Entropy,
}

/// Checked hyper-parameters.
///
/// | Name | Range | Meaning |
/// |---|---|---|
/// | `n_trees` | 1 to 10000 | number of trees |
/// | `max_features` | above 0, to 1 | columns drawn at a node, as a fraction of all |
/// | `min_leaf` | from 1 | fewest rows of a leaf |
/// | `max_depth` | from 1; may be left out | most questions from root to leaf; unlimited if left out |
/// | `shrinkage` | from 0 | how much leaves are drawn towards the nodes above: as if each node above had so many rows more |
/// | `max_samples` | above 0, to 1; random forests alone | rows drawn for a tree, as a fraction of all |
/// | `criterion` | `gini`, `entropy` | classification alone |
/// | `class_weights` | `none`, `balanced` | classification alone: whether every class counts the same in total |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForestConfig {
    /// Number of trees.
    pub n_trees: usize,
    /// Columns drawn at a node, as a fraction of all.
    pub max_features: f64,
    /// Fewest rows of a leaf.
    pub min_leaf: usize,
    /// Most questions from root to leaf.
    pub max_depth: Option<usize>,
    /// Rows by which the nodes above a leaf are held to be larger.
    pub shrinkage: f64,
    /// Rows drawn for a tree, as a fraction of all; `None` if a tree has every row once.
    pub max_samples: Option<f64>,
    /// What a split makes purer.
    pub criterion: Criterion,
    /// Whether every class counts the same in total.
    pub balanced: bool,
}

impl ForestConfig {
    /// Reads and checks a configuration. `draws_rows` tells whether a tree has a sample of the rows.
    ///
    /// # Errors
    /// [`FitError::Params`] naming the parameter.
    pub fn from_params(params: &Params, draws_rows: bool, is_classification: bool) -> Result<Self, FitError> {
        let n_trees = params.count("n_trees")?;
        if !(1..=10_000).contains(&n_trees) {
            return Err(out_of_domain("n_trees", &n_trees.to_string(), "1 to 10000"));
        }
        let shrinkage = params.float("shrinkage")?;
        if !(shrinkage >= 0.0 && shrinkage.is_finite()) {
            return Err(out_of_domain("shrinkage", &shrinkage.to_string(), "the finite numbers from 0"));
        }
        let (mut criterion, mut balanced) = (Criterion::Gini, false);
        if is_classification {
            criterion = match params.text("criterion")? {
                "gini" => Criterion::Gini,
                "entropy" => Criterion::Entropy,
                other => return Err(out_of_domain("criterion", other, "one of gini, entropy")),
            };
            balanced = match params.text("class_weights")? {
                "none" => false,
                "balanced" => true,
                other => return Err(out_of_domain("class_weights", other, "one of none, balanced")),
            };
        }
        let max_depth = params.get("max_depth").map(|_| at_least_one(params, "max_depth")).transpose()?;
        Ok(Self {
            n_trees,
            max_features: fraction(params, "max_features")?,
            min_leaf: at_least_one(params, "min_leaf")?,
            max_depth,
            shrinkage,
            max_samples: if draws_rows { Some(fraction(params, "max_samples")?) } else { None },
            criterion,
            balanced,
        })
    }
}

fn fraction(params: &Params, name: &str) -> Result<f64, FitError> {
    let value = params.float(name)?;
    if value > 0.0 && value <= 1.0 {
        return Ok(value);
    }
    Err(out_of_domain(name, &value.to_string(), "the numbers above 0, up to 1"))
}

fn at_least_one(params: &Params, name: &str) -> Result<usize, FitError> {
    let value = params.count(name)?;
    if value >= 1 {
        return Ok(value);
    }
    Err(out_of_domain(name, &value.to_string(), "the whole numbers from 1"))
}

fn out_of_domain(name: &str, value: &str, domain: &str) -> FitError {
    let (name, value, domain) = (name.to_owned(), value.to_owned(), domain.to_owned());
    FitError::Params(SpaceError::OutOfDomain { name, value, domain })
}
