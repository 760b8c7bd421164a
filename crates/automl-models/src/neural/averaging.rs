//! Averages of weights over the steps of training (Polyak & Juditsky 1992), exponential so that old steps fade.
//!
//! Training goes on with the weights themselves; validation, the best epoch and so the fitted model have the average.
//! What has no gradient, such as running statistics, is no weight and has no average.

use rayon::prelude::*;

use super::optimizer::Move;
use super::simd::vectorised;

/// What is kept of the average in step `step`, counted from 1, where `most` is kept in the long run; 0 for a member that
/// does not average. The first steps keep less (the warm-up of `TensorFlow`'s `ExponentialMovingAverage`), so that the
/// initial weights are forgotten however short the training.
pub(crate) fn kept(most: f32, step: u32) -> f32 {
    let step = step as f32;
    most.min((1.0 + step) / (10.0 + step))
}

/// The average of one array, `[members, size]`; empty before the first step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Average(Vec<f32>);

impl Average {
    /// Begins with the weights before the first step.
    pub(crate) fn begin(&mut self, values: &[f32]) {
        if self.0.is_empty() {
            self.0 = values.to_vec();
        }
    }

    /// Moves the averages of the members that average towards their `values`: `a + (1 - kept) (values - a)`.
    pub(crate) fn step(&mut self, values: &[f32], moves: &[Move]) {
        /// Numbers that a thread takes at once: large enough to be worth it.
        const CHUNK: usize = 1 << 15;
        let size = values.len() / moves.len();
        for (member, each) in moves.iter().enumerate() {
            if each.step == 0 || each.averaging <= 0.0 || size == 0 {
                continue;
            }
            let own = member * size..(member + 1) * size;
            let share = 1.0 - each.averaging;
            let chunks = self.0[own.clone()].par_chunks_mut(CHUNK).zip(values[own].par_chunks(CHUNK));
            chunks.for_each(|(averages, values)| {
                vectorised!(|| {
                    averages.iter_mut().zip(values).for_each(|(a, value)| *a += share * (value - *a));
                });
            });
        }
    }

    /// Exchanges the averages of the members for which `averages` holds with their `values`.
    pub(crate) fn swap(&mut self, values: &mut [f32], averages: &[bool]) {
        let size = self.0.len() / averages.len().max(1);
        if size == 0 {
            return;
        }
        let blocks = self.0.chunks_exact_mut(size).zip(values.chunks_exact_mut(size));
        for ((own, values), _) in blocks.zip(averages).filter(|(_, averages)| **averages) {
            own.swap_with_slice(values);
        }
    }

    /// Keeps the members at `kept` of `before`, in that order.
    pub(crate) fn keep(&mut self, kept: &[usize], before: usize) {
        let size = self.0.len() / before;
        self.0 = super::host::keep_members(&self.0, kept, size);
    }
}

#[cfg(test)]
mod tests {
    use super::super::layers::DropRates;
    use super::super::training::Optimizer;
    use super::*;

    fn moves(step: u32, averaging: &[f32]) -> Vec<Move> {
        let each = |&averaging: &f32| Move {
            step,
            rate: 0.1,
            decay: 0.0,
            optimizer: Optimizer::ADAM_W,
            clip_norm: None,
            dropout: DropRates::default(),
            averaging,
        };
        averaging.iter().map(each).collect()
    }

    #[test]
    fn the_warm_up_ends_where_the_decay_is_reached() {
        assert_eq!(kept(0.9, 1), 2.0 / 11.0);
        assert_eq!(kept(0.9, 79), 80.0 / 89.0);
        assert_eq!(kept(0.9, 81), 0.9);
        assert_eq!(kept(0.0, 5), 0.0);
    }

    #[test]
    fn the_average_of_constant_weights_is_the_weights() {
        let values = [0.1_f32, -3.7, 1e-8, 5e4];
        let mut average = Average::default();
        average.begin(&values);
        (1..200).for_each(|step| average.step(&values, &moves(step, &[kept(0.99, step)])));
        assert_eq!(average.0, values);
    }

    /// Reference: the definition, in 64 bits. The second member does not average, the third has no batch in the second step.
    #[test]
    fn averages_follow_their_definition_and_members_their_own() {
        let steps = [[1.0_f32, 10.0, 100.0], [3.0, 20.0, 300.0], [-2.0, 30.0, 200.0]];
        let mut average = Average::default();
        average.begin(&[0.0, 5.0, 50.0]);
        let mut expected = [0.0_f64, 5.0, 50.0];
        for (step, values) in (1..).zip(&steps) {
            let mut moves = moves(step, &[0.5, 0.0, 0.9]);
            moves[2].step = if step == 2 { 0 } else { step };
            average.step(values, &moves);
            expected[0] = 0.5 * expected[0] + 0.5 * f64::from(values[0]);
            if step != 2 {
                expected[2] = 0.9 * expected[2] + 0.1 * f64::from(values[2]);
            }
        }
        for (ours, expected) in average.0.iter().zip(expected) {
            assert!(
                (f64::from(*ours) - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                "{ours}, not {expected}"
            );
        }
        let mut values = [-2.0, 30.0, 200.0];
        average.swap(&mut values, &[true, false, true]);
        assert_eq!((average.0[0], values[1], average.0[2]), (-2.0, 30.0, 200.0));
        average.keep(&[2], 3);
        assert_eq!(average.0, [200.0]);
    }
}
