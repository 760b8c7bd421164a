//! A dense row-major matrix: the one container that crosses crate borders.

use serde::{Deserialize, Serialize};

/// A dense matrix of shape `[n_rows, n_cols]`, stored row by row.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Matrix<T> {
    n_rows: usize,
    n_cols: usize,
    values: Vec<T>,
}

impl<T: Copy> Matrix<T> {
    /// Wraps `values`, row by row.
    ///
    /// # Panics
    /// If `values.len() != n_rows * n_cols`: the caller computed the shape wrongly.
    pub fn new(n_rows: usize, n_cols: usize, values: Vec<T>) -> Self {
        assert_eq!(
            values.len(),
            n_rows * n_cols,
            "a matrix of shape [{n_rows}, {n_cols}] needs {} values, got {}",
            n_rows * n_cols,
            values.len()
        );
        Self { n_rows, n_cols, values }
    }

    /// A matrix of shape `[n_rows, n_cols]` holding `value` everywhere.
    pub fn filled(n_rows: usize, n_cols: usize, value: T) -> Self {
        Self { n_rows, n_cols, values: vec![value; n_rows * n_cols] }
    }

    /// Builds a matrix of shape `[columns[0].len(), columns.len()]`.
    ///
    /// # Panics
    /// If the columns differ in length.
    pub fn from_columns(n_rows: usize, columns: &[Vec<T>]) -> Self {
        for column in columns {
            assert_eq!(column.len(), n_rows, "every column of a matrix needs {n_rows} values");
        }
        let mut values = Vec::with_capacity(n_rows * columns.len());
        for row in 0..n_rows {
            values.extend(columns.iter().map(|column| column[row]));
        }
        Self { n_rows, n_cols: columns.len(), values }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns.
    pub fn n_cols(&self) -> usize {
        self.n_cols
    }

    /// One row, of length `n_cols`.
    pub fn row(&self, row: usize) -> &[T] {
        &self.values[row * self.n_cols..(row + 1) * self.n_cols]
    }

    /// One row, to write into.
    pub fn row_mut(&mut self, row: usize) -> &mut [T] {
        &mut self.values[row * self.n_cols..(row + 1) * self.n_cols]
    }

    /// The rows in order. A matrix without columns still yields `n_rows` empty rows.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[T]> {
        (0..self.n_rows).map(|row| self.row(row))
    }

    /// One column, copied out.
    pub fn column(&self, column: usize) -> Vec<T> {
        self.rows().map(|row| row[column]).collect()
    }

    /// The value at (`row`, `column`).
    pub fn get(&self, row: usize, column: usize) -> T {
        self.values[row * self.n_cols + column]
    }

    /// All values, row by row.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// All values, to write into.
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// All values, row by row, without a copy.
    pub fn into_values(self) -> Vec<T> {
        self.values
    }

    /// The given rows, in the given order.
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        let mut values = Vec::with_capacity(rows.len() * self.n_cols);
        for &row in rows {
            values.extend_from_slice(self.row(row));
        }
        Self { n_rows: rows.len(), n_cols: self.n_cols, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_row_major_values() {
        let matrix = Matrix::from_columns(2, &[vec![1, 2], vec![3, 4], vec![5, 6]]);
        assert_eq!(matrix.values(), &[1, 3, 5, 2, 4, 6]);
        assert_eq!(matrix.column(1), vec![3, 4]);
        assert_eq!(matrix.select_rows(&[1, 1]).values(), &[2, 4, 6, 2, 4, 6]);
    }

    #[test]
    fn a_matrix_without_columns_has_rows() {
        let matrix: Matrix<f32> = Matrix::from_columns(3, &[]);
        assert_eq!((matrix.n_rows(), matrix.n_cols(), matrix.rows().len()), (3, 0, 3));
    }
}
