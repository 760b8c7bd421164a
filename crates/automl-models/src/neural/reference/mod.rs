//! The published implementations' numbers; `tests/make_neural.py` made them and `tests/data/neural/README.md` explains.

mod ft_transformer;
mod realmlp;
mod resnet;
mod tabm;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use automl_core::{Design, Matrix, Member, Params, Precision, Seed, Target, Task};
use serde_json::Value;

use super::architecture::Body;
use super::data::{Prepared, Read, Tables, gather};
use super::engine::{Engine, EpochPlan, Frame, MemberPlan};
use super::host::values;
use super::host_engine::HostEngine;
use super::loss::Truth;
use super::network::Network;
use super::parameters::{Role, Spec, Weights};
use super::resident::{Predictor, ResidentEngine};
use super::training::Optimizer;
use crate::device::cpu_devices;

/// Arrays by our names.
type Arrays = BTreeMap<String, Vec<f64>>;

fn file(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/neural").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(tensor: &Value) -> Vec<f64> {
    tensor["values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn columns(tensor: &Value) -> usize {
    tensor["shape"].as_array().unwrap().last().unwrap().as_u64().unwrap() as usize
}

/// Columns become rows: their matrices are out times in, ours in times out.
fn transposed(tensor: &Value) -> Vec<f64> {
    let (values, columns) = (numbers(tensor), columns(tensor));
    (0..columns)
        .flat_map(|column| values.iter().skip(column).step_by(columns).copied().collect::<Vec<_>>())
        .collect()
}

/// Two arrays differ by no more than single precision explains.
#[track_caller]
fn assert_close(ours: &[f32], theirs: &[f64], tolerance: f64, what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let size = theirs.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let off = (f64::from(*ours) - theirs).abs();
        assert!(off <= tolerance * (size + 1e-3), "{what} at {index}: {ours}, not {theirs}");
    }
}

/// Two arrays after steps of Adam. Numbers without a gradient, such as a bias that normalisation takes away again, are moved
/// by the rounding of it, but no further than `most`.
#[track_caller]
fn assert_moved(ours: &[f32], theirs: &[f64], gradients: &[f64], most: f64, what: &str) {
    let (mut moved, mut expected) = (Vec::new(), Vec::new());
    for ((ours, theirs), gradient) in ours.iter().zip(theirs).zip(gradients) {
        if gradient.abs() < 1e-12 {
            assert!((f64::from(*ours) - theirs).abs() <= most, "{what}: {ours}, not {theirs}");
        } else {
            moved.push(*ours);
            expected.push(*theirs);
        }
    }
    assert_eq!(ours.len(), theirs.len(), "{what}");
    assert_close(&moved, &expected, 1e-4, what);
}

