//! Rounds of boosting, with samples of rows and columns and early stopping.

use std::ops::ControlFlow;
use std::sync::Mutex;

use automl_core::{
    Design, Epoch, FitContext, FitError, Member, MemoryNeed, Purpose, Seed, StopReason, StopSignal, Target,
};
use rayon::prelude::*;

use super::EPOCH_ROUNDS;
use super::config::GbdtConfig;
use super::fitted::{GbdtModel, Head};
use super::objective::{Answers, Objective, Rows};
use super::round::{Bag, Output, Shared, Worker};
use crate::draws::Draws;
use crate::standard::Standard;
use crate::target::target_of;
use crate::trees;
use crate::trees::bins::{BinnedTable, Binner};
use crate::trees::ensemble::Ensemble;
use crate::trees::grow::{Growth, HISTOGRAM_MEMORY};
use crate::trees::histogram::ColumnSums;
use crate::trees::members::OnEpoch;
use crate::trees::tree::Tree;

/// Rounds without a split in any tree that end a fit: samples of rows and columns may leave a round without one.
const BARREN_ROUNDS: usize = 10;

/// Fits one member.
pub(super) fn fit(
    member: &Member<'_>,
    ctx: &FitContext<'_>,
    on_epoch: &mut OnEpoch<'_>,
) -> Result<GbdtModel, FitError> {
    if let Some(reason) = ctx.stop.check() {
        return Err(FitError::Stopped(reason));
    }
    let config = GbdtConfig::from_params(member.params, ctx.task.is_classification())?;
    let target = target_of(member.train, ctx)?;
    let (objective, head) = match target {
        Target::Real(values) => {
            let weights = member.train.weights.as_deref();
            (Objective::Squared, Head::Real(Standard::of(values, weights)))
        }
        Target::Classes { n_classes: 0..=2, .. } => (Objective::Logistic, Head::Logistic),
        Target::Classes { n_classes, .. } => {
            (Objective::Softmax { n_classes: *n_classes }, Head::Softmax { n_classes: *n_classes })
        }
    };
    let class_weights = match target {
        Target::Classes { codes, n_classes } if config.balanced => {
            Some(balanced(codes, *n_classes, member.train.weights.as_deref()))
        }
        _ => None,
    };
    let rows = |design: &Design| -> Result<Rows, FitError> {
        Ok(rows(target_of(design, ctx)?, design.weights.as_deref(), &head, class_weights.as_deref()))
    };
    let binner = Binner::fit(member.train, member.seed.purpose(Purpose::Preprocess))?;
    let train = rows(member.train)?;
    let start = objective.start(&train);
    let train = Data::new(&binner, member.train, train, &start)?;
    let valid = match member.valid.n_rows() {
        0 => None,
        _ => Some(Data::new(&binner, member.valid, rows(member.valid)?, &start)?),
    };
    let n_outputs = objective.n_outputs();
    let mut boost = Boost {
        growth: config.growth(if n_outputs > 1 { 1 } else { ctx.threads }),
        config,
        objective,
        seed: member.seed,
        binner: &binner,
        gradients: vec![0.0; train.rows.len() * n_outputs],
        hessians: vec![0.0; train.rows.len() * n_outputs],
        train,
        valid,
        threads: ctx.threads,
        workers: Mutex::default(),
        trees: Vec::new(),
    };
    let best_rounds = boost.run(head.loss_unit(), ctx.stop, on_epoch)?;
    boost.trees.truncate(best_rounds * n_outputs);
    let trees = boost.trees.iter().map(|tree| tree.in_order(1)).collect();
    let best_epoch = (best_rounds.saturating_sub(1) / EPOCH_ROUNDS) as u32;
    Ok(GbdtModel::new(Ensemble { binner, trees, n_outputs: 1 }, head, start, best_epoch))
}

