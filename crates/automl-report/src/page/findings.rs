//! What a person should know of the data before trusting a model of them.

use automl_core::ColumnSummary;
use serde::Serialize;

use crate::format::{clip, count, counted, number, percent};
use crate::model::ReportModel;

/// From this share of the target on a single column is suspected to know what it should not.
const LEAK: f64 = 0.95;
/// Columns named in one finding.
const MOST: usize = 5;

/// One finding.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Finding {
    /// `bad`, `caution` or `good`: how it is painted.
    tone: &'static str,
    pub(crate) text: String,
}

/// Suspected leaks, repeated rows and drift; that there are none is told too.
pub(crate) fn of(model: &ReportModel) -> Vec<Finding> {
    let Some(summary) = &model.data else { return Vec::new() };
    let finding = |tone, text: String| Finding { tone, text };
    let mut findings = Vec::new();
    let leaks: Vec<&ColumnSummary> =
        summary.columns.iter().filter(|column| column.explained >= LEAK).collect();
    if leaks.is_empty() {
        findings.push(finding("good", "No column alone gives the target away.".to_owned()));
    }
    for column in leaks.iter().take(MOST) {
        findings.push(finding(
            "bad",
            format!(
                "`{}` alone explains {} of the target. If it is not known when a prediction is asked for, leave it out: \
                 `--column {}=ignored`.",
                clip(&column.name, 60),
                percent(column.explained),
                clip(&column.name, 60)
            ),
        ));
    }
    let duplicates = summary.duplicates;
    if duplicates.n_repeated > 0 {
        let contradicting = match duplicates.n_contradicting {
            0 => "all with the same target".to_owned(),
            n => format!("{} of them with another target, which bounds how well any model can do", count(n)),
        };
        findings.push(finding(
            "caution",
            format!(
                "{} ({} of the training rows) repeat an earlier one in every column, {contradicting}.",
                counted(duplicates.n_repeated, "row"),
                percent(duplicates.n_repeated as f64 / summary.n_training.max(1) as f64)
            ),
        ));
    }
    if duplicates.n_shared > 0 {
        findings.push(finding(
            "caution",
            format!(
                "{} of {} holdout rows are training rows too, so the holdout is easier than new data.",
                count(duplicates.n_shared),
                count(duplicates.n_holdout)
            ),
        ));
    } else if duplicates.n_holdout > 0 {
        findings.push(finding("good", "No row of the holdout is a training row too.".to_owned()));
    }
    findings.extend(drift(&summary.columns));
    findings
}

/// Columns whose holdout differs by more than chance (Bonferroni, 1 %).
fn drift(columns: &[ColumnSummary]) -> Option<Finding> {
    let known: Vec<_> = columns.iter().filter_map(|column| Some((column, column.drift?))).collect();
    let limit = 0.01 / known.len().max(1) as f64;
    let mut drifted: Vec<_> = known.iter().filter(|(_, drift)| drift.p_value < limit).collect();
    drifted.sort_by(|a, b| b.1.distance.total_cmp(&a.1.distance));
    let named: Vec<String> = drifted
        .iter()
        .take(MOST)
        .map(|(column, drift)| format!("`{}` ({})", clip(&column.name, 60), number(drift.distance)))
        .collect();
    let more = drifted.len().saturating_sub(MOST);
    let more = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
    match (known.is_empty(), drifted.is_empty()) {
        (true, _) => None,
        (_, true) => Some(Finding {
            tone: "good",
            text: "The holdout's columns are distributed like those of the training rows.".to_owned(),
        }),
        _ => Some(Finding {
            tone: "caution",
            text: format!(
                "The holdout differs from the training rows by more than chance in {}{more}: scores there tell of other data.",
                named.join(", ")
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use automl_core::{ColumnKind, DataSummary, Distribution, Drift, Duplicates};

    use super::*;
    use crate::fixtures;

    fn column(name: &str, explained: f64, p_value: f64) -> ColumnSummary {
        ColumnSummary {
            name: name.to_owned(),
            kind: ColumnKind::Numeric,
            distribution: Distribution::Numeric {
                low: 0.0,
                high: 1.0,
                ends: None,
                counts: vec![1],
                n_beyond: 0,
            },
            groups: Vec::new(),
            explained,
            drift: Some(Drift { distance: 0.25, p_value }),
        }
    }

    fn texts(summary: DataSummary) -> String {
        let model = ReportModel { data: Some(summary), ..fixtures::empty() };
        of(&model)
            .into_iter()
            .map(|finding| format!("{}: {}", finding.tone, finding.text))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn leaks_repeated_rows_and_drift_are_told() {
        let duplicates = Duplicates { n_repeated: 12, n_contradicting: 3, n_shared: 2, n_holdout: 50 };
        let columns = vec![column("result", 0.991, 0.5), column("age", 0.1, 1e-9)];
        insta::assert_snapshot!(texts(DataSummary { n_training: 200, columns, duplicates, ..DataSummary::default() }), @r#"
        bad: `result` alone explains 99.1 % of the target. If it is not known when a prediction is asked for, leave it out: `--column result=ignored`.
        caution: 12 rows (6.0 % of the training rows) repeat an earlier one in every column, 3 of them with another target, which bounds how well any model can do.
        caution: 2 of 50 holdout rows are training rows too, so the holdout is easier than new data.
        caution: The holdout differs from the training rows by more than chance in `age` (0.2500): scores there tell of other data.
        "#);
    }

    #[test]
    fn that_all_is_well_is_told_too() {
        let duplicates = Duplicates { n_holdout: 50, ..Duplicates::default() };
        let columns = vec![column("age", 0.1, 0.5)];
        insta::assert_snapshot!(texts(DataSummary { n_training: 200, columns, duplicates, ..DataSummary::default() }), @r#"
        good: No column alone gives the target away.
        good: No row of the holdout is a training row too.
        good: The holdout's columns are distributed like those of the training rows.
        "#);
    }
}
