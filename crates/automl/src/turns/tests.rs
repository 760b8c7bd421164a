//! Who gets how much time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use automl_core::{Domain, ParamSpec, Task};
use automl_search::RandomSampler;
use automl_testkit::synthetic::bare_profile;

use super::*;
use crate::config::SearchConfig;
use crate::portfolio::Pace;

/// A family of one number, whose trials should take `usual` seconds.
fn family(id: &str, joint: &SearchSpace, usual: f64) -> Family {
    Family {
        id: id.to_owned(),
        space: joint.given("family", id).unwrap(),
        guesses: Vec::new(),
        usual: Some(usual),
    }
}

fn space(ids: &[&str]) -> SearchSpace {
    let mut specs = vec![ParamSpec::new("family", Domain::choice(ids))];
    specs.extend(
        ids.iter()
            .map(|id| ParamSpec::new(&format!("{id}.x"), Domain::float(0.0, 1.0)).when("family", &[*id])),
    );
    SearchSpace::new(specs).unwrap()
}

fn turns(families: Vec<Family>, stop: StopSignal) -> Turns {
    Turns { families, sampler: AutoSampler::after(STARTUP).unwrap(), stop, least: 0.01 }
}

fn id(params: &Params) -> String {
    params.text("family").unwrap().to_owned()
}

/// Runs trials one after another for `seconds`: (seconds, cost) of each by `trial`. Seconds of each family.
fn searched(
    turns: &Turns,
    space: &SearchSpace,
    seconds: f64,
    trial: impl Fn(&str, u32) -> (f64, f64),
) -> BTreeMap<String, f64> {
    let mut history = History::new(space.clone());
    let mut spent: BTreeMap<String, f64> = BTreeMap::new();
    let mut used = 0.0;
    for slot in 0.. {
        if used >= seconds {
            break;
        }
        let params = turns.suggest(&history, Seed(7).trial(slot)).unwrap();
        space.check(&params).unwrap();
        let family = id(&params);
        let (seconds, cost) = trial(&family, slot);
        used += seconds;
        *spent.entry(family).or_default() += seconds;
        let mut record = TrialRecord::new(slot, TrialState::Running, params).with_cost(cost);
        record.seconds = seconds;
        history.insert(record);
    }
    spent
}

#[test]
fn families_get_time_by_their_promise_not_by_the_length_of_their_trials() {
    let ids = ["good", "close", "bad", "middle"];
    let space = space(&ids);
    let families =
        ids.map(|id| family(id, &space, if id == "close" { 10.0 } else { 1.0 })).into_iter().collect();
    let spent = searched(&turns(families, StopSignal::never()), &space, 300.0, |family, slot| {
        // All go on improving, so that only gaps tell them apart.
        let better = 1e-6 * f64::from(slot);
        match family {
            "good" => (1.0, 1.0 - better),
            "close" => (10.0, 1.05 - better),
            "bad" => (1.0, 1.15 - better),
            _ => (1.0, 1.1 - better),
        }
    });
    let [good, close, bad, _] = ids.map(|id| spent[id]);
    assert!(good > close && close > bad, "{spent:?}");
    // The median gap is 0.1, so the scale is 0.025: promises 1, 1/5 and 1/37 at gaps 0, 0.05 and 0.15.
    assert!((close / good - 0.2).abs() < 0.05, "{spent:?}");
    assert!((bad / good - 1.0 / 37.0).abs() < 0.02, "{spent:?}");
}

#[test]
fn a_family_that_no_longer_improves_gives_way() {
    let ids = ["stale", "fresh", "a", "b", "c"];
    let space = space(&ids);
    let families = ids.map(|id| family(id, &space, 1.0)).into_iter().collect();
    let spent = searched(&turns(families, StopSignal::never()), &space, 200.0, |family, slot| match family {
        "stale" => (1.0, 1.0),
        "fresh" => (1.0, 1.0001 - 1e-7 * f64::from(slot)),
        _ => (1.0, 1.1),
    });
    assert!(spent["fresh"] > 1.5 * spent["stale"], "{spent:?}");
}

#[test]
fn nothing_begins_that_would_not_end_in_time_while_something_would() {
    let space = space(&["long", "short"]);
    let families = || vec![family("long", &space, 60.0), family("short", &space, 1.0)];
    let history = History::with_trials(
        space.clone(),
        [{
            let params = Params::new().with("family", "short").with("short.x", 0.5);
            let mut trial = TrialRecord::new(0, TrialState::Running, params).with_cost(1.0);
            trial.seconds = 500.0;
            trial
        }],
    );
    let next = |left: Option<u64>| {
        let stop = StopSignal::never();
        let stop = stop.within(left.map(Duration::from_secs));
        // What a complete trial took tells more than what was expected.
        id(&turns(families(), stop).suggest(&history, Seed(1)).unwrap())
    };
    assert_eq!(next(None), "long");
    assert_eq!(next(Some(1000)), "long");
    assert_eq!(next(Some(30)), "long", "neither ends in time; the quicker one comes first");
    let quick = History::with_trials(
        space.clone(),
        history.trials().iter().cloned().map(|mut trial| {
            trial.seconds = 5.0;
            trial
        }),
    );
    let stop = StopSignal::never().with_deadline(Instant::now() + Duration::from_secs(30));
    let params = turns(families(), stop).suggest(&quick, Seed(1)).unwrap();
    assert_eq!(id(&params), "short");
}

