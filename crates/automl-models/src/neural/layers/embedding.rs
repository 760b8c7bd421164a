//! Embeddings of numeric columns: each of some columns becomes several numbers.
//!
//! | | encoding of `x` | then |
//! |---|---|---|
//! | PBLD (Holzmüller et al. 2024) | `cos(2π w x + b)` | linear, `x` beside it |
//! | PL, PLR (Gorishniy et al. 2022) | `cos(2π w x)`, `sin(2π w x)` | linear; `ReLU` in PLR |
//! | linear (Gorishniy et al. 2021) | `x` | linear |
//! | PLE, version B (Gorishniy et al. 2024) | share of each bin that lies below `x` | linear, plus a linear function of `x` |

use std::f32::consts::TAU;

use burn::tensor::{Int, Tensor, TensorData};

use super::super::activation::Activation;
use super::super::parameters::{Gradients, Index, Stack};
use super::super::simd::vectorised;
use super::Trace;

/// How a number is taken apart before the linear map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// `cos(2π w x + b)`, both arrays `[columns, n]`.
    Cosine {
        /// `w`.
        frequency: Index,
        /// `b`.
        phase: Index,
    },
    /// `cos(2π w x)`, then `sin(2π w x)`; `w` is `[columns, n]`.
    CosineSine {
        /// `w`.
        frequency: Index,
    },
    /// Piecewise linear between the edges, `[columns, n + 1]`: `(x - e_t) / (e_{t+1} - e_t)`, cut to 0 to 1 but for the
    /// outer ends of the first and the last bin. A bin of no width gives 0.
    Bins {
        /// The edges.
        edges: Index,
    },
    /// Not at all: `x` itself is all of the encoding.
    Number,
}

/// The embedding of some numeric columns: `width` numbers each.
#[derive(Debug)]
pub(crate) struct Embedding {
    /// Which numeric columns.
    pub(crate) columns: Vec<usize>,
    /// How they are taken apart.
    pub(crate) encoding: Encoding,
    /// Numbers of the encoding.
    pub(crate) n_encoded: usize,
    /// Numbers that the linear map gives.
    pub(crate) width: usize,
    /// The linear map of each column, `[columns, n_encoded * width]`.
    pub(crate) weight: Index,
    /// What is added, `[columns, width]`.
    pub(crate) bias: Index,
    /// Factor of `x` that is added to the linear map, `[columns, width]`.
    pub(crate) slope: Option<Index>,
    /// Whether negative outcomes become 0.
    pub(crate) is_rectified: bool,
}

/// What the way back needs: `[members, rows, columns, n_encoded]` each.
pub(crate) struct EmbeddingTape {
    n_rows: usize,
    /// The numbers embedded, `[members, rows, columns]`.
    numbers: Vec<f32>,
    encoded: Vec<f32>,
    /// Slopes of the encoding by its angle; empty where nothing of it is learnt.
    slopes: Vec<f32>,
    /// The outcome, where it is rectified.
    outcome: Vec<f32>,
}

impl Embedding {
    /// Columns of the outcome.
    pub(crate) fn width(&self) -> usize {
        self.columns.len() * self.width
    }

    /// The outcome, `[members, rows, width]`, of `numeric`, `[members, rows, n_numeric]`, and what the way back needs.
    pub(crate) fn train(
        &self,
        numeric: &[f32],
        n_numeric: usize,
        n_rows: usize,
        stack: &Stack,
    ) -> (Vec<f32>, EmbeddingTape) {
        let numbers = self.pick(numeric, n_numeric);
        let mut encoded = vec![0.0; numbers.len() * self.n_encoded];
        let is_learnt = !matches!(self.encoding, Encoding::Bins { .. } | Encoding::Number);
        let mut slopes = vec![0.0; if is_learnt { encoded.len() } else { 0 }];
        self.encode(&numbers, n_rows, stack, &mut encoded, &mut slopes);
        let outcome = self.combine(&numbers, &encoded, n_rows, stack);
        let kept = if self.is_rectified { outcome.clone() } else { Vec::new() };
        (outcome, EmbeddingTape { n_rows, numbers, encoded, slopes, outcome: kept })
    }

