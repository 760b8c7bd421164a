//! Noise on the numeric columns of training rows, which asks the network for a smooth function (Bishop, "Training with
//! Noise is Equivalent to Tikhonov Regularization", 1995).

use super::kernel::{drop_bits, drop_keys};
use super::simd::vectorised;

/// The mean of the sum of eight random bytes.
pub(crate) const SUM_MEAN: i32 = 1020;
/// 1 divided by the deviation of that sum, the root of `8 (256^2 - 1) / 12`.
pub(crate) const INVERSE_DEVIATION: f32 = 1.0 / 209.021_53;

/// Noise of one member in one step.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Noise {
    /// Its standard deviation; 0 for none.
    pub(crate) deviation: f32,
    /// What the two words of a draw are hashed with.
    pub(crate) keys: [u64; 2],
}

impl Noise {
    /// Adds noise to the first `columns` columns of `rows`, `[rows, width]`, of which the first is row `first` of the batch.
    ///
    /// A draw is a function of the keys and the place among the member's own columns, as masks of dropout are, so that it
    /// is the same in parts of a batch, in every population and on every device. It is the sum of the eight bytes of two
    /// words, made to have mean 0 and deviation 1: whole numbers, so that devices agree to the bit, and near enough to normal
    /// (the density is off by less than 0.008, the largest draw 4.9).
    pub(crate) fn add(self, rows: &mut [f32], width: usize, columns: usize, first: usize) {
        if self.deviation <= 0.0 || columns == 0 {
            return;
        }
        let [one, other] = self.keys.map(drop_keys);
        let factor = self.deviation * INVERSE_DEVIATION;
        vectorised!(|| {
            for (row, values) in (first..).zip(rows.chunks_exact_mut(width)) {
                let start = (row * columns) as u32;
                for (place, value) in (start..).zip(&mut values[..columns]) {
                    let words = [one, other].map(|(first, second)| word(place, first, second));
                    *value += (sum_of_bytes(words) as i32 - SUM_MEAN) as f32 * factor;
                }
            }
        });
    }
}

/// 32 bits of `place` under a key, of which the lower are as random as the upper.
#[inline]
fn word(place: u32, first: u32, second: u32) -> u32 {
    let bits = drop_bits(place, first, second);
    bits ^ (bits >> 16)
}

/// Every other byte, so that two sums of pairs of bytes have room in a word.
pub(crate) const BYTES: u32 = 0x00FF_00FF;

#[inline]
fn sum_of_bytes(words: [u32; 2]) -> u32 {
    let [one, other] = words.map(|word| (word & BYTES) + ((word >> 8) & BYTES));
    let pairs = one + other;
    (pairs & 0xFFFF) + (pairs >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(deviation: f32, keys: [u64; 2], columns: usize, n_rows: usize) -> Vec<f64> {
        let mut values = vec![0.0; n_rows * columns];
        Noise { deviation, keys }.add(&mut values, columns, columns, 0);
        values.into_iter().map(f64::from).collect()
    }

    fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
        let n = values.len() as f64;
        values.sum::<f64>() / n
    }

    #[test]
    fn noise_has_mean_zero_the_deviation_asked_for_and_nearly_normal_tails() {
        for deviation in [0.01_f32, 0.5] {
            let wanted = f64::from(deviation);
            let values = noise(deviation, [0x0123_4567_89AB_CDEF, 77], 16, 4000);
            let moment = |power: i32| mean(values.iter().map(|value| (value / wanted).powi(power)));
            assert!(moment(1).abs() < 0.015, "mean {}", moment(1));
            assert!((moment(2) - 1.0).abs() < 0.02, "variance {}", moment(2));
            assert!(moment(3).abs() < 0.05, "skewness {}", moment(3));
            // That of the sum of eight bytes is 2.85, of a normal number 3.
            assert!((moment(4) - 2.85).abs() < 0.15, "kurtosis {}", moment(4));
            let beyond = mean(values.iter().map(|value| f64::from(u8::from(value.abs() > 1.96 * wanted))));
            assert!((beyond - 0.05).abs() < 0.005, "{beyond} beyond 1.96 deviations");
        }
    }

    #[test]
    fn neighbours_in_place_and_key_are_uncorrelated() {
        let correlation = |a: &[f64], b: &[f64]| mean(a.iter().zip(b).map(|(a, b)| a * b));
        let keys = [0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344];
        let one = noise(1.0, keys, 8, 5000);
        for shift in [1, 2, 3, 8, 16] {
            assert!(correlation(&one[shift..], &one).abs() < 0.025, "places {shift} apart");
        }
        // A draw has two words: keys that differ in one alone share the other.
        for bit in [0, 31, 32] {
            let other = keys.map(|key: u64| key ^ (1 << bit));
            assert!(correlation(&one, &noise(1.0, other, 8, 5000)).abs() < 0.025, "keys differ in bit {bit}");
        }
    }

    #[test]
    fn parts_and_padding_columns_change_no_draw() {
        let noise = Noise { deviation: 0.3, keys: [1, 2] };
        let mut whole = vec![0.0; 10 * 3];
        noise.add(&mut whole, 3, 3, 0);
        let mut part = vec![0.0; 6 * 5];
        noise.add(&mut part, 5, 3, 4);
        for (wide, own) in part.chunks(5).zip(whole[4 * 3..].chunks(3)) {
            assert_eq!((&wide[..3], &wide[3..]), (own, &[0.0, 0.0][..]));
        }
    }

    #[test]
    fn sums_of_bytes_are_those_of_the_definition() {
        for words in [[0x0102_0304, 0xFFFE_FDFC], [u32::MAX; 2], [0; 2]] {
            let bytes = words.iter().flat_map(|word: &u32| word.to_le_bytes());
            assert_eq!(sum_of_bytes(words), bytes.map(u32::from).sum::<u32>());
        }
    }
}
