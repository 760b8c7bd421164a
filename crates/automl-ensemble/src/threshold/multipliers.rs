//! Several classes: one class's multiplier at a time.
//!
//! With the other multipliers held, a row goes to class `k` as soon as `m_k p_k` beats the best of the others, that
//! is, from `m_k = max_(j != k) m_j p_j / p_k` on. Sorted by that number, the rows change to `k` one after another, and
//! the counts that the metric is made of are changed row by row: every multiplier that matters is tried in one pass,
//! O(n log n).

use automl_core::{Matrix, Metric};

use super::{ROUNDING, cost};
use crate::confusion::Marginals;

/// Passes over all classes at most.
const MAX_PASSES: usize = 10;

/// Products of probability and multiplier that are looked at in all passes, unless [`FEWEST_ROWS`] need more: seconds.
const MOST_PRODUCTS: usize = 400_000_000;

/// Rows that are looked at in any case.
const FEWEST_ROWS: usize = 1000;

/// How many rows to look for multipliers on.
pub(super) fn most_rows(n_classes: usize) -> usize {
    (MOST_PRODUCTS / (MAX_PASSES * n_classes * n_classes)).max(FEWEST_ROWS)
}

/// How far a multiplier may be from 1 either way: beyond it only rows of a practically impossible class change.
const MOST: f64 = 1e4;

/// Share of itself by which a multiplier must be larger than another to count as another.
const TIE: f64 = 1e-12;

/// The class of the largest product, the lowest index among ties.
pub(super) fn decide(row: &[f64], multipliers: &[f64]) -> u32 {
    let mut best = (0, f64::NEG_INFINITY);
    for (class, (p, multiplier)) in row.iter().zip(multipliers).enumerate() {
        if p * multiplier > best.1 {
            best = (class, p * multiplier);
        }
    }
    best.0 as u32
}

/// Multipliers of least cost as far as changing one at a time finds them, from 1 for all; their geometric mean is 1.
/// `truth` holds class and weight.
pub(super) fn best(metric: Metric, proba: &Matrix<f64>, truth: &[(u32, f64)]) -> Vec<f64> {
    let n_classes = proba.n_cols();
    let mut multipliers = vec![1.0; n_classes];
    let mut least = counted_cost(metric, proba, truth, &multipliers);
    for _ in 0..MAX_PASSES {
        let before = least;
        for class in 0..n_classes {
            let tried = best_of_class(metric, proba, truth, &multipliers, class);
            let mut next = multipliers.clone();
            next[class] = tried;
            // Counted anew, since a product may round to the other side of a tie.
            let cost = counted_cost(metric, proba, truth, &next);
            if cost < least - ROUNDING {
                (multipliers, least) = (next, cost);
            }
        }
        if least >= before - ROUNDING {
            break;
        }
    }
    normalised(metric, proba, truth, multipliers, least)
}

/// Scaled to a geometric mean of 1, unless rounding then changes a decision for the worse.
fn normalised(
    metric: Metric,
    proba: &Matrix<f64>,
    truth: &[(u32, f64)],
    multipliers: Vec<f64>,
    least: f64,
) -> Vec<f64> {
    let mean =
        (multipliers.iter().map(|multiplier| multiplier.ln()).sum::<f64>() / multipliers.len() as f64).exp();
    let scaled: Vec<f64> = multipliers.iter().map(|multiplier| multiplier / mean).collect();
    if counted_cost(metric, proba, truth, &scaled) <= least + ROUNDING { scaled } else { multipliers }
}

fn counted_cost(metric: Metric, proba: &Matrix<f64>, truth: &[(u32, f64)], multipliers: &[f64]) -> f64 {
    let mut marginals = Marginals::new(proba.n_cols());
    for (row, &(code, weight)) in proba.rows().zip(truth) {
        marginals.add(code, decide(row, multipliers), weight);
    }
    cost(metric, &marginals)
}

/// The best multiplier of one class, the others held; the present one if none is better.
fn best_of_class(
    metric: Metric,
    proba: &Matrix<f64>,
    truth: &[(u32, f64)],
    multipliers: &[f64],
    class: usize,
) -> f64 {
    let mut others = multipliers.to_vec();
    // No product is below 0, so the class never wins against one that is possible.
    others[class] = -1.0;
    let mut marginals = Marginals::new(proba.n_cols());
    // (multiplier from which the row is of the class, class without it, true class, weight)
    let mut changes: Vec<(f64, u32, u32, f64)> = Vec::with_capacity(truth.len());
    for (row, &(code, weight)) in proba.rows().zip(truth) {
        let rival = decide(row, &others);
        marginals.add(code, rival, weight);
        let from = row[rival as usize] * multipliers[rival as usize] / row[class];
        if from.is_finite() && from < MOST {
            changes.push((from, rival, code, weight));
        }
    }
    changes.sort_by(|a, b| a.0.total_cmp(&b.0));

    let mut best = (f64::INFINITY, multipliers[class]);
    let mut offer = |cost: f64, multiplier: f64| {
        if cost < best.0 - ROUNDING {
            best = (cost, multiplier);
        }
    };
    offer(cost(metric, &marginals), changes.first().map_or(1.0, |first| first.0 / 2.0).max(1.0 / MOST));
    for (place, &(from, rival, code, weight)) in changes.iter().enumerate() {
        marginals.relabel(code, rival, class as u32, weight);
        match changes.get(place + 1) {
            // No multiplier in 64 bits lies safely between them.
            Some(next) if next.0 <= from * (1.0 + TIE) => {}
            // The geometric middle, since multipliers are ratios.
            Some(next) => offer(cost(metric, &marginals), (from * next.0).sqrt().max(1.0 / MOST)),
            None => offer(cost(metric, &marginals), from * 2.0),
        }
    }
    best.1
}
