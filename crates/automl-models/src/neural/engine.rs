//! The seam between who trains when ([`shard`](super::shard)) and where it is computed.
//!
//! [`HostEngine`](super::host_engine::HostEngine) works where host and device share memory;
//! [`resident`](super::resident) keeps everything on a device with memory of its own.

use automl_core::{Purpose, Seed, StopSignal};

use super::architecture::Architecture;
use super::data::Prepared;
use super::mixup;
use super::noise::Noise;
use super::optimizer::Move;
use super::parameters::Weights;
use super::training::Training;
use crate::draws::Draws;

/// What one member does in one epoch, decided before the epoch begins.
pub(crate) struct MemberPlan {
    /// Training rows in the order of this epoch.
    pub(crate) order: Vec<usize>,
    /// How the weights move after each batch; as many as there are batches.
    pub(crate) moves: Vec<Move>,
    /// Where the draws of the epoch come from: those of dropout, noise and mixtures.
    pub(crate) dropout: Seed,
}

impl MemberPlan {
    /// Rows of batch `step`: all batches of an epoch are equal to one row, so none is tiny.
    pub(crate) fn rows(&self, step: usize) -> &[usize] {
        let (n_rows, n_batches) = (self.order.len(), self.moves.len());
        if step >= n_batches {
            return &[];
        }
        &self.order[step * n_rows / n_batches..(step + 1) * n_rows / n_batches]
    }

    /// The move after batch `step`; a member without such a batch stays where it is.
    pub(crate) fn move_after(&self, step: usize) -> Move {
        self.moves.get(step).copied().unwrap_or(Move { step: 0, ..self.moves[0] })
    }

    /// Where dropout's draws of batch `step` come from.
    pub(crate) fn dropout_seed(&self, step: usize) -> Seed {
        self.dropout.step(step as u64)
    }

    /// What is done to the rows of batch `step` of a member that is trained like this.
    pub(crate) fn augmentation(&self, training: &Training, step: usize) -> Augmentation {
        if training.noise <= 0.0 && training.mixup <= 0.0 {
            return Augmentation::default();
        }
        // Not dropout's generator: a network drops the same values with and without this.
        let mut draws = Draws::new(self.dropout_seed(step).purpose(Purpose::Data));
        let noise = Noise { deviation: training.noise, keys: [draws.bits(), draws.bits()] };
        let n_pairs = if training.mixup > 0.0 { self.rows(step).len() / 2 } else { 0 };
        Augmentation { noise, shares: mixup::draw(training.mixup, n_pairs, &mut draws) }
    }
}

/// What is done to the rows of one member's training batch.
#[derive(Debug, Default)]
pub(crate) struct Augmentation {
    /// Noise on numbers.
    pub(crate) noise: Noise,
    /// Shares of own rows in mixtures, a number a pair; none if rows are not mixed.
    pub(crate) shares: Vec<f32>,
}

/// One epoch of all members, in their order.
pub(crate) struct EpochPlan(pub(crate) Vec<MemberPlan>);

impl EpochPlan {
    /// Batches of the member that has most.
    pub(crate) fn n_steps(&self) -> usize {
        self.0.iter().map(|member| member.moves.len()).max().unwrap_or(0)
    }
}

/// A population's weights with everything needed to train them. Members are named by their place.
pub(crate) trait Engine: Send {
    /// Takes the plan of the next epoch.
    fn begin_epoch(&mut self, plan: EpochPlan);

    /// Trains every member on its batch `step`.
    fn step(&mut self, step: usize);

    /// Mean training loss of the epoch so far, a value a member.
    fn train_losses(&mut self) -> Vec<f64>;

    /// Mean validation loss, a value a member, of averaged weights where weights are averaged; `None` if asked to stop.
    fn valid_losses(&mut self, stop: &StopSignal) -> Option<Vec<f64>>;

    /// Keeps a copy of the present weights, or their averages, of the members at `places`.
    fn remember(&mut self, places: &[usize]);

    /// The weights last remembered of the member at `place`.
    fn remembered(&mut self, place: usize) -> Option<Weights>;

    /// Keeps the members at `kept`, in that order.
    fn keep(&mut self, kept: &[usize]);
}

/// What all members that could train together have room in. A population is as large as it, whoever of them is in it, so
/// that no member's result depends on its company.
pub(crate) struct Frame {
    /// The widest network.
    pub(crate) widest: Architecture,
    /// Rows of every training batch, padding included.
    pub(crate) n_rows: usize,
}

impl Frame {
    /// That of members of one shape; `None` without members.
    pub(crate) fn of(members: &[&Prepared<'_>]) -> Option<Self> {
        let widest = Architecture::widest(members.iter().map(|own| &own.architecture))?;
        Some(Self { widest, n_rows: n_batch_rows(members) })
    }
}

/// Rows of every training batch, padding included: constant, so that no member depends on who else trains.
pub(crate) fn n_batch_rows(members: &[&Prepared<'_>]) -> usize {
    members.iter().map(|own| own.train.answers.len().div_ceil(own.n_batches())).max().unwrap_or(0)
}
