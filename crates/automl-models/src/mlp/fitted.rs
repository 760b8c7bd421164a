//! A trained perceptron: prediction, saving, loading.

use std::path::Path;

use automl_core::{ArtifactError, Design, Device, DeviceError, FitError, FittedModel, Matrix, Predictions};
use serde::{Deserialize, Serialize};

use crate::artifact::{self, corrupt};
use crate::device::burn_device;

use super::config::Config;
use super::data::{self, Scaling};
use super::host::values;
use super::network::Network;
use super::resident::Predictor;
use super::weights::{Dense, Layout, Norm, Weights};

const MODEL: &str = "model.json";
const WEIGHTS: &str = "weights.safetensors";
/// Version of the two files.
const FORMAT: u32 = 1;
/// Rows predicted at once.
const CHUNK: usize = 2048;

/// A trained perceptron.
#[derive(Debug)]
pub(crate) struct FittedMlp {
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
        let (layout, activation) = (&about.layout, about.config.activation);
        Ok(if device.gpu().is_some() {
            Predictor::new(layout, weights, activation, &burn)
                .map(|predictor| Self::Device(Box::new(predictor)))
        } else {
            Network::stack(&[(layout, weights)], activation, &burn)
                .map(|network| Self::Host(Box::new(network), burn))
        })
    }

    /// Outputs of all rows, `[rows, n_outputs]`.
    fn outputs(&self, x: &Design) -> Vec<f32> {
        let (network, device) = match self {
            Self::Device(predictor) => return predictor.outputs(x),
            Self::Host(network, device) => (network, device),
        };
        let table = data::Tables::new(device).numeric(x, network.n_numeric());
        let mut outputs = Vec::with_capacity(x.n_rows() * network.n_outputs());
        for first in (0..x.n_rows()).step_by(CHUNK) {
            let rows: Vec<usize> = (first..(first + CHUNK).min(x.n_rows())).collect();
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
    layout: Layout,
    /// Present for regression alone.
    scaling: Option<Scaling>,
    config: Config,
}

impl About {
    /// Describes a model.
    pub(crate) fn new(best_epoch: u32, layout: Layout, scaling: Option<Scaling>, config: Config) -> Self {
        Self { format: FORMAT, family: super::ID.to_owned(), best_epoch, layout, scaling, config }
    }

    /// Why this cannot be a model, as the end of a sentence that begins with the file's path.
    fn fault(&self) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!("has format {}; this automl knows {FORMAT}", self.format));
        }
        if self.family != super::ID {
            return Some(format!("describes a model of family `{}`, not `{}`", self.family, super::ID));
        }
        let outputs = if self.scaling.is_some() { 1..=1 } else { 2..=usize::MAX };
        if !outputs.contains(&self.layout.n_outputs) {
            return Some(format!("has {} outputs, which does not fit its task", self.layout.n_outputs));
        }
        None
    }
}

impl FittedMlp {
    /// Puts `weights` on `device`; `None` if they do not fit the layout.
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
    pub(crate) fn load(dir: &Path, device: Device) -> Result<Self, ArtifactError> {
        let about: About = artifact::load_json(dir, MODEL)?;
        if let Some(reason) = about.fault() {
            return Err(corrupt(&dir.join(MODEL), reason));
        }
        let weights = read_weights(dir, &about.layout)?;
        Self::new(about, weights, device)?.ok_or_else(|| corrupt(&dir.join(MODEL), "describes no network"))
    }

    fn predictions(&self, outputs: Vec<f32>) -> Predictions {
        let columns = self.about.layout.n_outputs;
        if let Some(scaling) = self.about.scaling {
            return Predictions::Real(outputs.into_iter().map(|output| scaling.restore(output)).collect());
        }
        let n_rows = outputs.len() / columns;
        let proba = outputs.chunks_exact(columns).flat_map(soft_max).collect();
        Predictions::Proba(Matrix::new(n_rows, columns, proba))
    }
}

impl FittedModel for FittedMlp {
    fn predict(&self, x: &Design) -> Result<Predictions, FitError> {
        data::check_columns(&self.about.layout, x)?;
        Ok(self.predictions(self.network.outputs(x)))
    }

    fn save(&self, dir: &Path) -> Result<(), ArtifactError> {
        let parts = parts(&self.about.layout, &self.weights);
        let tensors: Vec<(&str, &[usize], &[f32])> =
            parts.iter().map(|(name, shape, values)| (name.as_str(), shape.as_slice(), *values)).collect();
        artifact::save_tensors(dir, WEIGHTS, &tensors)?;
        artifact::save_json(dir, MODEL, &self.about)
    }

    fn best_epoch(&self) -> Option<u32> {
        Some(self.about.best_epoch)
    }

    fn n_parameters(&self) -> usize {
        self.weights.n_parameters()
    }
}

/// Probabilities from logits, in 64 bits so that a row sums to 1.
fn soft_max(logits: &[f32]) -> Vec<f64> {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = logits.iter().map(|logit| f64::from(logit - greatest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// Name, shape and values of every tensor.
fn parts<'a>(layout: &Layout, weights: &'a Weights) -> Vec<(String, Vec<usize>, &'a [f32])> {
    let mut parts = Vec::new();
    let tables = layout.cardinalities.iter().zip(layout.embedding_dims()).zip(&weights.tables);
    for (index, ((&cardinality, dim), table)) in tables.enumerate() {
        parts.push((format!("embedding.{index}"), vec![cardinality as usize, dim], table.as_slice()));
    }
    for (index, ((n_in, n_out), layer)) in layout.dense().into_iter().zip(&weights.layers).enumerate() {
        let name = |part: &str| format!("layer.{index}.{part}");
        parts.push((name("weight"), vec![n_in, n_out], layer.weight.as_slice()));
        parts.push((name("bias"), vec![n_out], layer.bias.as_slice()));
        if let Some(norm) = &layer.norm {
            parts.push((name("norm_scale"), vec![n_out], norm.scale.as_slice()));
            parts.push((name("norm_mean"), vec![n_out], norm.mean.as_slice()));
            parts.push((name("norm_variance"), vec![n_out], norm.variance.as_slice()));
        }
    }
    parts
}

fn read_weights(dir: &Path, layout: &Layout) -> Result<Weights, ArtifactError> {
    let mut file = artifact::load_tensors::<f32>(dir, WEIGHTS)?;
    let mut tables = Vec::new();
    for (index, (&cardinality, dim)) in layout.cardinalities.iter().zip(layout.embedding_dims()).enumerate() {
        tables.push(file.take(&format!("embedding.{index}"), &[cardinality as usize, dim])?);
    }
    let shapes = layout.dense();
    let last = shapes.len() - 1;
    let mut layers = Vec::new();
    for (index, (n_in, n_out)) in shapes.into_iter().enumerate() {
        let mut take = |part: &str, shape: &[usize]| file.take(&format!("layer.{index}.{part}"), shape);
        let weight = take("weight", &[n_in, n_out])?;
        let bias = take("bias", &[n_out])?;
        let norm = if layout.batch_norm && index < last {
            let scale = take("norm_scale", &[n_out])?;
            Some(Norm {
                scale,
                mean: take("norm_mean", &[n_out])?,
                variance: take("norm_variance", &[n_out])?,
            })
        } else {
            None
        };
        layers.push(Dense { weight, bias, norm });
    }
    Ok(Weights { tables, layers })
}
