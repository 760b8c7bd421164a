//! Is one model better than another, and how good is the best of many?
//!
//! | question | answer | from |
//! |---|---|---|
//! | do two models differ? | [`corrected_t_test`], [`wilcoxon_signed_rank`], [`five_by_two_test`] | differences of fold scores |
//! | how probable is it that one is better, or that it does not matter? | [`bayesian_t_test`] | differences of fold scores, and what difference matters |
//! | which of many p-values hold? | [`holm`] | p-values |
//! | how sure is a score? | [`bootstrap_score`] | predictions |
//! | how sure is a difference of scores? | [`bootstrap_difference`] | two models' predictions |
//! | how good is the best of many, really? | [`tibshirani`], [`bootstrap_corrected`] | fold scores; predictions |
//!
//! Scores of folds are not independent: their training rows overlap. A plain t-test takes them for so and finds
//! differences where there are none far too often (Dietterich 1998); the tests here make up for it.

mod bayes;
mod bootstrap;
mod holm;
mod optimism;
mod paired;
mod wilcoxon;

pub use bayes::{Posterior, bayesian_t_test};
pub use bootstrap::{BootstrapConfig, BootstrapMethod, Interval, bootstrap_difference, bootstrap_score};
pub use holm::holm;
pub use optimism::{Corrected, bootstrap_corrected, tibshirani};
pub use paired::{FTest, PairedTest, corrected_t_test, five_by_two_test};
pub use wilcoxon::{SignedRankTest, wilcoxon_signed_rank};

use crate::error::EnsembleError;

/// Mean and sample variance of two or more finite differences.
fn moments(differences: &[f64]) -> Result<(f64, f64), EnsembleError> {
    let n = differences.len();
    if n < 2 {
        return Err(EnsembleError::TooFew { what: "a t-test", unit: "differences", got: n, wanted: 2 });
    }
    EnsembleError::check_finite("the differences", differences)?;
    let mean = differences.iter().sum::<f64>() / n as f64;
    let squares = differences.iter().map(|difference| (difference - mean).powi(2));
    Ok((mean, squares.sum::<f64>() / (n - 1) as f64))
}

/// Squared standard error of the mean of `n` correlated differences: Nadeau & Bengio's.
fn corrected_variance(variance: f64, n: usize, test_to_train: f64) -> Result<f64, EnsembleError> {
    let holds = test_to_train.is_finite() && test_to_train >= 0.0;
    EnsembleError::check("test_to_train", test_to_train, "finite and at least 0", holds)?;
    Ok(variance * (1.0 / n as f64 + test_to_train))
}
