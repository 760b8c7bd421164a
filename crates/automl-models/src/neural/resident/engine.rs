//! The engine: what crosses to the device and when.

use automl_core::{Design, Precision, StopSignal};
use burn::tensor::{Device, Tensor, TensorData};

use super::super::architecture::Architecture;
use super::super::data::Prepared;
use super::super::engine::{Engine, EpochPlan, n_batch_places};
use super::super::host::floats;
use super::super::layers::Counts;
use super::super::norm::MOMENTUM;
use super::super::parameters::{Spec, Weights};
use super::augment::Augmentations;
use super::dropout::DropOuts;
use super::flat::{Factors, Flat};
use super::loss;
use super::network::Network;
use super::optimizer::{Moments, N_SCALARS, scalars};
use super::tables::{Batches, Tables};
use crate::draws::Draws;

/// Rows of a validation chunk a member, copies included.
const CHUNK: usize = 8192;
/// Scalars of a step and member: those of the optimiser, then rows, their share, the factor of the unbiased variance,
/// the weight in running statistics, the share of the loss's weights, the largest norm of a gradient, and the share of
/// averages that is kept.
const N_FACTS: usize = N_SCALARS + 7;

/// See the module above.
pub(crate) struct ResidentEngine<'a> {
    members: Vec<&'a Prepared<'a>>,
    specs: Vec<Vec<Spec>>,
    network: Network,
    flat: Flat,
    best: Option<Flat>,
    moments: Moments,
    /// Averages of the learnt numbers, which are those of members that do not average; absent where no member does.
    average: Option<Tensor<2>>,
    factors: Factors,
    train: Tables,
    valid: Tables,
    valid_batches: Batches,
    n_rows: usize,
    /// `[1, rows, 1]`: 0, 1, 2 …
    positions: Tensor<3>,
    epoch: Option<EpochOnDevice>,
    device: Device,
}

/// What an epoch brought to the device.
struct EpochOnDevice {
    batches: Batches,
    /// `[steps * members, N_FACTS]`.
    facts: Tensor<2>,
    drop_outs: Option<DropOuts>,
    augmentations: Augmentations,
    /// Whether gradients of any member have a limit.
    clips: bool,
    /// Sum of weighted losses so far, `[members, 1, 1]`.
    loss: Option<Tensor<3>>,
    /// Sum of the weights of the epoch, of each member.
    weights: Vec<f64>,
}

