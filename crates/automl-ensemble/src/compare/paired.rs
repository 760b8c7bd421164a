//! t- and F-tests of paired scores.

use serde::{Deserialize, Serialize};

use super::{corrected_variance, moments};
use crate::error::EnsembleError;
use crate::special::{fisher_upper, student_upper, student_upper_quantile};

/// A paired t-test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedTest {
    /// Mean difference, in the unit of the metric.
    pub mean: f64,
    /// Standard error of the mean.
    pub standard_error: f64,
    /// `mean / standard_error`.
    pub statistic: f64,
    /// Degrees of freedom.
    pub degrees_of_freedom: f64,
    /// Two-sided: the probability of a statistic as far from 0 if the models do not differ.
    pub p_value: f64,
}

impl PairedTest {
    /// The interval that holds the true difference at confidence `level`, between 0 and 1.
    ///
    /// # Errors
    /// [`EnsembleError::OutOfRange`] for another level.
    pub fn interval(&self, level: f64) -> Result<(f64, f64), EnsembleError> {
        EnsembleError::check("level", level, "between 0 and 1", level > 0.0 && level < 1.0)?;
        let reach =
            self.standard_error * student_upper_quantile(0.5 * (1.0 - level), self.degrees_of_freedom);
        Ok((self.mean - reach, self.mean + reach))
    }
}

/// The corrected resampled t-test: C. Nadeau & Y. Bengio, "Inference for the generalization error" (2003).
///
/// `differences` are those of two models' scores, fold by fold, on the same folds (of repeated cross-validation all of
/// them); two or more. `test_to_train` is the number of test rows over that of training rows, `1 / (k - 1)` for `k`
/// folds. The variance of the mean of `n` differences is `s² (1/n + test_to_train)` in place of `s² / n`, since folds
/// share training rows; degrees of freedom are `n - 1`.
///
/// Differences that are all equal have a p-value of 0, or of 1 if all are 0.
///
/// # Errors
/// [`EnsembleError::TooFew`], [`EnsembleError::NotFinite`], and [`EnsembleError::OutOfRange`] for a ratio below 0.
pub fn corrected_t_test(differences: &[f64], test_to_train: f64) -> Result<PairedTest, EnsembleError> {
    let (mean, variance) = moments(differences)?;
    let standard_error = corrected_variance(variance, differences.len(), test_to_train)?.sqrt();
    let degrees_of_freedom = (differences.len() - 1) as f64;
    let statistic = if mean == 0.0 { 0.0 } else { mean / standard_error };
    let p_value = 2.0 * student_upper(statistic.abs(), degrees_of_freedom);
    Ok(PairedTest { mean, standard_error, statistic, degrees_of_freedom, p_value })
}

/// An F-test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FTest {
    /// The statistic, at least 0.
    pub statistic: f64,
    /// The probability of as large a statistic if the models do not differ.
    pub p_value: f64,
}

/// The combined 5x2cv F-test: E. Alpaydın, "Combined 5x2cv F test for comparing supervised classification learning
/// algorithms" (1999), a less arbitrary form of Dietterich's t-test (1998).
///
/// `differences[i]` are those of the two halves of repetition `i`. The statistic is `Σ p² / (2 Σ sᵢ²)`, with `sᵢ²` the
/// sum of the squared distances of both from their mean, on 10 and 5 degrees of freedom.
///
/// # Errors
/// [`EnsembleError::NotFinite`].
pub fn five_by_two_test(differences: &[[f64; 2]; 5]) -> Result<FTest, EnsembleError> {
    EnsembleError::check_finite("the differences", differences.as_flattened())?;
    let squares: f64 = differences.as_flattened().iter().map(|difference| difference * difference).sum();
    let variances: f64 = differences.iter().map(|[a, b]| (a - b).powi(2) / 2.0).sum();
    let statistic = if squares == 0.0 { 0.0 } else { squares / (2.0 * variances) };
    let p_value = if statistic.is_finite() { fisher_upper(statistic, 10.0, 5.0) } else { 0.0 };
    Ok(FTest { statistic, p_value })
}
