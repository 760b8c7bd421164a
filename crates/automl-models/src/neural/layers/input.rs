//! The first stage: columns of a table become one row of numbers.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::super::host::{Values, values};
use super::super::parameters::{Gradients, Index, Stack};
use super::Trace;

/// A batch: numeric columns and codes of the same rows.
pub(crate) struct Batch {
    /// `[members, rows, n_numeric]`, one column at least.
    pub(crate) numeric: Tensor<3>,
    /// `[members, rows, n_categorical]`, row by row.
    pub(crate) codes: Vec<u32>,
    /// True rows of each member; the rest is padding.
    pub(crate) counts: Vec<usize>,
}

/// Embedded categories, then numeric columns: `[members, rows, columns]`.
#[derive(Debug)]
pub(crate) struct Input {
    /// The embedding table of each categorical column, `[cardinality, width]`.
    pub(crate) tables: Vec<Index>,
}

impl Input {
    /// Whether a gradient of the row is of any use.
    pub(crate) fn is_learnt(&self) -> bool {
        !self.tables.is_empty()
    }

    /// The rows of a batch.
    pub(crate) fn rows(&self, numeric: Tensor<3>, codes: &[u32], stack: &Stack, device: &Device) -> Tensor<3> {
        let [members, rows, _] = numeric.dims();
        if self.tables.is_empty() {
            return numeric;
        }
        let mut parts = Vec::with_capacity(self.tables.len() + 1);
        for (column, &index) in self.tables.iter().enumerate() {
            let table = stack.matrix(index);
            let [_, cardinality, width] = table.dims();
            let places: Vec<i32> =
                self.places(codes, column, rows, cardinality).map(|place| place as i32).collect();
            let places = Tensor::<1, Int>::from_data(TensorData::new(places, [members * rows]), device);
            let found = table.reshape([members * cardinality, width]).select(0, places);
            parts.push(found.reshape([members, rows, width]));
        }
        parts.push(numeric);
        Tensor::cat(parts, 2)
    }

    /// The rows of a batch as tensor operations; `codes` are `[members * rows, n_categorical]` and possible.
    pub(crate) fn trace(
        &self,
        numeric: Tensor<3>,
        codes: Option<Tensor<2, Int>>,
        trace: &Trace<'_>,
    ) -> Tensor<3> {
        let [members, rows, _] = numeric.dims();
        let Some(codes) = codes else { return numeric };
        let device = codes.device();
        let mut parts = Vec::with_capacity(self.tables.len() + 1);
        for (column, &index) in self.tables.iter().enumerate() {
            let table = trace.array(index);
            let [_, cardinality, width] = table.dims();
            let firsts: Vec<i32> = (0..members).map(|member| (member * cardinality) as i32).collect();
            let firsts = Tensor::<2, Int>::from_data(TensorData::new(firsts, [members, 1]), &device);
            let own = codes.clone().slice([0..members * rows, column..column + 1]).reshape([members, rows]);
            let places = (own + firsts).reshape([members * rows]);
            let found = table.reshape([members * cardinality, width]).select(0, places);
            parts.push(found.reshape([members, rows, width]));
        }
        parts.push(numeric);
        Tensor::cat(parts, 2)
    }

    /// Adds the gradients of the tables, given that of the rows.
    pub(crate) fn back(&self, rows: &Values, codes: &[u32], stack: &Stack, gradients: &mut Gradients) {
        let gradient = values(rows);
        let n_rows = codes.len() / self.tables.len();
        let columns = gradient.len() / n_rows;
        let members = stack.members();
        let mut start = 0;
        for (column, &index) in self.tables.iter().enumerate() {
            let [cardinality, width] = stack.shape(index);
            let mut sums = vec![0.0; members * cardinality * width];
            let places = self.places(codes, column, n_rows / members, cardinality);
            for (row, place) in gradient.chunks_exact(columns).zip(places) {
                let target = &mut sums[place * width..(place + 1) * width];
                target.iter_mut().zip(&row[start..]).for_each(|(sum, value)| *sum += value);
            }
            start += width;
            gradients.add_host(index, sums);
        }
    }

    /// Rows of the stacked table of `column` that the codes mean; an impossible code is the unknown one.
    fn places<'a>(
        &'a self,
        codes: &'a [u32],
        column: usize,
        rows: usize,
        cardinality: usize,
    ) -> impl Iterator<Item = usize> + 'a {
        codes.chunks_exact(self.tables.len()).enumerate().map(move |(row, codes)| {
            let code = codes[column] as usize;
            row / rows * cardinality + if code < cardinality { code } else { 0 }
        })
    }
}
