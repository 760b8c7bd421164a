//! A grown tree and its predictions on binned rows.

use super::bins::BinnedTable;
use super::partition::{Column, divide};
use super::split::{BinSet, Rule};

/// Columns that a node can name.
pub(crate) const MAX_COLUMNS: usize = 1 << 21;

/// A node: a leaf, or a question about one column. Forests have millions of them, so each takes two words.
///
/// Children stand side by side, the right one after the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node {
    /// What is asked.
    pub(crate) question: Question,
    /// The index of a leaf, the position of the left child of a numeric question, or the index of the set of a
    /// categorical one.
    place: u32,
}

/// What a node asks, in a word: its kind (2 bits), `shift` (1), `last` (8) and its column (21).
///
/// Bins up to `last` go left once `shift` is taken away, which is 1 if bin 0 goes right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Question(u32);

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    /// No question.
    Leaf,
    /// A question about the order of bins.
    Numeric,
    /// A question about a set of bins.
    Category,
}

impl Question {
    const LEAF: Self = Self(0);

    fn new(kind: u32, column: u32, last: u8, shift: u8) -> Self {
        Self(kind | u32::from(shift) << 2 | u32::from(last) << 3 | column << 11)
    }

    /// The question of a word; `None` if no question is written so, or if it asks about one of the columns from
    /// `n_columns` on.
    pub(crate) fn of_word(word: u32, n_columns: usize) -> Option<Self> {
        let question = Self(word);
        (matches!(word & 3, 1 | 2) && question.column() < n_columns).then_some(question)
    }

    /// Whether a word is written for a categorical question.
    pub(crate) fn asks_for_set(word: u32) -> bool {
        Self(word).kind() == NodeKind::Category
    }

    /// As a word.
    pub(crate) fn word(self) -> u32 {
        self.0
    }

    /// What the node is.
    #[inline]
    pub(crate) fn kind(self) -> NodeKind {
        match self.0 & 3 {
            0 => NodeKind::Leaf,
            2 => NodeKind::Category,
            _ => NodeKind::Numeric,
        }
    }

    #[inline]
    fn column(self) -> usize {
        (self.0 >> 11) as usize
    }

    /// Of a numeric question.
    #[inline]
    fn rule(self) -> Rule {
        let (last, shift) = ((self.0 >> 3) as u8, (self.0 >> 2 & 1) as u8);
        Rule::UpTo { last: last.wrapping_add(shift), missing_right: shift == 1 }
    }
}

impl Node {
    const LEAF: Self = Self { question: Question::LEAF, place: 0 };
}

/// The answers to a categorical question that lead left, and where that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CategorySet {
    /// The bins.
    pub(crate) bins: BinSet,
    left: u32,
}

/// A tree: nodes, the root first, and the values of its leaves.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Tree {
    /// All nodes.
    pub(crate) nodes: Vec<Node>,
    /// Sets of categorical questions, in the order of these.
    pub(crate) sets: Vec<CategorySet>,
    /// Values of the leaves: one a leaf, or one a leaf and output.
    pub(crate) values: Vec<f32>,
}

/// So few rows go down one by one.
const FEW_ROWS: usize = 4;

impl Tree {
    /// A tree of one leaf.
    pub(crate) fn stump() -> Self {
        Self { nodes: vec![Node::LEAF], sets: Vec::new(), values: Vec::new() }
    }

    /// Makes a question of the leaf at `position`; its children are two new leaves, whose positions are returned.
    /// Leaves get their indices by [`Tree::number_leaves`].
    pub(crate) fn split(&mut self, position: u32, column: u32, rule: Rule) -> (u32, u32) {
        match rule {
            Rule::UpTo { last, missing_right } => {
                let shift = u8::from(missing_right);
                self.ask(position, Question::new(1, column, last.wrapping_sub(shift), shift), None)
            }
            Rule::OneOf(set) => self.ask(position, Question::new(2, column, 0, 0), Some(set)),
        }
    }

    fn ask(&mut self, position: u32, question: Question, bins: Option<BinSet>) -> (u32, u32) {
        let left = self.nodes.len() as u32;
        self.nodes.extend([Node::LEAF; 2]);
        let place = match bins {
            Some(bins) => {
                self.sets.push(CategorySet { bins, left });
                self.sets.len() as u32 - 1
            }
            None => left,
        };
        self.nodes[position as usize] = Node { question, place };
        (left, left + 1)
    }

