//! Searches in the process of the notebook, which knows what cells have registered.

use automl::events::{finished, of_search, prepared};
use automl::{Event, Experiment, ExperimentConfig, Metric, Observer, StopSignal};
use automl_notebook::{Error, Live, Search, Study};

use crate::told;

/// A search in this process.
pub trait RunHere {
    /// As [`Search::run`], in this process rather than by the program, one trial after another: with the model families that
    /// cells have registered. An interrupt of the kernel ends the process; run again, it goes on with all finished trials.
    ///
    /// # Errors
    /// [`Error`] with what was wrong and what to do; every trial that was finished before is kept.
    fn run_here(&self) -> Result<Study, Error>;
}

impl RunHere for Search {
    fn run_here(&self) -> Result<Study, Error> {
        let config = ExperimentConfig::from_toml(&self.to_toml()).map_err(|error| told(&error))?;
        let experiment = Experiment::prepare(config).map_err(|error| told(&error))?;
        let mut watched = Watched::new(experiment.metric());
        watched.live.on_event(&prepared(&experiment));
        let result = experiment.run(&StopSignal::never(), &mut watched);
        let result = result.map_err(|error| told(&error))?;
        if result.best.is_none() {
            let error = automl::AutomlError::NoModel { reason: result.why_no_model() };
            return Err(told(&error));
        }
        Study::of_events(&finished(&result, None, experiment.metric()))
    }
}

/// Tells how a search goes.
pub(crate) struct Watched {
    pub(crate) live: Live,
    metric: Metric,
}

impl Watched {
    pub(crate) fn new(metric: Metric) -> Self {
        Self { live: Live::of(&metric.name()), metric }
    }
}

impl Observer for Watched {
    fn on_event(&mut self, event: &Event<'_>) {
        if let Some(event) = of_search(event, self.metric) {
            self.live.on_event(&event);
        }
    }
}
