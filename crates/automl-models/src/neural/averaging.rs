//! Averages of weights over the steps of training (Polyak & Juditsky 1992), exponential so that old steps fade.
//!
//! Training goes on with the weights themselves; validation, the best epoch and so the fitted model have the average.
//! What has no gradient, such as running statistics, is no weight and has no average.

use rayon::prelude::*;

use super::host::keep_members;
use super::optimizer::Move;
use super::parameters::{Index, Stack};
use super::simd::vectorised;

/// What is kept of the average in step `step`, counted from 1, where `most` is kept in the long run; 0 for a member that
/// does not average. The first steps keep less (the warm-up of `TensorFlow`'s `ExponentialMovingAverage`), so that the
/// initial weights are forgotten however short the training.
pub(crate) fn kept(most: f32, step: u32) -> f32 {
    let step = step as f32;
    most.min((1.0 + step) / (10.0 + step))
}

/// The averages of all arrays that have gradients. It holds and does nothing where no member averages.
pub(crate) struct Averages {
    /// Whether each member averages.
    members: Vec<bool>,
    /// `[members, size]` each; empty before the first step, and for arrays without gradients.
    arrays: Vec<Vec<f32>>,
}

impl Averages {
    /// Of the members that average.
    pub(crate) fn new(members: Vec<bool>) -> Self {
        Self { members, arrays: Vec::new() }
    }

    fn are_none(&self) -> bool {
        !self.members.contains(&true)
    }

    /// Begins with the weights before the first step; looks at no later ones.
    pub(crate) fn begin(&mut self, index: Index, values: &[f32]) {
        if self.are_none() {
            return;
        }
        if self.arrays.len() <= index {
            self.arrays.resize_with(index + 1, Vec::new);
        }
        if self.arrays[index].is_empty() {
            self.arrays[index] = values.to_vec();
        }
    }

    /// Moves the averages of an array towards its `values`: `a + (1 - kept) (values - a)`.
    pub(crate) fn step(&mut self, index: Index, values: &[f32], moves: &[Move]) {
        /// Numbers that a thread takes at once: large enough to be worth it.
        const CHUNK: usize = 1 << 15;
        let size = values.len() / moves.len();
        if self.are_none() || size == 0 {
            return;
        }
        let blocks = self.arrays[index].chunks_exact_mut(size).zip(values.chunks_exact(size));
        for ((averages, values), each) in blocks.zip(moves) {
            if each.step == 0 || each.averaging <= 0.0 {
                continue;
            }
            let share = 1.0 - each.averaging;
            let chunks = averages.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK));
            chunks.for_each(|(averages, values)| {
                vectorised!(|| {
                    averages.iter_mut().zip(values).for_each(|(a, value)| *a += share * (value - *a));
                });
            });
        }
    }

    /// Exchanges the averages of the members that average with their weights.
    pub(crate) fn exchange(&mut self, stack: &mut Stack) {
        if self.are_none() {
            return;
        }
        stack.visit(|index, values| {
            let Some(averages) = self.arrays.get_mut(index).filter(|own| !own.is_empty()) else { return };
            let size = values.len() / self.members.len();
            let blocks = averages.chunks_exact_mut(size).zip(values.chunks_exact_mut(size));
            for ((averages, values), _) in blocks.zip(&self.members).filter(|(_, averages)| **averages) {
                averages.swap_with_slice(values);
            }
        });
    }

    /// Keeps the members at `kept`, in that order.
    pub(crate) fn keep(&mut self, kept: &[usize]) {
        let before = self.members.len();
        self.members = kept.iter().map(|&member| self.members[member]).collect();
        if self.are_none() {
            self.arrays.clear();
        }
        for array in &mut self.arrays {
            *array = keep_members(array, kept, array.len() / before);
        }
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
        let mut averages = Averages::new(vec![true]);
        averages.begin(0, &values);
        (1..200).for_each(|step| averages.step(0, &values, &moves(step, &[kept(0.99, step)])));
        assert_eq!(averages.arrays[0], values);
    }

    /// Reference: the definition, in 64 bits. The second member does not average, the third has no batch in the second step.
    #[test]
    fn averages_follow_their_definition_and_members_their_own() {
        let steps = [[1.0_f32, 10.0, 100.0], [3.0, 20.0, 300.0], [-2.0, 30.0, 200.0]];
        let mut averages = Averages::new(vec![true, false, true]);
        averages.begin(0, &[0.0, 5.0, 50.0]);
        let mut expected = [0.0_f64, 5.0, 50.0];
        for (step, values) in (1..).zip(&steps) {
            let mut moves = moves(step, &[0.5, 0.0, 0.9]);
            moves[2].step = if step == 2 { 0 } else { step };
            averages.step(0, values, &moves);
            expected[0] = 0.5 * expected[0] + 0.5 * f64::from(values[0]);
            if step != 2 {
                expected[2] = 0.9 * expected[2] + 0.1 * f64::from(values[2]);
            }
        }
        for (ours, expected) in averages.arrays[0].iter().zip(expected) {
            assert!(
                (f64::from(*ours) - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                "{ours}, not {expected}"
            );
        }
        averages.keep(&[1, 2]);
        assert_eq!(averages.arrays[0].len(), 2);
        assert!((f64::from(averages.arrays[0][1]) - expected[2]).abs() < 1e-3);
        averages.keep(&[0]);
        assert!(averages.arrays.is_empty(), "the one that is left does not average");
    }
}
