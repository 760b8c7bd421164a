//! What every [`Sampler`] must fulfil.

use automl_core::{Domain, History, ParamSpec, Params, Sampler, SearchSpace, Seed, TrialRecord, TrialState};

/// Makes a test module `$name` that holds the sampler `$sampler` to the contract of
/// [`automl_core::Sampler`]: one test per promise.
/// `$sampler` is evaluated anew in every test. A sampler that follows a sequence of the study's, whatever the seed of
/// the trial, says after how many trials it no longer does: `seeds_matter_after: [30]`. In a test file:
///
/// ```ignore
/// automl_testkit::sampler_contract!(random, RandomSampler);
/// ```
#[macro_export]
macro_rules! sampler_contract {
    ($name:ident, $sampler:expr) => {
        $crate::sampler_contract!($name, $sampler, seeds_matter_after: [0, 30]);
    };
    ($name:ident, $sampler:expr, seeds_matter_after: $lengths:expr) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            #[test]
            fn proposals_fit_every_space_with_and_without_history() {
                $crate::sampler::proposals_fit_every_space(&$sampler);
            }

            #[test]
            fn equal_arguments_give_equal_proposals_in_any_thread() {
                $crate::sampler::equal_arguments_give_equal_proposals(&|| Box::new($sampler));
            }

            #[test]
            fn equal_arguments_give_equal_proposals_in_another_process() {
                $crate::sampler::another_process_agrees(
                    &$sampler,
                    concat!(module_path!(), "::equal_arguments_give_equal_proposals_in_another_process"),
                );
            }

            #[test]
            fn seeds_matter() {
                $crate::sampler::seeds_matter(&$sampler, &$lengths);
            }

            #[test]
            fn odd_costs_and_states_in_the_history_are_no_error() {
                $crate::sampler::odd_history_is_no_error(&$sampler);
            }

            #[test]
            fn running_trials_are_no_error() {
                $crate::sampler::running_trials_are_no_error(&$sampler);
            }

            #[test]
            fn history_of_another_space_is_no_error() {
                $crate::sampler::history_of_another_space_is_no_error(&$sampler);
            }

            #[test]
            fn a_thousand_parameters_are_no_error() {
                $crate::sampler::a_thousand_parameters_are_no_error(&$sampler);
            }
        }
    };
}

/// Spaces with everything that a space can hold, by name.
///
/// # Panics
/// Never: the spaces are valid.
pub fn zoo() -> Vec<(&'static str, SearchSpace)> {
    let single = |name, domain| (name, vec![ParamSpec::new("a", domain)]);
    let nested = vec![
        ParamSpec::new("family", Domain::choice(&["mlp", "ridge", "constant"])),
        ParamSpec::new("scale", Domain::boolean()),
        ParamSpec::new("mlp.optimizer", Domain::choice(&["adamw", "sgd"])).when("family", &["mlp"]),
        ParamSpec::new("mlp.width", Domain::log_int(8, 512)).when("family", &["mlp"]),
        ParamSpec::new("mlp.momentum", Domain::float(0.0, 0.99)).when("mlp.optimizer", &["sgd"]),
        ParamSpec::new("ridge.alpha", Domain::log_float(1e-6, 1e3)).when("family", &["ridge"]),
        ParamSpec::new("seed", Domain::int(7, 7)).when("family", &["mlp", "ridge"]),
    ];
    let spaces = [
        single("float", Domain::float(-2.5, 7.0)),
        single("log float", Domain::log_float(1e-8, 1e2)),
        single("narrow float", Domain::float(1.0, 1.0 + 1e-12)),
        single("widest float", Domain::float(-f64::MAX, f64::MAX)),
        single("tiny log float", Domain::log_float(f64::MIN_POSITIVE, f64::MAX)),
        single("int", Domain::int(-3, 12)),
        single("wide int", Domain::int(-(1 << 61), 1 << 61)),
        single("stepped float", Domain::stepped_float(0.1, 0.9, 0.2)),
        single("ordered", Domain::ordered(&["low", "middle", "high"])),
        single("constant", Domain::constant(0.5)),
        single("stepped int", Domain::stepped_int(-10, 11, 7)),
        single("log int", Domain::log_int(1, 4096)),
        single("categorical", Domain::choice(&["a", "b", "c", "d"])),
        single("numeric choices", Domain::choice(&[0.5, 2.0, 8.0])),
        single("bool", Domain::boolean()),
        single("one float", Domain::float(3.0, 3.0)),
        single("one int", Domain::int(3, 3)),
        single("one choice", Domain::choice(&["only"])),
        ("nested conditions", nested),
    ];
    spaces
        .into_iter()
        .map(|(name, specs)| {
            (name, SearchSpace::new(specs).unwrap_or_else(|error| panic!("{name}: {error}")))
        })
        .collect()
}

