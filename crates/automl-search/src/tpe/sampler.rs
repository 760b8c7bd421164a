//! The sampler: split the history, fit two densities, keep the candidate of the best ratio.

use automl_core::{Axis, History, Params, Sampler, SearchError, SearchSpace, Seed};

use super::config::TpeConfig;
use super::groups::groups;
use super::kernels::bandwidth_exponent;
use super::parzen::ParzenEstimator;
use super::split::{n_below, split};
use crate::error::ConfigError;
use crate::generator::Generator;
use crate::random::random_params;

/// Most kernels of the density of trials that are not good. More of them cost time in proportion and change
/// the density little, so of longer histories every k-th trial counts.
const MAX_ABOVE: usize = 512;

/// Proposes what is likely among the good trials and unlikely among the others.
///
/// Parameters that exist together share one multivariate density, so that combinations count. Each such
/// group splits those trials that had it: the best ridge regressions guide the next one even while every
/// neural network beats them. Trials that other workers are running count as not good ("constant liar"), so
/// that workers spread out.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TpeSampler {
    config: TpeConfig,
}

impl TpeSampler {
    /// A sampler with these settings.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`].
    pub fn new(config: TpeConfig) -> Result<Self, ConfigError> {
        Ok(Self { config: config.check()? })
    }

    /// Coordinates of the parameters in `group` by the estimator; empty where there is nothing to choose.
    fn propose(&self, history: &History, group: &[usize], generator: &mut Generator) -> Vec<f64> {
        let axes: Vec<&Axis> = group.iter().map(|&param| &history.axes()[param]).collect();
        let trials = having(group.iter().map(|&param| history.column(param)), history.len());
        let mut split = split(history.trials(), &trials, n_below(trials.len()));
        thin(&mut split.above, MAX_ABOVE);
        let running =
            having(group.iter().map(|&param| history.running_column(param)), history.running().len());
        let column = |finished: &[usize], running: &[usize], param: usize| -> Vec<f64> {
            let finished = finished.iter().map(|&trial| history.column(param)[trial]);
            finished.chain(running.iter().map(|&trial| history.running_column(param)[trial])).collect()
        };
        let estimator = |finished: &[usize], running: &[usize]| {
            let columns: Vec<Vec<f64>> =
                group.iter().map(|&param| column(finished, running, param)).collect();
            ParzenEstimator::new(&axes, &columns, self.config.prior_weight, bandwidth_exponent(axes.len()))
        };
        let (below, above) = (estimator(&split.below, &[]), estimator(&split.above, &running));
        let mut candidates = below.sample(self.config.n_candidates, generator);
        share_parents(history.space(), group, &mut candidates);
        let ratios = below.log_density(&candidates).into_iter().zip(above.log_density(&candidates));
        let best = ratios
            .map(|(below, above)| below - above)
            .zip(candidates)
            .reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map(|(_, row)| row).unwrap_or_default()
    }
}

impl Sampler for TpeSampler {
    fn name(&self) -> &'static str {
        "tpe"
    }

    fn suggest(&self, history: &History, seed: Seed) -> Result<Params, SearchError> {
        let mut generator = Generator::new(seed);
        let space = history.space();
        if history.len() < self.config.n_startup_trials || space.specs().is_empty() {
            return random_params(history, &mut generator);
        }
        let mut row = vec![f64::NAN; space.specs().len()];
        let mut params = Params::new();
        for mut group in groups(space) {
            if !space.is_active(&space.specs()[group[0]], &params) {
                continue;
            }
            let constants = group.iter().filter(|&&param| history.axes()[param].is_point());
            constants.for_each(|&param| row[param] = 0.0);
            group.retain(|&param| !history.axes()[param].is_point());
            for (&param, coordinate) in group.iter().zip(self.propose(history, &group, &mut generator)) {
                row[param] = coordinate;
            }
            params = history.params(&row);
        }
        Ok(params)
    }
}

/// Indices of the trials that have a coordinate in every one of the columns.
fn having<'a>(columns: impl Iterator<Item = &'a [f64]>, n_trials: usize) -> Vec<usize> {
    let mut has_all = vec![true; n_trials];
    for column in columns {
        for (has_all, coordinate) in has_all.iter_mut().zip(column) {
            *has_all &= !coordinate.is_nan();
        }
    }
    (0..n_trials).filter(|&trial| has_all[trial]).collect()
}

/// Leaves at most `most` of `values`, evenly spread, the last one among them.
fn thin(values: &mut Vec<usize>, most: usize) {
    let n = values.len();
    if n > most {
        *values = (1..=most).map(|kept| values[kept * n / most - 1]).collect();
    }
}

/// Gives all candidates the first one's values of those parameters that others depend on.
///
/// So a family is drawn from the density of the good trials, and only what is left is chosen by the ratio of
/// densities. Taking the best ratio for the family too (as Optuna does) never again tries a family whose first
/// few configurations were worse than another's, however far from tuned they were.
fn share_parents(space: &SearchSpace, group: &[usize], candidates: &mut [Vec<f64>]) {
    let Some((first, others)) = candidates.split_first_mut() else { return };
    for (index, &param) in group.iter().enumerate() {
        let name = &space.specs()[param].name;
        if space.specs().iter().any(|spec| spec.when.as_ref().is_some_and(|when| when.parent == *name)) {
            for other in &mut *others {
                other[index] = first[index];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_is_even_and_keeps_the_newest() {
        let mut values: Vec<usize> = (0..10).collect();
        thin(&mut values, 10);
        assert_eq!(values.len(), 10);
        thin(&mut values, 4);
        assert_eq!(values, [1, 4, 6, 9]);
    }

    #[test]
    fn only_trials_with_all_coordinates_count() {
        let nan = f64::NAN;
        let columns: [&[f64]; 2] = [&[0.0, nan, 1.0], &[nan, 0.0, 0.5]];
        assert_eq!(having(columns.into_iter(), 3), [2]);
        assert_eq!(having(std::iter::empty(), 2), [0, 1]);
    }
}
