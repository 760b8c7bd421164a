//! What samplers find: the least cost after 50, 100 and 200 trials, one JSON line a run.
//!
//! ```text
//! cargo bench -p automl-search --bench quality -- [--seeds 30] [--problems NAME,NAME] SAMPLER ...
//! ```
//!
//! `experiments/bench/quality.py` runs it and compares the lines with those of Optuna.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for people, on problems of its own")]

mod problems;

use std::time::Instant;

use automl_core::{Sampler, Seed, StopSignal, TrialStore};
use automl_search::{
    AutoSampler, CmaEsSampler, GpSampler, NopPruner, RandomSampler, SearchPlan, SobolSampler, TpeSampler,
    run_search,
};
use automl_testkit::memory_store::MemoryStore;

use crate::problems::Problem;

/// After how many trials the least cost is noted.
const BUDGETS: [usize; 3] = [50, 100, 200];

/// Makes a sampler with its defaults for a study of this seed.
type Make = fn(Seed) -> Box<dyn Sampler>;

/// The samplers that can be asked for.
const SAMPLERS: &[(&str, Make)] = &[
    ("random", |_| Box::new(RandomSampler)),
    ("sobol", |seed| Box::new(SobolSampler::new(seed))),
    ("tpe", |_| Box::new(TpeSampler::default())),
    ("gp", |_| Box::new(GpSampler::default())),
    ("cmaes", |_| Box::new(CmaEsSampler)),
    ("auto", |_| Box::new(AutoSampler::default())),
];

/// What the command line asks for.
struct Wanted {
    n_seeds: u64,
    /// Names; all if empty.
    problems: Vec<String>,
    samplers: Vec<String>,
}

impl Wanted {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut wanted = Self { n_seeds: 30, problems: Vec::new(), samplers: Vec::new() };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("`{argument}` needs a value"));
            match argument.as_str() {
                // Cargo adds it.
                "--bench" => {}
                "--seeds" => {
                    let seeds = value()?;
                    wanted.n_seeds = seeds.parse().map_err(|_| format!("`{seeds}` is no number of seeds"))?;
                }
                "--problems" => wanted.problems = value()?.split(',').map(str::to_owned).collect(),
                sampler if SAMPLERS.iter().any(|(name, _)| *name == sampler) => {
                    wanted.samplers.push(argument);
                }
                _ => {
                    let known: Vec<&str> = SAMPLERS.iter().map(|(name, _)| *name).collect();
                    return Err(format!("`{argument}` is no sampler; there are {}", known.join(", ")));
                }
            }
        }
        Ok(wanted)
    }
}

/// The line of one run.
fn run(name: &str, make: Make, problem: &Problem, seed: u64) -> String {
    let sampler = make(Seed(seed));
    let plan = SearchPlan {
        space: &problem.space,
        initial: &[],
        sampler: sampler.as_ref(),
        pruner: &NopPruner,
        stoppers: &[],
        is_shared: false,
        seed: Seed(seed),
        n_trials: BUDGETS.iter().max().copied(),
        stop: &StopSignal::never(),
    };
    let mut store = MemoryStore::new();
    let started = Instant::now();
    run_search(&plan, &mut store, &mut problem.objective(), &mut ()).unwrap();
    let seconds = started.elapsed().as_secs_f64();
    let costs: Vec<f64> = store.trials().unwrap().iter().filter_map(|trial| trial.cost).collect();
    let least = |budget: usize| costs[..budget].iter().copied().fold(f64::INFINITY, f64::min);
    let best: serde_json::Map<_, _> =
        BUDGETS.iter().map(|&budget| (budget.to_string(), least(budget).into())).collect();
    let library = format!("automl {}", env!("CARGO_PKG_VERSION"));
    let seconds = (seconds * 1e3).round() / 1e3;
    let line = serde_json::json!({
        "library": library, "sampler": name, "problem": problem.name, "seed": seed, "best": best, "seconds": seconds,
    });
    line.to_string()
}

fn main() -> Result<(), String> {
    let wanted = Wanted::parse(std::env::args().skip(1))?;
    let problems: Vec<Problem> = problems::all()
        .into_iter()
        .filter(|problem| {
            wanted.problems.is_empty() || wanted.problems.iter().any(|name| name == problem.name)
        })
        .collect();
    for (name, make) in SAMPLERS.iter().filter(|(name, _)| wanted.samplers.iter().any(|it| it == name)) {
        for seed in 0..wanted.n_seeds {
            for problem in &problems {
                println!("{}", run(name, *make, problem, seed));
            }
        }
    }
    Ok(())
}
