//! The first layer of many networks in one: a row of its own for each.

use burn::tensor::Tensor;

use super::super::host::{Values, values, values_mut};
use super::super::kernel::Shape;
use super::super::parameters::{Gradients, Index, Stack};
use super::super::simd::vectorised;
use super::{Back, Layer, Pass, Trace, by_copy, of_copy, shape_of};

/// `k` copies of every row, each times factors of its own: `x ⊙ r_j`.
#[derive(Debug)]
pub(crate) struct Spread {
    /// `r`, `[k, columns]`.
    pub(crate) adapter: Index,
    /// `k`.
    pub(crate) copies: usize,
    /// Whether the gradient of the input is of use.
    pub(crate) goes_back: bool,
}

impl Spread {
    fn forward(&self, input: &Values, stack: &Stack, shape: Shape, output: &mut [f32]) {
        let adapters = stack.plain(self.adapter).chunks_exact(self.copies * shape.columns);
        let blocks = values(input).chunks_exact(shape.block());
        let outputs = output.chunks_exact_mut(shape.block() * self.copies);
        for ((block, output), adapter) in blocks.zip(outputs).zip(adapters) {
            vectorised!(|| {
                let rows = block.chunks_exact(shape.columns);
                for (row, output) in rows.zip(output.chunks_exact_mut(adapter.len())) {
                    let copies = output.chunks_exact_mut(shape.columns);
                    for (output, adapter) in copies.zip(adapter.chunks_exact(shape.columns)) {
                        for ((output, x), factor) in output.iter_mut().zip(row).zip(adapter) {
                            *output = x * factor;
                        }
                    }
                }
            });
        }
    }

    /// The gradients of the adapters and, if it is of use, of the input.
    fn back(&self, gradient: &[f32], input: &[f32], stack: &Stack, shape: Shape) -> (Vec<f32>, Vec<f32>) {
        let columns = shape.columns;
        let adapters = stack.plain(self.adapter);
        let mut of_adapters = vec![0.0; adapters.len()];
        let mut of_input = vec![0.0; if self.goes_back { input.len() } else { 0 }];
        let wide = self.copies * columns;
        for member in 0..shape.members {
            let adapter = &adapters[member * wide..(member + 1) * wide];
            let of_adapter = &mut of_adapters[member * wide..(member + 1) * wide];
            vectorised!(|| {
                for row in member * shape.rows..(member + 1) * shape.rows {
                    let own = row * columns..(row + 1) * columns;
                    let gradient = &gradient[row * wide..(row + 1) * wide];
                    let copies = gradient.chunks_exact(columns).zip(of_adapter.chunks_exact_mut(columns));
                    for ((gradient, sums), adapter) in copies.zip(adapter.chunks_exact(columns)) {
                        let terms = gradient.iter().zip(&input[own.clone()]);
                        sums.iter_mut().zip(terms).for_each(|(sum, (gradient, x))| *sum += gradient * x);
                        if self.goes_back {
                            let terms = gradient.iter().zip(adapter);
                            let sums = of_input[own.clone()].iter_mut().zip(terms);
                            sums.for_each(|(sum, (gradient, factor))| *sum += gradient * factor);
                        }
                    }
                }
            });
        }
        (of_adapters, of_input)
    }
}

impl Layer for Spread {
    fn train<'a>(&'a self, input: Tensor<3>, pass: &'a Pass<'a>) -> (Tensor<3>, Back<'a>) {
        let shape = shape_of(&input);
        let input = Values::take(input);
        let wide = [shape.members, shape.rows * self.copies, shape.columns];
        let mut output = Values::unspecified(wide, pass.device);
        self.forward(&input, pass.stack, shape, values_mut(&mut output));
        let back = move |gradient: Values, gradients: &mut Gradients| {
            let (of_adapter, of_input) = self.back(values(&gradient), values(&input), pass.stack, shape);
            gradients.add_host(self.adapter, of_adapter);
            if !self.goes_back {
                return input;
            }
            let mut result = input;
            values_mut(&mut result).copy_from_slice(&of_input);
            result
        };
        (output.into_tensor(pass.device), Box::new(back))
    }

    fn predict(&self, input: Tensor<3>, stack: &Stack) -> Tensor<3> {
        let (shape, device) = (shape_of(&input), input.device());
        let input = Values::take(input);
        let mut output =
            Values::unspecified([shape.members, shape.rows * self.copies, shape.columns], &device);
        self.forward(&input, stack, shape, values_mut(&mut output));
        output.into_tensor(&device)
    }

    fn trace(&self, input: Tensor<3>, trace: &Trace<'_>) -> Tensor<3> {
        let [members, rows, columns] = input.dims();
        let spread = by_copy(input, 1) * of_copy(trace.array(self.adapter));
        spread.reshape([members, rows * self.copies, columns])
    }
}
