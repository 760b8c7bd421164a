//! How two columns go together.

use automl_core::{Associations, ColumnSummary, Target};

use super::groups::level_parts;
use super::view::View;

/// Columns whose associations are computed: those that explain most of the target.
const MOST_COLUMNS: usize = 20;
/// Rows that are looked at.
const MOST_ROWS: usize = 4_000;
/// Rows that must have both values.
const FEWEST_ROWS: usize = 5;

/// A column as ranks are made of: numbers, or levels by number.
enum Side {
    Numbers(Vec<f64>),
    Levels(Vec<Option<u32>>),
}

/// The associations of the columns that explain most of the target, and of the target.
pub(super) fn of(columns: &[ColumnSummary], views: &[View], answers: &Target, target: &str) -> Associations {
    let mut places: Vec<usize> = (0..columns.len()).collect();
    places.sort_by(|&a, &b| columns[b].explained.total_cmp(&columns[a].explained));
    places.truncate(MOST_COLUMNS);
    places.sort_unstable();
    let n_rows = answers.n_rows();
    let every = n_rows.div_ceil(MOST_ROWS).max(1);
    let rows: Vec<usize> = (0..n_rows).step_by(every).collect();
    let side = |view: &View| match view {
        View::Numbers { values, .. } => Side::Numbers(rows.iter().map(|&row| values[row]).collect()),
        View::Levels { codes, .. } => Side::Levels(rows.iter().map(|&row| codes[row]).collect()),
    };
    let mut sides: Vec<Side> = places.iter().map(|&place| side(&views[place])).collect();
    sides.push(match answers.select(&rows) {
        Target::Real(values) => Side::Numbers(values),
        Target::Classes { codes, .. } => Side::Levels(codes.into_iter().map(Some).collect()),
    });
    let n_sides = sides.len();
    let mut values = vec![None; n_sides * n_sides];
    for a in 0..n_sides {
        for b in 0..=a {
            let value = between(&sides[a], &sides[b]);
            values[a * n_sides + b] = value;
            values[b * n_sides + a] = value;
        }
    }
    let mut names: Vec<String> = places.iter().map(|&place| columns[place].name.clone()).collect();
    names.push(target.to_owned());
    Associations { names, values }
}

fn between(one: &Side, other: &Side) -> Option<f64> {
    let value = match (one, other) {
        (Side::Numbers(one), Side::Numbers(other)) => spearman(one, other),
        (Side::Levels(one), Side::Levels(other)) => cramers_v(one, other),
        (Side::Levels(levels), Side::Numbers(numbers)) | (Side::Numbers(numbers), Side::Levels(levels)) => {
            correlation_ratio(levels, numbers)
        }
    };
    value.filter(|value| value.is_finite())
}

/// Spearman's rank correlation of the rows that have both.
pub(super) fn spearman(one: &[f64], other: &[f64]) -> Option<f64> {
    let both = one.iter().zip(other).filter(|(a, b)| !a.is_nan() && !b.is_nan());
    let (one, other): (Vec<f64>, Vec<f64>) = both.unzip();
    if one.len() < FEWEST_ROWS {
        return None;
    }
    let (one, other) = (ranks(&one), ranks(&other));
    let middle = (one.len() as f64 - 1.0) / 2.0;
    let product =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - middle) * (b - middle)).sum::<f64>();
    Some(product(&one, &other) / (product(&one, &one) * product(&other, &other)).sqrt())
}

/// Ranks from 0, ties at their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && values[order[end]] == values[order[start]] {
            end += 1;
        }
        let rank = (start + end - 1) as f64 / 2.0;
        order[start..end].iter().for_each(|&row| ranks[row] = rank);
        start = end;
    }
    ranks
}

/// Cramér's V of the rows that have both, corrected for bias (Bergsma 2013).
pub(super) fn cramers_v(one: &[Option<u32>], other: &[Option<u32>]) -> Option<f64> {
    let both = one.iter().zip(other).filter_map(|(a, b)| Some(((*a)?, (*b)?)));
    let (one, other): (Vec<Option<u32>>, Vec<Option<u32>>) = both.map(|(a, b)| (Some(a), Some(b))).unzip();
    let n = one.len() as f64;
    let (rows, columns) = (level_parts(&one), level_parts(&other));
    if one.len() < FEWEST_ROWS || rows.len() < 2 || columns.len() < 2 {
        return None;
    }
    // χ²/n = Σ n_ij² / (n_i n_j) − 1, so that cells without rows need not be visited.
    let mut share = 0.0;
    for own in rows.values() {
        let within: Vec<Option<u32>> = own.iter().map(|&row| other[row]).collect();
        for (code, cell) in level_parts(&within) {
            share += (cell.len() as f64).powi(2) / (own.len() as f64 * columns[&code].len() as f64);
        }
    }
    let (r, k) = (rows.len() as f64, columns.len() as f64);
    let corrected = (share - 1.0 - (r - 1.0) * (k - 1.0) / (n - 1.0)).max(0.0);
    let size = |levels: f64| levels - (levels - 1.0).powi(2) / (n - 1.0);
    let most = size(r).min(size(k)) - 1.0;
    (most > 0.0).then(|| (corrected / most).sqrt().min(1.0))
}

/// The square root of the share of the ranks' variance that lies between levels, corrected for their number.
pub(super) fn correlation_ratio(levels: &[Option<u32>], numbers: &[f64]) -> Option<f64> {
    let both = levels.iter().zip(numbers).filter(|(level, number)| level.is_some() && !number.is_nan());
    let (levels, numbers): (Vec<Option<u32>>, Vec<f64>) =
        both.map(|(level, number)| (*level, *number)).unzip();
    let parts = level_parts(&levels);
    let (n, k) = (levels.len() as f64, parts.len() as f64);
    if levels.len() < FEWEST_ROWS || parts.len() < 2 || n <= k {
        return None;
    }
    let ranks = ranks(&numbers);
    let middle = (n - 1.0) / 2.0;
    let all: f64 = ranks.iter().map(|rank| (rank - middle).powi(2)).sum();
    let within: f64 = parts
        .values()
        .map(|rows| {
            let mean = rows.iter().map(|&row| ranks[row]).sum::<f64>() / rows.len() as f64;
            rows.iter().map(|&row| (ranks[row] - mean).powi(2)).sum::<f64>()
        })
        .sum();
    Some((1.0 - within / (n - k) * (n - 1.0) / all).max(0.0).sqrt())
}
