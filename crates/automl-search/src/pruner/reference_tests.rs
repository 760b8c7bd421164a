//! Decisions of Optuna 5.0.0 and numbers of `SciPy`, made by `tests/make_pruners.py`.

use automl_core::{History, Params, Pruner, SearchSpace, Standing, TrialRecord, TrialState};
use serde::Deserialize;

use super::racing::{Spread, upper_tail};
use super::{AshaConfig, AshaPruner, HyperbandConfig, HyperbandPruner, PercentileConfig, PercentilePruner};

#[derive(Deserialize)]
struct Reference {
    asha: Vec<AshaCase>,
    hyperband: Vec<HyperbandCase>,
    percentile: Vec<PercentileCase>,
    student: Vec<(f64, f64, f64)>,
    residuals: Vec<ResidualCase>,
}

#[derive(Deserialize)]
struct AshaCase {
    min_resource: u32,
    reduction_factor: u32,
    min_early_stopping_rate: u32,
    #[serde(flatten)]
    run: Run,
}

#[derive(Deserialize)]
struct HyperbandCase {
    min_resource: u32,
    max_resource: u32,
    reduction_factor: u32,
    brackets: Vec<usize>,
    budgets: Vec<u64>,
    #[serde(flatten)]
    run: Run,
}

/// What several workers reported, in order.
#[derive(Deserialize)]
struct Run {
    last_step: u32,
    /// (trial, step, cost, whether it was pruned).
    reports: Vec<(u32, u32, f64, bool)>,
}

#[derive(Deserialize)]
struct PercentileCase {
    percentile: f64,
    n_warmup_steps: u32,
    /// Of complete trials at steps 1, 2 …
    costs: Vec<Vec<f64>>,
    /// (step, cost, whether it was pruned).
    queries: Vec<(u32, f64, bool)>,
}

#[derive(Deserialize)]
struct ResidualCase {
    costs: Vec<Vec<f64>>,
    squares: f64,
    degrees: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../../tests/data/pruners.json")).unwrap()
}

/// Repeats the reports with `pruner` in place of Optuna's; trial `i` of the run is at slot `slots[i]`.
fn replay(run: &Run, pruner: &dyn Pruner, slots: &[u32]) {
    let mut history = History::new(SearchSpace::default());
    let mut running: Vec<TrialRecord> = Vec::new();
    let mut n_pruned = 0;
    for &(number, step, cost, expected) in &run.reports {
        let slot = slots[number as usize];
        if running.iter().all(|trial| trial.slot != slot) {
            running.push(TrialRecord::new(slot, TrialState::Running, Params::new()));
        }
        let place = running.iter().position(|trial| trial.slot == slot).unwrap();
        running[place].steps.push((step, cost));
        history.set_running(running.iter().filter(|trial| trial.slot != slot).cloned().collect());
        let standing = Standing { slot, params: &Params::new(), steps: &running[place].steps, folds: &[] };
        let got = pruner.should_prune(&standing, &history);
        assert_eq!(got, expected, "trial {number} at step {step} with cost {cost}");
        n_pruned += usize::from(got);
        if got || step == run.last_step {
            let state = if got { TrialState::Pruned } else { TrialState::Complete };
            history.insert(TrialRecord { state, ..running.remove(place) });
        }
    }
    assert!(running.is_empty() && n_pruned > 10, "{n_pruned}");
}

#[test]
fn successive_halving_decides_as_optuna() {
    for case in reference().asha {
        let AshaCase { min_resource, reduction_factor, min_early_stopping_rate, run } = case;
        let config = AshaConfig { min_resource, reduction_factor, min_early_stopping_rate };
        replay(&run, &AshaPruner::new(config).unwrap(), &(0..1000).collect::<Vec<u32>>());
    }
}

/// Which trial is in which bracket differs on purpose, so each trial gets a slot of the bracket it had in Optuna.
#[test]
fn hyperband_decides_as_optuna() {
    for case in reference().hyperband {
        let HyperbandCase { min_resource, max_resource, reduction_factor, brackets, budgets, run } = case;
        let config = HyperbandConfig { min_resource, max_resource, reduction_factor };
        let pruner = HyperbandPruner::new(config).unwrap();
        assert_eq!(pruner.budgets(), budgets);
        let mut free: Vec<u32> = (0..10_000).collect();
        let slots: Vec<u32> = brackets
            .iter()
            .map(|&bracket| {
                let place = free.iter().position(|&slot| pruner.bracket(slot) == bracket).unwrap();
                free.remove(place)
            })
            .collect();
        replay(&run, &pruner, &slots);
    }
}

#[test]
fn percentiles_decide_as_optuna_where_the_latest_cost_is_the_best_and_all_trials_are_complete() {
    for case in reference().percentile {
        let PercentileCase { percentile, n_warmup_steps, costs, queries } = case;
        let config = PercentileConfig { percentile, n_startup_trials: 1, n_warmup_steps };
        let pruner = PercentilePruner::new(config).unwrap();
        let trial = |(slot, costs): (u32, Vec<f64>)| TrialRecord {
            steps: (1..).zip(costs).collect(),
            ..TrialRecord::new(slot, TrialState::Complete, Params::new())
        };
        let history = History::with_trials(SearchSpace::default(), (0..).zip(costs).map(trial));
        for (step, cost, expected) in queries {
            let standing = Standing { slot: 99, params: &Params::new(), steps: &[(step, cost)], folds: &[] };
            let got = pruner.should_prune(&standing, &history);
            assert_eq!(got, expected, "{cost} at step {step} with percentile {percentile}");
        }
    }
}

#[test]
fn tails_match_scipy() {
    for (t, degrees, expected) in reference().student {
        let got = upper_tail(t, degrees);
        // At 20,000 degrees of freedom the gamma functions cancel to a part in 10^11.
        assert!((got - expected).abs() <= 1e-10 * expected, "{t}, {degrees}: {got}, expected {expected}");
    }
}

#[test]
fn residuals_match_least_squares() {
    for case in reference().residuals {
        let spread = Spread::of_residuals(&case.costs);
        assert!((spread.squares / case.squares - 1.0).abs() < 1e-9, "{spread:?}, expected {}", case.squares);
        assert_eq!(spread.degrees, case.degrees);
    }
}
