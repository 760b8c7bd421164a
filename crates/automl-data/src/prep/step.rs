//! What was learned of one column, whatever its kind.

use automl_core::{ColumnKind, InputForm, Target};
use serde::{Deserialize, Serialize};

use super::block::Block;
use super::categorical::{CategoricalStep, model_code};
use super::config::PrepConfig;
use super::numeric::NumericStep;
use super::scale::Scaler;
use super::text::TextStep;
use super::time::TimeStep;
use crate::column::Column;

/// What was learned of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(super) enum Step {
    Numeric(NumericStep),
    /// Numbers 0 and 1; `varies` is false if the train rows show only one of them.
    Boolean {
        varies: bool,
        /// Where it is scaled as numbers are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scaler: Option<Scaler>,
    },
    Categorical(CategoricalStep),
    Time(TimeStep),
    Text(TextStep),
}

impl Step {
    /// Fits to the train rows of a column read as `kind`.
    pub(super) fn fit(
        config: &PrepConfig,
        input: InputForm,
        kind: ColumnKind,
        column: &Column,
        target: Option<&Target>,
        rows: &[usize],
    ) -> Self {
        match column {
            Column::Numeric(values) if kind == ColumnKind::Boolean => {
                let count = |sign: f64| rows.iter().filter(|&&row| sign_of(values[row]) == sign).count();
                let counts = [-1.0, 0.0, 1.0].map(|sign| (sign, count(sign)));
                let varies = counts[0].1 > 0 && counts[2].1 > 0;
                let is_scaled = varies && config.scales_flags(input);
                let scaler = if is_scaled { Scaler::robust_of_counts(&counts) } else { None };
                Step::Boolean { varies, scaler }
            }
            Column::Numeric(values) => Step::Numeric(NumericStep::fit(config, input, values, rows)),
            Column::Categorical { codes, levels } => {
                Step::Categorical(CategoricalStep::fit(config, input, codes, levels, rows))
            }
            Column::Time(values) => Step::Time(TimeStep::fit(config.scaling, values, rows)),
            Column::Text(values) => Step::Text(TextStep::fit(config, values, target, rows)),
        }
    }

    /// Number of numeric outputs.
    pub(super) fn width(&self) -> usize {
        match self {
            Step::Numeric(step) => step.width(),
            Step::Boolean { varies, .. } => usize::from(*varies),
            Step::Categorical(step) => step.width(),
            Step::Time(step) => step.width(),
            Step::Text(step) => step.width(),
        }
    }

    /// Whether a 0-1 column has to tell where values are missing, for the outputs do not.
    pub(super) fn hides_missing(&self, input: InputForm) -> bool {
        input != InputForm::Native || matches!(self, Step::Time(_) | Step::Text(_))
    }

    /// Number of codes of the code output; `None` without one.
    pub(super) fn cardinality(&self) -> Option<u32> {
        match self {
            Step::Categorical(step) => step.cardinality(),
            Step::Numeric(_) | Step::Boolean { .. } | Step::Time(_) | Step::Text(_) => None,
        }
    }

    /// Names of the numeric outputs of the column `name`.
    pub(super) fn names(&self, name: &str) -> Vec<String> {
        match self {
            Step::Numeric(_) | Step::Boolean { .. } => vec![name.to_owned(); self.width()],
            Step::Categorical(step) => step.names(name),
            Step::Time(step) => step.names(name),
            Step::Text(step) => step.names(name),
        }
    }

    /// Joins the step with a column of a table; `None` if the column is of another representation.
    pub(super) fn bind<'a>(&'a self, column: &'a Column) -> Option<BoundStep<'a>> {
        Some(match (self, column) {
            (Step::Numeric(step), Column::Numeric(values)) => BoundStep::Numeric(step, values),
            (Step::Boolean { varies, scaler }, Column::Numeric(values)) => {
                BoundStep::Boolean(*varies, scaler.as_ref(), values)
            }
            (Step::Categorical(step), Column::Categorical { codes, levels }) => {
                BoundStep::Categorical(step, codes, step.groups(levels))
            }
            (Step::Time(step), Column::Time(values)) => BoundStep::Time(step, values),
            (Step::Text(step), Column::Text(values)) => BoundStep::Text(step, values),
            _ => return None,
        })
    }
}

/// A step with the column that it is applied to.
pub(super) enum BoundStep<'a> {
    Numeric(&'a NumericStep, &'a [f64]),
    Boolean(bool, Option<&'a Scaler>, &'a [f64]),
    /// Step, codes, and the group of each level of this table.
    Categorical(&'a CategoricalStep, &'a [u32], Vec<Option<u32>>),
    Time(&'a TimeStep, &'a [Option<i64>]),
    Text(&'a TextStep, &'a [Option<String>]),
}

impl BoundStep<'_> {
    /// Writes the numeric outputs of `rows` into a block of [`Step::width`] columns.
    pub(super) fn write(&self, rows: &[usize], block: &mut Block<'_, f32>) {
        match self {
            BoundStep::Numeric(step, values) => step.write(values, rows, block),
            BoundStep::Boolean(false, ..) => {}
            BoundStep::Boolean(true, scaler, values) => {
                for (index, &row) in rows.iter().enumerate() {
                    let sign = sign_of(values[row]);
                    block.row(index)[0] = scaler.map_or(sign as f32, |scaler| scaler.apply(sign));
                }
            }
            BoundStep::Categorical(step, codes, groups) => step.write(codes, groups, rows, block),
            BoundStep::Time(step, values) => step.write(values, rows, block),
            BoundStep::Text(step, values) => step.write(values, rows, block),
        }
    }

    /// The code of a row; 0 where the step has no code output.
    pub(super) fn code(&self, row: usize) -> u32 {
        match self {
            BoundStep::Categorical(_, codes, groups) => model_code(codes[row], groups),
            _ => 0,
        }
    }
}

/// Whether a row of a column has no value.
pub(super) fn is_missing(column: &Column, row: usize) -> bool {
    match column {
        Column::Numeric(values) => !values[row].is_finite(),
        Column::Categorical { codes, levels } => codes[row] as usize >= levels.len(),
        Column::Time(values) => values[row].is_none(),
        Column::Text(values) => values[row].is_none(),
    }
}

/// -1 for false, 1 for true, 0 where there is no value.
fn sign_of(value: f64) -> f64 {
    match value.is_finite() {
        true if value == 0.0 => -1.0,
        true => 1.0,
        false => 0.0,
    }
}
