//! The recipe: what to do with which column, before any row is seen.

use automl_core::{ColumnKind, DataProfile, InputForm, Target};
use rayon::prelude::*;

use super::config::PrepConfig;
use super::fitted::{Columns, FittedColumn, FittedPreprocessor};
use super::step::{Step, is_missing};
use crate::column::Column;
use crate::error::{ColumnProblem, DataError};
use crate::table::{Table, check_rows};

/// A way to prepare the tables of one kind.
///
/// ```no_run
/// # use automl_core::InputForm;
/// # use automl_data::{DataError, Table};
/// use automl_data::prep::{PrepConfig, Preprocessor};
///
/// # fn prepare(table: &Table, train_rows: &[usize], valid_rows: &[usize]) -> Result<(), DataError> {
/// let recipe = Preprocessor::new(PrepConfig::default(), InputForm::Codes, table.profile());
/// let fitted = recipe.fit(table, train_rows)?;
/// let (train, valid) = (fitted.transform(table, train_rows)?, fitted.transform(table, valid_rows)?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Preprocessor {
    config: PrepConfig,
    pub(super) input: InputForm,
    columns: Vec<(String, ColumnKind)>,
}

impl Preprocessor {
    /// A recipe for the features of `profile`, for a family that takes tables as `input`.
    pub fn new(config: PrepConfig, input: InputForm, profile: &DataProfile) -> Self {
        let columns = profile.features().map(|column| (column.name.clone(), column.kind)).collect();
        Self { config, input, columns }
    }

    /// Learns what the recipe needs to know from the rows `train_rows` of `table`, their target included where it is known,
    /// and from no other.
    /// The result depends on the values alone, not on the number of threads.
    ///
    /// # Errors
    /// [`DataError::TooFewRows`] without rows, [`DataError::Preprocess`] for a row that the table does
    /// not have, [`DataError::ColumnsDiffer`] if the table lacks a column of the recipe.
    pub fn fit(&self, table: &Table, train_rows: &[usize]) -> Result<FittedPreprocessor, DataError> {
        check_rows(train_rows, table.n_rows())?;
        self.fit_columns(&table.columns, table.target(), train_rows)
    }

    pub(super) fn fit_columns(
        &self,
        columns: &Columns,
        target: Option<&Target>,
        rows: &[usize],
    ) -> Result<FittedPreprocessor, DataError> {
        if rows.is_empty() {
            return Err(DataError::TooFewRows { n_rows: 0, needed: 1, what: "preprocessing".to_owned() });
        }
        let found = self.columns.iter().map(|(name, kind)| {
            let absent = || ColumnProblem { name: name.clone(), expected: *kind, found: None };
            columns.get(name).map(|column| (name, *kind, column)).ok_or_else(absent)
        });
        let (found, problems): (Vec<_>, Vec<_>) = found.partition(Result::is_ok);
        if !problems.is_empty() {
            let problems = problems.into_iter().filter_map(Result::err).collect();
            return Err(DataError::ColumnsDiffer { problems });
        }
        let fit = |(name, kind, column): (&String, ColumnKind, &Column)| {
            self.fit_column(name, kind, column, target, rows)
        };
        let found: Vec<_> = found.into_iter().flatten().collect();
        let fitted: Vec<FittedColumn> = found.into_par_iter().map(fit).collect();
        Ok(FittedPreprocessor::new(fitted))
    }

    fn fit_column(
        &self,
        name: &str,
        kind: ColumnKind,
        column: &Column,
        target: Option<&Target>,
        rows: &[usize],
    ) -> FittedColumn {
        let n_missing = rows.iter().filter(|&&row| is_missing(column, row)).count();
        let step = Step::fit(&self.config, self.input, kind, column, target, rows);
        let is_partly_missing = n_missing > 0 && n_missing < rows.len();
        // Of a single level there is nothing to tell but where it is missing.
        let is_silent = step.width() == 0 && step.cardinality().is_none();
        let has_indicator = is_partly_missing && (is_silent || step.hides_missing(self.input));
        FittedColumn { name: name.to_owned(), kind, has_indicator, step }
    }
}
