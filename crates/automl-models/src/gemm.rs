//! A safe door to the `gemm` crate: products of strided matrices of `f64` or `f32` on one thread.
//!
//! One thread, because the order of summation must not depend on how many cores are free.

use gemm::Parallelism;

/// A number whose products `gemm` computes.
pub(crate) trait Real: Copy + 'static {
    /// Its 1.
    const ONE: Self;
}

impl Real for f32 {
    const ONE: Self = 1.0;
}

impl Real for f64 {
    const ONE: Self = 1.0;
}

/// A borrowed matrix of shape `[n_rows, n_cols]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a, T = f64> {
    values: &'a [T],
    n_rows: usize,
    n_cols: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> View<'a, T> {
    /// Rows of length `n_cols` that start `row_stride` values apart.
    ///
    /// # Panics
    /// If the last element lies outside `values`: the caller computed the shape wrongly.
    pub(crate) fn strided(values: &'a [T], n_rows: usize, n_cols: usize, row_stride: usize) -> Self {
        assert_fits(values.len(), n_rows, n_cols, row_stride);
        Self { values, n_rows, n_cols, row_stride, column_stride: 1 }
    }

    /// Rows of length `n_cols`, one after another.
    pub(crate) fn new(values: &'a [T], n_rows: usize, n_cols: usize) -> Self {
        Self::strided(values, n_rows, n_cols, n_cols)
    }

    /// The same values with rows and columns exchanged.
    pub(crate) fn transposed(self) -> Self {
        Self {
            n_rows: self.n_cols,
            n_cols: self.n_rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// Adds `scale * left * right` to `target`, whose rows start `row_stride` values apart.
///
/// # Shapes
/// `left` `[m, k]`, `right` `[k, n]`, `target` `[m, n]`.
///
/// # Panics
/// If the shapes do not fit: the caller computed them wrongly.
#[expect(unsafe_code, reason = "gemm takes pointers; every extent is checked first")]
pub(crate) fn add_product<T: Real>(
    target: &mut [T],
    row_stride: usize,
    scale: T,
    left: View<'_, T>,
    right: View<'_, T>,
) {
    let (m, k, n) = (left.n_rows, left.n_cols, right.n_cols);
    assert_eq!(k, right.n_rows, "a product of [{m}, {k}] and [{}, {n}]", right.n_rows);
    assert_fits(target.len(), m, n, row_stride);
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    // SAFETY: `View` and `assert_fits` guarantee that every element addressed by the shapes and
    // strides lies inside its slice, and `target` is borrowed mutably, so it overlaps neither operand.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            target.as_mut_ptr(),
            1,
            row_stride as isize,
            true,
            left.values.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.values.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            T::ONE,
            scale,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// The inner product of two slices of one length.
pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

/// Adds `scale * source` to `target`.
pub(crate) fn add_scaled(target: &mut [f64], scale: f64, source: &[f64]) {
    target.iter_mut().zip(source).for_each(|(to, from)| *to += scale * from);
}

/// Multiplies every value by `factor`.
pub(crate) fn scale(values: &mut [f64], factor: f64) {
    for value in values {
        *value *= factor;
    }
}

fn assert_fits(len: usize, n_rows: usize, n_cols: usize, row_stride: usize) {
    assert!(
        n_rows == 0 || n_cols == 0 || (row_stride >= n_cols && (n_rows - 1) * row_stride + n_cols <= len),
        "a [{n_rows}, {n_cols}] matrix with rows {row_stride} apart does not fit in {len} values"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_added_to_the_target() {
        let mut target = vec![1.0, 0.0, 9.0, 0.0, 1.0, 9.0];
        let left = [1.0, 2.0, 3.0, 4.0];
        add_product(&mut target, 3, 2.0, View::new(&left, 2, 2), View::new(&left, 2, 2).transposed());
        assert_eq!(target, [11.0, 22.0, 9.0, 22.0, 51.0, 9.0]);
    }

    #[test]
    fn empty_products_add_nothing() {
        let mut target = vec![5.0; 4];
        add_product(&mut target, 2, 1.0, View::new(&[], 2, 0), View::new(&[], 0, 2));
        assert_eq!(target, [5.0; 4]);
    }

    #[test]
    #[should_panic(expected = "does not fit in 3 values")]
    fn a_view_outside_its_values_is_refused() {
        let _ = View::new(&[1.0, 2.0, 3.0], 2, 2);
    }
}
