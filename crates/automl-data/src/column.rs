//! Feature columns in memory, one representation per way of being used.

use crate::calendar::date_at;

/// A feature column, materialised. All columns of a table have the same length.
///
/// | kind of the column | representation |
/// |---|---|
/// | numeric | [`Column::Numeric`] |
/// | boolean | [`Column::Numeric`] with 0 for no and 1 for yes |
/// | categorical | [`Column::Categorical`] |
/// | date, datetime | [`Column::Time`] |
/// | text | [`Column::Text`] |
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// One number a row; NaN where missing, never infinite.
    Numeric(Vec<f64>),
    /// One level a row.
    Categorical {
        /// Index into `levels`, or [`Column::MISSING`].
        codes: Vec<u32>,
        /// Distinct values. When training, in order of their text (integers by value). When predicting,
        /// the levels of training come first in the same order and values never seen follow, so that a
        /// code below the number of training levels means the same in both tables.
        levels: Vec<String>,
    },
    /// Microseconds since 1970-01-01 00:00 UTC; a date counts from its midnight.
    Time(Vec<Option<i64>>),
    /// One text a row.
    Text(Vec<Option<String>>),
}

impl Column {
    /// The code of a missing value in [`Column::Categorical`].
    pub const MISSING: u32 = u32::MAX;

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        match self {
            Column::Numeric(values) => values.len(),
            Column::Categorical { codes, .. } => codes.len(),
            Column::Time(values) => values.len(),
            Column::Text(values) => values.len(),
        }
    }

    /// Number of rows without a value.
    pub fn n_missing(&self) -> usize {
        match self {
            Column::Numeric(values) => values.iter().filter(|value| value.is_nan()).count(),
            Column::Categorical { codes, .. } => codes.iter().filter(|&&code| code == Self::MISSING).count(),
            Column::Time(values) => values.iter().filter(|value| value.is_none()).count(),
            Column::Text(values) => values.iter().filter(|value| value.is_none()).count(),
        }
    }

    /// The given rows, in the given order.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        match self {
            Column::Numeric(values) => Column::Numeric(rows.iter().map(|&row| values[row]).collect()),
            Column::Categorical { codes, levels } => Column::Categorical {
                codes: rows.iter().map(|&row| codes[row]).collect(),
                levels: levels.clone(),
            },
            Column::Time(values) => Column::Time(rows.iter().map(|&row| values[row]).collect()),
            Column::Text(values) => Column::Text(rows.iter().map(|&row| values[row].clone()).collect()),
        }
    }

    /// The value of a row as people read it; `None` where it is missing.
    pub fn text(&self, row: usize) -> Option<String> {
        match self {
            Column::Numeric(values) => Some(values[row]).filter(|value| !value.is_nan()).map(number),
            Column::Categorical { codes, levels } => levels.get(codes[row] as usize).cloned(),
            Column::Time(values) => values[row].map(|micros| day(micros as f64)),
            Column::Text(values) => values[row].clone(),
        }
    }
}

/// A number with six significant digits.
fn number(value: f64) -> String {
    let size = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    let factor = 10_f64.powi(5 - size);
    let rounded = (value * factor).round() / factor;
    if rounded.is_finite() { rounded.to_string() } else { value.to_string() }
}

/// The day of a point in time in microseconds since 1970, `2024-03-01`.
pub(crate) fn day(micros: f64) -> String {
    date_at(micros.floor() as i64).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_as_people_read_them() {
        let numbers = Column::Numeric(vec![0.1 + 0.2, 12.0, f64::NAN, -1_234_567.0, 0.0]);
        let texts: Vec<Option<String>> = (0..5).map(|row| numbers.text(row)).collect();
        let told = |text: &str| Some(text.to_owned());
        assert_eq!(texts, [told("0.3"), told("12"), None, told("-1234570"), told("0")]);
        let levels =
            Column::Categorical { codes: vec![1, Column::MISSING], levels: vec!["a".into(), "b".into()] };
        assert_eq!([levels.text(0), levels.text(1)], [told("b"), None]);
        assert_eq!(Column::Time(vec![Some(0), None]).text(0), told("1970-01-01"));
        assert_eq!(levels.select(&[1, 0, 0]).text(2), told("b"));
    }
}
