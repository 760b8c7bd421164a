//! Noise, mixtures and averages in whole networks: gradients, the two engines beside each other, averages by hand.

use std::ops::Range;

use automl_core::{Design, Member, Params, Precision, Purpose, Seed, StopSignal, Task};
use burn::tensor::Device;

use super::averaging;
use super::data::{Prepared, Read, Tables};
use super::engine::{self, Engine, EpochPlan, Frame, MemberPlan};
use super::families::read;
use super::host_engine::HostEngine;
use super::parameters::{Role, Spec, Weights};
use super::parity::{configurations, design, first_rows, other_configurations};
use super::resident::ResidentEngine;
use super::training::{Optimizer, Schedule};
use crate::device::cpu_devices;
use crate::draws::Draws;

/// A perceptron, and the other four architectures in several variants.
fn all_configurations(task: Task) -> Vec<(Read, String, Params)> {
    let mlp = configurations(task).swap_remove(1);
    let mut all = other_configurations(task);
    all.push((read, "mlp".to_owned(), mlp));
    all
}

fn prepared<'a>(
    params: &'a Params,
    read: Read,
    task: Task,
    train: &'a Design,
    valid: &'a Design,
) -> Prepared<'a> {
    Prepared::new(&Member { params, train, valid, seed: Seed(1) }, read, task, 3).unwrap()
}

