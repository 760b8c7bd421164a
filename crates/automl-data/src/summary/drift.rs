//! How the values of a column on the holdout differ from those on the training rows.

use automl_core::Drift;
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::groups::level_parts;
use super::view::View;

/// Values that both sides must have.
const FEWEST: usize = 5;

/// The difference of two samples of a column; `None` where one has too few values.
pub(super) fn between(one: &View, other: &View) -> Option<Drift> {
    match (one, other) {
        (View::Numbers { values: one, .. }, View::Numbers { values: other, .. }) => kolmogorov(one, other),
        (View::Levels { codes: one, .. }, View::Levels { codes: other, .. }) => variation(one, other),
        _ => None,
    }
}

/// The two-sample test of Kolmogorov and Smirnov, with Stephens' correction (1970) of the limit's argument.
fn kolmogorov(one: &[f64], other: &[f64]) -> Option<Drift> {
    let sorted = |values: &[f64]| {
        let mut values: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let (one, other) = (sorted(one), sorted(other));
    let (n, m) = (one.len(), other.len());
    if n < FEWEST || m < FEWEST {
        return None;
    }
    let (mut i, mut j, mut distance) = (0, 0, 0.0_f64);
    while i < n && j < m {
        let value = one[i].min(other[j]);
        while i < n && one[i] <= value {
            i += 1;
        }
        while j < m && other[j] <= value {
            j += 1;
        }
        distance = distance.max((i as f64 / n as f64 - j as f64 / m as f64).abs());
    }
    let size = (n as f64 * m as f64 / (n + m) as f64).sqrt();
    let lambda = (size + 0.12 + 0.11 / size) * distance;
    // The series alternates and falls quickly, but for small arguments, where the probability is 1.
    let term = |k: i32| {
        let k = f64::from(k);
        (if k % 2.0 == 0.0 { -2.0 } else { 2.0 }) * (-2.0 * (k * lambda).powi(2)).exp()
    };
    let p_value = if lambda < 0.2 { 1.0 } else { (1..=100).map(term).sum::<f64>().clamp(0.0, 1.0) };
    Some(Drift { distance, p_value })
}

/// Total variation, and the χ² test of both samples' counts of the levels that are expected five times or more in each;
/// the others are counted together.
fn variation(one: &[Option<u32>], other: &[Option<u32>]) -> Option<Drift> {
    let counts =
        |codes: &[Option<u32>]| level_parts(codes).into_iter().map(|(code, rows)| (code, rows.len()));
    let mut both = std::collections::BTreeMap::<u32, [f64; 2]>::new();
    counts(one).for_each(|(code, count)| both.entry(code).or_default()[0] = count as f64);
    counts(other).for_each(|(code, count)| both.entry(code).or_default()[1] = count as f64);
    let total = |side: usize| both.values().map(|counts| counts[side]).sum::<f64>();
    let (n, m) = (total(0), total(1));
    if n < FEWEST as f64 || m < FEWEST as f64 {
        return None;
    }
    let distance = 0.5 * both.values().map(|counts| (counts[0] / n - counts[1] / m).abs()).sum::<f64>();
    let is_frequent = |counts: &&[f64; 2]| (counts[0] + counts[1]) * n.min(m) / (n + m) >= 5.0;
    let mut cells: Vec<[f64; 2]> = both.values().filter(is_frequent).copied().collect();
    let rare = both
        .values()
        .filter(|counts| !is_frequent(counts))
        .fold([0.0; 2], |sum, counts| [sum[0] + counts[0], sum[1] + counts[1]]);
    if rare[0] + rare[1] > 0.0 {
        cells.push(rare);
    }
    let part = |seen: f64, expected: f64| (seen - expected).powi(2) / expected;
    let chi_square: f64 =
        cells.iter().map(|[a, b]| part(*a, (a + b) * n / (n + m)) + part(*b, (a + b) * m / (n + m))).sum();
    Some(Drift { distance, p_value: chi_square_tail(chi_square, cells.len() as f64 - 1.0) })
}

/// The probability of more than `value` under the χ² distribution; 1 where there is nothing to compare.
fn chi_square_tail(value: f64, df: f64) -> f64 {
    ChiSquared::new(df).map_or(1.0, |chi_squared| chi_squared.sf(value))
}
