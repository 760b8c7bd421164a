//! A fitted linear model: prediction, saving and loading.

use std::path::Path;

use automl_core::{ArtifactError, Design, FitError, FittedModel, Matrix, Predictions};
use serde::{Deserialize, Serialize};

use super::logistic::softmax;
use crate::artifact::{corrupt, load_json, load_tensors, save_json, save_tensors};
use crate::gemm::{View, add_product};
use crate::target::check_columns;

const MODEL_FILE: &str = "linear.json";
const WEIGHTS_FILE: &str = "linear.safetensors";
/// Rows predicted at once.
const BLOCK_ROWS: usize = 256;

/// What the outputs mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(super) enum Head {
    /// One output: the value.
    Real,
    /// One output: the log odds of the second of two classes.
    Sigmoid,
    /// One output a class: its log weight.
    Softmax {
        /// Number of classes.
        n_classes: usize,
    },
}

impl Head {
    fn n_outputs(self) -> usize {
        match self {
            Head::Real | Head::Sigmoid => 1,
            Head::Softmax { n_classes } => n_classes,
        }
    }
}

/// Everything but the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    head: Head,
    columns: Vec<String>,
    /// Effective number of parameters, where it is known.
    degrees_of_freedom: Option<f64>,
}

/// Coefficients and intercepts, in the unit of the design's columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LinearModel {
    description: Description,
    /// Shape `[n_outputs, n_features]`, row by row.
    coefficients: Vec<f64>,
    /// One an output.
    intercepts: Vec<f64>,
}

impl LinearModel {
    pub(super) fn new(
        head: Head,
        columns: &[String],
        coefficients: Vec<f64>,
        intercepts: Vec<f64>,
        degrees_of_freedom: Option<f64>,
    ) -> Self {
        let description = Description { head, columns: columns.to_vec(), degrees_of_freedom };
        Self { description, coefficients, intercepts }
    }

    /// Reads what [`FittedModel::save`] wrote.
    pub(super) fn load(dir: &Path) -> Result<Self, ArtifactError> {
        let description: Description = load_json(dir, MODEL_FILE)?;
        let (n_outputs, n_features) = (description.head.n_outputs(), description.columns.len());
        if n_outputs == 0 {
            return Err(corrupt(&dir.join(MODEL_FILE), "names a softmax over no classes"));
        }
        let mut tensors = load_tensors::<f64>(dir, WEIGHTS_FILE)?;
        let coefficients = tensors.take("coefficients", &[n_outputs, n_features])?;
        let intercepts = tensors.take("intercepts", &[n_outputs])?;
        Ok(Self { description, coefficients, intercepts })
    }

    #[cfg(test)]
    pub(super) fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// The outputs before their link, shape `[n_rows, n_outputs]`, row by row.
    fn outputs(&self, x: &Matrix<f32>) -> Vec<f64> {
        let (n_outputs, n_features) = (self.intercepts.len(), x.n_cols());
        let weights = View::new(&self.coefficients, n_outputs, n_features);
        let mut outputs: Vec<f64> = (0..x.n_rows()).flat_map(|_| self.intercepts.iter().copied()).collect();
        let mut block = Vec::new();
        for (part, target) in outputs.chunks_mut(BLOCK_ROWS * n_outputs).enumerate() {
            let rows = target.len() / n_outputs;
            let start = part * BLOCK_ROWS * n_features;
            let values = &x.values()[start..start + rows * n_features];
            block.clear();
            block.extend(values.iter().map(|value| f64::from(*value)));
            add_product(target, n_outputs, 1.0, View::new(&block, rows, n_features), weights.transposed());
        }
        outputs
    }
}

impl FittedModel for LinearModel {
    fn predict(&self, x: &Design) -> Result<Predictions, FitError> {
        check_columns(x, &self.description.columns)?;
        let mut outputs = self.outputs(&x.numeric);
        Ok(match self.description.head {
            Head::Real => Predictions::Real(outputs),
            Head::Sigmoid => {
                let proba = outputs.into_iter().flat_map(two_classes).collect();
                Predictions::Proba(Matrix::new(x.n_rows(), 2, proba))
            }
            Head::Softmax { n_classes } => {
                for row in outputs.chunks_exact_mut(n_classes) {
                    softmax(row);
                }
                Predictions::Proba(Matrix::new(x.n_rows(), n_classes, outputs))
            }
        })
    }

    fn save(&self, dir: &Path) -> Result<(), ArtifactError> {
        save_json(dir, MODEL_FILE, &self.description)?;
        let (n_outputs, n_features) = (self.intercepts.len(), self.description.columns.len());
        let coefficients = ("coefficients", &[n_outputs, n_features][..], &self.coefficients[..]);
        let intercepts = ("intercepts", &[n_outputs][..], &self.intercepts[..]);
        save_tensors(dir, WEIGHTS_FILE, &[coefficients, intercepts])
    }

    fn best_epoch(&self) -> Option<u32> {
        None
    }

    fn n_parameters(&self) -> usize {
        self.coefficients.len() + self.intercepts.len()
    }

    fn degrees_of_freedom(&self) -> Option<f64> {
        self.description.degrees_of_freedom
    }
}

/// The probabilities of both classes from the log odds of the second.
fn two_classes(odds: f64) -> [f64; 2] {
    let small = (-odds.abs()).exp();
    let (larger, smaller) = (1.0 / (1.0 + small), small / (1.0 + small));
    if odds >= 0.0 { [smaller, larger] } else { [larger, smaller] }
}
