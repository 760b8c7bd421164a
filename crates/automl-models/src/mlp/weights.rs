//! The learnt numbers of one member on the host: what is initialised, kept as best epoch and saved.

use automl_core::{Purpose, Seed};
use serde::{Deserialize, Serialize};

use super::config::Config;
use super::rng::Draws;

/// What a network's shapes follow from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Layout {
    /// Numeric columns.
    pub(crate) n_numeric: usize,
    /// Codes of each categorical column.
    pub(crate) cardinalities: Vec<u32>,
    /// Neurons of the hidden layers.
    pub(crate) hidden: Vec<usize>,
    /// Classes, or 1 for regression.
    pub(crate) n_outputs: usize,
    /// Whether hidden layers are normalised.
    pub(crate) batch_norm: bool,
}

impl Layout {
    /// Columns that a category of `cardinality` codes becomes: fastai's rule `1.6 c^0.56`, at most 50.
    pub(crate) fn embedding_dim(cardinality: u32) -> usize {
        (1.6 * f64::from(cardinality).powf(0.56)).ceil().clamp(1.0, 50.0) as usize
    }

    /// Columns of each embedding.
    pub(crate) fn embedding_dims(&self) -> Vec<usize> {
        self.cardinalities.iter().map(|&cardinality| Self::embedding_dim(cardinality)).collect()
    }

    /// Input and output width of each dense layer.
    pub(crate) fn dense(&self) -> Vec<(usize, usize)> {
        let first = self.n_numeric + self.embedding_dims().iter().sum::<usize>();
        let outputs: Vec<usize> = self.hidden.iter().copied().chain([self.n_outputs]).collect();
        let inputs = [first].into_iter().chain(self.hidden.iter().copied());
        inputs.zip(outputs).collect()
    }
}

/// The learnt numbers of one dense layer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dense {
    /// Shape `[in, out]`.
    pub(crate) weight: Vec<f32>,
    /// Shape `[out]`; the shift of the normalisation, where there is one.
    pub(crate) bias: Vec<f32>,
    /// Normalisation over the batch, of hidden layers.
    pub(crate) norm: Option<Norm>,
}

/// Batch normalisation (Ioffe & Szegedy 2015); all of shape `[out]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Norm {
    /// Learnt factor.
    pub(crate) scale: Vec<f32>,
    /// Running mean, for prediction.
    pub(crate) mean: Vec<f32>,
    /// Running variance, for prediction.
    pub(crate) variance: Vec<f32>,
}

/// The learnt numbers of one member.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights {
    /// Embedding tables, shapes `[cardinality, dim]`.
    pub(crate) tables: Vec<Vec<f32>>,
    /// Hidden layers, then the output layer.
    pub(crate) layers: Vec<Dense>,
}

impl Weights {
    /// Draws the initial weights from `seed`.
    ///
    /// Hidden weights are uniform with variance `gain / fan_in` (He et al. 2015, eq. 10), hidden biases
    /// uniform in `±1/sqrt(fan_in)` so that units differ in where they bend, output weights uniform in
    /// `±1/sqrt(fan_in)`, output biases 0; embeddings uniform with the variance of the standardised
    /// columns they stand beside.
    pub(crate) fn init(layout: &Layout, config: &Config, seed: Seed) -> Self {
        let mut draws = Draws::new(seed.purpose(Purpose::Init));
        let mut uniform = |n: usize, limit: f32| (0..n).map(|_| draws.symmetric(limit)).collect::<Vec<_>>();
        let dims = layout.embedding_dims();
        let tables = layout.cardinalities.iter().zip(&dims);
        let tables = tables.map(|(&card, &dim)| uniform(card as usize * dim, 3.0_f32.sqrt())).collect();
        let shapes = layout.dense();
        let last = shapes.len() - 1;
        let layers = shapes.iter().enumerate().map(|(index, &(n_in, n_out))| {
            let fan_in = n_in.max(1) as f32;
            let hidden = index < last;
            let gain = if hidden { 3.0 * config.activation.gain() } else { 1.0 };
            let weight = uniform(n_in * n_out, (gain / fan_in).sqrt());
            let norm = (hidden && layout.batch_norm).then(|| Norm {
                scale: vec![1.0; n_out],
                mean: vec![0.0; n_out],
                variance: vec![1.0; n_out],
            });
            let spread = hidden && norm.is_none();
            let bias = if spread { uniform(n_out, fan_in.sqrt().recip()) } else { vec![0.0; n_out] };
            Dense { weight, bias, norm }
        });
        let layers = layers.collect();
        Self { tables, layers }
    }

    /// Number of learnt numbers; running statistics are not learnt.
    pub(crate) fn n_parameters(&self) -> usize {
        let of_layer = |layer: &Dense| {
            layer.weight.len() + layer.bias.len() + layer.norm.as_ref().map_or(0, |norm| norm.scale.len())
        };
        self.tables.iter().map(Vec::len).sum::<usize>() + self.layers.iter().map(of_layer).sum::<usize>()
    }
}
