//! Level-wise growth of symmetric trees: all nodes of a level ask the same question, that whose splits gain most together
//! (Kohavi & Li 1995, "Oblivious decision trees, graphs, and top-down pruning"; the trees of `CatBoost`, Prokhorenkova et al. 2018).
//!
//! One question for many nodes is chosen from many rows, so it is rarely chance: such trees may be deep, and err
//! differently from those that grow leaf by leaf. A node of which a side would lack rows does not ask it, and waits for the next.

use automl_core::{StopReason, StopSignal};
use rayon::prelude::*;

use super::categories::order_levels;
use super::gradients::Packed;
use super::grow::{Grower, Grown, Growth, PARALLEL_BINS, Sample, finish};
use super::histogram::{ColumnSums, Histogram};
use super::node::{Side, Work, below};
use super::partition::{Column, divide};
use super::split::{BinSet, Leaf, Rule, middle_of_gap, occupied};
use super::tree::Tree;
use crate::draws::Draws;

/// A node of the last level, with the sums of its columns.
struct Node {
    side: Side,
    leaf: Leaf,
    /// The score of the node as a leaf.
    whole: f64,
    histogram: Histogram,
}

/// A question for a level, with the sum of the scores that it leaves.
#[derive(Debug, Clone, Copy)]
struct Question {
    score: f64,
    rule: Rule,
}

impl Grower {
    /// Grows one symmetric tree, of as many levels as `max_leaves` and `max_depth` allow and the memory for histograms holds.
    ///
    /// # Errors
    /// The reason to stop.
    pub(super) fn grow_levels(
        &mut self,
        sample: &Sample<'_>,
        growth: &Growth,
        draws: &mut Draws,
        stop: &StopSignal,
    ) -> Result<Grown, StopReason> {
        let n_bins = sample.n_bins();
        let work = Work { sample, growth, n_bins: &n_bins };
        let mut rows: Vec<u32> = (0..sample.table.n_rows() as u32).collect();
        let mut tree = Tree::stump();
        let mut histogram = self.histogram(n_bins.len());
        let n_levels = levels(growth, &histogram);
        let total = sample.packed.iter().fold(Packed::default(), |sum, &row| sum.plus(row));
        if n_levels > 0 {
            histogram.fill(sample.table, &n_bins, &rows, sample.packed, growth.threads);
        }
        let root = Side { node: 0, depth: 0, rows: 0..rows.len(), total };
        let mut nodes = vec![Node::new(root, histogram, &work)];
        for level in 1..=n_levels {
            if let Some(reason) = stop.check() {
                return Err(reason);
            }
            let Some((column, rule)) = best(&work, &nodes, draws) else { break };
            let before = std::mem::take(&mut nodes);
            let n_before = before.len();
            for node in before {
                self.ask(&work, node, column, rule, level < n_levels, &mut tree, &mut rows, &mut nodes);
            }
            if nodes.len() == n_before {
                break;
            }
        }
        let mut leaves = Vec::with_capacity(nodes.len());
        for node in nodes {
            leaves.push(node.side);
            self.keep(node.histogram);
        }
        Ok(finish(tree, leaves, &rows, &work))
    }

    /// Splits a node by the level's question, or leaves it as it is.
    #[expect(clippy::too_many_arguments, reason = "the state of one growth")]
    fn ask(
        &mut self,
        work: &Work<'_>,
        node: Node,
        column: u32,
        rule: Rule,
        has_next: bool,
        tree: &mut Tree,
        rows: &mut [u32],
        nodes: &mut Vec<Node>,
    ) {
        let of_bins = node.histogram.column(column as usize).iter().zip(0_u16..);
        let of_bins = of_bins.take(usize::from(work.n_bins[column as usize]));
        let left = of_bins
            .filter(|(_, bin)| rule.goes_left(*bin as u8))
            .fold(Packed::default(), |sum, (&bin, _)| sum.plus(bin));
        let right = node.leaf.total.minus(left);
        if !node.leaf.allows(left) || !node.leaf.allows(right) {
            nodes.push(node);
            return;
        }
        let Node { side: Side { node: parent, depth, rows: range, .. }, mut histogram, .. } = node;
        let own = &mut rows[range.clone()];
        let right_rows = self.right(own.len());
        let n_left = divide(Column::of(work.sample.table, column as usize), &rule, own, right_rows);
        let middle = range.start + n_left;
        let (first, second) = tree.split(parent, work.sample.columns[column as usize], rule);
        let depth = depth + 1;
        let sides = [
            Side { node: first, depth, rows: range.start..middle, total: left },
            Side { node: second, depth, rows: middle..range.end, total: right },
        ];
        let mut other = self.histogram(work.n_bins.len());
        let left_is_small = sides[0].rows.len() <= sides[1].rows.len();
        if has_next {
            let small = &sides[usize::from(!left_is_small)];
            let sample = work.sample;
            other.fill(
                sample.table,
                work.n_bins,
                &rows[small.rows.clone()],
                sample.packed,
                work.growth.threads,
            );
            histogram.subtract(&other, work.n_bins);
        }
        let histograms = if left_is_small { [other, histogram] } else { [histogram, other] };
        nodes.extend(sides.into_iter().zip(histograms).map(|(side, sums)| Node::new(side, sums, work)));
    }
}

