//! Several networks of one shape as one: parameters `[members, in, out]`, activations
//! `[members, rows, features]`, one batched matrix product a layer.
//!
//! The way back is written out: a perceptron needs six lines of calculus, and a recorded graph costs
//! more than the arithmetic of a narrow layer. A test compares it with burn's automatic differentiation.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::activation::Activation;
use super::host::{Slot, Values, tensor, values, values_mut};
use super::kernel::{self, Shape};
use super::norm::{BatchNorm, Moments, NormTape};
use super::rng::Draws;
use super::simd::vectorised;
use super::weights::{Dense, Layout, Norm, Weights};

/// The networks of all members.
#[derive(Debug)]
pub(crate) struct Network {
    members: usize,
    activation: Activation,
    /// Layout of the widest member; the others are padded with zeros to it.
    layout: Layout,
    tables: Vec<Slot>,
    layers: Vec<Layer>,
    device: Device,
}

#[derive(Debug)]
struct Layer {
    n_in: usize,
    n_out: usize,
    weight: Slot,
    /// `[members, n_out]`.
    bias: Vec<f32>,
    norm: Option<BatchNorm>,
}

/// A batch: numeric columns and codes of the same rows.
pub(crate) struct Batch {
    /// `[members, rows, n_numeric]`.
    pub(crate) numeric: Tensor<3>,
    /// `[members, rows, n_categorical]`.
    pub(crate) codes: Vec<u32>,
    /// True rows of each member; the rest is padding.
    pub(crate) counts: Vec<usize>,
}

/// Dropout of one member in one step.
pub(crate) struct DropOut {
    /// Share of hidden values dropped.
    pub(crate) rate: f32,
    /// Where its keys come from, one a layer.
    pub(crate) draws: Draws,
    /// Place of the first row in the member's batch.
    pub(crate) first_row: usize,
}

/// What the way back needs.
pub(crate) struct Tape {
    codes: Vec<u32>,
    counts: Vec<usize>,
    layers: Vec<LayerTape>,
}

impl Tape {
    /// What normalisation saw of the batch; `None` where nothing is normalised.
    pub(crate) fn statistics(&self) -> Option<Statistics> {
        let norms = self.layers.iter().filter_map(|layer| layer.norm.as_ref());
        let moments: Vec<Moments> = norms.map(NormTape::moments).collect();
        (!moments.is_empty()).then(|| Statistics { moments, counts: self.counts.clone() })
    }
}

/// Moments of the normalised layers in a batch, with the rows of each member.
pub(crate) struct Statistics {
    moments: Vec<Moments>,
    counts: Vec<usize>,
}

struct LayerTape {
    input: Tensor<3>,
    slopes: Option<Values>,
    norm: Option<NormTape>,
}

/// Gradients in the order in which [`Network::update`] visits the parameters.
pub(crate) struct Gradients(Vec<Gradient>);

enum Gradient {
    Device(Values),
    Host(Vec<f32>),
}

impl Gradients {
    /// Adds the gradients of another part of the batch.
    pub(crate) fn add(&mut self, other: &Gradients) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            let (own, other) = (own.values_mut(), other.values());
            vectorised(|| own.iter_mut().zip(other).for_each(|(own, other)| *own += other));
        }
    }
}

impl Gradient {
    fn values_mut(&mut self) -> &mut [f32] {
        match self {
            Gradient::Device(data) => values_mut(data),
            Gradient::Host(values) => values,
        }
    }

    fn values(&self) -> &[f32] {
        match self {
            Gradient::Device(data) => values(data),
            Gradient::Host(values) => values,
        }
    }
}

