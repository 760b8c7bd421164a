//! Centred training rows, widened to `f64` a block at a time.
//!
//! With centred columns the intercept decouples from the coefficients, and the Gram matrix loses no
//! digits to large means. Blocks keep the extra memory small and the data in cache.

use std::ops::Range;

use automl_core::{FitError, Matrix, StopSignal};

use super::cholesky::STRIP;
use crate::gemm::{View, add_product, add_scaled, scale};

/// Rows widened at once.
const BLOCK_ROWS: usize = 256;

/// Rows of shape `[n_rows, n_features]` with their columns' means taken off.
#[derive(Debug)]
pub(super) struct CentredRows<'a> {
    values: &'a Matrix<f32>,
    means: Vec<f64>,
    stop: &'a StopSignal,
}

impl<'a> CentredRows<'a> {
    /// Centres by the mean under `weights`, which sum to 1; there is one a row.
    pub(super) fn new(values: &'a Matrix<f32>, weights: &[f64], stop: &'a StopSignal) -> Self {
        let mut means = vec![0.0; values.n_cols()];
        for (row, weight) in values.rows().zip(weights) {
            means.iter_mut().zip(row).for_each(|(mean, value)| *mean += weight * f64::from(*value));
        }
        Self { values, means, stop }
    }

    /// Number of rows.
    pub(super) fn n_rows(&self) -> usize {
        self.values.n_rows()
    }

    /// Number of columns.
    pub(super) fn n_features(&self) -> usize {
        self.values.n_cols()
    }

    /// What was taken off each column.
    pub(super) fn means(&self) -> &[f64] {
        &self.means
    }

    /// Asked once a block.
    pub(super) fn stop(&self) -> &StopSignal {
        self.stop
    }

    /// Calls `visit` with every block in order: its row indices, and its values row by row.
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop, which is checked once a block.
    pub(super) fn for_each_block(
        &self,
        mut visit: impl FnMut(Range<usize>, &mut [f64]),
    ) -> Result<(), FitError> {
        let mut block = vec![0.0; BLOCK_ROWS.min(self.n_rows()) * self.n_features()];
        for start in (0..self.n_rows()).step_by(BLOCK_ROWS) {
            self.check_stop()?;
            let rows = start..(start + BLOCK_ROWS).min(self.n_rows());
            let used = rows.len() * self.n_features();
            for (index, row) in rows.clone().enumerate() {
                let target = &mut block[index * self.n_features()..][..self.n_features()];
                let source = self.values.row(row).iter().zip(&self.means);
                target.iter_mut().zip(source).for_each(|(to, (value, mean))| *to = f64::from(*value) - mean);
            }
            visit(rows, &mut block[..used]);
        }
        Ok(())
    }

    /// The lower triangle of `Σ weightᵢ xᵢ xᵢᵀ`, shape `[n_features, n_features]`.
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop.
    pub(super) fn gram(&self, weights: &[f64]) -> Result<Vec<f64>, FitError> {
        let size = self.n_features();
        let mut gram = vec![0.0; size * size];
        self.for_each_block(|rows, block| {
            for (row, weight) in block.chunks_exact_mut(size.max(1)).zip(&weights[rows.clone()]) {
                scale(row, weight.sqrt());
            }
            add_gram(&mut gram, size, &block[..rows.len() * size], rows.len(), size);
        })?;
        Ok(gram)
    }

    /// [`CentredRows::gram`] of the given columns alone, both triangles, with the columns' means under `weights` taken off;
    /// and these means, which are in addition to [`CentredRows::means`].
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop.
    pub(super) fn gram_of(
        &self,
        columns: &[usize],
        weights: &[f64],
    ) -> Result<(Vec<f64>, Vec<f64>), FitError> {
        let (size, width) = (columns.len(), self.n_features());
        let (mut gram, mut means) = (vec![0.0; size * size], vec![0.0; size]);
        let mut chosen = Vec::new();
        self.for_each_block(|rows, block| {
            chosen.clear();
            for (row, weight) in block.chunks_exact(width.max(1)).zip(&weights[rows.clone()]) {
                let (start, root) = (chosen.len(), weight.sqrt());
                chosen.extend(columns.iter().map(|&column| root * row[column]));
                add_scaled(&mut means, root, &chosen[start..]);
            }
            add_gram(&mut gram, size, &chosen, chosen.len() / size.max(1), size);
        })?;
        let total: f64 = weights.iter().sum();
        scale(&mut means, 1.0 / total);
        for row in 0..size {
            for column in 0..=row {
                let value = gram[row * size + column] - total * means[row] * means[column];
                gram[row * size + column] = value;
                gram[column * size + row] = value;
            }
        }
        Ok((gram, means))
    }

