//! Members trained in step: one population, one epoch at a time.

use automl_core::{Epoch, Purpose, Seed, StopReason, StopSignal};

use super::data::Prepared;
use super::engine::{self, Engine, EpochPlan, MemberPlan};
use super::loss::Truth;
use super::optimizer::Move;
use super::parameters::Weights;
use super::training::Balance;
use crate::draws::Draws;

/// How a member ended.
#[derive(Debug)]
pub(crate) enum End {
    /// Trained; the weights of the best epoch.
    Done(Best),
    /// The loss left the finite numbers in this epoch.
    Diverged {
        /// Epoch, from 0.
        epoch: u32,
        /// The loss.
        loss: f64,
    },
    /// The run was asked to stop.
    Stopped(StopReason),
    /// The observer asked to end it.
    Cancelled,
    /// The device's memory does not hold even one row of it.
    OutOfMemory,
}

/// The epoch of least validation loss, the earliest among ties; the last one where validation has no say.
#[derive(Debug)]
pub(crate) struct Best {
    /// Epoch, from 0.
    pub(crate) epoch: u32,
    /// Its weights.
    pub(crate) weights: Weights,
    /// Rows of a batch that it was trained with.
    pub(crate) batch_size: usize,
}

/// What a member did in an epoch.
#[derive(Debug)]
pub(crate) struct Report {
    /// Index of the member in the fit.
    pub(crate) member: usize,
    /// Number of the epoch, from 0.
    pub(crate) index: u32,
    /// Losses; `None` if the epoch could not be finished.
    pub(crate) epoch: Option<Epoch>,
    /// Set when it was the member's last.
    pub(crate) end: Option<End>,
}

/// A member in training.
struct Live<'a> {
    index: usize,
    seed: Seed,
    prepared: &'a Prepared<'a>,
    /// Epoch and validation loss of the weights that the engine remembers.
    best: Option<(u32, f64)>,
    steps: u32,
}

impl Live<'_> {
    fn plan(&mut self, epoch: u32) -> MemberPlan {
        let shuffle = self.seed.purpose(Purpose::Shuffle).step(u64::from(epoch));
        let (mut draws, answers) = (Draws::new(shuffle), &self.prepared.train.answers);
        let order = match (self.prepared.training.balance, &answers.truth) {
            (Balance::Sampling, Truth::Classes(codes)) => draws.balanced_order(codes),
            _ => draws.order(answers.len()),
        };
        let n_batches = self.prepared.n_batches();
        let moves = (0..n_batches).map(|step| self.next_move(epoch, step, n_batches)).collect();
        let starts = engine::starts(self.prepared.objective.heads, order.len(), &mut draws);
        let dropout = self.seed.purpose(Purpose::Dropout).step(u64::from(epoch));
        MemberPlan { order, starts, moves, dropout }
    }

    fn next_move(&mut self, epoch: u32, step: usize, n_batches: usize) -> Move {
        self.steps += 1;
        let training = &self.prepared.training;
        let done = f64::from(epoch) + step as f64 / n_batches as f64;
        training.next_move(self.steps, done / f64::from(training.max_epochs))
    }
}

/// A population in training.
pub(crate) struct Shard<'a> {
    live: Vec<Live<'a>>,
    engine: Box<dyn Engine + 'a>,
    epoch: u32,
}

impl<'a> Shard<'a> {
    /// Members of one shape, each with its index in the fit and its seed, computed by `engine`.
    pub(crate) fn new(members: &[(usize, Seed, &'a Prepared<'a>)], engine: Box<dyn Engine + 'a>) -> Self {
        let live = |&(index, seed, prepared)| Live { index, seed, prepared, best: None, steps: 0 };
        Self { live: members.iter().map(live).collect(), engine, epoch: 0 }
    }

    /// Number of the next epoch.
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Index of the first member in training.
    pub(crate) fn first(&self) -> Option<usize> {
        self.members().next()
    }

    /// Indices of the members in training.
    pub(crate) fn members(&self) -> impl Iterator<Item = usize> {
        self.live.iter().map(|own| own.index)
    }

