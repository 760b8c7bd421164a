//! Activation functions and their slopes as tensor operations; the formulas of [`super::super::activation`].

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

use super::super::activation::Activation;

/// `(f(x), f'(x))`.
pub(super) fn both(activation: Activation, x: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
    match activation {
        Activation::Relu => {
            let slope = x.clone().greater_scalar(0.0).float();
            (x * slope.clone(), slope)
        }
        Activation::Silu => {
            let sigmoid = sigmoid(x.clone());
            let value = x * sigmoid.clone();
            let slope = sigmoid.clone() + value.clone() * one_minus(sigmoid);
            (value, slope)
        }
        Activation::Gelu => {
            const SLOPE: f32 = 0.797_884_6; // sqrt(2 / pi)
            const CUBE: f32 = 0.044_715;
            let square = x.clone() * x.clone();
            let inner = x.clone() * (square.clone() * CUBE + 1.0) * SLOPE;
            let tanh = inner.tanh();
            let half = (tanh.clone() + 1.0) * 0.5;
            let inner_slope = (square * (3.0 * CUBE) + 1.0) * SLOPE;
            let slope = half.clone() + x.clone() * one_minus(tanh.clone() * tanh) * inner_slope * 0.5;
            (x * half, slope)
        }
        Activation::Selu => {
            const SCALE: f32 = 1.050_701;
            const ALPHA: f32 = 1.673_263_2;
            let positive = x.clone().greater_scalar(0.0);
            let exponential = x.clone().clamp_max(0.0).exp() * (SCALE * ALPHA);
            let value = (exponential.clone() - SCALE * ALPHA).mask_where(positive.clone(), x * SCALE);
            (value, exponential.mask_fill(positive, SCALE))
        }
        Activation::Mish => {
            // With e = exp(x): tanh(ln(1 + e)) = n / (n + 2), n = e (e + 2). From x = 15 on it is 1 in f32.
            let e = x.clone().clamp_max(15.0).exp();
            let n = e.clone() * (e.clone() + 2.0);
            let tanh = n.clone() / (n + 2.0);
            let sigmoid = e.clone() / (e + 1.0);
            let slope = tanh.clone() + x.clone() * sigmoid * one_minus(tanh.clone() * tanh.clone());
            (x * tanh, slope)
        }
    }
}

fn one_minus(x: Tensor<3>) -> Tensor<3> {
    x.neg() + 1.0
}
