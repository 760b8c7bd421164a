//! Tests of preprocessing on columns in memory, and what they share.

mod cases;
mod choices;
mod properties;
mod tables;

use automl_core::{ColumnKind, ColumnProfile, DataProfile, Design, InputForm, Target, Task};

use super::fitted::Columns;
use super::{FittedPreprocessor, PrepConfig, Preprocessor};
use crate::column::Column;

const N_ROWS: usize = 60;

/// Names and kinds of the columns of [`tables::columns`].
const KINDS: [(&str, ColumnKind); 9] = [
    ("boolean", ColumnKind::Boolean),
    ("city", ColumnKind::Categorical),
    ("id-like", ColumnKind::Categorical),
    ("income", ColumnKind::Numeric),
    ("mail", ColumnKind::Text),
    ("sex", ColumnKind::Boolean),
    ("sold", ColumnKind::Date),
    ("wild", ColumnKind::Numeric),
    ("when", ColumnKind::Datetime),
];

fn column_profile(name: &str, kind: ColumnKind) -> ColumnProfile {
    ColumnProfile {
        name: name.to_owned(),
        kind,
        reason: String::new(),
        n_missing: 3,
        n_distinct: 20,
        min: Some(0.0),
        mean: Some(1.0),
        max: Some(9.0),
        skewness: Some(2.0),
        top: Vec::new(),
    }
}

fn profile(kinds: &[(&str, ColumnKind)]) -> DataProfile {
    DataProfile {
        n_rows: N_ROWS,
        n_dropped: 0,
        task: Task::Regression,
        task_reason: String::new(),
        target: "y".to_owned(),
        labels: Vec::new(),
        class_counts: Vec::new(),
        columns: kinds.iter().map(|(name, kind)| column_profile(name, *kind)).collect(),
    }
}

fn fit(recipe: &Preprocessor, columns: &Columns, rows: &[usize]) -> FittedPreprocessor {
    recipe.fit_columns(columns, None, rows).unwrap()
}

/// What [`transform`] puts where a number is missing.
const MISSING: f32 = -7e37;

fn transform(fitted: &FittedPreprocessor, columns: &Columns, rows: &[usize]) -> Design {
    let target = Target::Real((0..N_ROWS).map(|row| row as f64).collect());
    let mut design = fitted.transform_columns(columns, Some(&target), rows).unwrap();
    // NaN equals nothing, itself included.
    let missing = design.numeric.values_mut().iter_mut().filter(|value| value.is_nan());
    missing.for_each(|value| *value = MISSING);
    design
}

fn json(fitted: &FittedPreprocessor) -> String {
    serde_json::to_string(fitted).unwrap()
}

/// A table of one column.
fn only(name: &str, column: Column) -> Columns {
    Columns::from([(name.to_owned(), column)])
}

fn fit_only(config: PrepConfig, input: InputForm, kind: ColumnKind, column: &Column) -> FittedPreprocessor {
    let rows: Vec<usize> = (0..column.n_rows()).collect();
    let recipe = Preprocessor::new(config, input, &profile(&[("x", kind)]));
    fit(&recipe, &only("x", column.clone()), &rows)
}

fn prepare(fitted: &FittedPreprocessor, column: Column) -> Design {
    let rows: Vec<usize> = (0..column.n_rows()).collect();
    fitted.transform_columns(&only("x", column), None, &rows).unwrap()
}

fn named(codes: &[Option<u32>], levels: &[&str]) -> Column {
    Column::Categorical {
        codes: codes.iter().map(|code| code.unwrap_or(Column::MISSING)).collect(),
        levels: levels.iter().map(|level| (*level).to_owned()).collect(),
    }
}
