//! Fitted boosted trees: prediction, saving and loading.

use std::path::Path;

use automl_core::{ArtifactError, Design, FitError, FittedModel, Matrix, Predictions};
use serde::{Deserialize, Serialize};

use crate::artifact::{corrupt, load_json, save_json};
use crate::standard::Standard;
use crate::trees::ensemble::Ensemble;

const MODEL_FILE: &str = "gbdt.json";
const STEM: &str = "gbdt";
/// Rows predicted at once: their bins stay in a cache.
const BLOCK_ROWS: usize = 8192;

/// What the scores mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(super) enum Head {
    /// One score: the standardised target.
    Real(Standard),
    /// One score: the log odds of the second of two classes.
    Logistic,
    /// One score a class: its log weight.
    Softmax {
        /// Number of classes.
        n_classes: usize,
    },
}

impl Head {
    /// The score that means a value.
    pub(super) fn score_of(&self, value: f64) -> f32 {
        match self {
            Head::Real(standard) => standard.standardise(value),
            Head::Logistic | Head::Softmax { .. } => value as f32,
        }
    }

    /// What a loss of 1 in scores is in the unit of the data.
    pub(super) fn loss_unit(&self) -> f64 {
        match self {
            Head::Real(Standard { deviation, .. }) => deviation * deviation,
            Head::Logistic | Head::Softmax { .. } => 1.0,
        }
    }

    fn n_outputs(&self) -> usize {
        match self {
            Head::Real(_) | Head::Logistic => 1,
            Head::Softmax { n_classes } => *n_classes,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    head: Head,
    /// Scores before the first tree, one an output.
    start: Vec<f64>,
    best_epoch: u32,
}

/// Trees with the meaning of their sum.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GbdtModel {
    description: Description,
    /// Round by round, output by output.
    ensemble: Ensemble,
}

impl GbdtModel {
    pub(super) fn new(ensemble: Ensemble, head: Head, start: Vec<f64>, best_epoch: u32) -> Self {
        Self { description: Description { head, start, best_epoch }, ensemble }
    }

    /// Reads what [`FittedModel::save`] wrote.
    pub(super) fn load(dir: &Path) -> Result<Self, ArtifactError> {
        let description: Description = load_json(dir, MODEL_FILE)?;
        let ensemble = Ensemble::load(dir, STEM)?;
        let n_outputs = description.head.n_outputs();
        let is_whole = n_outputs > 0
            && description.start.len() == n_outputs
            && ensemble.n_outputs == 1
            && ensemble.trees.len().is_multiple_of(n_outputs);
        if is_whole {
            return Ok(Self { description, ensemble });
        }
        let reason = format!("does not fit its {} trees of {n_outputs} outputs", ensemble.trees.len());
        Err(corrupt(&dir.join(MODEL_FILE), reason))
    }

    /// The scores, output by output.
    fn scores(&self, x: &Design) -> Result<Vec<f64>, FitError> {
        let table = self.ensemble.binner.bin(x)?;
        let n_rows = x.n_rows();
        let start = &self.description.start;
        let mut scores: Vec<f64> =
            start.iter().flat_map(|&score| std::iter::repeat_n(score, n_rows)).collect();
        let (mut rows, mut memory) = (Vec::new(), Vec::new());
        for first in (0..n_rows).step_by(BLOCK_ROWS) {
            for (index, tree) in self.ensemble.trees.iter().enumerate() {
                let of_output = &mut scores[index % start.len() * n_rows..][..n_rows];
                rows.clear();
                rows.extend(first as u32..(first + BLOCK_ROWS).min(n_rows) as u32);
                tree.for_each_leaf(&table, &mut rows, &mut memory, |leaf, rows| {
                    for &row in rows {
                        of_output[row as usize] += f64::from(tree.values[leaf]);
                    }
                });
            }
        }
        Ok(scores)
    }
}

impl FittedModel for GbdtModel {
    fn predict(&self, x: &Design) -> Result<Predictions, FitError> {
        let mut scores = self.scores(x)?;
        let n_rows = x.n_rows();
        Ok(match self.description.head {
            Head::Real(standard) => {
                for score in &mut scores {
                    *score = standard.restore(*score);
                }
                Predictions::Real(scores)
            }
            Head::Logistic => {
                let proba = scores.into_iter().flat_map(two_classes).collect();
                Predictions::Proba(Matrix::new(n_rows, 2, proba))
            }
            Head::Softmax { n_classes } => {
                let mut proba = Vec::with_capacity(scores.len());
                for row in 0..n_rows {
                    let of_row = (0..n_classes).map(|output| scores[output * n_rows + row]);
                    let most = of_row.clone().fold(f64::MIN, f64::max);
                    let total: f64 = of_row.clone().map(|score| (score - most).exp()).sum();
                    proba.extend(of_row.map(|score| (score - most).exp() / total));
                }
                Predictions::Proba(Matrix::new(n_rows, n_classes, proba))
            }
        })
    }

    fn save(&self, dir: &Path) -> Result<(), ArtifactError> {
        save_json(dir, MODEL_FILE, &self.description)?;
        self.ensemble.save(dir, STEM)
    }

    fn best_epoch(&self) -> Option<u32> {
        Some(self.description.best_epoch)
    }

    fn n_parameters(&self) -> usize {
        self.ensemble.n_parameters() + self.description.start.len()
    }
}

/// The probabilities of both classes from the log odds of the second.
fn two_classes(odds: f64) -> [f64; 2] {
    let small = (-odds.abs()).exp();
    let (larger, smaller) = (1.0 / (1.0 + small), small / (1.0 + small));
    if odds >= 0.0 { [smaller, larger] } else { [larger, smaller] }
}
