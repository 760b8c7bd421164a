//! The seam between who trains when ([`shard`](super::shard)) and where it is computed.
//!
//! [`HostEngine`](super::host_engine::HostEngine) works where host and device share memory;
//! [`resident`](super::resident) keeps everything on a device with memory of its own.

use std::ops::Range;

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
    /// Where in that order each head begins; behind its end comes its beginning.
    pub(crate) starts: Vec<usize>,
    /// How the weights move after each batch; as many as there are batches.
    pub(crate) moves: Vec<Move>,
    /// Where the draws of the epoch come from: those of dropout, noise and mixtures.
    pub(crate) dropout: Seed,
}

impl MemberPlan {
    /// Rows of batch `step`, for each place of it those of all heads: all batches of an epoch are equal to one place, so none
    /// is tiny.
    pub(crate) fn rows(&self, step: usize) -> Vec<usize> {
        let row = |place: usize| self.order[place % self.order.len()];
        self.places(step).flat_map(|place| self.starts.iter().map(move |start| row(start + place))).collect()
    }

    /// Places of the order that are in batch `step`.
    fn places(&self, step: usize) -> Range<usize> {
        let (n_rows, n_batches) = (self.order.len(), self.moves.len());
        if step < n_batches { step * n_rows / n_batches..(step + 1) * n_rows / n_batches } else { 0..0 }
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
        let n_rows = self.places(step).len() * self.starts.len();
        let n_pairs = if training.mixup > 0.0 { n_rows / 2 } else { 0 };
        Augmentation { noise, shares: mixup::draw(training.mixup, n_pairs, &mut draws) }
    }
}

/// Where in an order of `n_rows` rows each of some heads begins: the only one at its beginning, several at random places, so
/// that they see batches of their own without orders of their own.
pub(crate) fn starts(heads: usize, n_rows: usize, draws: &mut Draws) -> Vec<usize> {
    if heads == 1 { vec![0] } else { (0..heads).map(|_| draws.below(n_rows)).collect() }
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
    /// Places of every training batch, padding included.
    pub(crate) n_places: usize,
}

impl Frame {
    /// That of members of one shape; `None` without members.
    pub(crate) fn of(members: &[&Prepared<'_>]) -> Option<Self> {
        let widest = Architecture::widest(members.iter().map(|own| &own.architecture))?;
        Some(Self { widest, n_places: n_batch_places(members) })
    }
}

/// Places of every training batch, padding included: constant, so that no member depends on who else trains. A place is a
/// row of each head.
pub(crate) fn n_batch_places(members: &[&Prepared<'_>]) -> usize {
    members.iter().map(|own| own.train.answers.len().div_ceil(own.n_batches())).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::layers::DropRates;
    use super::super::optimizer::Move;
    use super::super::training::Optimizer;
    use super::*;

    fn plan(n_rows: usize, heads: usize, n_batches: usize, seed: u64) -> MemberPlan {
        let mut draws = Draws::new(Seed(seed));
        let order = draws.order(n_rows);
        let starts = starts(heads, n_rows, &mut draws);
        let each = Move {
            step: 1,
            rate: 0.1,
            decay: 0.0,
            optimizer: Optimizer::ADAM_W,
            clip_norm: None,
            dropout: DropRates::default(),
            averaging: 0.0,
        };
        MemberPlan { order, starts, moves: vec![each; n_batches], dropout: Seed(seed) }
    }

    proptest! {
        #[test]
        fn every_head_sees_every_row_once_an_epoch_in_batches_of_equal_size(
            n_rows in 1_usize..200,
            heads in 1_usize..9,
            n_batches in 1_usize..9,
            seed: u64,
        ) {
            let n_batches = n_batches.min(n_rows);
            let plan = plan(n_rows, heads, n_batches, seed);
            let batches: Vec<Vec<usize>> = (0..n_batches).map(|step| plan.rows(step)).collect();
            let sizes: Vec<usize> = batches.iter().map(|rows| rows.len() / heads).collect();
            prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
            for head in 0..heads {
                let mut seen: Vec<usize> = batches.iter().flat_map(|rows| rows.iter().skip(head).step_by(heads)).copied().collect();
                seen.sort_unstable();
                prop_assert_eq!(seen, (0..n_rows).collect::<Vec<usize>>());
            }
            prop_assert!(plan.rows(n_batches).is_empty());
        }
    }

    /// Two heads share a tenth of their rows in a tenth of an epoch, as they would if each had an order of its own.
    #[test]
    fn heads_have_batches_of_their_own() {
        let of_head = |batch: &[usize], head: usize| batch.iter().skip(head).step_by(8).copied().collect();
        let mut shared = 0;
        for seed in 0..400 {
            let batch = plan(1000, 8, 10, seed).rows(4);
            let first: BTreeSet<usize> = of_head(&batch, 0);
            for head in 1..8 {
                let other: BTreeSet<usize> = of_head(&batch, head);
                shared += first.intersection(&other).count();
            }
        }
        let mean = shared as f64 / (400.0 * 7.0);
        assert!((8.5..11.5).contains(&mean), "{mean} of 100 rows are those of another head, too");
    }
}
