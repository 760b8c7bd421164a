//! The Bayesian correlated t-test.

use serde::{Deserialize, Serialize};

use super::{corrected_variance, moments};
use crate::error::EnsembleError;
use crate::special::student_upper;

/// What is believed of a difference after the folds were seen. The three probabilities sum to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Posterior {
    /// Probability that the difference is below minus the region's half width.
    pub below: f64,
    /// Probability that the difference does not matter: it lies within the region of practical equivalence.
    pub equivalent: f64,
    /// Probability that the difference is above the region's half width.
    pub above: f64,
}

/// G. Corani & A. Benavoli, "A Bayesian approach for comparing cross-validated algorithms on multiple data sets" (2015),
/// equation 8: the true difference follows Student's t about the mean, with the scale of
/// [`corrected_t_test`](super::corrected_t_test) and `n - 1` degrees of freedom.
///
/// `differences` and `test_to_train` are as there. A difference of at most `rope` either way, in the unit of the metric,
/// does not matter; 0 for none. Unlike a p-value it can say that two models are equally good.
///
/// # Errors
/// [`EnsembleError::TooFew`], [`EnsembleError::NotFinite`], and [`EnsembleError::OutOfRange`] for a ratio or a region
/// below 0.
pub fn bayesian_t_test(
    differences: &[f64],
    test_to_train: f64,
    rope: f64,
) -> Result<Posterior, EnsembleError> {
    let (mean, variance) = moments(differences)?;
    let scale = corrected_variance(variance, differences.len(), test_to_train)?.sqrt();
    EnsembleError::check("rope", rope, "finite and at least 0", rope.is_finite() && rope >= 0.0)?;
    if scale == 0.0 {
        // All differences are equal, and so is the true one; on the border it is half in.
        let share = |distance: f64| if distance > 0.0 { 1.0 } else { f64::from(distance == 0.0) * 0.5 };
        let (below, above) = (share(-rope - mean), share(mean - rope));
        return Ok(Posterior { below, equivalent: 1.0 - below - above, above });
    }
    let degrees_of_freedom = (differences.len() - 1) as f64;
    let below = student_upper((mean + rope) / scale, degrees_of_freedom);
    let above = student_upper((rope - mean) / scale, degrees_of_freedom);
    Ok(Posterior { below, equivalent: (1.0 - below - above).max(0.0), above })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_differences_leave_no_doubt() {
        let posterior = |difference, rope| bayesian_t_test(&[difference; 5], 0.25, rope).unwrap();
        assert_eq!(posterior(0.3, 0.1), Posterior { below: 0.0, equivalent: 0.0, above: 1.0 });
        assert_eq!(posterior(-0.3, 0.1), Posterior { below: 1.0, equivalent: 0.0, above: 0.0 });
        assert_eq!(posterior(0.0, 0.1), Posterior { below: 0.0, equivalent: 1.0, above: 0.0 });
        assert_eq!(posterior(0.0, 0.0), Posterior { below: 0.5, equivalent: 0.0, above: 0.5 });
    }
}
