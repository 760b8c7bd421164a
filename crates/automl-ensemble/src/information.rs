//! Information criteria: fit against the number of fitted parameters.
//!
//! They compare models by the log likelihood on the rows they were fitted on, which more parameters always raise.
//! They are meaningful where
//! - every model compared was fitted by maximum likelihood, on the same rows and the same target (not its logarithm);
//! - its number of free parameters is known: for a penalised model the effective number, such as the trace of the hat
//!   matrix. Trees, boosting and networks have none that could be counted;
//! - rows are independent.
//!
//! Where this does not hold, use cross-validation: it asks none of it, and AIC is an approximation of it (Stone 1977).
//! Only differences mean anything: less is better, and 2 is little, 10 a lot (Burnham & Anderson 2002).

use std::f64::consts::PI;

use crate::error::EnsembleError;

/// Akaike's criterion, `2k - 2 ln L` (Akaike 1974). Less is better.
///
/// For a classifier `ln L` is `-n_rows · log_loss`; for least squares see [`gaussian_log_likelihood`].
pub fn aic(log_likelihood: f64, n_parameters: f64) -> f64 {
    2.0 * n_parameters - 2.0 * log_likelihood
}

/// AIC corrected for few rows, `AIC + 2k(k + 1) / (n - k - 1)` (Hurvich & Tsai 1989). It tends
/// to AIC as rows grow, and is needed below about 40 rows a parameter (Burnham & Anderson 2002).
///
/// # Errors
/// [`EnsembleError::OutOfRange`] unless there are at least two rows more than parameters.
pub fn aicc(log_likelihood: f64, n_parameters: f64, n_rows: usize) -> Result<f64, EnsembleError> {
    let rest = n_rows as f64 - n_parameters - 1.0;
    EnsembleError::check("n_parameters", n_parameters, "less than the number of rows less 1", rest > 0.0)?;
    Ok(aic(log_likelihood, n_parameters) + 2.0 * n_parameters * (n_parameters + 1.0) / rest)
}

/// Schwarz's criterion, `k ln n - 2 ln L` (Schwarz 1978). Less is better. It finds the true model among those compared,
/// if it is there and rows are many; AIC finds the one that predicts best.
pub fn bic(log_likelihood: f64, n_parameters: f64, n_rows: usize) -> f64 {
    n_parameters * (n_rows as f64).ln() - 2.0 * log_likelihood
}

/// The greatest log likelihood of residuals under a normal distribution of mean 0:
/// `-n/2 (ln(2π RSS/n) + 1)`. The variance is fitted too and counts as a parameter.
///
/// # Errors
/// [`EnsembleError::TooFew`] without residuals, [`EnsembleError::NotFinite`], and [`EnsembleError::OutOfRange`] if all
/// are 0, for then the likelihood has no bound.
pub fn gaussian_log_likelihood(residuals: &[f64]) -> Result<f64, EnsembleError> {
    if residuals.is_empty() {
        return Err(EnsembleError::TooFew { what: "a likelihood", unit: "residuals", got: 0, wanted: 1 });
    }
    EnsembleError::check_finite("the residuals", residuals)?;
    let n = residuals.len() as f64;
    let variance = residuals.iter().map(|residual| residual * residual).sum::<f64>() / n;
    EnsembleError::check("variance of the residuals", variance, "above 0", variance > 0.0)?;
    Ok(-0.5 * n * ((2.0 * PI * variance).ln() + 1.0))
}

/// How plausible each model is, given that one of them is the best: `exp(-Δᵢ/2) / Σ exp(-Δⱼ/2)` with `Δ` the distance
/// from the least criterion (Burnham & Anderson 2002, section 2.9). Sums to 1; empty for no models.
///
/// # Errors
/// [`EnsembleError::NotFinite`] if a criterion is not.
pub fn akaike_weights(criteria: &[f64]) -> Result<Vec<f64>, EnsembleError> {
    EnsembleError::check_finite("the criteria", criteria)?;
    let least = criteria.iter().copied().fold(f64::INFINITY, f64::min);
    let likelihoods: Vec<f64> = criteria.iter().map(|value| (-0.5 * (value - least)).exp()).collect();
    let sum: f64 = likelihoods.iter().sum();
    Ok(likelihoods.into_iter().map(|likelihood| likelihood / sum).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_the_differences() {
        let weights = akaike_weights(&[102.0, 100.0, 104.0]).unwrap();
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((weights[1] / weights[0] - 1.0_f64.exp()).abs() < 1e-12);
        assert!((weights[1] / weights[2] - 2.0_f64.exp()).abs() < 1e-12);
        assert_eq!(akaike_weights(&[]).unwrap(), Vec::<f64>::new());
    }

    #[test]
    fn what_has_no_value_is_named() {
        assert_eq!(
            aicc(-10.0, 9.0, 10).unwrap_err().to_string(),
            "`n_parameters` is 9, but must be less than the number of rows less 1"
        );
        assert_eq!(
            gaussian_log_likelihood(&[0.0]).unwrap_err().to_string(),
            "`variance of the residuals` is 0, but must be above 0"
        );
        assert!(gaussian_log_likelihood(&[]).is_err());
    }
}
