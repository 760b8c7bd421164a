//! The first stage: columns of a table become one row of numbers.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::super::host::{Values, tensor, values};
use super::super::parameters::{Gradients, Index, Stack};
use super::embedding::{Embedding, EmbeddingTape, pick_columns};
use super::{Trace, widths_before};

/// A batch: numeric columns and codes of the same rows.
pub(crate) struct Batch {
    /// `[members, rows, n_numeric]`, one column at least.
    pub(crate) numeric: Tensor<3>,
    /// `[members, rows, n_categorical]`, row by row.
    pub(crate) codes: Vec<u32>,
    /// True rows of each member; the rest is padding.
    pub(crate) counts: Vec<usize>,
}

/// What is put side by side, in this order: `[members, rows, columns]`.
///
/// Numeric columns come last: members with fewer of them have zeros behind their own.
#[derive(Debug)]
pub(crate) struct Input {
    /// The parts of a row.
    pub(crate) parts: Vec<Part>,
}

/// Columns of a row.
#[derive(Debug)]
pub(crate) enum Part {
    /// The row of the table `[cardinality, width]` that the code of a categorical column names.
    Table {
        /// Which categorical column.
        column: usize,
        /// The table.
        table: Index,
    },
    /// A column for each code of a categorical column: 1 where it is the row's.
    OneHot {
        /// Which categorical column.
        column: usize,
        /// Its codes.
        cardinality: usize,
    },
    /// Numbers that each of some numeric columns becomes.
    Embedded(Embedding),
    /// Some numeric columns as they are.
    Some(Vec<usize>),
    /// All numeric columns as they are.
    Numeric,
}

/// What the way back needs.
pub(crate) struct InputTape {
    codes: Vec<u32>,
    n_rows: usize,
    embeddings: Vec<Option<EmbeddingTape>>,
}

