//! Cholesky factors of symmetric positive definite systems, blocked so that the work is in products.

use crate::gemm::{View, add_product, add_scaled, dot, scale};

/// Columns factored before the rest is updated.
const BLOCK: usize = 64;
/// Width of the column strips in which a symmetric product is formed: only strips at or below the
/// diagonal are computed.
pub(super) const STRIP: usize = 256;

/// A factor `L`, lower triangular, with `L Lᵀ` the matrix that was given.
#[derive(Debug)]
pub(super) struct Cholesky {
    size: usize,
    /// Shape `[size, size]`, row by row; above the diagonal it holds nothing of meaning.
    lower: Vec<f64>,
}

/// The matrix is not positive definite in floating point.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NotPositiveDefinite {
    /// Column of the first unusable pivot.
    pub(super) column: usize,
    /// The pivot.
    pub(super) pivot: f64,
}

impl Cholesky {
    /// Factors the matrix whose lower triangle stands in `matrix`, shape `[size, size]`, row by row.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if a pivot is not above the rounding error of its diagonal element.
    pub(super) fn new(mut matrix: Vec<f64>, size: usize) -> Result<Self, NotPositiveDefinite> {
        let noise: Vec<f64> =
            (0..size).map(|row| matrix[row * size + row].abs() * size as f64 * f64::EPSILON).collect();
        for start in (0..size).step_by(BLOCK) {
            let end = (start + BLOCK).min(size);
            factor_columns(&mut matrix, size, start, end, &noise)?;
            update_rest(&mut matrix, size, start, end);
        }
        Ok(Self { size, lower: matrix })
    }

    /// Overwrites `vector`, of length `size`, with the solution of `L Lᵀ x = vector`.
    pub(super) fn solve(&self, vector: &mut [f64]) {
        for row in 0..self.size {
            let line = &self.lower[row * self.size..=row * self.size + row];
            vector[row] = (vector[row] - dot(&line[..row], &vector[..row])) / line[row];
        }
        for row in (0..self.size).rev() {
            let line = &self.lower[row * self.size..=row * self.size + row];
            let value = vector[row] / line[row];
            vector[row] = value;
            vector[..row].iter_mut().zip(line).for_each(|(rest, factor)| *rest -= value * factor);
        }
    }
}

impl Cholesky {
    /// The diagonal of the inverse of `L Lᵀ`: the squared lengths of the columns of `L⁻¹`.
    pub(super) fn inverse_diagonal(&self) -> Vec<f64> {
        let size = self.size;
        let mut inverse = vec![0.0; size * size];
        for start in (0..size).step_by(BLOCK) {
            let width = BLOCK.min(size - start);
            // Rows of this block times what is inverted already, and the unit block.
            let mut right = vec![0.0; width * size];
            let factor = View::strided(&self.lower[start * size..], width, start, size);
            add_product(&mut right, size, -1.0, factor, View::strided(&inverse, start, start, size));
            for row in 0..width {
                right[row * size + start + row] = 1.0;
                let (done, rest) = right.split_at_mut(row * size);
                let line = &mut rest[..size];
                let factors = &self.lower[(start + row) * size + start..][..=row];
                for (factor, known) in factors.iter().zip(done.chunks_exact(size)) {
                    add_scaled(line, -factor, known);
                }
                scale(line, 1.0 / factors[row]);
            }
            inverse[start * size..(start + width) * size].copy_from_slice(&right);
        }
        let mut diagonal = vec![0.0; size];
        for row in inverse.chunks_exact(size.max(1)) {
            diagonal.iter_mut().zip(row).for_each(|(sum, value)| *sum += value * value);
        }
        diagonal
    }
}

