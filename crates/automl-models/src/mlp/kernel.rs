//! Fused element-wise kernels of hidden layers, on values of shape `[members, rows, columns]`.
//!
//! Sums run over rows in order, so they do not depend on threads.

use super::activation::{Activation, Gelu, Identity, Mish, Relu, Scalar, Selu, Silu};
use super::rng::Draws;

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

/// Adds `bias` `[members, columns]` to `inputs`, applies the activation into `outputs`, which starts
/// empty, and leaves the slopes in `inputs` for the way back.
pub(crate) fn activate(
    activation: Activation,
    inputs: &mut [f32],
    bias: &[f32],
    outputs: &mut Vec<f32>,
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

fn activate_with<F: Scalar>(inputs: &mut [f32], bias: &[f32], outputs: &mut Vec<f32>, shape: Shape) {
    if shape.is_empty() {
        return;
    }
    outputs.reserve(shape.len());
    for (block, bias) in inputs.chunks_exact_mut(shape.block()).zip(bias.chunks_exact(shape.columns)) {
        for row in block.chunks_exact_mut(shape.columns) {
            outputs.extend(row.iter_mut().zip(bias).map(|(input, bias)| {
                let (value, slope) = F::both(*input + bias);
                *input = slope;
                value
            }));
        }
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
        let bias = &bias[own.clone()];
        for row in block.chunks_exact_mut(shape.columns) {
            if let Some(scale) = scale {
                row.iter_mut().zip(&scale[own.clone()]).for_each(|(value, scale)| *value *= scale);
            }
            row.iter_mut().zip(bias).for_each(|(value, bias)| *value = F::both(*value + bias).0);
        }
    }
}

/// Turns gradients of the outputs into gradients of the inputs and returns those of the bias,
/// `[members, columns]`.
pub(crate) fn activate_back(gradients: &mut [f32], slopes: &[f32], shape: Shape) -> Vec<f32> {
    gradients.iter_mut().zip(slopes).for_each(|(gradient, slope)| *gradient *= slope);
    column_sums(gradients, shape)
}

/// Sums over the rows of each member, `[members, columns]`.
pub(crate) fn column_sums(values: &[f32], shape: Shape) -> Vec<f32> {
    let mut sums = vec![0.0; shape.members * shape.columns];
    if shape.is_empty() {
        return sums;
    }
    for (block, sums) in values.chunks_exact(shape.block()).zip(sums.chunks_exact_mut(shape.columns)) {
        for row in block.chunks_exact(shape.columns) {
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
    }
    sums
}

/// Inverted dropout (Srivastava et al. 2014) of one member: drops each value with probability `rate`
/// and scales the rest by `1 / (1 - rate)`, in `outputs` and, for the way back, in `slopes`.
///
/// Draws come row by row, so rows of padding at the end change nothing. Four values share 64 bits,
/// which makes the rate exact to `2^-16`.
pub(crate) fn drop_out(rate: f32, draws: &mut Draws, outputs: &mut [f32], slopes: &mut [f32]) {
    let threshold = (rate * 65_536.0) as u64;
    let kept = 1.0 / (1.0 - threshold as f32 / 65_536.0);
    for (outputs, slopes) in outputs.chunks_mut(4).zip(slopes.chunks_mut(4)) {
        let mut bits = draws.bits();
        for (output, slope) in outputs.iter_mut().zip(slopes) {
            let factor = if bits & 0xFFFF < threshold { 0.0 } else { kept };
            *output *= factor;
            *slope *= factor;
            bits >>= 16;
        }
    }
}

#[cfg(test)]
mod tests {
    use automl_core::Seed;

    use super::*;

    #[test]
    fn dropout_keeps_the_mean_and_its_rate() {
        let (mut outputs, mut slopes) = (vec![1.0_f32; 40_000], vec![1.0_f32; 40_000]);
        drop_out(0.3, &mut Draws::new(Seed(1)), &mut outputs, &mut slopes);
        assert_eq!(outputs, slopes);
        let dropped = outputs.iter().filter(|value| **value == 0.0).count() as f64 / 4e4;
        let mean = outputs.iter().map(|value| f64::from(*value)).sum::<f64>() / 4e4;
        assert!((dropped - 0.3).abs() < 0.01 && (mean - 1.0).abs() < 0.015, "{dropped} {mean}");
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
