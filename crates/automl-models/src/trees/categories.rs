//! The best split of a categorical column.
//!
//! Few levels are tried one against the rest. More are put in the order of their gradient statistics, in which the
//! best division into two sets is a cut (Fisher 1958, "On grouping for maximum homogeneity"). The order is learnt
//! from the same gradients, so it is held back as in `LightGBM` (Ke et al. 2017): levels of few rows stay on the right,
//! both sides need many rows, and a left side has at most 32 levels.

use super::gradients::{Packed, Quanta};
use super::histogram::ColumnSums;
use super::split::{BinSet, Leaf, Rule, Split};

/// How categorical splits are held back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CategoryRules {
    /// Most levels that are tried one against the rest.
    pub(crate) max_one_against_rest: usize,
    /// Hessian added to a level's own when levels are ordered; levels of fewer rows stay on the right.
    pub(crate) smooth: f64,
    /// Added to `l2`.
    pub(crate) l2: f64,
    /// Most levels of the left side.
    pub(crate) max_levels: usize,
    /// Rows that must be added to the left side before it is tried again, and fewest rows of the right side.
    pub(crate) min_group: usize,
}

impl Default for CategoryRules {
    fn default() -> Self {
        Self { max_one_against_rest: 4, smooth: 10.0, l2: 10.0, max_levels: 32, min_group: 100 }
    }
}

/// The best split of a categorical column whose `n_bins` first sums are in use, if one exceeds the leaf's threshold.
/// `draw` limits each kind of split to one, chosen by a number below its argument.
pub(crate) fn best_category(
    sums: &ColumnSums,
    n_bins: usize,
    leaf: &Leaf,
    quanta: Quanta,
    rules: &CategoryRules,
    draw: Option<&mut dyn FnMut(usize) -> usize>,
) -> Option<Split> {
    let levels: Vec<u8> = (0..n_bins).filter(|&bin| sums[bin].hessian() > 0).map(|bin| bin as u8).collect();
    if levels.len() < 2 {
        return None;
    }
    if levels.len() <= rules.max_one_against_rest {
        one_against_rest(sums, &levels, leaf, draw)
    } else {
        ordered(sums, levels, leaf, quanta, rules, draw)
    }
}

fn one_against_rest(
    sums: &ColumnSums,
    levels: &[u8],
    leaf: &Leaf,
    draw: Option<&mut dyn FnMut(usize) -> usize>,
) -> Option<Split> {
    let only = draw.map(|draw| levels[draw(levels.len())]);
    let (mut best, mut found) = (leaf.threshold, None);
    for &level in levels.iter().filter(|&&level| only.is_none_or(|only| only == level)) {
        let left = sums[usize::from(level)];
        if !leaf.allows(left) || !leaf.allows(leaf.total.minus(left)) {
            continue;
        }
        if let Some(score) = leaf.better(left, best) {
            best = score;
            found = Some((level, left));
        }
    }
    let (level, left) = found?;
    let mut set = BinSet::default();
    set.insert(level);
    Some(Split { score: best, left, rule: Rule::OneOf(set) })
}

/// Brings levels into the order of their gradient statistics; those of few rows are left out. `per_row` is the hessian of a row.
pub(super) fn order_levels(
    levels: &mut Vec<u8>,
    sums: &ColumnSums,
    per_row: f64,
    rules: &CategoryRules,
    quanta: Quanta,
) {
    let smooth = rules.smooth / quanta.hessian;
    let fewest = (rules.smooth - 0.5) * per_row;
    levels.retain(|&level| f64::from(sums[usize::from(level)].hessian()) >= fewest);
    let statistic = |level: u8| {
        let sum = sums[usize::from(level)];
        f64::from(sum.gradient()) / (f64::from(sum.hessian()) + smooth)
    };
    levels.sort_by(|&a, &b| statistic(a).total_cmp(&statistic(b)));
}

fn ordered(
    sums: &ColumnSums,
    mut levels: Vec<u8>,
    leaf: &Leaf,
    quanta: Quanta,
    rules: &CategoryRules,
    draw: Option<&mut dyn FnMut(usize) -> usize>,
) -> Option<Split> {
    order_levels(&mut levels, sums, leaf.per_row, rules, quanta);
    let most = rules.max_levels.min(levels.len().div_ceil(2));
    let only = draw.map(|draw| draw(most.max(1)));
    let held_back = Leaf { l2: leaf.l2 + rules.l2 / quanta.hessian, ..*leaf };
    let group = (rules.min_group as f64 - 0.5) * leaf.per_row;
    let (mut best, mut found) = (leaf.threshold, None);
    for backwards in [false, true] {
        let (mut left, mut since) = (Packed::default(), 0.0);
        for position in 0..most {
            let level = if backwards { levels[levels.len() - 1 - position] } else { levels[position] };
            left = left.plus(sums[usize::from(level)]);
            since += f64::from(sums[usize::from(level)].hessian());
            let right = leaf.total.minus(left);
            if !leaf.allows(left) {
                continue;
            }
            if !leaf.allows(right) || f64::from(right.hessian()) < group {
                break;
            }
            if since < group || only.is_some_and(|only| position < only) {
                continue;
            }
            since = 0.0;
            if let Some(score) = held_back.better(left, best) {
                best = score;
                found = Some((backwards, position, left));
            }
            if only.is_some() {
                break;
            }
        }
    }
    let (backwards, position, left) = found?;
    let mut set = BinSet::default();
    let chosen = if backwards { &levels[levels.len() - 1 - position..] } else { &levels[..=position] };
    for &level in chosen {
        set.insert(level);
    }
    Some(Split { score: best, left, rule: Rule::OneOf(set) })
}
