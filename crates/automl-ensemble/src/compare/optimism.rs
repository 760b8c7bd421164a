//! The score of the winner is too good: of many configurations the best was also lucky.

use automl_core::{Direction, Matrix, Predictions, Purpose, Seed};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bootstrap::quantile;
use crate::error::EnsembleError;
use crate::generator::Generator;
use crate::prepared::Prepared;
use crate::scorer::Scorer;

/// The best of many, and what it is honestly worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Corrected {
    /// Index of the configuration with the best score.
    pub best: usize,
    /// Its score, which flatters.
    pub score: f64,
    /// What is to be expected on other rows, in the unit of the metric.
    pub corrected: f64,
    /// Interval of the latter that holds 95 in 100, where the method gives one.
    pub interval: Option<(f64, f64)>,
}

/// R. J. Tibshirani & R. Tibshirani, "A bias correction for the minimum error rate in cross-validation" (2009).
///
/// `fold_scores` has the shape `[n_configurations, n_folds]`. The bias is the mean, over folds, of the distance from the
/// winner's score on the fold to the best score of any configuration on that fold (equation 3). It needs nothing but
/// fold scores, but overcorrects where there are few rows a fold, for then the best on a fold is mostly luck.
///
/// # Errors
/// [`EnsembleError::TooFew`] for no configuration or fewer than two folds; [`EnsembleError::NotFinite`].
pub fn tibshirani(fold_scores: &Matrix<f64>, direction: Direction) -> Result<Corrected, EnsembleError> {
    let n_folds = fold_scores.n_cols();
    let what = "the correction of Tibshirani & Tibshirani";
    if fold_scores.n_rows() == 0 {
        return Err(EnsembleError::TooFew { what, unit: "configurations", got: 0, wanted: 1 });
    }
    if n_folds < 2 {
        return Err(EnsembleError::TooFew { what, unit: "folds", got: n_folds, wanted: 2 });
    }
    EnsembleError::check_finite("the fold scores", fold_scores.values())?;
    let costs: Vec<f64> = fold_scores
        .rows()
        .map(|scores| scores.iter().map(|score| direction.cost(*score)).sum::<f64>() / n_folds as f64)
        .collect();
    let best = least(&costs);
    let distance = |fold: usize| {
        let on_fold = fold_scores.rows().map(|scores| direction.cost(scores[fold]));
        direction.cost(fold_scores.get(best, fold)) - on_fold.fold(f64::INFINITY, f64::min)
    };
    let bias = (0..n_folds).map(distance).sum::<f64>() / n_folds as f64;
    Ok(Corrected {
        best,
        score: direction.value(costs[best]),
        corrected: direction.value(costs[best] + bias),
        interval: None,
    })
}

/// Bootstrap bias corrected cross-validation: I. Tsamardinos, E. Greasidou, G. Borboudakis, "Bootstrapping the
/// out-of-sample predictions for efficient and accurate cross-validation" (2018).
///
/// `models` are the out-of-fold predictions of all configurations tried. Rows are drawn with replacement, the
/// configuration that is best on them is scored on the rows not drawn, and the mean of such scores is what choosing
/// the best of these is worth; their quantiles are the interval. No model is fitted anew. It takes
/// `n_resamples · models` evaluations of the metric.
///
/// Resamples on which the metric has no value are left out.
///
/// # Errors
/// [`EnsembleError::TooFew`] without models or if the metric has a value on fewer than nine resamples in ten;
/// [`EnsembleError::OutOfRange`] for fewer than 100 resamples; those of [`Scorer::score`].
pub fn bootstrap_corrected(
    scorer: &Scorer<'_>,
    models: &[&Predictions],
    n_resamples: usize,
    seed: Seed,
) -> Result<Corrected, EnsembleError> {
    let what = "bootstrap bias correction";
    if models.is_empty() {
        return Err(EnsembleError::TooFew { what, unit: "models", got: 0, wanted: 1 });
    }
    EnsembleError::check("n_resamples", n_resamples as f64, "at least 100", n_resamples >= 100)?;
    let n_rows = scorer.n_rows();
    let all: Vec<usize> = (0..n_rows).collect();
    let prepared: Vec<Prepared<'_>> =
        models.par_iter().map(|model| Prepared::new(scorer, model)).collect::<Result<_, _>>()?;
    let costs = |rows: &[usize]| -> Result<Vec<f64>, EnsembleError> {
        prepared.iter().map(|model| model.cost(rows)).collect()
    };
    let of_all = costs(&all)?;
    let best = least(&of_all);

    let seed = seed.purpose(Purpose::Sample);
    let resample = |index: usize| {
        let mut rows = vec![0; n_rows];
        Generator::new(seed.step(index as u64)).resample(&mut rows);
        let mut is_drawn = vec![false; n_rows];
        for &row in &rows {
            is_drawn[row] = true;
        }
        let rest: Vec<usize> = all.iter().copied().filter(|&row| !is_drawn[row]).collect();
        let winner = least(&costs(&rows).ok()?);
        prepared[winner].score(&rest).ok()
    };
    let mut scores: Vec<f64> = (0..n_resamples).into_par_iter().filter_map(resample).collect();
    let wanted = n_resamples - n_resamples / 10;
    if scores.len() < wanted {
        let unit = "resamples with a score";
        return Err(EnsembleError::TooFew { what, unit, got: scores.len(), wanted });
    }
    let corrected = scores.iter().sum::<f64>() / scores.len() as f64;
    scores.sort_by(f64::total_cmp);
    Ok(Corrected {
        best,
        score: scorer.direction().value(of_all[best]),
        corrected,
        interval: Some((quantile(&scores, 0.025), quantile(&scores, 0.975))),
    })
}

/// Index of the least, the first of equals. There is one.
fn least(costs: &[f64]) -> usize {
    (0..costs.len()).fold(0, |best, index| if costs[index] < costs[best] { index } else { best })
}
