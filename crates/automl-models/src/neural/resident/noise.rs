//! Noise computed where it is used: that of [`super::super::noise`], draw for draw.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::super::kernel::drop_keys;
use super::super::noise::{BYTES, INVERSE_DEVIATION, Noise, SUM_MEAN};
use super::words::Words;

/// The noise of an epoch.
#[derive(Debug)]
pub(super) struct Noises {
    /// `[steps, members, 4]`: the halves of both keys.
    keys: Tensor<3, Int>,
    /// What a draw is multiplied with, `[members, 1, columns]`: 0 for columns of padding and members without noise.
    factors: Tensor<3>,
    /// Numeric columns of each member, `[members, 1, 1]`.
    widths: Tensor<3, Int>,
    words: Words,
}

impl Noises {
    /// The noise of every member in every step, in that order, on batches of `width` columns, of which the first `widths` are
    /// a member's own; `None` if there is none.
    pub(super) fn new(noises: &[Noise], widths: &[usize], width: usize, device: &Device) -> Option<Self> {
        let members = widths.len();
        if noises.iter().all(|noise| noise.deviation <= 0.0) {
            return None;
        }
        let words = Words::new(device);
        let keys = noises.iter().flat_map(|noise| {
            let [(a, b), (c, d)] = noise.keys.map(drop_keys);
            [a, b, c, d]
        });
        let deviation = |member: usize| {
            noises.iter().skip(member).step_by(members).map(|noise| noise.deviation).fold(0.0, f32::max)
        };
        let factors = (0..members).flat_map(|member| {
            let factor = deviation(member) * INVERSE_DEVIATION;
            (0..width).map(move |column| if column < widths[member] { factor } else { 0.0 })
        });
        let factors = TensorData::new(factors.collect::<Vec<f32>>(), [members, 1, width]);
        Some(Self {
            keys: words.tensor(keys, [noises.len() / members, members, 4]),
            factors: Tensor::from_data(factors, device),
            widths: words.tensor(widths.iter().map(|width| *width as u32), [members, 1, 1]),
            words,
        })
    }

    /// `numeric`, `[members, rows, columns]`, with the noise of step `step`.
    pub(super) fn add(&self, numeric: Tensor<3>, step: usize) -> Tensor<3> {
        let shape = numeric.dims();
        let [members, rows, columns] = shape;
        let key = |index: usize| {
            let part = self.keys.clone().slice([step..step + 1, 0..members, index..index + 1]);
            part.reshape([members, 1, 1])
        };
        let count = |n: usize| Tensor::<1, Int>::arange(0..n as i64, self.words.device());
        let starts = count(rows).reshape([1, rows, 1]).expand([members, rows, 1])
            * self.widths.clone().expand([members, rows, 1]);
        let places = starts.expand(shape) + count(columns).reshape([1, 1, columns]).expand(shape);
        let pairs = |key: [Tensor<3, Int>; 2]| {
            let bits = self.words.hash(places.clone(), key);
            let word = bits.clone().bitwise_xor(self.words.shift_right(bits, 16));
            let other = self.words.shift_right(word.clone(), 8);
            // Positive on devices with a sign, too: its bit is not among these.
            let bytes = BYTES.cast_signed();
            word.bitwise_and_scalar(bytes) + other.bitwise_and_scalar(bytes)
        };
        let pairs = pairs([key(0), key(1)]) + pairs([key(2), key(3)]);
        let sums = pairs.clone().bitwise_and_scalar(0xFFFF) + self.words.shift_right(pairs, 16);
        numeric + (sums - SUM_MEAN).float() * self.factors.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::cpu_devices;

    #[test]
    fn noise_is_that_of_the_host() {
        let (rows, width, widths) = (7, 5, [5, 3, 0]);
        let noise = |deviation, keys| Noise { deviation, keys };
        let second =
            [noise(0.4, [3, u64::MAX - 3]), noise(0.2, [0x0123_4567_89AB_CDEF, 5]), noise(0.3, [8, 9])];
        let noises: Vec<Noise> =
            [noise(0.4, [1, 2]), noise(0.2, [3, 4]), noise(0.3, [5, 6])].into_iter().chain(second).collect();
        for device in cpu_devices() {
            let ours = Noises::new(&noises, &widths, width, &device).unwrap();
            let zeros = Tensor::zeros([3, rows, width], &device);
            let added = ours.add(zeros, 1).into_data();
            let blocks = added.as_slice::<f32>().unwrap().chunks(rows * width);
            for ((noise, columns), ours) in second.iter().zip(widths).zip(blocks) {
                let mut expected = vec![0.0; rows * width];
                noise.add(&mut expected, width, columns, 0);
                assert_eq!(ours, expected, "{noise:?}");
            }
        }
        assert!(Noises::new(&[noise(0.0, [1, 2])], &[4], 4, &Device::flex()).is_none());
    }
}
