//! A parameter as a tree sees it.

use automl_core::axis::{Axis, Kind};

/// Values of one parameter, one per row.
#[derive(Debug, Clone)]
pub(super) enum Feature {
    /// Places in `[0, 1]`.
    Numeric(Vec<f64>),
    /// Indices below `n`.
    Choices {
        /// Number of choices.
        n: usize,
        /// Index of the choice.
        values: Vec<u32>,
    },
}

impl Feature {
    /// The axis' coordinates, none of them NaN.
    pub(super) fn new(axis: &Axis, coordinates: Vec<f64>) -> Self {
        match axis.kind() {
            Kind::Choices(n) => {
                Feature::Choices { n, values: coordinates.into_iter().map(|index| index as u32).collect() }
            }
            Kind::Point | Kind::Continuous(_) | Kind::Cells { .. } => Feature::Numeric(coordinates),
        }
    }

    /// All rows in order of their values.
    pub(super) fn order(&self) -> Vec<u32> {
        let n_rows = match self {
            Feature::Numeric(values) => values.len(),
            Feature::Choices { values, .. } => values.len(),
        };
        let mut order: Vec<u32> = (0..n_rows as u32).collect();
        if let Feature::Numeric(values) = self {
            order.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
        }
        order
    }
}
