//! One tree of a round: its sample, its growth, and the scores after it.

use std::sync::{Mutex, PoisonError};

use automl_core::{Purpose, Seed, StopReason, StopSignal};

use super::config::GbdtConfig;
use crate::draws::Draws;
use crate::trees::bins::{BinnedTable, Binner};
use crate::trees::gradients::{Packed, Quanta};
use crate::trees::grow::{Grower, Grown, Growth, Sample};
use crate::trees::tree::Tree;

/// Memory of a tree that grows, kept for others: as many as grow at once, however many outputs there are.
#[derive(Default)]
pub(super) struct Worker {
    grower: Grower,
    packed: Vec<Packed>,
    gradients: Vec<f32>,
    hessians: Vec<f32>,
    rows: Vec<u32>,
    memory: Vec<u32>,
}

/// Rows of a round.
pub(super) struct Bag {
    /// In the sample, in order.
    inside: Vec<u32>,
    /// Not in the sample, in order.
    outside: Vec<u32>,
}

impl Bag {
    /// The sample `inside` of `n_rows` rows.
    pub(super) fn new(inside: Vec<u32>, n_rows: usize) -> Self {
        let mut is_inside = vec![false; n_rows];
        for &row in &inside {
            is_inside[row as usize] = true;
        }
        let outside = (0..n_rows as u32).filter(|&row| !is_inside[row as usize]).collect();
        Self { inside, outside }
    }
}

/// What the trees of a round share.
pub(super) struct Shared<'a> {
    /// Hyper-parameters.
    pub(super) config: &'a GbdtConfig,
    /// How trees grow.
    pub(super) growth: &'a Growth,
    /// The bins of the columns.
    pub(super) binner: &'a Binner,
    /// Training rows.
    pub(super) train: &'a BinnedTable,
    /// Validation rows.
    pub(super) valid: Option<&'a BinnedTable>,
    /// The rows of the round; absent if all are.
    pub(super) bag: Option<&'a Bag>,
    /// Memory that no tree has at the moment.
    pub(super) workers: &'a Mutex<Vec<Worker>>,
    /// Asked before each tree, and in large ones.
    pub(super) stop: &'a StopSignal,
}

impl Shared<'_> {
    /// Does something with memory of its own.
    fn with_worker<T>(&self, work: impl FnOnce(&mut Worker) -> T) -> T {
        let spare = || self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut worker = spare().pop().unwrap_or_default();
        let done = work(&mut worker);
        spare().push(worker);
        done
    }
}

/// One output in one round.
pub(super) struct Output<'a> {
    /// Gradients of the training rows.
    pub(super) gradients: &'a [f32],
    /// Their hessians.
    pub(super) hessians: &'a [f32],
    /// Their scores.
    pub(super) scores: &'a mut [f64],
    /// Scores of the validation rows.
    pub(super) valid_scores: &'a mut [f64],
    /// Seed of this tree.
    pub(super) seed: Seed,
}

impl Output<'_> {
    /// Grows a tree and adds its values to the scores.
    pub(super) fn tree(self, shared: &Shared<'_>) -> Result<Tree, StopReason> {
        if let Some(reason) = shared.stop.check() {
            return Err(reason);
        }
        shared.with_worker(|worker| self.tree_in(worker, shared))
    }

    fn tree_in(self, worker: &mut Worker, shared: &Shared<'_>) -> Result<Tree, StopReason> {
        let Grown { mut tree, rows, ends } = self.grow(worker, shared)?;
        if tree.n_leaves() == 1 {
            tree.values = vec![0.0];
            return Ok(tree);
        }
        for value in &mut tree.values {
            *value = (f64::from(*value) * shared.config.learning_rate) as f32;
        }
        let mut first = 0;
        for (&value, &end) in tree.values.iter().zip(&ends) {
            for &row in &rows[first..end] {
                let row = shared.bag.map_or(row, |bag| bag.inside[row as usize]);
                self.scores[row as usize] += f64::from(value);
            }
            first = end;
        }
        if let Some(bag) = shared.bag {
            worker.rows.clone_from(&bag.outside);
            add(&tree, shared.train, worker, self.scores);
        }
        if let Some(valid) = shared.valid {
            worker.rows.clear();
            worker.rows.extend(0..valid.n_rows() as u32);
            add(&tree, valid, worker, self.valid_scores);
        }
        Ok(tree)
    }

    /// Grows a tree on the round's rows and on columns of its own.
    fn grow(&self, worker: &mut Worker, shared: &Shared<'_>) -> Result<Grown, StopReason> {
        let n_columns = shared.train.n_columns();
        let wanted = (shared.config.feature_fraction * n_columns as f64).round().max(1.0) as usize;
        let columns = Draws::new(self.seed.purpose(Purpose::Init)).sample(wanted, n_columns);
        let Worker { grower, packed, gradients, hessians, .. } = worker;
        let (mut of_gradients, mut of_hessians, mut selected) = (self.gradients, self.hessians, None);
        if let Some(bag) = shared.bag {
            let select = |from: &[f32], to: &mut Vec<f32>| {
                to.clear();
                to.extend(bag.inside.iter().map(|&row| from[row as usize]));
            };
            select(self.gradients, gradients);
            select(self.hessians, hessians);
            (of_gradients, of_hessians) = (gradients, hessians);
            selected = Some(shared.train.select(&bag.inside, &columns));
        } else if columns.len() < n_columns {
            let all: Vec<u32> = (0..shared.train.n_rows() as u32).collect();
            selected = Some(shared.train.select(&all, &columns));
        }
        let quanta = Quanta::of(of_gradients, of_hessians);
        quanta.pack(of_gradients, of_hessians, packed);
        let table = selected.as_ref().unwrap_or(shared.train);
        let sample = Sample { table, bins: &shared.binner.columns, columns: &columns, packed, quanta };
        let mut draws = Draws::new(self.seed.purpose(Purpose::Dropout));
        grower.grow(&sample, shared.growth, &mut draws, shared.stop)
    }
}

/// Adds a tree's values to the scores of the worker's rows.
fn add(tree: &Tree, table: &BinnedTable, worker: &mut Worker, scores: &mut [f64]) {
    tree.for_each_leaf(table, &mut worker.rows, &mut worker.memory, |leaf, rows| {
        for &row in rows {
            scores[row as usize] += f64::from(tree.values[leaf]);
        }
    });
}