impl Network {
    /// Stacks the members' own weights, padded with zeros to the widest.
    pub(crate) fn stack(
        members: &[(&Layout, &Weights)],
        activation: Activation,
        device: &Device,
    ) -> Option<Self> {
        let layout = widest(members.iter().map(|(layout, _)| *layout))?;
        let dims = layout.embedding_dims();
        let table = |column: usize| {
            let size = layout.cardinalities[column] as usize * dims[column];
            let padded = members.iter().flat_map(|(_, weights)| pad(&weights.tables[column], size));
            let shape = [members.len(), layout.cardinalities[column] as usize, dims[column]];
            Slot::new(tensor(padded.collect(), shape, device))
        };
        let tables = (0..dims.len()).map(table).collect();
        let layer = |(index, (n_in, n_out)): (usize, (usize, usize))| {
            let of_layer = || members.iter().map(move |(_, weights)| &weights.layers[index]);
            let join = |part: &dyn Fn(&Dense) -> Vec<f32>| of_layer().flat_map(part).collect::<Vec<f32>>();
            let norm = |part: fn(&Norm) -> &Vec<f32>| {
                join(&|dense| dense.norm.as_ref().map(part).cloned().unwrap_or_default())
            };
            let weight = members.iter().flat_map(|(own, weights)| {
                let own = if index == 0 { own.n_numeric } else { n_in };
                let dense = &weights.layers[index].weight;
                widen(dense, own, if index == 0 { layout.n_numeric } else { n_in }, n_out)
            });
            let has_norm = of_layer().all(|dense| dense.norm.is_some());
            Layer {
                n_in,
                n_out,
                weight: Slot::new(tensor(weight.collect(), [members.len(), n_in, n_out], device)),
                bias: join(&|dense| dense.bias.clone()),
                norm: has_norm.then(|| BatchNorm {
                    scale: norm(|norm| &norm.scale),
                    mean: norm(|norm| &norm.mean),
                    variance: norm(|norm| &norm.variance),
                }),
            }
        };
        let layers = layout.dense().into_iter().enumerate().map(layer).collect();
        Some(Self { members: members.len(), activation, layout, tables, layers, device: device.clone() })
    }

    /// Number of numeric columns, padding included.
    pub(crate) fn n_numeric(&self) -> usize {
        self.layout.n_numeric
    }

    /// Values of each output row.
    pub(crate) fn n_outputs(&self) -> usize {
        self.layout.n_outputs
    }

    /// One member's own weights, without padding.
    pub(crate) fn member(&mut self, member: usize, own: &Layout) -> Weights {
        let dims = self.layout.embedding_dims();
        let mut tables = Vec::with_capacity(self.tables.len());
        for (column, slot) in self.tables.iter_mut().enumerate() {
            let padded = slot.member(member, self.layout.cardinalities[column] as usize * dims[column]);
            tables.push(padded[..own.cardinalities[column] as usize * dims[column]].to_vec());
        }
        let n_numeric = self.layout.n_numeric;
        let mut layers = Vec::with_capacity(self.layers.len());
        for (index, layer) in self.layers.iter_mut().enumerate() {
            let mut weight = layer.weight.member(member, layer.n_in * layer.n_out);
            if index == 0 {
                weight.drain(own.n_numeric * layer.n_out..n_numeric * layer.n_out);
            }
            let part = |values: &[f32]| values[member * layer.n_out..(member + 1) * layer.n_out].to_vec();
            let norm = layer.norm.as_ref().map(|norm| Norm {
                scale: part(&norm.scale),
                mean: part(&norm.mean),
                variance: part(&norm.variance),
            });
            layers.push(Dense { weight, bias: part(&layer.bias), norm });
        }
        Weights { tables, layers }
    }

    /// Keeps the members at `kept`, in that order.
    pub(crate) fn keep(&mut self, kept: &[usize]) {
        self.members = kept.len();
        let dims = self.layout.embedding_dims();
        for (column, table) in self.tables.iter_mut().enumerate() {
            table.keep(kept, self.layout.cardinalities[column] as usize * dims[column]);
        }
        for layer in &mut self.layers {
            let n_out = layer.n_out;
            layer.weight.keep(kept, layer.n_in * n_out);
            let host = [&mut layer.bias].into_iter();
            let norms = layer.norm.iter_mut();
            let norms = norms.flat_map(|norm| [&mut norm.scale, &mut norm.mean, &mut norm.variance]);
            host.chain(norms).for_each(|values| *values = super::host::keep_members(values, kept, n_out));
        }
    }

    /// Outputs of a training batch, `[members, rows, n_outputs]`, and what the way back needs.
    pub(crate) fn forward(&self, batch: Batch, dropout: &mut [DropOut]) -> (Values, Tape) {
        let mut input = self.embed(batch.numeric, &batch.codes);
        let mut tapes = Vec::with_capacity(self.layers.len());
        let last = self.layers.len() - 1;
        for layer in &self.layers[..last] {
            let product = input.clone().matmul(layer.weight.get());
            let shape = shape_of(&product);
            let mut data = Values::take(product);
            let norm =
                layer.norm.as_ref().map(|norm| norm.forward(values_mut(&mut data), &batch.counts, shape));
            let mut buffer = Values::unspecified([shape.members, shape.rows, shape.columns], &self.device);
            let outputs = values_mut(&mut buffer);
            kernel::activate(self.activation, values_mut(&mut data), &layer.bias, outputs, shape);
            for (member, own) in dropout.iter_mut().enumerate().filter(|(_, own)| own.rate > 0.0) {
                let start = member * shape.block();
                let rows = start..start + batch.counts[member] * shape.columns;
                let slopes = &mut values_mut(&mut data)[rows.clone()];
                let first = own.first_row * shape.columns;
                kernel::drop_out(own.rate, own.draws.bits(), first, &mut outputs[rows], slopes);
            }
            tapes.push(LayerTape { input, slopes: Some(data), norm });
            input = buffer.into_tensor(&self.device);
        }
        let output = self.output(&input);
        tapes.push(LayerTape { input, slopes: None, norm: None });
        (output, Tape { codes: batch.codes, counts: batch.counts, layers: tapes })
    }

