//! Variance of a tree's marginals.
//!
//! The marginal of some parameters is the tree's prediction averaged over all others, uniformly over their axes
//! (equation 3 of Hutter et al.). It is constant on the cells of those parameters, so its variance is a sum over them.

use super::leaves::Leaves;

/// Mean and variances of a tree's prediction over the space.
pub(super) struct Variances {
    mean: f64,
    /// Of the prediction itself.
    pub(super) total: f64,
    /// Of the marginal of each single feature.
    pub(super) single: Vec<f64>,
}

impl Variances {
    pub(super) fn of(leaves: &Leaves) -> Self {
        let mean: f64 = leaves.iter().map(|leaf| leaf.volume() * leaf.value()).sum();
        let total = leaves.iter().map(|leaf| leaf.volume() * (leaf.value() - mean).powi(2)).sum();
        let single = (0..leaves.widths.len()).map(|feature| single(leaves, mean, feature)).collect();
        Self { mean, total, single }
    }

    /// What the marginal of two features varies beyond the marginals of each (their interaction).
    pub(super) fn of_pair(&self, leaves: &Leaves, a: usize, b: usize) -> f64 {
        (pair(leaves, self.mean, a, b) - self.single[a] - self.single[b]).max(0.0)
    }
}

/// Each leaf adds its part to the first cell of a run and takes it back after the last; sums from the left are the
/// marginal.
fn single(leaves: &Leaves, mean: f64, feature: usize) -> f64 {
    let widths = &leaves.widths[feature];
    let mut changes = vec![0.0; widths.len() + 1];
    for leaf in leaves.iter().filter(|leaf| leaf.volume() > 0.0) {
        let part = (leaf.value() - mean) * leaf.volume() / leaf.side(feature);
        for &(first, end) in leaf.runs(feature) {
            changes[first as usize] += part;
            changes[end as usize] -= part;
        }
    }
    let mut marginal = 0.0;
    let square = |(width, change): (&f64, &f64)| {
        marginal += change;
        width * marginal * marginal
    };
    widths.iter().zip(&changes).map(square).sum()
}

/// As [`single`], over the cells of two features.
fn pair(leaves: &Leaves, mean: f64, a: usize, b: usize) -> f64 {
    let (rows, columns) = (&leaves.widths[a], &leaves.widths[b]);
    let stride = columns.len() + 1;
    let mut changes = vec![0.0; (rows.len() + 1) * stride];
    for leaf in leaves.iter().filter(|leaf| leaf.volume() > 0.0) {
        let part = (leaf.value() - mean) * leaf.volume() / (leaf.side(a) * leaf.side(b));
        for &(top, bottom) in leaf.runs(a) {
            let (top, bottom) = (top as usize * stride, bottom as usize * stride);
            for &(left, right) in leaf.runs(b) {
                let (left, right) = (left as usize, right as usize);
                changes[top + left] += part;
                changes[top + right] -= part;
                changes[bottom + left] -= part;
                changes[bottom + right] += part;
            }
        }
    }
    let mut above = vec![0.0; stride];
    let mut variance = 0.0;
    for (height, changes) in rows.iter().zip(changes.chunks_exact(stride)) {
        let mut marginal = 0.0;
        let mut row = 0.0;
        for ((width, change), above) in columns.iter().zip(changes).zip(&mut above) {
            *above += change;
            marginal += *above;
            row += width * marginal * marginal;
        }
        variance += height * row;
    }
    variance
}

#[cfg(test)]
mod tests {
    use automl_core::Seed;

    use super::super::feature::Feature;
    use super::super::tree::Tree;
    use super::*;
    use crate::generator::Generator;

    fn leaves() -> Leaves {
        let mut generator = Generator::new(Seed(2));
        let mut numbers = || -> Vec<f64> { (0..60).map(|_| generator.unit()).collect() };
        let (x, y, targets) = (numbers(), numbers(), numbers());
        let choices = (0..60).map(|row| row % 4).collect();
        let features = [Feature::Numeric(x), Feature::Choices { n: 5, values: choices }, Feature::Numeric(y)];
        let orders: Vec<Vec<u32>> = features.iter().map(Feature::order).collect();
        Leaves::new(&Tree::grow(&features, &orders, &targets, 64, &mut generator), &features)
    }

    /// The prediction in every cell of the three features, looked up leaf by leaf.
    fn predictions(leaves: &Leaves) -> Vec<Vec<Vec<f64>>> {
        let n: Vec<u32> = leaves.widths.iter().map(|widths| widths.len() as u32).collect();
        let covers =
            |runs: &[(u32, u32)], cell: u32| runs.iter().any(|(first, end)| (*first..*end).contains(&cell));
        let at = |i, j, k| {
            let leaf = leaves
                .iter()
                .find(|leaf| covers(leaf.runs(0), i) && covers(leaf.runs(1), j) && covers(leaf.runs(2), k));
            leaf.unwrap().value()
        };
        (0..n[0]).map(|i| (0..n[1]).map(|j| (0..n[2]).map(|k| at(i, j, k)).collect()).collect()).collect()
    }

    #[test]
    fn variances_are_those_of_brute_force() {
        let leaves = leaves();
        let values = predictions(&leaves);
        let widths = &leaves.widths;
        // Sums over all cells, each weighted by its volume, of the prediction given the cells of `kept` features.
        let variance = |kept: &[usize]| {
            let n: Vec<usize> = widths.iter().map(Vec::len).collect();
            let (mut sums, mut weights) =
                (std::collections::BTreeMap::new(), std::collections::BTreeMap::new());
            for i in 0..n[0] {
                for j in 0..n[1] {
                    for k in 0..n[2] {
                        let key: Vec<usize> = kept.iter().map(|&feature| [i, j, k][feature]).collect();
                        let volume = widths[0][i] * widths[1][j] * widths[2][k];
                        *sums.entry(key.clone()).or_insert(0.0) += volume * values[i][j][k];
                        *weights.entry(key).or_insert(0.0) += volume;
                    }
                }
            }
            let mean: f64 = sums.values().sum();
            let square = |(sum, weight): (&f64, &f64)| weight * (sum / weight - mean).powi(2);
            sums.values().zip(weights.values()).map(square).sum::<f64>()
        };
        let variances = Variances::of(&leaves);
        let close =
            |got: f64, expected: f64| assert!((got - expected).abs() < 1e-12, "{got}, expected {expected}");
        close(variances.total, variance(&[0, 1, 2]));
        for feature in 0..3 {
            close(variances.single[feature], variance(&[feature]));
        }
        for (a, b) in [(0, 1), (1, 2), (0, 2)] {
            let expected = variance(&[a, b]) - variance(&[a]) - variance(&[b]);
            close(variances.of_pair(&leaves, a, b), expected);
        }
    }
}
