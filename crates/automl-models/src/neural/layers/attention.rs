//! Attention among the tokens of a row (Vaswani et al. 2017, section 3.2).

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

use super::super::host::{Values, values, values_mut};
use super::super::kernel::{self, Shape};
use super::super::parameters::{Gradients, Index, Stack};
use super::attend::{Head, Sizes};
use super::residual::{add_to_firsts, firsts};
use super::{Back, DropSite, Layer, Pass, Trace, product_back, shape_of};

/// `softmax(Q Kᵀ / sqrt(d)) V` of every head, heads side by side; probabilities are dropped. Rows are tokens.
///
/// Probabilities are not kept for the way back but computed anew, a row of the table and a head at a time: on the host
/// they never take more than the square of the number of tokens. As tensor operations they take rows x heads x tokens².
#[derive(Debug)]
pub(crate) struct Attention {
    /// Matrix and bias of `Q`, `[width, width]` and `[1, width]`.
    pub(crate) queries: [Index; 2],
    /// Those of `K` and `V` side by side, `[width, 2 width]` and `[1, 2 width]`.
    pub(crate) keys: [Index; 2],
    /// Heads, of which the width is a multiple.
    pub(crate) n_heads: usize,
    /// Tokens of a row.
    pub(crate) n_tokens: usize,
    /// Whether the first token of a row alone asks; the others have no output then.
    pub(crate) first_asks: bool,
}

impl Attention {
    fn sizes(&self, width: usize) -> Sizes {
        let n_asking = if self.first_asks { 1 } else { self.n_tokens };
        Sizes { n_asking, n_tokens: self.n_tokens, n_heads: self.n_heads, width }
    }

    /// The tokens that ask.
    fn asking(&self, input: Tensor<3>) -> Tensor<3> {
        if self.first_asks { firsts(input, self.n_tokens) } else { input }
    }
}

/// `x W + b`.
fn linear(input: Tensor<3>, [weight, bias]: [Index; 2], stack: &Stack) -> (Values, Shape) {
    let product = input.matmul(stack.matrix(weight));
    let shape = shape_of(&product);
    let mut data = Values::take(product);
    kernel::apply(None, values_mut(&mut data), None, stack.plain(bias), shape);
    (data, shape)
}

impl Layer for Attention {
    fn train<'a>(&'a self, input: Tensor<3>, pass: &'a Pass<'a>) -> (Tensor<3>, Back<'a>) {
        let asking = self.asking(input.clone());
        let (mut queries, shape) = linear(asking.clone(), self.queries, pass.stack);
        let (mut keys, key_shape) = linear(input.clone(), self.keys, pass.stack);
        let sizes = self.sizes(shape.columns);
        let mut output = Values::unspecified([shape.members, shape.rows, shape.columns], pass.device);
        let probabilities =
            Shape { members: shape.members, rows: shape.rows * self.n_heads, columns: self.n_tokens };
        let masks = pass.masks(DropSite::Attention, probabilities);
        let of_member = shape.rows / sizes.n_asking;
        let drop_out = move |row: usize, head: usize, arrays: &mut [&mut [f32]; 3]| {
            let place = (row % of_member * sizes.n_heads + head) * sizes.n_asking * sizes.n_tokens;
            masks.apply_from(row / of_member, place, arrays);
        };
        Head::new(sizes).forward(values(&queries), values(&keys), values_mut(&mut output), &drop_out);
        let back = move |gradient: Values, gradients: &mut Gradients| {
            let both = (values_mut(&mut queries), values_mut(&mut keys));
            Head::new(sizes).back(both.0, both.1, values(&gradient), &drop_out);
            drop(gradient);
            gradients.add_host(self.queries[1], kernel::column_sums(values(&queries), shape));
            gradients.add_host(self.keys[1], kernel::column_sums(values(&keys), key_shape));
            let of_asking = product_back(self.queries[0], asking, queries, true, pass, gradients);
            let mut of_input = product_back(self.keys[0], input, keys, true, pass, gradients);
            let group = key_shape.rows / shape.rows;
            add_to_firsts(values_mut(&mut of_input), values(&of_asking), shape.columns, group);
            of_input
        };
        (output.into_tensor(pass.device), Box::new(back))
    }

    fn predict(&self, input: Tensor<3>, stack: &Stack) -> Tensor<3> {
        let device = input.device();
        let (queries, shape) = linear(self.asking(input.clone()), self.queries, stack);
        let (keys, _) = linear(input, self.keys, stack);
        let mut output = Values::unspecified([shape.members, shape.rows, shape.columns], &device);
        let sizes = self.sizes(shape.columns);
        Head::new(sizes).forward(values(&queries), values(&keys), values_mut(&mut output), &|_, _, _| {});
        output.into_tensor(&device)
    }

    fn trace(&self, input: Tensor<3>, trace: &Trace<'_>) -> Tensor<3> {
        let linear = |input: Tensor<3>, [weight, bias]: [Index; 2]| {
            trace.product(input, trace.array(weight)) + trace.array(bias)
        };
        let queries = linear(self.asking(input.clone()), self.queries);
        let keys = linear(input, self.keys);
        let [members, rows, width] = queries.dims();
        let Sizes { n_asking, n_tokens, n_heads, .. } = self.sizes(width);
        let n_rows = rows / n_asking;
        let of_head = width / n_heads;
        // A matrix a row and head.
        let by_head = |x: Tensor<3>, tokens: usize| {
            let parts: Tensor<4> = x.reshape([members * n_rows, tokens, n_heads, of_head]).swap_dims(1, 2);
            parts.reshape([members * n_rows * n_heads, tokens, of_head])
        };
        let half = |index: usize| {
            let half =
                keys.clone().slice([0..members, 0..n_rows * n_tokens, index * width..(index + 1) * width]);
            by_head(half, n_tokens)
        };
        let scale = (of_head as f32).sqrt().recip();
        let logits = trace.product(by_head(queries, n_asking) * scale, half(0).swap_dims(1, 2));
        let all = [members, n_rows * n_heads * n_asking, n_tokens];
        let probabilities = trace.drop_out(softmax(logits, 2).reshape(all));
        let probabilities = probabilities.reshape([members * n_rows * n_heads, n_asking, n_tokens]);
        let output = trace.product(probabilities, half(1));
        let output: Tensor<4> =
            output.reshape([members * n_rows, n_heads, n_asking, of_head]).swap_dims(1, 2);
        output.reshape([members, rows, width])
    }

    fn dropouts(&self) -> Vec<DropSite> {
        vec![DropSite::Attention]
    }
}
