//! The family `ft_transformer`.

use automl_core::{FitError, Params, SpaceError, Task};

use super::super::architecture::Body;
use super::super::data::Recipe;
use super::super::ft_transformer::FtTransformerShape;
use super::super::read::{count, float};
use super::super::training::{Optimizer, Schedule, Training};
use super::ft_transformer_space;

/// The family `ft_transformer`: attention among the columns of a row (Gorishniy, Rubachev, Khrulkov & Babenko, "Revisiting
/// Deep Learning Models for Tabular Data", `NeurIPS` 2021, arXiv 2106.11959).
///
/// Every column becomes a token, a learnt linear function of a number or a learnt row of a category; one more token, learnt
/// too, gathers the answer. Blocks of attention and gated layers (`ReGLU`) follow, each with layer normalisation before it
/// and its input added behind it. In the last block only the gathering token asks.
///
/// | Name | Range | Meaning |
/// |---|---|---|
/// | `n_layers` | 1 to 16 | blocks |
/// | `width` | a multiple of `n_heads`, to 4096 | values of a token |
/// | `n_heads` | 1 to 64 | heads of attention |
/// | `hidden_factor` | above 0, to 16 | neurons of the gated layers, as a multiple of `width` |
/// | `attention_dropout` | 0 to below 1 | share of attention's probabilities dropped |
/// | `dropout` | 0 to below 1 | share of a gated layer's neurons dropped |
/// | `residual_dropout` | 0 to below 1 | share dropped of what is added to a block's input |
/// | `learning_rate` | above 0 | constant |
/// | `weight_decay` | from 0 | decoupled; none on tokens, biases and the blocks' norms |
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
/// `AdamW`. Time grows with the number of columns, and with its square in attention; memory with its square on devices of
/// their own alone, which compute attention by tensor operations.
#[derive(Debug, Clone, Copy, Default)]
pub struct FtTransformerFamily;

network_family!(FtTransformerFamily, "ft_transformer", ft_transformer_space, read);

/// Reads and checks a configuration.
///
/// # Errors
/// [`FitError::Params`] naming the parameter that is missing or outside its range.
pub(in super::super) fn read(params: &Params, task: Task) -> Result<Recipe, FitError> {
    let rate = float(params, "learning_rate", f64::MIN_POSITIVE, f64::MAX)?;
    let mut training = Training::read(params, task, Optimizer::ADAM_W, rate, Schedule::Constant)?;
    let share = |name: &str| Ok::<_, FitError>(float(params, name, 0.0, 0.95)? as f32);
    training.residual_dropout = share("residual_dropout")?;
    training.attention_dropout = share("attention_dropout")?;
    let (width, n_heads) = (count(params, "width", 1, 4096)?, count(params, "n_heads", 1, 64)?);
    if width % n_heads != 0 {
        let domain = format!("the multiples of `n_heads`, {n_heads}");
        let (name, value) = ("width".to_owned(), width.to_string());
        return Err(SpaceError::OutOfDomain { name, value, domain }.into());
    }
    let factor = float(params, "hidden_factor", f64::MIN_POSITIVE, 16.0)?;
    let shape = FtTransformerShape {
        n_blocks: count(params, "n_layers", 1, 16)?,
        width,
        n_heads,
        hidden: ((width as f64 * factor) as usize).max(1),
        n_numbers: 0,
    };
    Ok(Recipe { training, body: Body::FtTransformer(shape) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_width_that_heads_cannot_share_is_named() {
        let params = Params::new()
            .with("learning_rate", 1e-4)
            .with("weight_decay", 0.0)
            .with("dropout", 0.0)
            .with("residual_dropout", 0.0)
            .with("attention_dropout", 0.0)
            .with("batch_size", 8_i64)
            .with("max_epochs", 1_i64)
            .with("patience", 1_i64)
            .with("loss", "mse")
            .with("width", 20_i64)
            .with("n_heads", 8_i64);
        let error = read(&params, Task::Regression).err().unwrap();
        assert_eq!(error.to_string(), "`width` is 20, outside the multiples of `n_heads`, 8");
    }
}