    /// Moves the running statistics of normalisation by those of a training batch.
    pub(crate) fn track(&mut self, batch: &Statistics) {
        let norms = self.layers.iter_mut().filter_map(|layer| layer.norm.as_mut());
        for (norm, moments) in norms.zip(&batch.moments) {
            norm.track(moments, &batch.counts);
        }
    }

    /// Gradients of all parameters from the gradient of the outputs.
    pub(crate) fn backward(&self, tape: Tape, output: Values) -> Gradients {
        let mut gradients = Vec::new();
        let mut back = output;
        let shape = |layer: &Layer, data: &Values| Shape {
            members: self.members,
            rows: values(data).len() / (self.members * layer.n_out),
            columns: layer.n_out,
        };
        for (index, (layer, own)) in self.layers.iter().zip(tape.layers).enumerate().rev() {
            let shape = shape(layer, &back);
            let bias = match &own.slopes {
                Some(slopes) => kernel::activate_back(values_mut(&mut back), values(slopes), shape),
                None => kernel::column_sums(values(&back), shape),
            };
            if let (Some(norm), Some(tape_of)) = (&layer.norm, &own.norm) {
                let scale = norm.backward(tape_of, values_mut(&mut back), &tape.counts, shape);
                gradients.push(Gradient::Host(scale));
            }
            gradients.push(Gradient::Host(bias));
            let inputs = back.into_tensor(&self.device);
            let weight = own.input.transpose().matmul(inputs.clone());
            gradients.push(Gradient::Device(Values::take(weight)));
            if index == 0 {
                if !self.tables.is_empty() {
                    let first = Values::take(inputs.matmul(layer.weight.get().transpose()));
                    self.tables_back(values(&first), &tape.codes, layer.n_in, &mut gradients);
                }
                break;
            }
            back = Values::take(inputs.matmul(layer.weight.get().transpose()));
        }
        gradients.reverse();
        Gradients(gradients)
    }

    /// Visits every parameter with its gradient: `(index, values, gradient, whether it decays)`, the
    /// values as `[members, size]`.
    pub(crate) fn update(
        &mut self,
        gradients: &Gradients,
        mut visit: impl FnMut(usize, &mut [f32], &[f32], bool),
    ) {
        let mut rest = gradients.0.iter().enumerate();
        let mut next = |change: &mut dyn FnMut(usize, &[f32])| {
            if let Some((index, gradient)) = rest.next() {
                change(index, gradient.values());
            }
        };
        for table in &mut self.tables {
            next(&mut |index, gradient| table.update(|values| visit(index, values, gradient, false)));
        }
        for layer in &mut self.layers {
            let weight = &mut layer.weight;
            next(&mut |index, gradient| weight.update(|values| visit(index, values, gradient, true)));
            next(&mut |index, gradient| visit(index, &mut layer.bias, gradient, false));
            if let Some(norm) = &mut layer.norm {
                next(&mut |index, gradient| visit(index, &mut norm.scale, gradient, false));
            }
        }
    }

    /// Outputs for rows to predict, `[members, rows, n_outputs]`.
    pub(crate) fn predict(&self, batch: Batch) -> Values {
        let mut input = self.embed(batch.numeric, &batch.codes);
        for layer in &self.layers[..self.layers.len() - 1] {
            let product = input.matmul(layer.weight.get());
            let shape = shape_of(&product);
            let mut data = Values::take(product);
            let values = values_mut(&mut data);
            if let Some(norm) = &layer.norm {
                let (scale, shift) = norm.fold(&layer.bias);
                kernel::apply(Some(self.activation), values, Some(&scale), &shift, shape);
            } else {
                kernel::apply(Some(self.activation), values, None, &layer.bias, shape);
            }
            input = data.into_tensor(&self.device);
        }
        self.output(&input)
    }

