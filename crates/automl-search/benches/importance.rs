//! Time of hyper-parameter importances: random trials of a space of twenty parameters.
//!
//! ```text
//! cargo bench -p automl-search --bench importance -- [trials ...]
//! ```
//!
//! Prints the least time of `REPEATS` evaluations.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for people, on a space of its own")]

use std::time::Instant;

use automl_core::{Domain, History, ParamSpec, Sampler, SearchSpace, Seed, TrialRecord, TrialState};
use automl_search::RandomSampler;
use automl_search::importance::{Fanova, PedAnova, cost};

const REPEATS: usize = 3;

/// Ten real (five of them logarithmic), five whole and five categorical parameters.
fn space() -> SearchSpace {
    let spec = |index: usize| {
        let domain = match index % 4 {
            0 => Domain::float(0.0, 1.0),
            1 => Domain::log_float(1e-5, 1.0),
            2 => Domain::int(1, 40),
            _ => Domain::choice(&["a", "b", "c", "d"]),
        };
        ParamSpec::new(&format!("p{index}"), domain)
    };
    SearchSpace::new((0..20).map(spec).collect()).unwrap()
}

fn history(n: u32) -> History {
    let empty = History::new(space());
    let trial = |slot: u32| {
        let params = RandomSampler.suggest(&empty, Seed(1).trial(slot)).unwrap();
        let number = |name| params.float(name).unwrap();
        let cost = number("p0")
            + number("p4") * number("p8")
            + number("p1").log10().abs() / 5.0
            + number("p2") / 80.0
            + if params.text("p3").unwrap() == "c" { 0.0 } else { 0.3 };
        TrialRecord::new(slot, TrialState::Complete, params).with_cost(cost)
    };
    History::with_trials(empty.space().clone(), (0..n).map(trial))
}

fn least_seconds(mut work: impl FnMut()) -> f64 {
    let time = |_| {
        let started = Instant::now();
        work();
        started.elapsed().as_secs_f64()
    };
    (0..REPEATS).map(time).fold(f64::INFINITY, f64::min)
}

fn main() {
    let mut lengths: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    if lengths.is_empty() {
        lengths = vec![100, 1_000, 10_000];
    }
    for n_trials in lengths {
        let history = history(n_trials);
        let fanova = least_seconds(|| {
            Fanova::default().evaluate(&history, &cost, Seed(1)).unwrap();
        });
        let ped_anova = least_seconds(|| {
            PedAnova::default().evaluate(&history, &cost).unwrap();
        });
        println!("{n_trials:6} trials: fANOVA {:9.1} ms, PED-ANOVA {:7.2} ms", 1e3 * fanova, 1e3 * ped_anova);
    }
}
