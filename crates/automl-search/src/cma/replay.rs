//! The state after a history, with restarts.

use automl_core::{History, Seed, TrialState};

use super::constants::usual_population;
use super::strategy::Strategy;
use crate::generator::Generator;

/// Costs whose relative difference is below this are equal.
const FLAT: f64 = 1e-12;

/// A row of generations, and what ends it.
struct Run {
    strategy: Strategy,
    /// Least cost of every generation.
    bests: Vec<f64>,
}

impl Run {
    fn new(mean: Vec<f64>, population: usize) -> Self {
        Self { strategy: Strategy::new(mean, population), bests: Vec::new() }
    }

    /// Whether the best of every generation was the same for so long that there is no slope left (the tutorial's
    /// `TolFun`, appendix B.3).
    fn is_flat(&self, n: usize) -> bool {
        let window = 10 + (30 * n).div_ceil(self.strategy.population);
        let Some(start) = self.bests.len().checked_sub(window) else { return false };
        let (least, most) =
            self.bests[start..].iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), best| {
                (least.min(*best), most.max(*best))
            });
        most - least <= FLAT * most.abs().max(least.abs())
    }
}

/// The state after all whole generations of the history: trials in order of slot that have a coordinate for each of
/// `numbers`. A generation of which no trial is complete tells nothing and is passed over. `least` is what
/// [`Strategy::draw`] takes.
pub(super) fn replay(history: &History, numbers: &[usize], least: &[f64]) -> Strategy {
    let n = numbers.len();
    let mut run = Run::new(vec![0.5; n], usual_population(n));
    let mut generation: Vec<(f64, Vec<f64>)> = Vec::new();
    let mut n_restarts = 0;
    for (place, trial) in history.trials().iter().enumerate() {
        let point: Vec<f64> = numbers.iter().map(|&param| history.column(param)[place]).collect();
        if point.iter().any(|at| at.is_nan()) {
            continue;
        }
        let cost = trial.cost.filter(|cost| trial.state == TrialState::Complete && cost.is_finite());
        generation.push((cost.unwrap_or(f64::INFINITY), point));
        if generation.len() < run.strategy.population {
            continue;
        }
        // Stable: among equals the earlier trial is the better one.
        generation.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let best = generation[0].0;
        let points: Vec<Vec<f64>> = generation.drain(..).map(|(_, point)| point).collect();
        if best.is_infinite() {
            continue;
        }
        run.bests.push(best);
        run.strategy.learn(&points);
        if run.strategy.has_converged(least) || run.is_flat(n) {
            n_restarts += 1;
            let mut generator = Generator::new(Seed(0).step(n_restarts));
            let mean = (0..n).map(|_| generator.unit()).collect();
            run = Run::new(mean, 2 * run.strategy.population);
        }
    }
    run.strategy
}

#[cfg(test)]
mod tests {
    use automl_core::{Domain, ParamSpec, Params, SearchSpace, TrialRecord};

    use super::*;

    fn history(n_trials: u32, cost: impl Fn(f64, u32) -> Option<f64>) -> History {
        let specs =
            vec![ParamSpec::new("a", Domain::float(0.0, 1.0)), ParamSpec::new("b", Domain::float(0.0, 1.0))];
        let mut history = History::new(SearchSpace::new(specs).unwrap());
        for slot in 0..n_trials {
            let strategy = replay(&history, &[0, 1], &[0.0; 2]);
            let point = strategy.draw(&[0.0; 2], &mut Generator::new(Seed(u64::from(slot))));
            let params = Params::new().with("a", point[0]).with("b", point[1]);
            let trial = TrialRecord::new(slot, TrialState::Failed, params);
            history.insert(match cost((point[0] - 0.2).abs() + (point[1] - 0.8).abs(), slot) {
                Some(cost) => trial.with_cost(cost),
                None => trial,
            });
        }
        history
    }

    fn population_after(history: &History) -> usize {
        replay(history, &[0, 1], &[0.0; 2]).population
    }

    #[test]
    fn a_search_that_has_converged_starts_again_with_twice_the_population() {
        assert_eq!(population_after(&history(60, |distance, _| Some(distance))), 6);
        assert_eq!(population_after(&history(900, |distance, _| Some(distance))), 12);
    }

    #[test]
    fn a_flat_function_makes_it_start_again() {
        assert_eq!(population_after(&history(140, |_, _| Some(2.5))), 12);
    }

    #[test]
    fn generations_that_failed_as_a_whole_change_nothing() {
        let failed = history(30, |_, _| None);
        let draw = |history: &History| {
            replay(history, &[0, 1], &[0.0; 2]).draw(&[0.0; 2], &mut Generator::new(Seed(9)))
        };
        assert_eq!(draw(&failed), draw(&History::new(failed.space().clone())));
    }

    #[test]
    fn a_failed_trial_is_the_worst_of_its_generation() {
        let some_failed = history(300, |distance, slot| (slot % 4 != 1).then_some(distance));
        let best = TrialRecord::best(some_failed.trials()).unwrap().cost.unwrap();
        assert!(best < 1e-3, "{best}");
    }
}