/// What fitting `member` takes.
pub(super) fn memory(member: &Member<'_>, ctx: &FitContext<'_>) -> Result<MemoryNeed, FitError> {
    let config = GbdtConfig::from_params(member.params, ctx.task.is_classification())?;
    let n_outputs = if ctx.n_classes > 2 { ctx.n_classes as f64 } else { 1.0 };
    let n_columns = (member.train.numeric.n_cols() + member.train.codes.n_cols()) as f64;
    let (n_train, n_valid) = (member.train.n_rows() as f64, member.valid.n_rows() as f64);
    let n_leaves = (config.max_leaves as f64).min(n_train / config.min_child_samples.max(1) as f64).max(1.0);
    let model = config.max_rounds as f64 * n_outputs * trees::bytes(n_leaves, 1);
    // Of the leaves of the trees that grow at once; beyond a bound they are computed again.
    let n_workers = n_outputs.min(ctx.threads.max(1) as f64);
    let of_a_leaf = n_columns * size_of::<ColumnSums>() as f64;
    let histograms = (n_leaves * of_a_leaf).min(HISTOGRAM_MEMORY as f64 + 3.0 * of_a_leaf);
    // A row has its bins, answer and weight; for each output a score and two derivatives; and in a tree that grows the
    // derivatives again, their packed form and two places.
    let rows = (n_train + n_valid) * (n_columns + 12.0)
        + n_outputs * (n_train * 16.0 + n_valid * 8.0)
        + n_workers * n_train * 24.0;
    Ok(MemoryNeed::new(model, rows + n_workers * histograms))
}

/// Rows with their answers in the unit of the objective.
fn rows(target: &Target, weights: Option<&[f32]>, head: &Head, class_weights: Option<&[f32]>) -> Rows {
    let mut weights = weights.map(<[f32]>::to_vec);
    let answers = match target {
        Target::Real(values) => Answers::Real(values.iter().map(|&value| head.score_of(value)).collect()),
        Target::Classes { codes, .. } => {
            if let Some(class_weights) = class_weights {
                let weights = weights.get_or_insert_with(|| vec![1.0; codes.len()]);
                weights
                    .iter_mut()
                    .zip(codes)
                    .for_each(|(weight, &code)| *weight *= class_weights[code as usize]);
            }
            Answers::Classes(codes.clone())
        }
    };
    Rows { answers, weights }
}

/// Weights of the classes under which all count the same in total, and a row 1 on average.
fn balanced(codes: &[u32], n_classes: usize, weights: Option<&[f32]>) -> Vec<f32> {
    let mut totals = vec![0.0; n_classes];
    for (row, &code) in codes.iter().enumerate() {
        totals[code as usize] += weights.map_or(1.0, |weights| f64::from(weights[row]));
    }
    let n_present = totals.iter().filter(|&&total| total > 0.0).count() as f64;
    let all: f64 = totals.iter().sum();
    let weight = |&total: &f64| if total > 0.0 { (all / (n_present * total)) as f32 } else { 1.0 };
    totals.iter().map(weight).collect()
}

/// Rows with their bins and scores.
struct Data {
    rows: Rows,
    table: BinnedTable,
    /// Output by output.
    scores: Vec<f64>,
}

impl Data {
    fn new(binner: &Binner, design: &Design, rows: Rows, start: &[f64]) -> Result<Self, FitError> {
        let table = binner.bin(design)?;
        let scores = start.iter().flat_map(|&score| std::iter::repeat_n(score, rows.len())).collect();
        Ok(Self { rows, table, scores })
    }
}

/// The state of one fit.
struct Boost<'a> {
    config: GbdtConfig,
    growth: Growth,
    objective: Objective,
    seed: Seed,
    binner: &'a Binner,
    train: Data,
    valid: Option<Data>,
    threads: usize,
    gradients: Vec<f32>,
    hessians: Vec<f32>,
    workers: Mutex<Vec<Worker>>,
    /// Round by round, output by output.
    trees: Vec<Tree>,
}

