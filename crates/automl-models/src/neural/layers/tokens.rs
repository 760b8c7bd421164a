//! From the row of a table to a row a token (Gorishniy et al. 2021, section 3.3).

use burn::tensor::Tensor;

use super::super::host::{Values, values, values_mut};
use super::super::kernel::Shape;
use super::super::parameters::{Gradients, Index, Stack};
use super::super::simd::vectorised;
use super::{Back, Layer, Pass, Trace, shape_of};

/// The columns of a row are its tokens one after another, those of categories first. Each becomes a row of its own, and
/// the token that asks for the answer, the same in every row, stands before them.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// The token that asks, `[1, width]`.
    pub(crate) asking: Index,
    /// What is added to the tokens of categories, `[n_categories, width]`.
    pub(crate) bias: Option<Index>,
    /// Tokens of a row, the one that asks included.
    pub(crate) per_row: usize,
}

impl Layer for Tokens {
    fn train<'a>(&'a self, input: Tensor<3>, pass: &'a Pass<'a>) -> (Tensor<3>, Back<'a>) {
        let shape = shape_of(&input);
        let input = Values::take(input);
        let width = shape.columns / (self.per_row - 1);
        let wide = [shape.members, shape.rows * self.per_row, width];
        let mut output = Values::unspecified(wide, pass.device);
        self.forward(values(&input), pass.stack, shape, values_mut(&mut output));
        let back = move |gradient: Values, gradients: &mut Gradients| {
            let mut of_input = input;
            let of_row = self.per_row * width;
            let n_shifted = self.bias.map_or(0, |bias| pass.stack.shape(bias)[0]);
            let mut of_asking = vec![0.0; shape.members * width];
            let mut of_bias = vec![0.0; shape.members * n_shifted * width];
            let rows = values(&gradient).chunks_exact(of_row);
            let rows = rows.zip(values_mut(&mut of_input).chunks_exact_mut(shape.columns));
            vectorised!(|| for (row, (gradient, target)) in rows.enumerate() {
                let member = row / shape.rows;
                let (first, others) = gradient.split_at(width);
                add(&mut of_asking[member * width..(member + 1) * width], first);
                let shifted = n_shifted * width;
                add(&mut of_bias[member * shifted..(member + 1) * shifted], &others[..shifted]);
                target.copy_from_slice(others);
            });
            gradients.add_host(self.asking, of_asking);
            if let Some(bias) = self.bias {
                gradients.add_host(bias, of_bias);
            }
            of_input
        };
        (output.into_tensor(pass.device), Box::new(back))
    }

    fn predict(&self, input: Tensor<3>, stack: &Stack) -> Tensor<3> {
        let (shape, device) = (shape_of(&input), input.device());
        let input = Values::take(input);
        let width = shape.columns / (self.per_row - 1);
        let mut output = Values::unspecified([shape.members, shape.rows * self.per_row, width], &device);
        self.forward(values(&input), stack, shape, values_mut(&mut output));
        output.into_tensor(&device)
    }

    fn trace(&self, input: Tensor<3>, trace: &Trace<'_>) -> Tensor<3> {
        let [members, rows, columns] = input.dims();
        let asking = trace.array(self.asking);
        let width = asking.dims()[2];
        let mut parts = vec![asking.expand([members, rows, width])];
        match self.bias.map(|bias| trace.array(bias)) {
            None => parts.push(input),
            Some(bias) => {
                let shifted = bias.dims()[1] * width;
                let bias = bias.reshape([members, 1, shifted]);
                parts.push(input.clone().slice([0..members, 0..rows, 0..shifted]) + bias);
                if shifted < columns {
                    parts.push(input.slice([0..members, 0..rows, shifted..columns]));
                }
            }
        }
        Tensor::cat(parts, 2).reshape([members, rows * self.per_row, width])
    }
}

impl Tokens {
    fn forward(&self, input: &[f32], stack: &Stack, shape: Shape, output: &mut [f32]) {
        let width = shape.columns / (self.per_row - 1);
        let asking = stack.plain(self.asking);
        let bias = self.bias.map_or(&[][..], |bias| stack.plain(bias));
        let shifted = bias.len() / shape.members;
        let rows = input.chunks_exact(shape.columns).zip(output.chunks_exact_mut(self.per_row * width));
        vectorised!(|| for (row, (input, output)) in rows.enumerate() {
            let member = row / shape.rows;
            let (first, others) = output.split_at_mut(width);
            first.copy_from_slice(&asking[member * width..(member + 1) * width]);
            others.copy_from_slice(input);
            add(&mut others[..shifted], &bias[member * shifted..(member + 1) * shifted]);
        });
    }
}

#[inline]
fn add(sums: &mut [f32], terms: &[f32]) {
    sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
}
