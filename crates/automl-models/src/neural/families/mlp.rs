//! The family `mlp`: dense layers on numeric columns and embedded categories.

use automl_core::{FitError, Params, Task};

use super::super::activation::Activation;
use super::super::architecture::Body;
use super::super::data::Recipe;
use super::super::mlp::MlpShape;
use super::super::read::{choice, count, float};
use super::super::training::{Optimizer, Schedule, Training};
use super::mlp_space;

/// The family `mlp`: dense layers on numeric columns and embedded categories.
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
/// | `schedule` | constant, cosine, one_cycle, warm_cosine | |
/// | `weight_decay` | from 0 | decoupled; none on biases, norms and embeddings |
/// | `batch_size` | from 1 | rows a step |
/// | `max_epochs` | from 1 | |
/// | `patience` | from 1 | epochs without a better validation loss before it stops |
/// | `class_weights` | none, balanced, sampled | classification: rare classes weigh more, or are drawn more often |
/// | `label_smoothing` | 0 to below 1 | classification |
/// | `loss` | mse, huber | regression |
/// | `augmentation` | none, noise, mixup | what is done to training rows: normal noise on numbers (Bishop 1995), or mixtures of two rows (Zhang et al. 2018) |
/// | `noise_std` | 0.000001 to 10 | noise: its standard deviation, in the unit of the prepared columns |
/// | `mixup_alpha` | 0.05 to 1 | mixup: both parameters of the beta distribution of a row's share |
/// | `averaging` | none, ema | whether validation and the model have weights averaged over the steps (Polyak & Juditsky 1992) |
/// | `averaging_decay` | 0 to below 1 | ema: share of the average that is kept in a step |
#[derive(Debug, Clone, Copy, Default)]
pub struct MlpFamily;

network_family!(MlpFamily, "mlp", mlp_space, read);

/// Reads and checks a configuration.
///
/// # Errors
/// [`FitError::Params`] naming the parameter that is missing or outside its range.
pub(in super::super) fn read(params: &Params, task: Task) -> Result<Recipe, FitError> {
    let sgd = choice(params, "optimizer", &[("adamw", false), ("sgd", true)])?;
    let rate_name = if sgd { "sgd_learning_rate" } else { "learning_rate" };
    let optimizer = if sgd {
        Optimizer::Sgd { momentum: float(params, "momentum", 0.0, 0.999_9)? as f32 }
    } else {
        Optimizer::ADAM_W
    };
    let learning_rate = float(params, rate_name, f64::MIN_POSITIVE, f64::MAX)?;
    let schedules = [
        ("constant", Schedule::Constant),
        ("cosine", Schedule::Cosine),
        ("one_cycle", Schedule::OneCycle),
        ("warm_cosine", Schedule::WarmCosine),
    ];
    let schedule = choice(params, "schedule", &schedules)?;
    let shape = MlpShape {
        hidden: vec![count(params, "width", 1, 4096)?; count(params, "n_layers", 1, 8)?],
        activation: choice(params, "activation", &Activation::ALL.map(|each| (each.name(), each)))?,
        batch_norm: params.flag("batch_norm")?,
    };
    let training = Training::read(params, task, optimizer, learning_rate, schedule)?;
    Ok(Recipe { training, body: Body::Mlp(shape) })
}
