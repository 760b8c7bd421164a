//! When a search has found enough.

use automl_core::{History, StopReason, Stopper, TrialRecord};

use crate::normal::ndtr;

/// Ends a search when a trial is at least as good as wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TargetCost {
    /// The cost that is good enough.
    pub cost: f64,
}

impl Stopper for TargetCost {
    fn enough(&self, history: &History) -> Option<StopReason> {
        let best = TrialRecord::best(history.trials())?.cost?;
        (best <= self.cost).then_some(StopReason::TargetReached)
    }
}

/// Ends a search when the next trials are not expected to bring an improvement that could be told from chance.
///
/// The costs of the last `window` complete trials are what the sampler now proposes. Their better half is taken for
/// that of a normal variable around their median (bad proposals have a long tail that says nothing of good ones), of
/// which the expected improvement on the best cost is known (Jones et al. 1998, equation 15). `horizon` times as much bounds what the next `horizon` trials bring. The search ends when that
/// is less than the standard error of the best trial's mean over its folds: a smaller difference between two
/// configurations says nothing (Makarova et al. 2022, arXiv 2104.08166, stop by the same comparison). Where there are
/// no folds to tell, a hundredth of the interquartile range of all costs takes the place of the error.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `window` | 30 | from 2 | complete trials that tell what is proposed now; twice as many must be there |
/// | `horizon` | 20 | above 0 | trials whose improvement is asked for |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plateau {
    /// Newest complete trials that are looked at.
    pub window: usize,
    /// Trials whose improvement is asked for.
    pub horizon: f64,
}

impl Default for Plateau {
    fn default() -> Self {
        Self { window: 30, horizon: 20.0 }
    }
}

impl Stopper for Plateau {
    fn enough(&self, history: &History) -> Option<StopReason> {
        let complete = history.trials().iter().filter_map(|trial| Some((trial, trial.cost?)));
        let complete: Vec<(&TrialRecord, f64)> = complete.filter(|(_, cost)| cost.is_finite()).collect();
        let window = self.window.max(2);
        if complete.len() < 2 * window {
            return None;
        }
        let best = TrialRecord::best(history.trials())?;
        let newest: Vec<f64> = complete[complete.len() - window..].iter().map(|(_, cost)| *cost).collect();
        let improvement = self.horizon * expected_improvement(best.cost?, &newest);
        let resolution = standard_error(best).unwrap_or_else(|| {
            let mut costs: Vec<f64> = complete.iter().map(|(_, cost)| *cost).collect();
            costs.sort_unstable_by(f64::total_cmp);
            0.01 * (costs[costs.len() * 3 / 4] - costs[costs.len() / 4])
        });
        (improvement < resolution).then_some(StopReason::Plateau)
    }
}

/// Expected improvement on `best` of a normal variable with the median of `costs` and the deviation of those below it.
fn expected_improvement(best: f64, costs: &[f64]) -> f64 {
    let mut sorted = costs.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let better = &sorted[..sorted.len().div_ceil(2)];
    let median = f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    let squares: f64 = better.iter().map(|cost| (cost - median).powi(2)).sum();
    let deviation = (squares / better.len() as f64).sqrt();
    if deviation <= 0.0 {
        return (best - median).max(0.0);
    }
    let z = (best - median) / deviation;
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    deviation * (z * ndtr(z) + density)
}

/// Standard error of the mean cost over the folds; `None` below two folds.
fn standard_error(trial: &TrialRecord) -> Option<f64> {
    let costs: Vec<f64> = trial.folds.iter().map(|fold| fold.cost).collect();
    (costs.len() >= 2).then(|| mean_and_deviation(&costs).1 / (costs.len() as f64).sqrt())
}

/// With n - 1 in the denominator; `values` has at least two.
fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use automl_core::{FoldScore, Params, SearchSpace, Seed, TrialState};

    use super::*;

    fn history(costs: impl IntoIterator<Item = f64>, fold_spread: f64) -> History {
        let fold = |fold: u32, cost: f64| FoldScore {
            fold,
            cost,
            scores: vec![],
            best_epoch: None,
            n_epochs: 0,
            seconds: 0.0,
        };
        let trials = costs.into_iter().zip(0..).map(|(cost, slot)| TrialRecord {
            folds: vec![fold(0, cost - fold_spread), fold(1, cost + fold_spread)],
            ..TrialRecord::new(slot, TrialState::Complete, Params::new()).with_cost(cost)
        });
        History::with_trials(SearchSpace::default(), trials)
    }

    fn noise(n: u64) -> impl Iterator<Item = f64> {
        (0..n).map(|draw| crate::generator::Generator::new(Seed(draw)).unit())
    }

    #[test]
    fn a_search_that_still_improves_goes_on() {
        let falling = (0..100).map(|trial| 100.0 - f64::from(trial)).zip(noise(100)).map(|(a, b)| a + b);
        assert_eq!(Plateau::default().enough(&history(falling, 0.1)), None);
    }

    #[test]
    fn a_search_whose_proposals_are_all_worse_ends_once_there_are_enough() {
        let stale = |n: u64| std::iter::once(0.0).chain(noise(n - 1).map(|noise| 10.0 + noise));
        assert_eq!(Plateau::default().enough(&history(stale(100), 0.1)), Some(StopReason::Plateau));
        assert_eq!(Plateau::default().enough(&history(stale(59), 0.1)), None);
    }

    #[test]
    fn an_improvement_is_measured_by_what_the_folds_can_tell() {
        let near = || std::iter::once(0.99).chain(noise(99).map(|noise| 1.0 + 0.1 * noise));
        assert_eq!(Plateau::default().enough(&history(near(), 1e-9)), None);
        assert_eq!(Plateau::default().enough(&history(near(), 1.0)), Some(StopReason::Plateau));
    }

    #[test]
    fn expected_improvement_matches_its_known_values() {
        // At z = 0 it is the deviation over the square root of 2 pi.
        assert!((expected_improvement(1.0, &[0.0, 2.0]) - 0.398_942_280_401_432_7).abs() < 1e-12);
        assert_eq!(expected_improvement(3.0, &[1.0, 1.0]), 2.0);
        assert_eq!(expected_improvement(0.0, &[1.0, 1.0]), 0.0);
        let tail = |worst| expected_improvement(1.0, &[0.0, 2.0, 2.0, 3.0, worst]);
        assert_eq!(tail(4.0), tail(1e9), "a long upper tail says nothing");
    }

    #[test]
    fn the_target_is_reached_by_a_complete_trial_alone() {
        let target = TargetCost { cost: 1.0 };
        let enough =
            |trials: Vec<TrialRecord>| target.enough(&History::with_trials(SearchSpace::default(), trials));
        let trial = |state| TrialRecord::new(0, state, Params::new());
        assert_eq!(enough(vec![]), None);
        let pruned = TrialRecord { steps: vec![(1, 0.0)], ..trial(TrialState::Pruned) };
        assert_eq!(enough(vec![pruned, trial(TrialState::Complete).with_cost(1.1)]), None);
        assert_eq!(enough(vec![trial(TrialState::Complete).with_cost(1.0)]), Some(StopReason::TargetReached));
    }
}
