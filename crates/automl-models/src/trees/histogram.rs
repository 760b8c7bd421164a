//! Sums of packed gradients in every bin of every column, for the rows of a leaf.

use rayon::prelude::*;

use super::bins::{BinnedTable, MAX_BINS};
use super::gradients::Packed;

/// The sums of one column.
pub(crate) type ColumnSums = [Packed; MAX_BINS];

/// Columns summed in one pass over the rows: their sums fill the innermost cache.
const PASS: usize = 16;
/// Rows between two passes: their bins stay in the second cache.
const TILE: usize = 2048;
/// Cells from which a second thread is worth its start.
const PARALLEL_CELLS: usize = 1 << 16;

/// The sums of the columns of a leaf.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Histogram {
    columns: Vec<ColumnSums>,
}

impl Histogram {
    /// All sums 0.
    pub(crate) fn new(n_columns: usize) -> Self {
        Self { columns: vec![[Packed::default(); MAX_BINS]; n_columns] }
    }

    /// Number of columns.
    pub(crate) fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// Bytes that it takes.
    pub(crate) fn n_bytes(&self) -> usize {
        size_of_val(&self.columns[..])
    }

    /// The sums of a column, of which the first `n_bins` are in use.
    pub(crate) fn column(&self, column: usize) -> &ColumnSums {
        &self.columns[column]
    }

    /// Sums the given rows of `table`. `n_bins` tells the bins in use of each column.
    pub(crate) fn fill(
        &mut self,
        table: &BinnedTable,
        n_bins: &[u16],
        rows: &[u32],
        packed: &[Packed],
        threads: usize,
    ) {
        self.clear(n_bins);
        let parts = threads.min(rows.len() * table.n_columns() / PARALLEL_CELLS);
        if parts < 2 {
            add_rows(&mut self.columns, table, rows, packed);
            return;
        }
        let partial: Vec<Histogram> = rows
            .par_chunks(rows.len().div_ceil(parts))
            .map(|part| {
                let mut sums = Histogram::new(table.n_columns());
                add_rows(&mut sums.columns, table, part, packed);
                sums
            })
            .collect();
        for sums in partial {
            self.combine(&sums, n_bins, Packed::plus);
        }
    }

    /// Takes away a part: the sums of a parent become those of its other child.
    pub(crate) fn subtract(&mut self, part: &Histogram, n_bins: &[u16]) {
        self.combine(part, n_bins, Packed::minus);
    }

    fn clear(&mut self, n_bins: &[u16]) {
        for (sums, &n_bins) in self.columns.iter_mut().zip(n_bins) {
            sums[..usize::from(n_bins)].fill(Packed::default());
        }
    }

    fn combine(&mut self, other: &Histogram, n_bins: &[u16], of: impl Fn(Packed, Packed) -> Packed) {
        for ((sums, others), &n_bins) in self.columns.iter_mut().zip(&other.columns).zip(n_bins) {
            let n_bins = usize::from(n_bins);
            for (sum, &other) in sums[..n_bins].iter_mut().zip(&others[..n_bins]) {
                *sum = of(*sum, other);
            }
        }
    }
}

fn add_rows(columns: &mut [ColumnSums], table: &BinnedTable, rows: &[u32], packed: &[Packed]) {
    for tile in rows.chunks(TILE) {
        for (pass, sums) in columns.chunks_mut(PASS).enumerate() {
            add_tile(sums, table, pass * PASS, tile, packed);
        }
    }
}

/// Adds rows to the sums of at most [`PASS`] columns from `first` on.
fn add_tile(sums: &mut [ColumnSums], table: &BinnedTable, first: usize, rows: &[u32], packed: &[Packed]) {
    macro_rules! of_width {
        ($($width:literal)+) => {
            match sums.len() {
                $($width => add_columns::<$width>(sums, table, first, rows, packed),)+
                _ => {}
            }
        };
    }
    of_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
}

/// One row after the other, so that two additions to one sum are `WIDTH` additions apart and none waits.
fn add_columns<const WIDTH: usize>(
    sums: &mut [ColumnSums],
    table: &BinnedTable,
    first: usize,
    rows: &[u32],
    packed: &[Packed],
) {
    let Some(sums) = sums.first_chunk_mut::<WIDTH>() else { return };
    let (bins, stride) = (table.bins(), table.n_columns());
    for &row in rows {
        let gradient = packed[row as usize];
        let start = row as usize * stride + first;
        let Some(cells) = bins.get(start..).and_then(|cells| cells.first_chunk::<WIDTH>()) else { return };
        for column in 0..WIDTH {
            let sum = &mut sums[column][usize::from(cells[column])];
            *sum = sum.plus(gradient);
        }
    }
}
