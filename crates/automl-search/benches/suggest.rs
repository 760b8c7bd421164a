//! Cost of a proposal: ask and tell through the study loop's parts, with ten parameters.
//!
//! ```text
//! cargo bench -p automl-search --bench suggest -- [trials ...]
//! ```
//!
//! Prints the least and the median time of `REPEATS` proposals. On a busy machine only the least means anything.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for people, on a space of its own")]

use std::time::Instant;

use automl_core::{Domain, History, ParamSpec, Params, Sampler, SearchSpace, Seed, TrialRecord, TrialState};
use automl_search::{
    CmaEsSampler, GpSampler, GridSampler, Nsga2Sampler, RandomSampler, SobolSampler, TpeSampler,
};

const REPEATS: u64 = 31;

/// Five real (two of them logarithmic), three whole (one logarithmic) and two categorical parameters, as in
/// `experiments/bench/search_overhead.py`.
fn space() -> SearchSpace {
    let specs = vec![
        ParamSpec::new("f0", Domain::float(0.0, 1.0)),
        ParamSpec::new("f1", Domain::float(-5.0, 5.0)),
        ParamSpec::new("f2", Domain::float(0.0, 0.5)),
        ParamSpec::new("l0", Domain::log_float(1e-5, 1.0)),
        ParamSpec::new("l1", Domain::log_float(1e-3, 1e3)),
        ParamSpec::new("i0", Domain::int(1, 10)),
        ParamSpec::new("i1", Domain::int(0, 100)),
        ParamSpec::new("i2", Domain::log_int(8, 1024)),
        ParamSpec::new("c0", Domain::choice(&["a", "b", "c"])),
        ParamSpec::new("c1", Domain::choice(&["u", "v"])),
    ];
    SearchSpace::new(specs).unwrap()
}

fn cost(params: &Params) -> f64 {
    let number = |name| params.float(name).unwrap();
    let squares = (number("f0") - 0.3).powi(2) + number("f1").powi(2) + (number("l0").log10() + 3.0).powi(2);
    squares + (number("i0") - 4.0).powi(2) + if params.text("c0").unwrap() == "b" { 0.0 } else { 1.0 }
}

/// Finished trials at random places.
fn history(space: &SearchSpace, n: u32) -> History {
    let empty = History::new(space.clone());
    let trial = |slot: u32| {
        let params = RandomSampler.suggest(&empty, Seed(1).trial(slot)).unwrap();
        let cost = cost(&params);
        TrialRecord::new(slot, TrialState::Complete, params).with_cost(cost)
    };
    History::with_trials(space.clone(), (0..n).map(trial))
}

fn main() {
    let mut lengths: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    if lengths.is_empty() {
        lengths = vec![100, 1_000, 10_000];
    }
    let space = space();
    let samplers: [&dyn Sampler; 7] = [
        &RandomSampler,
        &SobolSampler::new(Seed(1)),
        &GridSampler::default(),
        &TpeSampler::default(),
        &CmaEsSampler,
        &Nsga2Sampler::default(),
        &GpSampler::default(),
    ];
    for sampler in samplers {
        // The process is for few trials.
        let lengths: &[u32] = if sampler.name() == "gp" { &[50, 100, 200] } else { &lengths };
        for &n_trials in lengths {
            // One trial more with every proposal, as in a search: asking and telling are timed together.
            let mut history = history(&space, n_trials);
            let mut micros: Vec<f64> = (0..REPEATS)
                .map(|repeat| {
                    let started = Instant::now();
                    let params = sampler.suggest(&history, Seed(repeat)).unwrap();
                    let cost = cost(&params);
                    let slot = n_trials + repeat as u32;
                    history.insert(TrialRecord::new(slot, TrialState::Complete, params).with_cost(cost));
                    started.elapsed().as_secs_f64() * 1e6
                })
                .collect();
            micros.sort_unstable_by(f64::total_cmp);
            let (least, median) = (micros[0], micros[micros.len() / 2]);
            println!(
                "automl {:8} {n_trials:6} trials: least {least:9.1} µs, median {median:9.1} µs",
                sampler.name()
            );
        }
    }
}
