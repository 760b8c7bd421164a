//! What a run of an experiment left behind.

use std::path::PathBuf;

use automl_core::{Metric, StopReason, TrialRecord, counted};

use crate::bundle::Manifest;
use crate::leaderboard::Leaderboard;

/// What a run left behind.
#[derive(Debug, Clone)]
pub struct ExperimentResult {
    /// All trials in order of merit.
    pub leaderboard: Leaderboard,
    /// The best trial; `None` if none completed.
    pub best: Option<TrialRecord>,
    /// The final model; `None` if no trial completed.
    pub manifest: Option<Manifest>,
    /// Milliseconds in which it prepares and predicts 1000 rows, measured now; `None` if no trial completed.
    pub predict_ms: Option<f64>,
    /// Scores of the final model on the holdout; empty without one.
    pub holdout: Vec<(Metric, f64)>,
    /// Rows of the holdout.
    pub n_holdout: usize,
    /// Why the search ended before all wanted trials were done.
    pub stopped: Option<StopReason>,
    /// Trials finished in this run.
    pub n_new: usize,
    /// The report.
    pub report: PathBuf,
    /// The leaderboard as CSV.
    pub leaderboard_file: PathBuf,
    /// The study file.
    pub study: PathBuf,
    /// The resolved configuration.
    pub config: PathBuf,
    /// The bundle; `None` if no trial completed.
    pub model: Option<PathBuf>,
}

impl ExperimentResult {
    /// The holdout scores that people ask for first, the optimised one leading.
    pub fn headline_scores(&self) -> Vec<(Metric, f64)> {
        let usual =
            [Metric::Accuracy, Metric::RocAuc, Metric::LogLoss, Metric::R2, Metric::Mae, Metric::Rmse];
        let leading = std::iter::once(self.leaderboard.metric);
        let others = usual.into_iter().filter(|metric| *metric != self.leaderboard.metric);
        let of = |metric: Metric| self.holdout.iter().find(|(of, _)| *of == metric).copied();
        leading.chain(others).filter_map(of).take(4).collect()
    }

    /// What became of the trials, for a run without a model.
    pub fn why_no_model(&self) -> String {
        match self.leaderboard.rows.iter().find_map(|row| row.reason.as_ref()) {
            Some(reason) => {
                format!("{}, the first of which: {reason}", counted(self.leaderboard.rows.len(), "trial"))
            }
            None => "the time was up before the first trial was done".to_owned(),
        }
    }
}
