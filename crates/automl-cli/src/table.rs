//! Tables for the terminal: plain text that reads well without colour and pastes well.

use std::fmt::Write as _;
use std::time::Duration;

use automl::{
    Calibrator, ColumnOverview, ColumnProfile, DecisionRule, Estimate, Importances, Kind, Leaderboard,
    LeaderboardRow, Manifest, Metric, NestedScores, Overview, TrialState, counted, format_duration,
};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// Characters of a configuration that a table shows.
const CONFIGURATION_WIDTH: usize = 60;

/// Families whose best trial is shown even where others are better.
const YARDSTICKS: [&str; 2] = ["linear", "constant"];

/// Probability from which a difference to the best trial may well be chance.
const LIKE_THE_BEST: f64 = 0.05;

/// The first `top` trials of a leaderboard.
pub(crate) fn leaderboard(board: &Leaderboard, top: usize) -> String {
    let shown: Vec<Metric> = beside(board.metric, board.rows.first());
    let mut table = plain();
    // The trials of a function have no family.
    let has_families = board.metric != Metric::Cost;
    let mut header = vec!["#".to_owned(), "trial".to_owned()];
    header.extend(has_families.then(|| "family".to_owned()));
    header.push(board.metric.name());
    header.extend(shown.iter().map(|metric| metric.name()));
    header.extend(board.also.iter().cloned());
    header.extend(["time".to_owned(), "configuration".to_owned()]);
    table.set_header(header);
    let complete: Vec<&LeaderboardRow> =
        board.rows.iter().filter(|row| row.state == TrialState::Complete).collect();
    let (best, rest) = complete.split_at(top.min(complete.len()));
    for row in best {
        table.add_row(cells(row, &shown));
    }
    // What to beat is always to be seen.
    let of = |row: &LeaderboardRow, family: &str| row.family == family;
    let yardsticks = YARDSTICKS.iter().filter(|family| !best.iter().any(|row| of(row, family)));
    let mut yardsticks: Vec<&LeaderboardRow> =
        yardsticks.filter_map(|family| rest.iter().copied().find(|row| of(row, family))).collect();
    yardsticks.sort_by_key(|row| row.rank);
    for row in yardsticks {
        table.add_row(cells(row, &shown));
    }
    let numbers = if has_families { vec![0, 1, 3, 4, 5] } else { vec![0, 1, 2, 3] };
    for column in numbers {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = table.trim_fmt();
    let count = |state| board.rows.iter().filter(|row| row.state == state).count();
    let states = [TrialState::Complete, TrialState::Pruned, TrialState::Failed];
    let counts: Vec<String> =
        states.iter().map(|state| format!("{} {}", count(*state), state.name())).collect();
    // Writing to a `String` cannot fail.
    let _ = write!(text, "\n{}", counts.join(", "));
    if board.rows.iter().take(top).any(|row| row.p_value.is_some_and(|p| p >= LIKE_THE_BEST)) {
        text.push_str("\n~ not told apart from the best by a paired test over the folds");
    }
    if !board.also.is_empty() {
        text.push_str(
            "\n* on the Pareto front: no trial is better in one objective and as good in the others",
        );
    }
    text
}

/// A table at a glance.
pub(crate) fn overview(seen: &Overview) -> String {
    let mut text = format!("{}, {}", counted(seen.n_rows, "row"), counted(seen.columns.len(), "column"));
    // Writing to a `String` cannot fail.
    if let Some(target) = &seen.target {
        let _ = write!(text, "; target {} ({}: {})", target.name, target.task, target.task_reason);
    }
    let mut table = plain();
    table.set_header(["column", "kind", "missing", "distinct", "values", "why"]);
    for ColumnOverview { profile, .. } in &seen.columns {
        let missing = match profile.n_missing {
            0 => String::new(),
            n => format!("{:.1} %", 100.0 * n as f64 / seen.n_rows.max(1) as f64),
        };
        table.add_row([
            cut(&profile.name),
            profile.kind.name().to_owned(),
            missing,
            profile.n_distinct.to_string(),
            cut(&values(profile)),
            profile.reason.clone(),
        ]);
    }
    for column in [2, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let _ = write!(text, "\n\n{}", table.trim_fmt());
    for warning in &seen.warnings {
        let _ = write!(text, "\nwarning: {warning}");
    }
    text
}

/// Least, mean and greatest number, or the most frequent values.
fn values(column: &ColumnProfile) -> String {
    if let (Some(min), Some(mean), Some(max)) = (column.min, column.mean, column.max) {
        return format!("{} to {}, mean {}", short(min), short(max), short(mean));
    }
    let shown = column.top.iter().take(3).map(|(value, n)| match n {
        1 => value.clone(),
        n => format!("{value} ({n})"),
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// The `top` parameters that matter most, and the pairs that matter together.
pub(crate) fn importances(importances: &Importances, top: usize) -> String {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let mut table = plain();
    table.set_header(["parameter", "importance", "trials"]);
    for of in importances.params.iter().take(top) {
        table.add_row([of.name.clone(), percent(of.share), of.n_trials.to_string()]);
    }
    // A pair that explains less than a thousandth is noise of the forest.
    for of in importances.interactions.iter().filter(|of| of.share >= 1e-3).take(top / 3) {
        table.add_row([format!("{} with {}", of.a, of.b), percent(of.share), of.n_trials.to_string()]);
    }
    for column in [1, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = table.trim_fmt();
    text.push_str("\nshares of the variance of the score, each among the trials that have the parameter");
    if !importances.unknown.is_empty() {
        let names = importances.unknown.iter().take(top).map(|of| of.name.as_str());
        let names: Vec<&str> = names.collect();
        let more = match importances.unknown.len() - names.len() {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        // Writing to a `String` cannot fail.
        let _ = write!(text, "\ntoo few trials to tell: {}{more}", names.join(", "));
    }
    text
}

/// Scores as two columns.
pub(crate) fn scores(scores: &[(Metric, f64)]) -> String {
    let mut table = plain();
    for (metric, value) in scores {
        table.add_row([metric.name(), number(*value)]);
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

/// What the final model is, and why.
pub(crate) fn final_model(manifest: &Manifest, predict_ms: Option<f64>) -> String {
    let metric = manifest.metric;
    let estimate = |kind: Kind| manifest.estimates.iter().find(|of| of.kind == kind).map(|of| of.score);
    let mut text = format!("final model: {}", manifest.kind.name());
    if let Some(score) = estimate(manifest.kind) {
        let others = manifest.estimates.iter().filter(|of| of.kind != manifest.kind);
        let cost = |score: f64| metric.direction().cost(score);
        let other = |of: &Estimate| {
            let is_by_chance = if cost(of.score) < cost(score) { ", better but by chance" } else { "" };
            format!("{} {}{is_by_chance}", of.kind.name(), number_like(of.score, score))
        };
        let others: Vec<String> = others.map(other).collect();
        let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
        let _ = write!(text, ", {metric} {} cross-validated{others}", number(score));
    }
    if let Some(predict_ms) = predict_ms {
        let _ = write!(text, "; {} ms for 1000 rows", number_of_digits(predict_ms, 2));
    }
    let mut parts: Vec<(f64, String)> = manifest
        .models
        .iter()
        .zip(manifest.combine.weights())
        .map(|(model, weight)| (*weight, format!("{} (trial {})", model.family, model.trial)))
        .collect();
    parts.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    // A stack's weights are coefficients of a model: they need not add up.
    let is_mean = manifest.kind != Kind::Stack;
    let part = |(weight, part): (f64, String)| if is_mean { format!("{weight:.2} {part}") } else { part };
    let parts: Vec<String> = parts.into_iter().map(part).collect();
    if parts.len() > 1 {
        let (begins, between) = if is_mean { ("=", " + ") } else { ("a model on", ", ") };
        let _ = write!(text, "\n  {begins} {}", parts.join(between));
    }
    let mut extras = Vec::new();
    if manifest.calibrator != Calibrator::None {
        extras.push(format!("probabilities corrected: {}", manifest.calibrator.method().name()));
    }
    if let DecisionRule::Threshold(threshold) = manifest.decision {
        extras.push(format!("positive from probability {threshold:.3} on"));
    }
    if let DecisionRule::Multipliers(_) = manifest.decision {
        extras.push("classes decided by weighted probabilities".to_owned());
    }
    if !extras.is_empty() {
        let _ = write!(text, "\n  {}", extras.join("; "));
    }
    text
}

/// What the whole procedure is worth.
pub(crate) fn nested(scores: &NestedScores) -> String {
    let mut shown = vec![scores.metric];
    shown
        .extend([Metric::Accuracy, Metric::RocAuc, Metric::R2].into_iter().filter(|of| *of != scores.metric));
    let told = |metric: Metric| {
        let (mean, deviation) = scores.mean_and_deviation(metric)?;
        Some(format!("{metric} {} ± {}", number(mean), number_like(deviation, mean)))
    };
    let told: Vec<String> = shown.into_iter().filter_map(told).collect();
    format!(
        "nested cross-validation ({} outer folds, each with a search of its own): {}",
        scores.folds.len(),
        told.join(", ")
    )
}

fn number_of_digits(value: f64, digits: i32) -> String {
    let before = if value > 0.0 { value.log10().floor() as i32 + 1 } else { 1 };
    format!("{value:.*}", usize::try_from(digits - before).unwrap_or(0))
}

/// [`number`] without the zeros at its end.
fn short(value: f64) -> String {
    let text = number(value);
    let has_zeros = text.contains('.') && !text.contains('e');
    if has_zeros { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A value with five significant digits.
pub(crate) fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let digits_before = value.abs().log10().floor() as i32 + 1;
    match digits_before {
        ..-3 => format!("{value:.4e}"),
        digits => format!("{value:.*}", usize::try_from(5 - digits).unwrap_or(0)),
    }
}

fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if !std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table
}

/// One or two metrics that people ask for besides the one that was optimised.
fn beside(metric: Metric, row: Option<&LeaderboardRow>) -> Vec<Metric> {
    let wanted = [Metric::Accuracy, Metric::RocAuc, Metric::LogLoss, Metric::R2, Metric::Mae, Metric::Rmse];
    let has = |of: &Metric| row.is_some_and(|row| row.scores.iter().any(|(metric, _)| metric == of));
    wanted.into_iter().filter(|of| *of != metric && has(of)).take(2).collect()
}

fn cells(row: &LeaderboardRow, shown: &[Metric]) -> Vec<String> {
    let score = match (row.score, row.score_std) {
        (Some(score), Some(std)) => format!("{} ± {}", number(score), number_like(std, score)),
        (Some(score), None) => number(score),
        (None, _) => String::new(),
    };
    let is_like_best = row.p_value.is_some_and(|p| p >= LIKE_THE_BEST);
    let score = if is_like_best { format!("{score} ~") } else { score };
    let has_family = !row.family.is_empty();
    let mut cells = vec![row.rank.map(|rank| rank.to_string()).unwrap_or_default(), row.trial.to_string()];
    cells.extend(has_family.then(|| row.family.clone()));
    cells.push(score);
    let of =
        |metric: &Metric| row.scores.iter().find(|(of, _)| of == metric).map(|(_, value)| number(*value));
    cells.extend(shown.iter().map(|metric| of(metric).unwrap_or_default()));
    cells.extend(row.also.iter().map(|value| number(*value)));
    if row.on_front == Some(true)
        && let Some(last) = cells.last_mut()
    {
        // On the Pareto front.
        last.push_str(" *");
    }
    cells.push(format_duration(Duration::from_secs_f64(row.seconds.max(0.0))));
    cells
        .push(cut(&if has_family { row.params.scoped(&row.family) } else { row.params.clone() }.to_string()));
    cells
}

/// A configuration's first values; all of them stand in the report and in `leaderboard --json`.
fn cut(text: &str) -> String {
    if text.chars().count() <= CONFIGURATION_WIDTH {
        return text.to_owned();
    }
    text.chars().take(CONFIGURATION_WIDTH - 1).chain(['…']).collect()
}

/// `value` with as many decimals as [`number`] gives `other`.
fn number_like(value: f64, other: f64) -> String {
    let decimals = number(other).split_once('.').map_or(0, |(_, decimals)| decimals.len());
    if decimals > 8 { number(value) } else { format!("{value:.decimals$}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_five_significant_digits() {
        let written = [0.123_456_789, 12.345_678, 540_123.4, 0.0, -0.001_234_567, 1e-9, f64::NAN].map(number);
        assert_eq!(written, ["0.12346", "12.346", "540123", "0", "-0.0012346", "1.0000e-9", "NaN"]);
    }
}
