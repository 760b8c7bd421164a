//! Populations on a device with memory of its own: one after another, as large as its memory allows.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use automl_core::{Precision, StopSignal};
use burn::tensor::Device;

use super::data::Prepared;
use super::engine::Engine;
use super::population::{Entry, OnEpoch, groups, initial};
use super::resident::ResidentEngine;
use super::shard::{End, Shard};

/// Where populations are made: a device, or a test's idea of one.
trait Place {
    /// The engine of a population; `None` without members.
    fn engine<'a>(&self, members: &[Entry<'a>]) -> Option<Box<dyn Engine + 'a>>;

    /// Gives back what ended populations held.
    fn free(&self);
}

impl Place for (&Device, Precision) {
    fn engine<'a>(&self, members: &[Entry<'a>]) -> Option<Box<dyn Engine + 'a>> {
        let prepared: Vec<&'a Prepared<'a>> = members.iter().map(|(_, _, own)| *own).collect();
        let engine = ResidentEngine::new(&prepared, &initial(members), self.0, self.1)?;
        Some(Box::new(engine))
    }

    fn free(&self) {
        self.0.memory_cleanup();
    }
}

/// Trains all `entries`; the ends are by index of the fit.
///
/// A population that does not fit into the device's memory is halved; a single member that does not is trained on
/// half the batch.
pub(crate) fn train(
    entries: &[Entry<'_>],
    device: &Device,
    precision: Precision,
    stop: &StopSignal,
    on_epoch: &mut OnEpoch<'_>,
) -> BTreeMap<usize, End> {
    train_in(&(device, precision), entries, stop, on_epoch)
}

fn train_in(
    place: &dyn Place,
    entries: &[Entry<'_>],
    stop: &StopSignal,
    on_epoch: &mut OnEpoch<'_>,
) -> BTreeMap<usize, End> {
    let mut ends = BTreeMap::new();
    let mut told = Told(BTreeMap::new());
    let mut queue: VecDeque<Vec<Entry<'_>>> = groups(entries).into();
    while let Some(group) = queue.pop_front() {
        let run = || run(place, &group, stop, &mut told, on_epoch);
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(of_group) => ends.extend(of_group),
            Err(panic) if !is_out_of_memory(panic.as_ref()) => resume_unwind(panic),
            Err(_) => {
                place.free();
                if let [entry] = group.as_slice() {
                    ends.insert(entry.0, smaller(place, *entry, stop, &mut told, on_epoch));
                    continue;
                }
                let (first, second) = group.split_at(group.len().div_ceil(2));
                queue.push_front(second.to_vec());
                queue.push_front(first.to_vec());
            }
        }
    }
    ends
}

/// Trains one member on half the batch, until it fits.
fn smaller(
    place: &dyn Place,
    (index, seed, own): Entry<'_>,
    stop: &StopSignal,
    told: &mut Told,
    on_epoch: &mut OnEpoch<'_>,
) -> End {
    let mut own = own.clone();
    loop {
        own.training.batch_size = own.training.batch_size.min(own.train.answers.len()) / 2;
        if own.training.batch_size == 0 {
            return End::OutOfMemory;
        }
        // The order of batches is another one now, so epochs told before do not count.
        told.0.remove(&index);
        let run = || run(place, &[(index, seed, &own)], stop, told, on_epoch);
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(mut ends) => return ends.remove(&index).unwrap_or(End::OutOfMemory),
            Err(panic) if !is_out_of_memory(panic.as_ref()) => resume_unwind(panic),
            Err(_) => place.free(),
        }
    }
}

/// The next epoch to tell of each member: one that begins again is told of no epoch twice.
struct Told(BTreeMap<usize, u32>);

