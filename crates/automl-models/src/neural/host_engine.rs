//! A population on a backend that shares the host's memory: burn multiplies, the fused kernels do the rest.

use std::ops::Range;

use automl_core::StopSignal;
use burn::tensor::{Device, Tensor};
use rayon::prelude::*;

use super::averaging::Averages;
use super::data::{self, Prepared, Tables};
use super::engine::{Augmentation, Engine, EpochPlan, Frame, n_batch_places};
use super::host::{Values, values_mut};
use super::layers::{Batch, DropOut};
use super::loss::LossSum;
use super::mixup::Mixtures;
use super::network::{Network, Statistics};
use super::optimizer::{Moments, Move};
use super::parameters::{Gradients, Spec, Weights};
use crate::draws::Draws;

/// Rows of a validation chunk, copies included: large enough to hide overhead, small enough to stay in the cache.
pub(crate) const CHUNK: usize = 1024;

struct Own<'a> {
    prepared: &'a Prepared<'a>,
    specs: Vec<Spec>,
    train: Tensor<2>,
    valid: Tensor<2>,
    best: Option<Weights>,
    loss: LossSum,
}

/// See the module.
pub(crate) struct HostEngine<'a> {
    members: Vec<Own<'a>>,
    network: Network,
    moments: Vec<Moments>,
    averages: Averages,
    /// Places of a batch, padding included, and rows of each.
    n_places: usize,
    heads: usize,
    /// Parts of a batch that are computed by themselves, on as many threads as there are.
    n_parts: usize,
    plan: EpochPlan,
}

impl<'a> HostEngine<'a> {
    /// Some members of a frame with their initial weights, their batches in `n_parts` parts.
    pub(crate) fn new(
        frame: &Frame,
        members: &[&'a Prepared<'a>],
        weights: &[Weights],
        n_parts: usize,
        tables: &mut Tables,
        device: &Device,
    ) -> Self {
        let parts: Vec<_> =
            members.iter().zip(weights).map(|(own, weights)| (&own.architecture, weights)).collect();
        let network = Network::stack_in(&frame.widest, &parts, device);
        let width = network.n_numeric();
        let own = |prepared: &&'a Prepared<'a>| Own {
            prepared,
            specs: prepared.architecture.specs(),
            train: tables.numeric(prepared.train.design, width),
            valid: tables.numeric(prepared.valid.design, width),
            best: None,
            loss: LossSum::default(),
        };
        let averages = Averages::new(members.iter().map(|own| own.training.averaging > 0.0).collect());
        let (members, moments) = (members.iter().map(own).collect(), Vec::new());
        let (n_places, heads, plan) = (frame.n_places, frame.widest.heads(), EpochPlan(Vec::new()));
        Self { members, network, moments, averages, n_places, heads, n_parts, plan }
    }
}