/// Finishes columns `start..end` in every row from `start` on; earlier columns are already taken off.
fn factor_columns(
    matrix: &mut [f64],
    size: usize,
    start: usize,
    end: usize,
    noise: &[f64],
) -> Result<(), NotPositiveDefinite> {
    for row in start..size {
        let (above, rest) = matrix.split_at_mut(row * size);
        let line = &mut rest[..size];
        for column in start..end.min(row) {
            let other = &above[column * size..(column + 1) * size];
            let known = dot(&line[start..column], &other[start..column]);
            line[column] = (line[column] - known) / other[column];
        }
        if row < end {
            let pivot = line[row] - dot(&line[start..row], &line[start..row]);
            // Written so that a NaN is refused too.
            if !(pivot > noise[row] && pivot.is_finite()) {
                return Err(NotPositiveDefinite { column: row, pivot });
            }
            line[row] = pivot.sqrt();
        }
    }
    Ok(())
}

/// Takes columns `start..end` off everything below and to the right of them.
fn update_rest(matrix: &mut [f64], size: usize, start: usize, end: usize) {
    let width = end - start;
    let panel: Vec<f64> =
        (end..size).flat_map(|row| matrix[row * size + start..row * size + end].iter().copied()).collect();
    for left in (end..size).step_by(STRIP) {
        let right = (left + STRIP).min(size);
        let rows = View::new(&panel[(left - end) * width..], size - left, width);
        let columns = View::new(&panel[(left - end) * width..], right - left, width);
        add_product(&mut matrix[left * size + left..], size, -1.0, rows, columns.transposed());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `B Bᵀ + I` of an arbitrary square `B`.
    fn positive_definite(size: usize, values: &[f64]) -> Vec<f64> {
        let mut matrix = vec![0.0; size * size];
        let view = View::new(values, size, size);
        add_product(&mut matrix, size, 1.0, view, view.transposed());
        (0..size).for_each(|row| matrix[row * size + row] += 1.0);
        matrix
    }

    fn residual(matrix: &[f64], solution: &[f64], right: &[f64]) -> f64 {
        let size = right.len();
        let of_row = |row: usize| dot(&matrix[row * size..(row + 1) * size], solution) - right[row];
        (0..size).map(|row| of_row(row).abs()).fold(0.0, f64::max)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_solution_solves(
            (size, values) in (1_usize..12)
                .prop_flat_map(|n| (Just(n), proptest::collection::vec(-3.0..3.0_f64, n * (n + 1))))
        ) {
            let (factor, right) = values.split_at(size * size);
            let matrix = positive_definite(size, factor);
            let mut solution = right.to_vec();
            Cholesky::new(matrix.clone(), size).unwrap().solve(&mut solution);
            prop_assert!(residual(&matrix, &solution, right) < 1e-9);
        }
    }

    #[test]
    fn a_system_larger_than_blocks_and_strips_is_solved() {
        let size = 2 * STRIP + BLOCK + 3;
        let values: Vec<f64> =
            (0..size * size).map(|index| ((index * 37 % 101) as f64 - 50.0) / 50.0).collect();
        let matrix = positive_definite(size, &values);
        let right: Vec<f64> = (0..size).map(|row| row as f64 / size as f64).collect();
        let mut solution = right.clone();
        let factor = Cholesky::new(matrix.clone(), size).unwrap();
        factor.solve(&mut solution);
        assert!(residual(&matrix, &solution, &right) < 1e-7);
        let diagonal = factor.inverse_diagonal();
        for column in [0, 1, BLOCK, size / 2, size - 1] {
            let mut unit = vec![0.0; size];
            unit[column] = 1.0;
            factor.solve(&mut unit);
            assert!((unit[column] - diagonal[column]).abs() < 1e-9 * diagonal[column], "column {column}");
        }
    }

    #[test]
    fn a_singular_matrix_names_its_column() {
        let error = Cholesky::new(vec![1.0, 0.0, 1.0, 1.0], 2).unwrap_err();
        assert_eq!(error, NotPositiveDefinite { column: 1, pivot: 0.0 });
        assert_eq!(Cholesky::new(vec![f64::NAN], 1).unwrap_err().column, 0);
    }
}
