//! What one member trains on, checked and made ready for the device.

use std::collections::BTreeMap;
use std::fmt::Display;

use automl_core::{Design, FitError, Matrix, Member, Params, Target, Task};
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::architecture::{Architecture, Body, Columns};
use super::host::tensor;
use super::layers::Batch;
use super::loss::{Answers, Objective, Truth};
use super::training::{Balance, Training};
use crate::standard::Standard;

/// Standardisation of a regression target, from the member's training rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scaling {
    #[serde(flatten)]
    pub(crate) standard: Standard,
    /// Least training target.
    pub(crate) min: f64,
    /// Greatest training target.
    pub(crate) max: f64,
}

impl Scaling {
    fn of(values: &[f64]) -> Self {
        let fold = |by: fn(f64, f64) -> f64, from: f64| values.iter().copied().fold(from, by);
        Self {
            standard: Standard::of(values, None),
            min: fold(f64::min, f64::INFINITY),
            max: fold(f64::max, f64::NEG_INFINITY),
        }
    }

    /// A network's output in the unit of the target, clamped to the range seen in training as
    /// `RealMLP` does (Holzmüller et al. 2024): a network far outside its data says anything.
    pub(crate) fn restore(self, output: f32) -> f64 {
        self.standard.restore(f64::from(output)).clamp(self.min, self.max)
    }

    fn standardise(self, values: &[f64]) -> Vec<f32> {
        values.iter().map(|&value| self.standard.standardise(value)).collect()
    }
}

/// Rows with answers.
#[derive(Clone)]
pub(crate) struct Rows<'a> {
    /// Where the columns are.
    pub(crate) design: &'a Design,
    /// What the rows should become.
    pub(crate) answers: Answers,
}

/// A family's reading of a configuration.
pub(crate) struct Recipe {
    /// How the member is trained.
    pub(crate) training: Training,
    /// Its network, but for the data's part.
    pub(crate) body: Body,
}

impl Recipe {
    /// Whether members of both can share a population, if their columns are alike.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        let network = |own: &Self| {
            let columns = Columns { n_numeric: 1, cardinalities: Vec::new() };
            Architecture { columns, n_outputs: 1, body: own.body.clone() }
        };
        network(self).is_alike(&network(other)) && self.training.is_alike(&other.training)
    }
}

/// How a family reads its parameters.
///
/// # Errors
/// [`FitError::Params`] naming the parameter that is missing or outside its range.
pub(crate) type Read = fn(&Params, Task) -> Result<Recipe, FitError>;

/// A member that was checked.
#[derive(Clone)]
pub(crate) struct Prepared<'a> {
    /// How it is trained.
    pub(crate) training: Training,
    /// Its network.
    pub(crate) architecture: Architecture,
    /// Its loss.
    pub(crate) objective: Objective,
    /// Standardisation of the target; regression only.
    pub(crate) scaling: Option<Scaling>,
    /// Rows to learn from.
    pub(crate) train: Rows<'a>,
    /// Rows to stop early on.
    pub(crate) valid: Rows<'a>,
}

