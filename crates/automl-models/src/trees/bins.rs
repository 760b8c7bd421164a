//! Cutting columns into bins.
//!
//! Every column has at most 256 bins, so that a cell is a byte. Bin 0 holds the missing values of a number, and the
//! unknown and rare levels of a category. Cuts are learnt from training rows alone.

use std::collections::BTreeMap;

use automl_core::{Design, FitError, Seed};

use super::tree::MAX_COLUMNS;
use crate::draws::Draws;

/// Bins of a column, the one of missing values included.
pub(crate) const MAX_BINS: usize = 256;
/// Cuts of a numeric column: one less than its bins of values.
const MAX_CUTS: usize = MAX_BINS - 2;
/// Rows from which the cuts of a numeric column are learnt.
const MAX_SAMPLE: usize = 200_000;

/// How the values of a column become bins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ColumnBins {
    /// Bin `1 +` the number of `cuts` below the value; 0 for NaN. Cuts increase.
    Numeric {
        /// Values that separate bins: a value equal to a cut lies below it.
        cuts: Vec<f32>,
    },
    /// The bin of each code; codes beyond the last have bin 0.
    Category {
        /// One bin a code.
        bin_of: Vec<u8>,
        /// Number of bins, bin 0 included.
        n_bins: u16,
    },
}

impl ColumnBins {
    /// Number of bins, bin 0 included.
    pub(crate) fn n_bins(&self) -> usize {
        match self {
            ColumnBins::Numeric { cuts } => cuts.len() + 2,
            ColumnBins::Category { n_bins, .. } => usize::from(*n_bins),
        }
    }

    /// Whether the bins have no order.
    pub(crate) fn is_category(&self) -> bool {
        matches!(self, ColumnBins::Category { .. })
    }
}

/// How the columns of a design become bins: numeric columns first, then codes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Binner {
    /// Names of the numeric columns.
    pub(crate) numeric_names: Vec<String>,
    /// Names of the categorical columns.
    pub(crate) code_names: Vec<String>,
    /// All columns, numeric ones first.
    pub(crate) columns: Vec<ColumnBins>,
}

impl Binner {
    /// Learns the cuts from training rows.
    ///
    /// # Errors
    /// [`FitError::Shape`] if the names of the design are not as many as its columns.
    pub(crate) fn fit(design: &Design, seed: Seed) -> Result<Self, FitError> {
        let (numeric_names, code_names) = (design.numeric_names.clone(), design.code_names.clone());
        check_names(&numeric_names, &code_names, design)?;
        let n_columns = numeric_names.len() + code_names.len();
        if n_columns > MAX_COLUMNS {
            return Err(FitError::Shape {
                what: "columns of a tree",
                expected: format!("at most {MAX_COLUMNS}"),
                got: n_columns.to_string(),
            });
        }
        let rows = Draws::new(seed).sample(MAX_SAMPLE.min(design.n_rows()), design.n_rows());
        let numeric = (0..numeric_names.len()).map(|column| {
            let values = rows.iter().map(|&row| design.numeric.get(row as usize, column));
            ColumnBins::Numeric { cuts: cuts(values.collect()) }
        });
        let codes = (0..code_names.len()).map(|column| bins_of_codes(&design.codes.column(column)));
        let columns = numeric.chain(codes).collect();
        Ok(Self { numeric_names, code_names, columns })
    }

    /// The bins of a design.
    ///
    /// # Errors
    /// [`FitError::Shape`] if its columns are not those of the fit.
    pub(crate) fn bin(&self, design: &Design) -> Result<BinnedTable, FitError> {
        check_names(&self.numeric_names, &self.code_names, design)?;
        let n_columns = self.columns.len();
        let mut bins = Vec::with_capacity(design.n_rows() * n_columns);
        for (numbers, codes) in design.numeric.rows().zip(design.codes.rows()) {
            for (column, bins_of) in self.columns.iter().enumerate() {
                bins.push(match bins_of {
                    ColumnBins::Numeric { cuts } => bin_of_number(cuts, numbers[column]),
                    ColumnBins::Category { bin_of, .. } => {
                        let code = codes[column - numbers.len()] as usize;
                        bin_of.get(code).copied().unwrap_or(0)
                    }
                });
            }
        }
        Ok(BinnedTable { n_rows: design.n_rows(), n_columns, bins })
    }

