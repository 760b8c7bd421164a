//! Dividing the rows of a node between its children.

use super::bins::BinnedTable;
use super::split::Rule;

/// The bins of one column, wherever they stand in a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column<'a> {
    /// The bins of the table.
    bins: &'a [u8],
    /// Position of the first row's bin.
    first: usize,
    /// Distance to the next row's bin.
    stride: usize,
}

impl<'a> Column<'a> {
    /// A column of a table that stands row by row.
    pub(crate) fn of(table: &'a BinnedTable, column: usize) -> Self {
        Self { bins: table.bins(), first: column, stride: table.n_columns() }
    }

    /// A column by itself.
    pub(crate) fn alone(bins: &'a [u8]) -> Self {
        Self { bins, first: 0, stride: 1 }
    }
}

/// Brings the rows that go left to the front, both sides in their order; returns how many there are. `right` is memory
/// for those that go right, at least as long as `rows`.
pub(crate) fn divide(column: Column<'_>, rule: &Rule, rows: &mut [u32], right: &mut [u32]) -> usize {
    match *rule {
        Rule::UpTo { last, missing_right } => {
            // Bin 0 less 1 is 255, so one comparison decides for missing values too.
            let shift = u8::from(missing_right);
            let last = last.wrapping_sub(shift);
            divide_by(column, rows, right, |bin| bin.wrapping_sub(shift) <= last)
        }
        Rule::OneOf(set) => divide_by(column, rows, right, |bin| set.contains(bin)),
    }
}

#[inline]
fn divide_by(
    column: Column<'_>,
    rows: &mut [u32],
    right: &mut [u32],
    goes_left: impl Fn(u8) -> bool,
) -> usize {
    let right = &mut right[..rows.len()];
    let Column { bins, first, stride } = column;
    let (mut n_left, mut n_right) = (0, 0);
    for index in 0..rows.len() {
        let row = rows[index];
        let is_left = goes_left(bins[row as usize * stride + first]);
        // Both places are written and one is kept: a branch would be guessed wrongly half of the time.
        rows[n_left] = row;
        right[n_right] = row;
        n_left += usize::from(is_left);
        n_right += usize::from(!is_left);
    }
    rows[n_left..].copy_from_slice(&right[..n_right]);
    n_left
}
