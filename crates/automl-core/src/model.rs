//! The seam between search and training.

use std::ops::ControlFlow;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::design::{Design, Predictions};
use crate::device::{Device, Precision};
use crate::error::{ArtifactError, FitError};
use crate::params::Params;
use crate::profile::DataProfile;
use crate::seed::Seed;
use crate::space::ParamSpec;
use crate::stop::StopSignal;
use crate::task::Task;

/// One (configuration, fold) to fit.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// The family's own hyper-parameters, without prefix.
    pub params: &'a Params,
    /// Rows to fit on, with target.
    pub train: &'a Design,
    /// Rows to stop early on and to score, with target. Same columns as `train`. May be empty where the configuration is
    /// of [`ModelFamily::refit`].
    pub valid: &'a Design,
    /// Seed of this (trial, fold).
    pub seed: Seed,
}

/// How a configuration is fitted without validation rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Refit {
    /// With what says when to end.
    pub params: Params,
    /// How often the rows are gone over, as a multiple of the fits before; above 0.
    pub passes: f64,
}

impl Refit {
    /// `params` that go over the rows as often as before.
    pub fn alike(params: Params) -> Self {
        Self { params, passes: 1.0 }
    }
}

/// What every member of a fit shares.
#[derive(Debug, Clone, Copy)]
pub struct FitContext<'a> {
    /// The kind of problem.
    pub task: Task,
    /// Number of classes; 0 for regression.
    pub n_classes: usize,
    /// Where to train.
    pub device: Device,
    /// The numbers that matrix products multiply.
    pub precision: Precision,
    /// Threads of the CPU that all members of the fit may use together; at least 1.
    pub threads: usize,
    /// Asked between batches.
    pub stop: &'a StopSignal,
}

impl<'a> FitContext<'a> {
    /// On one thread of the default device, in full precision.
    pub fn new(task: Task, n_classes: usize, stop: &'a StopSignal) -> Self {
        let (device, precision) = (Device::default(), Precision::default());
        Self { task, n_classes, device, precision, threads: 1, stop }
    }
}

/// One epoch of one member.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Counted from 0.
    pub index: u32,
    /// Mean training loss over the epoch's batches, in the unit of the loss.
    pub train_loss: f64,
    /// Loss on the validation rows after the epoch.
    pub valid_loss: f64,
    /// Learning rate of the epoch's last step.
    pub learning_rate: f64,
}

/// Memory of the host that a fit takes, beside its designs; estimates in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryNeed {
    /// What it takes at most while it runs, the model included.
    pub fit: u64,
    /// What its model takes at most.
    pub model: u64,
}

impl MemoryNeed {
    /// Of a model of `model` bytes whose fit takes `beside` more.
    pub fn new(model: f64, beside: f64) -> Self {
        // The cast saturates, so a need beyond all numbers is the largest one.
        Self { fit: (model + beside) as u64, model: model as u64 }
    }
}

/// A layer of a network, for people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LayerFacts {
    /// What it is called: `layer 1`.
    pub name: String,
    /// What goes in and comes out of one row: `64 → 32`.
    pub shape: String,
    /// Numbers that it learnt.
    pub n_parameters: usize,
}

/// The form in which a family takes a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputForm {
    /// Scaled numbers, one-hot columns for categories; `Design::codes` has no columns.
    OneHot,
    /// Scaled numbers, one-hot columns up to a cardinality, integer codes above.
    Codes,
    /// Numbers in the unit of the data, NaN where missing; integer codes for every category of more than two levels:
    /// what trees like best.
    Native,
}

/// A kind of model: a recipe that makes fitted models.
///
/// # Contract
/// - [`ModelFamily::fit_population`] returns one result a member, in order, and equals fitting each
///   member alone within floating-point tolerance.
/// - It depends on its arguments alone: same members, same results, bit for bit, on one machine.
/// - It asks `ctx.stop` at least once a batch and then returns [`FitError::Stopped`] for every
///   member that is not done.
/// - It never panics on finite input; divergence is [`FitError::Diverged`].
/// - `automl-testkit` has `family_contract!`, which checks all this.
pub trait ModelFamily: Send + Sync {
    /// Short lower-case name; prefix of its hyper-parameters.
    fn id(&self) -> &'static str;

    /// Hyper-parameters (without prefix) worth searching for this table; `None` if the task is not supported.
    fn space(&self, data: &DataProfile) -> Option<Vec<ParamSpec>>;

    /// Configurations to try first, best guess first; each lies in [`ModelFamily::space`].
    fn defaults(&self, data: &DataProfile) -> Vec<Params>;

    /// The form in which it takes a table.
    fn input_form(&self) -> InputForm;

    /// What fitting `member` takes: right within a factor of two or too much, so that a plan can be made of it before.
    /// Members that are fitted together take the sum.
    ///
    /// # Errors
    /// As the fit: [`FitError::Params`] or [`FitError::Shape`].
    fn memory(&self, member: &Member<'_>, ctx: &FitContext<'_>) -> Result<MemoryNeed, FitError>;

    /// Whether members of both configurations, on the same columns, train as one population: in less time than one after
    /// the other.
    fn go_together(&self, _one: &Params, _other: &Params, _task: Task) -> bool {
        false
    }

    /// How `params` are fitted on `growth` times the rows of fits that were best after `best_epochs`
    /// ([`FittedModel::best_epoch`]), and none for validation; `None` if the family needs validation rows.
    fn refit(&self, _params: &Params, _best_epochs: &[Option<u32>], _growth: f64) -> Option<Refit> {
        None
    }

    /// Members that a fit in `ctx` needs so that it leaves nothing of the device idle.
    fn full_population(&self, _ctx: &FitContext<'_>) -> usize {
        1
    }

    /// Fits all members. `on_epoch` is called with the member's index after each of its epochs;
    /// `Break` ends that member with [`FitError::Cancelled`].
    fn fit_population(
        &self,
        members: &[Member<'_>],
        ctx: &FitContext<'_>,
        on_epoch: &mut dyn FnMut(usize, Epoch) -> ControlFlow<()>,
    ) -> Vec<Result<Box<dyn FittedModel>, FitError>>;

    /// Reads what [`FittedModel::save`] wrote.
    ///
    /// # Errors
    /// [`ArtifactError`] naming the file and what is wrong with it.
    fn load(&self, dir: &Path, device: Device) -> Result<Box<dyn FittedModel>, ArtifactError>;
}

/// A model that has learnt.
pub trait FittedModel: Send {
    /// Predicts each row; `x` has the columns the model was fitted on.
    ///
    /// # Errors
    /// [`FitError::Shape`] if the columns differ.
    fn predict(&self, x: &Design) -> Result<Predictions, FitError>;

    /// Writes the model into the existing folder `dir`: weights as safetensors, the rest as JSON.
    ///
    /// # Errors
    /// [`ArtifactError`] naming the file.
    fn save(&self, dir: &Path) -> Result<(), ArtifactError>;

    /// The epoch whose weights it holds; `None` for a family without epochs.
    fn best_epoch(&self) -> Option<u32>;

    /// Number of learnt numbers.
    fn n_parameters(&self) -> usize;

    /// Its layers from the table to the prediction; empty where it is no network.
    fn layers(&self) -> Vec<LayerFacts> {
        Vec::new()
    }

    /// Effective number of parameters, where the family has a likelihood for which AIC and BIC mean something. The
    /// variance of a normal likelihood is not counted.
    fn degrees_of_freedom(&self) -> Option<f64> {
        None
    }
}
