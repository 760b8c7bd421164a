//! The one random generator of this crate, and its two draws.
//!
//! A stored seed must mean the same after an upgrade, so the stream must never change. xoshiro256++ (Blackman &
//! Vigna 2019) is fixed by its paper, and what is made of its words is written out here rather than left to a
//! distribution of `rand`, whose algorithms may change between versions.

use automl_core::Seed;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// A stream of random numbers.
pub(crate) struct Generator(Xoshiro256PlusPlus);

impl Generator {
    pub(crate) fn new(seed: Seed) -> Self {
        let mut state = [0_u8; 32];
        for (step, bytes) in state.chunks_exact_mut(8).enumerate() {
            bytes.copy_from_slice(&seed.step(step as u64).value().to_le_bytes());
        }
        Self(Xoshiro256PlusPlus::from_seed(state))
    }

    /// Uniform in `0..n`; 0 when `n` is 0. The bias is below `n` / 2⁶⁴ (the upper half of a product, Lemire 2019).
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let product = u128::from(self.0.next_u64()) * n as u128;
        (product >> 64) as usize
    }

    /// Puts `items` into random order (Fisher & Yates 1938, in Durstenfeld's form).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }

    /// `n` rows drawn with replacement from `0..n`.
    pub(crate) fn resample(&mut self, rows: &mut [usize]) {
        let n = rows.len();
        for row in rows {
            *row = self.below(n);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_stable() {
        let mut generator = Generator::new(Seed(1));
        let drawn: Vec<usize> = (0..4).map(|_| generator.below(1_000_000)).collect();
        assert_eq!(drawn[..2], [378_153, 15_946]);
    }

    #[test]
    fn draws_are_uniform() {
        let mut generator = Generator::new(Seed(2));
        let mut counts = [0_u32; 8];
        for _ in 0..8000 {
            counts[generator.below(8)] += 1;
        }
        // Five standard deviations of a binomial(8000, 1/8).
        assert!(counts.iter().all(|&count| (count as i32 - 1000).abs() < 148), "{counts:?}");
        assert_eq!(generator.below(0), 0);
    }

    #[test]
    fn shuffling_keeps_every_item() {
        let mut items: Vec<usize> = (0..100).collect();
        Generator::new(Seed(3)).shuffle(&mut items);
        assert!(items.windows(2).any(|pair| pair[0] > pair[1]));
        items.sort_unstable();
        assert!(items.iter().copied().eq(0..100));
    }
}
