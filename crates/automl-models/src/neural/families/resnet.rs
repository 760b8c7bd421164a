//! The family `resnet`.

use automl_core::{FitError, Params, Task};

use super::super::architecture::Body;
use super::super::data::Recipe;
use super::super::read::{count, float};
use super::super::resnet::ResNetShape;
use super::super::training::{Optimizer, Schedule, Training};
use super::resnet_space;

/// The family `resnet`: residual blocks of dense layers (Gorishniy, Rubachev, Khrulkov & Babenko, "Revisiting Deep Learning
/// Models for Tabular Data", `NeurIPS` 2021, arXiv 2106.11959).
///
/// `x` becomes `x + drop(linear(drop(relu(linear(norm(x))))))` in every block, between a linear layer and
/// `linear(relu(norm(x)))`; normalisation is over the batch.
///
/// | Name | Range | Meaning |
/// |---|---|---|
/// | `n_layers` | 1 to 16 | blocks |
/// | `width` | 1 to 4096 | values between blocks |
/// | `hidden_factor` | above 0, to 16 | neurons within a block, as a multiple of `width` |
/// | `dropout` | 0 to below 1 | share of a block's neurons dropped |
/// | `residual_dropout` | 0 to below 1 | share dropped of what a block adds |
/// | `learning_rate` | above 0 | constant |
/// | `weight_decay` | from 0 | decoupled; none on embeddings |
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
/// `AdamW`. Categories are embedded, as the paper has it; their widths follow fastai's rule instead of a tuned number.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResNetFamily;

network_family!(ResNetFamily, "resnet", resnet_space, read);

/// Reads and checks a configuration.
///
/// # Errors
/// [`FitError::Params`] naming the parameter that is missing or outside its range.
pub(in super::super) fn read(params: &Params, task: Task) -> Result<Recipe, FitError> {
    let rate = float(params, "learning_rate", f64::MIN_POSITIVE, f64::MAX)?;
    let mut training = Training::read(params, task, Optimizer::ADAM_W, rate, Schedule::Constant)?;
    training.residual_dropout = float(params, "residual_dropout", 0.0, 0.95)? as f32;
    let width = count(params, "width", 1, 4096)?;
    let factor = float(params, "hidden_factor", f64::MIN_POSITIVE, 16.0)?;
    let shape = ResNetShape {
        n_blocks: count(params, "n_layers", 1, 16)?,
        width,
        hidden: ((width as f64 * factor) as usize).max(1),
    };
    Ok(Recipe { training, body: Body::ResNet(shape) })
}
