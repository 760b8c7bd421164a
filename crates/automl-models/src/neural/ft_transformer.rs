//! The network FT-Transformer: every column of a row is a token (Gorishniy, Rubachev, Khrulkov & Babenko, "Revisiting Deep
//! Learning Models for Tabular Data", 2021, section 3.3).

use serde::{Deserialize, Serialize};

use super::activation::Activation;
use super::architecture::{Architecture, Arrays, Shape};
use super::data::Rows;
use super::layers::{
    Attention, Drop, DropSite, Embedding, Encoding, Gated, Input, Layer, Norm, Normalise, Output, Part,
    Residual, Tokens,
};
use super::norm::LayerNorm;
use super::parameters::{Index, Role, Weights};
use crate::draws::Draws;

/// What the network consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FtTransformerShape {
    /// Blocks of attention and gated layer.
    pub(crate) n_blocks: usize,
    /// Values of a token.
    pub(crate) width: usize,
    /// Heads of attention, of which the width is a multiple.
    pub(crate) n_heads: usize,
    /// Neurons of the gated layers.
    pub(crate) hidden: usize,
    /// Numeric columns that are tokens; found in the training rows.
    pub(crate) n_numbers: usize,
}

impl FtTransformerShape {
    /// Tokens of a row, the one that asks included.
    fn n_tokens(&self, whole: &Architecture) -> usize {
        1 + whole.columns.cardinalities.len() + self.n_numbers
    }

    fn input(&self, whole: &Architecture, arrays: &mut Arrays) -> Input {
        let width = self.width;
        let tables = whole.columns.cardinalities.iter().enumerate();
        let tables = tables.map(|(column, &cardinality)| {
            let shape = [cardinality as usize, width];
            Part::Table { column, table: arrays.plain(format!("embedding.{column}"), shape, Role::BIAS) }
        });
        let mut parts: Vec<Part> = tables.collect();
        let n = self.n_numbers;
        if n > 0 {
            parts.push(Part::Embedded(Embedding {
                columns: (0..n).collect(),
                encoding: Encoding::Number,
                n_encoded: 1,
                width,
                weight: arrays.plain("numbers.weight".to_owned(), [n, width], Role::BIAS),
                bias: arrays.plain("numbers.bias".to_owned(), [n, width], Role::BIAS),
                slope: None,
                is_rectified: false,
            }));
        }
        Input { parts }
    }

    fn normalise(
        &self,
        place: &str,
        role: Role,
        activation: Option<Activation>,
        arrays: &mut Arrays,
    ) -> Box<dyn Layer> {
        let scale = arrays.plain(format!("{place}.norm_scale"), [1, self.width], role);
        let shift = arrays.plain(format!("{place}.norm_shift"), [1, self.width], Role::BIAS);
        Box::new(Normalise { norm: Norm::Layer(LayerNorm { scale }), shift, activation })
    }

    /// The layers of block `block`.
    fn block(&self, block: usize, n_tokens: usize, arrays: &mut Arrays) -> [Box<dyn Layer>; 2] {
        let (width, n_heads) = (self.width, self.n_heads);
        let place = |part: &str| format!("block.{block}.{part}");
        let mut inner: Vec<Box<dyn Layer>> = Vec::new();
        if block > 0 {
            inner.push(self.normalise(&place("attention"), Role::BIAS, None, arrays));
        }
        let queries = linear(&place("queries"), [width, width], arrays);
        let keys = linear(&place("keys"), [width, 2 * width], arrays);
        let first_asks = block + 1 == self.n_blocks;
        inner.push(Box::new(Attention { queries, keys, n_heads, n_tokens, first_asks }));
        inner.push(output(&place("attended"), [width, width], arrays));
        inner.push(Box::new(Drop { site: DropSite::Residual }));
        let norm = self.normalise(&place("gated"), Role::BIAS, None, arrays);
        let [weight, bias] = linear(&place("gated"), [width, 2 * self.hidden], arrays);
        let second = output(&place("second"), [self.hidden, width], arrays);
        let gated: Vec<Box<dyn Layer>> =
            vec![norm, Box::new(Gated { weight, bias }), second, Box::new(Drop { site: DropSite::Residual })];
        [Box::new(Residual { layers: inner }), Box::new(Residual { layers: gated })]
    }
}

