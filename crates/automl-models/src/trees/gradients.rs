//! Gradients and hessians as whole numbers.
//!
//! The gradient and the hessian of a row are rounded to multiples of a quantum and packed into one word: the gradient
//! in the upper half, the hessian in the lower. Adding words adds both at once. Such sums are exact: they are the same
//! in any order and on any number of threads, and a parent less a child is the other child without error.
//!
//! A quantum is 2^-30 of the sum of all magnitudes, so that no sum overflows, and what rounding can take from a sum
//! is at most `n_rows / 2^31` of the sum over all rows. Shi et al. (2022, "Quantized training of gradient boosting
//! decision trees") find that far fewer bits do.

/// A gradient (signed, upper 32 bits) and a hessian (unsigned, lower 32 bits) in quanta, or a sum of such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(transparent)]
pub(crate) struct Packed(pub(crate) u64);

impl Packed {
    /// The gradient in quanta.
    #[inline]
    pub(crate) fn gradient(self) -> i32 {
        (self.0 >> 32) as u32 as i32
    }

    /// The hessian in quanta.
    #[inline]
    pub(crate) fn hessian(self) -> u32 {
        self.0 as u32
    }

    /// The sum.
    #[inline]
    pub(crate) fn plus(self, other: Packed) -> Packed {
        Packed(self.0.wrapping_add(other.0))
    }

    /// The difference; `other` is a part of the sum `self`.
    #[inline]
    pub(crate) fn minus(self, other: Packed) -> Packed {
        Packed(self.0.wrapping_sub(other.0))
    }
}

/// Sizes of the quanta.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quanta {
    /// Of gradients.
    pub(crate) gradient: f64,
    /// Of hessians.
    pub(crate) hessian: f64,
}

/// Largest sum of magnitudes in quanta: rounding adds at most half a quantum a row, and the halves of a word hold
/// twice as much.
const LARGEST_SUM: f64 = (1_u64 << 30) as f64;

impl Quanta {
    /// The quanta for these rows. All hessians equal to one power of two are held without rounding.
    pub(crate) fn of(gradients: &[f32], hessians: &[f32]) -> Self {
        let magnitude: f64 = sum(gradients, f32::abs);
        let hessian = match hessians.first() {
            Some(&first) if hessians.iter().all(|&hessian| hessian == first) => f64::from(first),
            _ => sum(hessians, |hessian| hessian) / LARGEST_SUM,
        };
        let positive = |quantum: f64| if quantum > 0.0 { quantum } else { 1.0 };
        Self { gradient: positive(magnitude / LARGEST_SUM), hessian: positive(hessian) }
    }

    /// Packs rows; `packed` is overwritten.
    pub(crate) fn pack(self, gradients: &[f32], hessians: &[f32], packed: &mut Vec<Packed>) {
        let (per_gradient, per_hessian) = (1.0 / self.gradient, 1.0 / self.hessian);
        packed.clear();
        packed.extend(gradients.iter().zip(hessians).map(|(&gradient, &hessian)| {
            let gradient = round(f64::from(gradient) * per_gradient);
            let hessian = round(f64::from(hessian) * per_hessian);
            Packed(((gradient as u64) << 32).wrapping_add(hessian as u64))
        }));
    }
}

/// The nearest whole number of a number below 2^51: adding 1.5 * 2^52 leaves it in the lowest bits of the mantissa,
/// and that is quicker than a conversion.
#[inline]
fn round(value: f64) -> i64 {
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    ((value + SHIFT).to_bits() as i64).wrapping_sub(SHIFT.to_bits() as i64)
}

/// A sum in eight lanes, which compilers turn into vector instructions.
fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f64 {
    let mut lanes = [0.0; 8];
    let (chunks, rest) = values.as_chunks::<8>();
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane += f64::from(of(value));
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|&value| f64::from(of(value))).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_differences_of_packed_rows_are_those_of_their_parts() {
        let gradients = [1.5_f32, -2.25, 0.0, -1e-3, 7.0];
        let hessians = [0.1_f32, 0.2, 1e-6, 3.0, 0.25];
        let quanta = Quanta::of(&gradients, &hessians);
        let mut packed = Vec::new();
        quanta.pack(&gradients, &hessians, &mut packed);
        let total = packed.iter().fold(Packed::default(), |sum, &row| sum.plus(row));
        let rest = total.minus(packed[1]).minus(packed[4]);
        let unpack = |sum: Packed| {
            (f64::from(sum.gradient()) * quanta.gradient, f64::from(sum.hessian()) * quanta.hessian)
        };
        let (gradient, hessian) = unpack(rest);
        assert!((gradient - 1.499).abs() < 1e-7, "{gradient}");
        assert!((hessian - 3.100_001).abs() < 1e-7, "{hessian}");
    }

    #[test]
    fn equal_hessians_are_counts() {
        let quanta = Quanta::of(&[0.0; 3], &[0.5; 3]);
        let mut packed = Vec::new();
        quanta.pack(&[0.0; 3], &[0.5; 3], &mut packed);
        assert_eq!((quanta.hessian, packed[0].hessian()), (0.5, 1));
    }

    #[test]
    fn rounding_is_to_the_nearest() {
        assert_eq!([-2.6, -0.4, 0.4, 2.6, 1e9].map(round), [-3, 0, 0, 3, 1_000_000_000]);
    }
}
