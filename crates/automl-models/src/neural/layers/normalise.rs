//! Normalisation as a layer of its own: `f(norm(x) + b)`.

use burn::tensor::Tensor;

use super::super::activation::Activation;
use super::super::host::{Values, values, values_mut};
use super::super::kernel;
use super::super::norm::{BatchNorm, LayerNorm};
use super::super::parameters::{Gradients, Index, Stack};
use super::{Back, Layer, Pass, Trace, shape_of};

/// Over what values are normalised.
#[derive(Debug)]
pub(crate) enum Norm {
    /// Each column over the batch.
    Batch(BatchNorm),
    /// Each row by itself.
    Layer(LayerNorm),
}

/// `f(norm(x) + b)`.
#[derive(Debug)]
pub(crate) struct Normalise {
    /// Normalisation with its factor.
    pub(crate) norm: Norm,
    /// `b`, `[1, columns]`.
    pub(crate) shift: Index,
    /// `f`; nothing if absent.
    pub(crate) activation: Option<Activation>,
}

impl Layer for Normalise {
    fn train<'a>(&'a self, input: Tensor<3>, pass: &'a Pass<'a>) -> (Tensor<3>, Back<'a>) {
        let (stack, shape) = (pass.stack, shape_of(&input));
        let mut inner = Values::take(input);
        let tape = match &self.norm {
            Norm::Batch(norm) => {
                let (tape, moments) = norm.forward(stack, values_mut(&mut inner), &pass.counts, shape);
                pass.moments.borrow_mut().push((norm.running, moments));
                tape
            }
            Norm::Layer(norm) => norm.forward(stack, values_mut(&mut inner), shape),
        };
        let shift = stack.plain(self.shift);
        // Without an activation the output is written over the normalised values, with one the slopes are.
        let (output, slopes) = match self.activation {
            None => {
                kernel::apply(None, values_mut(&mut inner), None, shift, shape);
                (inner, None)
            }
            Some(activation) => {
                let mut output = Values::unspecified([shape.members, shape.rows, shape.columns], pass.device);
                kernel::activate(
                    activation,
                    values_mut(&mut inner),
                    1.0,
                    shift,
                    values_mut(&mut output),
                    shape,
                );
                (output, Some(inner))
            }
        };
        let back = move |mut gradient: Values, gradients: &mut Gradients| {
            let back = values_mut(&mut gradient);
            let of_shift = match &slopes {
                None => kernel::column_sums(back, shape),
                Some(slopes) => kernel::activate_back(back, values(slopes), 1.0, shape),
            };
            gradients.add_host(self.shift, of_shift);
            match &self.norm {
                Norm::Batch(norm) => {
                    gradients.add_host(norm.scale, norm.backward(stack, &tape, back, &pass.counts, shape));
                }
                Norm::Layer(norm) => gradients.add_host(norm.scale, norm.backward(stack, &tape, back, shape)),
            }
            gradient
        };
        (output.into_tensor(pass.device), Box::new(back))
    }

    fn predict(&self, input: Tensor<3>, stack: &Stack) -> Tensor<3> {
        let (shape, device) = (shape_of(&input), input.device());
        let mut data = Values::take(input);
        let values = values_mut(&mut data);
        let shift = stack.plain(self.shift);
        match &self.norm {
            Norm::Batch(norm) => {
                let (scale, shift) = norm.fold(stack, shift, 1.0);
                kernel::apply(self.activation, values, Some(&scale), &shift, shape);
            }
            Norm::Layer(norm) => {
                norm.forward(stack, values, shape);
                kernel::apply(self.activation, values, None, shift, shape);
            }
        }
        data.into_tensor(&device)
    }

    fn trace(&self, input: Tensor<3>, trace: &Trace<'_>) -> Tensor<3> {
        let normal = match &self.norm {
            Norm::Batch(norm) => norm.trace(input, trace),
            Norm::Layer(norm) => norm.trace(input, trace),
        };
        let shifted = normal + trace.array(self.shift);
        self.activation.map_or_else(|| shifted.clone(), |activation| activation.trace(shifted.clone()))
    }
}
