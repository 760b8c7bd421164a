//! Batch normalisation (Ioffe & Szegedy 2015) over the true rows of each member, and layer normalisation (Ba et al. 2016)
//! of each row.

use burn::tensor::Tensor;

use super::kernel::Shape;
use super::layers::Trace;
use super::parameters::{Index, Stack};
use super::simd::vectorised;
use super::sums;

/// Added to a variance before its root.
pub(crate) const EPSILON: f32 = 1e-5;
/// Weight of the newest batch in the running statistics.
pub(crate) const MOMENTUM: f32 = 0.1;

/// Where the arrays of a normalisation are; all `[1, columns]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchNorm {
    /// Learnt factor.
    pub(crate) scale: Index,
    /// Running mean and variance.
    pub(crate) running: [Index; 2],
}

/// What the way back needs.
#[derive(Debug)]
pub(crate) struct NormTape {
    /// Normalised values, `[members, rows, columns]`.
    normal: Vec<f32>,
    /// `1 / sqrt(variance + epsilon)`, `[members, columns]`.
    inverse: Vec<f32>,
}

/// Mean and biased variance of a batch, both `[members, columns]`.
#[derive(Debug, Clone)]
pub(crate) struct Moments {
    mean: Vec<f32>,
    variance: Vec<f32>,
}

impl BatchNorm {
    /// Normalises the first `counts[member]` rows of each member by their own mean and variance and scales
    /// them. The shift is the layer's bias, which is added later.
    pub(crate) fn forward(
        &self,
        stack: &Stack,
        values: &mut [f32],
        counts: &[usize],
        shape: Shape,
    ) -> (NormTape, Moments) {
        let scales = stack.plain(self.scale);
        let columns = shape.columns;
        let mut normal = vec![0.0; shape.len()];
        let mut inverse = vec![0.0; shape.members * columns];
        let mut means = inverse.clone();
        let mut variances = inverse.clone();
        for (member, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let own = member * columns..(member + 1) * columns;
            let rows = member * shape.block()..member * shape.block() + count * columns;
            let (mean, variance) = moments(&values[rows.clone()], columns);
            means[own.clone()].copy_from_slice(&mean);
            variances[own.clone()].copy_from_slice(&variance);
            let inverse = &mut inverse[own.clone()];
            for (inverse, variance) in inverse.iter_mut().zip(&variance) {
                *inverse = (variance + EPSILON).sqrt().recip();
            }
            let scale = &scales[own];
            let normal = normal[rows.clone()].chunks_exact_mut(columns);
            let values = values[rows].chunks_exact_mut(columns);
            vectorised!(|| {
                for (row, normal) in values.zip(normal) {
                    let facts = mean.iter().zip(&*inverse).zip(scale);
                    for ((value, normal), ((mean, inverse), scale)) in row.iter_mut().zip(normal).zip(facts) {
                        *normal = (*value - mean) * inverse;
                        *value = *normal * scale;
                    }
                }
            });
        }
        (NormTape { normal, inverse }, Moments { mean: means, variance: variances })
    }

