//! The evaluation: good trials against all, parameter by parameter.

use automl_core::History;

use super::config::PedAnovaConfig;
use super::density::density;
use super::grid::Grid;
use crate::importance::observations::Observations;
use crate::importance::{Importance, ImportanceError, Importances, MIN_TRIALS, Target};

/// Added to densities, so that none is 0.
const TINY: f64 = 1e-12;

/// Importance for being among the best: how far the good trials' values of a parameter are from all trials' values.
///
/// The good trials are the best `target_quantile` of the target, the others those of `region_quantile`. For each
/// parameter the densities p of the good and q of the others are estimated on a grid, and their Pearson divergence
/// Σ q (p / q - 1)² is what the parameter's marginal varies among the two (theorem 1 of the paper). Shares are these
/// divergences, divided by their sum; all are 0 where nothing tells good trials from others. Settings and kernels are
/// those of Optuna 5.0.0's `PedAnovaImportanceEvaluator`, and so are the shares.
///
/// It is quick, needs no model, and looks at the region that matters: a parameter that ruins bad trials and is
/// indifferent among good ones has a large share in [`crate::importance::Fanova`] and a small one here. It knows no
/// interactions: two parameters that must fit each other but may be anything alone look unimportant.
///
/// # Conditional spaces
/// A parameter is judged on the trials that have it. With α the share of good trials that have it and β that of all,
/// its divergence is multiplied by α² / β (arXiv 2601.20800, theorem 4.2), so one that exists in few trials counts
/// little.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PedAnova {
    config: PedAnovaConfig,
}

impl PedAnova {
    /// An evaluation with these settings.
    ///
    /// # Errors
    /// [`ImportanceError::OutOfRange`].
    pub fn new(config: PedAnovaConfig) -> Result<Self, ImportanceError> {
        Ok(Self { config: config.check()? })
    }

    /// What the complete trials of `history` say.
    ///
    /// # Errors
    /// [`ImportanceError::TooFewTrials`] below [`MIN_TRIALS`]; [`ImportanceError::NoVariance`] where all targets are
    /// equal.
    pub fn evaluate(&self, history: &History, target: &Target<'_>) -> Result<Importances, ImportanceError> {
        let observations = Observations::new(history, target)?;
        let good = best(&observations, self.config.target_quantile);
        let region = best(&observations, self.config.region_quantile);
        let mut importances = Importances::default();
        for param in observations.params() {
            let rows = observations.rows_with(param);
            if rows.len() < MIN_TRIALS {
                importances.unknown.push(observations.unknown(param, rows.len()));
                continue;
            }
            let share = divergence(&observations, param, &rows, &good, &region);
            let name = observations.name(param).to_owned();
            importances.params.push(Importance { name, share, n_trials: rows.len() });
        }
        let total: f64 = importances.params.iter().map(|importance| importance.share).sum();
        if total > 0.0 {
            importances.params.iter_mut().for_each(|importance| importance.share /= total);
        }
        importances.sort();
        Ok(importances)
    }
}

/// Whether each observation is among the best `quantile`; ties of the last one are.
fn best(observations: &Observations<'_>, quantile: f64) -> Vec<bool> {
    let targets = || (0..observations.len()).map(|row| observations.target(row));
    let mut sorted: Vec<f64> = targets().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let n_best = (quantile * sorted.len() as f64).ceil() as usize;
    let limit = sorted[n_best.clamp(1, sorted.len()) - 1];
    targets().map(|target| target <= limit).collect()
}

/// The Pearson divergence of one parameter, in proportion to those of others.
fn divergence(
    observations: &Observations<'_>,
    param: usize,
    rows: &[usize],
    good: &[bool],
    region: &[bool],
) -> f64 {
    let history = observations.history();
    let grid = Grid::new(&history.space().specs()[param].domain);
    let counts = |which: &[bool]| {
        let mut counts = vec![0; grid.n_points];
        for &row in rows.iter().filter(|&&row| which[row]) {
            let params = &history.trials()[observations.trial(row)].params;
            if let Some(value) = params.get(observations.name(param)) {
                counts[grid.point(value)] += 1;
            }
        }
        counts
    };
    let share = |counts: &[usize], which: &[bool]| {
        let n = which.iter().filter(|&&is_in| is_in).count();
        counts.iter().sum::<usize>() as f64 / n as f64
    };
    let (good_counts, region_counts) = (counts(good), counts(region));
    let (alpha, beta) = (share(&good_counts, good), share(&region_counts, region));
    if alpha == 0.0 || beta == 0.0 {
        return 0.0;
    }
    let (p, q) = (density(&grid, &good_counts), density(&grid, &region_counts));
    let term = |(p, q): (&f64, &f64)| (q + TINY) * ((p + TINY) / (q + TINY) - 1.0).powi(2);
    alpha * alpha / beta * p.iter().zip(&q).map(term).sum::<f64>()
}