    /// Numbers the leaves in the order of nodes; returns how many there are.
    pub(crate) fn number_leaves(&mut self) -> usize {
        let mut count = 0;
        for node in self.nodes.iter_mut().filter(|node| node.question == Question::LEAF) {
            node.place = count;
            count += 1;
        }
        count as usize
    }

    /// Number of leaves.
    pub(crate) fn n_leaves(&self) -> usize {
        self.nodes.len() / 2 + 1
    }

    /// The same tree with its nodes in the order in which one meets them who goes left first and asks at every node:
    /// then the questions alone tell where children stand. `n_outputs` are the values of a leaf.
    pub(crate) fn in_order(&self, n_outputs: usize) -> Self {
        let mut ordered = Self::stump();
        let mut sources = vec![0_u32; self.nodes.len()];
        let mut open = vec![(0_u32, 0_u32)];
        while let Some((from, to)) = open.pop() {
            sources[to as usize] = from;
            let node = self.nodes[from as usize];
            if node.question == Question::LEAF {
                continue;
            }
            let (left, right) = ordered.ask(to, node.question, self.set(node).map(|set| set.bins));
            let from = self.left(node);
            open.extend([(from + 1, right), (from, left)]);
        }
        ordered.number_leaves();
        for (node, &source) in ordered.nodes.iter().zip(&sources) {
            if node.question == Question::LEAF {
                let leaf = self.nodes[source as usize].place as usize;
                ordered.values.extend_from_slice(&self.values[leaf * n_outputs..(leaf + 1) * n_outputs]);
            }
        }
        ordered
    }

    /// The tree whose nodes, in order, are what `next` gives: a question with its set, or `None` for a leaf. `None` if
    /// they are not `n_nodes`. It has no values yet.
    pub(crate) fn of_questions(
        n_nodes: usize,
        questions: &[Option<(Question, Option<BinSet>)>],
    ) -> Option<Self> {
        let mut tree = Self::stump();
        let mut open = vec![0_u32];
        while let Some(position) = open.pop() {
            if let Some((question, set)) = questions.get(position as usize)? {
                if tree.nodes.len() + 2 > n_nodes {
                    return None;
                }
                let (left, right) = tree.ask(position, *question, *set);
                open.extend([right, left]);
            }
        }
        tree.number_leaves();
        (tree.nodes.len() == n_nodes).then_some(tree)
    }

    /// The set of a categorical question.
    pub(crate) fn set(&self, node: Node) -> Option<&CategorySet> {
        (node.question.kind() == NodeKind::Category).then(|| &self.sets[node.place as usize])
    }

    /// The left child of a node that is no leaf.
    #[inline]
    fn left(&self, node: Node) -> u32 {
        self.set(node).map_or(node.place, |set| set.left)
    }

    /// The question of a node that is no leaf.
    #[inline]
    fn rule(&self, node: Node) -> Rule {
        self.set(node).map_or_else(|| node.question.rule(), |set| Rule::OneOf(set.bins))
    }

    /// Calls `visit` with the index of each leaf and those of `rows` that fall into it. Their order is changed.
    ///
    /// Many rows are divided at every node, for a loop without branches is quicker than many descents.
    pub(crate) fn for_each_leaf(
        &self,
        table: &BinnedTable,
        rows: &mut [u32],
        memory: &mut Vec<u32>,
        mut visit: impl FnMut(usize, &[u32]),
    ) {
        memory.resize(memory.len().max(rows.len()), 0);
        let mut open = vec![(0_u32, 0..rows.len())];
        while let Some((position, range)) = open.pop() {
            let node = self.nodes[position as usize];
            let own = &mut rows[range.clone()];
            if node.question == Question::LEAF {
                visit(node.place as usize, own);
            } else if own.len() <= FEW_ROWS {
                for &row in &*own {
                    visit(self.leaf_of(table, row, position), &[row]);
                }
            } else {
                let n_left = divide(Column::of(table, node.question.column()), &self.rule(node), own, memory);
                let (middle, left) = (range.start + n_left, self.left(node));
                open.push((left, range.start..middle));
                open.push((left + 1, middle..range.end));
            }
        }
    }

    /// The index of the leaf in which a row falls that has come to the node at `position`.
    fn leaf_of(&self, table: &BinnedTable, row: u32, mut position: u32) -> usize {
        let start = row as usize * table.n_columns();
        let cells = &table.bins()[start..start + table.n_columns()];
        loop {
            let node = self.nodes[position as usize];
            if node.question == Question::LEAF {
                return node.place as usize;
            }
            let goes_left = self.rule(node).goes_left(cells[node.question.column()]);
            position = self.left(node) + u32::from(!goes_left);
        }
    }
}
