//! What a model takes ([`Design`]), learns from ([`Target`]) and gives ([`Predictions`]).

use serde::{Deserialize, Serialize};

use crate::matrix::Matrix;

/// A table made ready for a model. All parts have the same number of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// Numeric features, shape `[n_rows, n_numeric]`; finite, but for the NaN that says "missing" in the form
    /// [`InputForm::Native`](crate::InputForm::Native).
    pub numeric: Matrix<f32>,
    /// Names of the numeric features; `n_numeric` of them.
    pub numeric_names: Vec<String>,
    /// Categorical codes, shape `[n_rows, n_categorical]`; 0 is the unknown or missing level.
    pub codes: Matrix<u32>,
    /// Names of the categorical features; `n_categorical` of them.
    pub code_names: Vec<String>,
    /// Number of codes of each categorical feature, the unknown one included.
    pub cardinalities: Vec<u32>,
    /// The target of each row; absent when predicting.
    pub target: Option<Target>,
    /// How much each row counts, above 0 and finite; absent where all count alike.
    pub weights: Option<Vec<f32>>,
}

impl Design {
    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.numeric.n_rows()
    }

    /// Bytes of its numbers.
    pub fn n_bytes(&self) -> u64 {
        let target = match &self.target {
            Some(Target::Real(values)) => size_of_val(values.as_slice()),
            Some(Target::Classes { codes, .. }) => size_of_val(codes.as_slice()),
            None => 0,
        };
        let weights = self.weights.as_ref().map_or(0, |weights| size_of_val(weights.as_slice()));
        let rows = size_of_val(self.numeric.values()) + size_of_val(self.codes.values());
        (rows + target + weights) as u64
    }
}

/// The values to learn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Regression: one finite value a row, in the unit of the data.
    Real(Vec<f64>),
    /// Classification: one class index a row, below `n_classes`.
    Classes {
        /// Class index of each row.
        codes: Vec<u32>,
        /// Number of classes of the task, whether or not each occurs here.
        n_classes: usize,
    },
}

impl Target {
    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        match self {
            Target::Real(values) => values.len(),
            Target::Classes { codes, .. } => codes.len(),
        }
    }

    /// The given rows, in the given order.
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Target::Real(values) => Target::Real(rows.iter().map(|&row| values[row]).collect()),
            Target::Classes { codes, n_classes } => {
                Target::Classes { codes: rows.iter().map(|&row| codes[row]).collect(), n_classes: *n_classes }
            }
        }
    }
}

/// What a model says of each row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Predictions {
    /// Regression: one value a row, in the unit of the target.
    Real(Vec<f64>),
    /// Classification: probabilities of shape `[n_rows, n_classes]`; each row sums to 1.
    Proba(Matrix<f64>),
}

impl Predictions {
    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        match self {
            Predictions::Real(values) => values.len(),
            Predictions::Proba(proba) => proba.n_rows(),
        }
    }

    /// The given rows, in the given order.
    ///
    /// # Panics
    /// If a row does not exist.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Predictions::Real(values) => Predictions::Real(rows.iter().map(|&row| values[row]).collect()),
            Predictions::Proba(proba) => Predictions::Proba(proba.select_rows(rows)),
        }
    }

    /// True when every value is finite.
    pub fn is_finite(&self) -> bool {
        match self {
            Predictions::Real(values) => values.iter().all(|value| value.is_finite()),
            Predictions::Proba(proba) => proba.values().iter().all(|value| value.is_finite()),
        }
    }

    /// The most probable class of each row, the lowest index among ties; `None` for regression.
    pub fn classes(&self) -> Option<Vec<u32>> {
        match self {
            Predictions::Real(_) => None,
            Predictions::Proba(proba) => Some(proba.rows().map(arg_max).collect()),
        }
    }

    /// The element-wise mean of predictions of one shape; `None` if there are none, or shapes differ.
    pub fn mean(parts: &[Predictions]) -> Option<Predictions> {
        let scale = 1.0 / parts.len() as f64;
        match parts.first()? {
            Predictions::Real(first) => {
                let mut sum = vec![0.0; first.len()];
                for part in parts {
                    let Predictions::Real(values) = part else { return None };
                    add(&mut sum, values)?;
                }
                Some(Predictions::Real(sum.into_iter().map(|value| value * scale).collect()))
            }
            Predictions::Proba(first) => {
                let mut sum = vec![0.0; first.values().len()];
                for part in parts {
                    let Predictions::Proba(proba) = part else { return None };
                    if proba.n_cols() != first.n_cols() {
                        return None;
                    }
                    add(&mut sum, proba.values())?;
                }
                let mean = sum.into_iter().map(|value| value * scale).collect();
                Some(Predictions::Proba(Matrix::new(first.n_rows(), first.n_cols(), mean)))
            }
        }
    }
}

fn add(sum: &mut [f64], values: &[f64]) -> Option<()> {
    if sum.len() != values.len() {
        return None;
    }
    sum.iter_mut().zip(values).for_each(|(total, value)| *total += value);
    Some(())
}

fn arg_max(row: &[f64]) -> u32 {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_of_probabilities_is_element_wise() {
        let a = Predictions::Proba(Matrix::new(1, 2, vec![0.2, 0.8]));
        let b = Predictions::Proba(Matrix::new(1, 2, vec![0.6, 0.4]));
        let Some(Predictions::Proba(mean)) = Predictions::mean(&[a, b]) else { panic!("no mean") };
        assert!((mean.get(0, 0) - 0.4).abs() < 1e-12);
        assert!((mean.get(0, 1) - 0.6).abs() < 1e-12);
    }

    #[test]
    fn mean_of_unlike_predictions_is_none() {
        let a = Predictions::Real(vec![1.0]);
        let b = Predictions::Real(vec![1.0, 2.0]);
        assert_eq!(Predictions::mean(&[a, b]), None);
        assert_eq!(Predictions::mean(&[]), None);
    }

    #[test]
    fn ties_go_to_the_lowest_class() {
        let proba = Predictions::Proba(Matrix::new(2, 3, vec![0.4, 0.4, 0.2, 0.1, 0.45, 0.45]));
        assert_eq!(proba.classes(), Some(vec![0, 1]));
    }
}