    /// Turns gradients of the outputs into gradients of the inputs, rows of padding into 0, and returns
    /// the gradient of the scale, `[members, columns]`.
    pub(crate) fn backward(
        &self,
        stack: &Stack,
        tape: &NormTape,
        gradients: &mut [f32],
        counts: &[usize],
        shape: Shape,
    ) -> Vec<f32> {
        let columns = shape.columns;
        let scales = stack.plain(self.scale);
        let mut scale_gradient = vec![0.0; shape.members * columns];
        for (member, &count) in counts.iter().enumerate() {
            let own = member * columns..(member + 1) * columns;
            let start = member * shape.block();
            let rows = start..start + count * columns;
            gradients[rows.end..start + shape.block()].fill(0.0);
            let by_scale = &mut scale_gradient[own.clone()];
            let mut sums = vec![0.0; columns];
            let pairs = || tape.normal[rows.clone()].chunks_exact(columns);
            vectorised!(|| {
                for (row, normal) in gradients[rows.clone()].chunks_exact(columns).zip(pairs()) {
                    let totals = sums.iter_mut().zip(&mut *by_scale);
                    for ((gradient, normal), (sum, by_scale)) in row.iter().zip(normal).zip(totals) {
                        *sum += gradient;
                        *by_scale += gradient * normal;
                    }
                }
            });
            let share = 1.0 / count.max(1) as f32;
            let (scale, inverse) = (&scales[own.clone()], &tape.inverse[own]);
            vectorised!(|| {
                for (row, normal) in gradients[rows.clone()].chunks_exact_mut(columns).zip(pairs()) {
                    let facts = sums.iter().zip(&*by_scale).zip(scale.iter().zip(inverse));
                    for ((gradient, normal), ((sum, by_scale), (scale, inverse))) in
                        row.iter_mut().zip(normal).zip(facts)
                    {
                        *gradient = scale * inverse * (*gradient - share * (sum + normal * by_scale));
                    }
                }
            });
        }
        scale_gradient
    }

    /// [`BatchNorm::forward`], or normalisation by the running statistics in prediction, as tensor operations.
    pub(crate) fn trace(&self, z: Tensor<3>, trace: &Trace<'_>) -> Tensor<3> {
        let scale = trace.array(self.scale);
        let running = self.running.map(|index| trace.array(index));
        let Some(batch) = &trace.batch else {
            let [mean, variance] = running;
            return (z - mean) * ((variance + EPSILON).sqrt().recip() * scale);
        };
        let counts = &batch.counts;
        let mean = (z.clone() * counts.present.clone()).sum_dim(1) * counts.share.clone();
        let centred = (z - mean.clone()) * counts.present.clone();
        let variance = (centred.clone() * centred.clone()).sum_dim(1) * counts.share.clone();
        let unbiased = variance.clone() * counts.unbias.clone();
        for ((index, before), now) in self.running.into_iter().zip(running).zip([mean, unbiased]) {
            let moved = before.clone() + (now - before) * counts.weight.clone();
            batch.tracked.borrow_mut().push((index, moved.inner()));
        }
        centred * (variance + EPSILON).sqrt().recip() * scale
    }

    /// Factor and shift that normalisation of values times `factor`, and then `bias`, are in prediction.
    pub(crate) fn fold(&self, stack: &Stack, bias: &[f32], factor: f32) -> (Vec<f32>, Vec<f32>) {
        let [mean, variance] = self.running.map(|index| stack.plain(index));
        let inverse = variance.iter().map(|variance| (variance + EPSILON).sqrt().recip());
        let scales: Vec<f32> =
            stack.plain(self.scale).iter().zip(inverse).map(|(scale, inverse)| scale * inverse).collect();
        let shifts = scales.iter().zip(mean).zip(bias);
        let shift = shifts.map(|((scale, mean), bias)| bias - mean * scale).collect();
        (scales.into_iter().map(|scale| scale * factor).collect(), shift)
    }
}

/// Normalises each row by its own mean and variance and multiplies with a factor a column; the shift is added later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LayerNorm {
    /// Learnt factor, `[1, columns]`.
    pub(crate) scale: Index,
}

impl LayerNorm {
    /// Normalises all rows and scales them; the tape has a `1 / deviation` of each row.
    pub(crate) fn forward(self, stack: &Stack, values: &mut [f32], shape: Shape) -> NormTape {
        let columns = shape.columns;
        let share = 1.0 / columns as f32;
        let mut normal = vec![0.0; shape.len()];
        let mut inverse = vec![0.0; shape.members * shape.rows];
        let rows = values.chunks_exact_mut(columns).zip(normal.chunks_exact_mut(columns)).zip(&mut inverse);
        let scales = stack.plain(self.scale);
        vectorised!(|| for (index, ((row, normal), inverse)) in rows.enumerate() {
            let mean = sums::sum_of(row, |x| x) * share;
            let variance = sums::sum_of(row, |x| (x - mean) * (x - mean)) * share;
            *inverse = (variance + EPSILON).sqrt().recip();
            let member = index / shape.rows;
            let scales = &scales[member * columns..(member + 1) * columns];
            for ((value, normal), scale) in row.iter_mut().zip(normal).zip(scales) {
                *normal = (*value - mean) * *inverse;
                *value = *normal * scale;
            }
        });
        NormTape { normal, inverse }
    }

