//! How a network is trained, whatever its shape.

use automl_core::{FitError, Params, Refit, SpaceError, Task};
use serde::{Deserialize, Serialize};

use super::averaging;
use super::layers::DropRates;
use super::optimizer::Move;
use super::read::{choice, count, float};

/// How weights move.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Optimizer {
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    AdamW {
        /// Share of the first moment that is kept, in `[0, 1)`.
        beta_1: f32,
        /// Share of the second moment that is kept, in `[0, 1)`.
        beta_2: f32,
    },
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
    /// Up in a line over the first 10 % of the steps, then [`Schedule::Cosine`].
    WarmCosine,
    /// Four cosines from 0 up and back, each twice as long as the one before (Holzmüller et al. 2024, section 3).
    CosLog4,
    /// The full rate over the first half, then [`Schedule::Cosine`].
    FlatCosine,
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

impl Optimizer {
    /// `AdamW` with the shares of its paper.
    pub(crate) const ADAM_W: Self = Optimizer::AdamW { beta_1: 0.9, beta_2: 0.999 };

    /// Whether both keep moments of the same kind, so that they can share a population.
    pub(crate) fn is_alike(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

/// What is done about rare classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Balance {
    /// Nothing.
    None,
    /// All classes weigh alike in the loss, in training and validation.
    Weights,
    /// All classes are drawn alike in training, rows with replacement; validation sees them as they are.
    Sampling,
}

/// The names of the parameter `class_weights`.
const BALANCES: [(&str, Balance); 3] =
    [("none", Balance::None), ("balanced", Balance::Weights), ("sampled", Balance::Sampling)];

/// The parameter of [`Training::stop_after`]. It is in no search space: a refit has it.
const STOP_AFTER: &str = "stop_after";

/// `params` for a fit without validation rows: it ends after as many epochs as the best ones of other fits were on average.
pub(crate) fn without_validation(params: &Params, best_epochs: &[Option<u32>]) -> Option<Refit> {
    let best: Vec<f64> = best_epochs.iter().map(|epoch| epoch.map(f64::from)).collect::<Option<_>>()?;
    let mean = best.iter().sum::<f64>() / best.len() as f64;
    mean.is_finite().then(|| Refit::alike(params.clone().with(STOP_AFTER, mean.round() as i64 + 1)))
}

/// How a member is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Training {
    /// How weights move.
    pub(crate) optimizer: Optimizer,
    /// Largest rate of the schedule, above 0.
    pub(crate) learning_rate: f64,
    /// How the rate changes.
    pub(crate) schedule: Schedule,
    /// Decoupled weight decay, from 0.
    pub(crate) weight_decay: f64,
    /// How the decay changes.
    pub(crate) decay_schedule: Schedule,
    /// Share of hidden values dropped, in `[0, 1)`.
    pub(crate) dropout: f32,
    /// Share of values dropped that a block adds to its input, in `[0, 1)`.
    #[serde(default)]
    pub(crate) residual_dropout: f32,
    /// Share of attention's probabilities dropped, in `[0, 1)`.
    #[serde(default)]
    pub(crate) attention_dropout: f32,
    /// Standard deviation of the noise on numeric columns of training rows, from 0.
    #[serde(default)]
    pub(crate) noise: f32,
    /// Both parameters of the beta distribution that shares of rows in mixtures are drawn from, from 0.05 to 1; 0 for rows as
    /// they are.
    #[serde(default)]
    pub(crate) mixup: f32,
    /// Share of the averaged weights that is kept in a step, in `[0, 1)`; 0 for the weights themselves.
    #[serde(default)]
    pub(crate) averaging: f32,
    /// How the shares of dropout change.
    pub(crate) dropout_schedule: Schedule,
    /// Largest norm of a gradient, all arrays together; `None` where any will do.
    pub(crate) clip_norm: Option<f64>,
    /// Rows a step.
    pub(crate) batch_size: usize,
    /// Most epochs.
    pub(crate) max_epochs: u32,
    /// Epochs after which it ends with the weights that it has then, whatever validation says; the schedule is that of
    /// `max_epochs`. Validation rows are not asked for.
    #[serde(default)]
    pub(crate) stop_after: Option<u32>,
    /// Epochs without a better validation loss before it stops.
    pub(crate) patience: u32,
    /// What `patience` grows by with every epoch up to the best one.
    pub(crate) patience_growth: u32,
    /// What is minimised.
    pub(crate) loss: Loss,
    /// What is done about rare classes; classification.
    pub(crate) balance: Balance,
    /// Share of each label that is spread evenly over all classes; classification.
    pub(crate) label_smoothing: f32,
}

