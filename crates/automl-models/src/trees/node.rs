//! The best split of a leaf, over its columns.

use super::categories::best_category;
use super::gradients::Packed;
use super::grow::{Growth, Sample};
use super::histogram::Histogram;
use super::split::{Leaf, Split, best_numeric, occupied};
use crate::draws::Draws;

/// A leaf.
pub(super) struct Side {
    /// Its node.
    pub(super) node: u32,
    /// Questions above it.
    pub(super) depth: usize,
    /// Where its rows stand.
    pub(super) rows: std::ops::Range<usize>,
    /// Their sums.
    pub(super) total: Packed,
}

/// What the growth of one tree shares.
pub(super) struct Work<'a> {
    /// Its rows and columns.
    pub(super) sample: &'a Sample<'a>,
    /// How it grows.
    pub(super) growth: &'a Growth,
    /// Bins of each column.
    pub(super) n_bins: &'a [u16],
}

/// Columns that a node asks, each with a random word if thresholds are random.
pub(super) struct Asked {
    columns: Vec<u32>,
    words: Vec<u32>,
}

impl Asked {
    /// The columns with their words.
    pub(super) fn each(&self) -> impl Iterator<Item = (u32, Option<u32>)> {
        self.columns.iter().enumerate().map(|(index, &column)| (column, self.words.get(index).copied()))
    }
}

/// A number below `bound`, by a random word of 31 bits.
pub(super) fn below(word: u32, bound: usize) -> usize {
    ((u64::from(word) * bound as u64) >> 31) as usize
}

impl Work<'_> {
    /// Whether a leaf has rows enough, and is not too deep.
    pub(super) fn may_split(&self, side: &Side) -> bool {
        side.rows.len() >= 2 * self.growth.limits.min_child_samples.max(1)
            && side.depth < self.growth.max_depth
    }

    /// Draws the columns of a node.
    pub(super) fn columns(&self, draws: &mut Draws) -> Asked {
        let columns = draws.sample(self.growth.columns_per_node, self.n_bins.len());
        let words = if self.growth.random_thresholds {
            columns.iter().map(|_| draws.below(1 << 31) as u32).collect()
        } else {
            Vec::new()
        };
        Asked { columns, words }
    }

    /// The best split of a leaf: its column, the split, and its gain.
    pub(super) fn best(
        &self,
        side: &Side,
        histogram: &Histogram,
        asked: &Asked,
    ) -> Option<(u32, Split, f64)> {
        if !self.may_split(side) {
            return None;
        }
        let (limits, quanta) = (&self.growth.limits, self.sample.quanta);
        let mut leaf = Leaf::new(side.total, side.rows.len(), limits, quanta);
        let whole = leaf.score(side.total);
        let mut best = None;
        for (column, word) in asked.each() {
            if let Some(split) = self.best_of_column(column, histogram, &leaf, word) {
                leaf.threshold = split.score;
                best = Some((column, split, split.score - whole));
            }
        }
        best
    }

    fn best_of_column(
        &self,
        column: u32,
        histogram: &Histogram,
        leaf: &Leaf,
        word: Option<u32>,
    ) -> Option<Split> {
        let sums = histogram.column(column as usize);
        let n_bins = usize::from(self.n_bins[column as usize]);
        if self.sample.bins[self.sample.columns[column as usize] as usize].is_category() {
            let rules = &self.growth.categories;
            let mut draw = word.map(|word| move |bound: usize| below(word, bound));
            let draw = draw.as_mut().map(|draw| draw as &mut dyn FnMut(usize) -> usize);
            return best_category(sums, n_bins, leaf, self.sample.quanta, rules, draw);
        }
        let only = match word {
            Some(word) => {
                let (first, last) = occupied(sums, n_bins)?;
                Some(first + below(word, usize::from(last - first)) as u8)
            }
            None => None,
        };
        best_numeric(sums, n_bins, leaf, only)
    }
}