    fn output(&self, input: &Tensor<3>) -> Values {
        let layer = &self.layers[self.layers.len() - 1];
        let product = input.clone().matmul(layer.weight.get());
        let shape = shape_of(&product);
        let mut data = Values::take(product);
        kernel::apply(None, values_mut(&mut data), None, &layer.bias, shape);
        data
    }

    /// Puts the embeddings of `codes` behind the numeric columns.
    fn embed(&self, numeric: Tensor<3>, codes: &[u32]) -> Tensor<3> {
        if self.tables.is_empty() {
            return numeric;
        }
        let [members, rows, _] = numeric.dims();
        let mut parts = vec![numeric];
        for (column, table) in self.tables.iter().enumerate() {
            let table = table.get();
            let [_, cardinality, dim] = table.dims();
            let places: Vec<i32> = self.places(codes, column, rows).map(|place| place as i32).collect();
            let places = Tensor::<1, Int>::from_data(TensorData::new(places, [members * rows]), &self.device);
            let found = table.reshape([members * cardinality, dim]).select(0, places);
            parts.push(found.reshape([members, rows, dim]));
        }
        Tensor::cat(parts, 2)
    }

    /// Rows of the stacked table `column` that the codes mean; an impossible code is the unknown one.
    fn places<'a>(
        &'a self,
        codes: &'a [u32],
        column: usize,
        rows: usize,
    ) -> impl Iterator<Item = usize> + 'a {
        let cardinality = self.layout.cardinalities[column];
        codes.chunks_exact(self.tables.len()).enumerate().map(move |(row, codes)| {
            let code = if codes[column] < cardinality { codes[column] } else { 0 };
            row / rows * cardinality as usize + code as usize
        })
    }

    /// Gradients of the embedding tables, last first, from that of the first layer's input.
    fn tables_back(&self, inputs: &[f32], codes: &[u32], n_in: usize, gradients: &mut Vec<Gradient>) {
        let rows = inputs.len() / (self.members * n_in);
        let dims = self.layout.embedding_dims();
        let mut start = n_in;
        for (column, &dim) in dims.iter().enumerate().rev() {
            start -= dim;
            let mut gradient = vec![0.0; self.members * self.layout.cardinalities[column] as usize * dim];
            for (input, place) in inputs.chunks_exact(n_in).zip(self.places(codes, column, rows)) {
                let target = &mut gradient[place * dim..(place + 1) * dim];
                target.iter_mut().zip(&input[start..]).for_each(|(sum, value)| *sum += value);
            }
            gradients.push(Gradient::Host(gradient));
        }
    }
}

fn shape_of(tensor: &Tensor<3>) -> Shape {
    let [members, rows, columns] = tensor.dims();
    Shape { members, rows, columns }
}

/// The layout that holds all: most numeric columns (one at least, for a product needs a column), most
/// codes of each category.
pub(crate) fn widest<'a>(mut layouts: impl Iterator<Item = &'a Layout>) -> Option<Layout> {
    let mut widest = layouts.next()?.clone();
    widest.n_numeric = widest.n_numeric.max(1);
    for layout in layouts {
        widest.n_numeric = widest.n_numeric.max(layout.n_numeric);
        for (most, own) in widest.cardinalities.iter_mut().zip(&layout.cardinalities) {
            *most = (*most).max(*own);
        }
    }
    Some(widest)
}

fn pad(values: &[f32], size: usize) -> impl Iterator<Item = f32> {
    values.iter().copied().chain(std::iter::repeat_n(0.0, size - values.len()))
}

/// Inserts zero rows behind the first `own` rows of a matrix with `columns` columns, up to `wide` rows.
fn widen(values: &[f32], own: usize, wide: usize, columns: usize) -> impl Iterator<Item = f32> {
    let (first, rest) = values.split_at(own * columns);
    let zeros = std::iter::repeat_n(0.0, (wide - own) * columns);
    first.iter().copied().chain(zeros).chain(rest.iter().copied())
}

#[cfg(test)]
mod tests {
    use automl_core::Seed;
    use burn::tensor::activation::silu;

    use super::super::host::floats;
    use super::*;
    use crate::device::cpu_devices;

    /// One layer of the reference, in burn's operations: gradients come from its automatic differentiation.
    fn reference_norm(values: Tensor<3>, scale: Tensor<3>) -> Tensor<3> {
        let centred = values.clone() - values.mean_dim(1);
        let variance = centred.clone().powi_scalar(2).mean_dim(1);
        centred / (variance + 1e-5).sqrt() * scale
    }

