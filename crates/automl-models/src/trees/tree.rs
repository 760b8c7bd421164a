//! A grown tree and its predictions on binned rows.

use super::bins::BinnedTable;
use super::split::{BinSet, Rule};

/// A node: a leaf, or a question about one column.
///
/// Children stand side by side, the right one after the left. A leaf is its own left child and sends every bin left,
/// so that a row that has arrived may go on without moving.
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
    /// A leaf at `position`.
    pub(crate) fn leaf(position: u32, index: u32) -> Self {
        Self { left: position, column: 0, payload: index, last: u8::MAX, shift: 0, kind: NodeKind::Leaf }
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

/// Rows that go down a tree side by side, so that none waits for another's memory.
const LANES: usize = 16;

impl Tree {
    /// A tree of one leaf.
    pub(crate) fn stump() -> Self {
        Self { nodes: vec![Node::leaf(0, 0)], sets: Vec::new(), values: Vec::new() }
    }

    /// Makes a question of the leaf at `position`; its children are two new leaves, whose positions are returned.
    /// Leaves get their indices by [`Tree::number_leaves`].
    pub(crate) fn split(&mut self, position: u32, column: u32, rule: Rule) -> (u32, u32) {
        let left = self.nodes.len() as u32;
        self.nodes.extend([Node::leaf(left, 0), Node::leaf(left + 1, 0)]);
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

    /// Calls `visit` with each number below `n_rows` and the index of the leaf in which row `row_of(number)` falls.
    pub(crate) fn for_each_leaf(
        &self,
        table: &BinnedTable,
        n_rows: usize,
        row_of: impl Fn(usize) -> usize,
        mut visit: impl FnMut(usize, usize),
    ) {
        for first in (0..n_rows).step_by(LANES) {
            let n_lanes = LANES.min(n_rows - first);
            // The last rows are gone down several times rather than by a loop of their own.
            let rows = std::array::from_fn(|lane| row_of(first + lane.min(n_lanes - 1)));
            let leaves = if self.sets.is_empty() {
                self.descend::<false>(table, rows)
            } else {
                self.descend::<true>(table, rows)
            };
            for (lane, leaf) in leaves.into_iter().enumerate().take(n_lanes) {
                visit(first + lane, leaf as usize);
            }
        }
    }

    /// The leaves of some rows.
    fn descend<const WITH_SETS: bool>(&self, table: &BinnedTable, rows: [usize; LANES]) -> [u32; LANES] {
        let starts = rows.map(|row| row * table.n_columns());
        let mut at = [0_u32; LANES];
        loop {
            let mut moved = false;
            for lane in 0..LANES {
                let node = &self.nodes[at[lane] as usize];
                let bin = table.bins().get(starts[lane] + node.column as usize).copied().unwrap_or(0);
                let mut goes_right = bin.wrapping_sub(node.shift) > node.last;
                if WITH_SETS && node.kind == NodeKind::Category {
                    goes_right = !self.sets[node.payload as usize].contains(bin);
                }
                let next = node.left + u32::from(goes_right);
                moved |= next != at[lane];
                at[lane] = next;
            }
            if !moved {
                return at.map(|node| self.nodes[node as usize].payload);
            }
        }
    }
}
