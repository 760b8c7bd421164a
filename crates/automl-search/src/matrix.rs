//! Symmetric positive definite systems, row-major and dense: a few hundred rows at most.

#![allow(
    clippy::inline_always,
    reason = "only what is inlined into a dispatch of `pulp` is compiled for the machine's vectors"
)]

/// Lanes of the sums: enough for the widest vectors, and fixed, so that the bits depend on no machine.
const LANES: usize = 8;

/// A lower triangular Cholesky factor.
#[derive(Debug, Clone)]
pub(crate) struct Cholesky {
    n: usize,
    /// Row-major; the upper triangle is zero.
    factor: Vec<f64>,
}

/// Sum of products of two slices of equal length.
#[inline(always)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

impl Cholesky {
    /// Factors a symmetric matrix of which only the lower triangle is read. `None` if it is not positive definite.
    #[inline(always)]
    pub(crate) fn new(matrix: &[f64], n: usize) -> Option<Self> {
        let mut factor = vec![0.0; n * n];
        for row in 0..n {
            let (above, below) = factor.split_at_mut(row * n);
            let own = &mut below[..n];
            for column in 0..row {
                let other = &above[column * n..column * n + column];
                let sum = matrix[row * n + column] - dot(&own[..column], other);
                own[column] = sum / above[column * n + column];
            }
            let pivot = matrix[row * n + row] - dot(&own[..row], &own[..row]);
            if !(pivot > 0.0 && pivot.is_finite()) {
                return None;
            }
            own[row] = pivot.sqrt();
        }
        Some(Self { n, factor })
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.factor[row * self.n..row * self.n + self.n]
    }

    /// Logarithm of the determinant of the factored matrix.
    pub(crate) fn log_determinant(&self) -> f64 {
        2.0 * (0..self.n).map(|row| self.factor[row * self.n + row].ln()).sum::<f64>()
    }

    /// Elements of the factor's diagonal.
    pub(crate) fn diagonal(&self) -> impl Iterator<Item = f64> {
        self.factor.iter().step_by(self.n + 1).copied()
    }

    /// `L x`.
    pub(crate) fn multiply_lower(&self, x: &[f64]) -> Vec<f64> {
        (0..self.n).map(|row| dot(&self.row(row)[..=row], &x[..=row])).collect()
    }

    /// Solves `L x = b` in place.
    #[inline(always)]
    pub(crate) fn solve_lower(&self, b: &mut [f64]) {
        for row in 0..self.n {
            let (known, rest) = b.split_at_mut(row);
            let own = self.row(row);
            rest[0] = (rest[0] - dot(&own[..row], known)) / own[row];
        }
    }

    /// Solves `L^T x = b` in place.
    #[inline(always)]
    pub(crate) fn solve_upper(&self, b: &mut [f64]) {
        for row in (0..self.n).rev() {
            let own = self.row(row);
            let value = b[row] / own[row];
            b[row] = value;
            for (b, factor) in b[..row].iter_mut().zip(own) {
                *b -= factor * value;
            }
        }
    }

    /// Solves `K x = b` in place.
    #[inline(always)]
    pub(crate) fn solve(&self, b: &mut [f64]) {
        self.solve_lower(b);
        self.solve_upper(b);
    }

    /// The inverse of the factored matrix, whole.
    #[inline(always)]
    pub(crate) fn inverse(&self) -> Vec<f64> {
        let n = self.n;
        // Row `i` holds column `i` of the inverse factor, which begins at `i`.
        let mut columns = vec![0.0; n * n];
        for column in 0..n {
            let own = &mut columns[column * n..column * n + n];
            own[column] = 1.0 / self.factor[column * n + column];
            for row in column + 1..n {
                let factor = self.row(row);
                own[row] = -dot(&factor[column..row], &own[column..row]) / factor[row];
            }
        }
        let mut inverse = vec![0.0; n * n];
        for row in 0..n {
            for column in 0..=row {
                let value =
                    dot(&columns[row * n + row..row * n + n], &columns[column * n + row..column * n + n]);
                inverse[row * n + column] = value;
                inverse[column * n + row] = value;
            }
        }
        inverse
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `A A^T` with one more on the diagonal.
    fn positive(values: &[f64], n: usize) -> Vec<f64> {
        let mut matrix = vec![0.0; n * n];
        for row in 0..n {
            for column in 0..n {
                matrix[row * n + column] =
                    dot(&values[row * n..row * n + n], &values[column * n..column * n + n]);
            }
            matrix[row * n + row] += 1.0;
        }
        matrix
    }

    proptest! {
        #[test]
        fn a_solution_solves_and_the_inverse_inverts(values in prop::collection::vec(-1.0..1.0, 19 * 19)) {
            let n = 19;
            let matrix = positive(&values, n);
            let cholesky = Cholesky::new(&matrix, n).unwrap();
            let b: Vec<f64> = (0..n).map(|row| row as f64 - 7.5).collect();
            let mut x = b.clone();
            cholesky.solve(&mut x);
            for row in 0..n {
                prop_assert!((dot(&matrix[row * n..row * n + n], &x) - b[row]).abs() < 1e-9);
            }
            let inverse = cholesky.inverse();
            for row in 0..n {
                let mut unit = vec![0.0; n];
                unit[row] = 1.0;
                cholesky.solve(&mut unit);
                for column in 0..n {
                    prop_assert!((inverse[row * n + column] - unit[column]).abs() < 1e-10);
                }
            }
        }
    }

    #[test]
    fn the_determinant_is_that_of_the_matrix() {
        let cholesky = Cholesky::new(&[4.0, 0.0, 2.0, 5.0], 2).unwrap();
        assert!((cholesky.log_determinant() - 16_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn a_matrix_that_is_not_positive_definite_has_no_factor() {
        assert!(Cholesky::new(&[1.0, 0.0, 2.0, 1.0], 2).is_none());
        assert!(Cholesky::new(&[f64::NAN], 1).is_none());
    }
}
