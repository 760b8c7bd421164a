//! What a tree learns from, and sums of it.
//!
//! Sums have a fixed width: for classes, the weight of each; for real values, the weight and the weighted value.

use super::config::Criterion;

/// The training rows' values to learn, one a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answers {
    /// Real values, brought to mean 0 and variance 1.
    Real(Vec<f32>),
    /// Class indices.
    Classes {
        /// One a row.
        codes: Vec<u32>,
        /// Number of classes.
        n_classes: usize,
        /// What splits make purer.
        criterion: Criterion,
    },
}

impl Answers {
    /// Numbers in a sum.
    pub(super) fn width(&self) -> usize {
        match self {
            Answers::Real(_) => 2,
            Answers::Classes { n_classes, .. } => *n_classes,
        }
    }

    /// Values of a leaf: a mean, the probability of the second of two classes, or one a class.
    pub(super) fn n_outputs(&self) -> usize {
        match self {
            Answers::Real(_) => 1,
            Answers::Classes { n_classes, .. } if *n_classes <= 2 => 1,
            Answers::Classes { n_classes, .. } => *n_classes,
        }
    }

    /// Adds a row to a sum.
    #[inline]
    pub(super) fn add(&self, sum: &mut [f64], row: usize, weight: f32) {
        let weight = f64::from(weight);
        match self {
            Answers::Real(values) => {
                sum[0] += weight;
                sum[1] += weight * f64::from(values[row]);
            }
            Answers::Classes { codes, .. } => sum[codes[row] as usize] += weight,
        }
    }

    /// The weight of a sum.
    pub(super) fn weight(&self, sum: &[f64]) -> f64 {
        match self {
            Answers::Real(_) => sum[0],
            Answers::Classes { .. } => sum.iter().sum(),
        }
    }

    /// What a leaf with this sum predicts.
    pub(super) fn values(&self, sum: &[f64]) -> Vec<f64> {
        let weight = self.weight(sum).max(f64::MIN_POSITIVE);
        match self {
            Answers::Real(_) => vec![sum[1] / weight],
            Answers::Classes { n_classes, .. } if *n_classes <= 2 => vec![sum[sum.len() - 1] / weight],
            Answers::Classes { .. } => sum.iter().map(|part| part / weight).collect(),
        }
    }

    /// Whether the rows are all alike.
    pub(super) fn is_pure(&self, sum: &[f64], rows: &[u32]) -> bool {
        match self {
            Answers::Real(values) => {
                rows.windows(2).all(|pair| values[pair[0] as usize] == values[pair[1] as usize])
            }
            Answers::Classes { .. } => sum.iter().filter(|&&weight| weight > 0.0).count() < 2,
        }
    }

    /// How pure a sum is, times its weight: what the best split makes largest, summed over both sides.
    ///
    /// Squares over weight for the variance and for Gini's impurity; minus the entropy.
    #[inline]
    pub(super) fn purity(&self, sum: &[f64]) -> f64 {
        match self {
            Answers::Real(_) => sum[1] * sum[1] / sum[0],
            Answers::Classes { criterion: Criterion::Gini, .. } => {
                let (squares, weight) = sum
                    .iter()
                    .fold((0.0, 0.0), |(squares, weight), part| (squares + part * part, weight + part));
                squares / weight
            }
            Answers::Classes { criterion: Criterion::Entropy, .. } => {
                let term = |part: f64| if part > 0.0 { part * part.ln() } else { 0.0 };
                sum.iter().map(|&part| term(part)).sum::<f64>() - term(sum.iter().sum())
            }
        }
    }
}
