//! The network of `RealMLP` (Holzmüller et al., "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on Tabular
//! Data", 2024, appendix A) and of its simple variant.

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::activation::Activation;
use super::architecture::{Architecture, Arrays, Built, Shape};
use super::data::{Rows, continuous_columns, numeric_rows};
use super::host::{Values, tensor, values};
use super::layers::{Batch, Dense, Embedding, Encoding, Input, Layer, Output, Part, Scale};
use super::parameters::{Role, Spec, Stack, Weights};
use crate::draws::Draws;

/// Rows that the initial weights look at: enough for a deviation to within 2 %.
const INITIAL_ROWS: usize = 4096;
/// Rows that each neuron's initial bias looks at (`he+5`).
const BIAS_ROWS: usize = 5;

/// What the network consists of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RealMlpShape {
    /// Neurons of the hidden layers.
    pub(crate) hidden: Vec<usize>,
    /// Their non-linearity.
    pub(crate) activation: Activation,
    /// Whether its strength is learnt.
    pub(crate) has_strength: bool,
    /// Columns of each embedded category.
    pub(crate) embedding_width: usize,
    /// What numeric columns become.
    pub(crate) numbers: Numbers,
    /// Which numeric columns are embedded; found in the training rows.
    pub(crate) embedded: Vec<usize>,
    /// Factors on the learning rate.
    pub(crate) rates: Rates,
    /// How weights begin.
    pub(crate) start: Start,
}

/// What numeric columns become.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(crate) enum Numbers {
    /// Nothing but themselves.
    Plain,
    /// Cosines with a learnt phase, a linear map, the number itself.
    Pbld {
        /// Frequencies of a column.
        n_frequencies: usize,
        /// Deviation of the initial frequencies.
        sigma: f32,
        /// Numbers that the linear map gives; the number itself is one more.
        width: usize,
    },
    /// Cosines and sines, a linear map, and `ReLU` if rectified.
    Periodic {
        /// Frequencies of a column.
        n_frequencies: usize,
        /// Deviation of the initial frequencies.
        sigma: f32,
        /// Numbers that the linear map gives.
        width: usize,
        /// PLR, not PL.
        is_rectified: bool,
    },
}

/// Factors on the learning rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rates {
    /// Of biases.
    pub(crate) bias: f32,
    /// Of activations' strengths.
    pub(crate) strength: f32,
    /// Of the scaling layer.
    pub(crate) scale: f32,
    /// Of numeric embeddings.
    pub(crate) numbers: f32,
    /// Of the first layer's weights.
    pub(crate) first: f32,
}

/// How weights begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Start {
    /// Every pre-activation has deviation 1 on training rows; each bias puts a mean of a few rows to 0.
    FromData,
    /// Standard normal numbers; the last layer 0.
    Normal,
}

impl RealMlpShape {
    /// Columns of the first layer's input.
    fn n_in(&self, whole: &Architecture) -> usize {
        let own = match self.numbers {
            Numbers::Plain => 0,
            Numbers::Pbld { width, .. } | Numbers::Periodic { width, .. } => width,
        };
        let codes = whole.columns.cardinalities.len() * self.embedding_width;
        codes + self.embedded.len() * own + whole.columns.n_numeric.max(1)
    }

    /// Input and output width of each dense layer.
    fn dense(&self, whole: &Architecture) -> Vec<(usize, usize)> {
        let outputs = self.hidden.iter().copied().chain([whole.n_outputs]);
        let inputs = [self.n_in(whole)].into_iter().chain(self.hidden.iter().copied());
        inputs.zip(outputs).collect()
    }

