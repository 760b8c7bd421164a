//! Many trees and their binner, in the files of a saved model.
//!
//! | file | holds |
//! |---|---|
//! | `STEM.columns.json` | names of the columns, and how many cuts or codes each has |
//! | `STEM.nodes.safetensors` | two words a node, the sets of categorical questions, the bins of codes |
//! | `STEM.values.safetensors` | the values of leaves and the cuts |
//!
//! The first word of a node holds its kind (2 bits), `shift` (1), `last` (8) and its column (21); the second the
//! position of its left child.

use std::path::Path;

use automl_core::ArtifactError;
use serde::{Deserialize, Serialize};

use super::bins::{Binner, ColumnBins, MAX_BINS};
use super::split::BinSet;
use super::tree::{Node, NodeKind, Tree};
use crate::artifact::{corrupt, load_json, load_tensors, save_json, save_tensors};

/// Columns that a node's word can name.
const MAX_COLUMNS: usize = 1 << 21;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    numeric: Vec<NumericColumn>,
    categorical: Vec<CategoricalColumn>,
    n_trees: usize,
    /// Values a leaf.
    n_outputs: usize,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NumericColumn {
    name: String,
    n_cuts: usize,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CategoricalColumn {
    name: String,
    n_codes: usize,
    n_bins: u16,
}

/// A binner and trees on its columns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ensemble {
    /// Makes the trees' bins.
    pub(crate) binner: Binner,
    /// The trees.
    pub(crate) trees: Vec<Tree>,
    /// Values a leaf.
    pub(crate) n_outputs: usize,
}

impl Ensemble {
    /// Number of cuts, sets and leaves' values.
    pub(crate) fn n_parameters(&self) -> usize {
        self.trees.iter().map(|tree| tree.n_leaves() - 1 + tree.values.len()).sum()
    }

    /// Writes the files.
    ///
    /// # Errors
    /// [`ArtifactError`] naming the file.
    pub(crate) fn save(&self, dir: &Path, stem: &str) -> Result<(), ArtifactError> {
        let path = dir.join(columns_file(stem));
        if self.binner.columns.len() > MAX_COLUMNS {
            return Err(corrupt(&path, format!("cannot name more than {MAX_COLUMNS} columns")));
        }
        let mut columns = Columns {
            numeric: Vec::new(),
            categorical: Vec::new(),
            n_trees: self.trees.len(),
            n_outputs: self.n_outputs,
        };
        let (mut cuts, mut codes) = (Vec::new(), Vec::new());
        let names = self.binner.numeric_names.iter().chain(&self.binner.code_names);
        for (name, column) in names.zip(&self.binner.columns) {
            let name = name.clone();
            match column {
                ColumnBins::Numeric { cuts: of_column } => {
                    columns.numeric.push(NumericColumn { name, n_cuts: of_column.len() });
                    cuts.extend_from_slice(of_column);
                }
                ColumnBins::Category { bin_of, n_bins } => {
                    let (n_codes, n_bins) = (bin_of.len(), *n_bins);
                    columns.categorical.push(CategoricalColumn { name, n_codes, n_bins });
                    codes.extend(bin_of.iter().map(|&bin| u32::from(bin)));
                }
            }
        }
        save_json(dir, &columns_file(stem), &columns)?;
        let (mut n_nodes, mut words, mut sets, mut values) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for tree in &self.trees {
            n_nodes.push(tree.nodes.len() as u32);
            for node in &tree.nodes {
                words.extend([word_of(node), node.left]);
                if node.kind == NodeKind::Category {
                    let set = tree.sets[node.payload as usize];
                    sets.extend(set.0.iter().flat_map(|&word| [word as u32, (word >> 32) as u32]));
                }
            }
            values.extend_from_slice(&tree.values);
        }
        save_tensors(
            dir,
            &nodes_file(stem),
            &[
                ("n_nodes", &[n_nodes.len()][..], &n_nodes[..]),
                ("nodes", &[words.len() / 2, 2], &words),
                ("sets", &[sets.len() / 8, 8], &sets),
                ("codes", &[codes.len()], &codes),
            ],
        )?;
        save_tensors(
            dir,
            &values_file(stem),
            &[("values", &[values.len()][..], &values[..]), ("cuts", &[cuts.len()], &cuts)],
        )
    }

