//! Growth of one tree, node by node, left before right.

use std::ops::Range;
use std::rc::Rc;

use automl_core::{StopReason, StopSignal};

use super::answers::Answers;
use super::split::{NodeRows, Split, Sums};
use crate::draws::Draws;
use crate::trees::bins::ColumnBins;
use crate::trees::partition::{Column, divide};
use crate::trees::tree::Tree;

/// Rows of a node from which the stop signal is asked before its split.
const LARGE_NODE: usize = 1 << 16;

/// What the trees of a forest share.
#[derive(Debug)]
pub(super) struct Forest<'a> {
    /// The bins of each column, one a row.
    pub(super) columns: Vec<Vec<u8>>,
    /// What they stand for.
    pub(super) bins: &'a [ColumnBins],
    /// What is learnt.
    pub(super) answers: &'a Answers,
    /// Columns drawn at a node.
    pub(super) n_drawn: usize,
    /// Fewest rows of a leaf.
    pub(super) min_leaf: usize,
    /// Most questions from root to leaf.
    pub(super) max_depth: usize,
    /// Rows by which the nodes above a leaf are held to be larger.
    pub(super) shrinkage: f64,
    /// Whether thresholds are drawn.
    pub(super) random_thresholds: bool,
    /// Asked in large nodes.
    pub(super) stop: &'a StopSignal,
}

/// A node that is not looked at yet.
struct Open {
    node: u32,
    depth: usize,
    rows: Range<usize>,
    /// `None` for the root.
    parent: Option<Rc<Parent>>,
}

/// A node above another.
struct Parent {
    /// Its values, drawn towards those above.
    shrunk: Vec<f64>,
    /// Its values as they are.
    values: Vec<f64>,
    weight: f64,
}

impl Forest<'_> {
    /// Grows a tree on rows with weights; `weights` has one for every row of the table.
    ///
    /// # Errors
    /// The reason to stop.
    pub(super) fn grow(
        &self,
        mut rows: Vec<u32>,
        weights: &[f32],
        draws: &mut Draws,
    ) -> Result<Tree, StopReason> {
        let width = self.answers.width();
        let mut tree = Tree::stump();
        let mut sums = Sums::new(width);
        let mut total = vec![0.0; width];
        let mut memory = vec![0; rows.len()];
        let mut order: Vec<u32> = (0..self.columns.len() as u32).collect();
        let mut leaves: Vec<(u32, Vec<f64>)> = Vec::new();
        let mut open = vec![Open { node: 0, depth: 0, rows: 0..rows.len(), parent: None }];
        while let Some(Open { node, depth, rows: range, parent }) = open.pop() {
            if range.len() >= LARGE_NODE
                && let Some(reason) = self.stop.check()
            {
                return Err(reason);
            }
            let own = &mut rows[range.clone()];
            total.fill(0.0);
            for &row in &*own {
                self.answers.add(&mut total, row as usize, weights[row as usize]);
            }
            let values = self.answers.values(&total);
            let shrunk = match parent {
                Some(parent) => {
                    let keep = parent.weight / (parent.weight + self.shrinkage);
                    let above = parent.shrunk.iter().zip(&parent.values);
                    above.zip(&values).map(|((shrunk, above), own)| shrunk + (own - above) * keep).collect()
                }
                None => values.clone(),
            };
            let may_split = own.len() >= 2 * self.min_leaf && own.len() > 1 && depth < self.max_depth;
            let best = if may_split && !self.answers.is_pure(&total, own) {
                let node = NodeRows {
                    rows: own,
                    weights,
                    answers: self.answers,
                    total: &total,
                    min_leaf: self.min_leaf,
                };
                self.best(node, &mut sums, &mut order, draws)
            } else {
                None
            };
            let Some((column, split)) = best else {
                leaves.push((node, shrunk));
                continue;
            };
            let bins = Column::alone(&self.columns[column as usize]);
            let middle = range.start + divide(bins, &split.rule, own, &mut memory);
            let (left, right) = tree.split(node, column, split.rule);
            let weight = self.answers.weight(&total);
            let depth = depth + 1;
            let parent = Some(Rc::new(Parent { shrunk, values, weight }));
            open.push(Open { node: right, depth, rows: middle..range.end, parent: parent.clone() });
            open.push(Open { node: left, depth, rows: range.start..middle, parent });
        }
        tree.number_leaves();
        leaves.sort_unstable_by_key(|leaf| leaf.0);
        tree.values = leaves.into_iter().flat_map(|(_, values)| values).map(|value| value as f32).collect();
        Ok(tree)
    }

    /// The best split among columns drawn without replacement. Columns with one value do not count, as in Breiman's
    /// forests with at least one split to choose.
    fn best(
        &self,
        node: NodeRows<'_>,
        sums: &mut Sums,
        order: &mut [u32],
        draws: &mut Draws,
    ) -> Option<(u32, Split)> {
        let whole = self.answers.purity(node.total);
        // A split into sides as pure as the whole gains nothing but rounding.
        let mut threshold = whole + whole.abs() * 1e-12;
        let (mut best, mut n_seen) = (None, 0);
        for position in 0..order.len() {
            order.swap(position, position + draws.below(order.len() - position));
            let column = order[position];
            let drawn = self.random_thresholds.then_some(&mut *draws);
            let (bins, meaning) = (&self.columns[column as usize], &self.bins[column as usize]);
            let (split, has_values) = sums.best(bins, meaning, node, threshold, drawn);
            if let Some(split) = split {
                threshold = split.purity;
                best = Some((column, split));
            }
            n_seen += usize::from(has_values);
            if n_seen >= self.n_drawn {
                break;
            }
        }
        best
    }
}
