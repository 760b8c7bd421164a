//! Rows and answers of all members on the device, each table once, and the indices that gather batches of them.

use std::collections::BTreeMap;

use automl_core::Design;
use burn::tensor::{Device, Int, Tensor, TensorData};

use super::super::architecture::Columns;
use super::Places;

/// Rows of all members: their columns, each table once, and their answers, which are every member's own.
pub(super) struct Tables {
    /// `[n_rows + 1, n_numeric]`; the last row is zeros, for padding.
    numeric: Tensor<2>,
    /// `[n_rows + 1, n_categorical]`; absent without categorical columns.
    codes: Option<Tensor<2, Int>>,
    /// `[n_answers + 1, width]`; the last row is zeros.
    answers: Option<Tensor<2>>,
    /// Where the rows of each member begin, among the columns and among the answers.
    starts: Vec<(usize, usize)>,
    /// The row of padding, in both.
    empty: (usize, usize),
}

/// Batches as places in the tables.
pub(super) struct Batches {
    numeric: Places,
    answers: Option<Places>,
    /// Rows of a batch a member, padding included.
    n_rows: usize,
    members: usize,
}

/// A batch of all members.
pub(super) struct Batch {
    /// `[members, rows, n_numeric]`.
    pub(super) numeric: Tensor<3>,
    /// `[members * rows, n_categorical]`.
    pub(super) codes: Option<Tensor<2, Int>>,
    /// `[members, rows, width]`.
    pub(super) answers: Option<Tensor<3>>,
}

impl Tables {
    /// Designs with the answers of their rows, a pair a member; `width` numbers an answer, 0 for none.
    pub(super) fn new(
        members: &[(&Design, Vec<f32>)],
        width: usize,
        columns: &Columns,
        device: &Device,
    ) -> Self {
        let mut known = BTreeMap::new();
        let (mut numeric, mut codes, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        let mut n_rows = 0;
        let mut starts = Vec::with_capacity(members.len());
        for (design, own) in members {
            // The members borrow their designs while this is built, so an address is one design.
            let start = *known.entry(std::ptr::from_ref(*design)).or_insert_with(|| {
                push_rows(design, columns, &mut numeric, &mut codes);
                n_rows += design.n_rows();
                n_rows - design.n_rows()
            });
            starts.push((start, answers.len().checked_div(width).unwrap_or(0)));
            answers.extend_from_slice(own);
        }
        let n_answers = answers.len().checked_div(width).unwrap_or(0);
        numeric.resize((n_rows + 1) * columns.n_numeric, 0.0);
        let n_columns = columns.cardinalities.len();
        codes.resize((n_rows + 1) * n_columns, 0);
        answers.resize((n_answers + 1) * width, 0.0);
        let ints =
            |codes: Vec<i32>| Tensor::from_data(TensorData::new(codes, [n_rows + 1, n_columns]), device);
        let floats = |values: Vec<f32>, rows, width| {
            Tensor::<2>::from_data(TensorData::new(values, [rows, width]), device)
        };
        Self {
            numeric: floats(numeric, n_rows + 1, columns.n_numeric),
            codes: (n_columns > 0).then(|| ints(codes)),
            answers: (width > 0).then(|| floats(answers, n_answers + 1, width)),
            starts,
            empty: (n_rows, n_answers),
        }
    }

    /// The places of batches of `n_rows` rows a member; `rows(batch, member)` are its true rows.
    pub(super) fn batches(
        &self,
        n_batches: usize,
        n_rows: usize,
        rows: impl Fn(usize, usize) -> Vec<usize>,
    ) -> Batches {
        let members = self.starts.len();
        let mut places = Vec::with_capacity(n_batches * members * n_rows);
        let mut answers = Vec::with_capacity(places.capacity());
        for batch in 0..n_batches {
            for (member, (start, answer_start)) in self.starts.iter().enumerate() {
                let rows = rows(batch, member);
                let padding = n_rows - rows.len();
                places.extend(rows.iter().map(|row| (start + row) as i32));
                places.extend(std::iter::repeat_n(self.empty.0 as i32, padding));
                answers.extend(rows.iter().map(|row| (answer_start + row) as i32));
                answers.extend(std::iter::repeat_n(self.empty.1 as i32, padding));
            }
        }
        let tensor = |places: Vec<i32>| {
            let shape = [places.len()];
            Tensor::from_data(TensorData::new(places, shape), &self.numeric.device())
        };
        let answers = self.answers.is_some().then(|| tensor(answers));
        Batches { numeric: tensor(places), answers, n_rows, members }
    }

    /// Gathers batch `number`.
    pub(super) fn gather(&self, batches: &Batches, number: usize) -> Batch {
        let (members, rows) = (batches.members, batches.n_rows);
        let range = number * members * rows..(number + 1) * members * rows;
        let places = batches.numeric.clone().slice(range.clone());
        let shaped = |table: &Tensor<2>, places: Places| {
            let width = table.dims()[1];
            table.clone().select(0, places).reshape([members, rows, width])
        };
        let answers = self.answers.as_ref().zip(batches.answers.as_ref());
        Batch {
            numeric: shaped(&self.numeric, places.clone()),
            codes: self.codes.as_ref().map(|codes| codes.clone().select(0, places)),
            answers: answers.map(|(table, places)| shaped(table, places.clone().slice(range))),
        }
    }

    /// Keeps the members at `kept`, in that order.
    pub(super) fn keep(&mut self, kept: &[usize]) {
        self.starts = kept.iter().map(|&member| self.starts[member]).collect();
    }
}

/// Appends the columns of `design`, numeric ones padded to the widest; an impossible code is the unknown one.
fn push_rows(design: &Design, columns: &Columns, numeric: &mut Vec<f32>, codes: &mut Vec<i32>) {
    let missing = columns.n_numeric - design.numeric.n_cols();
    for row in 0..design.n_rows() {
        numeric.extend_from_slice(design.numeric.row(row));
        numeric.extend(std::iter::repeat_n(0.0, missing));
        let own = design.codes.row(row).iter().zip(&columns.cardinalities);
        codes.extend(own.map(|(&code, &cardinality)| if code < cardinality { code as i32 } else { 0 }));
    }
}
