//! What a run tells while it goes on. Terminal, notebook and tests consume one stream.

use std::time::Duration;

use crate::metric::Metric;
use crate::model::Epoch;
use crate::params::Params;
use crate::stop::StopReason;
use crate::trial::{FoldScore, TrialRecord};

/// Something happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A nested cross-validation begins the search of an outer fold.
    OuterFoldStarted {
        /// Index of the outer fold.
        fold: usize,
        /// Number of outer folds.
        of: usize,
    },
    /// The final model of an outer fold's search was scored on it.
    OuterFoldFinished {
        /// Index of the outer fold.
        fold: usize,
        /// Number of outer folds.
        of: usize,
        /// Every metric of the task.
        scores: &'a [(Metric, f64)],
    },
    /// The search begins, or goes on with `n_done` finished trials.
    SearchStarted {
        /// Trials finished in earlier runs.
        n_done: usize,
        /// Trials wanted in all; `None` when only time limits the search.
        n_trials: Option<usize>,
        /// Time budget of this run.
        budget: Option<Duration>,
    },
    /// A trial begins.
    TrialStarted {
        /// Number of the trial.
        number: u32,
        /// Its configuration.
        params: &'a Params,
    },
    /// A member finished an epoch.
    EpochFinished {
        /// Number of the trial.
        number: u32,
        /// Index of the fold.
        fold: u32,
        /// The epoch.
        epoch: Epoch,
    },
    /// A fold was scored.
    FoldFinished {
        /// Number of the trial.
        number: u32,
        /// Its score.
        score: &'a FoldScore,
    },
    /// A trial ended, in whatever state.
    TrialFinished {
        /// The trial.
        trial: &'a TrialRecord,
        /// The best complete trial so far, this one included.
        best: Option<&'a TrialRecord>,
    },
    /// Something a person should know; the run goes on.
    Warning {
        /// One sentence.
        message: &'a str,
    },
    /// A stage outside the trials begins, such as `scoring the holdout`.
    Stage {
        /// What is being done, as a participle phrase.
        message: &'a str,
    },
    /// No more trials are run.
    SearchFinished {
        /// Set when it was stopped before all wanted trials were done.
        stopped: Option<StopReason>,
    },
}

/// Listens to a run. Must be quick: it is called from the training loop.
pub trait Observer {
    /// Takes one event.
    fn on_event(&mut self, event: &Event<'_>);
}

/// Listens to nothing.
impl Observer for () {
    fn on_event(&mut self, _event: &Event<'_>) {}
}

impl<F: FnMut(&Event<'_>)> Observer for F {
    fn on_event(&mut self, event: &Event<'_>) {
        self(event);
    }
}
