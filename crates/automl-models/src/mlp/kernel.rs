//! Fused element-wise kernels of hidden layers, on values of shape `[members, rows, columns]`.
//!
//! Sums run over rows in order, so they do not depend on threads.

use super::activation::{Activation, Gelu, Identity, Mish, Relu, Scalar, Selu, Silu};
use super::simd::vectorised;

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

/// Adds `bias` `[members, columns]` to `inputs`, applies the activation into `outputs` and leaves the slopes in
/// `inputs` for the way back.
pub(crate) fn activate(
    activation: Activation,
    inputs: &mut [f32],
    bias: &[f32],
    outputs: &mut [f32],
    shape: Shape,
) {
    match activation {
        Activation::Relu => activate_with::<Relu>(inputs, bias, outputs, shape),
        Activation::Silu => activate_with::<Silu>(inputs, bias, outputs, shape),
        Activation::Gelu => activate_with::<Gelu>(inputs, bias, outputs, shape),
        Activation::Selu => activate_with::<Selu>(inputs, bias, outputs, shape),
        Activation::Mish => activate_with::<Mish>(inputs, bias, outputs, shape),
    }
}

fn activate_with<F: Scalar>(inputs: &mut [f32], bias: &[f32], outputs: &mut [f32], shape: Shape) {
    if shape.is_empty() {
        return;
    }
    let blocks = inputs.chunks_exact_mut(shape.block()).zip(outputs.chunks_exact_mut(shape.block()));
    for ((block, outputs), bias) in blocks.zip(bias.chunks_exact(shape.columns)) {
        vectorised(|| {
            let rows = block.chunks_exact_mut(shape.columns).zip(outputs.chunks_exact_mut(shape.columns));
            for (row, outputs) in rows {
                for ((input, output), bias) in row.iter_mut().zip(outputs).zip(bias) {
                    (*output, *input) = F::both(*input + bias);
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
        Some(Activation::Relu) => apply_with::<Relu>(values, scale, bias, shape),
        Some(Activation::Silu) => apply_with::<Silu>(values, scale, bias, shape),
        Some(Activation::Gelu) => apply_with::<Gelu>(values, scale, bias, shape),
        Some(Activation::Selu) => apply_with::<Selu>(values, scale, bias, shape),
        Some(Activation::Mish) => apply_with::<Mish>(values, scale, bias, shape),
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
        vectorised(|| {
            for row in block.chunks_exact_mut(shape.columns) {
                if let Some(scale) = scale {
                    row.iter_mut().zip(scale).for_each(|(value, scale)| *value *= scale);
                }
                row.iter_mut().zip(bias).for_each(|(value, bias)| *value = F::both(*value + bias).0);
            }
        });
    }
}

/// Turns gradients of the outputs into gradients of the inputs and returns those of the bias,
/// `[members, columns]`.
pub(crate) fn activate_back(gradients: &mut [f32], slopes: &[f32], shape: Shape) -> Vec<f32> {
    let mut sums = vec![0.0; shape.members * shape.columns];
    if shape.is_empty() {
        return sums;
    }
    let blocks = gradients.chunks_exact_mut(shape.block()).zip(slopes.chunks_exact(shape.block()));
    for ((block, slopes), sums) in blocks.zip(sums.chunks_exact_mut(shape.columns)) {
        vectorised(|| {
            let rows = block.chunks_exact_mut(shape.columns).zip(slopes.chunks_exact(shape.columns));
            for (row, slopes) in rows {
                for ((gradient, slope), sum) in row.iter_mut().zip(slopes).zip(&mut *sums) {
                    *gradient *= slope;
                    *sum += *gradient;
                }
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
        vectorised(|| {
            for row in block.chunks_exact(shape.columns) {
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
        });
    }
    sums
}

/// Inverted dropout (Srivastava et al. 2014) of one member: drops each value with probability `rate`
/// and scales the rest by `1 / (1 - rate)`, in `outputs` and, for the way back, in `slopes`.
///
/// Whether value `i` (rows in order, so rows of padding at the end change nothing) is dropped is a function of
/// `key` and `i` alone, so that parts of a batch, and devices with operations of their own, get the same mask.
/// `first` is the place of the first of these values in the batch.
pub(crate) fn drop_out(rate: f32, key: u64, first: usize, outputs: &mut [f32], slopes: &mut [f32]) {
    let (threshold, kept) = (drop_threshold(rate), kept_scale(rate));
    let (one, other) = drop_keys(key);
    vectorised(|| {
        for ((index, output), slope) in (first as u32..).zip(outputs).zip(slopes) {
            let factor = if drop_hash(index, one, other) < threshold { 0.0 } else { kept };
            *output *= factor;
            *slope *= factor;
        }
    });
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

/// 16 bits of `index` under a key.
#[inline]
fn drop_hash(index: u32, first: u32, second: u32) -> u32 {
    let mut x = index;
    for half in [first, second] {
        x ^= half;
        for (shift, by) in DROP_HASH {
            x = (x ^ (x >> shift)).wrapping_mul(by);
        }
    }
    x >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropout_keeps_the_mean_and_its_rate() {
        let (mut outputs, mut slopes) = (vec![1.0_f32; 40_000], vec![1.0_f32; 40_000]);
        drop_out(0.3, 0x0123_4567_89AB_CDEF, 0, &mut outputs, &mut slopes);
        assert_eq!(outputs, slopes);
        let dropped = outputs.iter().filter(|value| **value == 0.0).count() as f64 / 4e4;
        let mean = outputs.iter().map(|value| f64::from(*value)).sum::<f64>() / 4e4;
        assert!((dropped - 0.3).abs() < 0.01 && (mean - 1.0).abs() < 0.015, "{dropped} {mean}");
    }

    #[test]
    fn parts_of_a_batch_get_their_parts_of_the_mask() {
        let (mut whole, mut slopes) = (vec![1.0_f32; 100], vec![1.0_f32; 100]);
        drop_out(0.4, 9, 0, &mut whole, &mut slopes);
        let (mut part, mut slopes) = (vec![1.0_f32; 60], vec![1.0_f32; 60]);
        drop_out(0.4, 9, 40, &mut part, &mut slopes);
        assert_eq!(part, whole[40..]);
    }

    /// Neighbours in place and neighbours in key are dropped independently of each other.
    #[test]
    fn masks_of_neighbours_are_uncorrelated() {
        let mask = |key: u64| {
            let (mut outputs, mut slopes) = (vec![1.0_f32; 40_000], vec![1.0_f32; 40_000]);
            drop_out(0.5, key, 0, &mut outputs, &mut slopes);
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
        assert_eq!(activate_back(&mut gradients, &slopes, shape), vec![4.0, 4.0, 17.0, 14.0]);
        assert_eq!(gradients, vec![1.0, 0.0, 3.0, 4.0, 10.0, 6.0, 7.0, 8.0]);
    }
}
