//! Fused element-wise kernels of hidden layers, on values of shape `[members, rows, columns]`.
//!
//! Sums run over rows in order, so they do not depend on threads.

use super::activation::{Activation, Gelu, Identity, Mish, Relu, Scalar, Selu, Silu};
use super::simd::vectorised;

/// Calls a generic function with the type of an activation.
macro_rules! with_activation {
    ($activation:expr, $function:ident($($argument:expr),+ $(,)?)) => {
        match $activation {
            Activation::Relu => $function::<Relu>($($argument),+),
            Activation::Silu => $function::<Silu>($($argument),+),
            Activation::Gelu => $function::<Gelu>($($argument),+),
            Activation::Selu => $function::<Selu>($($argument),+),
            Activation::Mish => $function::<Mish>($($argument),+),
        }
    };
}

/// Shape of a batch of activations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Networks trained together.
    pub(crate) members: usize,
    /// Rows of each, padding included.
    pub(crate) rows: usize,
    /// Values of each row.
    pub(crate) columns: usize,
}

impl Shape {
    /// Values of one member.
    pub(crate) fn block(self) -> usize {
        self.rows * self.columns
    }

    /// Values of all members.
    pub(crate) fn len(self) -> usize {
        self.members * self.block()
    }

    fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Applies an activation to `inputs * scale + bias`, `bias` of shape `[members, columns]`, into `outputs` and leaves the
/// slopes in `inputs` for the way back.
pub(crate) fn activate(
    activation: Activation,
    inputs: &mut [f32],
    scale: f32,
    bias: &[f32],
    outputs: &mut [f32],
    shape: Shape,
) {
    with_activation!(activation, activate_with(inputs, scale, bias, outputs, shape));
}

fn activate_with<F: Scalar>(inputs: &mut [f32], scale: f32, bias: &[f32], outputs: &mut [f32], shape: Shape) {
    if shape.is_empty() {
        return;
    }
    let blocks = inputs.chunks_exact_mut(shape.block()).zip(outputs.chunks_exact_mut(shape.block()));
    for ((block, outputs), bias) in blocks.zip(bias.chunks_exact(shape.columns)) {
        vectorised!(|| {
            let rows = block.chunks_exact_mut(shape.columns).zip(outputs.chunks_exact_mut(shape.columns));
            for (row, outputs) in rows {
                for ((input, output), bias) in row.iter_mut().zip(outputs).zip(bias) {
                    (*output, *input) = F::both(*input * scale + bias);
                }
            }
        });
    }
}

/// An activation `f` of learnt strength (Holzmüller et al. 2024, appendix A.1): with `x = inputs * scale + bias`,
/// `outputs = x + strength * (f(x) - x)`. Leaves the slopes in `inputs` and `f(x) - x`, the slope by the strength, in
/// `bend`; `bias` and `strength` are `[members, columns]`.
#[expect(clippy::too_many_arguments, reason = "one pass over three arrays")]
pub(crate) fn bend(
    activation: Activation,
    inputs: &mut [f32],
    scale: f32,
    bias: &[f32],
    strength: &[f32],
    outputs: &mut [f32],
    bend: &mut [f32],
    shape: Shape,
) {
    with_activation!(activation, bend_with(inputs, scale, bias, strength, outputs, bend, shape));
}

fn bend_with<F: Scalar>(
    inputs: &mut [f32],
    scale: f32,
    bias: &[f32],
    strength: &[f32],
    outputs: &mut [f32],
    bend: &mut [f32],
    shape: Shape,
) {
    if shape.is_empty() {
        return;
    }
    let facts = bias.chunks_exact(shape.columns).zip(strength.chunks_exact(shape.columns));
    let blocks = inputs.chunks_exact_mut(shape.block()).zip(outputs.chunks_exact_mut(shape.block()));
    for (((block, outputs), bend), (bias, strength)) in
        blocks.zip(bend.chunks_exact_mut(shape.block())).zip(facts)
    {
        vectorised!(|| {
            let rows = block.chunks_exact_mut(shape.columns).zip(outputs.chunks_exact_mut(shape.columns));
            for ((row, outputs), bend) in rows.zip(bend.chunks_exact_mut(shape.columns)) {
                let facts = bias.iter().zip(strength);
                for (((input, output), bend), (bias, strength)) in
                    row.iter_mut().zip(outputs).zip(bend).zip(facts)
                {
                    let x = *input * scale + bias;
                    let (value, slope) = F::both(x);
                    *bend = value - x;
                    *output = x + strength * *bend;
                    *input = 1.0 + strength * (slope - 1.0);
                }
            }
        });
    }
}

/// [`bend`] in prediction: `values` become the outputs.
pub(crate) fn bend_in_place(
    activation: Activation,
    values: &mut [f32],
    scale: f32,
    bias: &[f32],
    strength: &[f32],
    shape: Shape,
) {
    with_activation!(activation, bend_in_place_with(values, scale, bias, strength, shape));
}

fn bend_in_place_with<F: Scalar>(
    values: &mut [f32],
    scale: f32,
    bias: &[f32],
    strength: &[f32],
    shape: Shape,
) {
    if shape.is_empty() {
        return;
    }
    let facts = bias.chunks_exact(shape.columns).zip(strength.chunks_exact(shape.columns));
    for (block, (bias, strength)) in values.chunks_exact_mut(shape.block()).zip(facts) {
        vectorised!(|| {
            for row in block.chunks_exact_mut(shape.columns) {
                for (value, (bias, strength)) in row.iter_mut().zip(bias.iter().zip(strength)) {
                    let x = *value * scale + bias;
                    *value = x + strength * (F::both(x).0 - x);
                }
            }
        });
    }
}

/// `values = f(values * scale + bias)` with `scale` and `bias` `[members, columns]`: a hidden layer in
/// prediction, its normalisation folded in. No activation: the output layer.
pub(crate) fn apply(
    activation: Option<Activation>,
    values: &mut [f32],
    scale: Option<&[f32]>,
    bias: &[f32],
    shape: Shape,
) {
    match activation {
        Some(activation) => with_activation!(activation, apply_with(values, scale, bias, shape)),
        None => apply_with::<Identity>(values, scale, bias, shape),
    }
}

fn apply_with<F: Scalar>(values: &mut [f32], scale: Option<&[f32]>, bias: &[f32], shape: Shape) {
    if shape.is_empty() {
        return;
    }
    for (member, block) in values.chunks_exact_mut(shape.block()).enumerate() {
        let own = member * shape.columns..(member + 1) * shape.columns;
        let (scale, bias) = (scale.map(|scale| &scale[own.clone()]), &bias[own]);
        vectorised!(|| {
            for row in block.chunks_exact_mut(shape.columns) {
                if let Some(scale) = scale {
                    row.iter_mut().zip(scale).for_each(|(value, scale)| *value *= scale);
                }
                row.iter_mut().zip(bias).for_each(|(value, bias)| *value = F::both(*value + bias).0);
            }
        });
    }
}

/// Turns gradients of the outputs into gradients of the inputs of [`activate`] and returns those of the bias,
/// `[members, columns]`.
pub(crate) fn activate_back(gradients: &mut [f32], slopes: &[f32], scale: f32, shape: Shape) -> Vec<f32> {
    let mut sums = vec![0.0; shape.members * shape.columns];
    if shape.is_empty() {
        return sums;
    }
    let blocks = gradients.chunks_exact_mut(shape.block()).zip(slopes.chunks_exact(shape.block()));
    for ((block, slopes), sums) in blocks.zip(sums.chunks_exact_mut(shape.columns)) {
        vectorised!(|| {
            let rows = block.chunks_exact_mut(shape.columns).zip(slopes.chunks_exact(shape.columns));
            for (row, slopes) in rows {
                for ((gradient, slope), sum) in row.iter_mut().zip(slopes).zip(&mut *sums) {
                    let of_bias = *gradient * slope;
                    *sum += of_bias;
                    *gradient = of_bias * scale;
                }
            }
        });
    }
    sums
}

/// Sums over the rows of each member of products of two arrays, `[members, columns]`.
pub(crate) fn sums_of_products(left: &[f32], right: &[f32], shape: Shape) -> Vec<f32> {
    let mut sums = vec![0.0; shape.members * shape.columns];
    if shape.is_empty() {
        return sums;
    }
    let blocks = left.chunks_exact(shape.block()).zip(right.chunks_exact(shape.block()));
    for ((left, right), sums) in blocks.zip(sums.chunks_exact_mut(shape.columns)) {
        vectorised!(|| {
            for (left, right) in left.chunks_exact(shape.columns).zip(right.chunks_exact(shape.columns)) {
                let pairs = left.iter().zip(right);
                sums.iter_mut().zip(pairs).for_each(|(sum, (left, right))| *sum += left * right);
            }
        });
    }
    sums
}

/// Sums over the rows of each member, `[members, columns]`.
pub(crate) fn column_sums(values: &[f32], shape: Shape) -> Vec<f32> {
    let mut sums = vec![0.0; shape.members * shape.columns];
    if shape.is_empty() {
        return sums;
    }
    for (block, sums) in values.chunks_exact(shape.block()).zip(sums.chunks_exact_mut(shape.columns)) {
        vectorised!(|| {
            for row in block.chunks_exact(shape.columns) {
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
        });
    }
    sums
}

/// Inverted dropout (Srivastava et al. 2014) of one member: drops each value with probability `rate`
/// and scales the rest by `1 / (1 - rate)`, in all of `arrays`: outputs and what the way back multiplies with. Arrays
/// after the first may be empty.
///
/// Whether value `i` (rows in order, so rows of padding at the end change nothing) is dropped is a function of
/// `key` and `i` alone, so that parts of a batch, and devices with operations of their own, get the same mask.
/// `first` is the place of the first of these values in the batch.
pub(crate) fn drop_out(rate: f32, key: u64, first: usize, arrays: [&mut [f32]; 3]) {
    let mask = Mask { threshold: drop_threshold(rate), kept: kept_scale(rate), keys: drop_keys(key) };
    let [outputs, slopes, bend] = arrays;
    let first = first as u32;
    match (slopes.is_empty(), bend.is_empty()) {
        (true, _) => vectorised!(|| mask.apply(first, outputs)),
        (false, true) => vectorised!(|| mask.apply_to_both(first, outputs, slopes)),
        (false, false) => vectorised!(|| mask.apply_to_all(first, outputs, slopes, bend)),
    }
}

/// What drops values.
#[derive(Clone, Copy)]
struct Mask {
    threshold: u32,
    kept: f32,
    keys: (u32, u32),
}

impl Mask {
    #[inline]
    fn factor(self, index: u32) -> f32 {
        if drop_bits(index, self.keys.0, self.keys.1) >> 16 < self.threshold { 0.0 } else { self.kept }
    }

    #[inline]
    fn apply(self, first: u32, outputs: &mut [f32]) {
        (first..).zip(outputs).for_each(|(index, output)| *output *= self.factor(index));
    }

    #[inline]
    fn apply_to_both(self, first: u32, outputs: &mut [f32], slopes: &mut [f32]) {
        for ((index, output), slope) in (first..).zip(outputs).zip(slopes) {
            let factor = self.factor(index);
            *output *= factor;
            *slope *= factor;
        }
    }

    #[inline]
    fn apply_to_all(self, first: u32, outputs: &mut [f32], slopes: &mut [f32], bend: &mut [f32]) {
        for (((index, output), slope), bend) in (first..).zip(outputs).zip(slopes).zip(bend) {
            let factor = self.factor(index);
            *output *= factor;
            *slope *= factor;
            *bend *= factor;
        }
    }
}

/// Values whose 16-bit hash lies below this are dropped: the rate is exact to `2^-16`.
pub(crate) fn drop_threshold(rate: f32) -> u32 {
    (rate * 65_536.0) as u32
}

/// What the kept values are multiplied with.
pub(crate) fn kept_scale(rate: f32) -> f32 {
    1.0 / (1.0 - drop_threshold(rate) as f32 / 65_536.0)
}

/// The halves of a key.
pub(crate) fn drop_keys(key: u64) -> (u32, u32) {
    (key as u32, (key >> 32) as u32)
}

/// Shifts and multipliers of the hash, Wellons' `lowbias32`: one pass after each half of the key.
pub(crate) const DROP_HASH: [(u32, u32); 2] = [(16, 0x7FEB_352D), (15, 0x846C_A68B)];

/// 32 bits of `index` under a key, of which the upper 16 are the more random.
#[inline]
pub(crate) fn drop_bits(index: u32, first: u32, second: u32) -> u32 {
    let mut x = index;
    for half in [first, second] {
        x ^= half;
        for (shift, by) in DROP_HASH {
            x = (x ^ (x >> shift)).wrapping_mul(by);
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropout_keeps_the_mean_and_its_rate() {
        let (mut outputs, mut slopes) = (vec![1.0_f32; 40_000], vec![1.0_f32; 40_000]);
        drop_out(0.3, 0x0123_4567_89AB_CDEF, 0, [&mut outputs, &mut slopes, &mut []]);
        assert_eq!(outputs, slopes);
        let dropped = outputs.iter().filter(|value| **value == 0.0).count() as f64 / 4e4;
        let mean = outputs.iter().map(|value| f64::from(*value)).sum::<f64>() / 4e4;
        assert!((dropped - 0.3).abs() < 0.01 && (mean - 1.0).abs() < 0.015, "{dropped} {mean}");
    }

    #[test]
    fn parts_of_a_batch_get_their_parts_of_the_mask() {
        let (mut whole, mut slopes) = (vec![1.0_f32; 100], vec![1.0_f32; 100]);
        drop_out(0.4, 9, 0, [&mut whole, &mut slopes, &mut []]);
        let (mut part, mut slopes) = (vec![1.0_f32; 60], vec![1.0_f32; 60]);
        drop_out(0.4, 9, 40, [&mut part, &mut slopes, &mut []]);
        assert_eq!(part, whole[40..]);
    }

    /// Neighbours in place and neighbours in key are dropped independently of each other.
    #[test]
    fn masks_of_neighbours_are_uncorrelated() {
        let mask = |key: u64| {
            let (mut outputs, mut slopes) = (vec![1.0_f32; 40_000], vec![1.0_f32; 40_000]);
            drop_out(0.5, key, 0, [&mut outputs, &mut slopes, &mut []]);
            outputs.into_iter().map(|value| f64::from(value) - 1.0).collect::<Vec<f64>>()
        };
        let correlation =
            |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / a.len() as f64;
        let one = mask(7);
        for shift in [1, 2, 64, 128] {
            assert!(correlation(&one[shift..], &one).abs() < 0.02, "places {shift} apart");
        }
        for other in [6, 8, 7 + (1 << 32), 7 + (1 << 31)] {
            // Keys that differ in one half see the same pairs twice, so this is four standard errors.
            assert!(correlation(&one, &mask(other)).abs() < 0.03, "keys 7 and {other}");
        }
    }

    #[test]
    fn the_way_back_sums_the_bias_of_each_member() {
        let shape = Shape { members: 2, rows: 2, columns: 2 };
        let mut gradients = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let slopes = [1.0, 0.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0];
        assert_eq!(activate_back(&mut gradients, &slopes, 1.0, shape), vec![4.0, 4.0, 17.0, 14.0]);
        assert_eq!(gradients, vec![1.0, 0.0, 3.0, 4.0, 10.0, 6.0, 7.0, 8.0]);
    }
}