fn run(
    place: &dyn Place,
    members: &[Entry<'_>],
    stop: &StopSignal,
    told: &mut Told,
    on_epoch: &mut OnEpoch<'_>,
) -> BTreeMap<usize, End> {
    let mut ends = BTreeMap::new();
    let Some(engine) = place.engine(members) else { return ends };
    let mut shard = Shard::new(members, engine);
    while shard.first().is_some() {
        let mut gone = Vec::new();
        for report in shard.run_epoch(stop) {
            let next = told.0.entry(report.member).or_insert(0);
            let is_new = report.index >= *next;
            let epoch = report.epoch.filter(|_| is_new);
            *next = (*next).max(report.index + 1);
            if epoch.is_some_and(|epoch| on_epoch(report.member, epoch).is_break()) {
                gone.push(report.member);
                ends.insert(report.member, End::Cancelled);
            } else if let Some(end) = report.end {
                ends.insert(report.member, end);
            }
        }
        shard.retain(|member| gone.contains(&member));
    }
    ends
}

/// Whether a backend gave up for want of memory: burn's backends panic with the driver's words.
fn is_out_of_memory(panic: &(dyn Any + Send)) -> bool {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    text.is_some_and(|text| {
        let text = text.to_lowercase();
        ["out of memory", "outofmemory", "out_of_memory"].iter().any(|words| text.contains(words))
    })
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use automl_core::{Design, Matrix, Member, Params, Seed, Target, Task};

    use super::super::families::read;
    use super::*;

    fn design() -> Design {
        let value = |index: usize| (index * 37 % 101) as f32 / 50.0 - 1.0;
        let numeric = Matrix::new(64, 2, (0..128).map(value).collect());
        let codes = numeric.rows().map(|row| u32::from(row[0] > row[1])).collect();
        Design {
            numeric,
            numeric_names: vec!["a".to_owned(), "b".to_owned()],
            codes: Matrix::new(64, 0, Vec::new()),
            code_names: Vec::new(),
            cardinalities: Vec::new(),
            target: Some(Target::Classes { codes, n_classes: 2 }),
            weights: None,
        }
    }

    fn params() -> Params {
        Params::new()
            .with("n_layers", 1_i64)
            .with("width", 8_i64)
            .with("activation", "relu")
            .with("dropout", 0.0)
            .with("batch_norm", false)
            .with("optimizer", "adamw")
            .with("learning_rate", 0.01)
            .with("schedule", "constant")
            .with("weight_decay", 0.0)
            .with("batch_size", 32_i64)
            .with("max_epochs", 3_i64)
            .with("patience", 3_i64)
            .with("class_weights", "none")
            .with("label_smoothing", 0.0)
    }

    /// A device whose memory holds populations and batches up to these sizes.
    struct Small {
        most_members: usize,
        largest_batch: usize,
    }

    impl Place for Small {
        fn engine<'a>(&self, members: &[Entry<'a>]) -> Option<Box<dyn Engine + 'a>> {
            let batch_size = members[0].2.training.batch_size;
            let fits = members.len() <= self.most_members && batch_size <= self.largest_batch;
            assert!(fits, "CUDA out of memory. Tried to allocate 20.00 MiB");
            (&Device::flex(), Precision::F32).engine(members)
        }

        fn free(&self) {}
    }

    /// Trains five members on a device whose memory holds populations and batches up to these sizes.
    fn train_within(most_members: usize, largest_batch: usize) -> (Vec<Option<usize>>, Vec<u32>) {
        let (design, params) = (design(), params());
        let member = |seed| Member { params: &params, train: &design, valid: &design, seed: Seed(seed) };
        let prepared: Vec<Prepared<'_>> =
            (0..5).map(|seed| Prepared::new(&member(seed), read, Task::Binary, 2).unwrap()).collect();
        let entries: Vec<Entry<'_>> =
            prepared.iter().enumerate().map(|(index, own)| (index, Seed(index as u64), own)).collect();
        let place = Small { most_members, largest_batch };
        let mut epochs = vec![0; 5];
        let ends = train_in(&place, &entries, &StopSignal::never(), &mut |member, epoch| {
            assert_eq!(epoch.index, epochs[member]);
            epochs[member] += 1;
            ControlFlow::Continue(())
        });
        let batch_sizes = (0..5).map(|index| match &ends[&index] {
            End::Done(best) => Some(best.batch_size),
            End::OutOfMemory => None,
            other => panic!("{other:?}"),
        });
        (batch_sizes.collect(), epochs)
    }

    #[test]
    fn a_population_that_does_not_fit_is_halved() {
        assert_eq!(train_within(2, 32), (vec![Some(32); 5], vec![3; 5]));
    }

    #[test]
    fn a_member_that_does_not_fit_trains_on_half_the_batch() {
        assert_eq!(train_within(1, 8), (vec![Some(8); 5], vec![3; 5]));
    }

    #[test]
    fn a_member_that_never_fits_is_out_of_memory() {
        assert_eq!(train_within(5, 0), (vec![None; 5], vec![0; 5]));
    }

    #[test]
    fn other_panics_are_not_taken_for_want_of_memory() {
        assert!(is_out_of_memory(&"CUDA out of memory.".to_owned()));
        assert!(is_out_of_memory(&"CUDA_ERROR_OUT_OF_MEMORY"));
        assert!(!is_out_of_memory(&"index out of bounds".to_owned()));
        assert!(!is_out_of_memory(&7));
    }
}