    /// The outcome alone.
    pub(crate) fn predict(
        &self,
        numeric: &[f32],
        n_numeric: usize,
        n_rows: usize,
        stack: &Stack,
    ) -> Vec<f32> {
        let numbers = self.pick(numeric, n_numeric);
        let mut encoded = vec![0.0; numbers.len() * self.n_encoded];
        self.encode(&numbers, n_rows, stack, &mut encoded, &mut []);
        self.combine(&numbers, &encoded, n_rows, stack)
    }

    /// Adds the gradients of all arrays, given that of the outcome.
    pub(crate) fn back(
        &self,
        gradient: &[f32],
        tape: &EmbeddingTape,
        stack: &Stack,
        gradients: &mut Gradients,
    ) {
        let (n_columns, n_encoded, width) = (self.columns.len(), self.n_encoded, self.width);
        let members = stack.members();
        let mut gradient = gradient.to_vec();
        for (gradient, value) in gradient.iter_mut().zip(&tape.outcome) {
            *gradient = if *value > 0.0 { *gradient } else { 0.0 };
        }
        let mut of_weight = vec![0.0; members * n_columns * n_encoded * width];
        let mut of_bias = vec![0.0; members * n_columns * width];
        let mut of_slope = vec![0.0; if self.slope.is_some() { of_bias.len() } else { 0 }];
        let mut of_encoded = vec![0.0; tape.slopes.len()];
        let weights = stack.plain(self.weight);
        let cells = gradient.chunks_exact(width).zip(tape.encoded.chunks_exact(n_encoded));
        vectorised!(|| {
            for (cell, (gradient, encoded)) in cells.enumerate() {
                // The array of a cell's column: cells go row by row through the columns of a member.
                let own = cell / (tape.n_rows * n_columns) * n_columns + cell % n_columns;
                let of_weight = &mut of_weight[own * n_encoded * width..(own + 1) * n_encoded * width];
                for (of_weight, value) in of_weight.chunks_exact_mut(width).zip(encoded) {
                    // All bins above a number.
                    if *value == 0.0 {
                        continue;
                    }
                    of_weight.iter_mut().zip(gradient).for_each(|(sum, gradient)| *sum += value * gradient);
                }
                let of_bias = &mut of_bias[own * width..(own + 1) * width];
                of_bias.iter_mut().zip(gradient).for_each(|(sum, gradient)| *sum += gradient);
                if self.slope.is_some() {
                    let of_slope = &mut of_slope[own * width..(own + 1) * width];
                    let x = tape.numbers[cell];
                    of_slope.iter_mut().zip(gradient).for_each(|(sum, gradient)| *sum += x * gradient);
                }
                if !tape.slopes.is_empty() {
                    let weights = &weights[own * n_encoded * width..(own + 1) * n_encoded * width];
                    let of_encoded = &mut of_encoded[cell * n_encoded..(cell + 1) * n_encoded];
                    for (target, weights) in of_encoded.iter_mut().zip(weights.chunks_exact(width)) {
                        *target =
                            weights.iter().zip(gradient).map(|(weight, gradient)| weight * gradient).sum();
                    }
                }
            }
        });
        gradients.add_host(self.weight, of_weight);
        gradients.add_host(self.bias, of_bias);
        if let Some(slope) = self.slope {
            gradients.add_host(slope, of_slope);
        }
        self.encoding_back(&of_encoded, tape, members, gradients);
    }

