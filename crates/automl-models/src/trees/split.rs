//! The best split of a numeric column, and what every split is measured by.
//!
//! A leaf with gradient `G` and hessian `H` has the value `-s(G) / (H + l2)`, where `s` moves `G` towards 0 by `l1`,
//! and the score `s(G)² / (H + l2)`: twice what the value takes from the loss (Chen & Guestrin 2016, equation 6).
//! A split gains the scores of its sides less the score of the whole. Here all are in quanta.

use super::gradients::{Packed, Quanta};
use super::histogram::ColumnSums;

/// What a leaf must have, and how its value is held back. In the unit of the loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limits {
    /// Fewest rows of a leaf. They are estimated from hessians: exactly, where all hessians are equal.
    pub(crate) min_child_samples: usize,
    /// Least hessian of a leaf.
    pub(crate) min_child_hessian: f64,
    /// Weight of the magnitude of a leaf's value.
    pub(crate) l1: f64,
    /// Weight of half its square.
    pub(crate) l2: f64,
    /// Least gain of a split.
    pub(crate) min_gain: f64,
}

/// Bins of a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct BinSet(pub(crate) [u64; 4]);

impl BinSet {
    /// Puts a bin in.
    pub(crate) fn insert(&mut self, bin: u8) {
        self.0[usize::from(bin >> 6)] |= 1 << (bin & 63);
    }

    /// Whether a bin is in.
    #[inline]
    pub(crate) fn contains(&self, bin: u8) -> bool {
        self.0[usize::from(bin >> 6)] >> (bin & 63) & 1 == 1
    }
}

/// Which rows go left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Those of a bin up to `last`; and those without a value unless `missing_right`.
    UpTo {
        /// The last bin; at least 1 if `missing_right`.
        last: u8,
        /// Whether bin 0 goes right.
        missing_right: bool,
    },
    /// Those of these bins.
    OneOf(BinSet),
}

impl Rule {
    /// Whether rows of this bin go left.
    #[inline]
    pub(crate) fn goes_left(&self, bin: u8) -> bool {
        match *self {
            Rule::UpTo { last, missing_right } => {
                // Bin 0 less 1 is 255, so one comparison answers both questions.
                let shift = u8::from(missing_right);
                bin.wrapping_sub(shift) <= last.wrapping_sub(shift)
            }
            Rule::OneOf(set) => set.contains(bin),
        }
    }
}

/// A split of one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Split {
    /// The scores of both sides, in quanta.
    pub(crate) score: f64,
    /// The sums of the left side.
    pub(crate) left: Packed,
    /// Which rows go left.
    pub(crate) rule: Rule,
}

/// A leaf to be split: its sums and its limits in quanta.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leaf {
    /// The sums over its rows.
    pub(crate) total: Packed,
    /// Hessian of a row, on average.
    pub(crate) per_row: f64,
    /// Least hessian of a side.
    pub(crate) least: u32,
    /// `l1`.
    pub(crate) l1: f64,
    /// `l2`.
    pub(crate) l2: f64,
    /// The score that a split must exceed.
    pub(crate) threshold: f64,
}

impl Leaf {
    /// A leaf of `n_rows` rows.
    pub(crate) fn new(total: Packed, n_rows: usize, limits: &Limits, quanta: Quanta) -> Self {
        let per_row = f64::from(total.hessian()) / n_rows.max(1) as f64;
        // Half a row less, so that a count that was rounded down is still enough.
        let of_rows = (limits.min_child_samples as f64 - 0.5) * per_row;
        let least = of_rows.max(limits.min_child_hessian / quanta.hessian).ceil();
        let mut leaf = Self {
            total,
            per_row,
            least: if least < 1.0 { 1 } else { least as u32 },
            l1: limits.l1 / quanta.gradient,
            l2: limits.l2 / quanta.hessian,
            threshold: 0.0,
        };
        let score_unit = quanta.gradient * quanta.gradient / quanta.hessian;
        // A split into sides of equal means gains nothing but rounding.
        leaf.threshold = leaf.score(total) * (1.0 + 1e-9) + limits.min_gain / score_unit;
        leaf
    }

    /// Whether sums are enough for a side.
    #[inline]
    pub(crate) fn allows(&self, side: Packed) -> bool {
        side.hessian() >= self.least
    }

    /// `s(G)²` and `H + l2`, of which the score is the ratio.
    #[inline]
    fn parts(&self, side: Packed) -> (f64, f64) {
        let gradient = soft_threshold(f64::from(side.gradient()), self.l1);
        (gradient * gradient, f64::from(side.hessian()) + self.l2)
    }

