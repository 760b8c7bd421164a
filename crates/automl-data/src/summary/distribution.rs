//! Histograms of numbers, counts of levels.

use automl_core::Distribution;

use super::view::View;
use crate::column::day;

/// Bins of a histogram.
const N_BINS: usize = 20;
/// Share of the values at either end that may lie beyond a histogram.
const FAR: f64 = 0.005;
/// Levels that are listed.
const MOST_LEVELS: usize = 12;

/// The distribution of the values that are there.
pub(super) fn of(view: &View) -> Distribution {
    match view {
        View::Numbers { values, are_times } => of_numbers(values, *are_times),
        View::Levels { codes, names } => of_levels(codes, names),
    }
}

fn of_numbers(values: &[f64], are_times: bool) -> Distribution {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(&least), Some(&most)) = (sorted.first(), sorted.last()) else {
        return Distribution::Numeric { low: 0.0, high: 1.0, ends: None, counts: vec![0], n_beyond: 0 };
    };
    let at = |share: f64| sorted[(share * (sorted.len() - 1) as f64).round() as usize];
    // Far values are cut off only if they would squeeze the others.
    let (near_low, near_high) = (at(FAR), at(1.0 - FAR));
    let is_stretched = most - least > 2.0 * (near_high - near_low) && near_high > near_low;
    let (low, high) = if is_stretched { (near_low, near_high) } else { (least, most) };
    let width = (high - low) / N_BINS as f64;
    let mut counts = vec![0; if width > 0.0 { N_BINS } else { 1 }];
    for value in &sorted {
        let bin = if width > 0.0 { ((value - low) / width).max(0.0) as usize } else { 0 };
        let last = counts.len() - 1;
        counts[bin.min(last)] += 1;
    }
    let n_beyond = sorted.iter().filter(|value| **value < low || **value > high).count();
    Distribution::Numeric { low, high, ends: are_times.then(|| [day(low), day(high)]), counts, n_beyond }
}

fn of_levels(codes: &[Option<u32>], names: &[String]) -> Distribution {
    let mut counts = vec![0_usize; names.len()];
    codes.iter().flatten().for_each(|&code| counts[code as usize] += 1);
    let mut levels: Vec<(String, usize)> =
        names.iter().cloned().zip(counts).filter(|(_, count)| *count > 0).collect();
    levels.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let rest = levels.split_off(levels.len().min(MOST_LEVELS));
    let others = (rest.len(), rest.iter().map(|(_, count)| count).sum());
    Distribution::Levels { levels, others }
}
