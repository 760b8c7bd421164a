//! The best split of a column in a node.

use super::answers::Answers;
use crate::trees::bins::{ColumnBins, MAX_BINS};
use crate::trees::draws::Draws;
use crate::trees::split::Rule;

/// A split of one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Split {
    /// The purity of both sides.
    pub(super) purity: f64,
    /// Which rows go left.
    pub(super) rule: Rule,
}

/// The rows of a node: their numbers, and the weight of every row of the table.
#[derive(Clone, Copy)]
pub(super) struct NodeRows<'a> {
    /// Rows of the node.
    pub(super) rows: &'a [u32],
    /// Weights of all rows.
    pub(super) weights: &'a [f32],
    /// What they learn from.
    pub(super) answers: &'a Answers,
    /// Their sum.
    pub(super) total: &'a [f64],
    /// Fewest rows of a side.
    pub(super) min_leaf: usize,
}

/// Sums of a node's rows in the bins of one column. Bins without rows are neither cleared nor read.
#[derive(Debug)]
pub(super) struct Sums {
    width: usize,
    /// `width` numbers a bin; 0 where the bin has no rows.
    parts: Vec<f64>,
    counts: [u32; MAX_BINS],
    /// The bins that have rows, in order.
    occupied: Vec<u8>,
    left: Vec<f64>,
    right: Vec<f64>,
}

impl Sums {
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            parts: vec![0.0; width * MAX_BINS],
            counts: [0; MAX_BINS],
            occupied: Vec::with_capacity(MAX_BINS),
            left: vec![0.0; width],
            right: vec![0.0; width],
        }
    }

    /// The best split of a column whose purity exceeds `threshold`, and whether the column has two bins with rows.
    /// With `draws`, the threshold is drawn evenly between the smallest and the largest value.
    pub(super) fn best(
        &mut self,
        bins: &[u8],
        column: &ColumnBins,
        node: NodeRows<'_>,
        threshold: f64,
        draws: Option<&mut Draws>,
    ) -> (Option<Split>, bool) {
        let occupied = occupied_bins(bins, node.rows);
        if occupied.iter().map(|word| word.count_ones()).sum::<u32>() < 2 {
            return (None, false);
        }
        self.fill(bins, node);
        self.occupied.clear();
        for (index, mut word) in occupied.into_iter().enumerate() {
            while word != 0 {
                self.occupied.push((64 * index as u32 + word.trailing_zeros()) as u8);
                word &= word - 1;
            }
        }
        let only = draws.and_then(|draws| self.random_cut(column, draws));
        let best = self.scan(node, threshold, only);
        for &bin in &self.occupied {
            let bin = usize::from(bin);
            self.counts[bin] = 0;
            self.parts[bin * self.width..(bin + 1) * self.width].fill(0.0);
        }
        (best, true)
    }

    fn fill(&mut self, bins: &[u8], node: NodeRows<'_>) {
        match node.answers {
            Answers::Real(values) => {
                for &row in node.rows {
                    let (row, bin) = (row as usize, usize::from(bins[row as usize]));
                    let weight = f64::from(node.weights[row]);
                    let sum = &mut self.parts[2 * bin..2 * bin + 2];
                    sum[0] += weight;
                    sum[1] += weight * f64::from(values[row]);
                    self.counts[bin] += 1;
                }
            }
            Answers::Classes { codes, .. } => {
                for &row in node.rows {
                    let (row, bin) = (row as usize, usize::from(bins[row as usize]));
                    self.parts[bin * self.width + codes[row] as usize] += f64::from(node.weights[row]);
                    self.counts[bin] += 1;
                }
            }
        }
    }

    /// The last bin left of a random cut between the values of the node; `None` if only missing values differ.
    fn random_cut(&self, column: &ColumnBins, draws: &mut Draws) -> Option<u8> {
        let first = *self.occupied.iter().find(|&&bin| bin > 0)?;
        let last = *self.occupied.last()?;
        if first == last {
            return None;
        }
        let even = |draws: &mut Draws| first + draws.below(usize::from(last - first)) as u8;
        let ColumnBins::Numeric { cuts } = column else { return Some(even(draws)) };
        // The cuts between the first bin and the last; the one behind bin `bin` is `cuts[bin - 1]`.
        let between = &cuts[usize::from(first) - 1..usize::from(last) - 1];
        let (low, high) = (between[0], between[between.len() - 1]);
        let value = low + (high - low) * draws.unit();
        if !value.is_finite() {
            return Some(even(draws));
        }
        let position = between.partition_point(|&cut| cut < value).min(between.len() - 1);
        Some(first + position as u8)
    }

    fn scan(&mut self, node: NodeRows<'_>, threshold: f64, only: Option<u8>) -> Option<Split> {
        let has_missing = self.occupied.first() == Some(&0);
        let (mut best, mut found) = (threshold, None);
        let sides: &[bool] = if has_missing { &[false, true] } else { &[true] };
        for &missing_right in sides {
            self.left.fill(0.0);
            self.right.copy_from_slice(node.total);
            let mut n_left = 0;
            let last_occupied = self.occupied.len() - 1;
            for position in 0..=last_occupied {
                let bin = self.occupied[position];
                if bin == 0 && missing_right {
                    continue;
                }
                let sums = &self.parts[usize::from(bin) * self.width..][..self.width];
                for ((left, right), &part) in self.left.iter_mut().zip(&mut self.right).zip(sums) {
                    *left += part;
                    *right -= part;
                }
                n_left += self.counts[usize::from(bin)] as usize;
                if n_left < node.min_leaf {
                    continue;
                }
                if node.rows.len() - n_left < node.min_leaf.max(1) {
                    break;
                }
                let next = self.occupied.get(position + 1).copied();
                // With a random cut, only the last bin before it is a candidate.
                if only.is_some_and(|only| bin > only || next.is_some_and(|next| next <= only)) {
                    continue;
                }
                let purity = node.answers.purity(&self.left) + node.answers.purity(&self.right);
                if purity > best {
                    best = purity;
                    found = Some((bin, next, missing_right));
                }
            }
        }
        let (bin, next, missing_right) = found?;
        // The cut goes half-way to the next bin with rows, unless it was drawn.
        let last = match (only, next) {
            (Some(only), _) if bin > 0 => only,
            (None, Some(next)) if bin > 0 => bin + (next - bin - 1) / 2,
            _ => bin,
        };
        let missing_right = if has_missing { missing_right } else { self.is_left_lighter(last, node) };
        Some(Split { purity: best, rule: Rule::UpTo { last, missing_right } })
    }

    /// Whether fewer rows go left than right: where missing values go of which there were none.
    fn is_left_lighter(&self, last: u8, node: NodeRows<'_>) -> bool {
        let up_to = self.occupied.iter().take_while(|&&bin| bin <= last);
        let n_left: usize = up_to.map(|&bin| self.counts[usize::from(bin)] as usize).sum();
        2 * n_left < node.rows.len()
    }
}

/// A bit for every bin that has rows.
fn occupied_bins(bins: &[u8], rows: &[u32]) -> [u64; 4] {
    let mut occupied = [0_u64; 4];
    for &row in rows {
        let bin = bins[row as usize];
        occupied[usize::from(bin >> 6)] |= 1 << (bin & 63);
    }
    occupied
}