impl Boost<'_> {
    /// Boosts until the loss on the validation rows no longer falls; returns the best number of rounds.
    fn run(
        &mut self,
        loss_unit: f64,
        stop: &StopSignal,
        on_epoch: &mut OnEpoch<'_>,
    ) -> Result<usize, FitError> {
        let loss_of_valid =
            |boost: &Self| boost.valid.as_ref().map(|valid| boost.objective.loss(&valid.rows, &valid.scores));
        let (mut best_rounds, mut best_loss, mut barren) = (0, loss_of_valid(self), 0);
        for round in 0..self.config.max_rounds {
            let grew = self.round(round, stop).map_err(FitError::Stopped)?;
            barren = if grew { 0 } else { barren + 1 };
            let valid_loss = loss_of_valid(self);
            if valid_loss.is_none_or(|loss| best_loss.is_none_or(|best| loss < best)) {
                (best_rounds, best_loss) = (round + 1, valid_loss);
            }
            let is_last = round + 1 == self.config.max_rounds
                || round + 1 - best_rounds >= self.config.patience
                || barren >= BARREN_ROUNDS;
            if is_last || (round + 1) % EPOCH_ROUNDS == 0 {
                let train_loss = self.objective.loss(&self.train.rows, &self.train.scores);
                let index = (round / EPOCH_ROUNDS) as u32;
                let valid_loss = valid_loss.unwrap_or(train_loss);
                if let Some(loss) = [train_loss, valid_loss].into_iter().find(|loss| !loss.is_finite()) {
                    return Err(FitError::Diverged { epoch: index, loss });
                }
                let epoch = Epoch {
                    index,
                    train_loss: train_loss * loss_unit,
                    valid_loss: valid_loss * loss_unit,
                    learning_rate: self.config.learning_rate,
                };
                if let ControlFlow::Break(()) = on_epoch(epoch) {
                    return Err(FitError::Cancelled);
                }
            }
            if is_last {
                break;
            }
        }
        Ok(best_rounds)
    }

    /// One tree an output; whether any has a split.
    fn round(&mut self, round: usize, stop: &StopSignal) -> Result<bool, StopReason> {
        let n_rows = self.train.rows.len();
        let scores = &self.train.scores;
        self.objective.derive(&self.train.rows, scores, &mut self.gradients, &mut self.hessians);
        let seed = self.seed.step(round as u64);
        let bag = (self.config.bagging_fraction < 1.0).then(|| {
            let mut draws = Draws::new(seed.purpose(Purpose::Shuffle));
            Bag::new(self.train.rows.sample(self.config.bagging_fraction, &mut draws), n_rows)
        });
        let (valid_table, mut of_valid, n_valid) = match &mut self.valid {
            Some(Data { rows, table, scores }) => (Some(&*table), &mut scores[..], rows.len()),
            None => (None, &mut [][..], 0),
        };
        let shared = Shared {
            config: &self.config,
            growth: &self.growth,
            binner: self.binner,
            train: &self.train.table,
            valid: valid_table,
            bag: bag.as_ref(),
            workers: &self.workers,
            stop,
        };
        let mut outputs = Vec::with_capacity(self.objective.n_outputs());
        let derivatives = self.gradients.chunks_exact(n_rows).zip(self.hessians.chunks_exact(n_rows));
        let scores = self.train.scores.chunks_exact_mut(n_rows);
        for (index, (scores, (gradients, hessians))) in scores.zip(derivatives).enumerate() {
            let (valid_scores, rest) = of_valid.split_at_mut(n_valid);
            of_valid = rest;
            let seed = seed.fold(index as u32);
            outputs.push(Output { gradients, hessians, scores, valid_scores, seed });
        }
        let trees: Vec<Result<Tree, StopReason>> = if self.threads > 1 && outputs.len() > 1 {
            outputs.into_par_iter().map(|output| output.tree(&shared)).collect()
        } else {
            outputs.into_iter().map(|output| output.tree(&shared)).collect()
        };
        let mut grew = false;
        for tree in trees {
            let tree = tree?;
            grew |= tree.n_leaves() > 1;
            self.trees.push(tree);
        }
        Ok(grew)
    }
}