    /// Forward values and gradients on `device` beside the same network by burn's automatic differentiation.
    #[expect(clippy::too_many_lines, reason = "one network, written twice side by side")]
    fn check(batch_norm: bool, device: &Device) {
        let layout =
            Layout { n_numeric: 3, cardinalities: vec![4], hidden: vec![5, 6], n_outputs: 2, batch_norm };
        let (members, rows) = (2, 7);
        let mut draws = Draws::new(Seed(9));
        let mut draw = |n: usize| (0..n).map(|_| draws.symmetric(1.0)).collect::<Vec<f32>>();
        let mut own = || {
            let shapes = layout.dense();
            let tables = vec![draw(4 * layout.embedding_dims()[0])];
            let layers = shapes.iter().enumerate().map(|(index, &(n_in, n_out))| Dense {
                weight: draw(n_in * n_out),
                bias: draw(n_out),
                norm: (batch_norm && index < 2).then(|| Norm {
                    scale: draw(n_out),
                    mean: vec![0.0; n_out],
                    variance: vec![1.0; n_out],
                }),
            });
            let layers = layers.collect();
            Weights { tables, layers }
        };
        let weights = [own(), own()];
        let stacked: Vec<_> = weights.iter().map(|weights| (&layout, weights)).collect();
        let mut network = Network::stack(&stacked, Activation::Silu, device).unwrap();
        let numeric = draw(members * rows * 3);
        let codes: Vec<u32> = (0..members * rows).map(|row| row as u32 % 4).collect();
        let batch = Batch {
            numeric: tensor(numeric.clone(), [members, rows, 3], device),
            codes: codes.clone(),
            counts: vec![rows; members],
        };
        let out_gradient = draw(members * rows * 2);
        let mut dropout: Vec<DropOut> =
            (0..members).map(|_| DropOut { rate: 0.0, draws: Draws::new(Seed(0)), first_row: 0 }).collect();
        let (output, tape) = network.forward(batch, &mut dropout);
        let seed = Values::take(tensor(out_gradient.clone(), [members, rows, 2], device));
        let gradients = network.backward(tape, seed);

        let auto = device.clone().autodiff();
        let mut parameters = Vec::new();
        let mut parameter = |values: &[f32], shape: [usize; 3]| {
            let made = tensor(values.to_vec(), shape, &auto).require_grad();
            parameters.push(made.clone());
            made
        };
        let mut joined = Vec::new();
        network
            .update(&gradients, |_, values, gradient, _| joined.push((values.to_vec(), gradient.to_vec())));
        let mut values_of = joined.iter().map(|(values, _)| values.as_slice());
        let dim = layout.embedding_dims()[0];
        let table = parameter(values_of.next().unwrap(), [members, 4, dim]);
        let places: Vec<i32> =
            (0..members * rows).map(|row| (row / rows * 4) as i32 + codes[row] as i32).collect();
        let places = Tensor::<1, Int>::from_data(TensorData::new(places, [members * rows]), &auto);
        let found = table.reshape([members * 4, dim]).select(0, places).reshape([members, rows, dim]);
        let mut x = Tensor::cat(vec![tensor(numeric, [members, rows, 3], &auto), found], 2);
        for (index, (n_in, n_out)) in layout.dense().into_iter().enumerate() {
            let weight = parameter(values_of.next().unwrap(), [members, n_in, n_out]);
            let bias = parameter(values_of.next().unwrap(), [members, 1, n_out]);
            x = x.matmul(weight);
            if batch_norm && index < 2 {
                let scale = parameter(values_of.next().unwrap(), [members, 1, n_out]);
                x = reference_norm(x, scale);
            }
            x = x + bias;
            if index < 2 {
                x = silu(x);
            }
        }
        assert!(values_of.next().is_none());
        let theirs = x.clone().inner().into_data();
        for (one, other) in values(&output).iter().zip(floats(&theirs)) {
            assert!((one - other).abs() < 1e-4, "output {one}, not {other}");
        }
        let total = (x * tensor(out_gradient, [members, rows, 2], &auto)).sum();
        let graph = total.backward();
        for (index, (parameter, (_, ours))) in parameters.iter().zip(&joined).enumerate() {
            let theirs = parameter.grad(&graph).unwrap().into_data();
            for (one, other) in ours.iter().zip(floats(&theirs)) {
                assert!(
                    (one - other).abs() < 1e-3 * other.abs().max(1.0),
                    "parameter {index}: {one}, not {other}"
                );
            }
        }
    }

    #[test]
    fn gradients_equal_automatic_differentiation() {
        for device in cpu_devices() {
            check(false, &device);
        }
    }

    #[test]
    fn gradients_through_normalisation_equal_automatic_differentiation() {
        for device in cpu_devices() {
            check(true, &device);
        }
    }
}
