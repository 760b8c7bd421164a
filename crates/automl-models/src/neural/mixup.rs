//! Mixtures of rows (Zhang, Cisse, Dauphin & Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", `ICLR` 2018).
//!
//! Rows `2i` and `2i + 1` of a batch are partners, random ones, for batches are shuffled; the last of an odd number is alone.
//! With a share `l` of their own, both become `l x + (1 - l) x_partner`, behind the input stage, so that embedded categories
//! are mixed like numbers; the loss of a row is `l loss(f(x), y) + (1 - l) loss(f(x), y_partner)`.

use super::simd::vectorised;
use crate::draws::Draws;

/// Shares of own rows in mixtures, of each member of a batch: a number a pair, none for a member that does not mix.
pub(crate) struct Mixtures<'a>(pub(crate) Vec<&'a [f32]>);

impl Mixtures<'_> {
    /// Whether no member mixes.
    pub(crate) fn are_none(&self) -> bool {
        self.0.iter().all(|shares| shares.is_empty())
    }

    /// Mixes `rows`, `[members, rows, width]`. The way back is the same, for what a row gives its partner it gets from it.
    pub(crate) fn apply(&self, rows: &mut [f32], width: usize) {
        let of_member = (rows.len() / self.0.len().max(1)).max(1);
        for (shares, rows) in self.0.iter().zip(rows.chunks_exact_mut(of_member)) {
            vectorised!(|| {
                for (share, pair) in shares.iter().zip(rows.chunks_exact_mut(2 * width)) {
                    let (one, other) = pair.split_at_mut(width);
                    for (one, other) in one.iter_mut().zip(other) {
                        let step = (1.0 - share) * (*other - *one);
                        *one += step;
                        *other -= step;
                    }
                }
            });
        }
    }
}

/// The place of the partner of the row at `place`, with the partner's share of the mixture.
pub(crate) fn partner(shares: &[f32], place: usize) -> Option<(usize, f32)> {
    shares.get(place / 2).map(|share| (place ^ 1, 1.0 - share))
}

/// Shares of `n_pairs` pairs from the beta distribution with both parameters `alpha`, from 0.05 to 1.
pub(crate) fn draw(alpha: f32, n_pairs: usize, draws: &mut Draws) -> Vec<f32> {
    (0..n_pairs).map(|_| symmetric_beta(f64::from(alpha).recip(), draws)).collect()
}

/// Jöhnk's rejection (1964), which accepts half of its draws at least where `inverse`, 1 divided by the parameter, is 1 or
/// more.
fn symmetric_beta(inverse: f64, draws: &mut Draws) -> f32 {
    // In (0, 1], so that no power is 0.
    let mut power = || (((draws.bits() >> 11) + 1) as f64 / (1_u64 << 53) as f64).powf(inverse);
    loop {
        let (one, other) = (power(), power());
        if one + other <= 1.0 {
            return (one / (one + other)) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use automl_core::Seed;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shares_have_the_moments_of_their_distribution() {
        for alpha in [0.05_f32, 0.1, 0.4, 1.0] {
            let shares = draw(alpha, 40_000, &mut Draws::new(Seed(1)));
            let mean = |of: &dyn Fn(f64) -> f64| {
                shares.iter().map(|share| of(f64::from(*share))).sum::<f64>() / shares.len() as f64
            };
            let variance = mean(&|share| (share - 0.5).powi(2));
            let expected = 1.0 / (4.0 * (2.0 * f64::from(alpha) + 1.0));
            assert!((mean(&|share| share) - 0.5).abs() < 0.01, "alpha {alpha}");
            assert!((variance - expected).abs() < 0.003, "alpha {alpha}: {variance}, not {expected}");
            assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        }
    }

    #[test]
    fn partners_share_a_pair_and_the_last_of_an_odd_number_is_alone() {
        let shares = [0.25, 0.5];
        let partners: Vec<_> = (0..5).map(|place| partner(&shares, place)).collect();
        let expected = [Some((1, 0.75)), Some((0, 0.75)), Some((3, 0.5)), Some((2, 0.5)), None];
        assert_eq!(partners, expected);
    }

    #[test]
    fn rows_become_their_mixture_and_padding_and_other_members_stay() {
        // Two members of three rows of two columns, of which the first mixes its first two rows.
        let mut rows: Vec<f32> = (0..12).map(|value| value as f32).collect();
        Mixtures(vec![&[0.75], &[]]).apply(&mut rows, 2);
        assert_eq!(rows[..6], [0.5, 1.5, 1.5, 2.5, 4.0, 5.0]);
        assert_eq!(rows[6..], [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
    }

    proptest! {
        #[test]
        fn a_row_mixed_with_itself_stays(row in prop::collection::vec(-1e3_f32..1e3, 1..20), share in 0.0_f32..1.0) {
            let mut rows = row.repeat(2);
            Mixtures(vec![&[share]]).apply(&mut rows, row.len());
            prop_assert_eq!(rows, row.repeat(2));
        }

        #[test]
        fn a_mixture_keeps_the_sum_of_its_rows(a in -10.0_f32..10.0, b in -10.0_f32..10.0, share in 0.0_f32..1.0) {
            let mut rows = [a, b];
            Mixtures(vec![&[share]]).apply(&mut rows, 1);
            prop_assert!((rows[0] + rows[1] - a - b).abs() < 1e-5);
            prop_assert!((rows[0] - (share * a + (1.0 - share) * b)).abs() < 1e-5);
        }
    }
}
