//! Forward and back of all members as tensor operations; the calculus of [`super::super::network`].

use automl_core::Precision;
use burn::tensor::{DType, Device, IndexingUpdateOp, Int, Tensor, TensorData};

use super::super::activation::Activation;
use super::super::norm::EPSILON;
use super::super::weights::Layout;
use super::Places;
use super::activation::both;
use super::flat::{Flat, Pieces};
use super::tables::Batch;

/// Shapes of a population's network; the numbers are in a [`Flat`].
#[derive(Debug)]
pub(super) struct Network {
    members: usize,
    activation: Activation,
    pub(super) layout: Layout,
    pub(super) pieces: Pieces,
    device: Device,
    precision: Precision,
}

/// What normalisation must know of a batch, of each member.
pub(super) struct Counts {
    /// 1 where a row is no padding, `[members, rows, 1]`.
    pub(super) present: Tensor<3>,
    /// 1 divided by the number of true rows, or 0, `[members, 1, 1]`.
    pub(super) share: Tensor<3>,
    /// Factor from the biased to the unbiased variance, `[members, 1, 1]`.
    pub(super) unbias: Tensor<3>,
    /// Weight of this batch in the running statistics, `[members, 1, 1]`; 0 without rows.
    pub(super) weight: Tensor<3>,
}

/// What the way back needs.
pub(super) struct Tape {
    places: Vec<Places>,
    layers: Vec<LayerTape>,
}

struct LayerTape {
    input: Tensor<3>,
    slope: Option<Tensor<3>>,
    /// Normalised values and `1 / sqrt(variance + epsilon)`.
    norm: Option<(Tensor<3>, Tensor<3>)>,
}

impl Network {
    pub(super) fn new(
        members: usize,
        activation: Activation,
        layout: Layout,
        device: &Device,
        precision: Precision,
    ) -> Self {
        let pieces = Pieces::new(&layout);
        Self { members, activation, layout, pieces, device: device.clone(), precision }
    }

    /// Goes on with this many members.
    pub(super) fn set_members(&mut self, members: usize) {
        self.members = members;
    }

    /// Outputs of a training batch, `[members, rows, n_outputs]`, and what the way back needs. Moves the running
    /// statistics. `drop_out(layer, rows, columns)` gives what a hidden layer's values are multiplied with.
    pub(super) fn forward(
        &self,
        flat: &mut Flat,
        batch: Batch,
        counts: &Counts,
        drop_out: &dyn Fn(usize, usize, usize) -> Option<Tensor<3>>,
    ) -> (Tensor<3>, Tape) {
        let (mut x, places) = self.embed(flat, batch);
        let mut layers = Vec::with_capacity(self.pieces.layers.len());
        let mut statistics = Vec::new();
        let last = self.pieces.layers.len() - 1;
        for (index, pieces) in self.pieces.layers[..last].iter().enumerate() {
            let mut z = self.product(x.clone(), pieces.weight.of(&flat.parameters));
            let mut norm = None;
            if let (Some(pieces), Some(running)) = (&pieces.norm, &flat.statistics) {
                let mean = (z.clone() * counts.present.clone()).sum_dim(1) * counts.share.clone();
                let centred = (z - mean.clone()) * counts.present.clone();
                let variance = (centred.clone() * centred.clone()).sum_dim(1) * counts.share.clone();
                let inverse = (variance.clone() + EPSILON).sqrt().recip();
                let normal = centred * inverse.clone();
                z = normal.clone() * pieces.scale.of(&flat.parameters);
                for (piece, now) in
                    [(&pieces.mean, mean), (&pieces.variance, variance * counts.unbias.clone())]
                {
                    let before = piece.of(running);
                    let moved = before.clone() + (now - before) * counts.weight.clone();
                    statistics.push(self.row(moved));
                }
                norm = Some((normal, inverse));
            }
            let (mut value, mut slope) = both(self.activation, z + pieces.bias.of(&flat.parameters));
            let [_, rows, columns] = value.dims();
            if let Some(factors) = drop_out(index, rows, columns) {
                value = value * factors.clone();
                slope = slope * factors;
            }
            layers.push(LayerTape { input: x, slope: Some(slope), norm });
            x = value;
        }
        if !statistics.is_empty() {
            flat.statistics = Some(Tensor::cat(statistics, 1));
        }
        let output = self.output(flat, x.clone());
        layers.push(LayerTape { input: x, slope: None, norm: None });
        (output, Tape { places, layers })
    }