    /// Adds the gradients of the encoding's arrays.
    fn encoding_back(
        &self,
        of_encoded: &[f32],
        tape: &EmbeddingTape,
        members: usize,
        gradients: &mut Gradients,
    ) {
        let n_columns = self.columns.len();
        let (frequency, phase) = match self.encoding {
            Encoding::Cosine { frequency, phase } => (frequency, Some(phase)),
            Encoding::CosineSine { frequency } => (frequency, None),
            Encoding::Bins { .. } | Encoding::Number => return,
        };
        let n = if phase.is_some() { self.n_encoded } else { self.n_encoded / 2 };
        let mut of_frequency = vec![0.0; members * n_columns * n];
        let mut of_phase = vec![0.0; if phase.is_some() { of_frequency.len() } else { 0 }];
        let angles = of_encoded.chunks_exact(self.n_encoded).zip(tape.slopes.chunks_exact(self.n_encoded));
        for (cell, ((of_encoded, slopes), x)) in angles.zip(&tape.numbers).enumerate() {
            let own = cell / (tape.n_rows * n_columns) * n_columns + cell % n_columns;
            let own = own * n..(own + 1) * n;
            // Cosines and sines of one angle lie `n` apart.
            for (part, slopes) in of_encoded.chunks_exact(n).zip(slopes.chunks_exact(n)) {
                let by_angle = part.iter().zip(slopes).map(|(gradient, slope)| gradient * slope);
                for (sum, by_angle) in of_frequency[own.clone()].iter_mut().zip(by_angle.clone()) {
                    *sum += TAU * x * by_angle;
                }
                if phase.is_some() {
                    of_phase[own.clone()]
                        .iter_mut()
                        .zip(by_angle)
                        .for_each(|(sum, by_angle)| *sum += by_angle);
                }
            }
        }
        gradients.add_host(frequency, of_frequency);
        if let Some(phase) = phase {
            gradients.add_host(phase, of_phase);
        }
    }

    /// The embedded columns, `[members, rows, columns]`.
    fn pick(&self, numeric: &[f32], n_numeric: usize) -> Vec<f32> {
        let rows = numeric.chunks_exact(n_numeric);
        rows.flat_map(|row| self.columns.iter().map(|&column| row[column])).collect()
    }

    /// Fills `encoded` and, unless it is empty, `slopes`.
    fn encode(&self, numbers: &[f32], n_rows: usize, stack: &Stack, encoded: &mut [f32], slopes: &mut [f32]) {
        let (n_columns, n_encoded) = (self.columns.len(), self.n_encoded);
        let per_member = n_rows * n_columns;
        let (frequencies, phases, n) = match self.encoding {
            Encoding::Cosine { frequency, phase } => {
                (stack.plain(frequency), Some(stack.plain(phase)), n_encoded)
            }
            Encoding::CosineSine { frequency } => (stack.plain(frequency), None, n_encoded / 2),
            Encoding::Number => {
                encoded.copy_from_slice(numbers);
                return;
            }
            Encoding::Bins { edges } => {
                let edges = stack.plain(edges);
                for (cell, (x, encoded)) in
                    numbers.iter().zip(encoded.chunks_exact_mut(n_encoded)).enumerate()
                {
                    let own = cell / per_member * n_columns + cell % n_columns;
                    bins(*x, &edges[own * (n_encoded + 1)..(own + 1) * (n_encoded + 1)], encoded);
                }
                return;
            }
        };
        vectorised!(|| {
            for (cell, (x, encoded)) in numbers.iter().zip(encoded.chunks_exact_mut(n_encoded)).enumerate() {
                let own = cell / per_member * n_columns + cell % n_columns;
                let frequencies = &frequencies[own * n..(own + 1) * n];
                let (cosines, sines) = encoded.split_at_mut(n);
                for (index, (cosine, frequency)) in cosines.iter_mut().zip(frequencies).enumerate() {
                    let turns = x * frequency + phases.map_or(0.0, |phases| phases[own * n + index] / TAU);
                    let (sin, cos) = sin_cos_of_turns(turns);
                    *cosine = cos;
                    if phases.is_none() {
                        sines[index] = sin;
                    }
                    if !slopes.is_empty() {
                        let slopes = &mut slopes[cell * n_encoded..(cell + 1) * n_encoded];
                        slopes[index] = -sin;
                        if phases.is_none() {
                            slopes[n + index] = cos;
                        }
                    }
                }
            }
        });
    }

