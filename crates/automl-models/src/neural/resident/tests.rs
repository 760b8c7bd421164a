//! The resident engine computes what the host engine does; both run on the CPU here.

use automl_core::{Design, Epoch, Matrix, Member, Params, Precision, Seed, StopSignal, Task};
use burn::tensor::Device;

use super::super::data::{Prepared, Read, Tables, gather};
use super::super::engine::{Engine, Frame};
use super::super::families::read;
use super::super::host::values;
use super::super::host_engine::HostEngine;
use super::super::network::Network;
use super::super::parameters::Weights;
use super::super::parity::{configurations, design, first_rows, other_configurations};
use super::super::population::initial;
use super::super::shard::{End, Shard};
use super::{Predictor, ResidentEngine};
use crate::device::cpu_devices;

type Trained = (Vec<Vec<Epoch>>, Vec<Weights>);

fn train<'a>(members: &[(usize, Seed, &'a Prepared<'a>)], engine: Box<dyn Engine + 'a>) -> Trained {
    let mut shard = Shard::new(members, engine);
    let mut epochs = vec![Vec::new(); members.len()];
    let mut weights: Vec<Option<Weights>> = vec![None; members.len()];
    while shard.first().is_some() {
        for report in shard.run_epoch(&StopSignal::never()) {
            epochs[report.member].extend(report.epoch);
            if let Some(End::Done(best)) = report.end {
                weights[report.member] = Some(best.weights);
            }
        }
    }
    (epochs, weights.into_iter().map(Option::unwrap).collect())
}

fn prepared<'a>(member: &Member<'a>, read: Read, task: Task) -> Prepared<'a> {
    Prepared::new(member, read, task, 3).unwrap()
}

/// Configurations of all families, with what reads them.
fn all_configurations(task: Task) -> Vec<(Read, String, Params)> {
    let mlp = configurations(task).into_iter().map(|params| {
        let name = params.text("activation").unwrap().to_owned();
        (read as Read, name, params)
    });
    mlp.chain(other_configurations(task)).collect()
}

fn compare(task: Task) {
    let (large, valid) = (design(task, 1), design(task, 2));
    let small = first_rows(&large, 133);
    for (read, name, params) in all_configurations(task) {
        // The second member stops sooner, so that the population shrinks.
        let short = params.clone().with("max_epochs", 3_i64);
        let member = |params, train, seed| Member { params, train, valid: &valid, seed: Seed(seed) };
        let members = [member(&params, &large, 5), member(&short, &small, 6), member(&params, &large, 7)];
        let prepared: Vec<Prepared<'_>> = members.iter().map(|member| prepared(member, read, task)).collect();
        let parts: Vec<&Prepared<'_>> = prepared.iter().collect();
        let entries: Vec<_> =
            prepared.iter().enumerate().map(|(index, own)| (index, members[index].seed, own)).collect();
        let weights_0 = initial(&entries);
        let flex = Device::flex();
        let frame = Frame::of(&parts).unwrap();
        let host = HostEngine::new(&frame, &parts, &weights_0, 1, &mut Tables::new(&flex), &flex);
        let (host_epochs, host_weights) = train(&entries, Box::new(host));
        for device in cpu_devices() {
            let what = format!("{task}, {name} on {device:?}");
            let resident = ResidentEngine::new(&parts, &weights_0, &device, Precision::F32).unwrap();
            let (epochs, weights) = train(&entries, Box::new(resident));
            for (ours, theirs) in epochs.iter().zip(&host_epochs) {
                assert_eq!(ours.len(), theirs.len(), "{what}");
                for (a, b) in ours.iter().zip(theirs) {
                    let pairs = [(a.train_loss, b.train_loss), (a.valid_loss, b.valid_loss)];
                    for (a, b) in pairs {
                        assert!((a - b).abs() < 2e-3 * (1.0 + b.abs()), "{what}: {a}, not {b}");
                    }
                }
            }
            for (ours, theirs) in weights.iter().zip(&host_weights) {
                assert_alike(ours, theirs, &what);
            }
        }
    }
}

/// Weights differ by no more than rounding, which a few numbers may have had grow.
#[track_caller]
fn assert_alike(ours: &Weights, theirs: &Weights, what: &str) {
    let (ours, theirs) = (ours.0.concat(), theirs.0.concat());
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let far = ours.iter().zip(&theirs).filter(|(a, b)| (*a - *b).abs() > 1e-2 * (1.0 + b.abs()));
    assert!(far.count() * 50 <= ours.len(), "{what}: weights differ");
}

