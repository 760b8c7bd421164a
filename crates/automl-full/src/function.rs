//! The least cost of any function, as cells look for it.

use std::path::Path;
use std::str::FromStr;

use automl::{
    Domain, Metric, ParamSpec, Params, PrunerKind, SamplerKind, SearchSpace, StopSignal, TrialContext,
    TrialError,
};
use automl_notebook::{Error, Study};

use crate::here::Watched;
use crate::told;

/// A study of a function of named parameters: which values cost least.
///
/// Run again with the same folder it goes on where it stopped, up to the number of trials.
#[derive(Debug, Clone)]
pub struct FunctionStudy(automl::FunctionStudy);

impl FunctionStudy {
    /// A study that is kept in `folder`, such as `runs/banana`.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self(automl::FunctionStudy::new(folder.as_ref()))
    }

    /// Number of finished trials wanted, those of earlier runs included.
    #[must_use]
    pub fn trials(self, trials: u32) -> Self {
        Self(self.0.trials(trials as usize))
    }

    /// Time of one run, such as `90s` or `5m`.
    #[must_use]
    pub fn time(self, time: &str) -> Self {
        Self(self.0.time(time))
    }

    /// Seed of every random choice; 0 unless said otherwise.
    #[must_use]
    pub fn seed(self, seed: u32) -> Self {
        Self(self.0.seed(seed.into()))
    }

    /// What proposes values: `auto`, `tpe`, `gp`, `cmaes`, `sobol`, `grid` or `random`.
    ///
    /// # Errors
    /// [`Error`] with the names there are.
    pub fn sampler(self, sampler: &str) -> Result<Self, Error> {
        Ok(Self(self.0.sampler(SamplerKind::from_str(sampler).map_err(Error::new)?)))
    }

    /// What ends trials that cannot catch up, by the costs that they report on their way: `median`, `percentile`, `asha` or
    /// `hyperband`, whose steps go up to 100.
    ///
    /// # Errors
    /// [`Error`] with the names there are.
    pub fn pruner(self, pruner: &str) -> Result<Self, Error> {
        Ok(Self(self.0.pruner(PrunerKind::from_str(pruner).map_err(Error::new)?)))
    }

    /// Evaluates `cost` until a limit is reached, with lines that tell how it goes. `trial.report(step, cost)?` in it lets
    /// the pruner end it. An error of it is recorded with its trial, and the search goes on.
    ///
    /// # Errors
    /// [`Error`] with what was wrong and what to do; every trial that was finished before is kept.
    pub fn optimize<F>(&self, space: impl IntoSpace, mut cost: F) -> Result<Study, Error>
    where
        F: FnMut(&Params, &mut TrialContext<'_>) -> Result<f64, TrialError>,
    {
        let space = SearchSpace::new(space.into_specs()).map_err(|error| Error::new(error.to_string()))?;
        let mut watched = Watched::new(Metric::Cost);
        let result = self.0.optimize(&space, &mut cost, &StopSignal::never(), &mut watched);
        let result = result.map_err(|error| told(&error))?;
        Study::open(result.folder)
    }
}

/// Parameters with their domains.
pub trait IntoSpace {
    /// The parameters, parents before those that depend on them.
    fn into_specs(self) -> Vec<ParamSpec>;
}

impl IntoSpace for Vec<ParamSpec> {
    fn into_specs(self) -> Vec<ParamSpec> {
        self
    }
}

impl<const N: usize> IntoSpace for [(&str, Domain); N] {
    fn into_specs(self) -> Vec<ParamSpec> {
        self.into_iter().map(|(name, domain)| ParamSpec::new(name, domain)).collect()
    }
}