    /// The outcome of encoded numbers.
    fn combine(&self, numbers: &[f32], encoded: &[f32], n_rows: usize, stack: &Stack) -> Vec<f32> {
        let (n_columns, n_encoded, width) = (self.columns.len(), self.n_encoded, self.width);
        let (weights, biases) = (stack.plain(self.weight), stack.plain(self.bias));
        let slopes = self.slope.map(|slope| stack.plain(slope));
        let mut outcome = vec![0.0; numbers.len() * width];
        let cells = outcome.chunks_exact_mut(width).zip(encoded.chunks_exact(n_encoded)).zip(numbers);
        vectorised!(|| {
            for (cell, ((outcome, encoded), x)) in cells.enumerate() {
                let own = cell / (n_rows * n_columns) * n_columns + cell % n_columns;
                outcome.copy_from_slice(&biases[own * width..(own + 1) * width]);
                if let Some(slopes) = slopes {
                    let slopes = &slopes[own * width..(own + 1) * width];
                    outcome.iter_mut().zip(slopes).for_each(|(value, slope)| *value += x * slope);
                }
                let weights = weights[own * n_encoded * width..].chunks_exact(width);
                for (encoded, weights) in encoded.iter().zip(weights) {
                    if *encoded == 0.0 {
                        continue;
                    }
                    outcome.iter_mut().zip(weights).for_each(|(value, weight)| *value += encoded * weight);
                }
                if self.is_rectified {
                    for value in outcome {
                        *value = value.max(0.0);
                    }
                }
            }
        });
        outcome
    }

    /// The outcome as tensor operations.
    pub(crate) fn trace(&self, numeric: &Tensor<3>, trace: &Trace<'_>) -> Tensor<3> {
        let [members, n_rows, _] = numeric.dims();
        let (n_columns, n_encoded, width) = (self.columns.len(), self.n_encoded, self.width);
        // A matrix a member and column: rows by what the column becomes.
        let numbers = pick_columns(numeric, &self.columns).swap_dims(1, 2);
        let numbers = numbers.reshape([members * n_columns, n_rows, 1]);
        let array = |index: Index, rows: usize, columns: usize| {
            trace.array(index).reshape([members * n_columns, rows, columns])
        };
        let encoded = match self.encoding {
            Encoding::Cosine { frequency, phase } => {
                let angle = numbers.clone() * array(frequency, 1, n_encoded) * TAU;
                (angle + array(phase, 1, n_encoded)).cos()
            }
            Encoding::CosineSine { frequency } => {
                let angle = numbers.clone() * array(frequency, 1, n_encoded / 2) * TAU;
                Tensor::cat(vec![angle.clone().cos(), angle.sin()], 2)
            }
            Encoding::Number => numbers.clone(),
            Encoding::Bins { edges } => trace_bins(&numbers, array(edges, 1, n_encoded + 1), n_encoded),
        };
        let mut outcome = encoded.matmul(array(self.weight, n_encoded, width)) + array(self.bias, 1, width);
        if let Some(slope) = self.slope {
            outcome = outcome + numbers * array(slope, 1, width);
        }
        if self.is_rectified {
            outcome = Activation::Relu.trace(outcome);
        }
        let by_row: Tensor<4> = outcome.reshape([members, n_columns, n_rows, width]).swap_dims(1, 2);
        by_row.reshape([members, n_rows, n_columns * width])
    }
}

/// Some columns, `[members, rows, columns]`.
pub(super) fn pick_columns(numeric: &Tensor<3>, columns: &[usize]) -> Tensor<3> {
    let places: Vec<i32> = columns.iter().map(|&column| column as i32).collect();
    let places = TensorData::new(places, [columns.len()]);
    let places = Tensor::<1, Int>::from_data(places, &numeric.device().inner());
    let places = if numeric.is_autodiff() { places.autodiff() } else { places };
    numeric.clone().select(2, places)
}

/// The shares of bins below `x`; see [`Encoding::Bins`].
fn bins(x: f32, edges: &[f32], encoded: &mut [f32]) {
    let n = encoded.len();
    let last = (0..n).rev().find(|&bin| edges[bin + 1] > edges[bin]).unwrap_or(0);
    for (bin, share) in encoded.iter_mut().enumerate() {
        let (low, high) = (edges[bin], edges[bin + 1]);
        *share = if high > low { (x - low) / (high - low) } else { 0.0 };
        if bin > 0 {
            *share = share.max(0.0);
        }
        if bin < last {
            *share = share.min(1.0);
        }
    }
}

