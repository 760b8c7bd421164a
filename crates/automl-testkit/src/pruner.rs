//! What every [`Pruner`] must fulfil.

use automl_core::{FoldScore, History, Params, Pruner, SearchSpace, Standing, TrialRecord, TrialState};

/// Makes a test module `$name` that holds the pruner `$pruner` to the contract of [`automl_core::Pruner`]: one test
/// per promise. `$pruner` is evaluated anew in every test. In a test file:
///
/// ```ignore
/// automl_testkit::pruner_contract!(median, MedianPruner::default());
/// ```
#[macro_export]
macro_rules! pruner_contract {
    ($name:ident, $pruner:expr) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            #[test]
            fn an_empty_history_is_no_error() {
                $crate::pruner::an_empty_history_is_no_error(&$pruner);
            }

            #[test]
            fn odd_costs_are_no_error_and_no_number_is_the_worst() {
                $crate::pruner::no_number_is_the_worst(&$pruner);
            }

            #[test]
            fn the_best_so_far_goes_on() {
                $crate::pruner::the_best_so_far_goes_on(&$pruner);
            }

            #[test]
            fn equal_arguments_give_equal_answers_in_any_thread() {
                $crate::pruner::equal_arguments_give_equal_answers(&|| Box::new($pruner));
            }

            #[test]
            fn costs_at_other_steps_change_nothing() {
                $crate::pruner::other_steps_change_nothing(&$pruner);
            }

            #[test]
            fn failed_and_lost_trials_change_nothing() {
                $crate::pruner::failed_and_lost_trials_change_nothing(&$pruner);
            }
        }
    };
}

/// Folds of a complete trial; a step is the number of folds done.
const N_FOLDS: u32 = 9;

/// A trial with these costs on folds 0, 1, … and the mean so far at steps 1, 2 ….
fn trial(slot: u32, state: TrialState, fold_costs: &[f64]) -> TrialRecord {
    let score = |(fold, cost): (u32, &f64)| FoldScore {
        fold,
        cost: *cost,
        scores: Vec::new(),
        best_epoch: None,
        n_epochs: 0,
        seconds: 0.0,
    };
    let mut sum = 0.0;
    let mut mean_so_far = |(step, cost): (u32, &f64)| {
        sum += cost;
        (step, sum / f64::from(step))
    };
    let steps: Vec<(u32, f64)> = (1..).zip(fold_costs).map(&mut mean_so_far).collect();
    let cost = steps.last().map(|(_, cost)| *cost).filter(|_| state == TrialState::Complete);
    let folds = (0..).zip(fold_costs).map(score).collect();
    TrialRecord { cost, steps, folds, ..TrialRecord::new(slot, state, Params::new()) }
}

/// Spread over `[0, 1)` without order: the fractional parts of multiples of the golden ratio's inverse.
fn scattered(index: u32) -> f64 {
    (f64::from(index) * 0.618_033_988_749_895).fract()
}

/// `n` trials of which one in three is pruned, and four running ones, with finite costs.
///
/// # Panics
/// Never.
pub fn history(n: u32) -> History {
    let costs = |slot: u32, n_folds: u32| -> Vec<f64> {
        let of_fold =
            |fold| 5.0 + 4.0 * scattered(slot + 1) + f64::from(fold % 4) + scattered(slot * 31 + fold * 7);
        (0..n_folds).map(of_fold).collect()
    };
    let finished = |slot: u32| {
        if slot % 3 == 2 {
            trial(slot, TrialState::Pruned, &costs(slot, 1 + slot % (N_FOLDS - 1)))
        } else {
            trial(slot, TrialState::Complete, &costs(slot, N_FOLDS))
        }
    };
    let mut history = History::with_trials(SearchSpace::default(), (0..n).map(finished));
    let running = (n..n + 4).map(|slot| trial(slot, TrialState::Running, &costs(slot, 1 + slot % N_FOLDS)));
    history.set_running(running.collect());
    history
}

fn asks(pruner: &dyn Pruner, trial: &TrialRecord, history: &History) -> bool {
    let TrialRecord { slot, params, steps, folds, .. } = trial;
    pruner.should_prune(&Standing { slot: *slot, params, steps, folds }, history)
}

/// Trials of many qualities after 1, 2, … folds, at several slots.
fn candidates() -> Vec<TrialRecord> {
    let mut candidates = Vec::new();
    for slot in 1000..1012 {
        for n_folds in 1..=N_FOLDS {
            let level = 3.0 + 8.0 * scattered(slot * 13 + n_folds);
            let costs: Vec<f64> = (0..n_folds)
                .map(|fold| level + f64::from(fold % 4) + scattered(slot * 17 + fold * 5))
                .collect();
            candidates.push(trial(slot, TrialState::Running, &costs));
        }
    }
    candidates
}

/// Trials without anyone to compare with, and one that has reported nothing. The first trial of a search goes on.
///
/// # Panics
/// If the pruner does, or stops it.
pub fn an_empty_history_is_no_error(pruner: &dyn Pruner) {
    let empty = History::new(SearchSpace::default());
    for candidate in candidates() {
        assert!(!asks(pruner, &candidate, &empty), "stopped at {:?}", candidate.steps);
    }
    for history in [empty, history(40)] {
        let silent = Standing { slot: 1000, params: &Params::new(), steps: &[], folds: &[] };
        assert!(!pruner.should_prune(&silent, &history), "stopped before its first report");
    }
}