impl Node {
    fn new(side: Side, histogram: Histogram, work: &Work<'_>) -> Self {
        let leaf = Leaf::new(side.total, side.rows.len(), &work.growth.limits, work.sample.quanta);
        Self { whole: leaf.score(side.total), side, leaf, histogram }
    }
}

/// Levels of questions: the histograms of all nodes of a level are held at once.
fn levels(growth: &Growth, histogram: &Histogram) -> usize {
    let of_leaves = growth.max_leaves.max(1).ilog2();
    let of_memory = (growth.memory / histogram.n_bytes().max(1)).max(1).ilog2();
    (of_leaves.min(of_memory) as usize).min(growth.max_depth)
}

/// The question that gains most over all nodes, if any gains: its column and rule.
fn best(work: &Work<'_>, nodes: &[Node], draws: &mut Draws) -> Option<(u32, Rule)> {
    let asked = work.columns(draws);
    let whole: f64 = nodes.iter().map(|node| node.whole).sum();
    let quanta = work.sample.quanta;
    let score_unit = quanta.gradient * quanta.gradient / quanta.hessian;
    // A question that leaves sides of equal means gains nothing but rounding.
    let threshold = whole * (1.0 + 1e-9) + work.growth.limits.min_gain / score_unit;
    let question = |(column, word): (u32, Option<u32>)| Some((column, of_column(work, nodes, column, word)?));
    let each: Vec<(u32, Option<u32>)> = asked.each().collect();
    let cells: usize = work.n_bins.iter().map(|&n_bins| usize::from(n_bins)).sum::<usize>() * nodes.len();
    let found: Vec<Option<(u32, Question)>> = if work.growth.threads > 1 && cells >= PARALLEL_BINS {
        each.into_par_iter().map(question).collect()
    } else {
        each.into_iter().map(question).collect()
    };
    let mut best: Option<(u32, Question)> = None;
    for (column, question) in found.into_iter().flatten() {
        let bound = best.map_or(threshold, |(_, best)| best.score);
        if question.score > bound {
            best = Some((column, question));
        }
    }
    best.map(|(column, question)| (column, question.rule))
}

/// The best question about a column.
fn of_column(work: &Work<'_>, nodes: &[Node], column: u32, word: Option<u32>) -> Option<Question> {
    let n_bins = usize::from(work.n_bins[column as usize]);
    let sums: Vec<&ColumnSums> = nodes.iter().map(|node| node.histogram.column(column as usize)).collect();
    let mut together = [Packed::default(); super::bins::MAX_BINS];
    for sums in &sums {
        for (all, &sum) in together[..n_bins].iter_mut().zip(&sums[..n_bins]) {
            *all = all.plus(sum);
        }
    }
    if work.sample.bins[work.sample.columns[column as usize] as usize].is_category() {
        return category(work, nodes, &sums, &together, n_bins, word);
    }
    let only = match word {
        Some(word) => {
            let (first, last) = occupied(&together, n_bins)?;
            Some(first + below(word, usize::from(last - first)) as u8)
        }
        None => None,
    };
    let has_missing = together[0] != Packed::default();
    let mut best: Option<(f64, usize, bool)> = None;
    let sides: &[bool] = if has_missing { &[false, true] } else { &[true] };
    for &missing_right in sides {
        let first = usize::from(missing_right);
        let mut scores = vec![0.0; n_bins];
        for (node, sums) in nodes.iter().zip(&sums) {
            let start = if missing_right { Packed::default() } else { sums[0] };
            let bins = (first..n_bins.saturating_sub(1))
                .map(|bin| (bin, if bin == 0 { Packed::default() } else { sums[bin] }));
            add_scores(node, start, bins, 0.0, &mut scores);
        }
        let cuts = scores.iter().enumerate().take(n_bins.saturating_sub(1)).skip(first);
        for (last, &score) in cuts {
            let is_asked = only.is_none_or(|only| usize::from(only) == last);
            if is_asked && best.is_none_or(|(best, ..)| score > best) {
                best = Some((score, last, missing_right));
            }
        }
    }
    let (score, last, mut missing_right) = best?;
    if !has_missing {
        let left = together[1..=last].iter().fold(0_u64, |sum, bin| sum + u64::from(bin.hessian()));
        let all = together[1..n_bins].iter().fold(0_u64, |sum, bin| sum + u64::from(bin.hessian()));
        missing_right = 2 * left < all;
    }
    let last = if only.is_none() { middle_of_gap(&together[..n_bins], last) } else { last };
    Some(Question { score, rule: Rule::UpTo { last: last as u8, missing_right } })
}

