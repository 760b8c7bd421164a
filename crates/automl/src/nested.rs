//! Nested cross-validation: what the whole procedure, the search included, is honestly worth.
//!
//! On each outer fold the search is repeated without the fold's rows, and its final model is scored on them, once. The mean
//! says how good a model is that is made this way; it is no score of the one model in the run folder.

use std::path::Path;

use automl_core::{Event, Metric, Observer, StopReason, StopSignal};
use automl_data::Outer;
use serde::{Deserialize, Serialize};

use crate::config::ExperimentConfig;
use crate::error::AutomlError;
use crate::experiment::Experiment;
use crate::run_folder::write_atomic;
use crate::supervisor::Jobs;

/// Folder of the outer folds' runs in a run folder.
const FOLDER: &str = "nested";
/// What came of them.
const FILE: &str = "nested.json";

/// Scores of the outer folds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NestedScores {
    /// What the search optimised.
    pub metric: Metric,
    /// Every metric on each outer fold.
    pub folds: Vec<Vec<(Metric, f64)>>,
}

impl NestedScores {
    /// Mean and standard deviation (n - 1 in the denominator) of a metric over the outer folds; `None` if a fold lacks it.
    pub fn mean_and_deviation(&self, metric: Metric) -> Option<(f64, f64)> {
        let of_fold =
            |fold: &Vec<(Metric, f64)>| fold.iter().find(|(of, _)| *of == metric).map(|(_, value)| *value);
        let values: Vec<f64> = self.folds.iter().map(of_fold).collect::<Option<_>>()?;
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        (n >= 2.0).then(|| (mean, (squares / (n - 1.0)).sqrt()))
    }

    /// Reads what the nested cross-validation of a run folder left; `None` without one.
    ///
    /// # Errors
    /// [`AutomlError::Config`] if the file is no such thing.
    pub fn read(run: &Path) -> Result<Option<Self>, AutomlError> {
        let path = run.join(FILE);
        let Ok(text) = std::fs::read_to_string(&path) else { return Ok(None) };
        let wrong = |error| AutomlError::config(format!("`{}` cannot be read: {error}", path.display()));
        serde_json::from_str(&text).map(Some).map_err(wrong)
    }
}

impl Experiment {
    /// Searches on each outer fold, in a folder of its own below the run folder, where interrupted ones are gone on with.
    /// `None` if the experiment is not nested, or the searches were interrupted.
    ///
    /// # Errors
    /// As [`Experiment::run_with_jobs`]; [`AutomlError::NoModel`] if a fold's search ends without a model.
    pub fn run_nested(
        &self,
        jobs: &Jobs,
        stop: &StopSignal,
        observer: &mut dyn Observer,
    ) -> Result<Option<NestedScores>, AutomlError> {
        let Some(of) = self.config.nested else { return Ok(None) };
        let mut folds = Vec::with_capacity(of);
        for fold in 0..of {
            observer.on_event(&Event::OuterFoldStarted { fold, of });
            let child = Experiment::prepare(self.outer_config(Outer { fold, of }))?;
            let result = child.run_with_jobs(jobs, stop, observer)?;
            if result.stopped == Some(StopReason::Interrupted) {
                return Ok(None);
            }
            if result.best.is_none() {
                return Err(AutomlError::NoModel { reason: result.why_no_model() });
            }
            observer.on_event(&Event::OuterFoldFinished { fold, of, scores: &result.holdout });
            folds.push(result.holdout);
        }
        let scores = NestedScores { metric: self.metric, folds };
        let json =
            serde_json::to_string_pretty(&scores).map_err(|error| AutomlError::Internal(error.into()))?;
        write_atomic(&self.config.run_folder().join(FILE), json.as_bytes())?;
        Ok(Some(scores))
    }

    fn outer_config(&self, outer: Outer) -> ExperimentConfig {
        let mut config = self.config.clone();
        config.nested = None;
        config.split.outer = Some(outer);
        config.out = Some(self.config.run_folder().join(FOLDER).join(format!("fold-{}", outer.fold)));
        // Studies of other rows than those of the whole.
        config.search.storage = None;
        config.search.study_name = None;
        config.search.time = self.time.map(|time| format!("{}s", time.as_secs_f64()));
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_have_a_mean_and_a_deviation() {
        let fold = |value: f64| vec![(Metric::Rmse, value)];
        let scores = NestedScores { metric: Metric::Rmse, folds: vec![fold(1.0), fold(2.0), fold(6.0)] };
        assert_eq!(scores.mean_and_deviation(Metric::Rmse), Some((3.0, 7.0_f64.sqrt())));
        assert_eq!(scores.mean_and_deviation(Metric::Mae), None);
    }
}