impl Training {
    /// What every family reads alike: batches, epochs, decay, dropout, augmentation, averaging and the loss, by their usual
    /// names. Configurations from before there were `augmentation` and `averaging` have none.
    ///
    /// # Errors
    /// [`FitError::Params`] naming the parameter that is missing or outside its range.
    pub(crate) fn read(
        params: &Params,
        task: Task,
        optimizer: Optimizer,
        learning_rate: f64,
        schedule: Schedule,
    ) -> Result<Self, FitError> {
        let classes = task.is_classification();
        let loss = if classes {
            Loss::CrossEntropy
        } else {
            choice(params, "loss", &[("mse", Loss::Mse), ("huber", Loss::Huber)])?
        };
        let augmentation = chosen(params, "augmentation", &["none", "noise", "mixup"])?;
        let averages = chosen(params, "averaging", &["none", "ema"])? == "ema";
        Ok(Self {
            optimizer,
            learning_rate,
            schedule,
            weight_decay: float(params, "weight_decay", 0.0, f64::MAX)?,
            decay_schedule: Schedule::Constant,
            dropout: float(params, "dropout", 0.0, 0.95)? as f32,
            residual_dropout: 0.0,
            attention_dropout: 0.0,
            noise: if augmentation == "noise" { float(params, "noise_std", 1e-6, 10.0)? as f32 } else { 0.0 },
            mixup: if augmentation == "mixup" {
                float(params, "mixup_alpha", 0.05, 1.0)? as f32
            } else {
                0.0
            },
            averaging: if averages { float(params, "averaging_decay", 0.0, 0.999_99)? as f32 } else { 0.0 },
            dropout_schedule: Schedule::Constant,
            clip_norm: None,
            batch_size: count(params, "batch_size", 1, 1 << 20)?,
            max_epochs: count(params, "max_epochs", 1, 1 << 20)? as u32,
            stop_after: match params.get(STOP_AFTER) {
                Some(_) => Some(count(params, STOP_AFTER, 1, 1 << 20)? as u32),
                None => None,
            },
            patience: count(params, "patience", 1, 1 << 20)? as u32,
            patience_growth: 0,
            loss,
            balance: if classes { choice(params, "class_weights", &BALANCES)? } else { Balance::None },
            label_smoothing: if classes { float(params, "label_smoothing", 0.0, 0.95)? as f32 } else { 0.0 },
        })
    }

    /// Whether members that are trained like both can share a population: everything else may differ.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        self.batch_size == other.batch_size
            && self.loss == other.loss
            && self.optimizer.is_alike(other.optimizer)
    }

    /// The move of step `step`, counted from 1, when `progress` of all planned steps are done.
    pub(crate) fn next_move(&self, step: u32, progress: f64) -> Move {
        let factor = self.dropout_schedule.factor(progress) as f32;
        let dropout = DropRates {
            hidden: self.dropout * factor,
            residual: self.residual_dropout * factor,
            attention: self.attention_dropout * factor,
        };
        Move {
            step,
            rate: self.learning_rate * self.schedule.factor(progress),
            decay: self.weight_decay * self.decay_schedule.factor(progress),
            optimizer: self.optimizer,
            clip_norm: self.clip_norm,
            dropout,
            averaging: averaging::kept(self.averaging, step),
        }
    }

    /// The last epoch, from 0.
    pub(crate) fn last_epoch(&self) -> u32 {
        self.stop_after.map_or(self.max_epochs, |epochs| epochs.min(self.max_epochs)) - 1
    }

    /// Whether it has been too long since the `best` epoch at the end of epoch `index`.
    pub(crate) fn is_patience_over(&self, index: u32, best: u32) -> bool {
        self.stop_after.is_none() && index - best >= self.patience.saturating_add(self.patience_growth * best)
    }
}

/// The choice of a parameter, the first where it is absent.
fn chosen<'c>(params: &Params, name: &str, choices: &[&'c str]) -> Result<&'c str, SpaceError> {
    let named: Vec<(&str, &str)> = choices.iter().map(|each| (*each, *each)).collect();
    if params.get(name).is_some() { choice(params, name, &named) } else { Ok(choices[0]) }
}
