//! Many trees and their binner, in the files of a saved model.
//!
//! | file | holds |
//! |---|---|
//! | `STEM.columns.json` | names of the columns, and how many cuts or codes each has |
//! | `STEM.nodes.safetensors` | a bit a node that tells which are leaves, a word a question, the sets of categorical questions, the bins of codes |
//! | `STEM.values.safetensors` | the values of leaves and the cuts |
//!
//! Trees stand there in the order of [`Tree::in_order`], so that no node need say where its children are.

use std::path::Path;

use automl_core::ArtifactError;
use serde::{Deserialize, Serialize};

use super::bins::{Binner, ColumnBins, MAX_BINS};
use super::split::BinSet;
use super::tree::{NodeKind, Question, Tree};
use crate::artifact::{corrupt, load_json, load_tensors, save_json, save_tensors};

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
    /// The trees, in the order of [`Tree::in_order`].
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
        let (mut n_nodes, mut questions, mut sets, mut values) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut leaves = Bits::default();
        for tree in &self.trees {
            n_nodes.push(tree.nodes.len() as u32);
            for node in &tree.nodes {
                let kind = node.question.kind();
                leaves.push(kind == NodeKind::Leaf);
                if kind != NodeKind::Leaf {
                    questions.push(node.question.word());
                }
                if let Some(set) = tree.set(*node) {
                    sets.extend(set.bins.0.iter().flat_map(|&word| [word as u32, (word >> 32) as u32]));
                }
            }
            values.extend_from_slice(&tree.values);
        }
        save_tensors(
            dir,
            &nodes_file(stem),
            &[
                ("n_nodes", &[n_nodes.len()][..], &n_nodes[..]),
                ("leaves", &[leaves.words.len()], &leaves.words),
                ("questions", &[questions.len()], &questions),
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
        let leaves = words.take("leaves", &[total.div_ceil(32)])?;
        let n_leaves = (0..total).filter(|&node| bit(&leaves, node)).count();
        let questions = words.take("questions", &[total - n_leaves])?;
        let n_sets = questions.iter().filter(|&&word| Question::asks_for_set(word)).count();
        let sets = words.take("sets", &[n_sets, 8])?;
        let values = numbers.take("values", &[n_leaves * columns.n_outputs])?;
        let n_codes = columns.categorical.iter().map(|column| column.n_codes).sum();
        let codes = words.take("codes", &[n_codes])?;
        let cuts = numbers.take("cuts", &[columns.numeric.iter().map(|column| column.n_cuts).sum()])?;
        let (n_trees, n_outputs) = (columns.n_trees, columns.n_outputs);
        let binner = binner_of(columns, &cuts, &codes);
        if let Some(fault) = binner.fault() {
            return Err(corrupt(&dir.join(columns_file(stem)), fault));
        }
        let mut parts = Parts {
            leaves: &leaves,
            first: 0,
            questions: &questions,
            sets: &sets,
            values: &values,
            n_outputs,
        };
        let trees: Option<Vec<Tree>> =
            n_nodes.iter().map(|&count| parts.tree(count as usize, binner.columns.len())).collect();
        match trees {
            Some(trees) if trees.len() == n_trees => Ok(Self { binner, trees, n_outputs }),
            _ => Err(corrupt(&dir.join(nodes_file(stem)), "holds questions that make no trees")),
        }
    }
}

/// Bits, 32 a word, the lowest first.
#[derive(Default)]
struct Bits {
    words: Vec<u32>,
    len: usize,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(32) {
            self.words.push(0);
        }
        if let Some(last) = self.words.last_mut() {
            *last |= u32::from(bit) << (self.len % 32);
        }
        self.len += 1;
    }
}

fn bit(words: &[u32], index: usize) -> bool {
    words[index / 32] >> (index % 32) & 1 == 1
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
    leaves: &'a [u32],
    /// The first node of the next tree.
    first: usize,
    questions: &'a [u32],
    sets: &'a [u32],
    values: &'a [f32],
    n_outputs: usize,
}

impl Parts<'_> {
    /// The next tree; `None` if its questions make none.
    fn tree(&mut self, n_nodes: usize, n_columns: usize) -> Option<Tree> {
        let mut questions = Vec::with_capacity(n_nodes);
        for node in self.first..self.first + n_nodes {
            questions.push(if bit(self.leaves, node) { None } else { Some(self.question(n_columns)?) });
        }
        self.first += n_nodes;
        let mut tree = Tree::of_questions(n_nodes, &questions)?;
        let (values, rest) = self.values.split_at_checked(tree.n_leaves() * self.n_outputs)?;
        self.values = rest;
        tree.values = values.to_vec();
        Some(tree)
    }

    fn question(&mut self, n_columns: usize) -> Option<(Question, Option<BinSet>)> {
        let (&word, rest) = self.questions.split_first()?;
        self.questions = rest;
        let question = Question::of_word(word, n_columns)?;
        if question.kind() != NodeKind::Category {
            return Some((question, None));
        }
        let (set, rest) = self.sets.split_at_checked(8)?;
        self.sets = rest;
        let word = |index: usize| u64::from(set[2 * index]) | u64::from(set[2 * index + 1]) << 32;
        Some((question, Some(BinSet(std::array::from_fn(word)))))
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
