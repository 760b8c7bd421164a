//! Draws whose stream never changes: a stored seed must mean the same after an upgrade.

use automl_core::Seed;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// A generator of one purpose. Only raw 64-bit words are taken of `rand`, for its distributions may
/// change their streams between versions.
#[derive(Debug)]
pub(crate) struct Draws(Xoshiro256PlusPlus);

impl Draws {
    /// Starts at `seed`.
    pub(crate) fn new(seed: Seed) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed.value()))
    }

    /// A whole number below `bound`, by multiplication (Lemire 2019) without rejection: the bias is
    /// below `bound / 2^32`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (((self.0.next_u64() >> 32) * bound as u64) >> 32) as usize
    }

    /// A number in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.0.next_u64() >> 40) as f32 / (1_u32 << 24) as f32
    }

    /// `count` different numbers below `bound`, in increasing order; all of them if there are no more.
    ///
    /// Selection sampling (Knuth, The Art of Computer Programming 2, algorithm 3.4.2 S).
    pub(crate) fn sample(&mut self, count: usize, bound: usize) -> Vec<u32> {
        if count >= bound {
            return (0..bound as u32).collect();
        }
        let mut chosen = vec![0; count + 1];
        let mut taken = 0;
        for number in 0..bound {
            // The place is written in any case and kept if the number is chosen: a branch would be guessed wrongly.
            chosen[taken] = number as u32;
            taken += usize::from(self.below(bound - number) < count - taken);
        }
        chosen.truncate(count);
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_ordered_without_repeats_and_fair() {
        let mut draws = Draws::new(Seed(3));
        let mut hits = [0_u32; 20];
        for _ in 0..4000 {
            let sample = draws.sample(5, 20);
            assert!(sample.len() == 5 && sample.is_sorted_by(|a, b| a < b), "{sample:?}");
            for &number in &sample {
                hits[number as usize] += 1;
            }
        }
        assert!(hits.iter().all(|&count| (850..1150).contains(&count)), "{hits:?}");
        assert_eq!(draws.sample(9, 4), [0, 1, 2, 3]);
        assert!(draws.sample(0, 4).is_empty());
    }

    /// A stored study names its seeds, so the stream is pinned.
    #[test]
    fn the_stream_is_pinned() {
        let mut draws = Draws::new(Seed(1));
        assert_eq!((draws.below(1_000_000), draws.sample(3, 9)), (811_612, vec![1, 3, 7]));
    }
}
