//! Several networks of one shape as one: parameters `[members, in, out]`, activations
//! `[members, rows, features]`, one batched matrix product a layer.

use std::cell::RefCell;

use burn::tensor::Device;

use super::architecture::{Architecture, Built};
use super::host::{Values, values_mut};
use super::layers::{Back, Batch, DropOut, Input, Layer, Pass};
use super::mixup::Mixtures;
use super::norm::Moments;
use super::parameters::{Gradients, Index, Spec, Stack, Weights};

/// The networks of all members.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) stack: Stack,
    input: Input,
    layers: Vec<Box<dyn Layer>>,
    n_numeric: usize,
    n_outputs: usize,
    device: Device,
}

/// What a training batch gives beside its outputs.
pub(crate) struct Trained {
    /// Gradients of all arrays.
    pub(crate) gradients: Gradients,
    /// What normalisation saw of the batch.
    pub(crate) statistics: Statistics,
}

/// Moments of the normalised layers in a batch, with the rows of each member.
pub(crate) struct Statistics {
    moments: Vec<([Index; 2], Moments)>,
    counts: Vec<usize>,
}

impl Network {
    /// Stacks the members' own weights, padded with zeros to the widest; `None` without members.
    pub(crate) fn stack(members: &[(&Architecture, &Weights)], device: &Device) -> Option<Self> {
        let widest = Architecture::widest(members.iter().map(|(own, _)| *own))?;
        Some(Self::stack_in(&widest, members, device))
    }

    /// Stacks the members' own weights, padded with zeros to the arrays of `widest`, which has room for each of them.
    pub(crate) fn stack_in(
        widest: &Architecture,
        members: &[(&Architecture, &Weights)],
        device: &Device,
    ) -> Self {
        let specs: Vec<Vec<Spec>> = members.iter().map(|(own, _)| own.specs()).collect();
        let parts: Vec<(&[Spec], &Weights)> =
            specs.iter().map(Vec::as_slice).zip(members.iter().map(|(_, weights)| *weights)).collect();
        let Built { specs: wide, input, layers } = widest.build();
        Self {
            stack: Stack::new(&wide, &parts, device),
            input,
            layers,
            n_numeric: widest.columns.n_numeric,
            n_outputs: widest.n_outputs,
            device: device.clone(),
        }
    }

    /// Number of numeric columns, padding included.
    pub(crate) fn n_numeric(&self) -> usize {
        self.n_numeric
    }

    /// Values of each output row.
    pub(crate) fn n_outputs(&self) -> usize {
        self.n_outputs
    }

    /// Trains on a batch, of which rows are mixed behind the input stage: `differentiate` turns the outputs, `[members, rows,
    /// n_outputs]`, into their gradient.
    pub(crate) fn train(
        &self,
        batch: Batch,
        dropout: Vec<DropOut>,
        mixtures: &Mixtures<'_>,
        differentiate: impl FnOnce(&mut Values),
    ) -> Trained {
        let counts = batch.counts.clone();
        let (mut rows, tape) = self.input.train(batch, &self.stack, &self.device);
        let [_, n_rows, width] = rows.dims();
        if !mixtures.are_none() {
            let mut mixed = Values::take(rows);
            mixtures.apply(values_mut(&mut mixed), width);
            rows = mixed.into_tensor(&self.device);
        }
        let pass = Pass {
            stack: &self.stack,
            n_rows,
            counts,
            dropout: RefCell::new(dropout),
            moments: RefCell::new(Vec::new()),
            device: &self.device,
        };
        let mut gradients = Gradients::default();
        let mut value = rows;
        let mut backs: Vec<Back<'_>> = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let (output, back) = layer.train(value, &pass);
            value = output;
            backs.push(back);
        }
        let mut gradient = Values::take(value);
        differentiate(&mut gradient);
        while let Some(back) = backs.pop() {
            gradient = back(gradient, &mut gradients);
        }
        if self.input.is_learnt() {
            mixtures.apply(values_mut(&mut gradient), width);
            self.input.back(&gradient, tape, &self.stack, &mut gradients);
        }
        drop(backs);
        let Pass { counts, moments, .. } = pass;
        Trained { gradients, statistics: Statistics { moments: moments.into_inner(), counts } }
    }

    /// Moves the running statistics of normalisation by those of a training batch.
    pub(crate) fn track(&mut self, batch: &Statistics) {
        for (running, moments) in &batch.moments {
            moments.track(*running, &mut self.stack, &batch.counts);
        }
    }

    /// Outputs for rows to predict, `[members, rows, n_outputs]`.
    pub(crate) fn predict(&self, batch: Batch) -> Values {
        let rows = self.input.predict(batch, &self.stack, &self.device);
        Values::take(self.layers.iter().fold(rows, |input, layer| layer.predict(input, &self.stack)))
    }
}