/// Parts of a batch of large matrix products, by the shape of all members that could train together, so that results
/// do not depend on threads: one
/// where a layer is normalised over the whole batch, or where a part would be too small to be worth a thread.
pub(crate) fn n_parts(members: &[&Prepared<'_>]) -> usize {
    // Multiplications of the largest product, and rows, of a part that pays; measured with the bench `step`.
    const MULTIPLICATIONS: usize = 1 << 24;
    const ROWS: usize = 128;
    const MOST: usize = 4;
    if members.iter().any(|own| own.architecture.looks_at_batches()) {
        return 1;
    }
    let n_places = n_batch_places(members);
    let largest = members.iter().map(|own| own.architecture.largest_product(n_places)).max().unwrap_or(0);
    let copies = members.iter().map(|own| own.architecture.copies()).min().unwrap_or(1);
    (largest / MULTIPLICATIONS).min(n_places * copies / ROWS).min(n_places).clamp(1, MOST)
}

/// What a part of a batch gives.
struct Part {
    gradients: Gradients,
    losses: Vec<LossSum>,
    /// Of the whole batch, where layers are normalised.
    statistics: Statistics,
}

impl HostEngine<'_> {
    /// Where part `part` of a member's `n_rows` rows of a batch lies: it begins at an even place, so that partners of mixtures
    /// stay together.
    fn bounds(&self, n_rows: usize, part: usize) -> Range<usize> {
        let n_places = n_rows / self.heads;
        let bound = |part: usize| (part * n_places.div_ceil(2) / self.n_parts * 2).min(n_places) * self.heads;
        bound(part)..bound(part + 1)
    }

    /// Forward and back of part `part` of batch `step`, of which each member has some rows that are augmented as it says.
    fn part(
        &self,
        step: usize,
        part: usize,
        batch: &[Vec<usize>],
        augmentations: &[Augmentation],
    ) -> Option<Part> {
        let plans = &self.plan.0;
        let bounds: Vec<Range<usize>> = batch.iter().map(|rows| self.bounds(rows.len(), part)).collect();
        let rows: Vec<&[usize]> =
            batch.iter().zip(&bounds).map(|(rows, bounds)| &rows[bounds.clone()]).collect();
        let n_places = (self.n_places.div_ceil(2).div_ceil(self.n_parts) * 2).min(self.n_places);
        let gathered = self.members.iter().zip(&rows);
        let gathered: Vec<_> =
            gathered.map(|(own, rows)| (&own.train, own.prepared.train.design, *rows)).collect();
        let gathered = data::gather(&gathered, n_places * self.heads)?;
        let gathered = self.add_noise(gathered, augmentations, |member| bounds[member].start);
        let shares = augmentations.iter().zip(&bounds);
        let shares =
            shares.map(|(own, part)| own.shares.get(part.start / 2..part.end / 2).unwrap_or_default());
        let mixtures = Mixtures(shares.collect());
        let dropout = plans.iter().zip(&bounds).map(|(plan, part)| DropOut {
            rates: plan.move_after(step).dropout,
            draws: Draws::new(plan.dropout_seed(step)),
            first_row: part.start,
        });
        let mut losses = Vec::with_capacity(plans.len());
        let trained = self.network.train(gathered, dropout.collect(), &mixtures, |output| {
            let columns = self.network.n_outputs();
            let output = values_mut(output);
            let of_member = output.len() / self.members.len();
            let members = self.members.iter().zip(batch.iter().zip(&rows)).zip(&mixtures.0);
            for (((own, (whole, rows)), mixed), block) in members.zip(output.chunks_exact_mut(of_member)) {
                let (objective, answers) = (&own.prepared.objective, &own.prepared.train.answers);
                let mut loss = LossSum::default();
                if !rows.is_empty() {
                    let share = objective.weight(answers, whole).recip();
                    loss = objective.differentiate(block, columns, answers, rows, mixed, share);
                }
                losses.push(loss);
                block[rows.len() * columns..].fill(0.0);
            }
        });
        Some(Part { gradients: trained.gradients, losses, statistics: trained.statistics })
    }

    /// Adds noise to the numeric columns of a part of a batch; `first(member)` is the place of its first row in the batch.
    fn add_noise(
        &self,
        batch: Batch,
        augmentations: &[Augmentation],
        first: impl Fn(usize) -> usize,
    ) -> Batch {
        if augmentations.iter().all(|own| own.noise.deviation <= 0.0) {
            return batch;
        }
        let Batch { numeric, codes, counts } = batch;
        let ([_, n_rows, width], device) = (numeric.dims(), numeric.device());
        let mut numeric = Values::take(numeric);
        let blocks = values_mut(&mut numeric).chunks_exact_mut(n_rows * width);
        for (member, (own, block)) in augmentations.iter().zip(blocks).enumerate() {
            let rows = &mut block[..counts[member] * width];
            let columns = self.members[member].prepared.architecture.columns.n_numeric;
            own.noise.add(rows, width, columns, first(member));
        }
        Batch { numeric: numeric.into_tensor(&device), codes, counts }
    }

    /// Looks at the network with averaged weights, of the members that average.
    fn with_averages<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> T {
        self.averages.exchange(&mut self.network.stack);
        let seen = look(self);
        self.averages.exchange(&mut self.network.stack);
        seen
    }

    /// Mean validation losses of the weights in the network.
    fn losses_of_present_weights(&self, stop: &StopSignal) -> Option<Vec<f64>> {
        let columns = self.network.n_outputs();
        let mut sums = vec![LossSum::default(); self.members.len()];
        let longest = self.members.iter().map(|own| own.prepared.valid.answers.len()).max()?;
        let chunk = self.members.first()?.prepared.architecture.chunk(CHUNK);
        for first in (0..longest).step_by(chunk) {
            if stop.check().is_some() {
                return None;
            }
            let rows = |own: &Own<'_>| {
                let n_rows = own.prepared.valid.answers.len();
                (first.min(n_rows)..(first + chunk).min(n_rows)).collect::<Vec<usize>>()
            };
            let rows: Vec<Vec<usize>> = self.members.iter().map(rows).collect();
            let widest = rows.iter().map(Vec::len).max()?;
            let parts = self.members.iter().zip(&rows);
            let parts: Vec<_> =
                parts.map(|(own, rows)| (&own.valid, own.prepared.valid.design, rows.as_slice())).collect();
            let mut output = self.network.predict(data::gather(&parts, widest)?);
            let output = values_mut(&mut output);
            let of_member = output.len() / self.members.len();
            let blocks = output.chunks_exact_mut(of_member);
            for (((own, rows), block), sum) in self.members.iter().zip(&rows).zip(blocks).zip(&mut sums) {
                let answers = &own.prepared.valid.answers;
                let objective = &own.prepared.objective;
                let own_rows = &mut block[..rows.len() * objective.heads * columns];
                sum.add(objective.evaluate(own_rows, columns, answers, first));
            }
        }
        Some(sums.into_iter().map(LossSum::mean).collect())
    }
}