impl<'a> ResidentEngine<'a> {
    /// Members of one shape and loss with their initial weights; `None` without members.
    pub(crate) fn new(
        members: &[&'a Prepared<'a>],
        weights: &[Weights],
        device: &Device,
        precision: Precision,
    ) -> Option<Self> {
        let first = members.first()?;
        let specs: Vec<Vec<Spec>> = members.iter().map(|own| own.architecture.specs()).collect();
        let parts: Vec<(&Architecture, &[Spec])> =
            members.iter().zip(&specs).map(|(own, specs)| (&own.architecture, specs.as_slice())).collect();
        let network = Network::new(&parts, device, precision)?;
        let arrays: Vec<(&[Spec], &Weights)> = specs.iter().map(Vec::as_slice).zip(weights).collect();
        let flat = network.pieces.join(&arrays, device);
        let factors = network.pieces.factors(&specs.iter().map(Vec::as_slice).collect::<Vec<_>>(), device);
        let n_outputs = network.whole.n_outputs;
        let width = loss::width(&first.objective, n_outputs);
        let tables =
            |rows: &[(&'a Design, Vec<f32>)]| Tables::new(rows, width, &network.whole.columns, device);
        let train = members.iter().map(|own| {
            let (objective, rows) = (&own.objective, &own.train);
            (rows.design, loss::rows(objective, &rows.answers, n_outputs, objective.smoothing))
        });
        let train = tables(&train.collect::<Vec<_>>());
        let valid = members
            .iter()
            .map(|own| (own.valid.design, loss::rows(&own.objective, &own.valid.answers, n_outputs, 0.0)));
        let valid = tables(&valid.collect::<Vec<_>>());
        let n_rows = n_batch_places(members) * first.architecture.heads();
        let positions: Vec<f32> = (0..n_rows).map(|row| row as f32).collect();
        Some(Self {
            members: members.to_vec(),
            valid_batches: valid_batches(members, &valid),
            moments: Moments::new(&flat.learnt, first.training.optimizer),
            average: any_averages(members).then(|| flat.learnt.clone()),
            factors,
            specs,
            best: None,
            positions: Tensor::from_data(TensorData::new(positions, [1, n_rows, 1]), device),
            epoch: None,
            device: device.clone(),
            network,
            flat,
            train,
            valid,
            n_rows,
        })
    }

    /// One number a member from the device.
    fn read(tensor: Tensor<3>) -> Vec<f64> {
        floats(&tensor.into_data()).iter().map(|value| f64::from(*value)).collect()
    }

    /// The scalars of all members and steps, and the sums of weights.
    fn facts(&self, plan: &EpochPlan, n_steps: usize) -> (Vec<f32>, Vec<f64>) {
        let mut facts = Vec::with_capacity(n_steps * self.members.len() * N_FACTS);
        let mut weights = vec![0.0; self.members.len()];
        for step in 0..n_steps {
            for ((own, plan), sum) in self.members.iter().zip(&plan.0).zip(&mut weights) {
                let rows = plan.rows(step);
                let weight = own.objective.weight(&own.train.answers, &rows);
                *sum += f64::from(weight);
                let n = rows.len() as f32;
                let each = plan.move_after(step);
                facts.extend(scalars(&each));
                let inverse = |x: f32| if x > 0.0 { x.recip() } else { 0.0 };
                let statistics = if rows.is_empty() { 0.0 } else { MOMENTUM };
                let most = each.clip_norm.map_or(f32::MAX, |most| most as f32);
                // A member that stays where it is keeps its average, if it has one.
                let kept = if each.step == 0 && each.averaging > 0.0 { 1.0 } else { each.averaging };
                facts.extend([
                    n,
                    inverse(n),
                    n / (n.max(2.0) - 1.0),
                    statistics,
                    inverse(weight),
                    most,
                    kept,
                ]);
            }
        }
        (facts, weights)
    }

    /// The numbers that validation sees and that are remembered.
    fn shown(&self) -> Flat {
        let learnt = self.average.as_ref().unwrap_or(&self.flat.learnt).clone();
        Flat { learnt, tracked: self.flat.tracked.clone() }
    }
}

/// Whether any member's weights are averaged.
fn any_averages(members: &[&Prepared<'_>]) -> bool {
    members.iter().any(|own| own.training.averaging > 0.0)
}

/// Rows of a validation chunk a member.
fn chunk_size(members: &[&Prepared<'_>]) -> usize {
    members.first().map_or(CHUNK, |own| own.architecture.chunk(CHUNK))
}

/// Validation rows in chunks, the same for every epoch.
fn valid_batches(members: &[&Prepared<'_>], tables: &Tables) -> Batches {
    let lengths: Vec<usize> = members.iter().map(|own| own.valid.answers.len()).collect();
    let longest = lengths.iter().copied().max().unwrap_or(0);
    let all: Vec<usize> = (0..longest).collect();
    let size = chunk_size(members);
    let rows = |chunk: usize, member: usize| {
        let n_rows = lengths[member];
        all[(chunk * size).min(n_rows)..((chunk + 1) * size).min(n_rows)].to_vec()
    };
    tables.batches(longest.div_ceil(size), longest.min(size), rows)
}

impl Engine for ResidentEngine<'_> {
    fn begin_epoch(&mut self, plan: EpochPlan) {
        let (n_steps, members) = (plan.n_steps(), self.members.len());
        let batches = self.train.batches(n_steps, self.n_rows, |step, member| plan.0[member].rows(step));
        let (facts, weights) = self.facts(&plan, n_steps);
        let sites = self.network.dropouts();
        let n_dropouts = sites.len();
        let mut keys = vec![(0, 0.0); n_steps * n_dropouts * members];
        for step in 0..n_steps {
            for (member, plan) in plan.0.iter().enumerate() {
                let mut draws = Draws::new(plan.dropout_seed(step));
                let rates = plan.move_after(step).dropout;
                for (number, site) in sites.iter().enumerate() {
                    keys[(step * n_dropouts + number) * members + member] = (draws.bits(), rates.of(*site));
                }
            }
        }
        let drop_outs = DropOuts::new(&keys, members, &self.device);
        let clips = plan.0.iter().any(|plan| plan.moves.iter().any(|each| each.clip_norm.is_some()));
        let facts = Tensor::from_data(TensorData::new(facts, [n_steps * members, N_FACTS]), &self.device);
        let own: Vec<_> = self.members.iter().copied().zip(&plan.0).collect();
        let shape = [self.n_rows, self.network.whole.columns.n_numeric];
        let augmentations = Augmentations::new(&own, n_steps, shape, &self.device);
        self.epoch =
            Some(EpochOnDevice { batches, facts, drop_outs, augmentations, clips, loss: None, weights });
    }

    fn step(&mut self, step: usize) {
        let Some(epoch) = &mut self.epoch else { return };
        let members = self.members.len();
        let range = step * members..(step + 1) * members;
        let fact = |index: usize| epoch.facts.clone().slice([range.clone(), index..index + 1]);
        let cube = |index: usize| fact(index).reshape([members, 1, 1]);
        let shape = [members, self.n_rows, 1];
        let present = self.positions.clone().expand(shape).lower(cube(N_SCALARS).expand(shape)).float();
        let counts = Counts {
            present,
            share: cube(N_SCALARS + 1),
            unbias: cube(N_SCALARS + 2),
            weight: cube(N_SCALARS + 3),
        };
        let n_dropouts = self.network.dropouts().len();
        let drop_out = |number: usize, rows: usize, columns: usize| {
            Some(epoch.drop_outs.as_ref()?.factors(step * n_dropouts + number, rows, columns))
        };
        let mut batch = self.train.gather(&epoch.batches, step);
        batch.numeric = epoch.augmentations.add_noise(batch.numeric, step);
        let mixture = epoch.augmentations.mixture(step);
        let Some(answers) = batch.answers.take() else { return };
        let objective = &self.members[0].objective;
        let share = cube(N_SCALARS + 4);
        let differentiate = |outputs| {
            let loss = objective.loss;
            let (total, gradient) = match &mixture {
                Some(mixture) => loss::differentiate_mixed(loss, outputs, answers, mixture),
                None => loss::differentiate(loss, outputs, answers),
            };
            (total, gradient * share)
        };
        let mixed = mixture.clone();
        let trained = self.network.train(&mut self.flat, batch, counts, mixed, &drop_out, differentiate);
        let mut gradients = trained.gradients;
        if epoch.clips {
            let norm = (gradients.clone() * gradients.clone()).sum_dim(1).sqrt().clamp_min(f32::MIN_POSITIVE);
            gradients = gradients * (fact(N_SCALARS + 5) / norm).clamp_max(1.0);
        }
        let scalars = std::array::from_fn(fact);
        epoch.loss = Some(match epoch.loss.take() {
            Some(before) => before + trained.loss,
            None => trained.loss,
        });
        let kept = fact(N_SCALARS + 6);
        self.flat.learnt = self.moments.step(self.flat.learnt.clone(), gradients, scalars, &self.factors);
        self.average = self.average.take().map(|average| {
            let share = kept.clone().neg() + 1.0;
            average * kept + self.flat.learnt.clone() * share
        });
    }

    fn train_losses(&mut self) -> Vec<f64> {
        let Some(epoch) = self.epoch.take() else { return Vec::new() };
        let totals = epoch.loss.map(Self::read).unwrap_or_default();
        totals.into_iter().zip(epoch.weights).map(|(total, weight)| total / weight).collect()
    }

    fn valid_losses(&mut self, stop: &StopSignal) -> Option<Vec<f64>> {
        let weight = |own: &&Prepared<'_>| {
            let answers = &own.valid.answers;
            own.objective.weights(answers, 0..answers.len()).map(f64::from).sum::<f64>()
        };
        let weights: Vec<f64> = self.members.iter().map(weight).collect();
        let longest = self.members.iter().map(|own| own.valid.answers.len()).max()?;
        let mut sum: Option<Tensor<3>> = None;
        let shown = self.shown();
        for chunk in 0..longest.div_ceil(chunk_size(&self.members)) {
            if stop.check().is_some() {
                return None;
            }
            let mut batch = self.valid.gather(&self.valid_batches, chunk);
            let answers = batch.answers.take()?;
            let output = self.network.predict(&shown, &batch);
            let objective = &self.members[0].objective;
            let total = loss::evaluate(objective.loss, objective.heads, output, answers);
            sum = Some(match sum {
                Some(before) => before + total,
                None => total,
            });
        }
        Some(Self::read(sum?).into_iter().zip(weights).map(|(total, weight)| total / weight).collect())
    }

    fn remember(&mut self, places: &[usize]) {
        if places.is_empty() {
            return;
        }
        let Some(best) = self.best.take().filter(|_| places.len() < self.members.len()) else {
            self.best = Some(self.shown());
            return;
        };
        let mut mask = vec![0.0_f32; self.members.len()];
        for &place in places {
            mask[place] = 1.0;
        }
        let shape = [mask.len(), 1];
        let mask = Tensor::<2>::from_data(TensorData::new(mask, shape), &self.device).greater_scalar(0.5);
        self.best = Some(best.replace(&mask, &self.shown()));
    }

    fn remembered(&mut self, place: usize) -> Option<Weights> {
        Some(self.network.pieces.split(self.best.as_ref()?, place, &self.specs[place]))
    }

    fn keep(&mut self, kept: &[usize]) {
        let places: Vec<i32> = kept.iter().map(|&place| place as i32).collect();
        let places = Tensor::from_data(TensorData::new(places, [kept.len()]), &self.device);
        self.members = kept.iter().map(|&place| self.members[place]).collect();
        self.specs = kept.iter().map(|&place| self.specs[place].clone()).collect();
        self.factors = self.factors.select(&places);
        self.flat = self.flat.select(&places);
        self.best = self.best.take().map(|best| best.select(&places));
        self.moments.select(&places);
        self.average = self.average.take().filter(|_| any_averages(&self.members));
        self.average = self.average.take().map(|average| average.select(0, places.clone()));
        self.train.keep(kept);
        self.valid.keep(kept);
        self.valid_batches = valid_batches(&self.members, &self.valid);
    }
}
