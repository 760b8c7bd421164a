//! A trained network: prediction, saving, loading.

use std::path::Path;

use automl_core::{
    ArtifactError, Design, Device, DeviceError, FitError, FittedModel, LayerFacts, Matrix, Predictions,
};
use serde::{Deserialize, Serialize};

use crate::artifact::{self, corrupt};
use crate::device::burn_device;

use super::architecture::Architecture;
use super::data::{self, Scaling};
use super::host::values;
use super::network::Network;
use super::parameters::{Spec, Weights};
use super::resident::Predictor;
use super::training::Training;

const MODEL: &str = "model.json";
const WEIGHTS: &str = "weights.safetensors";
/// Version of the two files.
const FORMAT: u32 = 2;
/// Rows predicted at once, copies included.
const CHUNK: usize = 2048;

/// A trained network.
#[derive(Debug)]
pub(crate) struct FittedNetwork {
    about: About,
    weights: Weights,
    network: Computed,
}

/// The network where it computes.
#[derive(Debug)]
enum Computed {
    /// Beside the host's memory.
    Host(Box<Network>, burn::tensor::Device),
    /// In memory of the device's own.
    Device(Box<Predictor>),
}

impl Computed {
    fn new(about: &About, weights: &Weights, device: Device) -> Result<Option<Self>, DeviceError> {
        let burn = burn_device(device)?;
        let whole = &about.architecture;
        Ok(if device.gpu().is_some() {
            Predictor::new(whole, weights, &burn).map(|predictor| Self::Device(Box::new(predictor)))
        } else {
            Network::stack(&[(whole, weights)], &burn).map(|network| Self::Host(Box::new(network), burn))
        })
    }

    /// Outputs of all rows, `[rows * heads, n_outputs]`.
    fn outputs(&self, x: &Design, whole: &Architecture) -> Vec<f32> {
        let (network, device) = match self {
            Self::Device(predictor) => return predictor.outputs(x),
            Self::Host(network, device) => (network, device),
        };
        let table = data::Tables::new(device).numeric(x, network.n_numeric());
        let mut outputs = Vec::with_capacity(x.n_rows() * network.n_outputs());
        let chunk = whole.chunk(CHUNK);
        for first in (0..x.n_rows()).step_by(chunk) {
            let rows: Vec<usize> = (first..(first + chunk).min(x.n_rows())).collect();
            if let Some(batch) = data::gather(&[(&table, x, &rows)], rows.len()) {
                outputs.extend_from_slice(values(&network.predict(batch)));
            }
        }
        outputs
    }
}

/// Everything but the weights, as `model.json` holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    format: u32,
    family: String,
    /// Epoch of the weights, from 0.
    best_epoch: u32,
    architecture: Architecture,
    /// Present for regression alone.
    scaling: Option<Scaling>,
    training: Training,
}

impl About {
    /// Describes a model of `family`.
    pub(crate) fn new(
        family: &str,
        best_epoch: u32,
        architecture: Architecture,
        scaling: Option<Scaling>,
        training: Training,
    ) -> Self {
        Self { format: FORMAT, family: family.to_owned(), best_epoch, architecture, scaling, training }
    }

    /// Why this cannot be a model, as the end of a sentence that begins with the file's path.
    fn fault(&self, family: &str) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!("has format {}; this automl knows {FORMAT}", self.format));
        }
        if self.family != family {
            return Some(format!("describes a model of family `{}`, not `{family}`", self.family));
        }
        let outputs = if self.scaling.is_some() { 1..=1 } else { 2..=usize::MAX };
        if !outputs.contains(&self.architecture.n_outputs) {
            return Some(format!("has {} outputs, which does not fit its task", self.architecture.n_outputs));
        }
        None
    }
}

impl FittedNetwork {
    /// Puts `weights` on `device`; `None` if they do not fit the architecture.
    ///
    /// # Errors
    /// [`DeviceError`] if the device cannot be used.
    pub(crate) fn new(about: About, weights: Weights, device: Device) -> Result<Option<Self>, DeviceError> {
        let network = Computed::new(&about, &weights, device)?;
        Ok(network.map(|network| Self { about, weights, network }))
    }

    /// Reads what [`FittedModel::save`] wrote.
    ///
    /// # Errors
    /// [`ArtifactError`] naming the file and what is wrong with it.
    pub(crate) fn load(family: &str, dir: &Path, device: Device) -> Result<Self, ArtifactError> {
        let about: About = artifact::load_json(dir, MODEL)?;
        if let Some(reason) = about.fault(family) {
            return Err(corrupt(&dir.join(MODEL), reason));
        }
        let weights = read_weights(dir, &about.architecture.specs())?;
        Self::new(about, weights, device)?.ok_or_else(|| corrupt(&dir.join(MODEL), "describes no network"))
    }

    /// What the heads of each row say together.
    fn predictions(&self, outputs: &[f32]) -> Predictions {
        let (columns, heads) = (self.about.architecture.n_outputs, self.about.architecture.heads());
        let rows = outputs.chunks_exact(heads * columns);
        if let Some(scaling) = self.about.scaling {
            let mean = |row: &[f32]| row.iter().sum::<f32>() / heads as f32;
            return Predictions::Real(rows.map(|row| scaling.restore(mean(row))).collect());
        }
        let n_rows = rows.len();
        let mut proba = Vec::with_capacity(n_rows * columns);
        for row in rows {
            let mut mean = vec![0.0; columns];
            for logits in row.chunks_exact(columns) {
                mean.iter_mut().zip(soft_max(logits)).for_each(|(sum, power)| *sum += power);
            }
            proba.extend(mean.into_iter().map(|sum| sum / heads as f64));
        }
        Predictions::Proba(Matrix::new(n_rows, columns, proba))
    }
}

impl FittedModel for FittedNetwork {
    fn predict(&self, x: &Design) -> Result<Predictions, FitError> {
        data::check_columns(&self.about.architecture.columns, x)?;
        Ok(self.predictions(&self.network.outputs(x, &self.about.architecture)))
    }

    fn save(&self, dir: &Path) -> Result<(), ArtifactError> {
        let specs = self.about.architecture.specs();
        let tensors: Vec<(&str, &[usize], &[f32])> = specs
            .iter()
            .zip(&self.weights.0)
            .map(|(spec, values)| (spec.name.as_str(), spec.shape.as_slice(), values.as_slice()))
            .collect();
        artifact::save_tensors(dir, WEIGHTS, &tensors)?;
        artifact::save_json(dir, MODEL, &self.about)
    }

    fn best_epoch(&self) -> Option<u32> {
        Some(self.about.best_epoch)
    }

    fn n_parameters(&self) -> usize {
        Weights::n_learnt(&self.about.architecture.specs())
    }

    fn layers(&self) -> Vec<LayerFacts> {
        self.about.architecture.layer_facts()
    }
}

/// Probabilities from logits, in 64 bits so that a row sums to 1.
fn soft_max(logits: &[f32]) -> Vec<f64> {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = logits.iter().map(|logit| f64::from(logit - greatest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

fn read_weights(dir: &Path, specs: &[Spec]) -> Result<Weights, ArtifactError> {
    let mut file = artifact::load_tensors::<f32>(dir, WEIGHTS)?;
    let arrays = specs.iter().map(|spec| file.take(&spec.name, &spec.shape));
    Ok(Weights(arrays.collect::<Result<_, _>>()?))
}
