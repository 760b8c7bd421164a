//! Dropout masks computed where they are used: the hash of [`super::super::kernel::drop_out`], value for value.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use super::super::kernel::{DROP_HASH, drop_keys, drop_threshold, kept_scale};

/// Unsigned 32-bit arithmetic on a device's whole numbers, which are signed and have 32 or 64 bits.
#[derive(Debug, Clone)]
struct Words {
    device: Device,
    /// Whether they have 64 bits.
    wide: bool,
}

impl Words {
    fn new(device: &Device) -> Self {
        let wide = DType::from(device.settings().int_dtype) == DType::I64;
        Self { device: device.clone(), wide }
    }

    fn tensor(&self, words: impl Iterator<Item = u32>, shape: [usize; 3]) -> Tensor<3, Int> {
        let data = if self.wide {
            TensorData::new(words.map(i64::from).collect::<Vec<_>>(), shape)
        } else {
            TensorData::new(words.map(u32::cast_signed).collect::<Vec<_>>(), shape)
        };
        Tensor::from_data(data, &self.device)
    }

    fn multiply(&self, x: Tensor<3, Int>, by: u32) -> Tensor<3, Int> {
        if self.wide {
            return x.mul_scalar(i64::from(by)).bitwise_and_scalar(i64::from(u32::MAX));
        }
        x.mul_scalar(by.cast_signed())
    }

    /// A shift that fills with zeros: that of negative numbers fills with the sign.
    fn shift_right(&self, x: Tensor<3, Int>, by: u32) -> Tensor<3, Int> {
        let shifted = x.bitwise_right_shift_scalar(by as i32);
        if self.wide { shifted } else { shifted.bitwise_and_scalar((1_i32 << (32 - by)) - 1) }
    }
}

/// What does not change from step to step.
#[derive(Debug)]
pub(super) struct DropOut {
    /// `[members, 1, 1]`, 16-bit numbers.
    thresholds: Tensor<3, Int>,
    /// `[members, 1, 1]`.
    kept: Tensor<3>,
    words: Words,
}

impl DropOut {
    /// Rates of all members; `None` if none drops anything.
    pub(super) fn new(rates: &[f32], device: &Device) -> Option<Self> {
        if rates.iter().all(|rate| *rate == 0.0) {
            return None;
        }
        let words = Words::new(device);
        let shape = [rates.len(), 1, 1];
        let kept: Vec<f32> = rates.iter().map(|&rate| kept_scale(rate)).collect();
        Some(Self {
            thresholds: words.tensor(rates.iter().map(|&rate| drop_threshold(rate)), shape),
            kept: Tensor::from_data(TensorData::new(kept, shape), device),
            words,
        })
    }

    /// The keys of an epoch, `[keys, members, 2]`: a key for every hidden layer of every step.
    pub(super) fn keys(&self, keys: &[u64]) -> Tensor<3, Int> {
        let members = self.thresholds.dims()[0];
        let halves = keys.iter().flat_map(|&key| <[u32; 2]>::from(drop_keys(key)));
        self.words.tensor(halves, [keys.len() / members, members, 2])
    }

    /// What the values of shape `[members, rows, columns]` are multiplied with under one key a member,
    /// `[1, members, 2]`.
    pub(super) fn factors(&self, keys: &Tensor<3, Int>, rows: usize, columns: usize) -> Tensor<3> {
        let members = self.thresholds.dims()[0];
        let shape = [members, rows, columns];
        let half = |index: usize| {
            let half = keys.clone().slice([0..1, 0..members, index..index + 1]);
            half.reshape([members, 1, 1]).expand(shape)
        };
        let places = Tensor::<1, Int>::arange(0..(rows * columns) as i64, &self.words.device);
        let mut x = places.reshape([1, rows, columns]).expand(shape);
        for half in [half(0), half(1)] {
            x = x.bitwise_xor(half);
            for (shift, by) in DROP_HASH {
                x = self.words.multiply(x.clone().bitwise_xor(self.words.shift_right(x, shift)), by);
            }
        }
        let kept = self.words.shift_right(x, 16).greater_equal(self.thresholds.clone().expand(shape));
        kept.float() * self.kept.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::kernel;
    use super::*;
    use crate::device::cpu_devices;

    #[test]
    fn masks_are_those_of_the_host() {
        let (rows, columns) = (7, 12);
        let rates = [0.3_f32, 0.0, 0.5];
        let keys = [0x0123_4567_89AB_CDEF_u64, 5, u64::MAX - 3];
        for device in cpu_devices() {
            let dropout = DropOut::new(&rates, &device).unwrap();
            let factors = dropout.factors(&dropout.keys(&keys), rows, columns).into_data();
            let factors = factors.as_slice::<f32>().unwrap();
            for ((rate, key), ours) in rates.iter().zip(keys).zip(factors.chunks(rows * columns)) {
                let (mut outputs, mut slopes) = (vec![1.0; rows * columns], vec![1.0; rows * columns]);
                kernel::drop_out(*rate, key, 0, &mut outputs, &mut slopes);
                assert_eq!(ours, outputs, "rate {rate}");
            }
        }
        assert!(DropOut::new(&[0.0], &Device::flex()).is_none());
    }
}
