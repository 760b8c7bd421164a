//! Feature columns in memory, one representation per way of being used.

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
}
