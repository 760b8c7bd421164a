//! Dropout masks computed where they are used: the hash of [`super::super::kernel::drop_out`], value for value.

use burn::tensor::{Device, Int, Tensor};

use super::super::kernel::{drop_keys, drop_threshold};
use super::words::Words;

/// Keys and thresholds of an epoch's dropouts.
#[derive(Debug)]
pub(super) struct DropOuts {
    /// `[dropouts, members, 3]`: the halves of the key, then the threshold.
    keys: Tensor<3, Int>,
    words: Words,
}

impl DropOuts {
    /// A key and a rate for every member of every dropout, in that order; `None` if nothing is dropped.
    pub(super) fn new(keys: &[(u64, f32)], members: usize, device: &Device) -> Option<Self> {
        if keys.iter().all(|(_, rate)| *rate <= 0.0) {
            return None;
        }
        let words = Words::new(device);
        let numbers = keys.iter().flat_map(|&(key, rate)| {
            let (first, second) = drop_keys(key);
            [first, second, drop_threshold(rate)]
        });
        Some(Self { keys: words.tensor(numbers, [keys.len() / members, members, 3]), words })
    }

    /// What the values of shape `[members, rows, columns]` are multiplied with by dropout `number`.
    pub(super) fn factors(&self, number: usize, rows: usize, columns: usize) -> Tensor<3> {
        let members = self.keys.dims()[1];
        let shape = [members, rows, columns];
        let part = |index: usize| {
            let part = self.keys.clone().slice([number..number + 1, 0..members, index..index + 1]);
            part.reshape([members, 1, 1])
        };
        let places = Tensor::<1, Int>::arange(0..(rows * columns) as i64, self.words.device());
        let x = self.words.hash(places.reshape([1, rows, columns]).expand(shape), [part(0), part(1)]);
        let threshold = part(2);
        let is_kept = self.words.shift_right(x, 16).greater_equal(threshold.clone().expand(shape));
        // The scale of [`kept_scale`](super::super::kernel::kept_scale).
        is_kept.float() * (threshold.float() * (-1.0 / 65_536.0) + 1.0).recip()
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
            let keyed: Vec<(u64, f32)> = keys.into_iter().zip(rates).collect();
            let dropouts = DropOuts::new(&keyed, keys.len(), &device).unwrap();
            let factors = dropouts.factors(0, rows, columns).into_data();
            let factors = factors.as_slice::<f32>().unwrap();
            for ((rate, key), ours) in rates.iter().zip(keys).zip(factors.chunks(rows * columns)) {
                let (mut outputs, mut slopes) = (vec![1.0; rows * columns], vec![1.0; rows * columns]);
                kernel::drop_out(*rate, key, 0, [&mut outputs, &mut slopes, &mut []]);
                assert_eq!(ours, outputs, "rate {rate}");
            }
        }
        assert!(DropOuts::new(&[(1, 0.0)], 1, &Device::flex()).is_none());
    }
}
