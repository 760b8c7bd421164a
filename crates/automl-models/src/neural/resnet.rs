//! The network `ResNet` for tables (Gorishniy, Rubachev, Khrulkov & Babenko, "Revisiting Deep Learning Models for Tabular
//! Data", 2021, section 3.2).

use serde::{Deserialize, Serialize};

use super::activation::Activation;
use super::architecture::{Architecture, Arrays, Shape};
use super::data::Rows;
use super::layers::{Dense, Drop, DropSite, Input, Layer, Norm, Normalise, Output, Part, Residual};
use super::mlp;
use super::norm::BatchNorm;
use super::parameters::{Role, Weights};
use crate::draws::Draws;

/// What the network consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResNetShape {
    /// Residual blocks.
    pub(crate) n_blocks: usize,
    /// Values between blocks.
    pub(crate) width: usize,
    /// Neurons within a block.
    pub(crate) hidden: usize,
}

impl ResNetShape {
    /// Columns of the input.
    fn n_in(whole: &Architecture) -> usize {
        mlp::widths(whole).iter().sum::<usize>() + whole.columns.n_numeric.max(1)
    }

    fn normalise(&self, place: &str, activation: Option<Activation>, arrays: &mut Arrays) -> Box<dyn Layer> {
        let mut array =
            |part: &str, role: Role| arrays.plain(format!("{place}.{part}"), [1, self.width], role);
        let norm = BatchNorm {
            scale: array("norm_scale", Role::WEIGHT),
            running: ["norm_mean", "norm_variance"].map(|part| array(part, Role::Tracked)),
        };
        let shift = array("norm_shift", Role::WEIGHT);
        Box::new(Normalise { norm: Norm::Batch(norm), shift, activation })
    }
}

impl Shape for ResNetShape {
    /// Every array but embeddings decays, as in the published code.
    fn build(&self, whole: &Architecture, arrays: &mut Arrays) -> (Input, Vec<Box<dyn Layer>>) {
        let tables = whole.columns.cardinalities.iter().zip(mlp::widths(whole)).enumerate();
        let tables = tables.map(|(column, (&cardinality, width))| {
            let shape = [cardinality as usize, width];
            Part::Table { column, table: arrays.plain(format!("embedding.{column}"), shape, Role::BIAS) }
        });
        let input = Input { parts: tables.chain([Part::Numeric]).collect() };
        let linear = |name: &str, [n_in, n_out]: [usize; 2], arrays: &mut Arrays| {
            let weight = arrays.matrix(format!("{name}.weight"), [n_in, n_out], Role::WEIGHT);
            (weight, arrays.plain(format!("{name}.bias"), [1, n_out], Role::WEIGHT))
        };
        let output = |(weight, bias), goes_back| Box::new(Output { weight, bias, scale: 1.0, goes_back });
        let first = linear("input", [Self::n_in(whole), self.width], arrays);
        let mut layers: Vec<Box<dyn Layer>> = vec![output(first, input.is_learnt())];
        for block in 0..self.n_blocks {
            let place = format!("block.{block}");
            let norm = self.normalise(&place, None, arrays);
            let (weight, bias) = linear(&format!("{place}.first"), [self.width, self.hidden], arrays);
            let (scale, activation) = (1.0, Activation::Relu);
            let dense =
                Dense { weight, bias, scale, norm: None, activation, strength: None, goes_back: true };
            let second = linear(&format!("{place}.second"), [self.hidden, self.width], arrays);
            let inner: Vec<Box<dyn Layer>> = vec![
                norm,
                Box::new(dense),
                output(second, true),
                Box::new(Drop { site: DropSite::Residual }),
            ];
            layers.push(Box::new(Residual { layers: inner }));
        }
        layers.push(self.normalise("output", Some(Activation::Relu), arrays));
        layers.push(output(linear("output", [self.width, whole.n_outputs], arrays), true));
        (input, layers)
    }

    /// Matrices and biases uniform within `1 / sqrt(inputs)`, `PyTorch`'s start; embeddings uniform with the variance of the
    /// standardised columns they stand beside.
    fn initial(&self, whole: &Architecture, _train: &Rows<'_>, draws: &mut Draws) -> Weights {
        let mut n_in = 1;
        let mut weights = Vec::new();
        for spec in whole.specs() {
            let mut uniform =
                |limit: f32| (0..spec.size()).map(|_| draws.symmetric(limit)).collect::<Vec<f32>>();
            if spec.name.ends_with(".weight") {
                n_in = spec.shape[0];
            }
            weights.push(match spec.name.rsplit('.').next() {
                Some("weight" | "bias") => uniform((n_in as f32).sqrt().recip()),
                Some("norm_scale" | "norm_variance") => vec![1.0; spec.size()],
                Some("norm_shift" | "norm_mean") => vec![0.0; spec.size()],
                _ => uniform(3.0_f32.sqrt()),
            });
        }
        Weights(weights)
    }

    fn largest_matrix(&self, whole: &Architecture) -> usize {
        self.width * self.hidden.max(Self::n_in(whole)).max(whole.n_outputs)
    }

    fn looks_at_batches(&self) -> bool {
        true
    }
}
