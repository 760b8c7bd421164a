//! What the rows of a table look like: computed once, enough to draw the table and to warn of it without it.

use serde::{Deserialize, Serialize};

use crate::profile::ColumnKind;

/// The training rows of a table, summarised. The target's part is in the target's own unit or in shares of classes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DataSummary {
    /// Rows that were looked at: all training rows, or some of them, evenly chosen, where there are many.
    pub n_rows: usize,
    /// Training rows in all.
    pub n_training: usize,
    /// Classes that the groups' shares are of, by their codes: the most frequent ones; empty for regression.
    pub classes: Vec<u32>,
    /// The features, in the order of the file.
    pub columns: Vec<ColumnSummary>,
    /// How the columns that say most of the target go together.
    pub associations: Associations,
    /// Rows that are there more than once.
    pub duplicates: Duplicates,
}

/// One feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnSummary {
    /// Its name.
    pub name: String,
    /// How it is read.
    pub kind: ColumnKind,
    /// How its values are distributed.
    pub distribution: Distribution,
    /// The target by values of the column, in their order; a last group without label and range is the missing ones.
    pub groups: Vec<Group>,
    /// Share of the target that the column explains alone, from 0 to 1: of the variance for regression, of the entropy for
    /// classification, both corrected for what as many random groups would explain.
    pub explained: f64,
    /// How the holdout differs; `None` without one.
    pub drift: Option<Drift>,
}

/// How values are distributed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Numbers, points in time (microseconds since 1970), or words in a text.
    Numeric {
        /// Lower end of the first bin.
        low: f64,
        /// Upper end of the last bin.
        high: f64,
        /// Both ends as text, where numbers would not be read: dates.
        ends: Option<[String; 2]>,
        /// Values in each of equally wide bins; those beyond an end are in the bin at that end.
        counts: Vec<usize>,
        /// Values beyond the ends, which a few far values would stretch.
        n_beyond: usize,
    },
    /// Levels, the most frequent first.
    Levels {
        /// Level and rows.
        levels: Vec<(String, usize)>,
        /// Levels that are not listed, and their rows.
        others: (usize, usize),
    },
}

/// Rows with like values of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The level, or a range as text; `None` for numbers, and for rows without a value.
    pub label: Option<String>,
    /// Least and greatest number; `None` for levels, and for rows without a value.
    pub range: Option<[f64; 2]>,
    /// Rows.
    pub n_rows: usize,
    /// The target of these rows.
    pub target: GroupTarget,
}

/// The target of some rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupTarget {
    /// Share of each of [`DataSummary::classes`].
    Shares(Vec<f64>),
    /// Lower quartile, median and upper quartile.
    Quartiles([f64; 3]),
}

/// How far a column's values on the holdout are from those on the training rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Largest difference of the distribution functions of numbers (Kolmogorov & Smirnov), or half the sum of differences of
    /// the levels' shares (total variation): 0 for the same, 1 for nothing in common.
    pub distance: f64,
    /// How probable a distance as large is if both come from one distribution, by Kolmogorov's limit or the χ² test.
    pub p_value: f64,
}

/// How columns go together, two by two.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Associations {
    /// Columns, and the target as the last.
    pub names: Vec<String>,
    /// Row by row, as many as the square of the names. Two of numbers: Spearman's correlation, from −1 to 1. Two of levels:
    /// Cramér's V with Bergsma's correction (2013), from 0 to 1. One of each: the correlation ratio η of ranks, corrected for
    /// the number of levels, from 0 to 1. `None` where one has a single value, or too few rows have both.
    pub values: Vec<Option<f64>>,
}

/// Rows that are there more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Duplicates {
    /// Training rows whose features are those of an earlier one.
    pub n_repeated: usize,
    /// Training rows whose features are those of an earlier one with another target.
    pub n_contradicting: usize,
    /// Holdout rows whose features are those of a training row.
    pub n_shared: usize,
    /// Rows of the holdout.
    pub n_holdout: usize,
}