    /// Drops the members for which `gone` holds.
    pub(crate) fn retain(&mut self, gone: impl Fn(usize) -> bool) {
        let kept = |(place, own): (usize, &Live<'_>)| (!gone(own.index)).then_some(place);
        let kept: Vec<usize> = self.live.iter().enumerate().filter_map(kept).collect();
        if kept.len() == self.live.len() {
            return;
        }
        self.live.retain(|own| !gone(own.index));
        if !kept.is_empty() {
            self.engine.keep(&kept);
        }
    }

    /// Trains one epoch, validates, and drops the members that ended.
    pub(crate) fn run_epoch(&mut self, stop: &StopSignal) -> Vec<Report> {
        let epoch = self.epoch;
        let plan = EpochPlan(self.live.iter_mut().map(|own| own.plan(epoch)).collect());
        let n_steps = plan.n_steps();
        let last_rate = |member: &MemberPlan| member.moves.last().map_or(0.0, |last| last.rate);
        let rates: Vec<f64> = plan.0.iter().map(last_rate).collect();
        self.engine.begin_epoch(plan);
        for step in 0..n_steps {
            if let Some(reason) = stop.check() {
                return self.stopped(reason);
            }
            self.engine.step(step);
        }
        let train = self.engine.train_losses();
        let chooses = |own: &Live<'_>| own.prepared.training.stop_after.is_none();
        let valid =
            if self.live.iter().any(chooses) { self.engine.valid_losses(stop) } else { Some(train.clone()) };
        let Some(valid) = valid else {
            return self.stopped(stop.check().unwrap_or(StopReason::Interrupted));
        };
        let epochs = train.into_iter().zip(valid).zip(rates);
        let epochs = epochs.map(|((train_loss, valid_loss), learning_rate)| Epoch {
            index: epoch,
            train_loss,
            valid_loss,
            learning_rate,
        });
        let reports = self.judge(&epochs.collect::<Vec<_>>());
        self.epoch += 1;
        let ended: Vec<usize> =
            reports.iter().filter(|report| report.end.is_some()).map(|report| report.member).collect();
        self.retain(|member| ended.contains(&member));
        reports
    }

    fn stopped(&mut self, reason: StopReason) -> Vec<Report> {
        let end = |own: Live<'_>| Report {
            member: own.index,
            index: self.epoch,
            epoch: None,
            end: Some(End::Stopped(reason)),
        };
        self.live.drain(..).map(end).collect()
    }

    /// Keeps the best epochs and decides which members go on.
    fn judge(&mut self, epochs: &[Epoch]) -> Vec<Report> {
        let mut better = Vec::new();
        for (place, (own, epoch)) in self.live.iter_mut().zip(epochs).enumerate() {
            let is_finite = epoch.train_loss.is_finite() && epoch.valid_loss.is_finite();
            let training = &own.prepared.training;
            let is_best = match training.stop_after {
                Some(_) => epoch.index == training.last_epoch(),
                None => own.best.is_none_or(|(_, least)| epoch.valid_loss < least),
            };
            if is_finite && is_best {
                own.best = Some((epoch.index, epoch.valid_loss));
                better.push(place);
            }
        }
        self.engine.remember(&better);
        let mut reports = Vec::with_capacity(epochs.len());
        for (place, (own, epoch)) in self.live.iter().zip(epochs).enumerate() {
            let (member, index) = (own.index, epoch.index);
            let losses = [epoch.train_loss, epoch.valid_loss];
            if let Some(loss) = losses.into_iter().find(|loss| !loss.is_finite()) {
                let end = Some(End::Diverged { epoch: index, loss });
                reports.push(Report { member, index, epoch: None, end });
                continue;
            }
            let training = &own.prepared.training;
            let best = own.best.map_or(index, |(best, _)| best);
            let over = index >= training.last_epoch() || training.is_patience_over(index, best);
            let weights = if over { self.engine.remembered(place) } else { None };
            let end = weights
                .map(|weights| End::Done(Best { epoch: best, weights, batch_size: training.batch_size }));
            reports.push(Report { member, index, epoch: Some(*epoch), end });
        }
        reports
    }
}
