//! How much folds differ by chance.

/// Sum of squares of residuals and the degrees of freedom it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::pruner) struct Spread {
    pub(in crate::pruner) squares: f64,
    pub(in crate::pruner) degrees: f64,
}

impl Spread {
    /// What is left of a table `costs[configuration][fold]` when the means of configurations and of folds are taken
    /// out: residuals `r_ij = y_ij - ȳ_i. - ȳ_.j + ȳ_..` of the additive two-way layout, whose variance is
    /// Σ r² / ((n - 1)(K - 1)). All rows have the same length.
    pub(in crate::pruner) fn of_residuals(costs: &[Vec<f64>]) -> Self {
        let n_folds = costs.first().map_or(0, Vec::len);
        if costs.len() < 2 || n_folds < 2 {
            return Self { squares: 0.0, degrees: 0.0 };
        }
        let mean = |values: &mut dyn Iterator<Item = f64>, n: usize| values.sum::<f64>() / n as f64;
        let row_means: Vec<f64> = costs.iter().map(|row| mean(&mut row.iter().copied(), n_folds)).collect();
        let grand = mean(&mut row_means.iter().copied(), costs.len());
        let column_mean = |fold: usize| mean(&mut costs.iter().map(|row| row[fold]), costs.len());
        let column_means: Vec<f64> = (0..n_folds).map(column_mean).collect();
        let row_squares = |(row, row_mean): (&Vec<f64>, &f64)| -> f64 {
            let residual = |(cost, fold_mean): (&f64, &f64)| (cost - row_mean - fold_mean + grand).powi(2);
            row.iter().zip(&column_means).map(residual).sum()
        };
        let squares = costs.iter().zip(&row_means).map(row_squares).sum();
        Self { squares, degrees: ((costs.len() - 1) * (n_folds - 1)) as f64 }
    }

    /// Of a sample around its mean.
    pub(super) fn of_sample(values: &[f64]) -> Self {
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        let squares = values.iter().map(|value| (value - mean).powi(2)).sum();
        Self { squares, degrees: values.len().saturating_sub(1) as f64 }
    }

    /// Both together.
    pub(super) fn pooled(self, other: Self) -> Self {
        Self { squares: self.squares + other.squares, degrees: self.degrees + other.degrees }
    }

    /// The same with every residual multiplied by the root of `factor`.
    pub(super) fn scaled(self, factor: f64) -> Self {
        Self { squares: self.squares * factor, ..self }
    }

    /// The variance; `None` without a degree of freedom, or where it is no finite number.
    pub(super) fn variance(self) -> Option<f64> {
        (self.degrees >= 1.0).then(|| self.squares / self.degrees).filter(|variance| variance.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additive_tables_leave_nothing() {
        let table: Vec<Vec<f64>> =
            [0.0, 5.0, -2.0].iter().map(|row| vec![row + 1.0, row + 4.0, row + 2.0, *row]).collect();
        let spread = Spread::of_residuals(&table);
        assert!(spread.squares < 1e-25);
        assert_eq!(spread.degrees, 6.0);
    }

    #[test]
    fn tables_too_small_have_no_variance() {
        assert_eq!(Spread::of_residuals(&[]).variance(), None);
        assert_eq!(Spread::of_residuals(&[vec![1.0, 2.0]]).variance(), None);
        assert_eq!(Spread::of_residuals(&[vec![1.0], vec![2.0]]).variance(), None);
        assert_eq!(Spread::of_sample(&[1.0]).variance(), None);
        assert_eq!(Spread::of_sample(&[1.0, 3.0]).variance(), Some(2.0));
    }
}