    /// Whether both can be trained in one population.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        let numbers = |own: &Self| match own.numbers {
            Numbers::Plain => (0, 0, 0),
            Numbers::Pbld { n_frequencies, width, .. } => (1, n_frequencies, width),
            Numbers::Periodic { n_frequencies, width, is_rectified, .. } => {
                (2 + usize::from(is_rectified), n_frequencies, width)
            }
        };
        self.hidden == other.hidden
            && self.activation == other.activation
            && self.has_strength == other.has_strength
            && self.embedding_width == other.embedding_width
            && self.embedded == other.embedded
            && numbers(self) == numbers(other)
    }

    fn input(&self, whole: &Architecture, arrays: &mut Arrays) -> Input {
        let mut parts = Vec::new();
        for (column, &cardinality) in whole.columns.cardinalities.iter().enumerate() {
            let shape = [cardinality as usize, self.embedding_width];
            let table = arrays.plain(format!("embedding.{column}"), shape, decaying(1.0));
            parts.push(Part::Table { column, table });
        }
        let n = self.embedded.len();
        let role = decaying(self.rates.numbers);
        let mut array =
            |part: &str, columns: usize| arrays.plain(format!("numbers.{part}"), [n, columns], role);
        let embedding = match self.numbers {
            Numbers::Plain => None,
            Numbers::Pbld { n_frequencies, width, .. } => {
                let encoding = Encoding::Cosine {
                    frequency: array("frequency", n_frequencies),
                    phase: array("phase", n_frequencies),
                };
                Some((encoding, n_frequencies, width, false))
            }
            Numbers::Periodic { n_frequencies, width, is_rectified, .. } => {
                let encoding = Encoding::CosineSine { frequency: array("frequency", n_frequencies) };
                Some((encoding, 2 * n_frequencies, width, is_rectified))
            }
        };
        if let Some((encoding, n_encoded, width, is_rectified)) = embedding.filter(|_| n > 0) {
            let (weight, bias) = (array("weight", n_encoded * width), array("bias", width));
            let columns = self.embedded.clone();
            parts.push(Part::Embedded(Embedding {
                columns,
                encoding,
                n_encoded,
                width,
                weight,
                bias,
                slope: None,
                is_rectified,
            }));
        }
        parts.push(Part::Numeric);
        Input { parts }
    }

    /// What an array begins with before the data are looked at.
    fn draw(&self, spec: &Spec, draws: &mut Draws) -> Vec<f32> {
        let (n_encoded, sigma) = match self.numbers {
            Numbers::Plain => (1, 0.0),
            Numbers::Pbld { n_frequencies, sigma, .. } => (n_frequencies, sigma),
            Numbers::Periodic { n_frequencies, sigma, .. } => (2 * n_frequencies, sigma),
        };
        let limit = (n_encoded as f32).sqrt().recip();
        let mut fill = |value: &mut dyn FnMut(&mut Draws) -> f32| {
            (0..spec.size()).map(|_| value(draws)).collect::<Vec<f32>>()
        };
        match spec.name.as_str() {
            "scale" => vec![1.0; spec.size()],
            "numbers.frequency" => fill(&mut |draws| sigma * draws.normal()),
            "numbers.phase" => fill(&mut |draws| draws.symmetric(std::f32::consts::PI)),
            "numbers.weight" | "numbers.bias" => fill(&mut |draws| draws.symmetric(limit)),
            name if name.ends_with("strength") => vec![1.0; spec.size()],
            _ => fill(&mut Draws::normal),
        }
    }
}

impl Shape for RealMlpShape {
    /// The shape for the training rows of a member.
    fn fit(&mut self, train: &Rows<'_>) {
        if self.numbers != Numbers::Plain {
            self.embedded = continuous_columns(train.design);
        }
    }

    /// Arrays and layers. Every array but the biases decays, towards 0; the decay of the published code is multiplied
    /// with the square of the array's factor on the rate.
    fn build(&self, whole: &Architecture, arrays: &mut Arrays) -> (Input, Vec<Box<dyn Layer>>) {
        let input = self.input(whole, arrays);
        let mut layers: Vec<Box<dyn Layer>> = Vec::new();
        let factor = arrays.plain("scale".to_owned(), [1, self.n_in(whole)], decaying(self.rates.scale));
        layers.push(Box::new(Scale { factor }));
        for (index, (n_in, n_out)) in self.dense(whole).into_iter().enumerate() {
            let name = |part: &str| format!("layer.{index}.{part}");
            let rate = if index == 0 { self.rates.first } else { 1.0 };
            let weight = arrays.matrix(name("weight"), [n_in, n_out], decaying(rate));
            let bias = arrays.plain(name("bias"), [1, n_out], Role::BIAS.at_rate(self.rates.bias));
            // Members of one population may have columns of their own, but the factor is that of the widest.
            let scale = (n_in as f32).sqrt().recip();
            if index == self.hidden.len() {
                layers.push(Box::new(Output { weight, bias, scale, goes_back: true }));
                break;
            }
            let strength = self
                .has_strength
                .then(|| arrays.plain(name("strength"), [1, n_out], decaying(self.rates.strength)));
            let (norm, activation) = (None, self.activation);
            layers.push(Box::new(Dense { weight, bias, scale, norm, activation, strength, goes_back: true }));
        }
        (input, layers)
    }

