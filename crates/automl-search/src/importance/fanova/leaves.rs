//! The boxes into which a tree cuts the space.
//!
//! Every feature is cut into cells: a numeric one at the thresholds of the tree's splits, a categorical one between
//! its choices. Along each feature a leaf covers some runs of neighbouring cells, a single one if it is numeric.

use super::feature::Feature;
use super::split::Rule;
use super::tree::{Node, Tree};

/// The leaves of one tree.
pub(super) struct Leaves {
    /// Widths of the cells of each feature; they add up to 1.
    pub(super) widths: Vec<Vec<f64>>,
    n_features: usize,
    values: Vec<f64>,
    /// Sum of the widths that a leaf covers, `[leaf * n_features + feature]`.
    sides: Vec<f64>,
    /// First and last-but-one cell of all runs of all leaves.
    runs: Vec<(u32, u32)>,
    /// Where the runs of a leaf along a feature begin, `[leaf * n_features + feature]`; one entry more at the end.
    starts: Vec<u32>,
}

/// One leaf.
#[derive(Clone, Copy)]
pub(super) struct Leaf<'a> {
    leaves: &'a Leaves,
    index: usize,
}

impl Leaf<'_> {
    /// The tree's prediction in it.
    pub(super) fn value(&self) -> f64 {
        self.leaves.values[self.index]
    }

    /// Its share of the space.
    pub(super) fn volume(&self) -> f64 {
        let begin = self.index * self.leaves.n_features;
        self.leaves.sides[begin..begin + self.leaves.n_features].iter().product()
    }

    /// Its share of one feature's range.
    pub(super) fn side(&self, feature: usize) -> f64 {
        self.leaves.sides[self.index * self.leaves.n_features + feature]
    }

    /// The cells `first..end` that it covers along one feature.
    pub(super) fn runs(&self, feature: usize) -> &[(u32, u32)] {
        let place = self.index * self.leaves.n_features + feature;
        &self.leaves.runs[self.leaves.starts[place] as usize..self.leaves.starts[place + 1] as usize]
    }
}

impl Leaves {
    pub(super) fn new(tree: &Tree, features: &[Feature]) -> Self {
        let edges: Vec<Vec<f64>> =
            features.iter().enumerate().map(|(index, feature)| edges(tree, index, feature)).collect();
        let widths = |edges: &Vec<f64>| edges.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mut leaves = Self {
            widths: edges.iter().map(widths).collect(),
            n_features: features.len(),
            values: Vec::new(),
            sides: Vec::new(),
            runs: Vec::new(),
            starts: vec![0],
        };
        let mut region: Vec<Vec<(u32, u32)>> =
            leaves.widths.iter().map(|widths| vec![(0, widths.len() as u32)]).collect();
        leaves.walk(tree, tree.nodes.len() - 1, &edges, &mut region);
        leaves
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Leaf<'_>> {
        (0..self.values.len()).map(|index| Leaf { leaves: self, index })
    }

    /// Adds the leaves below `node`, whose box is `region`.
    fn walk(&mut self, tree: &Tree, node: usize, edges: &[Vec<f64>], region: &mut Vec<Vec<(u32, u32)>>) {
        match &tree.nodes[node] {
            Node::Leaf { value } => self.push(*value, region),
            Node::Split { feature, rule, left, right } => {
                let both = std::mem::take(&mut region[*feature]);
                for (child, is_left) in [(*left, true), (*right, false)] {
                    region[*feature] = part(&both, rule, &edges[*feature], is_left);
                    self.walk(tree, child, edges, region);
                }
                region[*feature] = both;
            }
        }
    }

    fn push(&mut self, value: f64, region: &[Vec<(u32, u32)>]) {
        self.values.push(value);
        for (widths, runs) in self.widths.iter().zip(region) {
            let width = |&(first, end): &(u32, u32)| widths[first as usize..end as usize].iter().sum::<f64>();
            self.sides.push(runs.iter().map(width).sum());
            self.runs.extend(runs);
            self.starts.push(self.runs.len() as u32);
        }
    }
}

/// Where the cells of a feature begin and end.
fn edges(tree: &Tree, index: usize, feature: &Feature) -> Vec<f64> {
    if let Feature::Choices { n, .. } = feature {
        return (0..=*n).map(|choice| choice as f64 / *n as f64).collect();
    }
    let thresholds = tree.nodes.iter().filter_map(|node| match node {
        Node::Split { feature, rule: Rule::UpTo(threshold), .. } if *feature == index => Some(*threshold),
        _ => None,
    });
    let mut edges: Vec<f64> = thresholds.chain([0.0, 1.0]).collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    edges
}

/// The part of some runs on one side of a split.
fn part(runs: &[(u32, u32)], rule: &Rule, edges: &[f64], is_left: bool) -> Vec<(u32, u32)> {
    match rule {
        Rule::UpTo(threshold) => {
            let cut = edges.partition_point(|edge| edge < threshold) as u32;
            let half = |&(first, end): &(u32, u32)| {
                if is_left { (first, end.min(cut)) } else { (first.max(cut), end) }
            };
            runs.iter().map(half).filter(|(first, end)| first < end).collect()
        }
        Rule::OneOf(left) => {
            let cells = runs.iter().flat_map(|&(first, end)| first..end);
            let mut part: Vec<(u32, u32)> = Vec::new();
            for cell in cells.filter(|&cell| left[cell as usize] == is_left) {
                match part.last_mut() {
                    Some((_, end)) if *end == cell => *end = cell + 1,
                    _ => part.push((cell, cell + 1)),
                }
            }
            part
        }
    }
}

#[cfg(test)]
mod tests {
    use automl_core::Seed;

    use super::*;
    use crate::generator::Generator;

    #[test]
    fn leaves_tile_the_space() {
        let mut generator = Generator::new(Seed(1));
        let numbers: Vec<f64> = (0..150).map(|_| generator.unit()).collect();
        let choices: Vec<u32> = (0..150).map(|_| generator.below(6) as u32).collect();
        let targets: Vec<f64> = (0..150).map(|_| generator.unit()).collect();
        let features = [Feature::Numeric(numbers), Feature::Choices { n: 7, values: choices }];
        let orders: Vec<Vec<u32>> = features.iter().map(Feature::order).collect();
        let tree = Tree::grow(&features, &orders, &targets, 64, &mut generator);
        let leaves = Leaves::new(&tree, &features);
        let volume: f64 = leaves.iter().map(|leaf| leaf.volume()).sum();
        assert!((volume - 1.0).abs() < 1e-12, "{volume}");
        let mut covered = vec![vec![0; leaves.widths[1].len()]; leaves.widths[0].len()];
        for leaf in leaves.iter() {
            for &(first, end) in leaf.runs(0) {
                for &(first_choice, end_choice) in leaf.runs(1) {
                    for row in &mut covered[first as usize..end as usize] {
                        row[first_choice as usize..end_choice as usize]
                            .iter_mut()
                            .for_each(|count| *count += 1);
                    }
                }
            }
        }
        assert!(covered.iter().flatten().all(|&count| count == 1));
    }
}
