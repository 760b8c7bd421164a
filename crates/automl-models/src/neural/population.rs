//! Who trains with whom on the CPU, and on which thread.
//!
//! Members of one shape can share a population. They are spread over the threads first, for threads that
//! train unlike members never wait for each other; threads that are left compute parts of batches.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use automl_core::{Epoch, Seed, StopSignal};
use burn::tensor::Device;

use crate::device::limit_product_threads;

use super::data::{Prepared, Tables};
use super::engine::Frame;
use super::host_engine::{HostEngine, n_parts};
use super::parameters::Weights;
use super::shard::{End, Report, Shard};
use super::size;

/// Called after each epoch of a member; `Break` ends it.
pub(crate) type OnEpoch<'a> = dyn FnMut(usize, Epoch) -> ControlFlow<()> + 'a;

/// A checked member with its index in the fit and its seed.
pub(crate) type Entry<'a> = (usize, Seed, &'a Prepared<'a>);

/// Trains all `entries`; the ends are by index of the fit.
pub(crate) fn train(
    entries: &[Entry<'_>],
    device: &Device,
    threads: usize,
    stop: &StopSignal,
    on_epoch: &mut OnEpoch<'_>,
) -> BTreeMap<usize, End> {
    let threads = threads.max(1);
    let mut tables = Tables::new(device);
    let mut shards = Vec::new();
    let mut most_parts = 1;
    for group in groups(entries) {
        let members: Vec<&Prepared<'_>> = group.iter().map(|(_, _, own)| *own).collect();
        let Some(frame) = Frame::of(&members) else { continue };
        let (n_parts, weights) = (n_parts(&members), initial(&group));
        most_parts = most_parts.max(n_parts);
        let mut engine = |place: Range<usize>| {
            let (members, weights) = (&members[place.clone()], &weights[place]);
            HostEngine::new(&frame, members, weights, n_parts, &mut tables, device)
        };
        let size = size::measured(&members, &frame, threads, device, &mut engine);
        for first in (0..group.len()).step_by(size) {
            let place = first..(first + size).min(group.len());
            shards.push(Shard::new(&group[place.clone()], Box::new(engine(place))));
        }
    }
    drop(tables);
    let workers = threads.min(shards.len()).max(1);
    // All workers together never use more than `threads`; a worker has use for more than one where batches have parts.
    let share = (threads / workers).min(most_parts);
    run(shards, workers, share, stop, on_epoch)
}

/// The weights that the members begin with: the same on every device.
pub(crate) fn initial(members: &[Entry<'_>]) -> Vec<Weights> {
    members.iter().map(|(_, seed, own)| own.architecture.initial(&own.train, *seed)).collect()
}

/// Members by shape, in order of first appearance.
pub(crate) fn groups<'a>(entries: &[Entry<'a>]) -> Vec<Vec<Entry<'a>>> {
    let mut groups: Vec<Vec<Entry<'a>>> = Vec::new();
    for entry in entries {
        let place = groups.iter().position(|group| same_shape(group[0].2, entry.2));
        match place {
            Some(place) => groups[place].push(*entry),
            None => groups.push(vec![*entry]),
        }
    }
    groups
}

fn same_shape(one: &Prepared<'_>, other: &Prepared<'_>) -> bool {
    one.architecture.is_alike(&other.architecture) && one.training.is_alike(&other.training)
}

/// Trains the shards on `workers` threads, each of which has `share` threads for the parts of a batch.
fn run(
    shards: Vec<Shard<'_>>,
    workers: usize,
    share: usize,
    stop: &StopSignal,
    on_epoch: &mut OnEpoch<'_>,
) -> BTreeMap<usize, End> {
    let n_members = shards.iter().flat_map(Shard::members).max().map_or(0, |most| most + 1);
    let due: BTreeSet<(u32, usize)> = shards.iter().flat_map(Shard::members).map(|own| (0, own)).collect();
    let queue = Mutex::new(shards);
    let gone: Vec<AtomicBool> = (0..n_members).map(|_| AtomicBool::new(false)).collect();
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..workers {
            let send = send.clone();
            let (queue, gone) = (&queue, gone.as_slice());
            scope.spawn(move || with_threads(share, || work(queue, gone, stop, &send)));
        }
        drop(send);
        deliver(&receive, due, &gone, on_epoch)
    })
}

/// Runs `work` in a pool of `n_threads` threads, on each of which libtorch computes a product alone.
///
/// Without this every product of a worker would spread over all cores, against all other workers' products.
pub(super) fn with_threads<T: Send>(n_threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build();
    let limited = || {
        limit_product_threads(1);
        work()
    };
    match pool {
        Ok(pool) => pool.install(limited),
        // The system gives no more threads: the work is done on this one, in the pool that surrounds it.
        Err(_) => limited(),
    }
}

/// Runs epochs of the least advanced shard until none waits. A thread that leaves is not missed: then
/// fewer shards are left than threads.
fn work(queue: &Mutex<Vec<Shard<'_>>>, gone: &[AtomicBool], stop: &StopSignal, send: &Sender<Report>) {
    while let Some(mut shard) = least_advanced(lock(queue)) {
        shard.retain(|member| gone[member].load(Ordering::Relaxed));
        if shard.first().is_none() {
            continue;
        }
        for report in shard.run_epoch(stop) {
            // The receiver lives until all senders are gone.
            let _ = send.send(report);
        }
        if shard.first().is_some() {
            lock(queue).push(shard);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn least_advanced<'a>(mut shards: MutexGuard<'_, Vec<Shard<'a>>>) -> Option<Shard<'a>> {
    let place = (0..shards.len()).min_by_key(|&place| (shards[place].epoch(), shards[place].first()))?;
    Some(shards.swap_remove(place))
}

/// Hands epochs to the observer in order of epoch and member, whichever thread was faster, so that an
/// observer that remembers decides the same in every run.
fn deliver(
    receive: &Receiver<Report>,
    mut due: BTreeSet<(u32, usize)>,
    gone: &[AtomicBool],
    on_epoch: &mut OnEpoch<'_>,
) -> BTreeMap<usize, End> {
    let mut waiting = BTreeMap::new();
    let mut ends = BTreeMap::new();
    for report in receive {
        waiting.insert((report.index, report.member), report);
        while let Some(report) = due.first().and_then(|next| waiting.remove(next)) {
            due.pop_first();
            let (member, index) = (report.member, report.index);
            let flow = report.epoch.map_or(ControlFlow::Continue(()), |epoch| on_epoch(member, epoch));
            if flow.is_break() {
                gone[member].store(true, Ordering::Relaxed);
                ends.insert(member, End::Cancelled);
            } else if let Some(end) = report.end {
                ends.insert(member, end);
            } else {
                due.insert((index + 1, member));
            }
        }
    }
    ends
}
