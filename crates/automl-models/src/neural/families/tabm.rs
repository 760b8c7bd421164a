//! The family `tabm`.

use automl_core::{FitError, Params, Task};

use super::super::architecture::Body;
use super::super::data::Recipe;
use super::super::read::{choice, count, float};
use super::super::tabm::{Numbers, TabmShape, Variant};
use super::super::training::{Optimizer, Schedule, Training};
use super::tabm_space;

/// The family `tabm`: many perceptrons in one, which share their matrices (Gorishniy, Kotelnikov & Babenko, "`TabM`:
/// Advancing Tabular Deep Learning with Parameter-Efficient Ensembling", `ICLR` 2025, arXiv 2410.24210).
///
/// | Name | Range | Meaning |
/// |---|---|---|
/// | `variant` | tabm, mini | adapters around every matrix, or on the input alone |
/// | `k` | 1 to 256 | perceptrons in one |
/// | `n_layers` | 1 to 8 | hidden layers |
/// | `width` | 1 to 4096 | neurons of each |
/// | `numbers` | plain, ple, plr | embedding of numeric columns: none, piecewise linear (version B), periodic |
/// | `n_bins` | 1 to 1024 | ple: bins of a column |
/// | `n_frequencies` | 1 to 512 | plr: frequencies of a column |
/// | `sigma` | above 0 | plr: deviation of the first frequencies |
/// | `numbers_width` | 1 to 256 | ple, plr: columns that a number becomes |
/// | `dropout` | 0 to below 1 | share of hidden values dropped |
/// | `learning_rate` | above 0 | constant |
/// | `weight_decay` | from 0 | decoupled; none on biases and the linear part of embeddings |
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
///
/// The perceptrons answer one by one: the mean of their losses is trained on, and the mean of their probabilities or numbers
/// is what validation and prediction see. `AdamW`; the norm of a gradient is at most 1, as in the paper.
/// Categories that come as codes become a column a code, so one of thousands of codes makes the first matrix large. Columns of three values or fewer, flags and the like, are not
/// embedded.
///
/// Start, as in the published code: matrices and biases uniform within `1 / sqrt(inputs)`, the heads' each for itself, a
/// layer's bias the same for all perceptrons; adapters 1, but the first: random signs, or normal numbers with embeddings,
/// one for all columns of a feature.
///
/// Every perceptron has batches of its own, as published: a step of the shared matrices sees `k` times the rows. They are
/// taken from one random order of the rows, from a random place of it on, which needs no order a perceptron.
///
/// Two departures. The best epoch is the one of least validation loss. Batches of an epoch are of equal size.
#[derive(Debug, Clone, Copy, Default)]
pub struct TabmFamily;

network_family!(TabmFamily, "tabm", tabm_space, read);

/// Reads and checks a configuration.
///
/// # Errors
/// [`FitError::Params`] naming the parameter that is missing or outside its range.
pub(in super::super) fn read(params: &Params, task: Task) -> Result<Recipe, FitError> {
    let rate = float(params, "learning_rate", f64::MIN_POSITIVE, f64::MAX)?;
    let mut training = Training::read(params, task, Optimizer::ADAM_W, rate, Schedule::Constant)?;
    training.clip_norm = Some(1.0);
    let kind = choice(params, "numbers", &["plain", "ple", "plr"].map(|name| (name, name)))?;
    let width = || count(params, "numbers_width", 1, 256);
    let numbers = match kind {
        "plain" => Numbers::Plain,
        "ple" => Numbers::Bins { n_bins: count(params, "n_bins", 1, 1024)?, width: width()? },
        _ => Numbers::Periodic {
            n_frequencies: count(params, "n_frequencies", 1, 512)?,
            sigma: float(params, "sigma", f64::MIN_POSITIVE, f64::MAX)? as f32,
            width: width()?,
        },
    };
    let shape = TabmShape {
        variant: choice(params, "variant", &[("tabm", Variant::Full), ("mini", Variant::Mini)])?,
        copies: count(params, "k", 1, 256)?,
        hidden: vec![count(params, "width", 1, 4096)?; count(params, "n_layers", 1, 8)?],
        numbers,
        embedded: Vec::new(),
    };
    Ok(Recipe { training, body: Body::Tabm(shape) })
}
