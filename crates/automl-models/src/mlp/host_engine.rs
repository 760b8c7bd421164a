//! A population on a backend that shares the host's memory: burn multiplies, the fused kernels do the rest.

use automl_core::StopSignal;
use burn::tensor::{Device, Tensor};

use super::data::{self, Prepared, Tables};
use super::engine::{Engine, EpochPlan, n_batch_rows};
use super::host::values_mut;
use super::loss::LossSum;
use super::network::{DropOut, Network};
use super::optimizer::{Moments, Move};
use super::rng::Draws;
use super::weights::Weights;

/// Rows of a validation chunk: large enough to hide overhead, small enough to stay in the cache.
const CHUNK: usize = 1024;

struct Own<'a> {
    prepared: &'a Prepared<'a>,
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
    n_rows: usize,
    plan: EpochPlan,
}

impl<'a> HostEngine<'a> {
    /// Members of one shape with their initial weights; `None` without members.
    pub(crate) fn new(
        members: &[&'a Prepared<'a>],
        weights: &[Weights],
        tables: &mut Tables,
        device: &Device,
    ) -> Option<Self> {
        let parts: Vec<_> =
            members.iter().zip(weights).map(|(own, weights)| (&own.layout, weights)).collect();
        let network = Network::stack(&parts, members.first()?.config.activation, device)?;
        let width = network.n_numeric();
        let own = |prepared: &&'a Prepared<'a>| Own {
            prepared,
            train: tables.numeric(prepared.train.design, width),
            valid: tables.numeric(prepared.valid.design, width),
            best: None,
            loss: LossSum::default(),
        };
        let n_rows = n_batch_rows(members);
        let members = members.iter().map(own).collect();
        Some(Self { members, network, moments: Vec::new(), n_rows, plan: EpochPlan(Vec::new()) })
    }
}

impl Engine for HostEngine<'_> {
    fn begin_epoch(&mut self, plan: EpochPlan) {
        self.plan = plan;
        self.members.iter_mut().for_each(|own| own.loss = LossSum::default());
    }

    fn step(&mut self, step: usize) {
        let plans = &self.plan.0;
        let parts = self.members.iter().zip(plans);
        let parts: Vec<_> =
            parts.map(|(own, plan)| (&own.train, own.prepared.train.design, plan.rows(step))).collect();
        let Some(batch) = data::gather(&parts, self.n_rows) else { return };
        let mut dropout: Vec<DropOut> = self
            .members
            .iter()
            .zip(plans)
            .map(|(own, plan)| DropOut {
                rate: own.prepared.config.dropout,
                draws: Draws::new(plan.dropout_seed(step)),
            })
            .collect();
        let (mut output, tape) = self.network.forward(batch, &mut dropout);
        let columns = self.network.n_outputs();
        let blocks = values_mut(&mut output).chunks_exact_mut(self.n_rows * columns);
        for ((own, plan), block) in self.members.iter_mut().zip(plans).zip(blocks) {
            let rows = plan.rows(step);
            let n_true = rows.len() * columns;
            if n_true > 0 {
                let prepared = own.prepared;
                own.loss.add(prepared.objective.differentiate(block, columns, &prepared.train.answers, rows));
            }
            block[n_true..].fill(0.0);
        }
        let gradients = self.network.backward(tape, output);
        let moves: Vec<Move> = plans.iter().map(|plan| plan.move_after(step)).collect();
        let moments = &mut self.moments;
        self.network.update(&gradients, |index, values, gradient, decays| {
            if moments.len() <= index {
                moments.resize_with(index + 1, Moments::default);
            }
            moments[index].step(values, gradient, &moves, decays);
        });
    }

    fn train_losses(&mut self) -> Vec<f64> {
        self.members.iter().map(|own| own.loss.mean()).collect()
    }

    fn valid_losses(&mut self, stop: &StopSignal) -> Option<Vec<f64>> {
        let columns = self.network.n_outputs();
        let mut sums = vec![LossSum::default(); self.members.len()];
        let longest = self.members.iter().map(|own| own.prepared.valid.answers.len()).max()?;
        for first in (0..longest).step_by(CHUNK) {
            if stop.check().is_some() {
                return None;
            }
            let rows = |own: &Own<'_>| {
                let n_rows = own.prepared.valid.answers.len();
                (first.min(n_rows)..(first + CHUNK).min(n_rows)).collect::<Vec<usize>>()
            };
            let rows: Vec<Vec<usize>> = self.members.iter().map(rows).collect();
            let widest = rows.iter().map(Vec::len).max()?;
            let parts = self.members.iter().zip(&rows);
            let parts: Vec<_> =
                parts.map(|(own, rows)| (&own.valid, own.prepared.valid.design, rows.as_slice())).collect();
            let mut output = self.network.predict(data::gather(&parts, widest)?);
            let blocks = values_mut(&mut output).chunks_exact_mut(widest * columns);
            for (((own, rows), block), sum) in self.members.iter().zip(&rows).zip(blocks).zip(&mut sums) {
                let answers = &own.prepared.valid.answers;
                let own_rows = &mut block[..rows.len() * columns];
                sum.add(own.prepared.objective.evaluate(own_rows, columns, answers, first));
            }
        }
        Some(sums.into_iter().map(LossSum::mean).collect())
    }

    fn remember(&mut self, places: &[usize]) {
        for &place in places {
            let own = &mut self.members[place];
            own.best = Some(self.network.member(place, &own.prepared.layout));
        }
    }

    fn remembered(&mut self, place: usize) -> Option<Weights> {
        self.members[place].best.take()
    }

    fn keep(&mut self, kept: &[usize]) {
        let before = self.members.len();
        let mut place = 0..before;
        self.members.retain(|_| place.next().is_some_and(|place| kept.contains(&place)));
        self.network.keep(kept);
        self.moments.iter_mut().for_each(|moments| moments.keep(kept, before));
    }
}
