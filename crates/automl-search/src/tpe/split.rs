//! Which trials are good and which are not.

use std::cmp::Ordering;

use automl_core::{TrialRecord, TrialState};

/// Trials in two heaps, each in the order of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Split {
    /// The best trials, as indices into the history.
    pub(super) below: Vec<usize>,
    /// All others.
    pub(super) above: Vec<usize>,
}

/// How many of `n` trials count as good (Optuna's `default_gamma`).
pub(super) fn n_below(n: usize) -> usize {
    n.div_ceil(10).min(25)
}

/// Splits by rank: complete trials by cost, then pruned ones by how far they came and their cost there, as
/// in Optuna's `_split_trials`. Ties go to the earlier trial. Failed trials and those without a finite cost
/// are never good: Optuna forgets them, but a configuration that diverges is worth keeping away from.
///
/// Only those of `trials` that `which` lists take part; what comes back are their indices too.
pub(super) fn split(trials: &[TrialRecord], which: &[usize], n_below: usize) -> Split {
    let mut ranked: Vec<(Rank, usize)> =
        which.iter().map(|&index| (Rank::of(&trials[index]), index)).collect();
    let n_below = n_below.min(ranked.iter().filter(|(rank, _)| *rank != Rank::Worst).count());
    if n_below > 0 && n_below < ranked.len() {
        ranked.select_nth_unstable_by(n_below - 1, |(a, i), (b, j)| a.order(b).then(i.cmp(j)));
    }
    let indices = |part: &[(Rank, usize)]| {
        let mut indices: Vec<usize> = part.iter().map(|(_, index)| *index).collect();
        indices.sort_unstable();
        indices
    };
    Split { below: indices(&ranked[..n_below]), above: indices(&ranked[n_below..]) }
}

/// Place of a trial among the others, best first.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rank {
    Complete { cost: f64 },
    Pruned { step: u32, cost: f64 },
    PrunedAtOnce,
    Worst,
}

impl Rank {
    fn of(trial: &TrialRecord) -> Self {
        match (trial.state, trial.cost) {
            (TrialState::Complete, Some(cost)) if cost.is_finite() => Rank::Complete { cost },
            (TrialState::Pruned, _) => match trial.steps.iter().max_by_key(|(step, _)| *step) {
                Some(&(step, cost)) if cost.is_nan() => Rank::Pruned { step, cost: f64::INFINITY },
                Some(&(step, cost)) => Rank::Pruned { step, cost },
                None => Rank::PrunedAtOnce,
            },
            _ => Rank::Worst,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Rank::Complete { cost: a }, Rank::Complete { cost: b }) => compare(*a, *b),
            (Rank::Pruned { step: s, cost: a }, Rank::Pruned { step: t, cost: b }) => {
                t.cmp(s).then(compare(*a, *b))
            }
            _ => self.class().cmp(&other.class()),
        }
    }

    fn class(&self) -> u8 {
        match self {
            Rank::Complete { .. } => 0,
            Rank::Pruned { .. } => 1,
            Rank::PrunedAtOnce => 2,
            Rank::Worst => 3,
        }
    }
}

/// Costs here are never NaN; 0 and -0 are a tie, which `total_cmp` would not see.
fn compare(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use automl_core::Params;

    use super::*;

    fn trial(state: TrialState, cost: Option<f64>, steps: &[(u32, f64)]) -> TrialRecord {
        TrialRecord { cost, steps: steps.to_vec(), ..TrialRecord::new(0, state, Params::new()) }
    }

    fn below(trials: &[TrialRecord], n: usize) -> Vec<usize> {
        let all: Vec<usize> = (0..trials.len()).collect();
        let split = split(trials, &all, n);
        assert_eq!(split.below.len() + split.above.len(), trials.len());
        split.below
    }

    #[test]
    fn a_tenth_is_good_but_never_more_than_25() {
        let counts: Vec<usize> = [0, 1, 10, 11, 250, 251, 10_000].into_iter().map(n_below).collect();
        assert_eq!(counts, [0, 1, 1, 2, 25, 25, 25]);
    }

    #[test]
    fn complete_trials_come_first_then_pruned_ones_that_came_furthest() {
        let trials = [
            trial(TrialState::Pruned, None, &[(1, 0.1)]),
            trial(TrialState::Pruned, None, &[(1, 9.0), (2, 0.5)]),
            trial(TrialState::Pruned, None, &[(1, 9.0), (2, 0.4)]),
            trial(TrialState::Complete, Some(7.0), &[]),
            trial(TrialState::Pruned, None, &[]),
            trial(TrialState::Complete, Some(3.0), &[]),
            trial(TrialState::Pruned, None, &[(2, f64::NAN)]),
        ];
        let order: Vec<Vec<usize>> = (0..=7).map(|n| below(&trials, n)).collect();
        let entered: Vec<usize> = order
            .windows(2)
            .map(|pair| *pair[1].iter().find(|index| !pair[0].contains(index)).unwrap())
            .collect();
        assert_eq!(entered, [5, 3, 2, 1, 6, 0, 4]);
    }

    #[test]
    fn failed_trials_and_costs_without_number_are_never_good() {
        let trials = [
            trial(TrialState::Failed, None, &[]),
            trial(TrialState::Complete, Some(f64::NAN), &[]),
            trial(TrialState::Complete, Some(f64::NEG_INFINITY), &[]),
            trial(TrialState::Complete, None, &[]),
            trial(TrialState::Complete, Some(1.0), &[]),
        ];
        assert_eq!(below(&trials, 5), [4]);
    }

    #[test]
    fn ties_go_to_the_earlier_trial() {
        let trials = vec![trial(TrialState::Complete, Some(1.0), &[]); 50];
        assert_eq!(below(&trials, 5), [0, 1, 2, 3, 4]);
    }
}
