//! Leaf-wise growth: the leaf whose split gains most is split next (Shi 2007, "Best-first decision tree learning").

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use automl_core::{StopReason, StopSignal};

use super::bins::{BinnedTable, ColumnBins};
use super::categories::CategoryRules;
use super::gradients::{Packed, Quanta};
use super::histogram::Histogram;
use super::node::{Side, Work};
use super::partition::{Column, divide};
use super::split::{Leaf, Limits, Split};
use super::tree::Tree;
use crate::draws::Draws;

/// Cells of a leaf from which the stop signal is asked before its split.
const LARGE_LEAF: usize = 1 << 21;
/// Bins of a leaf from which its two children are scanned on two threads.
pub(super) const PARALLEL_BINS: usize = 1 << 12;

/// How trees grow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Growth {
    /// One question for all nodes of a level ([`super::levels`]) instead of leaf by leaf.
    pub(crate) symmetric: bool,
    /// Most leaves.
    pub(crate) max_leaves: usize,
    /// Most questions from root to leaf.
    pub(crate) max_depth: usize,
    /// What a leaf must have.
    pub(crate) limits: Limits,
    /// How categorical splits are held back.
    pub(crate) categories: CategoryRules,
    /// Columns that are asked at a node; all of them if there are no more.
    pub(crate) columns_per_node: usize,
    /// One random threshold a column instead of the best (Geurts, Ernst & Wehenkel 2006).
    pub(crate) random_thresholds: bool,
    /// Threads; results do not depend on them.
    pub(crate) threads: usize,
    /// Bytes that the histograms of open leaves may take; those of more are computed again. Results do not depend on
    /// it.
    pub(crate) memory: usize,
}

/// Bytes that the histograms of one grower may take in general.
pub(crate) const HISTOGRAM_MEMORY: usize = 1 << 28;

/// The rows and columns of one tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample<'a> {
    /// The bins of these rows and columns.
    pub(crate) table: &'a BinnedTable,
    /// The bins of the whole table's columns.
    pub(crate) bins: &'a [ColumnBins],
    /// Which of them each column is.
    pub(crate) columns: &'a [u32],
    /// Gradients of these rows.
    pub(crate) packed: &'a [Packed],
    /// Their unit.
    pub(crate) quanta: Quanta,
}

/// A tree with the rows of its leaves.
#[derive(Debug)]
pub(crate) struct Grown {
    /// The tree, with one value a leaf in the unit of the loss.
    pub(crate) tree: Tree,
    /// The sample's rows, leaf by leaf.
    pub(crate) rows: Vec<u32>,
    /// Where the rows of each leaf end.
    pub(crate) ends: Vec<usize>,
}

/// A leaf that may be split.
struct Open {
    split: Split,
    gain: f64,
    column: u32,
    node: u32,
    depth: usize,
    rows: std::ops::Range<usize>,
    total: Packed,
    /// `None` if there was no memory for it.
    histogram: Option<Histogram>,
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Open {}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> Ordering {
        self.gain.total_cmp(&other.gain).then_with(|| other.node.cmp(&self.node))
    }
}

/// Grows trees one after the other, with memory that is kept between them.
#[derive(Debug, Default)]
pub(crate) struct Grower {
    spare: Vec<Histogram>,
    right: Vec<u32>,
}

impl Sample<'_> {
    /// Bins of each column.
    pub(super) fn n_bins(&self) -> Vec<u16> {
        self.columns.iter().map(|&column| self.bins[column as usize].n_bins() as u16).collect()
    }
}

impl Grower {
    /// Grows one tree.
    ///
    /// # Errors
    /// The reason to stop.
    pub(crate) fn grow(
        &mut self,
        sample: &Sample<'_>,
        growth: &Growth,
        draws: &mut Draws,
        stop: &StopSignal,
    ) -> Result<Grown, StopReason> {
        if growth.symmetric {
            return self.grow_levels(sample, growth, draws, stop);
        }
        let n_bins = sample.n_bins();
        let work = Work { sample, growth, n_bins: &n_bins };
        let mut rows: Vec<u32> = (0..sample.table.n_rows() as u32).collect();
        let mut tree = Tree::stump();
        let mut closed = Vec::new();
        let mut open = BinaryHeap::new();
        let mut histogram = self.histogram(n_bins.len());
        let total = sample.packed.iter().fold(Packed::default(), |sum, &row| sum.plus(row));
        if rows.len() >= 2 * growth.limits.min_child_samples.max(1)
            && growth.max_leaves > 1
            && growth.max_depth > 0
        {
            histogram.fill(sample.table, &n_bins, &rows, sample.packed, growth.threads);
        }
        let root = Side { node: 0, depth: 0, rows: 0..rows.len(), total };
        let asked = work.columns(draws);
        let best = if growth.max_leaves > 1 { work.best(&root, &histogram, &asked) } else { None };
        self.file(&work, root, best, histogram, &mut open, &mut closed);
        let mut n_leaves = 1;
        while n_leaves < growth.max_leaves
            && let Some(leaf) = open.pop()
        {
            if leaf.rows.len() * n_bins.len() >= LARGE_LEAF
                && let Some(reason) = stop.check()
            {
                return Err(reason);
            }
            n_leaves += 1;
            let own = &mut rows[leaf.rows.clone()];
            let column = Column::of(sample.table, leaf.column as usize);
            let n_left = divide(column, &leaf.split.rule, own, self.right(leaf.rows.len()));
            let middle = leaf.rows.start + n_left;
            let (left, right) = tree.split(leaf.node, sample.columns[leaf.column as usize], leaf.split.rule);
            let depth = leaf.depth + 1;
            let left = Side { node: left, depth, rows: leaf.rows.start..middle, total: leaf.split.left };
            let right = Side {
                node: right,
                depth,
                rows: middle..leaf.rows.end,
                total: leaf.total.minus(leaf.split.left),
            };
            if n_leaves == growth.max_leaves {
                closed.extend([left, right]);
                self.spare.extend(leaf.histogram);
                break;
            }
            self.children(&work, [left, right], leaf.histogram, &rows, draws, &mut open, &mut closed);
        }
        for leaf in open {
            let side = Side { node: leaf.node, depth: leaf.depth, rows: leaf.rows, total: leaf.total };
            closed.push(side);
            self.spare.extend(leaf.histogram);
        }
        Ok(finish(tree, closed, &rows, &work))
    }

