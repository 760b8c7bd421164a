//! A network of one's own keeps the contract of `ModelFamily`, learns, and cannot bring a search down.

use std::ops::ControlFlow;

use automl_core::{
    Device, Domain, FitContext, FitError, FittedModel, InputForm, Member, ModelFamily, ParamSpec, Params,
    Predictions, Seed, SpaceError, StopSignal, Target, Task,
};
use automl_models::own::{Network, OwnFamily, Shape, Training, family};
use automl_testkit::family_contract;
use automl_testkit::synthetic::{design, n_classes, profile};
use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device as BurnDevice, Tensor};

/// Layers that draw, and that behave otherwise while they train.
#[derive(Module, Debug)]
struct Layers {
    hidden: Linear,
    norm: BatchNorm,
    dropout: Dropout,
    output: Linear,
}

struct Plain {
    max_epochs: u32,
}

impl Network for Plain {
    type Module = Layers;

    fn id(&self) -> &'static str {
        "plain"
    }

    fn space(&self) -> Vec<ParamSpec> {
        vec![
            ParamSpec::new("width", Domain::log_int(16, 64)),
            ParamSpec::new("dropout", Domain::float(0.0, 0.5)),
        ]
    }

    fn init(&self, params: &Params, shape: Shape, device: &BurnDevice) -> Result<Layers, SpaceError> {
        let width = params.count("width")?;
        Ok(Layers {
            hidden: LinearConfig::new(shape.n_inputs, width).init(device),
            norm: BatchNormConfig::new(width).init(device),
            dropout: DropoutConfig::new(params.float("dropout")?).init(),
            output: LinearConfig::new(width, shape.n_outputs).init(device),
        })
    }

    fn forward(&self, layers: &Layers, rows: Tensor<2>) -> Tensor<2> {
        let hidden = relu(layers.norm.forward(layers.hidden.forward(rows)));
        layers.output.forward(layers.dropout.forward(hidden))
    }

    fn training(&self) -> Training {
        Training { max_epochs: self.max_epochs, ..Training::default() }
    }
}

family_contract!(own, family(Plain { max_epochs: 3 }));
#[cfg(feature = "libtorch")]
family_contract!(own_on_libtorch, family(Plain { max_epochs: 3 }), Device::Libtorch);

fn fit<N: Network>(family: &OwnFamily<N>, task: Task) -> Result<Box<dyn FittedModel>, FitError> {
    let stop = StopSignal::never();
    let ctx = FitContext { threads: 2, ..FitContext::new(task, n_classes(task), &stop) };
    let params = family.defaults(&profile(task, InputForm::OneHot, 300)).remove(0);
    let train = design(task, InputForm::OneHot, 300, Seed(1));
    let valid = design(task, InputForm::OneHot, 200, Seed(2));
    let member = Member { params: &params, train: &train, valid: &valid, seed: Seed(3) };
    family.fit_population(&[member], &ctx, &mut |_, _| ControlFlow::Continue(())).remove(0)
}

/// Share of the variance, or of the errors of always naming the most frequent class, that is left.
fn left(model: &dyn FittedModel, task: Task) -> Option<f64> {
    let test = design(task, InputForm::OneHot, 300, Seed(4));
    match (model.predict(&test).ok()?, test.target?) {
        (Predictions::Real(values), Target::Real(truth)) => {
            let mean = truth.iter().sum::<f64>() / truth.len() as f64;
            let of = |value: &dyn Fn(usize) -> f64| -> f64 {
                truth.iter().enumerate().map(|(row, truth)| (value(row) - truth).powi(2)).sum()
            };
            Some(of(&|row| values[row]) / of(&|_| mean))
        }
        (proba @ Predictions::Proba(_), Target::Classes { codes, n_classes }) => {
            let wrong = |of: &dyn Fn(usize) -> u32| {
                codes.iter().enumerate().filter(|(row, code)| of(*row) != **code).count() as f64
            };
            let named = proba.classes()?;
            let least = (0..n_classes as u32).map(|class| wrong(&|_| class)).fold(f64::INFINITY, f64::min);
            Some(wrong(&|row| named[row]) / least)
        }
        _ => None,
    }
}

#[test]
fn it_learns() {
    for task in Task::ALL {
        let model = fit(&family(Plain { max_epochs: 60 }), task).unwrap();
        let left = left(model.as_ref(), task).unwrap();
        assert!(left < 0.5, "{task}: {left}");
        assert!(model.n_parameters() > 100 && model.best_epoch().is_some());
    }
}

/// What a person's first try may do.
#[derive(Clone, Copy)]
enum Fault {
    Inputs,
    Outputs,
    Param,
}

struct Faulty(Fault);

impl Network for Faulty {
    type Module = Linear;

    fn id(&self) -> &'static str {
        "faulty"
    }

    fn init(&self, params: &Params, shape: Shape, device: &BurnDevice) -> Result<Linear, SpaceError> {
        Ok(match self.0 {
            Fault::Inputs => LinearConfig::new(shape.n_inputs + 1, shape.n_outputs),
            Fault::Outputs => LinearConfig::new(shape.n_inputs, shape.n_outputs + 1),
            Fault::Param => LinearConfig::new(shape.n_inputs, params.count("width")?),
        }
        .init(device))
    }

    fn forward(&self, layers: &Linear, rows: Tensor<2>) -> Tensor<2> {
        layers.forward(rows)
    }
}

#[test]
fn a_fault_of_the_network_fails_its_fit_and_says_why() {
    let said = |fault| fit(&family(Faulty(fault)), Task::Binary).map(drop).unwrap_err().to_string();
    assert!(said(Fault::Inputs).contains("the network panicked: "), "{}", said(Fault::Inputs));
    assert_eq!(said(Fault::Outputs), "output of the network: expected [128, 2], got [128, 3]");
    assert_eq!(said(Fault::Param), "parameter `width` has no value");
}
