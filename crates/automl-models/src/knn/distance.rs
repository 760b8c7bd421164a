//! Distances in `f32`, fast, with bounds of their rounding error.

use std::ops::Range;

use super::config::Metric;
use super::prototypes::Prototypes;
use crate::gemm::{View, add_product};

/// Prototypes measured at once: their distances to a block of rows stay in cache.
pub(super) const CHUNK: usize = 1024;

/// Squared norms below which no product overflows `f32`; above it nothing is concluded from `f32`.
const SAFE: f32 = 1e37;

/// Measures rows against prototypes.
///
/// What it gives is the squared Euclidean distance less the row's own squared norm, or the Manhattan distance. The error of
/// a sum of `n` products in `f32`, in any order, is at most `(n + 3) u Σ |aᵢ bᵢ|` with `u = 2⁻²⁴` (Higham, *Accuracy and
/// Stability of Numerical Algorithms*, 2nd ed., eq. 3.5 and the additions around it), whence the bounds below.
#[derive(Debug)]
pub(super) struct Ruler<'a> {
    prototypes: &'a Prototypes,
    metric: Metric,
    /// Euclidean: the squared norm of each prototype, less its share of the error.
    norms: Vec<f32>,
    /// Manhattan: chunks of [`CHUNK`] prototypes, each column by column.
    columns: Vec<f32>,
    /// Bounds the relative error of a sum over the columns.
    unit: f32,
    /// Euclidean: the largest squared norm.
    largest: f32,
}

/// From a lower bound to the upper bound: `low * factor + own * share + constant`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slack {
    factor: f32,
    share: f32,
    constant: f32,
}

impl<'a> Ruler<'a> {
    pub(super) fn new(prototypes: &'a Prototypes, metric: Metric) -> Self {
        let rows = &prototypes.rows;
        let unit = (rows.n_cols() + 8) as f32 * f32::EPSILON;
        let (mut norms, mut columns) = (Vec::new(), Vec::new());
        match metric {
            Metric::Euclidean => {
                norms = rows.rows().map(|row| squared_norm(row) * (1.0 - 2.0 * unit)).collect();
            }
            Metric::Manhattan => {
                columns.reserve(rows.values().len());
                for start in (0..rows.n_rows()).step_by(CHUNK) {
                    let chunk = start..(start + CHUNK).min(rows.n_rows());
                    for column in 0..rows.n_cols() {
                        columns.extend(chunk.clone().map(|row| rows.get(row, column)));
                    }
                }
            }
        }
        let largest = norms.iter().copied().fold(0.0, f32::max);
        Self { prototypes, metric, norms, columns, unit, largest }
    }

    /// Overwrites `lows`, `[n_queries, chunk.len()]`, by lower bounds of the distances between `queries`,
    /// `[n_queries, n_features]`, and the prototypes of `chunk`, which begins at a multiple of [`CHUNK`]. Where `f32` overflows
    /// they mean nothing, and all upper bounds are infinite or NaN.
    pub(super) fn measure(&self, queries: &[f32], chunk: Range<usize>, lows: &mut [f32]) {
        let n_features = self.prototypes.rows.n_cols();
        let width = chunk.len();
        match self.metric {
            Metric::Euclidean => {
                lows.chunks_exact_mut(width).for_each(|low| low.copy_from_slice(&self.norms[chunk.clone()]));
                let values = &self.prototypes.rows.values()[chunk.start * n_features..chunk.end * n_features];
                let right = View::new(values, width, n_features).transposed();
                add_product(lows, width, -2.0, View::new(queries, lows.len() / width, n_features), right);
            }
            Metric::Manhattan => {
                let columns = &self.columns[chunk.start * n_features..chunk.end * n_features];
                // The bits do not depend on the width of the vectors: sums are over columns, in their order.
                pulp::Arch::new().dispatch(|| {
                    for (index, low) in lows.chunks_exact_mut(width).enumerate() {
                        add_differences(low, &queries[index * n_features..(index + 1) * n_features], columns);
                    }
                });
            }
        }
    }

    /// How far the upper bounds of the distances to one row lie above the lower ones.
    pub(super) fn slack(&self, query: &[f32]) -> Slack {
        match self.metric {
            Metric::Euclidean => {
                let own = squared_norm(query);
                let is_safe = own < SAFE && self.largest < SAFE;
                let constant =
                    if is_safe { 3.0 * self.unit * own + f32::MIN_POSITIVE } else { f32::INFINITY };
                Slack { factor: 1.0, share: 5.0 * self.unit, constant }
            }
            Metric::Manhattan => Slack { factor: 1.0 + 3.0 * self.unit, share: 0.0, constant: 0.0 },
        }
    }

    /// An upper bound from the lower bound of one prototype.
    pub(super) fn high(&self, low: f32, prototype: usize, slack: Slack) -> f32 {
        let own = self.norms.get(prototype).copied().unwrap_or(0.0);
        low * slack.factor + own * slack.share + slack.constant
    }

    /// The distance in `f64`: exact but for the rounding of one sum in the order of columns.
    pub(super) fn exact(&self, query: &[f32], prototype: usize) -> f64 {
        let pairs = query.iter().zip(self.prototypes.rows.row(prototype));
        let differences = pairs.map(|(a, b)| f64::from(*a) - f64::from(*b));
        match self.metric {
            Metric::Euclidean => differences.map(|value| value * value).sum::<f64>().sqrt(),
            Metric::Manhattan => differences.map(f64::abs).sum(),
        }
    }
}

fn squared_norm(row: &[f32]) -> f32 {
    row.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>() as f32
}

/// Overwrites `sums` by `Σ |query - column|`, four columns at a time.
#[expect(clippy::inline_always, reason = "compiled for the instructions that the caller was chosen for")]
#[inline(always)]
fn add_differences(sums: &mut [f32], query: &[f32], columns: &[f32]) {
    let width = sums.len();
    sums.fill(0.0);
    let mut groups = query.chunks_exact(4);
    let mut rest = columns;
    for group in &mut groups {
        let (now, later) = rest.split_at(4 * width);
        rest = later;
        let (a, tail) = now.split_at(width);
        let (b, tail) = tail.split_at(width);
        let (c, d) = tail.split_at(width);
        let values = a.iter().zip(b).zip(c.iter().zip(d));
        for (sum, ((a, b), (c, d))) in sums.iter_mut().zip(values) {
            *sum += (group[0] - a).abs() + (group[1] - b).abs() + (group[2] - c).abs() + (group[3] - d).abs();
        }
    }
    for (value, column) in groups.remainder().iter().zip(rest.chunks_exact(width)) {
        sums.iter_mut().zip(column).for_each(|(sum, other)| *sum += (value - other).abs());
    }
}
