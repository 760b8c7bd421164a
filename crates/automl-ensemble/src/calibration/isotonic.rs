//! Isotonic regression.

use serde::{Deserialize, Serialize};

use super::Pair;
use super::temperature::one_row_more;

/// A rising line through points, flat beyond the first and the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Isotonic {
    /// Probabilities told by the model; rise strictly.
    pub told: Vec<f64>,
    /// The calibrated probability at each; never falls.
    pub calibrated: Vec<f64>,
}

/// Neighbouring points that share a value.
struct Block {
    first: f64,
    last: f64,
    sum: f64,
    weight: f64,
}

impl Block {
    fn mean(&self) -> f64 {
        self.sum / self.weight
    }
}

impl Isotonic {
    /// The rising step function of least squares, by pooling neighbours that would fall (Ayer et al. 1955): O(n log n).
    pub(super) fn fit(pairs: &[Pair]) -> Self {
        let mut sorted = pairs.to_vec();
        sorted.sort_by(|a, b| a.probability.total_cmp(&b.probability));
        let mut points: Vec<Block> = Vec::new();
        for pair in sorted {
            let sum = if pair.positive { pair.weight } else { 0.0 };
            match points.last_mut() {
                // Equal probabilities are one point: a function has one value there.
                Some(point) if point.last == pair.probability => {
                    point.sum += sum;
                    point.weight += pair.weight;
                }
                _ => {
                    let (first, last) = (pair.probability, pair.probability);
                    points.push(Block { first, last, sum, weight: pair.weight });
                }
            }
        }
        let mut blocks: Vec<Block> = Vec::new();
        for mut point in points {
            while let Some(before) = blocks.pop_if(|before| before.mean() >= point.mean()) {
                point.first = before.first;
                point.sum += before.sum;
                point.weight += before.weight;
            }
            blocks.push(point);
        }
        let mut fitted = Self { told: Vec::new(), calibrated: Vec::new() };
        for block in blocks {
            let mut push = |told| {
                fitted.told.push(told);
                fitted.calibrated.push(block.mean());
            };
            push(block.first);
            if block.last > block.first {
                push(block.last);
            }
        }
        fitted
    }

    /// Moves every value towards 1/2 by [`one_row_more`] of `n` rows: a step of 0 or 1 would be certain after a handful.
    #[must_use]
    pub(super) fn uncertain(mut self, n: f64) -> Self {
        let even = one_row_more(n);
        self.calibrated.iter_mut().for_each(|value| *value = (1.0 - even) * *value + even * 0.5);
        self
    }

    /// The calibrated probability: on the line between the two points around `p`.
    pub fn apply(&self, p: f64) -> f64 {
        let right = self.told.partition_point(|told| *told < p);
        let (Some(last), Some(first)) = (self.calibrated.last(), self.calibrated.first()) else { return p };
        if right == 0 {
            return *first;
        }
        if right == self.told.len() {
            return *last;
        }
        let (x, y) = (&self.told[right - 1..=right], &self.calibrated[right - 1..=right]);
        y[0] + (y[1] - y[0]) * ((p - x[0]) / (x[1] - x[0]))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn output_never_falls_and_keeps_the_mean(
            rows in proptest::collection::vec((0..20_u8, any::<bool>(), 1..4_u8), 1..40)
        ) {
            let pairs: Vec<Pair> = rows.iter().map(|&(p, positive, weight)| Pair {
                probability: f64::from(p) / 20.0, positive, weight: f64::from(weight),
            }).collect();
            let fitted = Isotonic::fit(&pairs);
            prop_assert!(fitted.told.windows(2).all(|pair| pair[0] < pair[1]), "{fitted:?}");
            let line: Vec<f64> = (0..=100).map(|p| fitted.apply(f64::from(p) / 100.0)).collect();
            prop_assert!(line.windows(2).all(|pair| pair[0] <= pair[1] + 1e-15), "{line:?}");
            prop_assert!(line.iter().all(|p| (0.0..=1.0).contains(p)));
            let mean = |of: &dyn Fn(&Pair) -> f64| pairs.iter().map(|pair| pair.weight * of(pair)).sum::<f64>();
            let told = mean(&|pair| fitted.apply(pair.probability));
            let truth = mean(&|pair| f64::from(u8::from(pair.positive)));
            prop_assert!((told - truth).abs() < 1e-9, "{told} {truth}");
        }
    }
}
