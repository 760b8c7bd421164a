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
        let (trials, rows): (Vec<&TrialRecord>, Vec<Vec<f64>>) =
            history.iter().filter_map(|trial| Some((trial, coordinates(axes, trial)?))).unzip();
        let split = split(&trials, n_below(trials.len()));
        let estimator = |indices: &[usize]| {
            let columns: Vec<Vec<f64>> = (0..axes.len())
                .map(|axis| indices.iter().map(|&index| rows[index][axis]).collect())
                .collect();
            ParzenEstimator::new(axes, &columns, self.config.prior_weight)
        };
        let (below, above) = (estimator(&split.below), estimator(&split.above));
        let candidates = below.sample(self.config.n_candidates, generator);
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
            let axes: Vec<Axis> =
                group.iter().filter_map(|spec| Axis::new(&spec.name, &spec.domain)).collect();
            let coordinates = self.propose(&axes, history, &mut generator);
            for (axis, coordinate) in axes.iter().zip(coordinates) {
                params.insert(&axis.name, axis.decode(coordinate));
            }
            fill_constants(&group, &mut params, &mut generator);
        }
        Ok(params)
    }
}

/// The trial's place on the axes; `None` where it lacks one of them.
fn coordinates(axes: &[Axis], trial: &TrialRecord) -> Option<Vec<f64>> {
    axes.iter().map(|axis| axis.encode(trial.params.get(&axis.name)?)).collect()
}

/// Parameters of one value have no axis.
fn fill_constants(group: &[&ParamSpec], params: &mut Params, generator: &mut Generator) {
    for spec in group {
        if params.get(&spec.name).is_none() {
            params.insert(&spec.name, draw(&spec.domain, generator));
        }
    }
}
