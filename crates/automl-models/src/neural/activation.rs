//! Activation functions with their slopes, computed together.

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use serde::{Deserialize, Serialize};

/// `sqrt(2 / π)`.
const GELU_SLOPE: f32 = 0.797_884_6;
const GELU_CUBE: f32 = 0.044_715;
const SELU_SCALE: f32 = 1.050_701;
const SELU_ALPHA: f32 = 1.673_263_2;

/// A hidden layer's non-linearity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Activation {
    /// `max(0, x)`.
    Relu,
    /// `x * sigmoid(x)`, also called swish (Ramachandran et al. 2017).
    Silu,
    /// `x * Φ(x)` in the `tanh` form (Hendrycks & Gimpel 2016).
    Gelu,
    /// Scaled exponential linear unit (Klambauer et al. 2017).
    Selu,
    /// `x * tanh(softplus(x))` (Misra 2019).
    Mish,
}

impl Activation {
    /// All, in the order of the search space.
    pub(crate) const ALL: [Activation; 5] =
        [Activation::Relu, Activation::Silu, Activation::Gelu, Activation::Selu, Activation::Mish];

    /// The name used in parameters.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Activation::Relu => "relu",
            Activation::Silu => "silu",
            Activation::Gelu => "gelu",
            Activation::Selu => "selu",
            Activation::Mish => "mish",
        }
    }

    /// `f(x)` of one number.
    pub(crate) fn value(self, x: f32) -> f32 {
        match self {
            Activation::Relu => Relu::both(x).0,
            Activation::Silu => Silu::both(x).0,
            Activation::Gelu => Gelu::both(x).0,
            Activation::Selu => Selu::both(x).0,
            Activation::Mish => Mish::both(x).0,
        }
    }

    /// `f(x)` as tensor operations.
    pub(crate) fn trace(self, x: Tensor<3>) -> Tensor<3> {
        match self {
            Activation::Relu => x.clamp_min(0.0),
            Activation::Silu => x.clone() * sigmoid(x),
            Activation::Gelu => {
                let inner = x.clone() * ((x.clone() * x.clone()) * GELU_CUBE + 1.0) * GELU_SLOPE;
                x * ((inner.tanh() + 1.0) * 0.5)
            }
            Activation::Selu => {
                let positive = x.clone().greater_scalar(0.0);
                let exponential = x.clone().clamp_max(0.0).exp() * (SELU_SCALE * SELU_ALPHA);
                (exponential - SELU_SCALE * SELU_ALPHA).mask_where(positive, x * SELU_SCALE)
            }
            Activation::Mish => {
                // From x = 15 on the factor is 1 in f32.
                let e = x.clone().clamp_max(15.0).exp();
                let n = e.clone() * (e + 2.0);
                x * (n.clone() / (n + 2.0))
            }
        }
    }

    /// Variance gain `g` of an initialisation with variance `g / fan_in`: 2 (He et al. 2015), but 1
    /// for SELU, whose fixed point needs it.
    pub(crate) fn gain(self) -> f32 {
        if self == Activation::Selu { 1.0 } else { 2.0 }
    }
}

/// A function with its derivative, in a form that the compiler can vectorise.
pub(crate) trait Scalar {
    /// `(f(x), f'(x))`.
    fn both(x: f32) -> (f32, f32);
}

/// See [`Activation::Relu`].
pub(crate) struct Relu;
/// See [`Activation::Silu`].
pub(crate) struct Silu;
/// See [`Activation::Gelu`].
pub(crate) struct Gelu;
/// See [`Activation::Selu`].
pub(crate) struct Selu;
/// See [`Activation::Mish`].
pub(crate) struct Mish;
/// No function: the output layer.
pub(crate) struct Identity;

impl Scalar for Relu {
    #[inline]
    fn both(x: f32) -> (f32, f32) {
        let slope = if x > 0.0 { 1.0 } else { 0.0 };
        (x * slope, slope)
    }
}

impl Scalar for Silu {
    #[inline]
    fn both(x: f32) -> (f32, f32) {
        let sigmoid = 1.0 / (1.0 + exp(-x));
        let value = x * sigmoid;
        (value, sigmoid + value * (1.0 - sigmoid))
    }
}