    /// Reads what [`Ensemble::save`] wrote.
    ///
    /// # Errors
    /// [`ArtifactError`] naming the file and what is wrong with it.
    pub(crate) fn load(dir: &Path, stem: &str) -> Result<Self, ArtifactError> {
        let columns: Columns = load_json(dir, &columns_file(stem))?;
        let mut words = load_tensors::<u32>(dir, &nodes_file(stem))?;
        let mut numbers = load_tensors::<f32>(dir, &values_file(stem))?;
        let n_nodes = words.take("n_nodes", &[columns.n_trees])?;
        let total: usize = n_nodes.iter().map(|&count| count as usize).sum();
        let nodes = words.take("nodes", &[total, 2])?;
        let of_kind = |kind: u32| nodes.chunks_exact(2).filter(|node| node[0] & 3 == kind).count();
        let sets = words.take("sets", &[of_kind(KIND_CATEGORY), 8])?;
        let values = numbers.take("values", &[of_kind(KIND_LEAF) * columns.n_outputs])?;
        let n_codes = columns.categorical.iter().map(|column| column.n_codes).sum();
        let codes = words.take("codes", &[n_codes])?;
        let cuts = numbers.take("cuts", &[columns.numeric.iter().map(|column| column.n_cuts).sum()])?;
        let (n_trees, n_outputs) = (columns.n_trees, columns.n_outputs);
        let binner = binner_of(columns, &cuts, &codes);
        if let Some(fault) = binner.fault() {
            return Err(corrupt(&dir.join(columns_file(stem)), fault));
        }
        let mut parts = Parts { nodes: &nodes, sets: &sets, values: &values, n_outputs };
        let trees: Option<Vec<Tree>> =
            n_nodes.iter().map(|&count| parts.tree(count as usize, binner.columns.len())).collect();
        match trees {
            Some(trees) if trees.len() == n_trees => Ok(Self { binner, trees, n_outputs }),
            _ => Err(corrupt(&dir.join(nodes_file(stem)), "holds a node that points nowhere")),
        }
    }
}

const KIND_LEAF: u32 = 0;
const KIND_NUMERIC: u32 = 1;
const KIND_CATEGORY: u32 = 2;

fn word_of(node: &Node) -> u32 {
    let kind = match node.kind {
        NodeKind::Leaf => KIND_LEAF,
        NodeKind::Numeric => KIND_NUMERIC,
        NodeKind::Category => KIND_CATEGORY,
    };
    kind | u32::from(node.shift) << 2 | u32::from(node.last) << 3 | node.column << 11
}

fn binner_of(columns: Columns, mut cuts: &[f32], mut codes: &[u32]) -> Binner {
    let mut binner = Binner { numeric_names: Vec::new(), code_names: Vec::new(), columns: Vec::new() };
    for NumericColumn { name, n_cuts } in columns.numeric {
        let (own, rest) = cuts.split_at(n_cuts.min(cuts.len()));
        cuts = rest;
        binner.numeric_names.push(name);
        binner.columns.push(ColumnBins::Numeric { cuts: own.to_vec() });
    }
    for CategoricalColumn { name, n_codes, n_bins } in columns.categorical {
        let (own, rest) = codes.split_at(n_codes.min(codes.len()));
        codes = rest;
        binner.code_names.push(name);
        let bin_of = own.iter().map(|&bin| bin.min(MAX_BINS as u32 - 1) as u8).collect();
        binner.columns.push(ColumnBins::Category { bin_of, n_bins });
    }
    binner
}

/// What is left of the arrays of a file.
struct Parts<'a> {
    nodes: &'a [u32],
    sets: &'a [u32],
    values: &'a [f32],
    n_outputs: usize,
}

impl Parts<'_> {
    /// The next tree; `None` if a node points outside of it, or back.
    fn tree(&mut self, n_nodes: usize, n_columns: usize) -> Option<Tree> {
        let (own, rest) = self.nodes.split_at_checked(2 * n_nodes)?;
        self.nodes = rest;
        let mut tree = Tree { nodes: Vec::with_capacity(n_nodes), ..Tree::default() };
        for (position, words) in own.chunks_exact(2).enumerate() {
            let (word, left) = (words[0], words[1]);
            let node = Node {
                left,
                column: word >> 11,
                payload: 0,
                last: (word >> 3) as u8,
                shift: (word >> 2 & 1) as u8,
                kind: NodeKind::Leaf,
            };
            let is_inside = left as usize > position
                && (left as usize) + 1 < n_nodes
                && (node.column as usize) < n_columns;
            tree.nodes.push(match word & 3 {
                KIND_LEAF => Node::leaf(0),
                KIND_NUMERIC if is_inside => Node { kind: NodeKind::Numeric, ..node },
                KIND_CATEGORY if is_inside => {
                    let (set, rest) = self.sets.split_at_checked(8)?;
                    self.sets = rest;
                    let word = |index: usize| u64::from(set[2 * index]) | u64::from(set[2 * index + 1]) << 32;
                    tree.sets.push(BinSet(std::array::from_fn(word)));
                    Node { kind: NodeKind::Category, payload: tree.sets.len() as u32 - 1, ..node }
                }
                _ => return None,
            });
        }
        let n_leaves = tree.number_leaves();
        let (values, rest) = self.values.split_at_checked(n_leaves * self.n_outputs)?;
        self.values = rest;
        tree.values = values.to_vec();
        (n_nodes > 0 && tree.n_leaves() == n_leaves).then_some(tree)
    }
}

fn columns_file(stem: &str) -> String {
    format!("{stem}.columns.json")
}

fn nodes_file(stem: &str) -> String {
    format!("{stem}.nodes.safetensors")
}

fn values_file(stem: &str) -> String {
    format!("{stem}.values.safetensors")
}
