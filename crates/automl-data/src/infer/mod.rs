//! From values to kinds: how each column and the target is read, and why.
//!
//! | values | kind | rule |
//! |---|---|---|
//! | none | empty | |
//! | one distinct, in every row | constant | |
//! | one distinct, and rows without | categorical; boolean for true or false | |
//! | true and false; 0 and 1; yes and no in a known spelling | boolean | [`boolean_of`] |
//! | dates and times, or texts of which 99 % are ISO 8601 | date, datetime | [`PARSE_SHARE`] |
//! | different whole numbers without large gaps, or all different under the name of an identifier | id | [`numbers`] |
//! | at most 50 whole numbers, each 10 times on average, under the name of a code | categorical | [`numbers`] |
//! | other numbers, or texts of which 99 % are numbers, or more than half where the others are all the same | numeric | [`texts`] |
//! | texts of three words and more, at least half of them different | text | [`texts`] |
//! | texts of fewer words, at least 95 % of them different, in at least half of the rows | id | [`texts`] |
//! | other texts | categorical | |

mod counts;
mod numbers;
mod stats;
pub(crate) mod target;
mod texts;
pub(crate) mod time;

use automl_core::{ColumnKind, ColumnProfile, counted};

pub(crate) use counts::Counts;

use crate::values::Values;

/// Share of the values that must parse for a column of texts to be read as numbers or times.
pub(crate) const PARSE_SHARE: f64 = 0.99;

/// What was decided about a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decision {
    pub(crate) kind: ColumnKind,
    /// A sentence fragment with the numbers that decided.
    pub(crate) reason: String,
    /// Some texts do not parse; they are taken as missing.
    pub(crate) tolerant: bool,
}

impl Decision {
    fn new(kind: ColumnKind, reason: impl Into<String>) -> Self {
        Decision { kind, reason: reason.into(), tolerant: false }
    }
}

/// Decides the kind of a column.
pub(crate) fn decide(name: &str, values: &Values<'_>, counts: &Counts<'_>) -> Decision {
    let n_rows = values.len();
    let n_present = counts.n_present();
    if let Values::Unsupported { dtype } = values {
        return Decision::new(ColumnKind::Ignored, format!("{dtype} values cannot be used"));
    }
    if n_present == 0 {
        return Decision::new(ColumnKind::Empty, format!("no value in {}", counted(n_rows, "row")));
    }
    if counts.n_distinct() == 1 {
        let value = counts.top(1, is_days(values)).pop().map(|(value, _)| value).unwrap_or_default();
        let value = shorten(&value);
        // A cross or nothing: which rows have it is all that there is to know.
        let kind = match values {
            Values::Flags(_) if n_present < n_rows => ColumnKind::Boolean,
            Values::Numbers { .. } | Values::Texts(_) if n_present < n_rows => ColumnKind::Categorical,
            _ => ColumnKind::Constant,
        };
        let reason = match kind {
            ColumnKind::Constant => format!("`{value}` in all {n_present} rows that have a value"),
            _ => format!("`{value}` in {n_present} of {n_rows} rows, nothing in the others"),
        };
        return Decision::new(kind, reason);
    }
    match (values, counts) {
        (Values::Flags(_), _) => Decision::new(ColumnKind::Boolean, "the values are true and false"),
        (Values::Times { days: true, .. }, _) => Decision::new(ColumnKind::Date, "the values are dates"),
        (Values::Times { .. }, _) => Decision::new(ColumnKind::Datetime, "the values are times"),
        (Values::Numbers { whole, .. }, Counts::Numbers(runs)) => {
            numbers::decide(name, *whole, runs, n_present, n_rows)
        }
        (_, Counts::Texts(runs)) => texts::decide(runs, n_present, n_rows),
        _ => Decision::new(ColumnKind::Ignored, format!("{} cannot be used", values.describe())),
    }
}

/// The full profile of a column of this kind.
pub(crate) fn profile(
    name: &str,
    values: &Values<'_>,
    counts: &Counts<'_>,
    decision: Decision,
) -> ColumnProfile {
    let n_present = counts.n_present();
    let stats = match (values, decision.kind) {
        (Values::Numbers { values, .. }, ColumnKind::Numeric) => stats::of(values),
        (Values::Texts(texts), ColumnKind::Numeric) => {
            let parsed: Vec<f64> = texts.iter().flatten().copied().filter_map(parse_number).collect();
            stats::of(&parsed)
        }
        _ => stats::Stats::default(),
    };
    ColumnProfile {
        name: name.to_owned(),
        kind: decision.kind,
        reason: decision.reason,
        n_missing: values.len().saturating_sub(n_present),
        n_distinct: counts.n_distinct(),
        min: stats.min,
        mean: stats.mean,
        max: stats.max,
        skewness: stats.skewness,
        top: counts.top(5, is_days(values)).into_iter().map(|(value, n)| (shorten(&value), n)).collect(),
    }
}

/// Yes or no, in one of the known spellings, whatever the case.
pub(crate) fn boolean_of(text: &str) -> Option<bool> {
    const YES: [&str; 6] = ["1", "t", "true", "y", "yes", "on"];
    const NO: [&str; 6] = ["0", "f", "false", "n", "no", "off"];
    let is = |spelling: &&str| text.trim().eq_ignore_ascii_case(spelling);
    if YES.iter().any(is) { Some(true) } else { NO.iter().any(is).then_some(false) }
}

pub(crate) use texts::parse_number;

fn is_days(values: &Values<'_>) -> bool {
    matches!(values, Values::Times { days: true, .. })
}

/// Long texts are cut for people; 60 characters fill a table cell.
pub(crate) fn shorten(text: &str) -> String {
    const LIMIT: usize = 60;
    if text.chars().count() <= LIMIT {
        return text.to_owned();
    }
    text.chars().take(LIMIT - 1).chain(std::iter::once('…')).collect()
}
