//! The first layer of many networks in one: factors of its own for each.

use burn::tensor::Tensor;

use super::super::host::{Values, values, values_mut};
use super::super::parameters::{Gradients, Index, Stack};
use super::super::simd::vectorised;
use super::{Back, Layer, Pass, Trace, by_copy, of_copy};

/// `x ⊙ r_j` for network `j` of `k`. In training each has rows of its own, `k` at every place of the batch; in prediction all
/// see every row, which becomes `k` rows.
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
    /// The factors of each member with its part of some values.
    fn members<'s, 'v>(
        &self,
        stack: &'s Stack,
        columns: usize,
        values: &'v [f32],
    ) -> impl Iterator<Item = (&'s [f32], &'v [f32])> {
        let of_member = (values.len() / stack.members()).max(1);
        stack.plain(self.adapter).chunks_exact(self.copies * columns).zip(values.chunks_exact(of_member))
    }

    /// Every row as `k` rows.
    fn spread(&self, input: &[f32], stack: &Stack, columns: usize, output: &mut [f32]) {
        let of_member = (output.len() / stack.members()).max(1);
        let members = self.members(stack, columns, input).zip(output.chunks_exact_mut(of_member));
        for ((adapter, rows), output) in members {
            vectorised!(|| {
                let rows = rows.chunks_exact(columns).zip(output.chunks_exact_mut(adapter.len()));
                for (row, output) in rows {
                    let copies = output.chunks_exact_mut(columns).zip(adapter.chunks_exact(columns));
                    for (output, adapter) in copies {
                        multiply(row, adapter, output);
                    }
                }
            });
        }
    }

    /// Rows of their own, or what comes back to them, times the factors.
    fn scale(&self, input: &[f32], stack: &Stack, columns: usize, output: &mut [f32]) {
        let of_member = (output.len() / stack.members()).max(1);
        let members = self.members(stack, columns, input).zip(output.chunks_exact_mut(of_member));
        for ((adapter, input), output) in members {
            vectorised!(|| {
                let places = input.chunks_exact(adapter.len()).zip(output.chunks_exact_mut(adapter.len()));
                for (input, output) in places {
                    multiply(input, adapter, output);
                }
            });
        }
    }

    /// The gradients of the factors.
    fn back(&self, gradient: &[f32], input: &[f32], stack: &Stack, columns: usize) -> Vec<f32> {
        let wide = self.copies * columns;
        let of_member = (input.len() / stack.members()).max(1);
        let mut sums = vec![0.0; stack.members() * wide];
        let members = gradient.chunks_exact(of_member).zip(input.chunks_exact(of_member));
        for (sums, (gradient, input)) in sums.chunks_exact_mut(wide).zip(members) {
            vectorised!(|| {
                for (gradient, input) in gradient.chunks_exact(wide).zip(input.chunks_exact(wide)) {
                    let terms = gradient.iter().zip(input);
                    sums.iter_mut().zip(terms).for_each(|(sum, (gradient, x))| *sum += gradient * x);
                }
            });
        }
        sums
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "what is not inlined has no wide vectors")]
fn multiply(x: &[f32], factors: &[f32], output: &mut [f32]) {
    for ((output, x), factor) in output.iter_mut().zip(x).zip(factors) {
        *output = x * factor;
    }
}

impl Layer for Spread {
    fn train<'a>(&'a self, input: Tensor<3>, pass: &'a Pass<'a>) -> (Tensor<3>, Back<'a>) {
        let [members, rows, columns] = input.dims();
        let input = Values::take(input);
        let mut output = Values::unspecified([members, rows, columns], pass.device);
        self.scale(values(&input), pass.stack, columns, values_mut(&mut output));
        let back = move |gradient: Values, gradients: &mut Gradients| {
            gradients
                .add_host(self.adapter, self.back(values(&gradient), values(&input), pass.stack, columns));
            let mut result = input;
            if self.goes_back {
                self.scale(values(&gradient), pass.stack, columns, values_mut(&mut result));
            }
            result
        };
        (output.into_tensor(pass.device), Box::new(back))
    }

    fn predict(&self, input: Tensor<3>, stack: &Stack) -> Tensor<3> {
        let ([members, rows, columns], device) = (input.dims(), input.device());
        let input = Values::take(input);
        let mut output = Values::unspecified([members, rows * self.copies, columns], &device);
        self.spread(values(&input), stack, columns, values_mut(&mut output));
        output.into_tensor(&device)
    }

    fn trace(&self, input: Tensor<3>, trace: &Trace<'_>) -> Tensor<3> {
        let [members, _, columns] = input.dims();
        let each = if trace.batch.is_some() { self.copies } else { 1 };
        let rows: Tensor<4> = by_copy(input, each) * of_copy(trace.array(self.adapter));
        let [_, places, copies, _] = rows.dims();
        rows.reshape([members, places * copies, columns])
    }
}