    /// The initial weights.
    fn initial(&self, whole: &Architecture, train: &Rows<'_>, draws: &mut Draws) -> Weights {
        let Built { specs, input, .. } = whole.build();
        let mut weights: Vec<Vec<f32>> = specs.iter().map(|spec| self.draw(spec, draws)).collect();
        if self.start == Start::Normal {
            for (spec, values) in specs.iter().zip(&mut weights) {
                if spec.name.starts_with(&format!("layer.{}.", self.hidden.len())) {
                    values.fill(0.0);
                }
            }
            return Weights(weights);
        }
        let mut weights = Weights(weights);
        let device = Device::flex();
        let mut rows = draws.order(train.design.n_rows());
        rows.truncate(INITIAL_ROWS);
        let stack = Stack::new(&specs, &[(&specs, &weights)], &device);
        let batch = Batch {
            numeric: numeric_rows(train.design, &rows, &device),
            codes: rows.iter().flat_map(|&row| train.design.codes.row(row)).copied().collect(),
            counts: vec![rows.len()],
        };
        // The scaling layer begins with ones.
        let mut x = input.predict(batch, &stack, &device);
        let place = |name: String| specs.iter().position(|spec| spec.name == name);
        for (index, (n_in, n_out)) in self.dense(whole).into_iter().enumerate() {
            let found = (place(format!("layer.{index}.weight")), place(format!("layer.{index}.bias")));
            let (Some(weight), Some(bias)) = found else { break };
            let scale = (n_in as f32).sqrt().recip();
            let mut z = product(&x, &weights.0[weight], [n_in, n_out], scale, &device);
            let inverse = inverse_deviations(&z, n_out);
            for values in [&mut weights.0[weight], &mut z] {
                for row in values.chunks_exact_mut(n_out) {
                    row.iter_mut().zip(&inverse).for_each(|(value, inverse)| *value *= inverse);
                }
            }
            let shift: Vec<f32> = (0..n_out).map(|neuron| -some_mean(&z, neuron, n_out, draws)).collect();
            for row in z.chunks_exact_mut(n_out) {
                for (value, shift) in row.iter_mut().zip(&shift) {
                    *value = self.activation.value(*value + shift);
                }
            }
            weights.0[bias] = shift;
            x = tensor(z, [1, rows.len(), n_out], &device);
        }
        weights
    }

    /// Values of the largest weight matrix.
    fn largest_matrix(&self, whole: &Architecture) -> usize {
        self.dense(whole).into_iter().map(|(n_in, n_out)| n_in * n_out).max().unwrap_or(0)
    }
}

/// A role that decays as the published code has it.
fn decaying(rate: f32) -> Role {
    Role::Learnt { rate, decay: rate }
}

/// `x W scale`, row by row.
fn product(x: &Tensor<3>, weight: &[f32], shape: [usize; 2], scale: f32, device: &Device) -> Vec<f32> {
    let weight = tensor(weight.to_vec(), [1, shape[0], shape[1]], device);
    let product = Values::take(x.clone().matmul(weight));
    values(&product).iter().map(|value| value * scale).collect()
}

/// 1 divided by the deviation of each column; 1 for a constant one.
fn inverse_deviations(values: &[f32], columns: usize) -> Vec<f32> {
    let n = (values.len() / columns) as f64;
    let inverse = |column: usize| {
        let own = || values.iter().skip(column).step_by(columns).map(|value| f64::from(*value));
        let mean = own().sum::<f64>() / n;
        let deviation = (own().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
        if deviation > 1e-12 { deviation.recip() as f32 } else { 1.0 }
    };
    (0..columns).map(inverse).collect()
}

/// A randomly weighted mean of a few rows of one column.
fn some_mean(values: &[f32], column: usize, columns: usize, draws: &mut Draws) -> f32 {
    let n_rows = values.len() / columns;
    let rows: Vec<usize> = (0..BIAS_ROWS).map(|_| draws.below(n_rows)).collect();
    let weights: Vec<f32> = (0..BIAS_ROWS).map(|_| draws.exponential()).collect();
    let total: f32 = weights.iter().sum();
    let sum: f32 =
        rows.iter().zip(&weights).map(|(&row, weight)| weight * values[row * columns + column]).sum();
    sum / total.max(f32::MIN_POSITIVE)
}
