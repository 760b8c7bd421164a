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

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in `[-limit, limit)`.
    pub(crate) fn symmetric(&mut self, limit: f32) -> f32 {
        let unit = (self.bits() >> 40) as f32 / (1_u32 << 24) as f32;
        (2.0 * unit - 1.0) * limit
    }

    /// A standard normal number (Box & Muller 1958).
    pub(crate) fn normal(&mut self) -> f32 {
        // In (0, 1], so that the logarithm is finite.
        let radius = ((self.bits() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        let turn = (self.bits() >> 11) as f64 / (1_u64 << 53) as f64;
        ((-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * turn).cos()) as f32
    }

    /// A number from the exponential distribution of mean 1.
    pub(crate) fn exponential(&mut self) -> f32 {
        let unit = ((self.bits() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        -unit.ln() as f32
    }

    /// A whole number below `bound`, by multiplication (Lemire 2019) without rejection: the bias is
    /// below `bound / 2^32`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (((self.bits() >> 32) * bound as u64) >> 32) as usize
    }

    /// A random order of `0..n_rows` (Fisher and Yates).
    pub(crate) fn order(&mut self, n_rows: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n_rows).collect();
        for last in (1..n_rows).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }

    /// As many rows as there are codes, with replacement: each of a random class, all classes alike.
    pub(crate) fn balanced_order(&mut self, codes: &[u32]) -> Vec<usize> {
        let n_classes = codes.iter().max().map_or(0, |most| *most as usize + 1);
        let mut rows = vec![Vec::new(); n_classes];
        for (row, &code) in codes.iter().enumerate() {
            rows[code as usize].push(row);
        }
        rows.retain(|class: &Vec<usize>| !class.is_empty());
        let mut draw = || {
            let class = &rows[self.below(rows.len())];
            class[self.below(class.len())]
        };
        codes.iter().map(|_| draw()).collect()
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
    fn an_order_holds_every_row_once() {
        let mut order = Draws::new(Seed(3)).order(1000);
        assert_ne!(order, (0..1000).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn a_balanced_order_draws_classes_alike() {
        let codes: Vec<u32> = (0..10_000).map(|row| u32::from(row % 50 == 0) * 2).collect();
        let order = Draws::new(Seed(4)).balanced_order(&codes);
        let rare = order.iter().filter(|&&row| codes[row] == 2).count();
        assert_eq!(order.len(), codes.len());
        assert!((4_700..5_300).contains(&rare), "{rare}");
    }

    /// A stored study names its seeds, so the stream is pinned.
    #[test]
    fn the_stream_is_pinned() {
        let mut draws = Draws::new(Seed(1));
        assert_eq!(
            (draws.bits(), draws.order(6), draws.symmetric(2.0)),
            (14_971_601_782_005_023_387, vec![3, 1, 5, 2, 0, 4], 1.947_496_2)
        );
    }

    #[test]
    fn normal_and_exponential_draws_have_their_moments() {
        let mut draws = Draws::new(Seed(2));
        let mean = |values: &[f32]| values.iter().map(|value| f64::from(*value)).sum::<f64>() / 2e4;
        let normal: Vec<f32> = (0..20_000).map(|_| draws.normal()).collect();
        let squares: Vec<f32> = normal.iter().map(|value| value * value).collect();
        assert!(mean(&normal).abs() < 0.03 && (mean(&squares) - 1.0).abs() < 0.04);
        let exponential: Vec<f32> = (0..20_000).map(|_| draws.exponential()).collect();
        assert!((mean(&exponential) - 1.0).abs() < 0.03 && exponential.iter().all(|value| *value >= 0.0));
    }

    #[test]
    fn symmetric_draws_have_mean_zero() {
        let mut draws = Draws::new(Seed(1));
        let mean = (0..10_000).map(|_| draws.symmetric(2.0)).sum::<f32>() / 1e4;
        assert!(mean.abs() < 0.05, "{mean}");
    }

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

    /// As above.
    #[test]
    fn the_stream_of_samples_is_pinned() {
        let mut draws = Draws::new(Seed(1));
        assert_eq!((draws.below(1_000_000), draws.sample(3, 9)), (811_612, vec![1, 3, 7]));
    }
}