    /// Gradients of all parameters, `[members, n_parameters]`, from that of the outputs, which is 0 in padding.
    pub(super) fn backward(&self, flat: &Flat, tape: Tape, output: Tensor<3>, counts: &Counts) -> Tensor<2> {
        let mut gradients = Vec::new();
        let mut back = output;
        for (index, (pieces, own)) in self.pieces.layers.iter().zip(tape.layers).enumerate().rev() {
            if let Some(slope) = own.slope {
                back = back * slope;
            }
            let bias = back.clone().sum_dim(1);
            if let (Some(pieces), Some((normal, inverse))) = (&pieces.norm, own.norm) {
                let by_scale = (back.clone() * normal.clone()).sum_dim(1);
                let scale = pieces.scale.of(&flat.parameters);
                let mean = (bias.clone() + normal * by_scale.clone()) * counts.share.clone();
                back = (back - mean) * (scale * inverse) * counts.present.clone();
                gradients.push(self.row(by_scale));
            }
            gradients.push(self.row(bias));
            gradients.push(self.row(self.product(own.input.transpose(), back.clone())));
            if index > 0 || !tape.places.is_empty() {
                back = self.product(back, pieces.weight.of(&flat.parameters).transpose());
            }
        }
        self.tables_back(&back, &tape.places, &mut gradients);
        gradients.reverse();
        Tensor::cat(gradients, 1)
    }

    /// Outputs for rows to predict, `[members, rows, n_outputs]`.
    pub(super) fn predict(&self, flat: &Flat, batch: Batch) -> Tensor<3> {
        let (mut x, _) = self.embed(flat, batch);
        for pieces in &self.pieces.layers[..self.pieces.layers.len() - 1] {
            let mut z = self.product(x, pieces.weight.of(&flat.parameters));
            if let (Some(pieces), Some(running)) = (&pieces.norm, &flat.statistics) {
                let inverse = (pieces.variance.of(running) + EPSILON).sqrt().recip();
                z = (z - pieces.mean.of(running)) * (inverse * pieces.scale.of(&flat.parameters));
            }
            x = both(self.activation, z + pieces.bias.of(&flat.parameters)).0;
        }
        self.output(flat, x)
    }

    fn output(&self, flat: &Flat, x: Tensor<3>) -> Tensor<3> {
        let pieces = &self.pieces.layers[self.pieces.layers.len() - 1];
        self.product(x, pieces.weight.of(&flat.parameters)) + pieces.bias.of(&flat.parameters)
    }

    /// Puts the embeddings of the codes behind the numeric columns; returns the rows of the stacked tables that the
    /// codes mean, a tensor a column.
    fn embed(&self, flat: &Flat, batch: Batch) -> (Tensor<3>, Vec<Places>) {
        let Some(codes) = batch.codes else { return (batch.numeric, Vec::new()) };
        let [members, rows, _] = batch.numeric.dims();
        let mut parts = vec![batch.numeric];
        let mut places = Vec::new();
        for (column, piece) in self.pieces.tables.iter().enumerate() {
            let table = piece.of(&flat.parameters);
            let [_, cardinality, dim] = table.dims();
            let own = codes.clone().slice([0..members * rows, column..column + 1]).reshape([members, rows]);
            let own = (own + self.firsts(cardinality)).reshape([members * rows]);
            let found = table.reshape([members * cardinality, dim]).select(0, own.clone());
            parts.push(found.reshape([members, rows, dim]));
            places.push(own);
        }
        (Tensor::cat(parts, 2), places)
    }

    /// Where each member's rows begin in a stacked table, `[members, 1]`.
    fn firsts(&self, cardinality: usize) -> Tensor<2, Int> {
        let firsts: Vec<i32> = (0..self.members).map(|member| (member * cardinality) as i32).collect();
        Tensor::from_data(TensorData::new(firsts, [self.members, 1]), &self.device)
    }

    /// Gradients of the embedding tables, last first, from that of the first layer's input.
    fn tables_back(&self, inputs: &Tensor<3>, places: &[Places], gradients: &mut Vec<Tensor<2>>) {
        let [members, rows, mut end] = inputs.dims();
        for (column, places) in places.iter().enumerate().rev() {
            let (cardinality, dim) = (
                self.layout.cardinalities[column] as usize,
                Layout::embedding_dim(self.layout.cardinalities[column]),
            );
            let own =
                inputs.clone().slice([0..members, 0..rows, end - dim..end]).reshape([members * rows, dim]);
            end -= dim;
            let zeros = Tensor::<2>::zeros([members * cardinality, dim], &self.device);
            let sums = zeros.select_assign(0, places.clone(), own, IndexingUpdateOp::Add);
            gradients.push(sums.reshape([members, cardinality * dim]));
        }
    }

    /// A matrix product a member, of factors rounded to the precision.
    fn product(&self, one: Tensor<3>, other: Tensor<3>) -> Tensor<3> {
        match self.precision {
            Precision::F32 => one.matmul(other),
            Precision::Bf16 => one.cast(DType::BF16).matmul(other.cast(DType::BF16)).cast(DType::F32),
        }
    }

    /// A matrix a member as a row.
    fn row(&self, matrices: Tensor<3>) -> Tensor<2> {
        let [_, rows, columns] = matrices.dims();
        matrices.reshape([self.members, rows * columns])
    }
}
