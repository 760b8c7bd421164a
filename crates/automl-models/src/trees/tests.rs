//! Properties of histograms, splits and trees.

use automl_core::{Design, Matrix, Purpose, Seed, StopSignal};

use super::bins::{BinnedTable, Binner};
use super::categories::CategoryRules;
use super::gradients::{Packed, Quanta};
use super::grow::{Grower, Grown, Growth, Sample};
use super::histogram::Histogram;
use super::split::Limits;
use super::tree::{Node, NodeKind, Tree};
use crate::draws::Draws;

/// Numeric columns, of which every third value of the first is missing, and a category of `levels` levels.
pub(crate) fn table(n_rows: usize, n_numeric: usize, levels: usize, seed: u64) -> Design {
    let mut draws = Draws::new(Seed(seed).purpose(Purpose::Data));
    let mut number = || draws.below(1 << 20) as f32 / (1 << 20) as f32;
    let mut numeric = Matrix::filled(n_rows, n_numeric, 0.0);
    for row in 0..n_rows {
        numeric.row_mut(row).fill_with(&mut number);
        if row % 3 == 0 {
            numeric.row_mut(row)[0] = f32::NAN;
        }
    }
    let codes = (0..n_rows).map(|_| (number() * levels as f32) as u32).collect();
    Design {
        numeric,
        numeric_names: (0..n_numeric).map(|index| format!("x{index}")).collect(),
        codes: Matrix::new(n_rows, 1, codes),
        code_names: vec!["level".to_owned()],
        cardinalities: vec![levels as u32],
        target: None,
        weights: None,
    }
}

/// Everything of a tree's sample.
struct Case {
    binner: Binner,
    table: BinnedTable,
    gradients: Vec<f32>,
    packed: Vec<Packed>,
    quanta: Quanta,
    columns: Vec<u32>,
}

impl Case {
    /// Gradients that depend on two columns and the level, with noise; hessians between 0.05 and 0.25.
    fn new(n_rows: usize, n_numeric: usize, levels: usize) -> Self {
        let design = table(n_rows, n_numeric, levels, 5);
        let mut draws = Draws::new(Seed(9));
        let mut noise = || draws.below(1000) as f32 / 1000.0;
        let (mut gradients, mut hessians) = (Vec::new(), Vec::new());
        for row in 0..n_rows {
            let (x, level) = (design.numeric.row(row), design.codes.get(row, 0));
            let of_first = if x[0].is_nan() { 0.7 } else { x[0] };
            gradients.push(of_first - x[n_numeric - 1] + (level * 7 % 5) as f32 * 0.2 - noise());
            hessians.push(0.05 + 0.2 * noise());
        }
        let binner = Binner::fit(&design, Seed(0)).unwrap();
        let quanta = Quanta::of(&gradients, &hessians);
        let mut packed = Vec::new();
        quanta.pack(&gradients, &hessians, &mut packed);
        let columns = (0..binner.columns.len() as u32).collect();
        Self { table: binner.bin(&design).unwrap(), binner, gradients, packed, quanta, columns }
    }

    fn n_bins(&self) -> Vec<u16> {
        self.binner.columns.iter().map(|column| column.n_bins() as u16).collect()
    }

    fn grow(&self, growth: &Growth) -> Grown {
        let Self { binner, table, packed, quanta, columns, .. } = self;
        let sample = Sample { table, bins: &binner.columns, columns, packed, quanta: *quanta };
        Grower::default().grow(&sample, growth, &mut Draws::new(Seed(4)), &StopSignal::never()).unwrap()
    }

    fn histogram(&self, rows: &[u32], threads: usize) -> Histogram {
        let mut histogram = Histogram::new(self.table.n_columns());
        histogram.fill(&self.table, &self.n_bins(), rows, &self.packed, threads);
        histogram
    }
}

fn growth() -> Growth {
    Growth {
        symmetric: false,
        max_leaves: 31,
        max_depth: usize::MAX,
        limits: Limits { min_child_samples: 5, min_child_hessian: 1e-3, l1: 0.1, l2: 1.0, min_gain: 0.0 },
        categories: CategoryRules::default(),
        columns_per_node: usize::MAX,
        random_thresholds: false,
        threads: 1,
        memory: usize::MAX,
    }
}