/// `n` trials proposed by `sampler` itself, with costs of no meaning and a state other than complete here and
/// there.
///
/// # Panics
/// If the sampler fails or proposes what does not fit.
pub fn history(sampler: &dyn Sampler, space: &SearchSpace, n: u32) -> History {
    let mut history = History::new(space.clone());
    for slot in 0..n {
        let params = propose(sampler, &history, Seed(11).trial(slot));
        let cost = f64::from(slot * 37 % 101);
        let mut record = TrialRecord::new(slot, TrialState::Complete, params).with_cost(cost);
        if slot % 7 == 3 {
            record = TrialRecord { state: TrialState::Pruned, cost: None, steps: vec![(1, cost)], ..record };
        } else if slot % 11 == 5 {
            record = TrialRecord { state: TrialState::Failed, cost: None, ..record };
        }
        history.insert(record);
    }
    history
}

fn propose(sampler: &dyn Sampler, history: &History, seed: Seed) -> Params {
    let n = history.len();
    let params = sampler
        .suggest(history, seed)
        .unwrap_or_else(|error| panic!("no proposal after {n} trials: {error}"));
    if let Err(error) = history.space().check(&params) {
        panic!("after {n} trials, {params}: {error}");
    }
    params
}

/// In bounds, right types, and exactly the active parameters, in every space of the [`zoo`].
///
/// # Panics
/// If not.
pub fn proposals_fit_every_space(sampler: &dyn Sampler) {
    for (name, space) in zoo() {
        let history = history(sampler, &space, 60);
        assert_eq!(history.len(), 60, "{name}");
        for seed in 0..20 {
            propose(sampler, &history, Seed(seed));
        }
    }
}

/// The history as it was after `n` trials.
fn first(history: &History, n: usize) -> History {
    History::with_trials(history.space().clone(), history.trials()[..n].iter().cloned())
}

/// Bit-for-bit, with a fresh sampler, after other calls, and in another thread.
///
/// # Panics
/// If not.
pub fn equal_arguments_give_equal_proposals(make: &(dyn Fn() -> Box<dyn Sampler> + Sync)) {
    for (name, space) in zoo() {
        let sampler = make();
        let history = history(sampler.as_ref(), &space, 40);
        for n in [0, 1, 15, 40] {
            let first = first(&history, n);
            let expected = propose(sampler.as_ref(), &first, Seed(5));
            propose(sampler.as_ref(), &history, Seed(6));
            let again = propose(sampler.as_ref(), &first, Seed(5));
            let in_thread = || propose(make().as_ref(), &first, Seed(5));
            let fresh = std::thread::scope(|scope| scope.spawn(in_thread).join())
                .unwrap_or_else(|_| panic!("{name}: the sampler panicked in another thread"));
            assert_eq!(expected, again, "{name} after {n} trials: a second call differs");
            assert_eq!(expected, fresh, "{name} after {n} trials: a fresh sampler differs");
        }
    }
}

/// Set in a process that only prints its proposals.
const PRINT: &str = "AUTOML_TESTKIT_PRINT_PROPOSALS";

/// What stands before the proposals that such a process prints.
const MARK: &str = "proposals: ";

