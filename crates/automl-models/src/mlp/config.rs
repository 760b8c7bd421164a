//! One configuration of the perceptron, read from parameters.

use automl_core::{FitError, Params, SpaceError, Task};
use serde::{Deserialize, Serialize};

use super::activation::Activation;

/// How weights move.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Optimizer {
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    AdamW,
    /// Gradient descent with heavy-ball momentum.
    Sgd {
        /// Share of the last move that is kept, in `[0, 1)`.
        momentum: f32,
    },
}

/// How the learning rate changes over the epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Schedule {
    /// It does not.
    Constant,
    /// Half a cosine from the full rate to 0.
    Cosine,
    /// Up over the first 30 % of the steps, then down to a 10,000th (Smith & Topin 2018).
    OneCycle,
}

/// What is minimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Loss {
    /// Mean negative log likelihood, in nats.
    CrossEntropy,
    /// Mean squared error of the standardised target.
    Mse,
    /// Huber's loss of the standardised target, linear from one standard deviation on.
    Huber,
}

/// One configuration.
///
/// | Name | Range | Meaning |
/// |---|---|---|
/// | `n_layers` | 1 to 8 | hidden layers |
/// | `width` | 1 to 4096 | neurons of each |
/// | `activation` | relu, silu, gelu, selu, mish | non-linearity |
/// | `dropout` | 0 to below 1 | share of hidden values dropped |
/// | `batch_norm` | | normalises each hidden neuron over the batch |
/// | `optimizer` | adamw, sgd | with `momentum` for sgd |
/// | `learning_rate` (`sgd_learning_rate`) | above 0 | largest rate of the schedule |
/// | `schedule` | constant, cosine, one_cycle | |
/// | `weight_decay` | from 0 | decoupled; none on biases, norms and embeddings |
/// | `batch_size` | from 1 | rows a step |
/// | `max_epochs` | from 1 | |
/// | `patience` | from 1 | epochs without a better validation loss before it stops |
/// | `class_weights` | none, balanced | classification |
/// | `label_smoothing` | 0 to below 1 | classification |
/// | `loss` | mse, huber | regression |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Config {
    pub(crate) n_layers: usize,
    pub(crate) width: usize,
    pub(crate) activation: Activation,
    pub(crate) dropout: f32,
    pub(crate) batch_norm: bool,
    pub(crate) optimizer: Optimizer,
    pub(crate) learning_rate: f64,
    pub(crate) schedule: Schedule,
    pub(crate) weight_decay: f64,
    pub(crate) batch_size: usize,
    pub(crate) max_epochs: u32,
    pub(crate) patience: u32,
    pub(crate) balanced: bool,
    pub(crate) label_smoothing: f32,
    pub(crate) loss: Loss,
}

impl Config {
    /// Reads and checks `params`.
    ///
    /// # Errors
    /// [`FitError::Params`] naming the parameter that is missing or outside its range.
    pub(crate) fn read(params: &Params, task: Task) -> Result<Self, FitError> {
        let sgd = choice(params, "optimizer", &[("adamw", false), ("sgd", true)])?;
        let rate_name = if sgd { "sgd_learning_rate" } else { "learning_rate" };
        let optimizer = if sgd {
            Optimizer::Sgd { momentum: float(params, "momentum", 0.0, 0.999_9)? as f32 }
        } else {
            Optimizer::AdamW
        };
        let classes = task.is_classification();
        let loss = if classes {
            Loss::CrossEntropy
        } else {
            choice(params, "loss", &[("mse", Loss::Mse), ("huber", Loss::Huber)])?
        };
        let schedules = [
            ("constant", Schedule::Constant),
            ("cosine", Schedule::Cosine),
            ("one_cycle", Schedule::OneCycle),
        ];
        Ok(Self {
            n_layers: count(params, "n_layers", 1, 8)?,
            width: count(params, "width", 1, 4096)?,
            activation: choice(params, "activation", &Activation::ALL.map(|each| (each.name(), each)))?,
            dropout: float(params, "dropout", 0.0, 0.95)? as f32,
            batch_norm: params.flag("batch_norm")?,
            optimizer,
            learning_rate: float(params, rate_name, f64::MIN_POSITIVE, f64::MAX)?,
            schedule: choice(params, "schedule", &schedules)?,
            weight_decay: float(params, "weight_decay", 0.0, f64::MAX)?,
            batch_size: count(params, "batch_size", 1, 1 << 20)?,
            max_epochs: count(params, "max_epochs", 1, 1 << 20)? as u32,
            patience: count(params, "patience", 1, 1 << 20)? as u32,
            balanced: classes && choice(params, "class_weights", &[("none", false), ("balanced", true)])?,
            label_smoothing: if classes { float(params, "label_smoothing", 0.0, 0.95)? as f32 } else { 0.0 },
            loss,
        })
    }
}

fn float(params: &Params, name: &str, low: f64, high: f64) -> Result<f64, SpaceError> {
    let value = params.float(name)?;
    if (low..=high).contains(&value) {
        return Ok(value);
    }
    let domain = match (low, high) {
        (f64::MIN_POSITIVE, f64::MAX) => "the numbers above 0".to_owned(),
        (low, f64::MAX) => format!("the numbers from {low}"),
        (low, high) => format!("{low} to {high}"),
    };
    Err(SpaceError::OutOfDomain { name: name.to_owned(), value: value.to_string(), domain })
}

fn count(params: &Params, name: &str, low: usize, high: usize) -> Result<usize, SpaceError> {
    let value = params.count(name)?;
    if (low..=high).contains(&value) {
        return Ok(value);
    }
    let domain = format!("{low} to {high}");
    Err(SpaceError::OutOfDomain { name: name.to_owned(), value: value.to_string(), domain })
}

fn choice<T: Copy>(params: &Params, name: &str, choices: &[(&str, T)]) -> Result<T, SpaceError> {
    let text = params.text(name)?;
    choices.iter().find(|(each, _)| *each == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(each, _)| *each).collect();
        let domain = format!("one of {}", names.join(", "));
        SpaceError::OutOfDomain { name: name.to_owned(), value: text.to_owned(), domain }
    })
}
