//! A learnt factor on every value.

use burn::tensor::Tensor;

use super::super::host::{Values, values, values_mut};
use super::super::kernel::{self, Shape};
use super::super::parameters::{Gradients, Index, Stack};
use super::super::simd::vectorised;
use super::{Back, Layer, Pass, Trace, shape_of};

/// `s x`, value by value.
#[derive(Debug)]
pub(crate) struct Scale {
    /// `s`, `[1, columns]`; padded members have zeros there.
    pub(crate) factor: Index,
}

impl Layer for Scale {
    fn train<'a>(&'a self, input: Tensor<3>, pass: &'a Pass<'a>) -> (Tensor<3>, Back<'a>) {
        let stack = pass.stack;
        let output = self.predict(input.clone(), stack);
        let shape = shape_of(&output);
        let back = move |mut gradient: Values, gradients: &mut Gradients| {
            let input = Values::take(input);
            let sums = kernel::sums_of_products(values(&gradient), values(&input), shape);
            gradients.add_host(self.factor, sums);
            multiply(values_mut(&mut gradient), stack.plain(self.factor), shape);
            gradient
        };
        (output, Box::new(back))
    }

    fn predict(&self, input: Tensor<3>, stack: &Stack) -> Tensor<3> {
        let device = input.device();
        let shape = shape_of(&input);
        let mut data = Values::take(input);
        multiply(values_mut(&mut data), stack.plain(self.factor), shape);
        data.into_tensor(&device)
    }

    fn trace(&self, input: Tensor<3>, trace: &Trace<'_>) -> Tensor<3> {
        input * trace.array(self.factor)
    }
}

fn multiply(values: &mut [f32], factor: &[f32], shape: Shape) {
    for (block, factor) in values.chunks_exact_mut(shape.block()).zip(factor.chunks_exact(shape.columns)) {
        vectorised!(|| {
            for row in block.chunks_exact_mut(shape.columns) {
                row.iter_mut().zip(factor).for_each(|(value, factor)| *value *= factor);
            }
        });
    }
}