    /// The score of a side.
    pub(crate) fn score(&self, side: Packed) -> f64 {
        let (square, hessian) = self.parts(side);
        if hessian > 0.0 { square / hessian } else { 0.0 }
    }

    /// The value of a leaf with these sums, in the unit of the loss.
    pub(crate) fn value(&self, side: Packed, quanta: Quanta) -> f64 {
        let hessian = f64::from(side.hessian()) + self.l2;
        if hessian > 0.0 {
            -soft_threshold(f64::from(side.gradient()), self.l1) / hessian
                * (quanta.gradient / quanta.hessian)
        } else {
            0.0
        }
    }

    /// The sum of the scores of both sides if it exceeds `best`. Both fractions are brought to one denominator, so
    /// that a split that is no better costs no division.
    #[inline]
    pub(crate) fn better(&self, left: Packed, best: f64) -> Option<f64> {
        let (left_square, left_hessian) = self.parts(left);
        let (right_square, right_hessian) = self.parts(self.total.minus(left));
        let above = left_square * right_hessian + right_square * left_hessian;
        let below = left_hessian * right_hessian;
        // A little more than the ratio, so that rounding does not make a split better than its equal.
        (above > best * below).then(|| above / below * (1.0 + 4.0 * f64::EPSILON))
    }
}

#[inline]
fn soft_threshold(gradient: f64, l1: f64) -> f64 {
    // Without a branch; `max` keeps the sign of what is left.
    (gradient.abs() - l1).max(0.0).copysign(gradient)
}

/// The best split of a numeric column whose `n_bins` first sums are in use, if one exceeds the leaf's threshold.
/// With `only` set, the first bin that may go right is that one.
pub(crate) fn best_numeric(sums: &ColumnSums, n_bins: usize, leaf: &Leaf, only: Option<u8>) -> Option<Split> {
    let missing = sums[0];
    let sums = &sums[..n_bins];
    let (mut best, mut found) = (leaf.threshold, None);
    let starts: &[(Packed, bool)] = if missing == Packed::default() {
        &[(missing, true)]
    } else {
        &[(missing, false), (Packed::default(), true)]
    };
    for &(start, missing_right) in starts {
        let range = match only {
            Some(last) => usize::from(last)..usize::from(last) + 1,
            None => usize::from(missing_right)..n_bins - 1,
        };
        if let Some((score, last, left)) = scan(sums, start, range, leaf, best) {
            best = score;
            found = Some((last, left, missing_right));
        }
    }
    let (last, left, mut missing_right) = found?;
    if missing == Packed::default() {
        missing_right = left.hessian() < leaf.total.minus(left).hessian();
    }
    let last = if only.is_none() { middle_of_gap(sums, last) } else { last };
    let rule = Rule::UpTo { last: last as u8, missing_right };
    Some(Split { score: best, left, rule })
}

/// The best last bin of the left side among `range`, with its score and sums. `start` counts as left.
#[inline]
fn scan(
    sums: &[Packed],
    start: Packed,
    range: std::ops::Range<usize>,
    leaf: &Leaf,
    threshold: f64,
) -> Option<(f64, usize, Packed)> {
    let mut left = sums[1..range.start.max(1)].iter().fold(start, |sum, &bin| sum.plus(bin));
    let (mut best, mut found) = (threshold, None);
    for last in range {
        if last > 0 {
            left = left.plus(sums[last]);
        }
        if !leaf.allows(left) {
            continue;
        }
        if !leaf.allows(leaf.total.minus(left)) {
            break;
        }
        if let Some(score) = leaf.better(left, best) {
            best = score;
            found = Some((last, left));
        }
    }
    found.map(|(last, left)| (best, last, left))
}

/// Where bins without rows follow, the cut goes to their middle: half-way between the rows of both sides.
pub(crate) fn middle_of_gap(sums: &[Packed], last: usize) -> usize {
    if last == 0 {
        return last;
    }
    let empty = sums[last + 1..].iter().take_while(|&&bin| bin == Packed::default()).count();
    // A gap up to the end is none: nothing but missing values is on the other side.
    if last + 1 + empty == sums.len() { last } else { last + empty / 2 }
}

/// The bins from the first to the last that have rows, missing values not counted; `None` if they are fewer than two.
pub(crate) fn occupied(sums: &ColumnSums, n_bins: usize) -> Option<(u8, u8)> {
    let has_rows = |bin: &usize| sums[*bin] != Packed::default();
    let first = (1..n_bins).find(has_rows)?;
    let last = (1..n_bins).rev().find(has_rows)?;
    (first < last).then_some((first as u8, last as u8))
}