#[test]
fn a_parent_less_a_child_is_the_other_child() {
    let case = Case::new(3000, 4, 9);
    let (all, part): (Vec<u32>, Vec<u32>) =
        ((0..3000).collect(), (0..3000).filter(|row| row % 7 < 3).collect());
    let rest: Vec<u32> = (0..3000).filter(|row| row % 7 >= 3).collect();
    let mut whole = case.histogram(&all, 1);
    whole.subtract(&case.histogram(&part, 1), &case.n_bins());
    assert_eq!(whole, case.histogram(&rest, 1));
}

#[test]
fn sums_do_not_depend_on_threads() {
    let case = Case::new(20_000, 20, 9);
    let all: Vec<u32> = (0..20_000).collect();
    assert_eq!(case.histogram(&all, 1), case.histogram(&all, 4));
}

#[test]
fn a_tree_does_not_depend_on_threads() {
    let case = Case::new(20_000, 20, 9);
    for symmetric in [false, true] {
        let of = |threads| case.grow(&Growth { symmetric, threads, ..growth() });
        let (one, four) = (of(1), of(4));
        assert_eq!(one.tree, four.tree);
        assert_eq!(one.rows, four.rows);
    }
}

/// The score that is left by the rows of the leaves, in the unit of the loss.
fn score_of(case: &Case, grown: &Grown, l2: f64) -> f64 {
    let mut first = 0;
    let mut score = 0.0;
    for &end in &grown.ends {
        let sum = grown.rows[first..end]
            .iter()
            .fold(Packed::default(), |sum, &row| sum.plus(case.packed[row as usize]));
        let gradient = f64::from(sum.gradient()) * case.quanta.gradient;
        score += gradient * gradient / (f64::from(sum.hessian()) * case.quanta.hessian + l2);
        first = end;
    }
    score
}

#[test]
fn the_nodes_of_a_level_ask_one_question() {
    let case = Case::new(5000, 4, 12);
    for random_thresholds in [false, true] {
        let limits = Limits { min_child_samples: 1, l1: 0.0, ..growth().limits };
        let symmetric = Growth { symmetric: true, max_leaves: 64, random_thresholds, limits, ..growth() };
        let grown = case.grow(&symmetric);
        assert!(grown.tree.n_leaves() > 16 && grown.tree.n_leaves() <= 64, "{}", grown.tree.n_leaves());
        let question = |node: &Node| (node.question, grown.tree.set(*node).map(|set| set.bins));
        let asks = |node: &&Node| node.question.kind() != NodeKind::Leaf;
        let mut questions: Vec<_> = Vec::new();
        for asked in grown.tree.nodes.iter().filter(asks).map(question) {
            if !questions.contains(&asked) {
                questions.push(asked);
            }
        }
        assert_eq!(questions.len(), 6, "{random_thresholds}");
        // What is asked gains: with every level the leaves explain more.
        let mut last = 0.0;
        for max_leaves in [1, 2, 4, 8, 16, 32, 64] {
            let score = score_of(&case, &case.grow(&Growth { max_leaves, ..symmetric }), limits.l2);
            assert!(score > last, "{max_leaves} leaves: {score} after {last}");
            last = score;
        }
    }
}

#[test]
fn a_symmetric_tree_has_no_more_levels_than_its_memory_holds() {
    let case = Case::new(3000, 4, 9);
    let of = |memory| case.grow(&Growth { symmetric: true, memory, ..growth() }).tree.n_leaves();
    let one = Histogram::new(case.table.n_columns()).n_bytes();
    assert_eq!([of(one), of(2 * one), of(9 * one)], [1, 2, 8]);
}

#[test]
fn a_tree_does_not_depend_on_memory() {
    let case = Case::new(3000, 4, 9);
    assert_eq!(case.grow(&growth()).tree, case.grow(&Growth { memory: 0, ..growth() }).tree);
}

