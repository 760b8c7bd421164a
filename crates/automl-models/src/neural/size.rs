//! How many members train in step on one thread: measured, for that depends on machine, backend and shape.
//!
//! Larger populations share the overhead of operations, smaller ones stay in caches and are shared more evenly among
//! threads. Results do not depend on it (a test says so), so the clock may decide.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use automl_core::Seed;
use burn::tensor::Device;

use super::data::Prepared;
use super::engine::{Engine, EpochPlan, Frame, MemberPlan};
use super::host_engine::HostEngine;
use super::population::with_threads;

/// Sizes that are measured.
const SIZES: [usize; 3] = [1, 2, 4];
/// Steps that are timed, of which the quickest counts, after one that is not.
const STEPS: usize = 4;
/// Steps that take longer have little overhead to share.
const LONG_STEP: Duration = Duration::from_millis(10);
/// What a step of a larger population may take at most of the time of the best so far.
const WORTH: f64 = 0.95;

/// Device, shapes of all arrays, places of a batch, and the most members that leave no thread idle.
type Key = (String, Vec<[usize; 2]>, usize, usize);

static KNOWN: Mutex<BTreeMap<Key, usize>> = Mutex::new(BTreeMap::new());

/// The best size of the populations of `members`, which `threads` threads train; `engine` makes the one of some of them.
pub(super) fn measured<'a>(
    members: &[&'a Prepared<'a>],
    frame: &Frame,
    threads: usize,
    device: &Device,
    engine: &mut (dyn FnMut(Range<usize>) -> HostEngine<'a> + '_),
) -> usize {
    let most = members.len().div_ceil(threads);
    if most < 2 {
        return 1;
    }
    let shapes = frame.widest.specs().iter().map(|spec| spec.shape).collect();
    let key = (format!("{device:?}"), shapes, frame.n_places, most);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(size) = known().get(&key) {
        return *size;
    }
    let sizes: Vec<usize> = SIZES.into_iter().filter(|size| *size <= most).collect();
    let size = best(&sizes, |size| step_time(&members[..size], engine(0..size)));
    known().insert(key, size);
    size
}

/// The size whose step takes least for each member.
fn best(sizes: &[usize], mut step_time: impl FnMut(usize) -> Duration) -> usize {
    let mut best = (1, f64::INFINITY);
    for &size in sizes {
        let step = step_time(size);
        let of_member = step.as_secs_f64() / size as f64;
        if of_member < WORTH * best.1 {
            best = (size, of_member);
        }
        if step > LONG_STEP {
            break;
        }
    }
    best.0
}

/// Time of one step of all members together, on one thread. The engine has learnt a little by it, and goes.
fn step_time(members: &[&Prepared<'_>], mut engine: HostEngine<'_>) -> Duration {
    let plan = |own: &&Prepared<'_>| {
        let n_rows = own.train.answers.len();
        let n_batches = own.n_batches();
        let moves = (0..n_batches).map(|step| own.training.next_move(step as u32 + 1, 0.0)).collect();
        let starts = vec![0; own.objective.heads];
        MemberPlan { order: (0..n_rows).collect(), starts, moves, dropout: Seed(0) }
    };
    engine.begin_epoch(EpochPlan(members.iter().map(plan).collect()));
    let fewest = members.iter().map(|own| own.n_batches()).min().unwrap_or(1);
    with_threads(1, || {
        engine.step(0);
        let time = |step: usize| {
            let started = Instant::now();
            engine.step(step % fewest);
            started.elapsed()
        };
        (1..=STEPS).map(time).min().unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quickest_size_wins_by_a_margin_and_long_steps_are_not_measured_twice() {
        let of = |micros: [u64; 3]| {
            let mut asked = Vec::new();
            let size = best(&SIZES, |size| {
                asked.push(size);
                Duration::from_micros(micros[asked.len() - 1])
            });
            (size, asked)
        };
        assert_eq!(of([100, 150, 400]), (2, vec![1, 2, 4]));
        assert_eq!(of([100, 150, 240]), (4, vec![1, 2, 4]));
        assert_eq!(of([100, 196, 390]), (1, vec![1, 2, 4]));
        assert_eq!(of([11_000, 0, 0]), (1, vec![1]));
    }
}
