//! A gated hidden layer.

use burn::tensor::Tensor;

use super::super::host::{Values, values, values_mut};
use super::super::kernel::{self, Shape};
use super::super::parameters::{Gradients, Index, Stack};
use super::super::simd::vectorised;
use super::{Back, DropSite, Layer, Pass, Trace, product_back, shape_of};

/// `drop_out(a ⊙ ReLU(g))`, where `a` and `g` are the halves of `x W + b` (`ReGLU`, Shazeer 2020).
#[derive(Debug)]
pub(crate) struct Gated {
    /// `W`, `[in, 2 out]`.
    pub(crate) weight: Index,
    /// `b`, `[1, 2 out]`.
    pub(crate) bias: Index,
}

/// `x W + b`.
fn halves(layer: &Gated, input: Tensor<3>, stack: &Stack) -> (Values, Shape) {
    let product = input.matmul(stack.matrix(layer.weight));
    let shape = shape_of(&product);
    let mut halves = Values::take(product);
    kernel::apply(None, values_mut(&mut halves), None, stack.plain(layer.bias), shape);
    (halves, Shape { columns: shape.columns / 2, ..shape })
}

fn gate(halves: &[f32], outputs: &mut [f32], columns: usize) {
    let rows = halves.chunks_exact(2 * columns).zip(outputs.chunks_exact_mut(columns));
    vectorised!(|| for (row, outputs) in rows {
        let (values, gates) = row.split_at(columns);
        for (output, (value, gate)) in outputs.iter_mut().zip(values.iter().zip(gates)) {
            *output = value * gate.max(0.0);
        }
    });
}

/// Turns the halves into their gradients.
fn gate_back(halves: &mut [f32], gradient: &[f32], columns: usize) {
    let rows = halves.chunks_exact_mut(2 * columns).zip(gradient.chunks_exact(columns));
    vectorised!(|| for (row, gradient) in rows {
        let (values, gates) = row.split_at_mut(columns);
        for (gradient, (value, gate)) in gradient.iter().zip(values.iter_mut().zip(gates)) {
            let (a, g) = (*value, *gate);
            *value = gradient * g.max(0.0);
            *gate = if g > 0.0 { gradient * a } else { 0.0 };
        }
    });
}

impl Layer for Gated {
    fn train<'a>(&'a self, input: Tensor<3>, pass: &'a Pass<'a>) -> (Tensor<3>, Back<'a>) {
        let (mut halves, shape) = halves(self, input.clone(), pass.stack);
        let mut output = Values::unspecified([shape.members, shape.rows, shape.columns], pass.device);
        gate(values(&halves), values_mut(&mut output), shape.columns);
        let masks = pass.masks(DropSite::Hidden, shape);
        masks.apply(&mut [values_mut(&mut output), &mut [], &mut []]);
        let back = move |mut gradient: Values, gradients: &mut Gradients| {
            masks.apply(&mut [values_mut(&mut gradient), &mut [], &mut []]);
            gate_back(values_mut(&mut halves), values(&gradient), shape.columns);
            drop(gradient);
            let both = Shape { columns: 2 * shape.columns, ..shape };
            gradients.add_host(self.bias, kernel::column_sums(values(&halves), both));
            product_back(self.weight, input, halves, true, pass, gradients)
        };
        (output.into_tensor(pass.device), Box::new(back))
    }

    fn predict(&self, input: Tensor<3>, stack: &Stack) -> Tensor<3> {
        let device = input.device();
        let (halves, shape) = halves(self, input, stack);
        let mut output = Values::unspecified([shape.members, shape.rows, shape.columns], &device);
        gate(values(&halves), values_mut(&mut output), shape.columns);
        output.into_tensor(&device)
    }

    fn trace(&self, input: Tensor<3>, trace: &Trace<'_>) -> Tensor<3> {
        let halves = trace.product(input, trace.array(self.weight)) + trace.array(self.bias);
        let [members, rows, columns] = halves.dims();
        let values = halves.clone().slice([0..members, 0..rows, 0..columns / 2]);
        let gates = halves.slice([0..members, 0..rows, columns / 2..columns]);
        trace.drop_out(values * gates.clamp_min(0.0))
    }

    fn dropouts(&self) -> Vec<DropSite> {
        vec![DropSite::Hidden]
    }
}
