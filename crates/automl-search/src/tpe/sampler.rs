//! The sampler: split the history, fit two densities, keep the candidate of the best ratio.

use automl_core::{ParamSpec, Params, Sampler, SearchError, SearchSpace, Seed, TrialRecord};

use super::axis::Axis;
use super::config::TpeConfig;
use super::groups::groups;
use super::parzen::ParzenEstimator;
use super::split::{n_below, split};
use crate::error::ConfigError;
use crate::generator::Generator;
use crate::random::{RandomSampler, draw};

/// Proposes what is likely among the good trials and unlikely among the others.
///
/// Parameters that exist together share one multivariate density, so that combinations count. Each such
/// group splits those trials that had it: the best ridge regressions guide the next one even while every
/// neural network beats them.
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

    /// Coordinates of the group's parameters by the estimator; empty where there is nothing to choose.
    fn propose(&self, axes: &[Axis], history: &[TrialRecord], generator: &mut Generator) -> Vec<f64> {
        let n_axes = axes.len();
        let mut trials: Vec<&TrialRecord> = Vec::with_capacity(history.len());
        let mut rows: Vec<f64> = Vec::with_capacity(history.len() * n_axes);
        for trial in history {
            if push_coordinates(axes, trial, &mut rows) {
                trials.push(trial);
            }
        }
        let split = split(&trials, n_below(trials.len()));
        let estimator = |indices: &[usize]| {
            let column = |axis| indices.iter().map(|&index| rows[index * n_axes + axis]).collect();
            let columns: Vec<Vec<f64>> = (0..n_axes).map(column).collect();
            ParzenEstimator::new(axes, &columns, self.config.prior_weight)
        };
        let (below, above) = (estimator(&split.below), estimator(&split.above));
        let mut candidates = below.sample(self.config.n_candidates, generator);
        share_parents(axes, &mut candidates);
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

    fn suggest(
        &self,
        space: &SearchSpace,
        history: &[TrialRecord],
        seed: Seed,
    ) -> Result<Params, SearchError> {
        if history.len() < self.config.n_startup_trials || space.specs().is_empty() {
            return RandomSampler.suggest(space, history, seed);
        }
        let mut generator = Generator::new(seed);
        let mut params = Params::new();
        for group in groups(space) {
            if !space.is_active(group[0], &params) {
                continue;
            }
            let mut axes: Vec<Axis> =
                group.iter().filter_map(|spec| Axis::new(&spec.name, &spec.domain)).collect();
            mark_parents(space, &mut axes);
            axes.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            let coordinates = self.propose(&axes, history, &mut generator);
            for (axis, coordinate) in axes.iter().zip(coordinates) {
                params.insert(&axis.name, axis.decode(coordinate));
            }
            fill_constants(&group, &mut params, &mut generator);
        }
        Ok(params)
    }
}

/// Appends the trial's place on the axes, which are in order of name, to `rows`. Appends nothing and returns
/// false where the trial lacks one of them.
fn push_coordinates(axes: &[Axis], trial: &TrialRecord, rows: &mut Vec<f64>) -> bool {
    let start = rows.len();
    // Parameters come in order of name too, so one walk along both replaces a search for every axis.
    let mut params = trial.params.iter();
    for axis in axes {
        let value = params.find(|(name, _)| *name == axis.name);
        let Some(coordinate) = value.and_then(|(_, value)| axis.encode(value)) else {
            rows.truncate(start);
            return false;
        };
        rows.push(coordinate);
    }
    true
}

fn mark_parents(space: &SearchSpace, axes: &mut [Axis]) {
    for axis in axes {
        let depends = |spec: &ParamSpec| spec.when.as_ref().is_some_and(|when| when.parent == axis.name);
        axis.is_parent = space.specs().iter().any(depends);
    }
}

/// Gives all candidates the first one's values of those parameters that others depend on.
///
/// So a family is drawn from the density of the good trials, and only what is left is chosen by the ratio of
/// densities. Taking the best ratio for the family too (as Optuna does) never again tries a family whose first
/// few configurations were worse than another's, however far from tuned they were.
fn share_parents(axes: &[Axis], candidates: &mut [Vec<f64>]) {
    let Some((first, others)) = candidates.split_first_mut() else { return };
    for (index, _) in axes.iter().enumerate().filter(|(_, axis)| axis.is_parent) {
        for other in &mut *others {
            other[index] = first[index];
        }
    }
}

/// Parameters of one value have no axis.
fn fill_constants(group: &[&ParamSpec], params: &mut Params, generator: &mut Generator) {
    for spec in group {
        if params.get(&spec.name).is_none() {
            params.insert(&spec.name, draw(&spec.domain, generator));
        }
    }
}