/// Scales the gradient of each member whose norm is above its limit down to it.
fn clip(gradients: &mut Gradients, moves: &[Move]) {
    if moves.iter().all(|each| each.clip_norm.is_none()) {
        return;
    }
    let norms = gradients.norms(moves.len());
    let factor = |(each, norm): (&Move, f64)| match each.clip_norm {
        Some(most) if norm > most => (most / norm) as f32,
        _ => 1.0,
    };
    let factors: Vec<f32> = moves.iter().zip(norms).map(factor).collect();
    gradients.scale(&factors);
}

impl Engine for HostEngine<'_> {
    fn begin_epoch(&mut self, plan: EpochPlan) {
        self.plan = plan;
        self.members.iter_mut().for_each(|own| own.loss = LossSum::default());
    }

    fn step(&mut self, step: usize) {
        let members = self.members.iter().zip(&self.plan.0);
        let augmentations: Vec<Augmentation> =
            members.map(|(own, plan)| plan.augmentation(&own.prepared.training, step)).collect();
        let batch: Vec<Vec<usize>> = self.plan.0.iter().map(|plan| plan.rows(step)).collect();
        let parts: Vec<Part> = (0..self.n_parts)
            .into_par_iter()
            .filter_map(|part| self.part(step, part, &batch, &augmentations))
            .collect();
        let mut parts = parts.into_iter();
        let Some(mut first) = parts.next() else { return };
        for other in parts {
            first.gradients.add(other.gradients);
            first.losses.iter_mut().zip(other.losses).for_each(|(sum, loss)| sum.add(loss));
        }
        self.network.track(&first.statistics);
        self.members.iter_mut().zip(first.losses).for_each(|(own, loss)| own.loss.add(loss));
        let moves: Vec<Move> = self.plan.0.iter().map(|plan| plan.move_after(step)).collect();
        clip(&mut first.gradients, &moves);
        let (moments, averages) = (&mut self.moments, &mut self.averages);
        self.network.stack.update(&first.gradients, |index, values, gradient, roles| {
            if moments.len() <= index {
                moments.resize_with(index + 1, Moments::default);
            }
            averages.begin(index, values);
            moments[index].step(values, gradient, &moves, roles);
            averages.step(index, values, &moves);
        });
    }

    fn train_losses(&mut self) -> Vec<f64> {
        self.members.iter().map(|own| own.loss.mean()).collect()
    }

    fn valid_losses(&mut self, stop: &StopSignal) -> Option<Vec<f64>> {
        self.with_averages(|engine| engine.losses_of_present_weights(stop))
    }

    fn remember(&mut self, places: &[usize]) {
        if places.is_empty() {
            return;
        }
        self.with_averages(|engine| {
            for &place in places {
                let own = &mut engine.members[place];
                own.best = Some(engine.network.stack.member(place, &own.specs));
            }
        });
    }

    fn remembered(&mut self, place: usize) -> Option<Weights> {
        self.members[place].best.take()
    }

    fn keep(&mut self, kept: &[usize]) {
        let before = self.members.len();
        let mut place = 0..before;
        self.members.retain(|_| place.next().is_some_and(|place| kept.contains(&place)));
        self.network.stack.keep(kept);
        self.moments.iter_mut().for_each(|moments| moments.keep(kept, before));
        self.averages.keep(kept);
    }
}
