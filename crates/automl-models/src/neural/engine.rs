//! The seam between who trains when ([`shard`](super::shard)) and where it is computed.
//!
//! [`HostEngine`](super::host_engine::HostEngine) works where host and device share memory;
//! [`resident`](super::resident) keeps everything on a device with memory of its own.

use automl_core::{Seed, StopSignal};

use super::data::Prepared;
use super::optimizer::Move;
use super::parameters::Weights;

/// What one member does in one epoch, decided before the epoch begins.
pub(crate) struct MemberPlan {
    /// Training rows in the order of this epoch.
    pub(crate) order: Vec<usize>,
    /// How the weights move after each batch; as many as there are batches.
    pub(crate) moves: Vec<Move>,
    /// Where dropout's draws of the epoch come from.
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

    /// Mean validation loss, a value a member; `None` if asked to stop.
    fn valid_losses(&mut self, stop: &StopSignal) -> Option<Vec<f64>>;

    /// Keeps a copy of the present weights of the members at `places`.
    fn remember(&mut self, places: &[usize]);

    /// The weights last remembered of the member at `place`.
    fn remembered(&mut self, place: usize) -> Option<Weights>;

    /// Keeps the members at `kept`, in that order.
    fn keep(&mut self, kept: &[usize]);
}

/// Rows of every training batch, padding included: constant, so that no member depends on who else trains.
pub(crate) fn n_batch_rows(members: &[&Prepared<'_>]) -> usize {
    members.iter().map(|own| own.train.answers.len().div_ceil(own.n_batches())).max().unwrap_or(0)
}
