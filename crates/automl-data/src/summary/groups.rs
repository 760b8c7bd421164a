//! The target by values of a column.

use std::collections::BTreeMap;

use automl_core::{Group, GroupTarget, Target};

use super::view::View;
use crate::column::day;

/// Groups of numbers that are shown.
const SHOWN: usize = 10;
/// Groups of numbers that `explained` tells apart.
const FINE: usize = 40;
/// Levels that are shown.
const MOST_LEVELS: usize = 12;

/// The target by values of the column: numbers in groups of like size, the most frequent levels, and missing values.
pub(super) fn shown(view: &View, answers: &Target, classes: &[u32]) -> Vec<Group> {
    let group = |label: Option<String>, range: Option<[f64; 2]>, rows: &[usize]| Group {
        label,
        range,
        n_rows: rows.len(),
        target: target_of(answers, classes, rows),
    };
    let mut groups = Vec::new();
    let missing: Vec<usize> = match view {
        View::Numbers { values, are_times } => {
            let parts = quantile_parts(values, SHOWN);
            for rows in &parts {
                let range = [values[rows[0]], values[rows[rows.len() - 1]]];
                let label = are_times.then(|| format!("{} – {}", day(range[0]), day(range[1])));
                groups.push(group(label, (!are_times).then_some(range), rows));
            }
            (0..values.len()).filter(|&row| values[row].is_nan()).collect()
        }
        View::Levels { codes, names } => {
            let mut parts: Vec<(u32, Vec<usize>)> = level_parts(codes).into_iter().collect();
            parts.sort_by_key(|(code, rows)| (std::cmp::Reverse(rows.len()), *code));
            for (code, rows) in parts.iter().take(MOST_LEVELS) {
                groups.push(group(names.get(*code as usize).cloned(), None, rows));
            }
            (0..codes.len()).filter(|&row| codes[row].is_none()).collect()
        }
    };
    if !missing.is_empty() {
        groups.push(group(None, None, &missing));
    }
    groups
}

/// Share of the target that the column's values explain, corrected for chance.
pub(super) fn explained(view: &View, answers: &Target) -> f64 {
    let (mut parts, n_rows): (Vec<Vec<usize>>, usize) = match view {
        View::Numbers { values, .. } => (quantile_parts(values, FINE), values.len()),
        View::Levels { codes, .. } => (level_parts(codes).into_values().collect(), codes.len()),
    };
    let mut is_present = vec![false; n_rows];
    parts.iter().flatten().for_each(|&row| is_present[row] = true);
    let missing: Vec<usize> = (0..n_rows).filter(|&row| !is_present[row]).collect();
    parts.push(missing);
    parts.retain(|rows| !rows.is_empty());
    let share = match answers {
        Target::Real(values) => explained_variance(&parts, values),
        Target::Classes { codes, n_classes } => explained_entropy(&parts, codes, *n_classes),
    };
    if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
}

/// Rows by value, cut into about `n_parts` of like size. Equal values stay together, and a value that fills a part is one by
/// itself.
pub(super) fn quantile_parts(values: &[f64], n_parts: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..values.len()).filter(|&row| !values[row].is_nan()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let size = order.len().div_ceil(n_parts).max(1);
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut is_open = false;
    for run in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let is_part = run.len() >= size;
        match parts.last_mut() {
            Some(part) if is_open && !is_part && part.len() < size => part.extend_from_slice(run),
            _ => parts.push(run.to_vec()),
        }
        is_open = !is_part;
    }
    parts
}

pub(super) fn level_parts(codes: &[Option<u32>]) -> BTreeMap<u32, Vec<usize>> {
    let mut parts: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (row, code) in codes.iter().enumerate() {
        if let Some(code) = code {
            parts.entry(*code).or_default().push(row);
        }
    }
    parts
}

fn target_of(answers: &Target, classes: &[u32], rows: &[usize]) -> GroupTarget {
    match answers {
        Target::Classes { codes, .. } => {
            let n_rows = rows.len().max(1) as f64;
            let share =
                |class: &u32| rows.iter().filter(|&&row| codes[row] == *class).count() as f64 / n_rows;
            GroupTarget::Shares(classes.iter().map(share).collect())
        }
        Target::Real(values) => {
            let mut sorted: Vec<f64> = rows.iter().map(|&row| values[row]).collect();
            sorted.sort_by(f64::total_cmp);
            let at = |share: f64| sorted.get((share * (sorted.len().max(1) - 1) as f64).round() as usize);
            GroupTarget::Quartiles([0.25, 0.5, 0.75].map(|share| at(share).copied().unwrap_or_default()))
        }
    }
}

/// One minus the unbiased variance within groups over that of all: ε² (Kelley 1935), the adjusted R² of a one-way model.
fn explained_variance(parts: &[Vec<usize>], values: &[f64]) -> f64 {
    let n_rows = values.len() as f64;
    let squares = |rows: &mut dyn Iterator<Item = f64>| {
        // Welford's recurrence: no cancellation far from zero.
        let (mut n, mut mean, mut sum) = (0.0, 0.0, 0.0);
        for value in rows {
            n += 1.0;
            let step = value - mean;
            mean += step / n;
            sum += step * (value - mean);
        }
        sum
    };
    let all = squares(&mut values.iter().copied());
    let within: f64 = parts.iter().map(|rows| squares(&mut rows.iter().map(|&row| values[row]))).sum();
    1.0 - within / (n_rows - parts.len() as f64) * (n_rows - 1.0) / all
}

/// Mutual information of groups and classes over the classes' entropy, with Miller and Madow's correction (1955).
fn explained_entropy(parts: &[Vec<usize>], codes: &[u32], n_classes: usize) -> f64 {
    let n_rows = codes.len() as f64;
    let entropy = |counts: &[usize]| {
        let n = counts.iter().sum::<usize>() as f64;
        counts
            .iter()
            .filter(|count| **count > 0)
            .map(|count| *count as f64 / n)
            .map(|p| -p * p.ln())
            .sum::<f64>()
    };
    let count = |rows: &mut dyn Iterator<Item = usize>| {
        let mut counts = vec![0_usize; n_classes];
        rows.for_each(|row| counts[codes[row] as usize] += 1);
        counts
    };
    let all = count(&mut (0..codes.len()));
    let n_present = all.iter().filter(|count| **count > 0).count() as f64;
    let mut information = entropy(&all);
    for rows in parts {
        information -= rows.len() as f64 / n_rows * entropy(&count(&mut rows.iter().copied()));
    }
    let by_chance = (parts.len() as f64 - 1.0) * (n_present - 1.0) / (2.0 * n_rows);
    (information - by_chance) / entropy(&all)
}
