//! The plain perceptron's network: embedded categories beside the numbers, dense layers.

use serde::{Deserialize, Serialize};

use super::activation::Activation;
use super::architecture::{Architecture, Arrays, Shape};
use super::data::Rows;
use super::layers::{Dense, Input, Layer, Output, Part};
use super::norm::BatchNorm;
use super::parameters::{Role, Weights};
use crate::draws::Draws;

/// Hidden layers and what they do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MlpShape {
    /// Neurons of the hidden layers.
    pub(crate) hidden: Vec<usize>,
    /// Their non-linearity.
    pub(crate) activation: Activation,
    /// Whether they are normalised over the batch.
    pub(crate) batch_norm: bool,
}

impl MlpShape {
    /// Input and output width of each dense layer.
    fn dense(&self, whole: &Architecture) -> Vec<(usize, usize)> {
        let first = widths(whole).iter().sum::<usize>() + whole.columns.n_numeric.max(1);
        let outputs = self.hidden.iter().copied().chain([whole.n_outputs]);
        let inputs = [first].into_iter().chain(self.hidden.iter().copied());
        inputs.zip(outputs).collect()
    }
}

impl Shape for MlpShape {
    /// Values of the largest weight matrix.
    fn largest_matrix(&self, whole: &Architecture) -> usize {
        self.dense(whole).into_iter().map(|(n_in, n_out)| n_in * n_out).max().unwrap_or(0)
    }

    /// Arrays and layers.
    fn build(&self, whole: &Architecture, arrays: &mut Arrays) -> (Input, Vec<Box<dyn Layer>>) {
        let tables = whole.columns.cardinalities.iter().zip(widths(whole)).enumerate();
        let tables = tables.map(|(index, (&cardinality, width))| {
            let shape = [cardinality as usize, width];
            Part::Table {
                column: index,
                table: arrays.plain(format!("embedding.{index}"), shape, Role::BIAS),
            }
        });
        let input = Input { parts: tables.chain([Part::Numeric]).collect() };
        let mut layers: Vec<Box<dyn Layer>> = Vec::new();
        for (index, (n_in, n_out)) in self.dense(whole).into_iter().enumerate() {
            let name = |part: &str| format!("layer.{index}.{part}");
            let weight = arrays.matrix(name("weight"), [n_in, n_out], Role::WEIGHT);
            let bias = arrays.plain(name("bias"), [1, n_out], Role::BIAS);
            let goes_back = index > 0 || input.is_learnt();
            if index == self.hidden.len() {
                layers.push(Box::new(Output { weight, bias, scale: 1.0, goes_back }));
                break;
            }
            let norm = self.batch_norm.then(|| BatchNorm {
                scale: arrays.plain(name("norm_scale"), [1, n_out], Role::BIAS),
                running: ["norm_mean", "norm_variance"]
                    .map(|part| arrays.plain(name(part), [1, n_out], Role::Tracked)),
            });
            let activation = self.activation;
            let strength = None;
            layers.push(Box::new(Dense { weight, bias, scale: 1.0, norm, activation, strength, goes_back }));
        }
        (input, layers)
    }

    /// Draws the initial weights.
    ///
    /// Hidden weights are uniform with variance `gain / fan_in` (He et al. 2015, eq. 10), hidden biases
    /// uniform in `±1/sqrt(fan_in)` so that units differ in where they bend, output weights uniform in
    /// `±1/sqrt(fan_in)`, output biases 0; embeddings uniform with the variance of the standardised
    /// columns they stand beside.
    fn initial(&self, whole: &Architecture, _train: &Rows<'_>, draws: &mut Draws) -> Weights {
        let mut uniform = |n: usize, limit: f32| (0..n).map(|_| draws.symmetric(limit)).collect::<Vec<_>>();
        let tables = whole.columns.cardinalities.iter().zip(widths(whole));
        let mut weights: Vec<Vec<f32>> =
            tables.map(|(&card, width)| uniform(card as usize * width, 3.0_f32.sqrt())).collect();
        for (index, (n_in, n_out)) in self.dense(whole).into_iter().enumerate() {
            let fan_in = n_in as f32;
            let is_hidden = index < self.hidden.len();
            let gain = if is_hidden { 3.0 * self.activation.gain() } else { 1.0 };
            weights.push(uniform(n_in * n_out, (gain / fan_in).sqrt()));
            let spreads = is_hidden && !self.batch_norm;
            weights.push(if spreads { uniform(n_out, fan_in.sqrt().recip()) } else { vec![0.0; n_out] });
            if is_hidden && self.batch_norm {
                weights.extend([vec![1.0; n_out], vec![0.0; n_out], vec![1.0; n_out]]);
            }
        }
        Weights(weights)
    }

    fn looks_at_batches(&self) -> bool {
        self.batch_norm
    }
}

/// Columns of each embedding: fastai's rule `1.6 c^0.56` for a category of `c` codes, at most 50.
pub(crate) fn widths(whole: &Architecture) -> Vec<usize> {
    let width = |&cardinality: &u32| (1.6 * f64::from(cardinality).powf(0.56)).ceil().clamp(1.0, 50.0);
    whole.columns.cardinalities.iter().map(|cardinality| width(cardinality) as usize).collect()
}
