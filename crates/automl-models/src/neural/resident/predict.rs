//! Prediction of a trained network on the device.

use automl_core::{Design, Precision};
use burn::tensor::Device;

use super::super::architecture::Architecture;
use super::super::host::floats;
use super::super::parameters::Weights;
use super::flat::Flat;
use super::network::Network;
use super::tables::Tables;

/// Rows predicted at once, copies included.
const CHUNK: usize = 1 << 16;

/// One trained network on the device.
#[derive(Debug)]
pub(crate) struct Predictor {
    network: Network,
    flat: Flat,
    device: Device,
}

impl Predictor {
    /// Puts `weights` on the device; `None` if they do not fit the architecture.
    pub(crate) fn new(whole: &Architecture, weights: &Weights, device: &Device) -> Option<Self> {
        let specs = whole.specs();
        let network = Network::new(&[(whole, &specs)], device, Precision::F32)?;
        let flat = network.pieces.join(&[(&specs, weights)], device);
        Some(Self { network, flat, device: device.clone() })
    }

    /// Outputs of all rows, `[rows * heads, n_outputs]`.
    pub(crate) fn outputs(&self, x: &Design) -> Vec<f32> {
        let tables = Tables::new(&[(x, Vec::new())], 0, &self.network.whole.columns, &self.device);
        let n_rows = x.n_rows();
        let mut outputs = Vec::with_capacity(n_rows * self.network.whole.n_outputs);
        let chunk = self.network.whole.chunk(CHUNK);
        for first in (0..n_rows).step_by(chunk) {
            let rows: Vec<usize> = (first..(first + chunk).min(n_rows)).collect();
            let batches = tables.batches(1, rows.len(), |_, _| rows.clone());
            let found = self.network.predict(&self.flat, &tables.gather(&batches, 0));
            outputs.extend_from_slice(floats(&found.into_data()));
        }
        outputs
    }
}
