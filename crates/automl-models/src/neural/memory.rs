//! What training a network takes, from its arrays.

use automl_core::MemoryNeed;

use super::data::Prepared;
use super::host_engine::{CHUNK, n_parts};
use super::parameters::{Form, Spec};

/// Copies of all weights beside one gradient a part of a batch: the weights, two moments, their mean over the steps,
/// those of the best epoch, and those of the fitted model.
const COPIES: f64 = 6.0;

/// What training `own` takes.
pub(crate) fn need(own: &Prepared<'_>) -> MemoryNeed {
    let specs = own.architecture.specs();
    let n_weights: f64 = specs.iter().map(|spec| spec.size() as f64).sum();
    let matrices = specs.iter().filter(|spec| spec.form == Form::Matrix);
    // What goes into a product and what comes out, and the gradients of both.
    let of_products: f64 = matrices.map(|spec: &Spec| 2.0 * (spec.shape[0] + spec.shape[1]) as f64).sum();
    let of_row = own.architecture.copies() as f64 * of_products + 2.0 * own.architecture.n_scores() as f64;
    let n_batch = own.train.answers.len().div_ceil(own.n_batches()).max(own.architecture.chunk(CHUNK));
    let n_rows = (own.train.answers.len() + own.valid.answers.len()) as f64;
    let tables = n_rows * (own.architecture.columns.n_numeric.max(1) + 2) as f64;
    let gradients = n_parts(&[own]) as f64 * n_weights;
    let model = size_of::<f32>() as f64 * n_weights;
    let numbers = (COPIES - 1.0) * n_weights + gradients + n_batch as f64 * of_row + tables;
    MemoryNeed::new(model, size_of::<f32>() as f64 * numbers)
}
