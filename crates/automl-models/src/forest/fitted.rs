//! Fitted forests: prediction, saving and loading.

use std::path::Path;

use automl_core::{ArtifactError, Design, FitError, FittedModel, Matrix, Predictions};
use serde::{Deserialize, Serialize};

use crate::artifact::{corrupt, load_json, save_json};
use crate::standard::Standard;
use crate::trees::ensemble::Ensemble;

const MODEL_FILE: &str = "forest.json";
const STEM: &str = "forest";
/// Rows predicted at once: their bins stay in a cache.
const BLOCK_ROWS: usize = 8192;

/// What the values of leaves mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(super) enum Head {
    /// The standardised target.
    Real(Standard),
    /// The probability of the second of two classes, or one probability a class.
    Classes {
        /// Number of classes.
        n_classes: usize,
    },
}

impl Head {
    /// The leaf value that means a target value.
    pub(super) fn score_of(&self, value: f64) -> f32 {
        match self {
            Head::Real(standard) => standard.standardise(value),
            Head::Classes { .. } => value as f32,
        }
    }

    fn n_outputs(&self) -> usize {
        match self {
            Head::Real(_) | Head::Classes { n_classes: 0..=2 } => 1,
            Head::Classes { n_classes } => *n_classes,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    head: Head,
    /// The values of a tree of one leaf. It counts as one tree more, so that no class is held to be impossible.
    prior: Vec<f64>,
}

/// Trees with the meaning of their mean.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ForestModel {
    description: Description,
    ensemble: Ensemble,
}

impl ForestModel {
    pub(super) fn new(ensemble: Ensemble, head: Head, prior: Vec<f64>) -> Self {
        Self { description: Description { head, prior }, ensemble }
    }

    /// Reads what [`FittedModel::save`] wrote.
    pub(super) fn load(dir: &Path) -> Result<Self, ArtifactError> {
        let description: Description = load_json(dir, MODEL_FILE)?;
        let ensemble = Ensemble::load(dir, STEM)?;
        let n_outputs = description.head.n_outputs();
        if ensemble.n_outputs == n_outputs && description.prior.len() == n_outputs {
            return Ok(Self { description, ensemble });
        }
        let reason = format!("does not fit its trees of {} outputs", ensemble.n_outputs);
        Err(corrupt(&dir.join(MODEL_FILE), reason))
    }

    /// The mean of the trees' values, row by row.
    fn means(&self, x: &Design) -> Result<Vec<f64>, FitError> {
        let table = self.ensemble.binner.bin(x)?;
        let (n_rows, n_outputs) = (x.n_rows(), self.ensemble.n_outputs);
        let is_real = matches!(self.description.head, Head::Real(_));
        let mut sums = if is_real { vec![0.0; n_rows] } else { self.description.prior.repeat(n_rows) };
        let (mut rows, mut memory) = (Vec::new(), Vec::new());
        for first in (0..n_rows).step_by(BLOCK_ROWS) {
            for tree in &self.ensemble.trees {
                rows.clear();
                rows.extend(first as u32..(first + BLOCK_ROWS).min(n_rows) as u32);
                tree.for_each_leaf(&table, &mut rows, &mut memory, |leaf, rows| {
                    let values = &tree.values[leaf * n_outputs..(leaf + 1) * n_outputs];
                    for &row in rows {
                        let sum = &mut sums[row as usize * n_outputs..][..n_outputs];
                        sum.iter_mut().zip(values).for_each(|(sum, &value)| *sum += f64::from(value));
                    }
                });
            }
        }
        let count = self.ensemble.trees.len() + usize::from(!is_real);
        for sum in &mut sums {
            *sum /= count as f64;
        }
        Ok(sums)
    }
}

impl FittedModel for ForestModel {
    fn predict(&self, x: &Design) -> Result<Predictions, FitError> {
        let mut means = self.means(x)?;
        Ok(match self.description.head {
            Head::Real(standard) => {
                for value in &mut means {
                    *value = standard.restore(*value);
                }
                Predictions::Real(means)
            }
            Head::Classes { n_classes: 0..=2 } => {
                let both = |second: f64| {
                    let second = second.clamp(0.0, 1.0);
                    [1.0 - second, second]
                };
                Predictions::Proba(Matrix::new(x.n_rows(), 2, means.into_iter().flat_map(both).collect()))
            }
            Head::Classes { n_classes } => {
                for row in means.chunks_exact_mut(n_classes) {
                    for value in &mut *row {
                        *value = value.max(0.0);
                    }
                    let total: f64 = row.iter().sum();
                    for value in row {
                        *value /= total;
                    }
                }
                Predictions::Proba(Matrix::new(x.n_rows(), n_classes, means))
            }
        })
    }

    fn save(&self, dir: &Path) -> Result<(), ArtifactError> {
        save_json(dir, MODEL_FILE, &self.description)?;
        self.ensemble.save(dir, STEM)
    }

    fn best_epoch(&self) -> Option<u32> {
        None
    }

    fn n_parameters(&self) -> usize {
        self.ensemble.n_parameters()
    }
}