/// Costs that are infinite or no number, of the trial and of others. Where a finite cost is bad enough to be
/// stopped, so are infinity and a cost that is no number.
///
/// # Panics
/// If the pruner does, or lets them go on.
pub fn no_number_is_the_worst(pruner: &dyn Pruner) {
    let with_last = |candidate: &TrialRecord, cost: f64| {
        let mut costs: Vec<f64> = candidate.folds.iter().map(|fold| fold.cost).collect();
        if let Some(last) = costs.last_mut() {
            *last = cost;
        }
        trial(candidate.slot, TrialState::Running, &costs)
    };
    for n in [1, 2, 5, 40] {
        let plain = history(n);
        for candidate in candidates().iter().filter(|candidate| asks(pruner, candidate, &plain)) {
            for cost in [f64::INFINITY, f64::NAN] {
                let odd = with_last(candidate, cost);
                assert!(asks(pruner, &odd, &plain), "{cost} is taken for better than {:?}", candidate.steps);
            }
        }
        for odd_cost in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -f64::MAX] {
            let make_odd = |record: &TrialRecord| match record.slot % 2 {
                0 => TrialRecord { slot: record.slot, ..with_last(record, odd_cost) },
                _ => record.clone(),
            };
            let of_state = |record: &TrialRecord| {
                let odd = make_odd(record);
                TrialRecord { state: record.state, cost: record.cost.and(Some(odd_cost)), ..odd }
            };
            let mut odd_history =
                History::with_trials(SearchSpace::default(), plain.trials().iter().map(of_state));
            odd_history.set_running(plain.running().iter().map(make_odd).collect());
            for candidate in candidates() {
                asks(pruner, &candidate, &odd_history);
                asks(pruner, &with_last(&candidate, odd_cost), &odd_history);
            }
        }
    }
}

/// A trial whose cost is not above anyone's at its step, and on no fold above anyone's, goes on.
///
/// # Panics
/// If not.
pub fn the_best_so_far_goes_on(pruner: &dyn Pruner) {
    for n in [1, 2, 3, 5, 10, 40, 200] {
        let history = history(n);
        let best_on = |fold: u32| {
            let everyone = history.trials().iter().chain(history.running());
            let costs = everyone.flat_map(|trial| &trial.folds).filter(|score| score.fold == fold);
            costs.map(|score| score.cost).fold(f64::INFINITY, f64::min)
        };
        for slot in 1000..1020 {
            for n_folds in 1..=N_FOLDS {
                let costs: Vec<f64> = (0..n_folds).map(best_on).collect();
                let best = trial(slot, TrialState::Running, &costs);
                assert!(!asks(pruner, &best, &history), "stopped at {:?} among {n}", best.steps.last());
            }
        }
    }
}

/// The same answer again, after other questions, and from a fresh pruner in another thread.
///
/// # Panics
/// If not.
pub fn equal_arguments_give_equal_answers(make: &(dyn Fn() -> Box<dyn Pruner> + Sync)) {
    let pruner = make();
    for n in [0, 3, 40] {
        let history = history(n);
        let answers = |pruner: &dyn Pruner| -> Vec<bool> {
            candidates().iter().map(|candidate| asks(pruner, candidate, &history)).collect()
        };
        let first = answers(pruner.as_ref());
        let backwards =
            candidates().into_iter().rev().map(|candidate| asks(pruner.as_ref(), &candidate, &history));
        let backwards: Vec<bool> = backwards.collect();
        let in_thread = std::thread::scope(|scope| scope.spawn(|| answers(make().as_ref())).join())
            .unwrap_or_else(|_| panic!("the pruner panicked in another thread"));
        assert_eq!(first, in_thread, "a fresh pruner differs after {n} trials");
        assert!(first.iter().eq(backwards.iter().rev()), "the order of questions matters after {n} trials");
    }
}

/// Costs at steps other than the trial's latest one, its own and the others', may be anything.
///
/// # Panics
/// If the answer depends on them.
pub fn other_steps_change_nothing(pruner: &dyn Pruner) {
    let plain = history(40);
    for candidate in candidates() {
        let Some(&(step, _)) = candidate.steps.last() else { continue };
        let shuffle = |record: &TrialRecord, stride: u32| {
            let other = |&(at, cost): &(u32, f64)| match at {
                _ if at == step => (at, cost),
                _ => (at, 100.0 * scattered(record.slot * stride + at)),
            };
            TrialRecord { steps: record.steps.iter().map(other).collect(), ..record.clone() }
        };
        for stride in [3, 29] {
            let finished = plain.trials().iter().map(|record| shuffle(record, stride));
            let mut shuffled = History::with_trials(SearchSpace::default(), finished);
            shuffled.set_running(plain.running().iter().map(|record| shuffle(record, stride)).collect());
            let expected = asks(pruner, &candidate, &plain);
            let got = asks(pruner, &shuffle(&candidate, stride), &shuffled);
            assert_eq!(got, expected, "costs at steps other than {step} change the answer");
        }
    }
}

/// Trials that failed, or whose process ended, say nothing, however good or bad they looked.
///
/// # Panics
/// If the answer depends on them.
pub fn failed_and_lost_trials_change_nothing(pruner: &dyn Pruner) {
    for n in [0, 1, 40] {
        let plain = history(n);
        for state in [TrialState::Failed, TrialState::Lost, TrialState::Waiting] {
            for cost in [-1e6, 1e6, f64::NAN] {
                let mut with_others = plain.clone();
                for slot in 500..530 {
                    with_others.insert(trial(slot, state, &[cost; N_FOLDS as usize]));
                }
                for candidate in candidates() {
                    let expected = asks(pruner, &candidate, &plain);
                    let got = asks(pruner, &candidate, &with_others);
                    assert_eq!(got, expected, "{state:?} trials of cost {cost} change the answer");
                }
            }
        }
    }
}