/// Matrix and bias of a linear layer.
fn linear(name: &str, [n_in, n_out]: [usize; 2], arrays: &mut Arrays) -> [Index; 2] {
    let weight = arrays.matrix(format!("{name}.weight"), [n_in, n_out], Role::WEIGHT);
    [weight, arrays.plain(format!("{name}.bias"), [1, n_out], Role::BIAS)]
}

fn output(name: &str, shape: [usize; 2], arrays: &mut Arrays) -> Box<dyn Layer> {
    let [weight, bias] = linear(name, shape, arrays);
    Box::new(Output { weight, bias, scale: 1.0, goes_back: true })
}

impl Shape for FtTransformerShape {
    fn fit(&mut self, train: &Rows<'_>) {
        let design = train.design;
        // Without any column there is one of zeros, for a network needs an input.
        let least = usize::from(design.cardinalities.is_empty());
        self.n_numbers = design.numeric.n_cols().max(least);
    }

    /// Matrices decay, and the factors of the last normalisation, as in the published code.
    fn build(&self, whole: &Architecture, arrays: &mut Arrays) -> (Input, Vec<Box<dyn Layer>>) {
        let input = self.input(whole, arrays);
        let n_tokens = self.n_tokens(whole);
        let n_categories = whole.columns.cardinalities.len();
        let asking = arrays.plain("asking".to_owned(), [1, self.width], Role::BIAS);
        let bias = (n_categories > 0)
            .then(|| arrays.plain("embedding_bias".to_owned(), [n_categories, self.width], Role::BIAS));
        let mut layers: Vec<Box<dyn Layer>> = vec![Box::new(Tokens { asking, bias, per_row: n_tokens })];
        for block in 0..self.n_blocks {
            layers.extend(self.block(block, n_tokens, arrays));
        }
        layers.push(self.normalise("output", Role::WEIGHT, Some(Activation::Relu), arrays));
        layers.push(output("output", [self.width, whole.n_outputs], arrays));
        (input, layers)
    }

    /// Tokens uniform within `1 / sqrt(width)`; matrices and biases within `1 / sqrt(inputs)`, `PyTorch`'s start, but the
    /// biases of attention 0.
    fn initial(&self, whole: &Architecture, _train: &Rows<'_>, draws: &mut Draws) -> Weights {
        let mut n_in = 1;
        let mut weights = Vec::new();
        for spec in whole.specs() {
            let mut uniform = |n: usize| {
                let limit = (n as f32).sqrt().recip();
                (0..spec.size()).map(|_| draws.symmetric(limit)).collect::<Vec<f32>>()
            };
            let name = spec.name.as_str();
            let is_attention =
                ["queries.bias", "keys.bias", "attended.bias"].iter().any(|own| name.ends_with(own));
            let is_token = ["embedding", "numbers.", "asking"].iter().any(|own| name.starts_with(own));
            weights.push(if is_token {
                uniform(self.width)
            } else if is_attention || name.ends_with("norm_shift") {
                vec![0.0; spec.size()]
            } else if name.ends_with("norm_scale") {
                vec![1.0; spec.size()]
            } else {
                if name.ends_with(".weight") {
                    n_in = spec.shape[0];
                }
                uniform(n_in)
            });
        }
        Weights(weights)
    }

    fn largest_matrix(&self, _whole: &Architecture) -> usize {
        self.width * 2 * self.hidden.max(self.width)
    }

    fn copies(&self, whole: &Architecture) -> usize {
        self.n_tokens(whole)
    }

    fn n_scores(&self, whole: &Architecture) -> usize {
        self.n_blocks * self.n_heads * self.n_tokens(whole).pow(2)
    }
}