    /// Finds the splits of two new leaves whose parent had `histogram`.
    #[expect(clippy::too_many_arguments, reason = "the state of one growth")]
    fn children(
        &mut self,
        work: &Work<'_>,
        sides: [Side; 2],
        histogram: Option<Histogram>,
        rows: &[u32],
        draws: &mut Draws,
        open: &mut BinaryHeap<Open>,
        closed: &mut Vec<Side>,
    ) {
        if !sides.iter().any(|side| work.may_split(side)) {
            self.spare.extend(histogram);
            closed.extend(sides);
            return;
        }
        let [left, right] = sides;
        let left_is_small = left.rows.len() <= right.rows.len();
        let (small, large) = if left_is_small { (left, right) } else { (right, left) };
        let mut of_small = self.histogram(work.n_bins.len());
        let sample = work.sample;
        let small_rows = &rows[small.rows.clone()];
        of_small.fill(sample.table, work.n_bins, small_rows, sample.packed, work.growth.threads);
        let of_large = if let Some(mut parent) = histogram {
            parent.subtract(&of_small, work.n_bins);
            parent
        } else {
            let mut of_large = self.histogram(work.n_bins.len());
            let large_rows = &rows[large.rows.clone()];
            of_large.fill(sample.table, work.n_bins, large_rows, sample.packed, work.growth.threads);
            of_large
        };
        let asked = (work.columns(draws), work.columns(draws));
        let cells: usize = work.n_bins.iter().map(|&n_bins| usize::from(n_bins)).sum();
        let (best_small, best_large) = if work.growth.threads > 1 && cells >= PARALLEL_BINS {
            rayon::join(|| work.best(&small, &of_small, &asked.0), || work.best(&large, &of_large, &asked.1))
        } else {
            (work.best(&small, &of_small, &asked.0), work.best(&large, &of_large, &asked.1))
        };
        self.file(work, small, best_small, of_small, open, closed);
        self.file(work, large, best_large, of_large, open, closed);
    }

    /// Puts a leaf to those that may be split, or to those that may not.
    fn file(
        &mut self,
        work: &Work<'_>,
        side: Side,
        best: Option<(u32, Split, f64)>,
        histogram: Histogram,
        open: &mut BinaryHeap<Open>,
        closed: &mut Vec<Side>,
    ) {
        let Some((column, split, gain)) = best else {
            closed.push(side);
            self.spare.push(histogram);
            return;
        };
        let Side { node, depth, rows, total } = side;
        let has_memory = open.len() * histogram.n_bytes() < work.growth.memory;
        let histogram = if has_memory {
            Some(histogram)
        } else {
            self.spare.push(histogram);
            None
        };
        open.push(Open { split, gain, column, node, depth, rows, total, histogram });
    }

    /// Memory for the rows of a right side.
    pub(super) fn right(&mut self, n_rows: usize) -> &mut [u32] {
        self.right.resize(self.right.len().max(n_rows), 0);
        &mut self.right
    }

    /// Keeps the memory of a histogram for the next.
    pub(super) fn keep(&mut self, histogram: Histogram) {
        self.spare.push(histogram);
    }

    pub(super) fn histogram(&mut self, n_columns: usize) -> Histogram {
        self.spare
            .pop()
            .filter(|spare| spare.n_columns() == n_columns)
            .unwrap_or_else(|| Histogram::new(n_columns))
    }
}

/// Numbers the leaves and brings their rows into that order.
pub(super) fn finish(mut tree: Tree, mut closed: Vec<Side>, rows: &[u32], work: &Work<'_>) -> Grown {
    tree.number_leaves();
    closed.sort_unstable_by_key(|leaf| leaf.node);
    let mut grown =
        Grown { tree, rows: Vec::with_capacity(rows.len()), ends: Vec::with_capacity(closed.len()) };
    let (limits, quanta) = (&work.growth.limits, work.sample.quanta);
    for leaf in closed {
        let value = Leaf::new(leaf.total, leaf.rows.len(), limits, quanta).value(leaf.total, quanta);
        grown.tree.values.push(value as f32);
        grown.rows.extend_from_slice(&rows[leaf.rows]);
        grown.ends.push(grown.rows.len());
    }
    grown
}
