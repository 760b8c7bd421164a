//! All numbers of a member as one row: learnt ones in `[members, n_learnt]`, tracked ones likewise, so that the optimiser
//! is a dozen operations however many arrays there are.

use std::ops::Range;

use burn::tensor::{Bool, Device, Tensor, TensorData};

use super::super::host::floats;
use super::super::parameters::{Role, Spec, Weights, crop, pad, widest};

/// An array within a row.
#[derive(Debug, Clone)]
struct Piece {
    start: usize,
    shape: [usize; 2],
    is_learnt: bool,
}

impl Piece {
    fn range(&self) -> Range<usize> {
        self.start..self.start + self.shape[0] * self.shape[1]
    }
}

/// Where everything is.
#[derive(Debug, Clone)]
pub(super) struct Pieces {
    places: Vec<Piece>,
    n_learnt: usize,
    n_tracked: usize,
}

impl Pieces {
    /// Places for the arrays of all members.
    pub(super) fn new<'a>(members: impl Iterator<Item = &'a [Spec]>) -> Self {
        let (mut n_learnt, mut n_tracked) = (0, 0);
        let mut piece = |spec: &Spec| {
            let is_learnt = spec.role != Role::Tracked;
            let next = if is_learnt { &mut n_learnt } else { &mut n_tracked };
            let piece = Piece { start: *next, shape: spec.shape, is_learnt };
            *next += spec.size();
            piece
        };
        let places = widest(members).iter().map(&mut piece).collect();
        Self { places, n_learnt, n_tracked }
    }

    /// The numbers of all members, padded with zeros.
    pub(super) fn join(&self, members: &[(&[Spec], &Weights)], device: &Device) -> Flat {
        let mut learnt = Vec::with_capacity(members.len() * self.n_learnt);
        let mut tracked = Vec::with_capacity(members.len() * self.n_tracked);
        for (own, weights) in members {
            for ((piece, own), values) in self.places.iter().zip(*own).zip(&weights.0) {
                let row = if piece.is_learnt { &mut learnt } else { &mut tracked };
                row.extend(pad(values, own.shape, piece.shape));
            }
        }
        let tensor = |values: Vec<f32>, width| {
            Tensor::from_data(TensorData::new(values, [members.len(), width]), device)
        };
        Flat {
            learnt: tensor(learnt, self.n_learnt),
            tracked: (self.n_tracked > 0).then(|| tensor(tracked, self.n_tracked)),
        }
    }

    /// Factors on rate and decay of every learnt number, `[members, n_learnt]`.
    pub(super) fn factors(&self, members: &[&[Spec]], device: &Device) -> Factors {
        let (mut rates, mut decays) = (Vec::new(), Vec::new());
        for own in members {
            for (piece, spec) in self.places.iter().zip(*own) {
                let Role::Learnt { rate, decay } = spec.role else { continue };
                let size = piece.range().len();
                rates.extend(std::iter::repeat_n(rate, size));
                decays.extend(std::iter::repeat_n(rate * decay, size));
            }
        }
        let tensor = |values: Vec<f32>| {
            Tensor::from_data(TensorData::new(values, [members.len(), self.n_learnt]), device)
        };
        let is_plain = rates.iter().all(|rate| *rate == 1.0);
        Factors { rates: (!is_plain).then(|| tensor(rates)), decays: tensor(decays) }
    }

    /// The arrays of all members, `[members, rows, columns]`.
    pub(super) fn arrays(&self, flat: &Flat) -> Vec<Tensor<3>> {
        let array = |piece: &Piece| {
            let row = if piece.is_learnt { Some(&flat.learnt) } else { flat.tracked.as_ref() };
            let row = row.unwrap_or(&flat.learnt);
            let members = row.dims()[0];
            row.clone().slice([0..members, piece.range()]).reshape([members, piece.shape[0], piece.shape[1]])
        };
        self.places.iter().map(array).collect()
    }

    /// Whether the optimiser moves array `index`.
    pub(super) fn is_learnt(&self, index: usize) -> bool {
        self.places[index].is_learnt
    }

    /// One row a member of an array each for all learnt arrays, or all tracked ones; `None` stands for zeros.
    pub(super) fn row(
        &self,
        is_learnt: bool,
        members: usize,
        device: &Device,
        array: impl Fn(usize) -> Option<Tensor<3>>,
    ) -> Tensor<2> {
        let of_kind = self.places.iter().enumerate().filter(|(_, piece)| piece.is_learnt == is_learnt);
        let parts = of_kind.map(|(index, piece)| {
            let width = piece.range().len();
            match array(index) {
                Some(array) => array.reshape([members, width]),
                None => Tensor::zeros([members, width], device),
            }
        });
        Tensor::cat(parts.collect(), 1)
    }

    /// One member's own weights, without padding.
    pub(super) fn split(&self, flat: &Flat, place: usize, own: &[Spec]) -> Weights {
        let row = |tensor: &Tensor<2>| -> Vec<f32> {
            let width = tensor.dims()[1];
            let data = tensor.clone().slice([place..place + 1, 0..width]).into_data();
            floats(&data).to_vec()
        };
        let learnt = row(&flat.learnt);
        let tracked = flat.tracked.as_ref().map(row).unwrap_or_default();
        let array = |(piece, own): (&Piece, &Spec)| {
            let row = if piece.is_learnt { &learnt } else { &tracked };
            crop(&row[piece.range()], own.shape, piece.shape)
        };
        Weights(self.places.iter().zip(own).map(array).collect())
    }
}

/// Factors of each learnt number.
#[derive(Debug, Clone)]
pub(super) struct Factors {
    /// On the learning rate; absent where all are 1.
    pub(super) rates: Option<Tensor<2>>,
    /// On the product of rate and decay.
    pub(super) decays: Tensor<2>,
}

impl Factors {
    /// Those of the members at `kept`, in that order.
    pub(super) fn select(&self, kept: &super::Places) -> Self {
        let select = |tensor: &Tensor<2>| tensor.clone().select(0, kept.clone());
        Self { rates: self.rates.as_ref().map(select), decays: select(&self.decays) }
    }
}

/// The numbers of all members.
#[derive(Debug, Clone)]
pub(super) struct Flat {
    /// `[members, n_learnt]`.
    pub(super) learnt: Tensor<2>,
    /// `[members, n_tracked]`; absent where there are none.
    pub(super) tracked: Option<Tensor<2>>,
}

impl Flat {
    /// The members at `kept`, in that order.
    pub(super) fn select(&self, kept: &super::Places) -> Self {
        let select = |tensor: &Tensor<2>| tensor.clone().select(0, kept.clone());
        Self { learnt: select(&self.learnt), tracked: self.tracked.as_ref().map(select) }
    }

    /// `other` where `mask`, `[members, 1]`, holds.
    pub(super) fn replace(&self, mask: &Tensor<2, Bool>, other: &Self) -> Self {
        let choose = |own: &Tensor<2>, other: &Tensor<2>| {
            let shape = own.dims();
            own.clone().mask_where(mask.clone().expand(shape), other.clone())
        };
        let tracked = self.tracked.as_ref().zip(other.tracked.as_ref());
        Self {
            learnt: choose(&self.learnt, &other.learnt),
            tracked: tracked.map(|(own, other)| choose(own, other)),
        }
    }
}