impl<'a> Prepared<'a> {
    /// Checks `member`, whose configuration its family reads by `read`.
    ///
    /// # Errors
    /// Those of `read`; [`FitError::Shape`] for designs without rows, without a target of this task, or with unlike columns.
    pub(crate) fn new(
        member: &Member<'a>,
        read: Read,
        task: Task,
        n_classes: usize,
    ) -> Result<Self, FitError> {
        let Recipe { training, body } = read(member.params, task)?;
        let (train, valid) = (member.train, member.valid);
        // Nothing is chosen by them then; those it learns from stand in for them.
        let valid = if training.stop_after.is_some() && valid.n_rows() == 0 { train } else { valid };
        for (what, design) in [("training rows", train), ("validation rows", valid)] {
            if design.n_rows() == 0 {
                return Err(shape(what, "at least 1", "0"));
            }
        }
        let columns =
            Columns { n_numeric: train.numeric.n_cols(), cardinalities: train.cardinalities.clone() };
        check_columns(&columns, valid)?;
        let n_outputs = if task.is_classification() { n_classes.max(2) } else { 1 };
        let mut architecture = Architecture { columns, n_outputs, body };
        let scaling = match &train.target {
            Some(Target::Real(values)) if !task.is_classification() => Some(Scaling::of(values)),
            _ => None,
        };
        let train = Rows { design: train, answers: answers(train, scaling, n_classes)? };
        let valid = Rows { design: valid, answers: answers(valid, scaling, n_classes)? };
        architecture.body.fit(&train);
        let class_weights = class_weights(training.balance == Balance::Weights, &train.answers, n_classes);
        let objective = Objective {
            loss: training.loss,
            smoothing: training.label_smoothing,
            class_weights,
            heads: architecture.heads(),
        };
        Ok(Self { training, architecture, objective, scaling, train, valid })
    }

    /// Batches of an epoch.
    pub(crate) fn n_batches(&self) -> usize {
        self.train.answers.len().div_ceil(self.training.batch_size)
    }
}

/// Compares a design's columns with those of a network.
///
/// # Errors
/// [`FitError::Shape`] with both.
pub(crate) fn check_columns(columns: &Columns, design: &Design) -> Result<(), FitError> {
    if design.numeric.n_cols() != columns.n_numeric {
        return Err(shape("numeric columns", columns.n_numeric, design.numeric.n_cols()));
    }
    if design.cardinalities != columns.cardinalities || design.codes.n_cols() != columns.cardinalities.len() {
        let got = format!("{:?} in {} columns", design.cardinalities, design.codes.n_cols());
        return Err(shape("codes of the categorical columns", format!("{:?}", columns.cardinalities), got));
    }
    Ok(())
}

fn shape(what: &'static str, expected: impl Display, got: impl Display) -> FitError {
    FitError::Shape { what, expected: expected.to_string(), got: got.to_string() }
}

fn answers(design: &Design, scaling: Option<Scaling>, n_classes: usize) -> Result<Answers, FitError> {
    let truth = match (&design.target, scaling) {
        (Some(Target::Real(values)), Some(scaling)) => Truth::Real(scaling.standardise(values)),
        (Some(Target::Classes { codes, .. }), None) => {
            if let Some(code) = codes.iter().find(|code| **code as usize >= n_classes) {
                return Err(shape("class of a row", format!("below {n_classes}"), code));
            }
            Truth::Classes(codes.clone())
        }
        (target, _) => {
            let got = match target {
                None => "none",
                Some(Target::Real(_)) => "numbers",
                Some(Target::Classes { .. }) => "classes",
            };
            let expected = if scaling.is_some() { "numbers" } else { "the target of the task" };
            return Err(shape("target", expected, got));
        }
    };
    if truth.len() != design.n_rows() {
        return Err(shape("target values", design.n_rows(), truth.len()));
    }
    if let Some(weights) = &design.weights {
        if weights.len() != design.n_rows() {
            return Err(shape("row weights", design.n_rows(), weights.len()));
        }
        if let Some(wrong) = weights.iter().find(|weight| !(weight.is_finite() && **weight > 0.0)) {
            return Err(shape("weight of a row", "a finite number above 0", wrong));
        }
    }
    Ok(Answers { truth, weights: design.weights.clone() })
}

/// `n / (k * n_class)`, scikit-learn's `balanced`, with rows counted by their weight; or 1. A class without rows weighs
/// 1. Empty for regression.
fn class_weights(balanced: bool, answers: &Answers, n_classes: usize) -> Vec<f32> {
    let Truth::Classes(codes) = &answers.truth else { return Vec::new() };
    let mut counts = vec![0.0_f64; n_classes];
    for (row, &code) in codes.iter().enumerate() {
        counts[code as usize] += f64::from(answers.weight(row));
    }
    let total: f64 = counts.iter().sum();
    let weight = |&count: &f64| {
        if balanced && count > 0.0 { (total / (n_classes as f64 * count)) as f32 } else { 1.0 }
    };
    counts.iter().map(weight).collect()
}

