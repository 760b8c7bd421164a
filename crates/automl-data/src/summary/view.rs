//! A column's values on some rows.

use automl_core::ColumnKind;

use crate::column::Column;

/// Values of a column, as numbers or as levels.
pub(super) enum View {
    /// A number a row, NaN where missing: numbers, points in time, words in a text.
    Numbers {
        values: Vec<f64>,
        /// Whether they are microseconds since 1970.
        are_times: bool,
    },
    /// A level a row.
    Levels { codes: Vec<Option<u32>>, names: Vec<String> },
}

impl View {
    pub(super) fn of(column: &Column, kind: ColumnKind, rows: &[usize]) -> Self {
        let numbers = |values: Vec<f64>| View::Numbers { values, are_times: false };
        match column {
            Column::Numeric(values) if kind == ColumnKind::Boolean => View::Levels {
                codes: rows.iter().map(|&row| flag(values[row])).collect(),
                names: vec!["no".to_owned(), "yes".to_owned()],
            },
            Column::Numeric(values) => numbers(rows.iter().map(|&row| values[row]).collect()),
            Column::Categorical { codes, levels } => View::Levels {
                codes: rows
                    .iter()
                    .map(|&row| Some(codes[row]).filter(|&code| code != Column::MISSING))
                    .collect(),
                names: levels.clone(),
            },
            Column::Time(values) => View::Numbers {
                values: rows
                    .iter()
                    .map(|&row| values[row].map_or(f64::NAN, |micros| micros as f64))
                    .collect(),
                are_times: true,
            },
            Column::Text(values) => {
                let n_words = |text: &String| text.split_whitespace().count() as f64;
                numbers(rows.iter().map(|&row| values[row].as_ref().map_or(f64::NAN, n_words)).collect())
            }
        }
    }
}

fn flag(value: f64) -> Option<u32> {
    (!value.is_nan()).then_some(u32::from(value != 0.0))
}
