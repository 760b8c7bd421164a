//! Bootstrap intervals.

use automl_core::{Predictions, Purpose, Seed};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::EnsembleError;
use crate::generator::Generator;
use crate::prepared::Prepared;
use crate::scorer::Scorer;
use crate::special::{normal_below, normal_quantile};

/// Groups of the jackknife at most: leaving out one row at a time is the same in miniature and costs rows times as much.
const MAX_GROUPS: usize = 200;

/// How an interval is read off the resampled scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BootstrapMethod {
    /// Their quantiles.
    Percentile,
    /// Bias-corrected and accelerated: quantiles moved for a score that lies off the middle of its resamples and whose
    /// spread changes with its value (Efron, "Better bootstrap confidence intervals", 1987).
    Bca,
}

/// Settings of the bootstrap.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `n_resamples` | 2000 | from 100 | samples of rows drawn |
/// | `level` | 0.95 | between 0 and 1 | confidence of the interval |
/// | `method` | BCa | | how the interval is read off |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BootstrapConfig {
    /// Samples of rows drawn.
    pub n_resamples: usize,
    /// Confidence of the interval.
    pub level: f64,
    /// How the interval is read off.
    pub method: BootstrapMethod,
}

impl Default for BootstrapConfig {
    fn default() -> Self {
        Self { n_resamples: 2000, level: 0.95, method: BootstrapMethod::Bca }
    }
}

impl BootstrapConfig {
    fn check(self) -> Result<(), EnsembleError> {
        let n = self.n_resamples;
        EnsembleError::check("n_resamples", n as f64, "at least 100", n >= 100)?;
        EnsembleError::check("level", self.level, "between 0 and 1", self.level > 0.0 && self.level < 1.0)
    }
}

/// A number and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The number itself, on the rows as they are.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A confidence interval of a model's score, for other rows of the same kind: rows are drawn anew with replacement.
///
/// It knows of the rows' chance alone, not of that of training. Resamples on which the metric has no value, such as
/// those without a positive row, are left out.
///
/// # Errors
/// [`EnsembleError::OutOfRange`] for a setting outside its range; those of [`Scorer::score`];
/// [`EnsembleError::TooFew`] if the metric has a value on fewer than nine resamples in ten.
pub fn bootstrap_score(
    scorer: &Scorer<'_>,
    predictions: &Predictions,
    config: &BootstrapConfig,
    seed: Seed,
) -> Result<Interval, EnsembleError> {
    let prepared = Prepared::new(scorer, predictions)?;
    interval(scorer.n_rows(), &|rows: &[usize]| prepared.score(rows), *config, seed)
}

/// A confidence interval of the difference of two models' scores, first less second, on the same rows: what both find
/// hard is drawn for both, so that it is much narrower than those of the scores.
///
/// # Errors
/// As [`bootstrap_score`].
pub fn bootstrap_difference(
    scorer: &Scorer<'_>,
    first: &Predictions,
    second: &Predictions,
    config: &BootstrapConfig,
    seed: Seed,
) -> Result<Interval, EnsembleError> {
    let (first, second) = (Prepared::new(scorer, first)?, Prepared::new(scorer, second)?);
    interval(scorer.n_rows(), &|rows: &[usize]| Ok(first.score(rows)? - second.score(rows)?), *config, seed)
}

type Statistic<'a> = dyn Fn(&[usize]) -> Result<f64, EnsembleError> + Sync + 'a;

fn interval(
    n_rows: usize,
    statistic: &Statistic<'_>,
    config: BootstrapConfig,
    seed: Seed,
) -> Result<Interval, EnsembleError> {
    config.check()?;
    let all: Vec<usize> = (0..n_rows).collect();
    let value = statistic(&all)?;
    let seed = seed.purpose(Purpose::Sample);
    let resample = |index: usize| {
        let mut rows = vec![0; n_rows];
        Generator::new(seed.step(index as u64)).resample(&mut rows);
        statistic(&rows).ok()
    };
    let mut replicates: Vec<f64> = (0..config.n_resamples).into_par_iter().filter_map(resample).collect();
    let wanted = config.n_resamples - config.n_resamples / 10;
    if replicates.len() < wanted {
        let (what, unit) = ("a bootstrap interval", "resamples with a score");
        return Err(EnsembleError::TooFew { what, unit, got: replicates.len(), wanted });
    }
    replicates.sort_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - config.level);
    let (low, high) = match config.method {
        BootstrapMethod::Percentile => (tail, 1.0 - tail),
        BootstrapMethod::Bca => bca_shares(value, &replicates, &jackknife(&all, statistic)?, tail),
    };
    Ok(Interval { value, low: quantile(&replicates, low), high: quantile(&replicates, high) })
}

/// The statistic without each group of rows in turn; every row is in one group.
fn jackknife(all: &[usize], statistic: &Statistic<'_>) -> Result<Vec<f64>, EnsembleError> {
    let n_groups = all.len().min(MAX_GROUPS);
    let without = |group: usize| {
        let rest: Vec<usize> = all.iter().copied().filter(|row| row % n_groups != group).collect();
        statistic(&rest)
    };
    (0..n_groups).into_par_iter().map(without).collect()
}

/// Shares of the sorted replicates that lie below the ends of the interval.
pub(super) fn bca_shares(value: f64, replicates: &[f64], jackknife: &[f64], tail: f64) -> (f64, f64) {
    let n = replicates.len() as f64;
    let below = replicates.partition_point(|replicate| *replicate < value);
    let up_to = replicates.partition_point(|replicate| *replicate <= value);
    // Half a replicate off the ends, where the quantile would be infinite.
    let share = ((below + up_to) as f64 / (2.0 * n)).clamp(0.5 / n, 1.0 - 0.5 / n);
    let bias = normal_quantile(share);

    let mean = jackknife.iter().sum::<f64>() / jackknife.len() as f64;
    let power = |exponent| jackknife.iter().map(|value| (mean - value).powi(exponent)).sum::<f64>();
    let (cubes, squares) = (power(3), power(2));
    let acceleration = if squares > 0.0 { cubes / (6.0 * squares.powf(1.5)) } else { 0.0 };

    let end = |tail: f64| {
        let z = bias + normal_quantile(tail);
        normal_below(bias + z / (1.0 - acceleration * z))
    };
    (end(tail), end(1.0 - tail))
}

/// The quantile of sorted values, on the line between the two nearest (numpy's `linear`).
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (left, right) = (place.floor() as usize, place.ceil() as usize);
    sorted[left] + (sorted[right] - sorted[left]) * (place - left as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The resampled means are scipy's, so that the ends must be too; `tests/make_compare.py` has the script.
    #[test]
    fn ends_are_those_of_scipy() {
        let data: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/compare.json")).unwrap();
        let numbers = |name: &str| -> Vec<f64> { serde_json::from_value(data["bca"][name].clone()).unwrap() };
        let (values, replicates) = (numbers("values"), numbers("replicates"));
        let mean = |rows: &[usize]| Ok(rows.iter().map(|&row| values[row]).sum::<f64>() / rows.len() as f64);
        let all: Vec<usize> = (0..values.len()).collect();
        let left_out = jackknife(&all, &mean).unwrap();
        let (low, high) = bca_shares(mean(&all).unwrap(), &replicates, &left_out, 0.05);
        for (share, wanted) in [low, high].into_iter().zip(numbers("interval")) {
            let end = quantile(&replicates, share);
            assert!((end - wanted).abs() < 1e-9, "{end} {wanted}");
        }
    }
}
