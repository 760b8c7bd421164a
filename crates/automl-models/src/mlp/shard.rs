//! Members trained in step: one population, one epoch at a time.

use automl_core::{Epoch, Purpose, Seed, StopReason, StopSignal};
use burn::tensor::{Device, Tensor};

use super::data::{self, Prepared, Tables};
use super::host::values_mut;
use super::loss::LossSum;
use super::network::{DropOut, Network};
use super::optimizer::{Moments, Move};
use super::rng::Draws;
use super::weights::Weights;

/// Rows of a validation chunk: large enough to hide overhead, small enough to stay in the cache.
const CHUNK: usize = 1024;

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
}

/// The epoch of least validation loss, the earliest among ties.
#[derive(Debug)]
pub(crate) struct Best {
    /// Epoch, from 0.
    pub(crate) epoch: u32,
    /// Its validation loss.
    pub(crate) loss: f64,
    /// Its weights.
    pub(crate) weights: Weights,
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
    train: Tensor<2>,
    valid: Tensor<2>,
    best: Option<Best>,
    steps: u32,
    /// Of the current epoch.
    order: Vec<usize>,
    loss: LossSum,
    rate: f64,
}

impl Live<'_> {
    fn n_batches(&self) -> usize {
        self.prepared.train.answers.len().div_ceil(self.prepared.config.batch_size)
    }

    /// Rows of batch `step`: all batches of an epoch are equal to one row, so none is tiny.
    fn rows(&self, step: usize) -> &[usize] {
        let (n_rows, n_batches) = (self.order.len(), self.n_batches());
        if step >= n_batches {
            return &[];
        }
        &self.order[step * n_rows / n_batches..(step + 1) * n_rows / n_batches]
    }

    fn next_move(&mut self, epoch: u32, step: usize) -> Move {
        let config = &self.prepared.config;
        let (optimizer, decay) = (config.optimizer, config.weight_decay);
        if step >= self.n_batches() {
            return Move { step: 0, rate: 0.0, decay, optimizer };
        }
        self.steps += 1;
        let done = f64::from(epoch) + step as f64 / self.n_batches() as f64;
        self.rate = config.learning_rate * config.schedule.factor(done / f64::from(config.max_epochs));
        Move { step: self.steps, rate: self.rate, decay, optimizer }
    }
}

/// A population in training.
pub(crate) struct Shard<'a> {
    live: Vec<Live<'a>>,
    network: Network,
    moments: Vec<Moments>,
    /// Rows of every batch, padding included; constant, so that no member depends on who else trains.
    n_rows: usize,
    epoch: u32,
}

