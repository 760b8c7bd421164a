//! What NSGA-II finds with two objectives.

use automl_core::{
    Costs, Domain, ParamSpec, Params, Sampler, SearchSpace, Seed, StopSignal, TrialContext, TrialError,
    TrialStore,
};
use automl_search::{NopPruner, Nsga2Sampler, RandomSampler, SearchPlan, hypervolume, run_search};
use automl_testkit::memory_store::MemoryStore;

struct Problem {
    name: &'static str,
    space: SearchSpace,
    costs: fn(&Params) -> [f64; 2],
    reference: [f64; 2],
}

/// ZDT1 in ten dimensions (Zitzler, Deb & Thiele 2000): the front is `1 - √x` where all other parameters are 0.
fn zdt1() -> Problem {
    let specs = (0..10).map(|axis| ParamSpec::new(&format!("x{axis}"), Domain::float(0.0, 1.0))).collect();
    let costs = |params: &Params| {
        let at = |axis: usize| params.float(&format!("x{axis}")).unwrap();
        let g = 1.0 + (1..10).map(at).sum::<f64>();
        [at(0), g * (1.0 - (at(0) / g).sqrt())]
    };
    Problem { name: "zdt1", space: SearchSpace::new(specs).unwrap(), costs, reference: [1.1, 1.1] }
}

/// ZDT2's front, moved away from the bounds: all other parameters are best at 0.35.
fn moved_zdt2() -> Problem {
    let specs = (0..10).map(|axis| ParamSpec::new(&format!("x{axis}"), Domain::float(0.0, 1.0))).collect();
    let costs = |params: &Params| {
        let at = |axis: usize| params.float(&format!("x{axis}")).unwrap();
        let g = 1.0 + (1..10).map(|axis| 4.0 * (at(axis) - 0.35).abs()).sum::<f64>();
        [at(0), g * (1.0 - (at(0) / g).powi(2))]
    };
    Problem { name: "moved zdt2", space: SearchSpace::new(specs).unwrap(), costs, reference: [1.1, 1.1] }
}

/// Error against time of two families: the network is better and slower.
fn families() -> Problem {
    let of = |name, domain, family: &str| ParamSpec::new(name, domain).when("family", &[family]);
    let specs = vec![
        ParamSpec::new("family", Domain::choice(&["linear", "network", "constant"])),
        ParamSpec::new("scaling", Domain::choice(&["none", "standard", "quantile"])),
        of("alpha", Domain::log_float(1e-6, 1e3), "linear"),
        of("rate", Domain::log_float(1e-5, 1.0), "network"),
        of("width", Domain::log_int(8, 512), "network"),
        of("layers", Domain::int(1, 6), "network"),
        of("dropout", Domain::float(0.0, 0.6), "network"),
    ];
    let costs = |params: &Params| {
        let number = |name: &str| params.float(name).unwrap();
        let scaling =
            ["quantile", "standard", "none"].iter().position(|it| *it == params.text("scaling").unwrap());
        let (scaling, scaling_time) = [(0.0, 0.1), (0.05, 0.05), (0.2, 0.0)][scaling.unwrap()];
        match params.text("family").unwrap() {
            "linear" => [0.3 + scaling + 0.02 * number("alpha").log10().powi(2), 0.1 + scaling_time],
            "network" => {
                let size = (number("width").log2() - 3.0) / 6.0 + number("layers") / 6.0;
                let rate = number("rate").log10() + 3.0;
                let error =
                    0.25 / (1.0 + size) + 0.25 * rate * rate + (number("dropout") - 0.15).powi(2) + scaling;
                [error, 0.2 + 0.4 * size + scaling_time]
            }
            _ => [0.7, 0.0],
        }
    };
    Problem { name: "families", space: SearchSpace::new(specs).unwrap(), costs, reference: [1.0, 1.2] }
}

/// Hypervolumes after so many trials, seed by seed, sorted.
fn volumes(problem: &Problem, sampler: &dyn Sampler, budget: usize, n_seeds: u64) -> Vec<f64> {
    let volume = |seed| {
        let plan = SearchPlan {
            space: &problem.space,
            initial: &[],
            sampler,
            pruner: &NopPruner,
            stoppers: &[],
            is_shared: false,
            seed: Seed(seed),
            n_trials: Some(budget),
            stop: &StopSignal::never(),
        };
        let mut store = MemoryStore::new();
        let mut objective = |params: &Params, _: &mut TrialContext<'_>| -> Result<Costs, TrialError> {
            let [first, second] = (problem.costs)(params);
            Ok(Costs { first, others: vec![second] })
        };
        run_search(&plan, &mut store, &mut objective, &mut ()).unwrap();
        let costs: Vec<Vec<f64>> =
            store.trials().unwrap().iter().map(automl_core::TrialRecord::costs).collect();
        hypervolume(&costs, &problem.reference)
    };
    let mut volumes: Vec<f64> = (0..n_seeds).map(volume).collect();
    volumes.sort_unstable_by(f64::total_cmp);
    volumes
}

#[test]
#[ignore = "a measurement; run with --ignored --nocapture"]
fn measure_fronts() {
    for problem in [zdt1(), moved_zdt2(), families()] {
        for sampler in [&RandomSampler as &dyn Sampler, &Nsga2Sampler::default()] {
            for budget in [100, 200, 500, 1000] {
                let volumes = volumes(&problem, sampler, budget, 20);
                let at = |share: usize| volumes[volumes.len() * share / 4];
                println!(
                    "{} {} {budget}: median {:.4} [{:.4}, {:.4}]",
                    problem.name,
                    sampler.name(),
                    at(2),
                    at(1),
                    at(3)
                );
            }
        }
    }
}

#[test]
fn nsga2_dominates_where_random_search_has_nothing() {
    let random = volumes(&zdt1(), &RandomSampler, 500, 5);
    let nsga2 = volumes(&zdt1(), &Nsga2Sampler::default(), 500, 5);
    assert!(random[4] < 0.05, "random search is too good to be true: {random:?}");
    assert!(nsga2[2] > 0.2, "{nsga2:?}");
}

#[test]
fn nsga2_finds_the_families_that_make_the_front() {
    let random = volumes(&families(), &RandomSampler, 200, 10);
    let nsga2 = volumes(&families(), &Nsga2Sampler::default(), 200, 10);
    assert!(nsga2[5] > random[5] + 0.015, "{nsga2:?}, random {random:?}");
}
