//! Out-of-fold predictions: each row predicted by the model that did not see it.

use std::collections::BTreeMap;
use std::path::Path;

use automl_core::{ArtifactError, Matrix, Predictions, Target};
use automl_models::artifact;
use serde::{Deserialize, Serialize};

const FACTS: &str = "out_of_fold.json";
const TENSORS: &str = "out_of_fold.safetensors";

/// Predictions of validation rows; where folds repeat, their mean.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OutOfFold {
    /// Rows of the table, ascending.
    pub(crate) rows: Vec<usize>,
    /// What is true of them.
    pub(crate) target: Target,
    pub(crate) predictions: Predictions,
    /// Milliseconds in which all fold models together predict 1000 prepared rows, as measured on validation rows.
    pub(crate) predict_ms: f64,
}

/// The part that is no tensor.
#[derive(Debug, Serialize, Deserialize)]
struct Facts {
    rows: Vec<usize>,
    target: Target,
    /// Columns of the probabilities; 0 for regression.
    n_classes: usize,
    predict_ms: f64,
}

impl OutOfFold {
    /// Brings the folds' (rows, predictions) into the order of rows.
    pub(crate) fn gather<'a>(
        target: &Target,
        folds: impl Iterator<Item = (&'a [usize], &'a Predictions)>,
        predict_ms: f64,
    ) -> Self {
        let mut sums: BTreeMap<usize, (Vec<f64>, f64)> = BTreeMap::new();
        let mut n_classes = 0;
        for (rows, predictions) in folds {
            for (position, &row) in rows.iter().enumerate() {
                let values = match predictions {
                    Predictions::Real(values) => std::slice::from_ref(&values[position]),
                    Predictions::Proba(proba) => {
                        n_classes = proba.n_cols();
                        proba.row(position)
                    }
                };
                let (sum, count) = sums.entry(row).or_insert_with(|| (vec![0.0; values.len()], 0.0));
                sum.iter_mut().zip(values).for_each(|(total, value)| *total += value);
                *count += 1.0;
            }
        }
        let rows: Vec<usize> = sums.keys().copied().collect();
        let values: Vec<f64> = sums
            .into_values()
            .flat_map(|(sum, count)| sum.into_iter().map(move |total| total / count))
            .collect();
        let predictions = shaped(values, rows.len(), n_classes);
        Self { predictions, target: target.select(&rows), rows, predict_ms }
    }

    pub(crate) fn save(&self, dir: &Path) -> Result<(), ArtifactError> {
        let (n_classes, values) = match &self.predictions {
            Predictions::Real(values) => (0, values.as_slice()),
            Predictions::Proba(proba) => (proba.n_cols(), proba.values()),
        };
        let (rows, target) = (self.rows.clone(), self.target.clone());
        artifact::save_json(dir, FACTS, &Facts { rows, target, n_classes, predict_ms: self.predict_ms })?;
        let shape = [self.rows.len(), n_classes.max(1)];
        artifact::save_tensors(dir, TENSORS, &[("predictions", &shape, values)])
    }

    pub(crate) fn load(dir: &Path) -> Result<Self, ArtifactError> {
        let facts: Facts = artifact::load_json(dir, FACTS)?;
        let shape = [facts.rows.len(), facts.n_classes.max(1)];
        let values = artifact::load_tensors(dir, TENSORS)?.take("predictions", &shape)?;
        let predictions = shaped(values, facts.rows.len(), facts.n_classes);
        Ok(Self { rows: facts.rows, target: facts.target, predictions, predict_ms: facts.predict_ms })
    }
}

fn shaped(values: Vec<f64>, n_rows: usize, n_classes: usize) -> Predictions {
    if n_classes == 0 {
        Predictions::Real(values)
    } else {
        Predictions::Proba(Matrix::new(n_rows, n_classes, values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_folds_are_averaged_in_order_of_rows() {
        let (a, b) = (Predictions::Real(vec![3.0, 1.0]), Predictions::Real(vec![2.0, 5.0]));
        let target = Target::Real(vec![0.5, 1.5, 2.5]);
        let gathered =
            OutOfFold::gather(&target, [([2, 0].as_slice(), &a), ([1, 2].as_slice(), &b)].into_iter(), 0.0);
        assert_eq!(gathered.rows, vec![0, 1, 2]);
        assert_eq!(gathered.predictions, Predictions::Real(vec![1.0, 2.0, 4.0]));
    }

    #[test]
    fn out_of_fold_predictions_round_trip() {
        let dir = tempfile::tempdir().unwrap();
        let proba = Predictions::Proba(Matrix::new(2, 2, vec![0.1, 0.9, 1.0 / 3.0, 2.0 / 3.0]));
        let target = Target::Classes { codes: vec![0, 1, 0, 1, 0, 1, 0, 1], n_classes: 2 };
        let saved = OutOfFold::gather(&target, [([4, 7].as_slice(), &proba)].into_iter(), 0.5);
        saved.save(dir.path()).unwrap();
        assert_eq!(OutOfFold::load(dir.path()).unwrap(), saved);
    }
}