/// The host's engine and the resident one, on every backend of the CPU.
fn engines<'a>(own: &'a Prepared<'a>, start: &Weights) -> Vec<(String, Box<dyn Engine + 'a>)> {
    let start = std::slice::from_ref(start);
    let mut engines: Vec<(String, Box<dyn Engine + 'a>)> = Vec::new();
    for device in cpu_devices() {
        let frame = Frame::of(&[own]).unwrap();
        let host = HostEngine::new(&frame, &[own], start, 1, &mut Tables::new(&device), &device);
        engines.push((format!("host on {device:?}"), Box::new(host)));
        let resident = ResidentEngine::new(&[own], start, &device, Precision::F32);
        engines.push((format!("resident on {device:?}"), Box::new(resident.unwrap())));
    }
    engines
}

/// Steps that all see the whole table.
fn plan(own: &Prepared<'_>, n_steps: u32) -> EpochPlan {
    let n_rows = own.train.answers.len();
    let order = (0..n_steps).flat_map(|_| 0..n_rows).collect();
    let moves = (0..n_steps).map(|step| own.training.next_move(step + 1, 0.0)).collect();
    let starts = vec![0; own.objective.heads];
    EpochPlan(vec![MemberPlan { order, starts, moves, dropout: Seed(0) }])
}

/// A model of one of the files of three steps on one batch.
struct Case {
    name: &'static str,
    data: Value,
    task: Task,
    params: Params,
    read: Read,
    /// From their arrays to ours; arrays that are not there stay away.
    arrays: fn(&Value, &Value) -> Arrays,
    /// How far statistics and outputs after three steps may be off, relative to the largest.
    tolerance: f64,
    /// Settles what our architecture takes from the data.
    settle: fn(&mut Body),
}

impl Case {
    fn design(&self) -> Design {
        let batch = &self.data["batch"];
        let x = if batch["x_num"].is_null() { &batch["x_cont"] } else { &batch["x_num"] };
        let x = if x.is_null() { &batch["x"] } else { x };
        let values: Vec<f32> = numbers(x).iter().map(|x| *x as f32).collect();
        let codes: Vec<u32> = if batch["x_cat"].is_null() {
            Vec::new()
        } else {
            numbers(&batch["x_cat"]).iter().map(|code| *code as u32).collect()
        };
        let sizes = self.data["config"]["cardinalities"].as_array();
        let cardinalities: Vec<u32> = sizes
            .map_or(Vec::new(), |sizes| sizes.iter().map(|size| size.as_u64().unwrap() as u32).collect());
        let y = numbers(&batch["y"]);
        let target = if self.task == Task::Regression {
            Target::Real(y)
        } else {
            Target::Classes { codes: y.iter().map(|y| *y as u32).collect(), n_classes: 3 }
        };
        let width = columns(x);
        Design {
            numeric: Matrix::new(values.len() / width, width, values),
            numeric_names: (0..width).map(|index| format!("x{index}")).collect(),
            codes: Matrix::new(target.n_rows(), cardinalities.len(), codes),
            code_names: (0..cardinalities.len()).map(|index| format!("c{index}")).collect(),
            cardinalities,
            target: Some(target),
            weights: None,
        }
    }

    /// Their arrays of `of` that are ours too.
    fn expected(&self, of: &Value) -> Arrays {
        (self.arrays)(&self.data, of)
    }

    fn check(&self) {
        let design = self.design();
        let member = Member { params: &self.params, train: &design, valid: &design, seed: Seed(1) };
        let mut own = Prepared::new(&member, self.read, self.task, 3).unwrap();
        (self.settle)(&mut own.architecture.body);
        own.training.clip_norm = self.data["optimiser"]["max_gradient_norm"].as_f64();
        if let Some(Target::Real(y)) = &design.target {
            // The file's target is not standardised.
            own.train.answers.truth = Truth::Real(y.iter().map(|y| *y as f32).collect());
        }
        let specs = own.architecture.specs();
        let start = self.expected(&self.data["parameters"]);
        let start =
            Weights(specs.iter().map(|spec| start[&spec.name].iter().map(|x| *x as f32).collect()).collect());
        self.check_decays(&specs);
        self.check_gradients(&own, &specs, &start);
        self.check_steps(&own, &specs, &start);
    }

    /// Arrays that decay are theirs.
    fn check_decays(&self, specs: &[Spec]) {
        let flags = |name: &String, parameter: &Value| {
            let mut parameter = parameter.clone();
            let flag = f64::from(u8::from(parameter["decays"].as_bool().unwrap()));
            let size = parameter["values"].as_array().unwrap().len();
            parameter["values"] = vec![flag; size].into();
            (name.clone(), parameter)
        };
        let decays: Value = self.data["parameters"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, parameter)| flags(name, parameter))
            .collect();
        let expected = self.expected(&decays);
        for spec in specs {
            let Role::Learnt { decay, rate } = spec.role else { continue };
            assert_eq!(rate, 1.0);
            assert!(
                expected[&spec.name].iter().all(|flag| *flag == f64::from(decay)),
                "{}: {}",
                self.name,
                spec.name
            );
        }
    }

    /// A step of plain gradient descent tells the gradients.
    fn check_gradients(&self, own: &Prepared<'_>, specs: &[Spec], start: &Weights) {
        let mut own = own.clone();
        own.training.optimizer = Optimizer::Sgd { momentum: 0.0 };
        own.training.learning_rate = 1.0;
        own.training.weight_decay = 0.0;
        own.training.clip_norm = None;
        let expected = self.expected(&self.data["float64"]["gradients"]);
        for (engine_name, mut engine) in engines(&own, start) {
            engine.begin_epoch(plan(&own, 1));
            engine.step(0);
            engine.remember(&[0]);
            let moved = engine.remembered(0).unwrap();
            for ((spec, before), after) in specs.iter().zip(&start.0).zip(&moved.0) {
                if spec.role == Role::Tracked {
                    continue;
                }
                let gradient: Vec<f32> =
                    before.iter().zip(after).map(|(before, after)| before - after).collect();
                let what = format!("{}, {engine_name}, gradient of {}", self.name, spec.name);
                // The difference of two numbers of size 1 is exact to 1e-7.
                for (index, (ours, theirs)) in gradient.iter().zip(&expected[&spec.name]).enumerate() {
                    let off = (f64::from(*ours) - theirs).abs();
                    assert!(off <= 1e-6 + 1e-4 * theirs.abs(), "{what} at {index}: {ours}, not {theirs}");
                }
            }
        }
    }

    fn check_steps(&self, own: &Prepared<'_>, specs: &[Spec], start: &Weights) {
        let theirs = &self.data["float64"];
        let losses: Vec<f64> =
            theirs["losses"].as_array().unwrap().iter().map(|loss| loss.as_f64().unwrap()).collect();
        let gradients = self.expected(&theirs["gradients"]);
        for (engine_name, mut engine) in engines(own, start) {
            engine.begin_epoch(plan(own, 3));
            let mut weights = None;
            for step in 0..3 {
                engine.step(step);
                let Some(after) = ["after_1", "", "after_3"].get(step).filter(|name| !name.is_empty()) else {
                    continue;
                };
                engine.remember(&[0]);
                let ours = engine.remembered(0).unwrap();
                let mut expected = self.expected(&theirs[*after]);
                if step == 2 {
                    expected.extend(self.expected(&theirs["buffers_after_3"]));
                }
                for (spec, ours) in specs.iter().zip(&ours.0) {
                    let what = format!("{}, {engine_name}, {after}, {}", self.name, spec.name);
                    match expected.get(&spec.name) {
                        Some(expected) if spec.role == Role::Tracked => {
                            assert_close(ours, expected, self.tolerance, &what);
                        }
                        Some(expected) => {
                            let most = 2.0 * own.training.learning_rate * (step + 1) as f64;
                            assert_moved(ours, expected, &gradients[&spec.name], most, &what);
                        }
                        None => assert_eq!(spec.role, Role::Tracked, "{what}"),
                    }
                }
                weights = Some(ours);
            }
            let mean = losses.iter().sum::<f64>() / 3.0;
            let ours = engine.train_losses()[0];
            assert!(
                (ours - mean).abs() < 1e-5 * mean,
                "{}, {engine_name}: loss {ours}, not {mean}",
                self.name
            );
            self.check_outputs(own, &weights.unwrap());
        }
    }

    /// Prediction by the host's network and by the device's.
    fn check_outputs(&self, own: &Prepared<'_>, weights: &Weights) {
        let expected = numbers(&self.data["float64"]["evaluation_output_after_3"]);
        let design = own.train.design;
        let rows: Vec<usize> = (0..design.n_rows()).collect();
        for device in cpu_devices() {
            let network = Network::stack(&[(&own.architecture, weights)], &device).unwrap();
            let table = Tables::new(&device).numeric(design, network.n_numeric());
            let output = network.predict(gather(&[(&table, design, &rows)], rows.len()).unwrap());
            assert_close(
                values(&output),
                &expected,
                self.tolerance,
                &format!("{}, output on {device:?}", self.name),
            );
            let predictor = Predictor::new(&own.architecture, weights, &device).unwrap();
            let output = predictor.outputs(design);
            assert_close(
                &output,
                &expected,
                self.tolerance,
                &format!("{}, predicted on {device:?}", self.name),
            );
        }
    }
}