    /// Puts the bins of a category in another order: bin `bin` becomes `new_bins[bin]`. Bin 0 stays.
    pub(crate) fn reorder(&mut self, column: usize, new_bins: &[u8]) {
        if let ColumnBins::Category { bin_of, .. } = &mut self.columns[column] {
            for bin in bin_of.iter_mut().filter(|bin| **bin > 0) {
                *bin = new_bins[usize::from(*bin)];
            }
        }
    }

    /// What is wrong with a binner that was read from a file, if anything is.
    pub(crate) fn fault(&self) -> Option<String> {
        if self.columns.len() != self.numeric_names.len() + self.code_names.len() {
            return Some(format!("names other columns than the {} it bins", self.columns.len()));
        }
        self.columns.iter().enumerate().find_map(|(index, column)| {
            let is_fine = match column {
                ColumnBins::Numeric { cuts } => {
                    index < self.numeric_names.len()
                        && cuts.len() <= MAX_CUTS
                        && cuts.is_sorted_by(|a, b| a < b)
                }
                ColumnBins::Category { bin_of, n_bins } => {
                    index >= self.numeric_names.len()
                        && (1..=MAX_BINS).contains(&usize::from(*n_bins))
                        && bin_of.iter().all(|&bin| u16::from(bin) < *n_bins)
                }
            };
            (!is_fine).then(|| format!("has wrong bins for column {index}"))
        })
    }
}

/// The bins of a table, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BinnedTable {
    n_rows: usize,
    n_columns: usize,
    bins: Vec<u8>,
}

impl BinnedTable {
    /// Number of rows.
    pub(crate) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns.
    pub(crate) fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// All bins, row by row.
    pub(crate) fn bins(&self) -> &[u8] {
        &self.bins
    }

    /// One column, copied out.
    pub(crate) fn column(&self, column: usize) -> Vec<u8> {
        self.bins.iter().skip(column).step_by(self.n_columns.max(1)).copied().collect()
    }

    /// The given rows and columns, in the given order.
    pub(crate) fn select(&self, rows: &[u32], columns: &[u32]) -> Self {
        let mut bins = Vec::with_capacity(rows.len() * columns.len());
        let is_all = columns.len() == self.n_columns;
        for &row in rows {
            let start = row as usize * self.n_columns;
            let cells = &self.bins[start..start + self.n_columns];
            if is_all {
                bins.extend_from_slice(cells);
            } else {
                bins.extend(columns.iter().map(|&column| cells[column as usize]));
            }
        }
        Self { n_rows: rows.len(), n_columns: columns.len(), bins }
    }
}

fn bin_of_number(cuts: &[f32], value: f32) -> u8 {
    if value.is_nan() { 0 } else { 1 + cuts.partition_point(|&cut| cut < value) as u8 }
}

fn check_names(numeric: &[String], codes: &[String], design: &Design) -> Result<(), FitError> {
    let kinds = [
        ("numeric columns", "numeric column", numeric, &design.numeric_names, design.numeric.n_cols()),
        ("categorical columns", "categorical column", codes, &design.code_names, design.codes.n_cols()),
    ];
    let shape = |what, expected: String, got: String| Err(FitError::Shape { what, expected, got });
    for (columns, column, expected, names, n_columns) in kinds {
        if n_columns != expected.len() || names.len() != expected.len() {
            return shape(columns, expected.len().to_string(), n_columns.to_string());
        }
        if let Some((expected, got)) = expected.iter().zip(names).find(|(expected, got)| expected != got) {
            return shape(column, format!("`{expected}`"), format!("`{got}`"));
        }
    }
    if design.codes.n_rows() != design.n_rows() {
        return shape(
            "rows of categorical codes",
            design.n_rows().to_string(),
            design.codes.n_rows().to_string(),
        );
    }
    Ok(())
}

/// Cuts between the values: between every two neighbours while there are few, else between groups of about equal
/// size, where a value as frequent as a group has a bin for itself.
fn cuts(mut values: Vec<f32>) -> Vec<f32> {
    values.retain(|value| !value.is_nan());
    values.sort_unstable_by(f32::total_cmp);
    let mut distinct: Vec<(f32, usize)> = Vec::new();
    for &value in &values {
        match distinct.last_mut() {
            Some((last, count)) if *last == value => *count += 1,
            _ => distinct.push((value, 1)),
        }
    }
    let last_of_bins = if distinct.len() <= MAX_CUTS + 1 {
        (0..distinct.len().saturating_sub(1)).collect()
    } else {
        ends_of_groups(&distinct, values.len())
    };
    last_of_bins.into_iter().map(|index| between(distinct[index].0, distinct[index + 1].0)).collect()
}