/// The gain of the best split at the root, by sums over rows for every bin of every numeric column and both sides for
/// missing values.
fn best_gain(case: &Case, limits: &Limits) -> f64 {
    let quanta = case.quanta;
    let score = |rows: &[usize]| {
        let hessian: f64 =
            rows.iter().map(|&row| f64::from(case.packed[row].hessian()) * quanta.hessian).sum();
        let gradient: f64 = rows.iter().map(|&row| f64::from(case.gradients[row])).sum();
        let reduced = (gradient.abs() - limits.l1).max(0.0);
        (reduced * reduced / (hessian + limits.l2), hessian)
    };
    let n_rows = case.table.n_rows();
    let all: Vec<usize> = (0..n_rows).collect();
    let mut best = 0.0_f64;
    for column in 0..case.table.n_columns() - 1 {
        let bin = |row: usize| case.table.bins()[row * case.table.n_columns() + column];
        for last in 0..=u8::MAX {
            for missing_left in [false, true] {
                let goes_left = |row: &usize| if bin(*row) == 0 { missing_left } else { bin(*row) <= last };
                let (left, right): (Vec<usize>, Vec<usize>) = all.iter().partition(|row| goes_left(row));
                if left.len() < limits.min_child_samples || right.len() < limits.min_child_samples {
                    continue;
                }
                best = best.max(score(&left).0 + score(&right).0 - score(&all).0);
            }
        }
    }
    best
}

#[test]
fn the_first_split_gains_what_brute_force_finds() {
    for (l1, l2) in [(0.0, 0.0), (2.0, 3.0)] {
        let mut case = Case::new(400, 3, 2);
        // Without the category, whose splits are restricted.
        case.columns.truncate(3);
        case.table = case.table.select(&(0..400).collect::<Vec<_>>(), &[0, 1, 2]);
        let limits = Limits { l1, l2, min_child_samples: 1, min_child_hessian: 0.0, min_gain: 0.0 };
        let grown = case.grow(&Growth { max_leaves: 2, limits, ..growth() });
        // One level of one node asks the same.
        let symmetric = case.grow(&Growth { symmetric: true, max_leaves: 2, limits, ..growth() });
        assert_eq!((&symmetric.tree, &symmetric.rows), (&grown.tree, &grown.rows));
        let score = |rows: &[u32]| {
            let gradient: f64 = rows.iter().map(|&row| f64::from(case.gradients[row as usize])).sum();
            let hessian: f64 = rows
                .iter()
                .map(|&row| f64::from(case.packed[row as usize].hessian()) * case.quanta.hessian)
                .sum();
            (gradient.abs() - l1).max(0.0).powi(2) / (hessian + l2)
        };
        let (left, right) = grown.rows.split_at(grown.ends[0]);
        let gain = score(left) + score(right) - score(&grown.rows);
        case.table = case.table.select(&(0..400).collect::<Vec<_>>(), &[0, 1, 2, 2]);
        let best = best_gain(&case, &limits);
        assert!(best > 1.0 && (gain - best).abs() < 1e-4 * best, "{gain} and {best}");
    }
}

#[test]
fn one_level_divides_categories_as_one_leaf_does() {
    let mut case = Case::new(3000, 3, 40);
    case.columns = vec![3];
    case.table = case.table.select(&(0..3000).collect::<Vec<_>>(), &[3]);
    // Of 40 levels of 75 rows each, on average, half have too few to be asked about: they go right from either end.
    let categories = CategoryRules { smooth: 75.0, min_group: 1, ..CategoryRules::default() };
    let one = Growth { max_leaves: 2, categories, ..growth() };
    for from_the_end in [false, true] {
        let (leaf, level) = (case.grow(&one), case.grow(&Growth { symmetric: true, ..one }));
        assert_eq!(leaf.tree.n_leaves(), 2);
        assert_eq!((&level.tree, &level.rows), (&leaf.tree, &leaf.rows), "from the end: {from_the_end}");
        // The other sign turns the order of the levels around.
        let negated: Vec<f32> = case.gradients.iter().map(|gradient| -gradient).collect();
        let hessian = |sum: &Packed| (f64::from(sum.hessian()) * case.quanta.hessian) as f32;
        let hessians: Vec<f32> = case.packed.iter().map(hessian).collect();
        case.quanta.pack(&negated, &hessians, &mut case.packed);
    }
}

