//! The best split of a column in a node.

use super::answers::Answers;
use crate::draws::Draws;
use crate::trees::bins::{ColumnBins, MAX_BINS};
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
        let bits = Occupied::of(bins, node.rows);
        if bits.are_fewer_than_two() {
            return (None, false);
        }
        if let Some(draws) = draws {
            let cut = bits.random_cut(column, draws);
            return (self.at_cut(bins, node, threshold, cut, bits.has_missing()), true);
        }
        bits.list(&mut self.occupied);
        self.fill(bins, node);
        let best = self.scan(node, threshold);
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

    /// The better of the two splits at a cut: missing values may go either way.
    fn at_cut(
        &mut self,
        bins: &[u8],
        node: NodeRows<'_>,
        threshold: f64,
        cut: u8,
        has_missing: bool,
    ) -> Option<Split> {
        let (mut best, mut found) = (threshold, None);
        let sides: &[bool] = match (has_missing, cut) {
            (true, 0) => &[false],
            (true, _) => &[false, true],
            (false, _) => &[true],
        };
        for &missing_right in sides {
            let rule = Rule::UpTo { last: cut, missing_right };
            let n_left = self.sum_left(bins, node, &rule);
            if n_left.min(node.rows.len() - n_left) < node.min_leaf.max(1) {
                continue;
            }
            for ((right, total), left) in self.right.iter_mut().zip(node.total).zip(&self.left) {
                *right = total - left;
            }
            let purity = node.answers.purity(&self.left) + node.answers.purity(&self.right);
            if purity > best {
                best = purity;
                let missing_right = if has_missing { missing_right } else { 2 * n_left < node.rows.len() };
                found = Some(Rule::UpTo { last: cut, missing_right });
            }
        }
        found.map(|rule| Split { purity: best, rule })
    }

    /// Sums the rows that go left; returns how many there are. Those that go right are added with weight 0: a branch
    /// would be guessed wrongly half of the time.
    fn sum_left(&mut self, bins: &[u8], node: NodeRows<'_>, rule: &Rule) -> usize {
        let mut n_left = 0;
        let mut left_weight = |row: u32| {
            let goes_left = rule.goes_left(bins[row as usize]);
            n_left += usize::from(goes_left);
            f64::from(node.weights[row as usize]) * f64::from(u8::from(goes_left))
        };
        self.left.fill(0.0);
        match node.answers {
            Answers::Real(values) => {
                let (mut weights, mut sum) = (0.0, 0.0);
                for &row in node.rows {
                    let weight = left_weight(row);
                    weights += weight;
                    sum += weight * f64::from(values[row as usize]);
                }
                self.left.copy_from_slice(&[weights, sum]);
            }
            Answers::Classes { codes, .. } => {
                for &row in node.rows {
                    self.left[codes[row as usize] as usize] += left_weight(row);
                }
            }
        }
        n_left
    }

    /// The best of all cuts between bins with rows.
    fn scan(&mut self, node: NodeRows<'_>, threshold: f64) -> Option<Split> {
        let has_missing = self.occupied[0] == 0;
        let (mut best, mut found) = (threshold, None);
        let sides: &[bool] = if has_missing { &[false, true] } else { &[true] };
        for &missing_right in sides {
            self.left.fill(0.0);
            self.right.copy_from_slice(node.total);
            let mut n_left = 0;
            for (position, &bin) in self.occupied.iter().enumerate() {
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
                let purity = node.answers.purity(&self.left) + node.answers.purity(&self.right);
                if purity > best {
                    best = purity;
                    found = Some((bin, self.occupied.get(position + 1).copied(), missing_right, n_left));
                }
            }
        }
        let (bin, next, missing_right, n_left) = found?;
        // The cut goes half-way to the next bin with rows.
        let last = match next {
            Some(next) if bin > 0 => bin + (next - bin - 1) / 2,
            _ => bin,
        };
        let missing_right = if has_missing { missing_right } else { 2 * n_left < node.rows.len() };
        Some(Split { purity: best, rule: Rule::UpTo { last, missing_right } })
    }
}

/// A bit for every bin, set where the bin has rows.
#[derive(Debug, Clone, Copy)]
struct Occupied([u64; 4]);

impl Occupied {
    fn of(bins: &[u8], rows: &[u32]) -> Self {
        let mut bits = [0_u64; 4];
        for &row in rows {
            let bin = bins[row as usize];
            bits[usize::from(bin >> 6)] |= 1 << (bin & 63);
        }
        Self(bits)
    }

    fn are_fewer_than_two(self) -> bool {
        self.0.iter().map(|word| word.count_ones()).sum::<u32>() < 2
    }

    fn has_missing(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// Lists the bins in order.
    fn list(self, bins: &mut Vec<u8>) {
        bins.clear();
        for (index, mut word) in self.0.into_iter().enumerate() {
            while word != 0 {
                bins.push((64 * index as u32 + word.trailing_zeros()) as u8);
                word &= word - 1;
            }
        }
    }

    /// The first and the last bin, missing values not counted; there is at least one.
    fn ends(self) -> (u8, u8) {
        let [a, b, c, d] = self.0;
        let low = u128::from(a & !1) | u128::from(b) << 64;
        let high = u128::from(c) | u128::from(d) << 64;
        let first = if low == 0 { 128 + high.trailing_zeros() } else { low.trailing_zeros() };
        let last = high.checked_ilog2().map_or_else(|| low.checked_ilog2().unwrap_or(0), |bit| 128 + bit);
        (first as u8, last as u8)
    }

    /// The last bin left of a random cut between the values of the node; 0 if only missing values differ.
    fn random_cut(self, column: &ColumnBins, draws: &mut Draws) -> u8 {
        let (first, last) = self.ends();
        if first == last {
            return 0;
        }
        let even = |draws: &mut Draws| first + draws.below(usize::from(last - first)) as u8;
        let ColumnBins::Numeric { cuts } = column else { return even(draws) };
        // The cuts between the first bin and the last; the one behind bin `bin` is `cuts[bin - 1]`.
        let between = &cuts[usize::from(first) - 1..usize::from(last) - 1];
        if between.len() < 2 {
            return first;
        }
        // The first bin is held to be as wide as the second.
        let (low, high) = (2.0 * between[0] - between[1], between[between.len() - 1]);
        let value = low + (high - low) * draws.unit();
        if !value.is_finite() {
            return even(draws);
        }
        let position = between.partition_point(|&cut| cut < value).min(between.len() - 1);
        first + position as u8
    }
}
