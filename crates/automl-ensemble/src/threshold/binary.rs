//! Two classes: every threshold, in one pass over the sorted probabilities.

use automl_core::Metric;

use super::{ROUNDING, cost};
use crate::confusion::Marginals;

/// The threshold of least cost: one in the middle between two neighbouring probabilities, or 0 or 1.5 where one class
/// for all rows is best. Of equals it is the one nearest to 0.5.
///
/// `told` are the positive class's probabilities; `truth` holds class and weight. There is a row.
pub(super) fn best_threshold(metric: Metric, told: &[f64], truth: &[(u32, f64)]) -> f64 {
    let mut order: Vec<usize> = (0..told.len()).collect();
    order.sort_by(|&a, &b| told[b].total_cmp(&told[a]));
    let mut marginals = Marginals::new(2);
    for &(code, weight) in truth {
        marginals.add(code, 0, weight);
    }
    // Above every probability that is one, whatever its rounding.
    let mut best = Best { cost: cost(metric, &marginals), threshold: 1.5 };
    for (place, &row) in order.iter().enumerate() {
        let (code, weight) = truth[row];
        marginals.relabel(code, 0, 1, weight);
        match order.get(place + 1) {
            // No threshold lies between equal probabilities.
            Some(&next) if told[next] == told[row] => {}
            Some(&next) => best.offer(cost(metric, &marginals), between(told[next], told[row])),
            None => best.offer(cost(metric, &marginals), told[row].min(0.0)),
        }
    }
    best.threshold
}

/// 0.5 where it lies between the two, so that nothing changes without need; else the middle. Above `low`, up to `high`.
fn between(low: f64, high: f64) -> f64 {
    if low < 0.5 && 0.5 <= high {
        return 0.5;
    }
    let middle = low.midpoint(high);
    // The middle of two neighbouring numbers may round to the lower one.
    if middle > low { middle } else { high }
}

struct Best {
    cost: f64,
    threshold: f64,
}

impl Best {
    fn offer(&mut self, cost: f64, threshold: f64) {
        let is_nearer = (threshold - 0.5).abs() < (self.threshold - 0.5).abs();
        if cost < self.cost - ROUNDING || (cost <= self.cost + ROUNDING && is_nearer) {
            *self = Self { cost: cost.min(self.cost), threshold };
        }
    }
}
