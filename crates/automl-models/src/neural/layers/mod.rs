//! Layers: each trains, goes back and predicts all members at once.
//!
//! A layer is written down twice: by fused kernels with its calculus on the host ([`Layer::train`]), and as tensor
//! operations that burn differentiates ([`Layer::trace`]), which is what devices with memory of their own run. A test
//! compares the two for every layer.

mod attend;
mod attention;
mod dense;
mod drop;
mod embedding;
mod ensemble;
mod gated;
mod heads;
mod input;
mod normalise;
mod residual;
mod scale;
mod spread;
mod tokens;
mod trace;

use std::cell::RefCell;
use std::fmt::Debug;

use burn::tensor::{Device, Tensor};

use super::host::Values;
use super::kernel::Shape;
use super::norm::Moments;
use super::parameters::{Gradients, Index, Stack};

use drop::Masks;

pub(crate) use attention::Attention;
pub(crate) use dense::{Dense, Output};
pub(crate) use drop::{DropOut, DropRates, DropSite};
pub(crate) use embedding::{Embedding, Encoding};
pub(crate) use ensemble::Ensemble;
pub(crate) use gated::Gated;
pub(crate) use heads::Heads;
pub(crate) use input::{Batch, Input, Part};
pub(crate) use normalise::{Norm, Normalise};
pub(crate) use residual::{Drop, Residual};
pub(crate) use scale::Scale;
pub(crate) use spread::Spread;
pub(crate) use tokens::Tokens;
pub(crate) use trace::{Counts, Mixture, Trace, TrainingBatch};

/// From the gradient of a layer's output to that of its input, adding those of its arrays on the way.
pub(crate) type Back<'a> = Box<dyn FnOnce(Values, &mut Gradients) -> Values + 'a>;

/// A part of a network; activations are `[members, rows, columns]`.
pub(crate) trait Layer: Debug + Send + Sync {
    /// The output of a training batch, and the way back.
    fn train<'a>(&'a self, input: Tensor<3>, pass: &'a Pass<'a>) -> (Tensor<3>, Back<'a>);

    /// The output of rows to predict.
    fn predict(&self, input: Tensor<3>, stack: &Stack) -> Tensor<3>;

    /// The same, or that of a training batch, as tensor operations.
    fn trace(&self, input: Tensor<3>, trace: &Trace<'_>) -> Tensor<3>;

    /// Where it drops values, in order.
    fn dropouts(&self) -> Vec<DropSite> {
        Vec::new()
    }
}

/// What the layers of one training pass share.
pub(crate) struct Pass<'a> {
    /// The numbers.
    pub(crate) stack: &'a Stack,
    /// Rows of the batch, padding included.
    pub(crate) n_rows: usize,
    /// True rows of each member; the rest is padding.
    pub(crate) counts: Vec<usize>,
    /// Dropout of each member.
    pub(crate) dropout: RefCell<Vec<DropOut>>,
    /// What normalisation saw: its arrays of mean and variance, and the moments.
    pub(crate) moments: RefCell<Vec<([Index; 2], Moments)>>,
    /// Where tensors are.
    pub(crate) device: &'a Device,
}

impl Pass<'_> {
    /// True rows of a member where a row of the batch is `shape.rows / batch rows` rows, as tokens are.
    fn true_rows(&self, member: usize, shape: Shape) -> usize {
        self.counts[member] * (shape.rows / self.n_rows)
    }

    /// The masks of the next dropout.
    fn masks(&self, site: DropSite, shape: Shape) -> Masks {
        Masks::draw(site, shape, self)
    }
}

/// The way back through `input W`: adds the gradient of `W` and gives that of `input`, which nobody looks at unless it
/// `goes_back`.
fn product_back(
    weight: Index,
    input: Tensor<3>,
    gradient: Values,
    goes_back: bool,
    pass: &Pass<'_>,
    gradients: &mut Gradients,
) -> Values {
    let gradient = gradient.into_tensor(pass.device);
    let of_weight = input.transpose().matmul(gradient.clone());
    gradients.add_values(weight, Values::take(of_weight));
    if goes_back {
        return Values::take(gradient.matmul(pass.stack.matrix(weight).transpose()));
    }
    Values::take(gradient)
}

/// Rows of copies, `[members, rows * copies, columns]`, as `[members, rows, copies, columns]`.
fn by_copy(x: Tensor<3>, copies: usize) -> Tensor<4> {
    let [members, rows, columns] = x.dims();
    x.reshape([members, rows / copies, copies, columns])
}

/// An array of a row a copy, `[members, copies, columns]`, as factors or terms of what [`by_copy`] gives.
fn of_copy(array: Tensor<3>) -> Tensor<4> {
    let [members, copies, columns] = array.dims();
    array.reshape([members, 1, copies, columns])
}

fn shape_of(tensor: &Tensor<3>) -> Shape {
    let [members, rows, columns] = tensor.dims();
    Shape { members, rows, columns }
}

/// Where each of some parts begins.
fn widths_before(widths: &[usize]) -> impl Iterator<Item = usize> {
    widths.iter().scan(0, |next, width| {
        let start = *next;
        *next += width;
        Some(start)
    })
}