    /// Turns gradients of the outputs into gradients of the inputs and returns that of the scale, `[members, columns]`.
    pub(crate) fn backward(
        self,
        stack: &Stack,
        tape: &NormTape,
        gradients: &mut [f32],
        shape: Shape,
    ) -> Vec<f32> {
        let columns = shape.columns;
        let share = 1.0 / columns as f32;
        let scales = stack.plain(self.scale);
        let mut of_scale = vec![0.0; shape.members * columns];
        let rows = gradients.chunks_exact_mut(columns).zip(tape.normal.chunks_exact(columns));
        vectorised!(|| for (index, ((row, normal), inverse)) in rows.zip(&tape.inverse).enumerate() {
            let member = index / shape.rows;
            let own = member * columns..(member + 1) * columns;
            let facts = normal.iter().zip(&scales[own.clone()]);
            for (sum, (gradient, (normal, scale))) in of_scale[own].iter_mut().zip(row.iter_mut().zip(facts))
            {
                *sum += *gradient * normal;
                *gradient *= scale;
            }
            let mean = sums::sum_of(row, |gradient| gradient) * share;
            let by_normal = sums::product(row, normal) * share;
            for (gradient, normal) in row.iter_mut().zip(normal) {
                *gradient = inverse * (*gradient - mean - normal * by_normal);
            }
        });
        of_scale
    }

    /// The same as tensor operations.
    pub(crate) fn trace(self, z: Tensor<3>, trace: &Trace<'_>) -> Tensor<3> {
        let centred = z.clone() - z.mean_dim(2);
        let variance = (centred.clone() * centred.clone()).mean_dim(2);
        centred * (variance + EPSILON).sqrt().recip() * trace.array(self.scale)
    }
}

impl Moments {
    /// Moves the running statistics of the members with rows. The running variance takes the unbiased
    /// estimate, as `PyTorch`'s does.
    pub(crate) fn track(&self, [mean, variance]: [Index; 2], stack: &mut Stack, counts: &[usize]) {
        let columns = self.mean.len() / counts.len();
        for (member, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let own = member * columns..(member + 1) * columns;
            let unbiased = count as f32 / (count.max(2) - 1) as f32;
            let mut move_towards = |index: Index, batch: &[f32], factor: f32| {
                for (running, batch) in stack.plain_mut(index)[own.clone()].iter_mut().zip(batch) {
                    *running += MOMENTUM * (batch * factor - *running);
                }
            };
            move_towards(mean, &self.mean[own.clone()], 1.0);
            move_towards(variance, &self.variance[own.clone()], unbiased);
        }
    }
}

/// Mean and biased variance of each column.
fn moments(values: &[f32], columns: usize) -> (Vec<f32>, Vec<f32>) {
    let share = columns as f32 / values.len() as f32;
    let mut mean = vec![0.0; columns];
    let mut variance = vec![0.0; columns];
    vectorised!(|| {
        for row in values.chunks_exact(columns) {
            mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += value);
        }
        for mean in &mut mean {
            *mean *= share;
        }
        for row in values.chunks_exact(columns) {
            for ((variance, mean), value) in variance.iter_mut().zip(&mean).zip(row) {
                *variance += (value - mean) * (value - mean);
            }
        }
        for variance in &mut variance {
            *variance *= share;
        }
    });
    (mean, variance)
}
