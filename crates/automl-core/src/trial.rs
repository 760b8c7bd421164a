//! What one evaluation left behind.

use serde::{Deserialize, Serialize};

use crate::metric::Metric;
use crate::params::Params;

/// Where a trial stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrialState {
    /// Waits to be run: its configuration is fixed.
    Waiting,
    /// Is being run.
    Running,
    /// All folds scored.
    Complete,
    /// Stopped early because it could not catch up.
    Pruned,
    /// Failed by itself, for example by divergence. The search learns from it.
    Failed,
    /// Its process ended before it did. It tells nothing of its configuration, which runs again.
    Lost,
}

impl TrialState {
    /// True when the search may learn from it: complete, pruned or failed.
    pub fn is_finished(self) -> bool {
        matches!(self, TrialState::Complete | TrialState::Pruned | TrialState::Failed)
    }

    /// The name used in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            TrialState::Waiting => "waiting",
            TrialState::Running => "running",
            TrialState::Complete => "complete",
            TrialState::Pruned => "pruned",
            TrialState::Failed => "failed",
            TrialState::Lost => "lost",
        }
    }
}

/// How a configuration did on one fold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoldScore {
    /// Index of the fold.
    pub fold: u32,
    /// What the search minimises.
    pub cost: f64,
    /// Every metric of the task on the validation rows, in the metrics' own units.
    pub scores: Vec<(Metric, f64)>,
    /// The epoch whose weights were kept, counted from 0; `None` for a family without epochs.
    pub best_epoch: Option<u32>,
    /// Epochs trained.
    pub n_epochs: u32,
    /// Wall-clock seconds of fit and prediction.
    pub seconds: f64,
}

/// Information criteria of a configuration whose models have a likelihood and a number of parameters: means over the
/// folds, each of the rows that its model was fitted on. Less is better; only differences mean anything.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Information {
    /// Akaike's criterion (Akaike 1974).
    pub aic: f64,
    /// Schwarz's criterion (Schwarz 1978).
    pub bic: f64,
}

/// One trial as it is kept for ever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// Number of the row in the study, from 0: what people see.
    pub number: u32,
    /// Position in the search, from 0. A trial that is run again after a crash has a new number and
    /// the same slot; seeds come from the slot, so that a resumed search equals an uninterrupted one.
    pub slot: u32,
    /// Where it stands.
    pub state: TrialState,
    /// Who runs or ran it, such as `4711@host`; `None` where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// The configuration.
    pub params: Params,
    /// Mean cost over the folds; present when complete.
    pub cost: Option<f64>,
    /// Costs of the second and further objectives, where there are several; as many as are searched when complete.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_costs: Vec<f64>,
    /// (folds done, mean cost so far), in order.
    pub steps: Vec<(u32, f64)>,
    /// Scores of the folds that were finished.
    pub folds: Vec<FoldScore>,
    /// Information criteria, where its models have any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub information: Option<Information>,
    /// Why it failed, was pruned or lost.
    pub reason: Option<String>,
    /// Start, in seconds since 1970 (UTC).
    pub started_secs: f64,
    /// Wall-clock seconds from start to end; 0 while it runs.
    pub seconds: f64,
}

/// How the reason of a trial begins whose process was ended for lack of memory.
pub const OUT_OF_MEMORY: &str = "out of memory";

impl TrialRecord {
    /// A trial of which nothing is known but its place, state and configuration. Its number is its slot.
    pub fn new(slot: u32, state: TrialState, params: Params) -> Self {
        Self {
            number: slot,
            slot,
            state,
            worker: None,
            params,
            cost: None,
            other_costs: Vec::new(),
            steps: Vec::new(),
            folds: Vec::new(),
            information: None,
            reason: None,
            started_secs: 0.0,
            seconds: 0.0,
        }
    }

    /// The same trial, complete with this cost.
    #[must_use]
    pub fn with_cost(mut self, cost: f64) -> Self {
        self.state = TrialState::Complete;
        self.cost = Some(cost);
        self
    }

    /// Costs of all objectives; empty unless complete.
    pub fn costs(&self) -> Vec<f64> {
        self.cost.into_iter().chain(self.other_costs.iter().copied()).collect()
    }

    /// Mean over the folds of one metric; `None` where no fold has it.
    pub fn mean_score(&self, metric: Metric) -> Option<f64> {
        let values = self.fold_values(metric);
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }

    /// Standard deviation over the folds (n - 1 in the denominator); `None` below two folds.
    pub fn std_score(&self, metric: Metric) -> Option<f64> {
        let values = self.fold_values(metric);
        if values.len() < 2 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some((squares / (values.len() - 1) as f64).sqrt())
    }

    /// The metric of each fold, in order of folds.
    pub fn fold_values(&self, metric: Metric) -> Vec<f64> {
        let of_metric =
            |fold: &FoldScore| fold.scores.iter().find(|(of, _)| *of == metric).map(|(_, value)| *value);
        self.folds.iter().filter_map(of_metric).collect()
    }

    /// The complete trial of least cost, the earliest slot among ties.
    pub fn best(trials: &[TrialRecord]) -> Option<&TrialRecord> {
        let complete = trials.iter().filter(|trial| trial.state == TrialState::Complete);
        complete
            .filter_map(|trial| trial.cost.filter(|cost| cost.is_finite()).map(|cost| (cost, trial)))
            .min_by(|(a, left), (b, right)| a.total_cmp(b).then(left.slot.cmp(&right.slot)))
            .map(|(_, trial)| trial)
    }
}