/// The numeric columns that measure something: those of more than three values in these rows. Flags and one-hot columns
/// have fewer.
pub(crate) fn continuous_columns(design: &Design) -> Vec<usize> {
    let is_continuous = |column: &usize| {
        let mut seen: Vec<f32> = Vec::with_capacity(4);
        for row in design.numeric.rows() {
            if !seen.contains(&row[*column]) {
                seen.push(row[*column]);
                if seen.len() > 3 {
                    return true;
                }
            }
        }
        false
    };
    (0..design.numeric.n_cols()).filter(is_continuous).collect()
}

/// The numeric columns of some rows, `[1, rows, columns]`, one column at least.
pub(crate) fn numeric_rows(design: &Design, rows: &[usize], device: &Device) -> Tensor<3> {
    let width = design.numeric.n_cols().max(1);
    let mut values = Vec::with_capacity(rows.len() * width);
    for &row in rows {
        values.extend_from_slice(design.numeric.row(row));
        values.resize(values.len().next_multiple_of(width), 0.0);
    }
    values.resize(rows.len() * width, 0.0);
    tensor(values, [1, rows.len(), width], device)
}

/// Numeric columns on the device, each table once however many members share it.
pub(crate) struct Tables {
    device: Device,
    by_table: BTreeMap<(usize, usize), Tensor<2>>,
}

impl Tables {
    /// No tables yet.
    pub(crate) fn new(device: &Device) -> Self {
        Self { device: device.clone(), by_table: BTreeMap::new() }
    }

    /// The numeric columns of `design`, padded with zero columns to `[n_rows, width]`.
    pub(crate) fn numeric(&mut self, design: &Design, width: usize) -> Tensor<2> {
        // The members borrow their designs while this lives, so an address is one design.
        let key = (std::ptr::from_ref(design) as usize, width);
        let device = &self.device;
        self.by_table.entry(key).or_insert_with(|| numeric_columns(&design.numeric, width, device)).clone()
    }
}

fn numeric_columns(matrix: &Matrix<f32>, width: usize, device: &Device) -> Tensor<2> {
    let missing = width - matrix.n_cols();
    let values = if missing == 0 {
        matrix.values().to_vec()
    } else {
        let padded =
            |row: &[f32]| row.iter().copied().chain(std::iter::repeat_n(0.0, missing)).collect::<Vec<_>>();
        matrix.rows().flat_map(padded).collect()
    };
    Tensor::from_data(TensorData::new(values, [matrix.n_rows(), width]), device)
}

/// Gathers a batch of `n_rows` rows a member: the given rows of each, then padding.
pub(crate) fn gather(parts: &[(&Tensor<2>, &Design, &[usize])], n_rows: usize) -> Option<Batch> {
    let device = parts.first()?.0.device();
    let columns = parts.first()?.1.codes.n_cols();
    let mut numeric = Vec::with_capacity(parts.len());
    let mut codes = Vec::with_capacity(parts.len() * n_rows * columns);
    for (table, design, rows) in parts {
        let padded = rows.iter().copied().chain(std::iter::repeat_n(0, n_rows - rows.len()));
        let places: Vec<i32> = padded.clone().map(|row| row as i32).collect();
        let places = Tensor::<1, Int>::from_data(TensorData::new(places, [n_rows]), &device);
        let chosen = (*table).clone().select(0, places);
        let width = chosen.dims()[1];
        numeric.push(chosen.reshape([1, n_rows, width]));
        if columns > 0 {
            padded.for_each(|row| codes.extend_from_slice(design.codes.row(row)));
        }
    }
    let numeric = if numeric.len() == 1 { numeric.pop()? } else { Tensor::cat(numeric, 0) };
    Some(Batch { numeric, codes, counts: parts.iter().map(|(_, _, rows)| rows.len()).collect() })
}
