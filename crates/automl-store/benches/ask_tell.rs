//! What the study file adds to a proposal: `begin`, `finish` and the look at what changed, with 100, 1,000 and 10,000
//! trials of ten parameters in the file. `cargo bench -p automl-search --bench suggest` has the proposals themselves.
//!
//! ```text
//! cargo bench -p automl-store --bench ask_tell -- [trials ...]
//! ```
//!
//! The folder is `AUTOML_BENCH_DIR`, or the system's for temporary files: it decides whether a disk is waited for.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark for the command line")]

mod common;

use std::env;
use std::time::Instant;

use automl_core::{Domain, Evaluation, ParamSpec, Params, SearchSpace, TrialOutcome, TrialState, TrialStore};
use automl_store::StudyFile;

const REPEATS: u32 = 31;

/// The space of `experiments/bench/search_overhead.py`.
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

fn params(trial: u32) -> Params {
    let share = |multiplier: u32| f64::from(trial * multiplier % 997) / 997.0;
    Params::new()
        .with("f0", share(31))
        .with("f1", 10.0 * share(37) - 5.0)
        .with("f2", 0.5 * share(41))
        .with("l0", 10_f64.powf(-5.0 * share(43)))
        .with("l1", 10_f64.powf(6.0 * share(47) - 3.0))
        .with("i0", i64::from(1 + trial % 10))
        .with("i1", i64::from(trial % 101))
        .with("i2", i64::from(8 + trial % 1017))
        .with("c0", ["a", "b", "c"][trial as usize % 3])
        .with("c1", ["u", "v"][trial as usize % 2])
}

/// One trial from slot to result, as the search does it around a proposal and an evaluation.
fn trial(store: &mut StudyFile, space: &SearchSpace, slot: u32) {
    store.news(&[], slot).unwrap();
    let number = store.begin(slot, &params(slot), space).unwrap().unwrap();
    let outcome = TrialOutcome {
        state: TrialState::Complete,
        cost: Some(f64::from(slot)),
        other_costs: Vec::new(),
        reason: None,
        evaluation: Evaluation::default(),
        seconds: 0.0,
    };
    store.finish(number, &outcome).unwrap();
}

fn main() {
    let mut lengths: Vec<u32> = env::args().filter_map(|argument| argument.parse().ok()).collect();
    if lengths.is_empty() {
        // `cargo test --benches` passes no `--bench`: then the work is a smoke test.
        let is_bench = env::args().any(|argument| argument == "--bench");
        lengths = if is_bench { vec![100, 1_000, 10_000] } else { vec![10] };
    }
    let folder = match env::var_os("AUTOML_BENCH_DIR") {
        Some(parent) => tempfile::tempdir_in(parent).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    let mut store = common::create(&folder.path().join("study.sqlite3"));
    let space = space();
    let mut n_known = 0;
    lengths.sort_unstable();
    for n_trials in lengths {
        (n_known..n_trials).for_each(|slot| trial(&mut store, &space, slot));
        let timed = |slot: u32| {
            let started = Instant::now();
            trial(&mut store, &space, slot);
            started.elapsed().as_secs_f64() * 1e6
        };
        n_known = n_known.max(n_trials);
        let mut micros: Vec<f64> = (n_known..n_known + REPEATS).map(timed).collect();
        n_known += REPEATS;
        micros.sort_unstable_by(f64::total_cmp);
        let (least, median) = (micros[0], micros[micros.len() / 2]);
        println!("automl store    {n_trials:6} trials: least {least:9.1} µs, median {median:9.1} µs");
    }
}
