//! The last layers of many networks, each with a linear map of its own.

use burn::tensor::Tensor;

use super::super::host::{Values, values, values_mut};
use super::super::kernel::Shape;
use super::super::parameters::{Gradients, Index, Stack};
use super::super::simd::vectorised;
use super::super::sums;
use super::{Back, Layer, Pass, Trace, by_copy, of_copy, shape_of};

/// `x_j W_j + b_j` for copy `j` of every row; rows are as [`Spread`](super::Spread) makes them.
#[derive(Debug)]
pub(crate) struct Heads {
    /// The columns of every `W_j` one after another, `[k * out, in]`.
    pub(crate) weight: Index,
    /// `b_j`, `[k, out]`.
    pub(crate) bias: Index,
    /// `k`.
    pub(crate) copies: usize,
    /// Numbers that come out.
    pub(crate) n_outputs: usize,
}

impl Heads {
    fn forward(&self, input: &[f32], stack: &Stack, shape: Shape, outputs: &mut [f32]) {
        let (n_in, n_out) = (shape.columns, self.n_outputs);
        let of_row = self.copies * n_out;
        let rows = input.chunks_exact(self.copies * n_in).zip(outputs.chunks_exact_mut(of_row));
        let per_member = shape.rows / self.copies;
        let (weights, biases) = (stack.plain(self.weight), stack.plain(self.bias));
        vectorised!(|| {
            for (row, (input, outputs)) in rows.enumerate() {
                let first = row / per_member * of_row;
                let weights = weights[first * n_in..(first + of_row) * n_in].chunks_exact(n_in * n_out);
                let copies = outputs.chunks_exact_mut(n_out).zip(biases[first..].chunks_exact(n_out));
                for ((input, weights), (outputs, biases)) in input.chunks_exact(n_in).zip(weights).zip(copies)
                {
                    let answers = outputs.iter_mut().zip(weights.chunks_exact(n_in)).zip(biases);
                    answers
                        .for_each(|((output, weights), bias)| *output = sums::product(input, weights) + bias);
                }
            }
        });
    }

    /// Gradients of weights and biases; `inputs` become theirs.
    fn back(
        &self,
        gradient: &[f32],
        inputs: &mut [f32],
        stack: &Stack,
        shape: Shape,
    ) -> (Vec<f32>, Vec<f32>) {
        let (n_in, n_out) = (shape.columns, self.n_outputs);
        let of_row = self.copies * n_out;
        let per_member = shape.rows / self.copies;
        let weights = stack.plain(self.weight);
        let (mut of_weights, mut of_biases) = (vec![0.0; weights.len()], vec![0.0; shape.members * of_row]);
        let rows = inputs.chunks_exact_mut(n_in).zip(gradient.chunks_exact(n_out));
        vectorised!(|| {
            for (index, (input, gradient)) in rows.enumerate() {
                let (row, copy) = (index / self.copies, index % self.copies);
                let first = row / per_member * of_row + copy * n_out;
                let own = first * n_in..(first + n_out) * n_in;
                let biases = of_biases[first..first + n_out].iter_mut().zip(gradient);
                biases.for_each(|(sum, gradient)| *sum += gradient);
                for (sums, gradient) in of_weights[own.clone()].chunks_exact_mut(n_in).zip(gradient) {
                    sums.iter_mut().zip(&*input).for_each(|(sum, x)| *sum += gradient * x);
                }
                input.fill(0.0);
                for (weights, gradient) in weights[own].chunks_exact(n_in).zip(gradient) {
                    input.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += gradient * weight);
                }
            }
        });
        (of_weights, of_biases)
    }
}

impl Layer for Heads {
    fn train<'a>(&'a self, input: Tensor<3>, pass: &'a Pass<'a>) -> (Tensor<3>, Back<'a>) {
        let shape = shape_of(&input);
        let mut input = Values::take(input);
        let mut output = Values::unspecified([shape.members, shape.rows, self.n_outputs], pass.device);
        self.forward(values(&input), pass.stack, shape, values_mut(&mut output));
        let back = move |gradient: Values, gradients: &mut Gradients| {
            let (weight, bias) = self.back(values(&gradient), values_mut(&mut input), pass.stack, shape);
            gradients.add_host(self.weight, weight);
            gradients.add_host(self.bias, bias);
            input
        };
        (output.into_tensor(pass.device), Box::new(back))
    }

    fn predict(&self, input: Tensor<3>, stack: &Stack) -> Tensor<3> {
        let (shape, device) = (shape_of(&input), input.device());
        let input = Values::take(input);
        let mut output = Values::unspecified([shape.members, shape.rows, self.n_outputs], &device);
        self.forward(values(&input), stack, shape, values_mut(&mut output));
        output.into_tensor(&device)
    }

    fn trace(&self, input: Tensor<3>, trace: &Trace<'_>) -> Tensor<3> {
        let [members, rows, n_in] = input.dims();
        let (copies, n_rows) = (self.copies, rows / self.copies);
        // A matrix a member and head.
        let by_head: Tensor<4> = by_copy(input, copies).swap_dims(1, 2);
        let by_head = by_head.reshape([members * copies, n_rows, n_in]);
        let weight = trace.array(self.weight).reshape([members * copies, self.n_outputs, n_in]);
        let product = trace.product(by_head, weight.swap_dims(1, 2));
        let by_row = product.reshape([members, copies, n_rows, self.n_outputs]).swap_dims(1, 2);
        (by_row + of_copy(trace.array(self.bias))).reshape([members, rows, self.n_outputs])
    }
}
