//! Regression trees (Breiman et al. 1984), grown until every leaf has one target.

use super::feature::Feature;
use super::split::{Rule, Sums, best_split};
use crate::generator::Generator;

/// A node; children are indices into the tree's nodes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Leaf { value: f64 },
    Split { feature: usize, rule: Rule, left: usize, right: usize },
}

/// A grown tree; the root is the last node.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
}

impl Tree {
    /// Grows a tree on a bootstrap sample of the rows. `orders` are the features' [`Feature::order`].
    pub(super) fn grow(
        features: &[Feature],
        orders: &[Vec<u32>],
        targets: &[f64],
        max_depth: usize,
        generator: &mut Generator,
    ) -> Self {
        let mut sums = vec![Sums::default(); targets.len()];
        for _ in 0..targets.len() {
            let row = generator.below(targets.len());
            sums[row].add(Sums { weight: 1.0, target: targets[row] });
        }
        let drawn = |order: &Vec<u32>| -> Vec<u32> {
            order.iter().copied().filter(|&row| sums[row as usize].weight > 0.0).collect()
        };
        let orders: Vec<Vec<u32>> = orders.iter().map(drawn).collect();
        let n_drawn = orders.first().map_or(0, Vec::len);
        let mut grower = Grower {
            features,
            targets,
            max_depth,
            generator,
            tries: (0..features.len()).collect(),
            is_left: vec![false; targets.len()],
            spare: Vec::with_capacity(n_drawn),
            sums,
            orders,
            nodes: Vec::new(),
        };
        grower.grow(0, n_drawn, 0);
        Self { nodes: grower.nodes }
    }
}

/// A tree while it grows. A node's rows are the same range of every feature's order, sorted by that feature.
struct Grower<'a> {
    features: &'a [Feature],
    targets: &'a [f64],
    max_depth: usize,
    generator: &'a mut Generator,
    /// Features in the order in which they are tried.
    tries: Vec<usize>,
    is_left: Vec<bool>,
    spare: Vec<u32>,
    sums: Vec<Sums>,
    orders: Vec<Vec<u32>>,
    nodes: Vec<Node>,
}

impl Grower<'_> {
    /// Index of the node of the rows `begin..end`, made with all below it.
    fn grow(&mut self, begin: usize, end: usize, depth: usize) -> usize {
        let mut all = Sums::default();
        self.rows(begin, end).for_each(|row| all.add(self.sums[row]));
        let node = match self.split(begin, end, depth, all) {
            Some((feature, rule)) => {
                let middle = self.partition(begin, end, feature, &rule);
                let left = self.grow(begin, middle, depth + 1);
                let right = self.grow(middle, end, depth + 1);
                Node::Split { feature, rule, left, right }
            }
            None => Node::Leaf { value: all.mean() },
        };
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn rows(&self, begin: usize, end: usize) -> impl Iterator<Item = usize> + '_ {
        self.orders.first().into_iter().flat_map(move |order| &order[begin..end]).map(|&row| row as usize)
    }

    /// The best split of all features, the first one tried among equals. Small nodes are cut as well by one
    /// feature as by another, so the order is drawn anew: no parameter gains by its place in the space.
    fn split(&mut self, begin: usize, end: usize, depth: usize, all: Sums) -> Option<(usize, Rule)> {
        let first = self.rows(begin, end).next()?;
        let is_pure = self.rows(begin, end).all(|row| self.targets[row] == self.targets[first]);
        if is_pure || depth == self.max_depth {
            return None;
        }
        let mut best: Option<(f64, usize, Rule)> = None;
        for place in 0..self.tries.len() {
            let other = place + self.generator.below(self.tries.len() - place);
            self.tries.swap(place, other);
            let feature = self.tries[place];
            let rows = &self.orders[feature][begin..end];
            if let Some((explained, rule)) = best_split(&self.features[feature], rows, &self.sums, all)
                && best.as_ref().is_none_or(|(most, _, _)| explained > *most)
            {
                best = Some((explained, feature, rule));
            }
        }
        best.map(|(_, feature, rule)| (feature, rule))
    }

    /// Moves the rows of the left side to the front of every order, which stays sorted on both sides. Returns where
    /// the right side begins.
    fn partition(&mut self, begin: usize, end: usize, feature: usize, rule: &Rule) -> usize {
        for &row in &self.orders[feature][begin..end] {
            self.is_left[row as usize] = rule.is_left(&self.features[feature], row as usize);
        }
        let mut middle = begin;
        for order in &mut self.orders {
            self.spare.clear();
            middle = begin;
            for place in begin..end {
                let row = order[place];
                if self.is_left[row as usize] {
                    order[middle] = row;
                    middle += 1;
                } else {
                    self.spare.push(row);
                }
            }
            order[middle..end].copy_from_slice(&self.spare);
        }
        middle
    }
}

