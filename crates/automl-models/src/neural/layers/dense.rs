//! Dense layers, hidden and last.

use burn::tensor::Tensor;

use super::super::activation::Activation;
use super::super::host::{Values, values, values_mut};
use super::super::kernel;
use super::super::norm::BatchNorm;
use super::super::parameters::{Gradients, Index, Stack};
use super::{Back, DropSite, Layer, Pass, Trace, product_back, shape_of};

/// `drop_out(f(norm(x W scale) + b))`.
#[derive(Debug)]
pub(crate) struct Dense {
    /// `W`, `[in, out]`.
    pub(crate) weight: Index,
    /// `b`, `[1, out]`.
    pub(crate) bias: Index,
    /// Factor on the product: 1, or `1 / sqrt(in)` in the neural tangent parametrisation (Jacot et al. 2018).
    pub(crate) scale: f32,
    /// Normalisation over the batch; its shift is the bias.
    pub(crate) norm: Option<BatchNorm>,
    /// `f`.
    pub(crate) activation: Activation,
    /// Strength `a` of the activation, `[1, out]`: `x + a (f(x) - x)` instead of `f(x)`.
    pub(crate) strength: Option<Index>,
    /// Whether the gradient of the input is of use.
    pub(crate) goes_back: bool,
}

impl Layer for Dense {
    fn train<'a>(&'a self, input: Tensor<3>, pass: &'a Pass<'a>) -> (Tensor<3>, Back<'a>) {
        let stack = pass.stack;
        let product = input.clone().matmul(stack.matrix(self.weight));
        let shape = shape_of(&product);
        let mut slopes = Values::take(product);
        let tape = self.norm.as_ref().map(|norm| {
            let (tape, moments) = norm.forward(stack, values_mut(&mut slopes), &pass.counts, shape);
            pass.moments.borrow_mut().push((norm.running, moments));
            tape
        });
        let mut buffer = Values::unspecified([shape.members, shape.rows, shape.columns], pass.device);
        let mut bend = vec![0.0; if self.strength.is_some() { shape.len() } else { 0 }];
        let (inputs, outputs) = (values_mut(&mut slopes), values_mut(&mut buffer));
        let bias = stack.plain(self.bias);
        if let Some(strength) = self.strength {
            let strength = stack.plain(strength);
            kernel::bend(self.activation, inputs, self.scale, bias, strength, outputs, &mut bend, shape);
        } else {
            kernel::activate(self.activation, inputs, self.scale, bias, outputs, shape);
        }
        pass.masks(DropSite::Hidden, shape).apply(&mut [outputs, inputs, &mut bend]);
        let back = move |mut gradient: Values, gradients: &mut Gradients| {
            let back = values_mut(&mut gradient);
            if let Some(strength) = self.strength {
                gradients.add_host(strength, kernel::sums_of_products(back, &bend, shape));
            }
            gradients.add_host(self.bias, kernel::activate_back(back, values(&slopes), self.scale, shape));
            drop(slopes);
            if let (Some(norm), Some(tape)) = (&self.norm, &tape) {
                let scale = norm.backward(stack, tape, back, &pass.counts, shape);
                gradients.add_host(norm.scale, scale);
            }
            product_back(self.weight, input, gradient, self.goes_back, pass, gradients)
        };
        (buffer.into_tensor(pass.device), Box::new(back))
    }

    fn predict(&self, input: Tensor<3>, stack: &Stack) -> Tensor<3> {
        let device = input.device();
        let product = input.matmul(stack.matrix(self.weight));
        let shape = shape_of(&product);
        let mut data = Values::take(product);
        let values = values_mut(&mut data);
        let bias = stack.plain(self.bias);
        if let Some(norm) = &self.norm {
            let (scale, shift) = norm.fold(stack, bias, self.scale);
            kernel::apply(Some(self.activation), values, Some(&scale), &shift, shape);
        } else if let Some(strength) = self.strength {
            kernel::bend_in_place(self.activation, values, self.scale, bias, stack.plain(strength), shape);
        } else {
            let scale = vec![self.scale; if self.scale == 1.0 { 0 } else { bias.len() }];
            let scale = (!scale.is_empty()).then_some(scale.as_slice());
            kernel::apply(Some(self.activation), values, scale, bias, shape);
        }
        data.into_tensor(&device)
    }

    fn trace(&self, input: Tensor<3>, trace: &Trace<'_>) -> Tensor<3> {
        let mut z = trace.product(input, trace.array(self.weight)) * self.scale;
        if let Some(norm) = &self.norm {
            z = norm.trace(z, trace);
        }
        let z = z + trace.array(self.bias);
        let value = match self.strength {
            Some(strength) => {
                let bend = self.activation.trace(z.clone()) - z.clone();
                z + bend * trace.array(strength)
            }
            None => self.activation.trace(z),
        };
        trace.drop_out(value)
    }

    fn dropouts(&self) -> Vec<DropSite> {
        vec![DropSite::Hidden]
    }
}

/// `x W scale + b`.
#[derive(Debug)]
pub(crate) struct Output {
    /// `W`, `[in, out]`.
    pub(crate) weight: Index,
    /// `b`, `[1, out]`.
    pub(crate) bias: Index,
    /// Factor on the product, as of [`Dense::scale`].
    pub(crate) scale: f32,
    /// Whether the gradient of the input is of use.
    pub(crate) goes_back: bool,
}

impl Layer for Output {
    fn train<'a>(&'a self, input: Tensor<3>, pass: &'a Pass<'a>) -> (Tensor<3>, Back<'a>) {
        let output = self.predict(input.clone(), pass.stack);
        let shape = shape_of(&output);
        let back = move |mut gradient: Values, gradients: &mut Gradients| {
            gradients.add_host(self.bias, kernel::column_sums(values(&gradient), shape));
            if self.scale != 1.0 {
                for value in values_mut(&mut gradient) {
                    *value *= self.scale;
                }
            }
            product_back(self.weight, input, gradient, self.goes_back, pass, gradients)
        };
        (output, Box::new(back))
    }

    fn predict(&self, input: Tensor<3>, stack: &Stack) -> Tensor<3> {
        let device = input.device();
        let product = input.matmul(stack.matrix(self.weight));
        let shape = shape_of(&product);
        let mut data = Values::take(product);
        let bias = stack.plain(self.bias);
        let scale = vec![self.scale; if self.scale == 1.0 { 0 } else { bias.len() }];
        let scale = (!scale.is_empty()).then_some(scale.as_slice());
        kernel::apply(None, values_mut(&mut data), scale, bias, shape);
        data.into_tensor(&device)
    }
    fn trace(&self, input: Tensor<3>, trace: &Trace<'_>) -> Tensor<3> {
        trace.product(input, trace.array(self.weight)) * self.scale + trace.array(self.bias)
    }
}