/// Adds to `scores`, at each place, what a node's score is once the bins up to there have gone left.
fn add_scores(
    node: &Node,
    start: Packed,
    bins: impl Iterator<Item = (usize, Packed)>,
    l2: f64,
    scores: &mut [f64],
) {
    let leaf = Leaf { l2: node.leaf.l2 + l2, ..node.leaf };
    let (mut left, mut score, mut is_known) = (start, node.whole, false);
    for (place, sum) in bins {
        // Bins without rows change nothing.
        if sum != Packed::default() || !is_known {
            left = left.plus(sum);
            let right = leaf.total.minus(left);
            let is_split = leaf.allows(left) && leaf.allows(right);
            score = if is_split { leaf.score(left) + leaf.score(right) } else { node.whole };
            is_known = true;
        }
        scores[place] += score;
    }
}

/// The best question about a categorical column, with the restraints of [`super::categories::CategoryRules`] on all rows of the level together.
fn category(
    work: &Work<'_>,
    nodes: &[Node],
    sums: &[&ColumnSums],
    together: &ColumnSums,
    n_bins: usize,
    word: Option<u32>,
) -> Option<Question> {
    let mut levels: Vec<u8> =
        (0..n_bins).filter(|&bin| together[bin].hessian() > 0).map(|bin| bin as u8).collect();
    let n_rows: usize = nodes.iter().map(|node| node.side.rows.len()).sum();
    let hessian: f64 = levels.iter().map(|&level| f64::from(together[usize::from(level)].hessian())).sum();
    let per_row = hessian / n_rows.max(1) as f64;
    let (rules, quanta) = (&work.growth.categories, work.sample.quanta);
    if levels.len() <= rules.max_one_against_rest {
        return one_against_rest(nodes, sums, &levels, word);
    }
    order_levels(&mut levels, together, per_row, rules, quanta);
    let group = (rules.min_group as f64 - 0.5) * per_row;
    let most = rules.max_levels.min(levels.len().div_ceil(2));
    // From either end, for what is left out goes right in both.
    let mut cuts: Vec<(f64, Vec<u8>)> = Vec::new();
    for _ in 0..2 {
        let mut scores = vec![0.0; most];
        for (node, sums) in nodes.iter().zip(sums) {
            let bins = levels.iter().take(most).enumerate();
            let bins = bins.map(|(place, &level)| (place, sums[usize::from(level)]));
            add_scores(node, Packed::default(), bins, rules.l2 / quanta.hessian, &mut scores);
        }
        let mut left = 0.0;
        for (place, score) in scores.into_iter().enumerate() {
            left += f64::from(together[usize::from(levels[place])].hessian());
            if left >= group && hessian - left >= group {
                cuts.push((score, levels[..=place].to_vec()));
            }
        }
        levels.reverse();
    }
    if let Some(word) = word {
        let only = below(word, cuts.len());
        cuts = cuts.into_iter().skip(only).take(1).collect();
    }
    let (score, side) = cuts.into_iter().reduce(|best, cut| if cut.0 > best.0 { cut } else { best })?;
    let mut set = BinSet::default();
    for level in side {
        set.insert(level);
    }
    Some(Question { score, rule: Rule::OneOf(set) })
}

fn one_against_rest(
    nodes: &[Node],
    sums: &[&ColumnSums],
    levels: &[u8],
    word: Option<u32>,
) -> Option<Question> {
    if levels.len() < 2 {
        return None;
    }
    let only = word.map(|word| levels[below(word, levels.len())]);
    let mut best: Option<Question> = None;
    for &level in levels.iter().filter(|&&level| only.is_none_or(|only| only == level)) {
        let mut score = [0.0];
        for (node, sums) in nodes.iter().zip(sums) {
            add_scores(
                node,
                Packed::default(),
                std::iter::once((0, sums[usize::from(level)])),
                0.0,
                &mut score,
            );
        }
        if best.is_none_or(|best| score[0] > best.score) {
            let mut set = BinSet::default();
            set.insert(level);
            best = Some(Question { score: score[0], rule: Rule::OneOf(set) });
        }
    }
    best
}