impl Scalar for Gelu {
    #[inline]
    fn both(x: f32) -> (f32, f32) {
        let square = x * x;
        // tanh(u) = 1 - 2 / (1 + exp(2u)).
        let tanh = 1.0 - 2.0 / (1.0 + exp(2.0 * GELU_SLOPE * x * (1.0 + GELU_CUBE * square)));
        let half = 0.5 * (1.0 + tanh);
        let inner = GELU_SLOPE * (1.0 + 3.0 * GELU_CUBE * square);
        (x * half, half + 0.5 * x * (1.0 - tanh * tanh) * inner)
    }
}

impl Scalar for Selu {
    #[inline]
    fn both(x: f32) -> (f32, f32) {
        let exponential = SELU_SCALE * SELU_ALPHA * exp(if x > 0.0 { 0.0 } else { x });
        if x > 0.0 {
            (SELU_SCALE * x, SELU_SCALE)
        } else {
            (exponential - SELU_SCALE * SELU_ALPHA, exponential)
        }
    }
}

impl Scalar for Mish {
    #[inline]
    fn both(x: f32) -> (f32, f32) {
        // With e = exp(x): tanh(ln(1 + e)) = n / (n + 2), n = e (e + 2). From x = 15 on it is 1 in f32.
        let e = exp(if x > 15.0 { 15.0 } else { x });
        let n = e * (e + 2.0);
        let tanh = n / (n + 2.0);
        let sigmoid = e / (1.0 + e);
        (x * tanh, tanh + x * sigmoid * (1.0 - tanh * tanh))
    }
}

impl Scalar for Identity {
    #[inline]
    fn both(x: f32) -> (f32, f32) {
        (x, 1.0)
    }
}

/// `e^x` to within 2 units in the last place, without branches, so that loops over it vectorise; the
/// standard library's calls C once a value. Same bits on every machine: no fused multiply-add.
///
/// Cephes' `expf`: `x = n ln 2 + r`, a polynomial for `e^r`, and `n` added to the exponent. NaN stays NaN.
#[inline]
pub(crate) fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding and subtracting it rounds to a whole number.
    let x = if x > 88.0 { 88.0 } else { x };
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let r = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let polynomial = 0.5
        + r * (1.666_666_5e-1
            + r * (4.166_579_6e-2 + r * (8.333_452e-3 + r * (1.398_199_9e-3 + r * 1.987_569_1e-4))));
    let mantissa = 1.0 + r + r * r * polynomial;
    // The low bits of `shifted` hold the whole number; moving them up puts it into the exponent.
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3F80_0000));
    mantissa * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(activation: Activation, x: f32) -> (f32, f32) {
        match activation {
            Activation::Relu => Relu::both(x),
            Activation::Silu => Silu::both(x),
            Activation::Gelu => Gelu::both(x),
            Activation::Selu => Selu::both(x),
            Activation::Mish => Mish::both(x),
        }
    }

    #[test]
    fn exp_equals_the_standard_librarys() {
        for step in -8600..8800 {
            let x = step as f32 / 100.0;
            let (ours, theirs) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((ours / theirs - 1.0).abs() < 3e-7, "exp({x}) = {ours}, not {theirs}");
        }
        assert!(exp(f32::NAN).is_nan() && exp(f32::INFINITY) > 1e38 && exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn every_slope_is_the_derivative() {
        for activation in Activation::ALL {
            for step in -80..80 {
                let x = step as f32 / 10.0 + 0.03;
                let numeric = (both(activation, x + 1e-2).0 - both(activation, x - 1e-2).0) / 2e-2;
                let slope = both(activation, x).1;
                assert!(
                    (slope - numeric).abs() < 2e-3,
                    "{}'({x}) = {slope}, not {numeric}",
                    activation.name()
                );
            }
        }
    }

    /// Values at ±1.5 of the formulas above in Python's `math` (64 bits).
    #[test]
    fn values_at_known_points() {
        let expected = [
            (Activation::Silu, 1.226_361_6, -0.273_638_42),
            (Activation::Gelu, 1.399_571_5, -0.100_428_43),
            (Activation::Selu, 1.576_051_5, -1.365_814_8),
            (Activation::Mish, 1.403_378_3, -0.298_099_74),
        ];
        for (activation, positive, negative) in expected {
            assert!((both(activation, 1.5).0 - positive).abs() < 1e-6, "{activation:?}");
            assert!((both(activation, -1.5).0 - negative).abs() < 1e-6, "{activation:?}");
        }
    }
}
