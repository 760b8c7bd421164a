//! A network as tensor operations that burn differentiates: what devices with memory of their own run.

use std::cell::{Cell, RefCell};

use automl_core::Precision;
use burn::tensor::{DType, Int, Tensor};

use super::super::parameters::Index;
use super::{Input, Layer};

/// The numbers of all members as tensors, and what a training batch adds.
pub(crate) struct Trace<'a> {
    /// The arrays of the network, `[members, rows, columns]`.
    pub(crate) arrays: Vec<Tensor<3>>,
    /// Of the factors of matrix products.
    pub(crate) precision: Precision,
    /// Absent in prediction.
    pub(crate) batch: Option<TrainingBatch<'a>>,
}

/// What a training batch adds.
pub(crate) struct TrainingBatch<'a> {
    /// Rows.
    pub(crate) counts: Counts,
    /// What values `[members, rows, columns]` are multiplied with, by the number of the dropout; `None` for nothing.
    pub(crate) drop_out: &'a dyn Fn(usize, usize, usize) -> Option<Tensor<3>>,
    /// Which rows are mixed, if any.
    pub(crate) mixture: Option<Mixture>,
    /// Dropouts so far.
    pub(crate) n_dropped: Cell<usize>,
    /// New values of running statistics, without gradients.
    pub(crate) tracked: RefCell<Vec<(Index, Tensor<3>)>>,
}

/// What normalisation must know of a batch, of each member.
#[derive(Clone)]
pub(crate) struct Counts {
    /// 1 where a row is no padding, `[members, rows, 1]`.
    pub(crate) present: Tensor<3>,
    /// 1 divided by the number of true rows, or 0, `[members, 1, 1]`.
    pub(crate) share: Tensor<3>,
    /// Factor from the biased to the unbiased variance, `[members, 1, 1]`.
    pub(crate) unbias: Tensor<3>,
    /// Weight of this batch in the running statistics, `[members, 1, 1]`; 0 without rows.
    pub(crate) weight: Tensor<3>,
}

/// What rows of a batch are mixed with: [`mixup`](super::super::mixup) as tensor operations.
#[derive(Clone)]
pub(crate) struct Mixture {
    /// The place of each row's partner, `[rows]`; its own where it has none.
    pub(crate) partners: Tensor<1, Int>,
    /// The partner's share, `[members, rows, 1]`; 0 where a row stays as it is.
    pub(crate) share: Tensor<3>,
}

impl Mixture {
    /// The same, within automatic differentiation.
    pub(crate) fn autodiff(self) -> Self {
        Self { partners: self.partners.autodiff(), share: self.share.autodiff() }
    }

    /// The partners of rows, `[members, rows, columns]`.
    pub(crate) fn partners(&self, rows: Tensor<3>) -> Tensor<3> {
        rows.select(1, self.partners.clone())
    }

    /// The mixed rows.
    pub(crate) fn apply(&self, rows: Tensor<3>) -> Tensor<3> {
        let partners = self.partners(rows.clone());
        rows.clone() + (partners - rows) * self.share.clone()
    }
}

impl Trace<'_> {
    /// An array of the network.
    pub(crate) fn array(&self, index: Index) -> Tensor<3> {
        self.arrays[index].clone()
    }

    /// A matrix product a member, of factors rounded to the precision.
    pub(crate) fn product(&self, one: Tensor<3>, other: Tensor<3>) -> Tensor<3> {
        match self.precision {
            Precision::F32 => one.matmul(other),
            Precision::Bf16 => one.cast(DType::BF16).matmul(other.cast(DType::BF16)).cast(DType::F32),
        }
    }

    /// Drops values of a training batch.
    pub(crate) fn drop_out(&self, x: Tensor<3>) -> Tensor<3> {
        let Some(batch) = &self.batch else { return x };
        let number = batch.n_dropped.replace(batch.n_dropped.get() + 1);
        let [_, rows, columns] = x.dims();
        match (batch.drop_out)(number, rows, columns) {
            Some(factors) => x * factors,
            None => x,
        }
    }

    /// The outputs of a network, `[members, rows, n_outputs]`.
    pub(crate) fn run(
        &self,
        input: &Input,
        layers: &[Box<dyn Layer>],
        numeric: &Tensor<3>,
        codes: Option<&Tensor<2, Int>>,
    ) -> Tensor<3> {
        let mut rows = input.trace(numeric, codes, self);
        if let Some(mixture) = self.batch.as_ref().and_then(|batch| batch.mixture.as_ref()) {
            rows = mixture.apply(rows);
        }
        layers.iter().fold(rows, |x, layer| layer.trace(x, self))
    }
}