impl<'a> Shard<'a> {
    /// Members of one shape, each with its index in the fit and its seed; `None` without members.
    pub(crate) fn new(
        members: &[(usize, Seed, &'a Prepared<'a>)],
        tables: &mut Tables,
        device: &Device,
    ) -> Option<Self> {
        let draw =
            |(_, seed, own): &(usize, Seed, &Prepared<'_>)| Weights::init(&own.layout, &own.config, *seed);
        let weights: Vec<Weights> = members.iter().map(draw).collect();
        let parts: Vec<_> =
            members.iter().zip(&weights).map(|((_, _, own), weights)| (&own.layout, weights)).collect();
        let network = Network::stack(&parts, members.first()?.2.config.activation, device)?;
        let width = network.n_numeric();
        let live = members.iter().map(|&(index, seed, prepared)| Live {
            index,
            seed,
            prepared,
            train: tables.numeric(prepared.train.design, width),
            valid: tables.numeric(prepared.valid.design, width),
            best: None,
            steps: 0,
            order: Vec::new(),
            loss: LossSum::default(),
            rate: 0.0,
        });
        let live: Vec<Live<'a>> = live.collect();
        let most = |own: &Live<'_>| own.prepared.train.answers.len().div_ceil(own.n_batches());
        let n_rows = live.iter().map(most).max()?;
        Some(Self { live, network, moments: Vec::new(), n_rows, epoch: 0 })
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
        let before = self.live.len();
        if kept.len() == before {
            return;
        }
        self.live.retain(|own| !gone(own.index));
        if !kept.is_empty() {
            self.network.keep(&kept);
            self.moments.iter_mut().for_each(|moments| moments.keep(&kept, before));
        }
    }

    /// Trains one epoch, validates, and drops the members that ended.
    pub(crate) fn run_epoch(&mut self, stop: &StopSignal) -> Vec<Report> {
        let index = self.epoch;
        for own in &mut self.live {
            let seed = own.seed.purpose(Purpose::Shuffle).step(u64::from(index));
            own.order = Draws::new(seed).order(own.prepared.train.answers.len());
            own.loss = LossSum::default();
        }
        let n_steps = self.live.iter().map(Live::n_batches).max().unwrap_or(0);
        for step in 0..n_steps {
            if let Some(reason) = stop.check() {
                return self.stopped(reason);
            }
            self.step(step);
        }
        let Some(losses) = self.validate(stop) else {
            return self.stopped(stop.check().unwrap_or(StopReason::Interrupted));
        };
        let reports: Vec<Report> =
            (0..self.live.len()).map(|place| self.judge(place, losses[place])).collect();
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

    fn step(&mut self, step: usize) {
        let parts: Vec<_> =
            self.live.iter().map(|own| (&own.train, own.prepared.train.design, own.rows(step))).collect();
        let Some(batch) = data::gather(&parts, self.n_rows) else { return };
        let clock = u64::from(self.epoch) << 32 | step as u64;
        let dropout = |own: &Live<'_>| DropOut {
            rate: own.prepared.config.dropout,
            draws: Draws::new(own.seed.purpose(Purpose::Dropout).step(clock)),
        };
        let mut dropout: Vec<DropOut> = self.live.iter().map(dropout).collect();
        let (mut output, tape) = self.network.forward(batch, &mut dropout);
        let columns = self.network.n_outputs();
        let blocks = values_mut(&mut output).chunks_exact_mut(self.n_rows * columns);
        for (own, block) in self.live.iter_mut().zip(blocks) {
            let rows = own.rows(step);
            let n_true = rows.len() * columns;
            if n_true > 0 {
                let prepared = own.prepared;
                let loss = prepared.objective.differentiate(block, columns, &prepared.train.answers, rows);
                own.loss.add(loss);
            }
            block[n_true..].fill(0.0);
        }
        let gradients = self.network.backward(tape, output);
        let epoch = self.epoch;
        let moves: Vec<Move> = self.live.iter_mut().map(|own| own.next_move(epoch, step)).collect();
        let moments = &mut self.moments;
        self.network.update(&gradients, |index, values, gradient, decays| {
            if moments.len() <= index {
                moments.resize_with(index + 1, Moments::default);
            }
            moments[index].step(values, gradient, &moves, decays);
        });
    }

    /// Validation loss of each member; `None` if asked to stop.
    fn validate(&mut self, stop: &StopSignal) -> Option<Vec<f64>> {
        let columns = self.network.n_outputs();
        let mut sums = vec![LossSum::default(); self.live.len()];
        let longest = self.live.iter().map(|own| own.prepared.valid.answers.len()).max()?;
        for first in (0..longest).step_by(CHUNK) {
            if stop.check().is_some() {
                return None;
            }
            let rows = |own: &Live<'_>| {
                let n_rows = own.prepared.valid.answers.len();
                (first.min(n_rows)..(first + CHUNK).min(n_rows)).collect::<Vec<usize>>()
            };
            let rows: Vec<Vec<usize>> = self.live.iter().map(rows).collect();
            let widest = rows.iter().map(Vec::len).max()?;
            let parts = self.live.iter().zip(&rows);
            let parts: Vec<_> =
                parts.map(|(own, rows)| (&own.valid, own.prepared.valid.design, rows.as_slice())).collect();
            let mut output = self.network.predict(data::gather(&parts, widest)?);
            let blocks = values_mut(&mut output).chunks_exact_mut(widest * columns);
            for (((own, rows), block), sum) in self.live.iter().zip(&rows).zip(blocks).zip(&mut sums) {
                let answers = &own.prepared.valid.answers;
                let own_rows = &mut block[..rows.len() * columns];
                sum.add(own.prepared.objective.evaluate(own_rows, columns, answers, first));
            }
        }
        Some(sums.into_iter().map(LossSum::mean).collect())
    }

    /// Keeps the best epoch and decides whether the member goes on.
    fn judge(&mut self, place: usize, valid_loss: f64) -> Report {
        let index = self.epoch;
        let own = &mut self.live[place];
        let train_loss = own.loss.mean();
        let config = &own.prepared.config;
        let diverged = [train_loss, valid_loss].into_iter().find(|loss| !loss.is_finite());
        if let Some(loss) = diverged {
            let end = Some(End::Diverged { epoch: index, loss });
            return Report { member: own.index, index, epoch: None, end };
        }
        if own.best.as_ref().is_none_or(|best| valid_loss < best.loss) {
            let weights = self.network.member(place, &own.prepared.layout);
            own.best = Some(Best { epoch: index, loss: valid_loss, weights });
        }
        let epoch = Epoch { index, train_loss, valid_loss, learning_rate: own.rate };
        let best = own.best.as_ref().map_or(index, |best| best.epoch);
        let over = index + 1 >= config.max_epochs || index - best >= config.patience;
        let end = if over { own.best.take().map(End::Done) } else { None };
        Report { member: own.index, index, epoch: Some(epoch), end }
    }
}