#[cfg(test)]
mod tests {
    use automl_core::Seed;

    use super::*;

    fn grow(features: &[Feature], targets: &[f64], max_depth: usize, seed: u64) -> Tree {
        let orders: Vec<Vec<u32>> = features.iter().map(Feature::order).collect();
        Tree::grow(features, &orders, targets, max_depth, &mut Generator::new(Seed(seed)))
    }

    /// The value of the leaf that the row falls into.
    fn predict(tree: &Tree, features: &[Feature], row: usize) -> f64 {
        let mut node = tree.nodes.last().unwrap();
        loop {
            match node {
                Node::Leaf { value } => return *value,
                Node::Split { feature, rule, left, right } => {
                    let is_left = rule.is_left(&features[*feature], row);
                    node = &tree.nodes[if is_left { *left } else { *right }];
                }
            }
        }
    }

    fn features() -> Vec<Feature> {
        let numbers = (0..200).map(|row| (f64::from(row) * 0.618_033_988).fract()).collect();
        let choices = (0..200).map(|row| row * row % 7 % 4).collect();
        vec![Feature::Numeric(numbers), Feature::Choices { n: 4, values: choices }]
    }

    #[test]
    fn a_full_tree_repeats_the_targets_of_the_rows_it_drew() {
        let features = features();
        let targets: Vec<f64> = (0..200).map(|row| f64::from(row * 37 % 101)).collect();
        let tree = grow(&features, &targets, 64, 1);
        let n_exact = (0..200).filter(|&row| predict(&tree, &features, row) == targets[row]).count();
        // A bootstrap sample holds 63.2 % of the rows.
        assert!((110..=150).contains(&n_exact), "{n_exact}");
    }

    #[test]
    fn depth_is_limited() {
        let features = features();
        let targets: Vec<f64> = (0..200).map(f64::from).collect();
        assert_eq!(grow(&features, &targets, 1, 2).nodes.len(), 3);
        assert!(grow(&features, &targets, 3, 2).nodes.len() <= 15);
    }

    #[test]
    fn equal_targets_make_one_leaf() {
        let tree = grow(&features(), &[2.5; 200], 64, 3);
        assert_eq!(tree.nodes, [Node::Leaf { value: 2.5 }]);
    }

    /// Two features with the same values are interchangeable, so each should be used about as often.
    #[test]
    fn the_first_of_equal_features_has_no_advantage() {
        let numbers = &features()[0];
        let twins = [numbers.clone(), numbers.clone()];
        let targets: Vec<f64> = (0..200).map(|row| f64::from(row * 37 % 101)).collect();
        let tree = grow(&twins, &targets, 64, 4);
        let count = |wanted: usize| {
            tree.nodes
                .iter()
                .filter(|node| matches!(node, Node::Split { feature, .. } if *feature == wanted))
                .count()
        };
        let (first, second) = (count(0), count(1));
        assert!(first.abs_diff(second) < 40, "{first} and {second}");
    }
}
