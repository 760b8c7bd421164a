//! The table of columns.

use automl_core::{ColumnKind, ColumnProfile, DataProfile};
use serde::Serialize;

use crate::format::{NONE, clip, count, counted, percent, short_number};

/// Columns shown at once; more are folded away.
const SHOWN: usize = 30;

/// Columns listed at all.
const MOST: usize = 1_000;

/// One column of the data.
#[derive(Debug, Serialize)]
pub(crate) struct ColumnRow {
    pub(crate) name: String,
    /// The whole name, for the tooltip.
    full_name: String,
    kind: &'static str,
    is_feature: bool,
    reason: String,
    missing: String,
    /// What the table is sorted by.
    n_missing: usize,
    /// Width of the bar, in percent.
    missing_width: u32,
    distinct: String,
    values: String,
}

/// The table of columns.
#[derive(Debug, Serialize)]
pub(crate) struct Columns {
    pub(crate) shown: Vec<ColumnRow>,
    pub(crate) folded: Vec<ColumnRow>,
    /// How many of each kind, in words.
    pub(crate) summary: String,
    pub(crate) note: Option<String>,
}

impl Columns {
    pub(crate) fn of(profile: &DataProfile) -> Self {
        let mut rows: Vec<ColumnRow> =
            profile.columns.iter().take(MOST).map(|column| row(column, profile.n_rows)).collect();
        let folded = if rows.len() > SHOWN { rows.split_off(SHOWN) } else { Vec::new() };
        let n_cut = profile.columns.len().saturating_sub(MOST);
        let note = (n_cut > 0)
            .then(|| format!("The first {} columns are listed; {} more are not.", count(MOST), count(n_cut)));
        Self { shown: rows, folded, summary: summary(profile), note }
    }
}

fn summary(profile: &DataProfile) -> String {
    use ColumnKind::{Boolean, Categorical, Constant, Date, Datetime, Empty, Id, Ignored, Numeric, Text};
    let kinds = [Numeric, Categorical, Boolean, Date, Datetime, Text, Id, Constant, Empty, Ignored];
    let of_kind = |kind: ColumnKind| {
        let n = profile.columns.iter().filter(|column| column.kind == kind).count();
        (n > 0).then(|| format!("{} {}", count(n), kind.name()))
    };
    let parts: Vec<String> = kinds.into_iter().filter_map(of_kind).collect();
    format!("{}: {}.", counted(profile.columns.len(), "column"), parts.join(", "))
}

fn row(column: &ColumnProfile, n_rows: usize) -> ColumnRow {
    let share = column.n_missing as f64 / n_rows.max(1) as f64;
    let missing = match column.n_missing {
        0 => "none".to_owned(),
        n => format!("{} ({})", count(n), percent(share)),
    };
    ColumnRow {
        name: clip(&column.name, 60),
        full_name: clip(&column.name, 500),
        kind: column.kind.name(),
        is_feature: column.kind.is_feature(),
        reason: clip(&column.reason, 200),
        missing,
        n_missing: column.n_missing,
        missing_width: (share.clamp(0.0, 1.0) * 100.0).round() as u32,
        distinct: count(column.n_distinct),
        values: values(column),
    }
}

/// Range and mean of numbers, the most frequent values of anything else.
fn values(column: &ColumnProfile) -> String {
    if let (Some(min), Some(max)) = (column.min, column.max) {
        let mean = column.mean.map_or(String::new(), |mean| format!(", mean {}", short_number(mean)));
        let skewness = column.skewness.filter(|skewness| skewness.is_finite());
        let skew =
            skewness.map_or(String::new(), |skewness| format!(", skewness {skewness:.1}").replace('-', "−"));
        return format!("{} to {}{mean}{skew}", short_number(min), short_number(max));
    }
    if column.top.is_empty() {
        return NONE.to_owned();
    }
    let top = column.top.iter().take(3);
    let parts: Vec<String> = top.map(|(value, n)| format!("{} ({})", clip(value, 24), count(*n))).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{self, column};

    #[test]
    fn numbers_show_their_range_and_names_their_top_values() {
        let numeric = row(&column("age", ColumnKind::Numeric, 12, 73), 1_000);
        assert_eq!(numeric.values, "17 to 90, mean 38.58, skewness 0.6");
        assert_eq!((numeric.missing.as_str(), numeric.missing_width), ("12 (1.2 %)", 1));
        let names = row(&column("work", ColumnKind::Categorical, 0, 8), 1_000);
        assert_eq!(names.values, "Private (22,696), Self-emp (2,541)");
        assert_eq!(names.missing, "none");
    }

    #[test]
    fn many_columns_are_folded_and_too_many_are_cut_with_a_note() {
        let mut profile = fixtures::binary(0).profile;
        profile.columns =
            (0..1_005).map(|index| column(&format!("c{index}"), ColumnKind::Numeric, 0, 3)).collect();
        let columns = Columns::of(&profile);
        assert_eq!((columns.shown.len(), columns.folded.len()), (30, 970));
        assert_eq!(columns.note.as_deref(), Some("The first 1,000 columns are listed; 5 more are not."));
        assert_eq!(columns.summary, "1,005 columns: 1,005 numeric.");
    }
}
