//! Whole numbers of 32 bits on devices that have none without a sign.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use super::super::kernel::DROP_HASH;

/// Unsigned 32-bit arithmetic on a device's whole numbers, which are signed and have 32 or 64 bits.
#[derive(Debug, Clone)]
pub(super) struct Words {
    device: Device,
    /// Whether they have 64 bits.
    wide: bool,
}

impl Words {
    /// Words of a device.
    pub(super) fn new(device: &Device) -> Self {
        let wide = DType::from(device.settings().int_dtype) == DType::I64;
        Self { device: device.clone(), wide }
    }

    /// A tensor of words.
    pub(super) fn tensor(&self, words: impl Iterator<Item = u32>, shape: [usize; 3]) -> Tensor<3, Int> {
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
    pub(super) fn shift_right(&self, x: Tensor<3, Int>, by: u32) -> Tensor<3, Int> {
        let shifted = x.bitwise_right_shift_scalar(by as i32);
        if self.wide { shifted } else { shifted.bitwise_and_scalar((1_i32 << (32 - by)) - 1) }
    }

    /// The hash of [`drop_bits`](super::super::kernel::drop_bits) under a key whose halves are `[members, 1, 1]`.
    pub(super) fn hash(&self, places: Tensor<3, Int>, key: [Tensor<3, Int>; 2]) -> Tensor<3, Int> {
        let (shape, mut x) = (places.dims(), places);
        for half in key {
            x = x.bitwise_xor(half.expand(shape));
            for (shift, by) in DROP_HASH {
                x = self.multiply(x.clone().bitwise_xor(self.shift_right(x, shift)), by);
            }
        }
        x
    }

    /// Where its tensors are.
    pub(super) fn device(&self) -> &Device {
        &self.device
    }
}