fn trace_bins(numbers: &Tensor<3>, edges: Tensor<3>, n: usize) -> Tensor<3> {
    let [cells, n_rows, _] = numbers.dims();
    let low = edges.clone().slice([0..cells, 0..1, 0..n]);
    let high = edges.slice([0..cells, 0..1, 1..n + 1]);
    let size = high - low.clone();
    let is_bin = size.clone().greater_scalar(0.0).float();
    let inverse = is_bin.clone() / (size + (is_bin.clone().neg() + 1.0));
    let share = (numbers.clone() - low) * inverse;
    // 1 for every bin behind which another one follows.
    let mut follows = vec![is_bin.clone().zeros_like().slice([0..cells, 0..1, 0..1])];
    for bin in (1..n).rev() {
        let later = is_bin.clone().slice([0..cells, 0..1, bin..bin + 1]);
        let before = follows[follows.len() - 1].clone();
        follows.push(before.max_pair(later));
    }
    follows.reverse();
    let is_cut_above = Tensor::cat(follows, 2).expand([cells, n_rows, n]).greater_scalar(0.5);
    let first = share.clone().slice([0..cells, 0..n_rows, 0..1]);
    let from_below = if n == 1 {
        first
    } else {
        Tensor::cat(vec![first, share.slice([0..cells, 0..n_rows, 1..n]).clamp_min(0.0)], 2)
    };
    from_below.clone().mask_where(is_cut_above, from_below.clamp_max(1.0))
}

/// Sine and cosine of an angle in turns, to within 1e-6, without branches so that loops over it vectorise.
///
/// Half of the angle, brought into a quarter turn around 0, goes through the Taylor series; then
/// `sin 2h = 2 sin h cos h` and `cos 2h = 1 - 2 sin² h`.
#[inline]
fn sin_cos_of_turns(turns: f32) -> (f32, f32) {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding and subtracting it rounds to a whole number.
    // Beyond this, f32 has no digits left for a fraction of a turn.
    let turns = if turns.abs() < 1e6 { turns } else { 0.0 };
    let half = (turns - ((turns + ROUND) - ROUND)) * std::f32::consts::PI;
    let square = half * half;
    let series =
        |factors: [f32; 5]| factors.into_iter().rev().fold(1.0, |sum, factor| 1.0 - square * factor * sum);
    let sin = half * series([1.0 / 6.0, 1.0 / 20.0, 1.0 / 42.0, 1.0 / 72.0, 1.0 / 110.0]);
    let cos = 1.0 - 0.5 * square * series([1.0 / 12.0, 1.0 / 30.0, 1.0 / 56.0, 1.0 / 90.0, 1.0 / 132.0]);
    (2.0 * sin * cos, 1.0 - 2.0 * sin * sin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_and_cosine_equal_the_standard_librarys() {
        for step in -40_000..40_000 {
            let turns = step as f32 / 1_234.0;
            let (sin, cos) = sin_cos_of_turns(turns);
            let angle = f64::from(turns) * std::f64::consts::TAU;
            assert!((f64::from(sin) - angle.sin()).abs() < 1e-6, "sin at {turns} turns: {sin}");
            assert!((f64::from(cos) - angle.cos()).abs() < 1e-6, "cos at {turns} turns: {cos}");
        }
    }

    #[test]
    fn bins_share_out_a_number() {
        let mut encoded = [0.0; 3];
        let edges = [0.0, 1.0, 1.0, 3.0];
        for (x, expected) in [(-1.0, [-1.0, 0.0, 0.0]), (0.5, [0.5, 0.0, 0.0]), (5.0, [1.0, 0.0, 2.0])] {
            bins(x, &edges, &mut encoded);
            assert_eq!(encoded, expected, "{x}");
        }
    }
}