impl Input {
    /// Whether a gradient of the row is of any use.
    pub(crate) fn is_learnt(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Table { .. } | Part::Embedded(_)))
    }

    /// Whether a row is nothing but its numeric columns.
    fn is_plain(&self) -> bool {
        matches!(self.parts.as_slice(), [Part::Numeric])
    }

    /// The rows of a training batch, and what the way back needs.
    pub(crate) fn train(&self, batch: Batch, stack: &Stack, device: &Device) -> (Tensor<3>, InputTape) {
        let Batch { numeric, codes, .. } = batch;
        let n_rows = numeric.dims()[1];
        if self.is_plain() {
            return (numeric, InputTape { codes, n_rows, embeddings: Vec::new() });
        }
        let mut embeddings = Vec::with_capacity(self.parts.len());
        let rows = self.join(numeric, &codes, stack, device, |embedding, numbers, width| {
            let (values, tape) = embedding.train(numbers, width, n_rows, stack);
            embeddings.push(Some(tape));
            values
        });
        (rows, InputTape { codes, n_rows, embeddings })
    }

    /// The rows to predict.
    pub(crate) fn predict(&self, batch: Batch, stack: &Stack, device: &Device) -> Tensor<3> {
        if self.is_plain() {
            return batch.numeric;
        }
        let n_rows = batch.numeric.dims()[1];
        self.join(batch.numeric, &batch.codes, stack, device, |embedding, numbers, width| {
            embedding.predict(numbers, width, n_rows, stack)
        })
    }

    /// Puts the parts side by side; `embed` gives the values of an embedding from the numeric columns and their number.
    fn join(
        &self,
        numeric: Tensor<3>,
        codes: &[u32],
        stack: &Stack,
        device: &Device,
        mut embed: impl FnMut(&Embedding, &[f32], usize) -> Vec<f32>,
    ) -> Tensor<3> {
        let [members, n_rows, n_numeric] = numeric.dims();
        let numeric = Values::take(numeric);
        let numbers = values(&numeric);
        let widths = self.widths(n_numeric, stack);
        let width: usize = widths.iter().sum();
        let mut rows = vec![0.0; members * n_rows * width];
        for ((part, own), start) in self.parts.iter().zip(&widths).zip(widths_before(&widths)) {
            let mut fill = |source: &[f32]| {
                for (row, source) in rows.chunks_exact_mut(width).zip(source.chunks_exact(*own)) {
                    row[start..start + own].copy_from_slice(source);
                }
            };
            match part {
                Part::Numeric => fill(numbers),
                Part::Embedded(embedding) => fill(&embed(embedding, numbers, n_numeric)),
                Part::Some(columns) => {
                    for (row, source) in rows.chunks_exact_mut(width).zip(numbers.chunks_exact(n_numeric)) {
                        let target = row[start..start + own].iter_mut().zip(columns);
                        target.for_each(|(value, column)| *value = source[*column]);
                    }
                }
                Part::OneHot { column, cardinality } => {
                    let places = self.places(codes, *column, n_rows, *cardinality);
                    for (row, place) in rows.chunks_exact_mut(width).zip(places) {
                        row[start + place % cardinality] = 1.0;
                    }
                }
                Part::Table { column, table } => {
                    let [cardinality, _] = stack.shape(*table);
                    let places = self.places(codes, *column, n_rows, cardinality);
                    let table = stack.plain(*table);
                    for (row, place) in rows.chunks_exact_mut(width).zip(places) {
                        row[start..start + own].copy_from_slice(&table[place * own..(place + 1) * own]);
                    }
                }
            }
        }
        tensor(rows, [members, n_rows, width], device)
    }

    /// Adds the gradients of tables and embeddings, given that of the rows.
    pub(crate) fn back(&self, rows: &Values, tape: InputTape, stack: &Stack, gradients: &mut Gradients) {
        let gradient = values(rows);
        let members = stack.members();
        let width = gradient.len() / (members * tape.n_rows);
        let widths = self.widths_given(width, stack);
        let mut tapes = tape.embeddings.into_iter();
        for ((part, own), start) in self.parts.iter().zip(&widths).zip(widths_before(&widths)) {
            match part {
                Part::Numeric | Part::Some(_) | Part::OneHot { .. } => {}
                Part::Embedded(embedding) => {
                    let rows = gradient.chunks_exact(width).flat_map(|row| &row[start..start + own]);
                    let own: Vec<f32> = rows.copied().collect();
                    if let Some(Some(tape)) = tapes.next() {
                        embedding.back(&own, &tape, stack, gradients);
                    }
                }
                Part::Table { column, table } => {
                    let [cardinality, _] = stack.shape(*table);
                    let mut sums = vec![0.0; members * cardinality * own];
                    let places = self.places(&tape.codes, *column, tape.n_rows, cardinality);
                    for (row, place) in gradient.chunks_exact(width).zip(places) {
                        let target = &mut sums[place * own..(place + 1) * own];
                        target.iter_mut().zip(&row[start..]).for_each(|(sum, value)| *sum += value);
                    }
                    gradients.add_host(*table, sums);
                }
            }
        }
    }

    /// The rows of a batch as tensor operations; `codes` are `[members * rows, n_categorical]` and possible.
    pub(crate) fn trace(
        &self,
        numeric: &Tensor<3>,
        codes: Option<&Tensor<2, Int>>,
        trace: &Trace<'_>,
    ) -> Tensor<3> {
        let [members, n_rows, _] = numeric.dims();
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            parts.push(match (part, codes) {
                (Part::Numeric, _) => numeric.clone(),
                (Part::Embedded(embedding), _) => embedding.trace(numeric, trace),
                (Part::Some(columns), _) => pick_columns(numeric, columns),
                (Part::Table { .. } | Part::OneHot { .. }, None) => continue,
                (Part::OneHot { column, cardinality }, Some(codes)) => {
                    let own = codes.clone().slice([0..members * n_rows, *column..*column + 1]);
                    let every = Tensor::<1, Int>::arange(0..*cardinality as i64, &codes.device());
                    let every = every.reshape([1, *cardinality]).expand([members * n_rows, *cardinality]);
                    let own = own.expand([members * n_rows, *cardinality]);
                    own.equal(every).float().reshape([members, n_rows, *cardinality])
                }
                (Part::Table { column, table }, Some(codes)) => {
                    let table = trace.array(*table);
                    let [_, cardinality, width] = table.dims();
                    let firsts: Vec<i32> = (0..members).map(|member| (member * cardinality) as i32).collect();
                    let firsts = TensorData::new(firsts, [members, 1]);
                    let firsts = Tensor::<2, Int>::from_data(firsts, &codes.device());
                    let own = codes.clone().slice([0..members * n_rows, *column..*column + 1]);
                    let places = (own.reshape([members, n_rows]) + firsts).reshape([members * n_rows]);
                    let found = table.reshape([members * cardinality, width]).select(0, places);
                    found.reshape([members, n_rows, width])
                }
            });
        }
        if parts.len() == 1 { parts.remove(0) } else { Tensor::cat(parts, 2) }
    }

    /// Columns of each part.
    fn widths(&self, n_numeric: usize, stack: &Stack) -> Vec<usize> {
        let width = |part: &Part| match part {
            Part::Numeric => n_numeric,
            Part::Some(columns) => columns.len(),
            Part::OneHot { cardinality, .. } => *cardinality,
            Part::Embedded(embedding) => embedding.width(),
            Part::Table { table, .. } => stack.shape(*table)[1],
        };
        self.parts.iter().map(width).collect()
    }

    /// Columns of each part of a row of `width` columns.
    fn widths_given(&self, width: usize, stack: &Stack) -> Vec<usize> {
        let fixed: usize = self.widths(0, stack).iter().sum();
        self.widths(width - fixed, stack)
    }

    /// Rows of the stacked table of `column` that the codes mean; an impossible code is the unknown one.
    fn places<'a>(
        &self,
        codes: &'a [u32],
        column: usize,
        n_rows: usize,
        cardinality: usize,
    ) -> impl Iterator<Item = usize> + use<'a> {
        let is_category = |part: &&Part| matches!(part, Part::Table { .. } | Part::OneHot { .. });
        let n_columns = self.parts.iter().filter(is_category).count();
        codes.chunks_exact(n_columns).enumerate().map(move |(row, codes)| {
            let code = codes[column] as usize;
            row / n_rows * cardinality + if code < cardinality { code } else { 0 }
        })
    }
}
