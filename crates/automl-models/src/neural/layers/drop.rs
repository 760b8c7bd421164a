//! Dropout: where it happens, how much of it, and its masks.

use std::ops::Range;

use super::super::kernel::{self, Shape};
use super::Pass;
use crate::draws::Draws;

/// Where values are dropped; each place has a rate of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DropSite {
    /// Values of a hidden layer.
    Hidden,
    /// What a block adds to its input.
    Residual,
    /// Probabilities of attention.
    Attention,
}

/// Shares of values dropped, in `[0, 1)`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct DropRates {
    /// See [`DropSite::Hidden`].
    pub(crate) hidden: f32,
    /// See [`DropSite::Residual`].
    pub(crate) residual: f32,
    /// See [`DropSite::Attention`].
    pub(crate) attention: f32,
}

impl DropRates {
    /// The share at one place.
    pub(crate) fn of(self, site: DropSite) -> f32 {
        match site {
            DropSite::Hidden => self.hidden,
            DropSite::Residual => self.residual,
            DropSite::Attention => self.attention,
        }
    }
}

/// Dropout of one member in one step.
pub(crate) struct DropOut {
    /// Shares of values dropped.
    pub(crate) rates: DropRates,
    /// Where its keys come from, one a dropout.
    pub(crate) draws: Draws,
    /// Place of the first row in the member's batch.
    pub(crate) first_row: usize,
}

/// The masks of one dropout, one a member: functions of a key and a place, so that they can be applied again.
#[derive(Debug, Clone)]
pub(super) struct Masks(Vec<Mask>);

#[derive(Debug, Clone)]
struct Mask {
    rate: f32,
    key: u64,
    /// Place of the first value in the member's batch.
    first: usize,
    /// The values of its true rows.
    values: Range<usize>,
}

impl Masks {
    /// Draws a key of every member, whether it drops something or not, so that dropouts have the same keys everywhere.
    pub(super) fn draw(site: DropSite, shape: Shape, pass: &Pass<'_>) -> Self {
        let mut members = pass.dropout.borrow_mut();
        let mask = |(member, own): (usize, &mut DropOut)| {
            let start = member * shape.block();
            Mask {
                rate: own.rates.of(site),
                key: own.draws.bits(),
                first: own.first_row * (shape.rows / pass.n_rows) * shape.columns,
                values: start..start + pass.true_rows(member, shape) * shape.columns,
            }
        };
        Self(members.iter_mut().enumerate().map(mask).collect())
    }

    /// Drops values of all `arrays` alike; those after the first may be empty.
    pub(super) fn apply(&self, arrays: &mut [&mut [f32]; 3]) {
        for own in self.0.iter().filter(|own| own.rate > 0.0) {
            let parts = arrays
                .each_mut()
                .map(|array| if array.is_empty() { &mut [] } else { &mut array[own.values.clone()] });
            kernel::drop_out(own.rate, own.key, own.first, parts);
        }
    }

    /// Drops values of all `arrays` alike, the first of which is value `place` of a member.
    pub(super) fn apply_from(&self, member: usize, place: usize, arrays: &mut [&mut [f32]; 3]) {
        let own = &self.0[member];
        if own.rate > 0.0 {
            kernel::drop_out(
                own.rate,
                own.key,
                own.first + place,
                arrays.each_mut().map(|array| &mut **array),
            );
        }
    }

    /// Whether nothing is dropped.
    pub(super) fn are_empty(&self) -> bool {
        self.0.iter().all(|own| own.rate <= 0.0)
    }

    /// What the kept values of a member were multiplied with.
    pub(super) fn kept_scale(&self, member: usize) -> f32 {
        kernel::kept_scale(self.0[member].rate)
    }
}
