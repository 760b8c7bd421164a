//! A grown tree and its predictions on binned rows.

use super::bins::BinnedTable;
use super::partition::{Column, divide};
use super::split::{BinSet, Rule};

/// A node: a leaf, or a question about one column.
///
/// Children stand side by side, the right one after the left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Node {
    /// The left child.
    pub(crate) left: u32,
    /// The column that is asked.
    pub(crate) column: u32,
    /// A leaf's index among the leaves, or the index of the set of a categorical question.
    pub(crate) payload: u32,
    /// Bins up to this one go left, once `shift` is taken away.
    pub(crate) last: u8,
    /// 1 if bin 0 goes right.
    pub(crate) shift: u8,
    /// What it is.
    pub(crate) kind: NodeKind,
}

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

impl Node {
    /// A leaf.
    pub(crate) fn leaf(index: u32) -> Self {
        Self { left: 0, column: 0, payload: index, last: 0, shift: 0, kind: NodeKind::Leaf }
    }
}

/// A tree: nodes, the root first, and the values of its leaves.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Tree {
    /// All nodes.
    pub(crate) nodes: Vec<Node>,
    /// Sets of categorical questions.
    pub(crate) sets: Vec<BinSet>,
    /// Values of the leaves: one a leaf, or one a leaf and output.
    pub(crate) values: Vec<f32>,
}

/// So few rows go down one by one.
const FEW_ROWS: usize = 4;

impl Tree {
    /// A tree of one leaf.
    pub(crate) fn stump() -> Self {
        Self { nodes: vec![Node::leaf(0)], sets: Vec::new(), values: Vec::new() }
    }

    /// Makes a question of the leaf at `position`; its children are two new leaves, whose positions are returned.
    /// Leaves get their indices by [`Tree::number_leaves`].
    pub(crate) fn split(&mut self, position: u32, column: u32, rule: Rule) -> (u32, u32) {
        let left = self.nodes.len() as u32;
        self.nodes.extend([Node::leaf(0); 2]);
        let node = &mut self.nodes[position as usize];
        *node = match rule {
            Rule::UpTo { last, missing_right } => {
                let shift = u8::from(missing_right);
                Node {
                    left,
                    column,
                    payload: 0,
                    last: last.wrapping_sub(shift),
                    shift,
                    kind: NodeKind::Numeric,
                }
            }
            Rule::OneOf(set) => {
                self.sets.push(set);
                let payload = self.sets.len() as u32 - 1;
                Node { left, column, payload, last: 0, shift: 0, kind: NodeKind::Category }
            }
        };
        (left, left + 1)
    }

    /// Numbers the leaves in the order of nodes; returns how many there are.
    pub(crate) fn number_leaves(&mut self) -> usize {
        let mut count = 0;
        for node in self.nodes.iter_mut().filter(|node| node.kind == NodeKind::Leaf) {
            node.payload = count;
            count += 1;
        }
        count as usize
    }

    /// Number of leaves.
    pub(crate) fn n_leaves(&self) -> usize {
        self.nodes.len() / 2 + 1
    }

    /// The question of a node that is no leaf.
    fn rule(&self, node: &Node) -> Rule {
        match node.kind {
            NodeKind::Category => Rule::OneOf(self.sets[node.payload as usize]),
            NodeKind::Numeric | NodeKind::Leaf => {
                Rule::UpTo { last: node.last.wrapping_add(node.shift), missing_right: node.shift == 1 }
            }
        }
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
            let node = &self.nodes[position as usize];
            let own = &mut rows[range.clone()];
            if node.kind == NodeKind::Leaf {
                visit(node.payload as usize, own);
            } else if own.len() <= FEW_ROWS {
                for &row in &*own {
                    visit(self.leaf_of(table, row, position), &[row]);
                }
            } else {
                let n_left = divide(Column::of(table, node.column as usize), &self.rule(node), own, memory);
                let middle = range.start + n_left;
                open.push((node.left, range.start..middle));
                open.push((node.left + 1, middle..range.end));
            }
        }
    }

    /// The index of the leaf in which a row falls that has come to the node at `position`.
    fn leaf_of(&self, table: &BinnedTable, row: u32, mut position: u32) -> usize {
        let start = row as usize * table.n_columns();
        let cells = &table.bins()[start..start + table.n_columns()];
        loop {
            let node = &self.nodes[position as usize];
            if node.kind == NodeKind::Leaf {
                return node.payload as usize;
            }
            let goes_left = self.rule(node).goes_left(cells[node.column as usize]);
            position = node.left + u32::from(!goes_left);
        }
    }
}