#[test]
fn parts_of_batches_and_members_of_fewer_columns_change_nothing() {
    let flex = Device::flex();
    let (wide, valid) = (design(Task::Multiclass, 1), design(Task::Multiclass, 2));
    let (narrow, narrow_valid) = (without_last_column(&wide), without_last_column(&valid));
    let (mut n_together, mut n_parted) = (0, 0);
    for (read, name, params) in all_configurations(Task::Multiclass) {
        let member = |train, valid| Member { params: &params, train, valid, seed: Seed(5) };
        let wide = prepared(&member(&wide, &valid), read, Task::Multiclass);
        let narrow = prepared(&member(&narrow, &narrow_valid), read, Task::Multiclass);
        let train_in = |own: &[&Prepared<'_>], n_parts: usize| {
            let entries: Vec<_> = own.iter().enumerate().map(|(index, own)| (index, Seed(5), *own)).collect();
            let weights = initial(&entries);
            let frame = Frame::of(own).unwrap();
            let engine = HostEngine::new(&frame, own, &weights, n_parts, &mut Tables::new(&flex), &flex);
            train(&entries, Box::new(engine)).1
        };
        let alone = train_in(&[&narrow], 1);
        if wide.architecture.is_alike(&narrow.architecture) {
            n_together += 1;
            assert_alike(&train_in(&[&wide, &narrow], 1)[1], &alone[0], &name);
        }
        if !wide.architecture.looks_at_batches() {
            n_parted += 1;
            assert_alike(&train_in(&[&narrow], 3)[0], &alone[0], &format!("{name} in parts"));
        }
    }
    // The perceptrons, TabM without embeddings and ResNet; all that normalise no batch.
    assert_eq!((n_together, n_parted), (7, 8));
}

fn without_last_column(design: &Design) -> Design {
    let n = design.numeric.n_cols() - 1;
    let columns: Vec<Vec<f32>> = (0..n).map(|column| design.numeric.column(column)).collect();
    let numeric = Matrix::from_columns(design.n_rows(), &columns);
    Design { numeric, numeric_names: design.numeric_names[..n].to_vec(), ..design.clone() }
}

#[test]
fn classification_is_trained_as_on_the_host() {
    compare(Task::Multiclass);
}

#[test]
fn regression_is_trained_as_on_the_host() {
    compare(Task::Regression);
}

#[test]
fn a_predictor_predicts_as_the_host_does() {
    let (train_rows, valid) = (design(Task::Multiclass, 1), design(Task::Multiclass, 2));
    for (read, _, params) in all_configurations(Task::Multiclass) {
        let member = Member { params: &params, train: &train_rows, valid: &valid, seed: Seed(3) };
        let own = prepared(&member, read, Task::Multiclass);
        let weights = own.architecture.initial(&own.train, Seed(3));
        let flex = Device::flex();
        let host = Network::stack(&[(&own.architecture, &weights)], &flex).unwrap();
        let table = Tables::new(&flex).numeric(&valid, host.n_numeric());
        let rows: Vec<usize> = (0..valid.n_rows()).collect();
        let batch = gather(&[(&table, &valid, &rows)], rows.len()).unwrap();
        let expected = host.predict(batch);
        for device in cpu_devices() {
            let found = Predictor::new(&own.architecture, &weights, &device).unwrap();
            for (a, b) in found.outputs(&valid).iter().zip(values(&expected)) {
                assert!((a - b).abs() < 1e-4 * (1.0 + b.abs()), "{a}, not {b}");
            }
        }
    }
}

/// Rounded factors move the best loss of a short training by a few hundredths of its size at most.
#[cfg(feature = "libtorch")]
#[test]
fn products_of_bfloat16_train_nearly_as_well() {
    let device = crate::device::burn_device(automl_core::Device::Libtorch).unwrap();
    for task in [Task::Multiclass, Task::Regression] {
        let (train_rows, valid) = (design(task, 1), design(task, 2));
        for params in configurations(task) {
            let member = Member { params: &params, train: &train_rows, valid: &valid, seed: Seed(4) };
            let own = prepared(&member, read, task);
            let entries = [(0, Seed(4), &own)];
            let losses = |precision| {
                let engine = ResidentEngine::new(&[&own], &initial(&entries), &device, precision).unwrap();
                let (epochs, _) = train(&entries, Box::new(engine));
                epochs[0].iter().map(|epoch| epoch.valid_loss).fold(f64::INFINITY, f64::min)
            };
            let (full, half) = (losses(Precision::F32), losses(Precision::Bf16));
            assert!(
                (full - half).abs() < 0.03 * (1.0 + full),
                "{task}: {half} with bfloat16, {full} without"
            );
            assert_ne!(full, half, "the precision has no effect");
        }
    }
}
