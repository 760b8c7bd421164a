//! A population's network on the device: forward by [`Trace`], back by burn's automatic differentiation.

use std::cell::{Cell, RefCell};

use automl_core::Precision;
use burn::tensor::{Device, Tensor};

use super::super::architecture::{Architecture, Built};
use super::super::layers::{Counts, DropSite, Input, Layer, Mixture, Trace, TrainingBatch};
use super::super::parameters::{Index, Spec};
use super::flat::{Flat, Pieces};
use super::tables::Batch;

/// Shapes and layers; the numbers are in a [`Flat`].
#[derive(Debug)]
pub(super) struct Network {
    pub(super) whole: Architecture,
    pub(super) pieces: Pieces,
    input: Input,
    layers: Vec<Box<dyn Layer>>,
    device: Device,
    precision: Precision,
}

/// What a training batch gives.
pub(super) struct Trained {
    /// `[members, n_learnt]`.
    pub(super) gradients: Tensor<2>,
    /// Sum of weighted losses, `[members, 1, 1]`.
    pub(super) loss: Tensor<3>,
}

impl Network {
    /// The network that holds those of all members; `None` without members.
    pub(super) fn new(
        members: &[(&Architecture, &[Spec])],
        device: &Device,
        precision: Precision,
    ) -> Option<Self> {
        let whole = Architecture::widest(members.iter().map(|(own, _)| *own))?;
        let pieces = Pieces::new(members.iter().map(|(_, specs)| *specs));
        let Built { input, layers, .. } = whole.build();
        Some(Self { whole, pieces, input, layers, device: device.clone(), precision })
    }

    /// Where a training batch drops values, in order.
    pub(super) fn dropouts(&self) -> Vec<DropSite> {
        self.layers.iter().flat_map(|layer| layer.dropouts()).collect()
    }

    /// Trains on a batch, of which rows are mixed behind the input stage, and moves the running statistics.
    /// `drop_out(number, rows, columns)` gives what values are multiplied with; `differentiate` turns outputs into their loss and its gradient.
    pub(super) fn train(
        &self,
        flat: &mut Flat,
        batch: Batch,
        counts: Counts,
        mixture: Option<Mixture>,
        drop_out: &dyn Fn(usize, usize, usize) -> Option<Tensor<3>>,
        differentiate: impl FnOnce(Tensor<3>) -> (Tensor<3>, Tensor<3>),
    ) -> Trained {
        let members = batch.numeric.dims()[0];
        let arrays = self.pieces.arrays(flat).into_iter().map(Tensor::autodiff).enumerate();
        let arrays: Vec<Tensor<3>> = arrays
            .map(|(index, array)| if self.pieces.is_learnt(index) { array.require_grad() } else { array })
            .collect();
        let counts = Counts {
            present: counts.present.autodiff(),
            share: counts.share.autodiff(),
            unbias: counts.unbias.autodiff(),
            weight: counts.weight.autodiff(),
        };
        let drop_out = |number, rows, columns| drop_out(number, rows, columns).map(Tensor::autodiff);
        let (n_dropped, tracked) = (Cell::new(0), RefCell::new(Vec::new()));
        let mixture = mixture.map(Mixture::autodiff);
        let batch_of = TrainingBatch { counts, drop_out: &drop_out, mixture, n_dropped, tracked };
        let trace = Trace { arrays, precision: self.precision, batch: Some(batch_of) };
        let codes = batch.codes.map(Tensor::autodiff);
        let output = trace.run(&self.input, &self.layers, &batch.numeric.autodiff(), codes.as_ref());
        let (loss, gradient) = differentiate(output.clone().inner());
        // The gradient of this sum by the outputs is the gradient that was given.
        let graph = (output * gradient.autodiff()).sum().backward();
        let gradients =
            self.pieces.row(true, members, &self.device, |index| trace.arrays[index].grad(&graph));
        let tracked: Vec<(Index, Tensor<3>)> =
            trace.batch.map(|batch| batch.tracked.into_inner()).unwrap_or_default();
        if !tracked.is_empty() {
            let before = self.pieces.arrays(flat);
            flat.tracked = Some(self.pieces.row(false, members, &self.device, |index| {
                let moved = tracked.iter().find(|(of, _)| *of == index).map(|(_, moved)| moved.clone());
                Some(moved.unwrap_or_else(|| before[index].clone()))
            }));
        }
        Trained { gradients, loss }
    }

    /// Outputs for rows to predict, `[members, rows, n_outputs]`.
    pub(super) fn predict(&self, flat: &Flat, batch: &Batch) -> Tensor<3> {
        let trace = Trace { arrays: self.pieces.arrays(flat), precision: self.precision, batch: None };
        trace.run(&self.input, &self.layers, &batch.numeric, batch.codes.as_ref())
    }
}