#[test]
fn leaves_hold_the_rows_that_fall_into_them_and_their_best_value() {
    let case = Case::new(2000, 4, 40);
    for random_thresholds in [false, true] {
        let grown = case.grow(&Growth { random_thresholds, ..growth() });
        assert!(grown.tree.n_leaves() > 10 && grown.ends.len() == grown.tree.n_leaves());
        assert!(!grown.tree.sets.is_empty(), "no split of the category");
        let mut leaf_of = vec![usize::MAX; 2000];
        let mut rows: Vec<u32> = (0..2000).collect();
        grown.tree.for_each_leaf(&case.table, &mut rows, &mut Vec::new(), |leaf, rows| {
            for &row in rows {
                leaf_of[row as usize] = leaf;
            }
        });
        let mut first = 0;
        for (leaf, &end) in grown.ends.iter().enumerate() {
            let (mut gradient, mut hessian) = (0.0, 0.0);
            for &row in &grown.rows[first..end] {
                assert_eq!(leaf_of[row as usize], leaf, "row {row}");
                gradient += f64::from(case.gradients[row as usize]);
                hessian += f64::from(case.packed[row as usize].hessian()) * case.quanta.hessian;
            }
            assert!(end - first >= 2, "{} rows", end - first);
            let value = -(gradient.abs() - 0.1).max(0.0).copysign(gradient) / (hessian + 1.0);
            assert!((value - f64::from(grown.tree.values[leaf])).abs() < 1e-4, "{value}");
            first = end;
        }
        assert_eq!(first, 2000);
    }
}

/// The value of the leaf of each row.
fn predictions(tree: &Tree, case: &Case, n_rows: u32) -> Vec<f32> {
    let mut values = vec![f32::NAN; n_rows as usize];
    tree.for_each_leaf(&case.table, &mut (0..n_rows).collect::<Vec<_>>(), &mut Vec::new(), |leaf, rows| {
        for &row in rows {
            values[row as usize] = tree.values[leaf];
        }
    });
    values
}

#[test]
fn a_tree_in_order_says_the_same_and_follows_from_its_questions() {
    let case = Case::new(2000, 4, 40);
    for max_leaves in [1, 2, 31, 200] {
        let tree = case.grow(&Growth { max_leaves, ..growth() }).tree;
        let ordered = tree.in_order(1);
        assert_eq!(
            predictions(&ordered, &case, 2000),
            predictions(&tree, &case, 2000),
            "{max_leaves} leaves"
        );
        assert_eq!(ordered.in_order(1), ordered, "{max_leaves} leaves");
        let question = |node: &Node| {
            let is_leaf = node.question.kind() == NodeKind::Leaf;
            (!is_leaf).then(|| (node.question, ordered.set(*node).map(|set| set.bins)))
        };
        let questions: Vec<_> = ordered.nodes.iter().map(question).collect();
        let again = Tree::of_questions(questions.len(), &questions).unwrap();
        assert_eq!(Tree { values: ordered.values.clone(), ..again }, ordered, "{max_leaves} leaves");
        assert_eq!(Tree::of_questions(questions.len() + 2, &questions), None, "a node is missing");
        if questions.len() > 1 {
            assert_eq!(Tree::of_questions(questions.len() - 2, &questions), None, "a node too many");
        }
    }
}

#[test]
fn growth_stays_within_its_limits() {
    let case = Case::new(2000, 4, 9);
    let shallow = case.grow(&Growth { max_depth: 2, ..growth() });
    assert_eq!(shallow.tree.n_leaves(), 4);
    assert_eq!(case.grow(&Growth { max_leaves: 7, ..growth() }).tree.n_leaves(), 7);
    let none = Limits { min_gain: 1e9, ..growth().limits };
    assert_eq!(case.grow(&Growth { limits: none, ..growth() }).tree.n_leaves(), 1);
}

#[test]
fn a_large_tree_asks_the_stop_signal() {
    let case = Case::new(100_000, 21, 9);
    let stop = StopSignal::never();
    stop.interrupt();
    let Case { binner, table, packed, quanta, columns, .. } = &case;
    let sample = Sample { table, bins: &binner.columns, columns, packed, quanta: *quanta };
    assert!(Grower::default().grow(&sample, &growth(), &mut Draws::new(Seed(4)), &stop).is_err());
}