#[test]
fn trials_of_other_workers_count_as_time_that_is_spent() {
    let space = space(&["one", "other"]);
    let families = vec![family("one", &space, 10.0), family("other", &space, 11.0)];
    let turns = turns(families, StopSignal::never());
    let mut history = History::new(space.clone());
    let first = turns.suggest(&history, Seed(1)).unwrap();
    assert_eq!(id(&first), "one");
    history.set_running(vec![TrialRecord::new(0, TrialState::Running, first)]);
    assert_eq!(id(&turns.suggest(&history, Seed(2)).unwrap()), "other");
}

automl_testkit::pruner_contract!(
    within_family,
    WithinFamily(Box::new(automl_search::MedianPruner::default()))
);

#[test]
fn a_trial_is_ended_for_others_of_its_family_alone() {
    let space = space(&["strong", "weak"]);
    let params = |id: &str| Params::new().with("family", id).with(&format!("{id}.x"), 0.5);
    let trial = |slot: u32, id: &str, cost: f64| {
        let mut trial = TrialRecord::new(slot, TrialState::Running, params(id)).with_cost(cost);
        trial.steps = vec![(1, cost)];
        trial
    };
    let strong = (0..20).map(|slot| trial(slot, "strong", 1.0));
    let mut history = History::with_trials(space, strong);
    let ends = |id: &str, cost: f64, history: &History| {
        let (params, steps) = (params(id), [(1, cost)]);
        let running = Running { slot: 99, params: &params, steps: &steps, folds: &[] };
        let median = || Box::new(automl_search::MedianPruner::default());
        assert_eq!(WithinFamily(median()).name(), median().name());
        (WithinFamily(median()).should_prune(&running, history), median().should_prune(&running, history))
    };
    assert_eq!(ends("strong", 2.0, &history), (true, true));
    assert_eq!(ends("weak", 2.0, &history), (false, true));
    (20..40).for_each(|slot| history.insert(trial(slot, "weak", 1.5)));
    assert_eq!(ends("weak", 2.0, &history), (true, true));
    assert_eq!(ends("weak", 1.4, &history), (false, true));
}

#[test]
fn the_time_of_guesses_is_that_of_this_machine() {
    let space = space(&["a", "b"]);
    let params = |id: &str, x: f64| Params::new().with("family", id).with(&format!("{id}.x"), x);
    let guess = |id: &str, x: f64, seconds: f64| Guess { params: params(id, x), seconds: Some(seconds) };
    let mut families = vec![family("a", &space, 2.0), family("b", &space, 2.0)];
    families[0].guesses = vec![guess("a", 0.5, 1.0)];
    families[1].guesses = vec![guess("b", 0.5, 8.0)];
    let mut trial = TrialRecord::new(0, TrialState::Running, params("a", 0.5)).with_cost(1.0);
    trial.seconds = 3.0;
    let history = History::with_trials(space, [trial]);
    let speed = speed(&families, &history);
    assert_eq!(speed, 3.0);
    let next = |family: &Family| family.next_seconds(&history, &Standing::of(family, &history, 0.0), speed);
    assert_eq!((next(&families[0]), next(&families[1])), (3.0, 24.0));
}

#[test]
fn turns_among_all_families_are_configurations_that_nobody_tried() {
    for task in Task::ALL {
        let pace = Pace { n_folds: 3, threads: 2, limit: None };
        let joint = Joint::new(&bare_profile(300, task), &SearchConfig::default(), pace).unwrap();
        let turns = Turns::new(&joint, Duration::from_secs(600), &StopSignal::never()).unwrap();
        assert_eq!(turns.families.len(), joint.families.len());
        for family in &turns.families {
            let part = History::new(family.space.clone());
            for seed in 0..20 {
                let params = RandomSampler.suggest(&part, Seed(seed)).unwrap();
                assert_eq!(id(&params), family.id);
                joint.space.check(&params).unwrap();
            }
        }
        let mut history = History::new(joint.space.clone());
        let mut tried: Vec<Params> = Vec::new();
        for slot in 0..150 {
            let params = turns.suggest(&history, Seed(3).trial(slot)).unwrap();
            joint.space.check(&params).unwrap();
            assert!(!tried.contains(&params), "{task}: {params} was tried before");
            tried.push(params.clone());
            let mut trial =
                TrialRecord::new(slot, TrialState::Running, params).with_cost(f64::from(slot % 7));
            trial.seconds = 1.0;
            history.insert(trial);
        }
        let families: BTreeSet<String> = tried.iter().map(id).collect();
        assert!(families.len() >= 6, "{task}: {families:?}");
    }
}

#[test]
fn the_head_is_what_fits_into_a_sixth_of_the_time() {
    let pace = Pace { n_folds: 3, threads: 2, limit: None };
    let mut search = SearchConfig::default();
    let joint =
        |search: &SearchConfig| Joint::new(&bare_profile(20_000, Task::Binary), search, pace).unwrap();
    let plain = joint(&search);
    let seconds = |n: usize| plain.seconds[..n].iter().map(|seconds| seconds.unwrap()).sum::<f64>();
    for time in [10, 60, 600] {
        let n = head(&plain, 0, Duration::from_secs(time));
        assert!(
            n > 0 && seconds(n) <= time as f64 / 6.0 && seconds(n + 1) > time as f64 / 6.0,
            "{time}: {n}"
        );
    }
    search.enqueue = vec![toml::from_str("family = \"tabm\"").unwrap()];
    let given = joint(&search);
    let n = head(&given, 1, Duration::from_secs(1));
    assert!(n >= 1 && id(&given.initial[0]) == "tabm", "what the user gave comes first whatever it takes");
}