/// Runs the test `test` (its path, crate included) of this program in another process, which proposes the same: nothing
/// depends on addresses, hash seeds or what ran before.
///
/// # Panics
/// If not.
pub fn another_process_agrees(sampler: &dyn Sampler, test: &str) {
    let told: Vec<String> = zoo()
        .iter()
        .map(|(_, space)| propose(sampler, &history(sampler, space, 25), Seed(9)))
        .map(|params| format!("{params:?}"))
        .collect();
    let told = format!("{MARK}{}", told.join("; "));
    if std::env::var_os(PRINT).is_some() {
        #[expect(clippy::print_stdout, reason = "that is what this process is for")]
        {
            println!("{told}");
        }
        return;
    }
    let name = test.split_once("::").map_or(test, |(_, name)| name);
    let program = std::env::current_exe().unwrap_or_else(|error| panic!("no path of this program: {error}"));
    let output = std::process::Command::new(program)
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(PRINT, "1")
        .output()
        .unwrap_or_else(|error| panic!("the other process: {error}"));
    let printed = String::from_utf8_lossy(&output.stdout);
    let other = printed.lines().find_map(|line| line.find(MARK).map(|at| &line[at..]));
    assert_eq!(other, Some(told.as_str()), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Different seeds give different proposals in a space wide enough, after histories of these lengths (30 at most).
///
/// # Panics
/// If not.
pub fn seeds_matter(sampler: &dyn Sampler, lengths: &[usize]) {
    let specs =
        vec![ParamSpec::new("a", Domain::float(0.0, 1.0)), ParamSpec::new("b", Domain::float(0.0, 1.0))];
    let space = SearchSpace::new(specs).unwrap_or_else(|error| panic!("{error}"));
    let history = history(sampler, &space, 30);
    for &n in lengths {
        let mut proposals: Vec<Params> = Vec::new();
        for seed in 0..10 {
            let params = propose(sampler, &first(&history, n), Seed(seed));
            assert!(!proposals.contains(&params), "{params} came twice after {n} trials");
            proposals.push(params);
        }
    }
}

/// Costs that are infinite, no number or absent, equal costs, and histories of one state alone.
///
/// # Panics
/// If the sampler fails or proposes what does not fit.
pub fn odd_history_is_no_error(sampler: &dyn Sampler) {
    let odd_costs =
        [Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY), None, Some(f64::MAX), Some(1.0)];
    for (_, space) in zoo() {
        let plain = history(sampler, &space, 36);
        let with = |state: TrialState, cost: &dyn Fn(usize) -> Option<f64>, steps: Vec<(u32, f64)>| {
            let odd = |(index, trial): (usize, &TrialRecord)| TrialRecord {
                state,
                cost: cost(index),
                steps: steps.clone(),
                ..trial.clone()
            };
            plain.trials().iter().enumerate().map(odd).collect::<Vec<_>>()
        };
        let histories = [
            with(TrialState::Complete, &|index| odd_costs[index % odd_costs.len()], Vec::new()),
            with(TrialState::Complete, &|_| Some(f64::NAN), Vec::new()),
            with(TrialState::Complete, &|_| Some(0.25), Vec::new()),
            with(TrialState::Failed, &|_| None, Vec::new()),
            with(TrialState::Pruned, &|_| None, Vec::new()),
            with(TrialState::Pruned, &|_| None, vec![(1, f64::NAN), (2, f64::INFINITY)]),
        ];
        let twins = (0..30).map(|slot| TrialRecord { slot, number: slot, ..plain.trials()[0].clone() });
        for trials in histories.into_iter().chain([twins.collect()]) {
            propose(sampler, &History::with_trials(space.clone(), trials), Seed(1));
        }
    }
}

/// Other workers' running trials, with and without reported costs, beside an empty and a long history.
///
/// # Panics
/// If the sampler fails or proposes what does not fit.
pub fn running_trials_are_no_error(sampler: &dyn Sampler) {
    for (_, space) in zoo() {
        let history = history(sampler, &space, 36);
        for n in [0, 1, 12, 36] {
            let mut first = first(&history, n);
            let running = history.trials()[..8].iter().map(|trial| TrialRecord {
                state: TrialState::Running,
                cost: None,
                steps: if trial.slot % 2 == 0 { vec![(1, f64::from(trial.slot))] } else { Vec::new() },
                slot: trial.slot + 100,
                ..trial.clone()
            });
            first.set_running(running.collect());
            propose(sampler, &first, Seed(3));
        }
    }
}

/// After a change of the space the old trials lack parameters, have others, or lie outside.
///
/// # Panics
/// If the sampler fails or proposes what does not fit.
pub fn history_of_another_space_is_no_error(sampler: &dyn Sampler) {
    let spaces = zoo();
    for (_, old) in &spaces {
        let history = history(sampler, old, 30);
        for (_, new) in &spaces {
            let trials = history.trials().iter().cloned();
            propose(sampler, &History::with_trials(new.clone(), trials), Seed(2));
        }
    }
}

/// Width costs time, not correctness.
///
/// # Panics
/// If the sampler fails or proposes what does not fit.
pub fn a_thousand_parameters_are_no_error(sampler: &dyn Sampler) {
    let specs = (0..1000)
        .map(|index| {
            let name = format!("p{index}");
            match index % 4 {
                0 => ParamSpec::new(&name, Domain::float(0.0, 1.0)),
                1 => ParamSpec::new(&name, Domain::log_int(1, 100)),
                2 => ParamSpec::new(&name, Domain::choice(&["a", "b", "c"])),
                _ => ParamSpec::new(&name, Domain::log_float(1e-5, 1.0)),
            }
        })
        .collect();
    let space = SearchSpace::new(specs).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(history(sampler, &space, 30).len(), 30);
}
