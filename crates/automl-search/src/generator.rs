//! The one random generator of this crate, and its two draws.
//!
//! Studies are resumed by other builds, so the stream must never change. xoshiro256++ (Blackman & Vigna
//! 2019) is fixed by its paper, and the conversion to a real number is written out here rather than left to
//! a distribution of `rand`, whose algorithms may change between versions.

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

    /// Uniform in `[0, 1)`, a multiple of 2⁻⁵³.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// A standard normal number (Box & Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        // 1 - u is never 0.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (2.0 * std::f64::consts::PI * self.unit()).cos()
    }

    /// Uniform in `0..n`; 0 when `n` is 0. The bias is below `n` / 2⁵³.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stored study must mean the same after an upgrade, so the stream is pinned.
    #[test]
    fn the_stream_is_stable() {
        let mut generator = Generator::new(Seed(1));
        let drawn: Vec<f64> = (0..3).map(|_| generator.unit()).collect();
        assert_eq!(drawn, [0.378_153_023_426_431_1, 0.015_946_384_433_668_803, 0.968_862_114_240_308_1]);
    }

    #[test]
    fn normal_draws_have_mean_0_and_deviation_1() {
        let mut generator = Generator::new(Seed(3));
        let draws: Vec<f64> = (0..10_000).map(|_| generator.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 1e4;
        let variance = draws.iter().map(|draw| draw * draw).sum::<f64>() / 1e4;
        // Five standard deviations of either.
        assert!(mean.abs() < 0.05 && (variance - 1.0).abs() < 0.07, "{mean} {variance}");
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
}