    /// The diagonal of [`CentredRows::gram`].
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop.
    pub(super) fn gram_diagonal(&self, weights: &[f64]) -> Result<Vec<f64>, FitError> {
        let mut diagonal = vec![0.0; self.n_features()];
        self.for_each_block(|rows, block| {
            for (row, weight) in block.chunks_exact(self.n_features().max(1)).zip(&weights[rows]) {
                diagonal.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value * value);
            }
        })?;
        Ok(diagonal)
    }

    /// The lower triangle of the inner products of all rows times their `factors`, shape `[n_rows, n_rows]`.
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop.
    pub(super) fn kernel(&self, factors: &[f64]) -> Result<Vec<f64>, FitError> {
        let size = self.n_rows();
        let mut kernel = vec![0.0; size * size];
        for start in (0..self.n_features()).step_by(BLOCK_ROWS) {
            self.check_stop()?;
            let columns = start..(start + BLOCK_ROWS).min(self.n_features());
            let width = columns.len();
            let mut block = Vec::with_capacity(size * width);
            for (row, factor) in self.values.rows().zip(factors) {
                let pairs = row[columns.clone()].iter().zip(&self.means[columns.clone()]);
                block.extend(pairs.map(|(value, mean)| factor * (f64::from(*value) - mean)));
            }
            for top in (0..size).step_by(STRIP) {
                let below = View::new(&block[top * width..], size - top, width);
                let strip = View::new(&block[top * width..], STRIP.min(size - top), width);
                add_product(&mut kernel[top * size + top..], size, 1.0, below, strip.transposed());
            }
        }
        Ok(kernel)
    }

    /// `Σ weightᵢ xᵢ`, of length `n_features`.
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop.
    pub(super) fn weighted_sum(&self, weights: &[f64]) -> Result<Vec<f64>, FitError> {
        let mut sum = vec![0.0; self.n_features()];
        self.for_each_block(|rows, block| {
            for (row, weight) in block.chunks_exact(self.n_features().max(1)).zip(&weights[rows]) {
                add_scaled(&mut sum, *weight, row);
            }
        })?;
        Ok(sum)
    }

    /// `xᵢ · coefficients`, one a row, of the given columns alone.
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop.
    pub(super) fn outputs_of(&self, columns: &[usize], coefficients: &[f64]) -> Result<Vec<f64>, FitError> {
        let offset: f64 =
            columns.iter().zip(coefficients).map(|(&column, weight)| weight * self.means[column]).sum();
        let mut outputs = Vec::with_capacity(self.n_rows());
        for start in (0..self.n_rows()).step_by(BLOCK_ROWS) {
            self.check_stop()?;
            for row in start..(start + BLOCK_ROWS).min(self.n_rows()) {
                let row = self.values.row(row);
                let pairs = columns.iter().zip(coefficients);
                outputs.push(
                    pairs.map(|(&column, weight)| weight * f64::from(row[column])).sum::<f64>() - offset,
                );
            }
        }
        Ok(outputs)
    }

    fn check_stop(&self) -> Result<(), FitError> {
        self.stop.check().map_or(Ok(()), |reason| Err(FitError::Stopped(reason)))
    }
}

/// Adds the lower triangle of `blockᵀ block`, of shape `[size, size]`, to `gram`, whose rows start `row_stride` values
/// apart; `block` is `[n_rows, size]`.
pub(super) fn add_gram(gram: &mut [f64], row_stride: usize, block: &[f64], n_rows: usize, size: usize) {
    for left in (0..size).step_by(STRIP) {
        let width = STRIP.min(size - left);
        let below = View::strided(&block[left..], n_rows, size - left, size);
        let strip = View::strided(&block[left..], n_rows, width, size);
        add_product(&mut gram[left * row_stride + left..], row_stride, 1.0, below.transposed(), strip);
    }
}