/// Index of the last distinct value of each group but the last one.
fn ends_of_groups(distinct: &[(f32, usize)], n_values: usize) -> Vec<usize> {
    let n_groups = MAX_CUTS + 1;
    let is_frequent = |index: usize| distinct[index].1 * n_groups >= n_values;
    let frequent = (0..distinct.len()).filter(|&index| is_frequent(index));
    let (mut n_rest, mut groups_left) = (n_values, n_groups);
    for index in frequent {
        n_rest -= distinct[index].1;
        groups_left -= 1;
    }
    let (mut ends, mut size) = (Vec::with_capacity(MAX_CUTS), 0);
    for (index, &(_, count)) in distinct[..distinct.len() - 1].iter().enumerate() {
        size += count;
        let wanted = n_rest as f64 / groups_left.max(1) as f64;
        let is_full = is_frequent(index)
            || size as f64 >= wanted
            || (is_frequent(index + 1) && size as f64 >= (0.5 * wanted).max(1.0));
        if is_full && ends.len() < MAX_CUTS {
            ends.push(index);
            if !is_frequent(index) {
                n_rest -= size.min(n_rest);
                groups_left = groups_left.saturating_sub(1);
            }
            size = 0;
        }
    }
    ends
}

/// A finite number `cut` with `low <= cut < high`, half-way where there is one.
fn between(low: f32, high: f32) -> f32 {
    let low = low.max(f32::MIN);
    let middle = f64::midpoint(f64::from(low), f64::from(high)) as f32;
    if low <= middle && middle < high { middle } else { low }
}

/// Bins for the most frequent codes, in order of the code; bin 0 for code 0 and the others.
fn bins_of_codes(codes: &[u32]) -> ColumnBins {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for &code in codes.iter().filter(|&&code| code > 0) {
        *counts.entry(code).or_default() += 1;
    }
    let n_codes = counts.last_key_value().map_or(0, |(&code, _)| code as usize + 1);
    let mut by_count: Vec<(u32, usize)> = counts.into_iter().collect();
    by_count.sort_by_key(|&(code, count)| (std::cmp::Reverse(count), code));
    by_count.truncate(MAX_BINS - 1);
    let mut bin_of = vec![0; n_codes];
    for (index, &(code, _)) in by_count.iter().enumerate() {
        bin_of[code as usize] = index as u8 + 1;
    }
    ColumnBins::Category { bin_of, n_bins: by_count.len() as u16 + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_kept_apart() {
        let cuts = cuts(vec![3.0, 1.0, f32::NAN, 1.0, 2.0, f32::INFINITY, f32::NEG_INFINITY]);
        let values = [f32::NAN, f32::NEG_INFINITY, 1.0, 2.0, 3.0, f32::INFINITY];
        assert_eq!(values.map(|value| bin_of_number(&cuts, value)), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn neighbouring_floats_are_kept_apart() {
        let (low, high) = (1.0_f32, 1.0_f32.next_up());
        let cuts = cuts(vec![low, high]);
        assert_eq!([low, high].map(|value| bin_of_number(&cuts, value)), [1, 2]);
    }

    #[test]
    fn many_values_make_bins_of_equal_size() {
        let values: Vec<f32> = (0..10_000).map(|index| (index as f32 * 1e-3).powi(5)).collect();
        let cuts = cuts(values.clone());
        let mut counts = [0_usize; MAX_BINS];
        for &value in &values {
            counts[usize::from(bin_of_number(&cuts, value))] += 1;
        }
        assert_eq!(counts[0], 0);
        assert!(cuts.len() >= 250 && counts[1..=cuts.len()].iter().all(|&count| count <= 80), "{counts:?}");
    }

    #[test]
    fn a_frequent_value_has_its_own_bin() {
        let zeros = std::iter::repeat_n(0.0, 5_000);
        let cuts = cuts(zeros.chain((1..=5_000).map(|index| index as f32)).collect());
        assert_eq!(cuts[0], 0.5);
        assert!(cuts.len() > 245, "{}", cuts.len());
    }

    #[test]
    fn rare_and_unknown_codes_share_bin_0() {
        let codes: Vec<u32> = (0..400).flat_map(|code| vec![code; if code < 300 { 2 } else { 1 }]).collect();
        let ColumnBins::Category { bin_of, n_bins } = bins_of_codes(&codes) else { panic!("no category") };
        assert_eq!(n_bins, 256);
        assert_eq!((bin_of[0], bin_of[1], bin_of[255], bin_of[256]), (0, 1, 255, 0));
    }
}
