//! A network of one's own that has learnt: prediction, saving, loading.

use std::path::Path;
use std::sync::Arc;

use automl_core::{ArtifactError, Design, Device, FitError, FittedModel, Matrix, Params, Predictions};
use burn::module::Module;
use burn::store::ModuleRecord;
use serde::{Deserialize, Serialize};

use super::family::guarded;
use super::train::{PREDICTED, Trained, check_output, inputs};
use super::{Network, Shape};
use crate::artifact::{self, corrupt};
use crate::device::burn_device;
use crate::linear::softmax;
use crate::standard::Standard;
use crate::target::check_columns;

const FACTS: &str = "network.json";
/// In burn's own format: its layers are what a user made.
const WEIGHTS: &str = "network.bpk";

/// What is saved beside the weights.
#[derive(Serialize, Deserialize)]
struct Facts {
    params: Params,
    shape: Shape,
    scale: Standard,
    is_classifier: bool,
    best_epoch: u32,
    columns: Vec<String>,
}

/// A trained network of one's own.
pub(super) struct Fitted<N: Network> {
    network: Arc<N>,
    trained: Trained<N::Module>,
}

impl<N: Network> Fitted<N> {
    pub(super) fn new(network: Arc<N>, trained: Trained<N::Module>) -> Self {
        Self { network, trained }
    }

    pub(super) fn load(network: Arc<N>, dir: &Path, device: Device) -> Result<Self, ArtifactError> {
        let Facts { params, shape, scale, is_classifier, best_epoch, columns } =
            artifact::load_json(dir, FACTS)?;
        let burn = burn_device(device)?;
        let path = dir.join(WEIGHTS);
        let record =
            ModuleRecord::load(&path).map_err(|error| corrupt(&path, format!("cannot be read: {error}")))?;
        let other = |reason: String| {
            corrupt(&path, format!("is not of the network `{}` as it is now: {reason}", network.id()))
        };
        let layers =
            guarded(|| Ok(network.init(&params, shape, &burn)?)).map_err(|error| other(error.to_string()))?;
        let layers = layers.try_load_record(record).map_err(|error| other(error.to_string()))?.valid();
        let trained = Trained { layers, device, params, shape, scale, is_classifier, best_epoch, columns };
        Ok(Self { network, trained })
    }

    /// What the network says of each row, `n_outputs` numbers a row.
    fn outputs(&self, x: &Design) -> Result<Vec<f32>, FitError> {
        let Trained { layers, device, shape, .. } = &self.trained;
        let device = burn_device(*device)?;
        let all: Vec<usize> = (0..x.n_rows()).collect();
        let mut outputs = Vec::with_capacity(all.len() * shape.n_outputs);
        for rows in all.chunks(PREDICTED) {
            let of_rows = guarded(|| {
                let output = self.network.forward(layers, inputs(x, rows, &device));
                check_output(output.dims(), [rows.len(), shape.n_outputs])?;
                output.into_data_as::<f32>().try_to_vec::<f32>().map_err(|error| FitError::Numerical {
                    reason: format!("the network's output cannot be read: {error}"),
                })
            })?;
            outputs.extend(of_rows);
        }
        Ok(outputs)
    }
}

impl<N: Network> FittedModel for Fitted<N> {
    fn predict(&self, x: &Design) -> Result<Predictions, FitError> {
        let Trained { shape, scale, is_classifier, columns, .. } = &self.trained;
        check_columns(x, columns)?;
        let outputs = self.outputs(x)?.into_iter().map(f64::from);
        if !is_classifier {
            return Ok(Predictions::Real(outputs.map(|value| scale.restore(value)).collect()));
        }
        let mut proba = Matrix::new(x.n_rows(), shape.n_outputs, outputs.collect());
        for row in 0..x.n_rows() {
            softmax(proba.row_mut(row));
        }
        Ok(Predictions::Proba(proba))
    }

    fn save(&self, dir: &Path) -> Result<(), ArtifactError> {
        let Trained { layers, params, shape, scale, is_classifier, best_epoch, columns, .. } = &self.trained;
        let facts = Facts {
            params: params.clone(),
            shape: *shape,
            scale: *scale,
            is_classifier: *is_classifier,
            best_epoch: *best_epoch,
            columns: columns.clone(),
        };
        artifact::save_json(dir, FACTS, &facts)?;
        let path = dir.join(WEIGHTS);
        let saved = layers.clone().into_record().save(&path);
        saved.map_err(|error| ArtifactError::Io {
            action: "write",
            source: std::io::Error::other(error.to_string()),
            path,
        })
    }

    fn best_epoch(&self) -> Option<u32> {
        Some(self.trained.best_epoch)
    }

    fn n_parameters(&self) -> usize {
        self.trained.layers.num_params()
    }
}
