//! What was learned of the train rows, and its use on any rows.

use std::collections::BTreeMap;

use automl_core::{ColumnKind, Design, Matrix, Target};
use rayon::prelude::*;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};

use super::block::Block;
use super::step::{BoundStep, Step, is_missing};
use crate::column::Column;
use crate::error::{ColumnProblem, DataError};
use crate::table::{Table, check_rows};

/// Version of the saved form; older automl cannot read newer versions.
const VERSION: u32 = 2;

/// Rows transformed by one task at a time: some hundred kilobytes of outputs, which stay in cache.
const CHUNK: usize = 1024;

/// Feature columns by name.
pub(super) type Columns = BTreeMap<String, Column>;

/// A preprocessor fitted to train rows. It is plain data: as JSON it round-trips exactly, and it
/// knows columns and levels by name, so it fits any table with the same columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedPreprocessor {
    #[serde(deserialize_with = "known_version")]
    version: u32,
    columns: Vec<FittedColumn>,
}

/// One column that has outputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FittedColumn {
    /// Name in the table.
    pub(super) name: String,
    /// How the column was read.
    pub(super) kind: ColumnKind,
    /// Whether a 0-1 column tells where values are missing.
    pub(super) has_indicator: bool,
    /// What was learned of the values.
    pub(super) step: Step,
}

impl FittedColumn {
    fn width(&self) -> usize {
        self.step.width() + usize::from(self.has_indicator)
    }

    fn names(&self) -> impl Iterator<Item = String> {
        let indicator = self.has_indicator.then(|| format!("{} is missing", self.name));
        self.step.names(&self.name).into_iter().chain(indicator)
    }
}

impl FittedPreprocessor {
    /// Keeps the columns that have outputs.
    pub(super) fn new(mut columns: Vec<FittedColumn>) -> Self {
        columns.retain(|column| column.width() > 0 || column.step.cardinality().is_some());
        Self { version: VERSION, columns }
    }

    /// Names of the columns that a table needs; those that were constant in the train rows are not needed.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Names of the numeric outputs, in order.
    pub fn numeric_names(&self) -> Vec<String> {
        self.columns.iter().flat_map(FittedColumn::names).collect()
    }

    /// Prepares the given rows, in the given order, with target and weights where the table has them. Each row
    /// is prepared by itself: its outputs do not depend on the other rows. All numbers are finite, and
    /// at most 10 000 in magnitude, but in the form [`Native`](automl_core::InputForm::Native).
    ///
    /// # Shapes
    /// `[rows.len(), n_numeric]` and `[rows.len(), n_categorical]`, the same for every table.
    ///
    /// # Errors
    /// [`DataError::ColumnsDiffer`] if the table lacks a column or has it in another representation,
    /// [`DataError::Preprocess`] for a row that the table does not have.
    pub fn transform(&self, table: &Table, rows: &[usize]) -> Result<Design, DataError> {
        check_rows(rows, table.n_rows())?;
        let mut design = self.transform_columns(&table.columns, table.target(), rows)?;
        design.weights = table.weights().map(|weights| rows.iter().map(|&row| weights[row]).collect());
        Ok(design)
    }

    pub(super) fn transform_columns(
        &self,
        columns: &Columns,
        target: Option<&Target>,
        rows: &[usize],
    ) -> Result<Design, DataError> {
        let bound = self.bind(columns)?;
        let (coded, cardinalities): (Vec<&BoundColumn<'_>>, Vec<u32>) =
            bound.iter().filter_map(|column| Some((column, column.fitted.step.cardinality()?))).unzip();
        Ok(Design {
            numeric: numeric(&bound, rows),
            numeric_names: self.numeric_names(),
            codes: codes(&coded, rows),
            code_names: coded.iter().map(|column| column.fitted.name.clone()).collect(),
            cardinalities,
            target: target.map(|target| target.select(rows)),
            weights: None,
        })
    }

    fn bind<'a>(&'a self, columns: &'a Columns) -> Result<Vec<BoundColumn<'a>>, DataError> {
        let mut bound = Vec::with_capacity(self.columns.len());
        let mut problems = Vec::new();
        for fitted in &self.columns {
            let column = columns.get(&fitted.name);
            match column.and_then(|column| Some((column, fitted.step.bind(column)?))) {
                Some((column, step)) => bound.push(BoundColumn { fitted, column, step }),
                None => problems.push(ColumnProblem {
                    name: fitted.name.clone(),
                    expected: fitted.kind,
                    found: column.map(|column| representation(column).to_owned()),
                }),
            }
        }
        if problems.is_empty() { Ok(bound) } else { Err(DataError::ColumnsDiffer { problems }) }
    }
}

/// A fitted column with the column that it is applied to.
struct BoundColumn<'a> {
    fitted: &'a FittedColumn,
    column: &'a Column,
    step: BoundStep<'a>,
}

impl BoundColumn<'_> {
    /// Writes outputs and indicator into the columns from `offset`.
    fn write(&self, rows: &[usize], values: &mut [f32], stride: usize, offset: usize) {
        let width = self.fitted.step.width();
        self.step.write(rows, &mut Block::new(values, stride, offset, width));
        if self.fitted.has_indicator {
            let mut block = Block::new(values, stride, offset + width, 1);
            for (index, &row) in rows.iter().enumerate() {
                block.row(index)[0] = f32::from(u8::from(is_missing(self.column, row)));
            }
        }
    }
}

/// The numeric outputs, in parallel over runs of rows.
fn numeric(bound: &[BoundColumn<'_>], rows: &[usize]) -> Matrix<f32> {
    let stride: usize = bound.iter().map(|column| column.fitted.width()).sum();
    let mut matrix = Matrix::filled(rows.len(), stride, 0.0);
    if stride > 0 {
        let parts = matrix.values_mut().par_chunks_mut(CHUNK * stride).zip(rows.par_chunks(CHUNK));
        parts.for_each(|(values, rows)| {
            let mut offset = 0;
            for column in bound {
                column.write(rows, values, stride, offset);
                offset += column.fitted.width();
            }
        });
    }
    matrix
}

fn codes(coded: &[&BoundColumn<'_>], rows: &[usize]) -> Matrix<u32> {
    let values = rows.iter().flat_map(|&row| coded.iter().map(move |column| column.step.code(row)));
    Matrix::new(rows.len(), coded.len(), values.collect())
}

fn representation(column: &Column) -> &'static str {
    match column {
        Column::Numeric(_) => "numbers",
        Column::Categorical { .. } => "categories",
        Column::Time(_) => "dates",
        Column::Text(_) => "texts",
    }
}

fn known_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let version = u32::deserialize(deserializer)?;
    // Version 1 had no scaled flags; what it says means the same.
    if (1..=VERSION).contains(&version) {
        return Ok(version);
    }
    Err(D::Error::custom(format!(
        "preprocessor version {version}; this automl knows versions 1 to {VERSION}"
    )))
}
