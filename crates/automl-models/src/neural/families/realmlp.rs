//! The family `realmlp`.

use automl_core::{FitError, Params, Task};

use super::super::activation::Activation;
use super::super::architecture::Body;
use super::super::data::Recipe;
use super::super::read::{choice, count, float};
use super::super::realmlp::{Numbers, Rates, RealMlpShape, Start};
use super::super::training::{Optimizer, Schedule, Training};
use super::realmlp_space;

/// Frequencies of an embedded number.
const N_FREQUENCIES: usize = 16;

/// The family `realmlp`: `RealMLP-TD` and `RealMLP-TD-S` (Holzmüller, Grinsztajn & Steinwart, "Better by Default: Strong
/// Pre-Tuned MLPs and Boosted Trees on Tabular Data", `NeurIPS` 2024).
///
/// | Name | Range | Meaning |
/// |---|---|---|
/// | `variant` | td, simple | the whole recipe, or the one without embeddings, dropout, decay and learnt strengths |
/// | `n_layers` | 1 to 8 | hidden layers |
/// | `width` | 1 to 4096 | neurons of each |
/// | `activation` | relu, silu, gelu, selu, mish | non-linearity |
/// | `learning_rate` | above 0 | largest rate of the schedule, four cosines |
/// | `beta_2` | 0 to below 1 | share of the second moment that Adam keeps |
/// | `numbers` | plain, pbld, pl, plr | td: embedding of numeric columns |
/// | `sigma` | above 0 | td: deviation of the embedding's first frequencies |
/// | `numbers_width` | 2 to 64 | td: columns that a number becomes |
/// | `dropout` | 0 to below 1 | td: share of hidden values dropped; falls over the second half |
/// | `weight_decay` | from 0 | td: falls over the second half |
/// | `scale_rate`, `numbers_rate`, `first_rate` | above 0 | td: factors on the rate of the scaling layer, the embeddings, the first weights |
/// | `batch_size` | from 1 | rows a step |
/// | `max_epochs` | from 1 | all are trained, unless `patience` ends it |
/// | `patience` | from 1 | it stops after 2 times the best epoch and these epochs more without a better one |
/// | `class_weights` | none, balanced, sampled | classification: rare classes weigh more, or are drawn more often |
/// | `label_smoothing` | 0 to below 1 | classification |
/// | `loss` | mse, huber | regression |
/// | `augmentation` | none, noise, mixup | what is done to training rows: normal noise on numbers (Bishop 1995), or mixtures of two rows (Zhang et al. 2018) |
/// | `noise_std` | 0.000001 to 10 | noise: its standard deviation, in the unit of the prepared columns |
/// | `mixup_alpha` | 0.05 to 1 | mixup: both parameters of the beta distribution of a row's share |
/// | `averaging` | none, ema | whether validation and the model have weights averaged over the steps (Polyak & Juditsky 1992) |
/// | `averaging_decay` | 0 to below 1 | ema: share of the average that is kept in a step |
///
/// Two departures from the published code. The best epoch is the one of least validation loss, not of least error rate,
/// which the authors advise for probabilities. Batches of an epoch are of equal size, and none is left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealMlpFamily;

network_family!(RealMlpFamily, "realmlp", realmlp_space, read);

/// Reads and checks a configuration.
///
/// # Errors
/// [`FitError::Params`] naming the parameter that is missing or outside its range.
pub(in super::super) fn read(params: &Params, task: Task) -> Result<Recipe, FitError> {
    let is_simple = choice(params, "variant", &[("td", false), ("simple", true)])?;
    let beta_2 = float(params, "beta_2", 0.0, 0.999_9)? as f32;
    let optimizer = Optimizer::AdamW { beta_1: 0.9, beta_2 };
    let rate = float(params, "learning_rate", f64::MIN_POSITIVE, f64::MAX)?;
    let simple = |params: &Params| params.clone().with("dropout", 0.0).with("weight_decay", 0.0);
    let shared = if is_simple { simple(params) } else { params.clone() };
    let mut training = Training::read(&shared, task, optimizer, rate, Schedule::CosLog4)?;
    training.dropout_schedule = Schedule::FlatCosine;
    training.decay_schedule = Schedule::FlatCosine;
    training.patience_growth = 2;
    let factor = |name: &str| -> Result<f32, FitError> {
        if is_simple { Ok(1.0) } else { Ok(float(params, name, f64::MIN_POSITIVE, f64::MAX)? as f32) }
    };
    let rates = Rates {
        bias: 0.1,
        strength: 0.1,
        scale: if is_simple { 6.0 } else { factor("scale_rate")? },
        numbers: factor("numbers_rate")?,
        first: factor("first_rate")?,
    };
    let shape = RealMlpShape {
        hidden: vec![count(params, "width", 1, 4096)?; count(params, "n_layers", 1, 8)?],
        activation: choice(params, "activation", &Activation::ALL.map(|each| (each.name(), each)))?,
        has_strength: !is_simple,
        embedding_width: 8,
        numbers: if is_simple { Numbers::Plain } else { numbers(params)? },
        embedded: Vec::new(),
        rates,
        start: if is_simple { Start::Normal } else { Start::FromData },
    };
    Ok(Recipe { training, body: Body::RealMlp(shape) })
}

fn numbers(params: &Params) -> Result<Numbers, FitError> {
    let names = ["plain", "pbld", "pl", "plr"];
    let kind = choice(params, "numbers", &names.map(|name| (name, name)))?;
    if kind == "plain" {
        return Ok(Numbers::Plain);
    }
    let sigma = float(params, "sigma", f64::MIN_POSITIVE, f64::MAX)? as f32;
    let width = count(params, "numbers_width", 2, 64)?;
    let n_frequencies = N_FREQUENCIES;
    Ok(match kind {
        // The number itself is one of the columns.
        "pbld" => Numbers::Pbld { n_frequencies, sigma, width: width - 1 },
        _ => Numbers::Periodic { n_frequencies, sigma, width, is_rectified: kind == "plr" },
    })
}
