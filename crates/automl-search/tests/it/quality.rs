//! What a sampler finds in a given number of trials.

use automl_core::{Sampler, Seed, StopSignal};
use automl_search::{NopPruner, RandomSampler, SearchPlan, TpeSampler, run_search};
use automl_testkit::memory_store::MemoryStore;

use crate::problems::{Problem, branin, hartmann6, mixed_conditional};

/// Least cost of every seed, sorted.
fn bests(problem: &Problem, sampler: &dyn Sampler, n_trials: usize, n_seeds: u64) -> Vec<f64> {
    let best = |seed| {
        let plan = SearchPlan {
            space: &problem.space,
            initial: &[],
            sampler,
            pruner: &NopPruner,
            stoppers: &[],
            is_shared: false,
            seed: Seed(seed),
            n_trials: Some(n_trials),
            stop: &StopSignal::never(),
        };
        let summary = run_search(&plan, &mut MemoryStore::new(), &mut problem.objective(), &mut ()).unwrap();
        summary.best.unwrap().cost.unwrap()
    };
    let mut bests: Vec<f64> = (0..n_seeds).map(best).collect();
    bests.sort_unstable_by(f64::total_cmp);
    bests
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

#[test]
fn tpe_is_far_better_than_random_on_hartmann6() {
    let random = median(&bests(&hartmann6(), &RandomSampler, 60, 20));
    let tpe = median(&bests(&hartmann6(), &TpeSampler::default(), 60, 20));
    assert!(random > -2.4, "random search is too good to be true: {random}");
    assert!(tpe < -2.85, "tpe reached {tpe}, random {random}");
}

#[test]
fn tpe_is_better_than_random_on_branin() {
    let optimum = branin().optimum.1;
    let random = median(&bests(&branin(), &RandomSampler, 60, 20)) - optimum;
    let tpe = median(&bests(&branin(), &TpeSampler::default(), 60, 20)) - optimum;
    assert!(tpe < 0.5 * random, "regret of tpe {tpe}, of random {random}");
}

/// The linear family is tuned after a few trials and ends at 0.2; a sampler that then never tries another
/// family stays there.
#[test]
fn tpe_leaves_the_family_that_is_easy_to_tune() {
    let random = median(&bests(&mixed_conditional(), &RandomSampler, 200, 30));
    let tpe = median(&bests(&mixed_conditional(), &TpeSampler::default(), 200, 30));
    assert!(tpe < 0.5 * random, "tpe reached {tpe}, random {random}");
}
