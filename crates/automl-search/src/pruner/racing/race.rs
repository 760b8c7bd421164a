//! One race: a trial against the incumbent, fold by fold.

use super::spread::Spread;
use super::student::upper_tail;

/// What is known of a trial that has run on some of the incumbent's folds.
#[derive(Debug, Clone)]
pub(super) struct Race {
    /// Sum over the shared folds of the trial's cost less the incumbent's.
    lead: f64,
    n_done: f64,
    n_left: f64,
    /// Of one difference.
    spread: Spread,
}

impl Race {
    /// `differences` are the trial's cost less the incumbent's on each fold that both have, `n_left` the folds that
    /// the trial has still to run, and `residuals` what other trials say of one cost's spread.
    pub(super) fn new(differences: &[f64], n_left: usize, residuals: Spread) -> Self {
        // A difference of two costs has twice the variance of one.
        let spread = residuals.scaled(2.0).pooled(Spread::of_sample(differences));
        Self {
            lead: differences.iter().sum(),
            n_done: differences.len() as f64,
            n_left: n_left as f64,
            spread,
        }
    }

    /// How likely it is to fall so far behind by chance for a trial that is as good as the incumbent.
    pub(super) fn p_equal(&self) -> f64 {
        self.tail(self.n_done)
    }

    /// How likely it is that folds on which the trial is as good as the incumbent make up for what it lost so far.
    pub(super) fn p_catches_up(&self) -> f64 {
        self.tail(self.n_left)
    }

    /// How likely it is that chance alone moves a sum over `n` folds by as much as the lead.
    fn tail(&self, n: f64) -> f64 {
        let Some(variance) = self.spread.variance() else { return 1.0 };
        if self.lead <= 0.0 {
            return 1.0;
        }
        upper_tail(self.lead / (variance * n).sqrt(), self.spread.degrees)
    }

    /// Whether the trial should be stopped: one of the two is improbable. The first question is asked again with
    /// every fold, so the first look takes half of `alpha`, the second a quarter, and so on: looks are counted from 1.
    pub(super) fn is_lost(&self, alpha: f64, look: usize) -> bool {
        self.p_equal() < level(alpha, look) || self.p_catches_up() < alpha
    }
}

/// The part of `alpha` that a look takes; all of them together take `alpha`.
pub(super) fn level(alpha: f64, look: usize) -> f64 {
    alpha * 0.5_f64.powi(i32::try_from(look).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPREAD: Spread = Spread { squares: 40.0, degrees: 80.0 };

    #[test]
    fn one_fold_is_judged_by_the_others_spread() {
        // One difference has variance 1.
        assert!(Race::new(&[2.1], 4, SPREAD).is_lost(0.05, 1));
        assert!(!Race::new(&[1.9], 4, SPREAD).is_lost(0.05, 1));
        assert!(!Race::new(&[2.1], 4, SPREAD).is_lost(0.05, 2));
    }

    #[test]
    fn late_in_the_race_a_small_lead_is_enough() {
        let steady = [0.7, 0.6, 0.8, 0.7];
        assert!(!Race::new(&steady[..1], 4, SPREAD).is_lost(0.05, 1));
        assert!(Race::new(&steady, 1, SPREAD).is_lost(0.05, 4));
    }

    #[test]
    fn nothing_is_known_without_any_spread() {
        let unknown = Spread { squares: 0.0, degrees: 0.0 };
        assert!(!Race::new(&[1e9], 4, unknown).is_lost(0.05, 1));
        assert!(Race::new(&[1e9, 1e9 + 1.0], 3, unknown).is_lost(0.05, 2));
    }

    #[test]
    fn whoever_is_not_behind_goes_on() {
        for differences in [&[0.0, 0.0][..], &[-1.0], &[5.0, -5.0]] {
            for spread in [SPREAD, Spread { squares: 0.0, degrees: 10.0 }] {
                assert!(!Race::new(differences, 3, spread).is_lost(0.4, 1), "{differences:?}");
            }
        }
    }
}
