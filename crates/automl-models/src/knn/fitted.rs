//! Fitted nearest neighbours: prediction, saving and loading.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use automl_core::{ArtifactError, Design, FitError, FittedModel, Matrix, Predictions};
use serde::{Deserialize, Serialize};

use super::config::{KnnConfig, Metric, Votes};
use super::distance::Ruler;
use super::neighbours::nearest;
use super::prototypes::Prototypes;
use super::vote::Answers;
use crate::artifact::{corrupt, load_json, load_tensors, save_json, save_tensors};
use crate::target::check_columns;

const MODEL_FILE: &str = "knn.json";
const ROWS_FILE: &str = "knn-rows.safetensors";
const NUMBERS_FILE: &str = "knn.safetensors";
/// Rows predicted at once by one thread.
const BLOCK_ROWS: usize = 64;

/// Everything but the numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    n_neighbours: usize,
    weights: Votes,
    metric: Metric,
    columns: Vec<String>,
    /// Kept training rows.
    n_rows: usize,
    /// Whether the kept rows have weights.
    is_weighted: bool,
    /// 0 for regression.
    n_classes: usize,
}

/// Training rows with their answers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct KnnModel {
    description: Description,
    prototypes: Prototypes,
    answers: Answers,
    /// Threads of a prediction; the bits do not depend on them.
    threads: usize,
}

impl KnnModel {
    pub(super) fn new(
        config: &KnnConfig,
        columns: &[String],
        prototypes: Prototypes,
        answers: Answers,
        threads: usize,
    ) -> Self {
        let description = Description {
            n_neighbours: config.n_neighbours,
            weights: config.votes,
            metric: config.metric,
            columns: columns.to_vec(),
            n_rows: prototypes.rows.n_rows(),
            is_weighted: !answers.weights.is_empty(),
            n_classes: answers.priors.len(),
        };
        Self { description, prototypes, answers, threads }
    }

    /// Reads what [`FittedModel::save`] wrote. Predictions use the threads of the machine.
    pub(super) fn load(dir: &Path) -> Result<Self, ArtifactError> {
        let description: Description = load_json(dir, MODEL_FILE)?;
        let (n_rows, n_features, n_classes) =
            (description.n_rows, description.columns.len(), description.n_classes);
        if n_rows == 0 || description.n_neighbours == 0 {
            return Err(corrupt(&dir.join(MODEL_FILE), "keeps no training rows, or asks no neighbours"));
        }
        let rows = load_tensors::<f32>(dir, ROWS_FILE)?.take("rows", &[n_rows, n_features])?;
        let mut numbers = load_tensors::<f64>(dir, NUMBERS_FILE)?;
        let prototypes = Prototypes {
            rows: Matrix::new(n_rows, n_features, rows),
            means: numbers.take("means", &[n_features])?,
            scales: numbers.take("scales", &[n_features])?,
        };
        let n_weights = if description.is_weighted { n_rows } else { 0 };
        let answers = Answers {
            targets: numbers.take("targets", &[n_rows])?,
            weights: numbers.take("weights", &[n_weights])?,
            priors: numbers.take("priors", &[n_classes])?,
        };
        let is_class = |target: &f64| target.fract() == 0.0 && (0.0..n_classes as f64).contains(target);
        if let Some(odd) = answers.targets.iter().find(|target| n_classes > 0 && !is_class(target)) {
            let reason = format!("holds class {odd} of {n_classes}");
            return Err(corrupt(&dir.join(NUMBERS_FILE), reason));
        }
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Ok(Self { description, prototypes, answers, threads })
    }

    #[cfg(test)]
    pub(super) fn answers_mut(&mut self) -> &mut Answers {
        &mut self.answers
    }

    /// Overwrites the predictions of some rows, `[n_rows, width]`.
    fn predict_block(&self, ruler: &Ruler<'_>, x: &Matrix<f32>, start: usize, predictions: &mut [f64]) {
        let width = self.answers.width();
        let n_rows = predictions.len() / width;
        let mut queries = Vec::with_capacity(n_rows * x.n_cols());
        (start..start + n_rows).for_each(|row| self.prototypes.scale_into(x.row(row), &mut queries));
        let Description { n_neighbours, weights, n_rows: n_prototypes, .. } = self.description;
        let neighbours = nearest(ruler, &queries, n_rows, n_prototypes, n_neighbours);
        for (near, prediction) in neighbours.iter().zip(predictions.chunks_exact_mut(width)) {
            self.answers.predict(near, weights, prediction);
        }
    }
}

impl FittedModel for KnnModel {
    fn predict(&self, x: &Design) -> Result<Predictions, FitError> {
        check_columns(x, &self.description.columns)?;
        let width = self.answers.width();
        let ruler = Ruler::new(&self.prototypes, self.description.metric);
        let mut predictions = vec![0.0; x.n_rows() * width];
        let n_threads = self.threads.min(x.n_rows().div_ceil(BLOCK_ROWS)).max(1);
        let blocks = Mutex::new(predictions.chunks_mut(BLOCK_ROWS * width).enumerate());
        let work = || {
            loop {
                let next = blocks.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((block, predictions)) = next else { break };
                self.predict_block(&ruler, &x.numeric, block * BLOCK_ROWS, predictions);
            }
        };
        thread::scope(|scope| {
            (1..n_threads).for_each(|_| drop(scope.spawn(work)));
            work();
        });
        Ok(match self.description.n_classes {
            0 => Predictions::Real(predictions),
            n_classes => Predictions::Proba(Matrix::new(x.n_rows(), n_classes, predictions)),
        })
    }

    fn save(&self, dir: &Path) -> Result<(), ArtifactError> {
        save_json(dir, MODEL_FILE, &self.description)?;
        let Self { prototypes, answers, .. } = self;
        let (n_rows, n_features) = (prototypes.rows.n_rows(), prototypes.rows.n_cols());
        save_tensors(dir, ROWS_FILE, &[("rows", &[n_rows, n_features][..], prototypes.rows.values())])?;
        save_tensors(
            dir,
            NUMBERS_FILE,
            &[
                ("means", &[n_features][..], &prototypes.means[..]),
                ("scales", &[n_features][..], &prototypes.scales[..]),
                ("targets", &[n_rows][..], &answers.targets[..]),
                ("weights", &[answers.weights.len()][..], &answers.weights[..]),
                ("priors", &[answers.priors.len()][..], &answers.priors[..]),
            ],
        )
    }

    fn best_epoch(&self) -> Option<u32> {
        None
    }

    fn n_parameters(&self) -> usize {
        self.prototypes.rows.values().len() + self.answers.targets.len()
    }
}