/// An epoch of every member: rows in an order of its own, moves from step `first` on.
fn plan(members: &[&Prepared<'_>], first: u32, seed: u64) -> EpochPlan {
    let member = |(index, own): (usize, &&Prepared<'_>)| {
        let seed = Seed(seed).fold(index as u32);
        let mut draws = Draws::new(seed.purpose(Purpose::Shuffle));
        let order = draws.order(own.train.answers.len());
        let starts = engine::starts(own.objective.heads, order.len(), &mut draws);
        let moves = (0..own.n_batches() as u32).map(|step| own.training.next_move(first + step + 1, 0.3));
        MemberPlan { order, starts, moves: moves.collect(), dropout: seed.purpose(Purpose::Dropout) }
    };
    EpochPlan(members.iter().enumerate().map(member).collect())
}

fn initial(members: &[&Prepared<'_>]) -> Vec<Weights> {
    let weights = |(seed, own): (u64, &&Prepared<'_>)| own.architecture.initial(&own.train, Seed(seed));
    (0..).zip(members).map(weights).collect()
}

fn host<'a>(members: &[&'a Prepared<'a>], weights: &[Weights], n_parts: usize) -> Box<dyn Engine + 'a> {
    host_on(&Device::flex(), members, weights, n_parts)
}

fn host_on<'a>(
    device: &Device,
    members: &[&'a Prepared<'a>],
    weights: &[Weights],
    n_parts: usize,
) -> Box<dyn Engine + 'a> {
    let frame = Frame::of(members).unwrap();
    Box::new(HostEngine::new(&frame, members, weights, n_parts, &mut Tables::new(device), device))
}

/// The host's engine and the resident one, on every backend of the CPU; the host's in parts, too, where it may be.
fn engines<'a>(members: &[&'a Prepared<'a>], weights: &[Weights]) -> Vec<(String, Box<dyn Engine + 'a>)> {
    let mut engines: Vec<(String, Box<dyn Engine + 'a>)> = Vec::new();
    for device in cpu_devices() {
        engines.push((format!("host on {device:?}"), host_on(&device, members, weights, 1)));
        let resident = ResidentEngine::new(members, weights, &device, Precision::F32).unwrap();
        engines.push((format!("resident on {device:?}"), Box::new(resident)));
    }
    if !members[0].architecture.looks_at_batches() {
        engines.push(("host in parts".to_owned(), host(members, weights, 3)));
    }
    engines
}

fn present(engine: &mut dyn Engine, n_members: usize) -> Vec<Weights> {
    engine.remember(&(0..n_members).collect::<Vec<_>>());
    (0..n_members).map(|place| engine.remembered(place).unwrap()).collect()
}

/// Share of numbers that differ by more than rounding explains; a bias that normalisation takes away again is moved by nothing
/// else, so that it is some.
fn share_of_unlike(ours: &Weights, theirs: &Weights) -> f64 {
    let (ours, theirs) = (ours.0.concat(), theirs.0.concat());
    assert_eq!(ours.len(), theirs.len());
    let unlike = ours.iter().zip(&theirs).filter(|(a, b)| (*a - *b).abs() > 2e-3 * (1.0 + b.abs()));
    unlike.count() as f64 / ours.len() as f64
}

/// Members with everything on, with a part of it, and with nothing.
fn augment(members: &mut [Prepared<'_>]) {
    let settings = [(0.1, 0.4, 0.9), (0.3, 0.0, 0.0), (0.0, 1.0, 0.5), (0.0, 0.0, 0.0)];
    for (own, (noise, mixup, averaging)) in members.iter_mut().zip(settings) {
        (own.training.noise, own.training.mixup, own.training.averaging) = (noise, mixup, averaging);
    }
}

fn compare_step_by_step(task: Task) {
    let (large, valid) = (design(task, 1), design(task, 2));
    let small = first_rows(&large, 133);
    for (read, name, params) in all_configurations(task) {
        let on = |train| prepared(&params, read, task, train, &valid);
        let mut members = [on(&large), on(&small), on(&large), on(&small)];
        augment(&mut members);
        let members: Vec<&Prepared<'_>> = members.iter().collect();
        let weights = initial(&members);
        let mut engines = engines(&members, &weights);
        let n_steps = plan(&members, 0, 9).n_steps() as u32;
        for epoch in 0..2 {
            let plan = || plan(&members, epoch * n_steps, u64::from(epoch));
            for (_, engine) in &mut engines {
                engine.begin_epoch(plan());
            }
            for step in 0..n_steps as usize {
                let mut expected = Vec::new();
                for (engine_name, engine) in &mut engines {
                    engine.step(step);
                    let ours = present(engine.as_mut(), members.len());
                    if expected.is_empty() {
                        expected = ours;
                        continue;
                    }
                    for (member, (ours, theirs)) in ours.iter().zip(&expected).enumerate() {
                        let unlike = share_of_unlike(ours, theirs);
                        assert!(
                            unlike < 0.05,
                            "{task}, {name}, {engine_name}, member {member}, epoch {epoch}, step {step}: {unlike} differ"
                        );
                    }
                }
            }
            let losses: Vec<[Vec<f64>; 2]> = engines
                .iter_mut()
                .map(|(_, engine)| {
                    [engine.train_losses(), engine.valid_losses(&StopSignal::never()).unwrap()]
                })
                .collect();
            for (own, (engine_name, _)) in losses.iter().zip(&engines) {
                for (a, b) in own.concat().iter().zip(losses[0].concat()) {
                    assert!(
                        (a - b).abs() < 4e-3 * (1.0 + b.abs()),
                        "{task}, {name}, {engine_name}: loss {a}, not {b}"
                    );
                }
            }
        }
    }
}

#[test]
fn augmented_classification_is_trained_alike_by_both_engines() {
    compare_step_by_step(Task::Multiclass);
}

#[test]
fn augmented_regression_is_trained_alike_by_both_engines() {
    compare_step_by_step(Task::Regression);
}

/// A member trains the same alone, and beside members of other settings, rows and columns; and nothing is off that is on.
#[test]
fn augmented_members_train_the_same_whoever_trains_beside_them() {
    let task = Task::Multiclass;
    let (large, valid) = (design(task, 1), design(task, 2));
    let small = first_rows(&large, 133);
    for (read, name, params) in all_configurations(task) {
        let on = |train| prepared(&params, read, task, train, &valid);
        let mut members = [on(&large), on(&small), on(&large), on(&small)];
        let plain = on(&large);
        augment(&mut members);
        let together: Vec<&Prepared<'_>> = members.iter().collect();
        let train = |members: &[&Prepared<'_>], own: usize| {
            let place = members.len().min(own + 1) - 1;
            // The plan and the weights are those of the member's place in the whole population.
            let (mut all, mut weights) = (plan(&together, 0, 4), initial(&together));
            if members.len() == 1 {
                weights = vec![weights.swap_remove(own)];
                all = EpochPlan(vec![all.0.swap_remove(own)]);
            }
            let n_steps = all.n_steps();
            let mut engine = host(members, &weights, 1);
            engine.begin_epoch(all);
            (0..n_steps).for_each(|step| engine.step(step));
            present(engine.as_mut(), members.len()).swap_remove(place)
        };
        for own in 0..members.len() {
            let unlike = share_of_unlike(&train(&together, own), &train(&[together[own]], own));
            assert!(unlike < 0.01, "{name}, member {own}: {unlike} differ");
        }
        let without = train(&[&plain], 0);
        for (noise, mixup, averaging) in [(0.1, 0.0, 0.0), (0.0, 0.4, 0.0), (0.0, 0.0, 0.9)] {
            let mut own = plain.clone();
            (own.training.noise, own.training.mixup, own.training.averaging) = (noise, mixup, averaging);
            assert_ne!(
                train(&[&own], 0),
                without,
                "{name}: noise {noise}, mixup {mixup}, averaging {averaging}"
            );
        }
    }
}

/// The slope of the loss along the gradient of each array, which a step of plain descent tells, by differences of losses.
/// Weights and validation losses after two epochs of `members`, which train in step as `populations` say.
fn trained_in(
    populations: &[Range<usize>],
    members: &[&Prepared<'_>],
    device: &Device,
) -> (Vec<Weights>, Vec<f64>) {
    let (frame, initial) = (Frame::of(members).unwrap(), initial(members));
    let n_steps = plan(members, 0, 9).n_steps() as u32;
    let (mut weights, mut losses) = (Vec::new(), Vec::new());
    for place in populations {
        let (own, initial) = (&members[place.clone()], &initial[place.clone()]);
        let mut engine = HostEngine::new(&frame, own, initial, 1, &mut Tables::new(device), device);
        for epoch in 0..2 {
            let EpochPlan(all) = plan(members, epoch * n_steps, u64::from(epoch));
            let own = EpochPlan(all.into_iter().skip(place.start).take(place.len()).collect());
            let n_steps = own.n_steps();
            engine.begin_epoch(own);
            (0..n_steps).for_each(|step| engine.step(step));
        }
        weights.extend(present(&mut engine, place.len()));
        losses.extend(engine.valid_losses(&StopSignal::never()).unwrap());
    }
    (weights, losses)
}

#[test]
fn how_many_train_in_step_changes_no_bit() {
    let task = Task::Multiclass;
    let (large, valid) = (design(task, 1), design(task, 2));
    let (small, short) = (first_rows(&large, 133), first_rows(&valid, 41));
    for device in cpu_devices() {
        for (read, name, params) in all_configurations(task) {
            let on = |train, valid| prepared(&params, read, task, train, valid);
            let mut members =
                [on(&large, &valid), on(&small, &short), on(&large, &short), on(&small, &valid)];
            augment(&mut members);
            let members: Vec<&Prepared<'_>> = members.iter().collect();
            let together = trained_in(std::slice::from_ref(&(0..4)), &members, &device);
            for populations in [vec![0..2, 2..4], vec![0..1, 1..2, 2..3, 3..4]] {
                let other = trained_in(&populations, &members, &device);
                assert_eq!(other, together, "{name}, {device:?}, {populations:?}");
            }
        }
    }
}

#[test]
fn gradients_of_mixed_and_noisy_rows_are_those_of_the_loss() {
    for task in [Task::Multiclass, Task::Regression] {
        let (train, valid) = (design(task, 1), design(task, 2));
        for (read, name, params) in all_configurations(task) {
            let params = params.with("batch_size", 150_i64);
            let mut own = prepared(&params, read, task, &train, &valid);
            (own.training.noise, own.training.mixup) = (0.1, 0.5);
            own.training.dropout_schedule = Schedule::Constant;
            own.training.optimizer = Optimizer::Sgd { momentum: 0.0 };
            own.training.learning_rate = 1.0;
            own.training.schedule = Schedule::Constant;
            (own.training.weight_decay, own.training.clip_norm) = (0.0, None);
            let members = [&own];
            let start = initial(&members).remove(0);
            let step_from = |weights: Weights| {
                let mut engine = host(&members, &[weights], 1);
                engine.begin_epoch(plan(&members, 0, 3));
                engine.step(0);
                (engine.train_losses()[0], present(engine.as_mut(), 1).remove(0))
            };
            let (_, after) = step_from(start.clone());
            let mut checked = Vec::new();
            for (index, spec) in own.architecture.specs().iter().enumerate() {
                let Role::Learnt { rate, .. } = spec.role else { continue };
                let gradient: Vec<f64> = start.0[index]
                    .iter()
                    .zip(&after.0[index])
                    .map(|(before, after)| f64::from(before - after) / f64::from(rate))
                    .collect();
                let norm = gradient.iter().map(|value| value * value).sum::<f64>().sqrt();
                if norm < 1e-3 {
                    // Too flat for differences of losses in 32 bits; a bias that normalisation takes away again.
                    continue;
                }
                checked.push(spec.name.clone());
                let loss_at = |shift: f64| {
                    let mut moved = start.clone();
                    for (value, slope) in moved.0[index].iter_mut().zip(&gradient) {
                        *value += (shift * slope / norm) as f32;
                    }
                    step_from(moved).0
                };
                // The flatter, the farther, for losses are exact to 1e-7.
                let shift = (2e-5 / norm).clamp(1e-3, 2e-2);
                let numeric = (loss_at(shift) - loss_at(-shift)) / (2.0 * shift);
                assert!(
                    (numeric - norm).abs() < 0.04 * norm + 5e-5,
                    "{task}, {name}, {}: slope {norm}, by differences {numeric}",
                    spec.name
                );
            }
            // What lies before the mixture, but where the input stage learns nothing.
            let is_input = |name: &String| name.starts_with("embedding.") || name.starts_with("numbers.");
            let has_input = own.architecture.specs().iter().any(|spec| is_input(&spec.name));
            assert_eq!(checked.iter().any(is_input), has_input, "{task}, {name}: {checked:?}");
            assert!(checked.len() >= 4, "{task}, {name}: {checked:?}");
        }
    }
}

/// One step of the averages `expected` towards the weights, and whether ours are the same; tracked arrays are those of the
/// weights, and all are where nothing is kept.
fn follow(
    expected: &mut [Vec<f64>],
    kept: f32,
    specs: &[Spec],
    (now, ours): (&Weights, &Weights),
    what: &str,
) {
    for (index, spec) in specs.iter().enumerate() {
        if spec.role == Role::Tracked || kept == 0.0 {
            assert_eq!(ours.0[index], now.0[index], "{what}, {}", spec.name);
            continue;
        }
        let kept = f64::from(kept);
        let values = expected[index].iter_mut().zip(&now.0[index]);
        for ((average, now), ours) in values.zip(&ours.0[index]) {
            *average = kept * *average + (1.0 - kept) * f64::from(*now);
            let off = (*average - f64::from(*ours)).abs();
            assert!(off < 1e-5 * (1.0 + average.abs()), "{what}, {}: {ours}, not {average}", spec.name);
        }
    }
}

/// Averages of every step follow from the weights of every step of a member that does not average, which trains alike.
#[test]
fn averages_are_those_of_the_weights_of_every_step() {
    let task = Task::Multiclass;
    let (large, valid) = (design(task, 1), design(task, 2));
    let small = first_rows(&large, 133);
    // With batch normalisation, whose statistics are not averaged.
    let params = configurations(task).swap_remove(1);
    let on = |train| prepared(&params, read, task, train, &valid);
    let specs = on(&large).architecture.specs();
    let decays = [0.9_f32, 0.0, 0.3];
    let raw = [on(&large), on(&large), on(&small)];
    let mut averaging_members = raw.clone();
    for (own, decay) in averaging_members.iter_mut().zip(decays) {
        own.training.averaging = decay;
    }
    let raw: Vec<&Prepared<'_>> = raw.iter().collect();
    let members: Vec<&Prepared<'_>> = averaging_members.iter().collect();
    let weights = initial(&raw);
    for ((engine_name, mut plain), (_, mut engine)) in
        engines(&raw, &weights).into_iter().zip(engines(&members, &weights))
    {
        let mut expected: Vec<Vec<Vec<f64>>> = weights
            .iter()
            .map(|own| own.0.iter().map(|array| array.iter().map(|x| f64::from(*x)).collect()).collect())
            .collect();
        let (mut places, mut t) = (vec![0, 1, 2], 0);
        for epoch in 0..2 {
            if epoch == 1 {
                // The member that does not average leaves.
                places = vec![0, 2];
                plain.keep(&places);
                engine.keep(&places);
            }
            let own: Vec<&Prepared<'_>> = places.iter().map(|&place| raw[place]).collect();
            let averaged: Vec<&Prepared<'_>> = places.iter().map(|&place| members[place]).collect();
            plain.begin_epoch(plan(&own, t, epoch));
            engine.begin_epoch(plan(&averaged, t, epoch));
            for step in 0..plan(&own, t, epoch).n_steps() {
                t += 1;
                plain.step(step);
                engine.step(step);
                let now = present(plain.as_mut(), places.len());
                let ours = present(engine.as_mut(), places.len());
                for ((&place, now), ours) in places.iter().zip(&now).zip(&ours) {
                    let what = format!("{engine_name}, member {place}, step {t}");
                    let kept = averaging::kept(decays[place], t);
                    follow(&mut expected[place], kept, &specs, (now, ours), &what);
                }
            }
            let stop = StopSignal::never();
            let (raw, ours) = (plain.valid_losses(&stop).unwrap(), engine.valid_losses(&stop).unwrap());
            for ((&place, raw), ours) in places.iter().zip(raw).zip(ours) {
                assert_eq!(
                    raw == ours,
                    decays[place] == 0.0,
                    "{engine_name}, member {place}: {raw} and {ours}"
                );
            }
        }
    }
}
