//! The shift of several coefficients together that makes their penalty least.

use super::config::Penalty;

/// The `t` that minimises `Σ l1 |v - t| + l2 (v - t)² / 2`; 0 if that is among the best.
pub(super) fn best_shift(values: &[f64], penalty: Penalty) -> f64 {
    let cost = |shift: f64| {
        let costs = values.iter().map(|value| (value - shift).abs());
        costs.map(|value| penalty.l1 * value + 0.5 * penalty.l2 * value * value).sum::<f64>()
    };
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let mut best = (cost(0.0), 0.0);
    let mut consider = |shift: f64| {
        let cost = cost(shift);
        if cost < best.0 * (1.0 - 1e-12) {
            best = (cost, shift);
        }
    };
    for (below, pair) in sorted.windows(2).enumerate() {
        consider(pair[0]);
        consider(pair[1]);
        if penalty.l2 > 0.0 {
            let above = values.len() as f64 - 2.0 * (below + 1) as f64;
            let level = mean + penalty.l1 / penalty.l2 * above / values.len() as f64;
            consider(level.clamp(pair[0], pair[1]));
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_shift_is_a_median_a_mean_or_between() {
        let values = [3.0, -1.0, 0.5];
        assert_eq!(best_shift(&values, Penalty { l1: 1.0, l2: 0.0 }), 0.5);
        assert!((best_shift(&values, Penalty { l1: 0.0, l2: 1.0 }) - 2.5 / 3.0).abs() < 1e-12);
        assert_eq!(best_shift(&[0.0, 0.0, 5.0], Penalty { l1: 1.0, l2: 0.01 }), 0.0);
        let penalty = Penalty { l1: 0.1, l2: 1.0 };
        let cost = |t: f64| values.iter().map(|v| 0.1 * (v - t).abs() + 0.5 * (v - t).powi(2)).sum::<f64>();
        let best = best_shift(&values, penalty);
        assert!((-200..400).all(|step| cost(best) <= cost(f64::from(step) / 100.0) + 1e-12), "{best}");
    }
}
