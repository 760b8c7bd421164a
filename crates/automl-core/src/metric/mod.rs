//! What a prediction is worth: names, directions and arithmetic.
//!
//! [`Metric::score`] gives one value, [`score_all`] those of a task; [`ConfusionMatrix`], [`roc_curve`] and
//! [`pr_curve`] give what charts draw. Values equal scikit-learn's (1.9): `tests/metrics.rs` compares them with
//! `tests/data/metrics.json`, made by `tests/make_metrics.py`.

mod classification;
mod confusion;
mod ranking;
mod regression;
mod score;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::task::Task;

pub use confusion::ConfusionMatrix;
pub use ranking::{PrCurve, RocCurve, pr_curve, roc_curve};
pub use score::score_all;

/// Whether more or less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Less is better.
    Minimize,
    /// More is better.
    Maximize,
}

impl Direction {
    /// The cost of a value. The only place where a sign is turned.
    pub fn cost(self, value: f64) -> f64 {
        match self {
            Direction::Minimize => value,
            Direction::Maximize => -value,
        }
    }

    /// The value of a cost; the inverse of [`Direction::cost`].
    pub fn value(self, cost: f64) -> f64 {
        self.cost(cost)
    }
}

/// How one number comes of many classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Average {
    /// Of the positive class alone; binary tasks.
    Binary,
    /// Plain mean over the classes.
    Macro,
    /// Over all decisions together.
    Micro,
    /// Mean over the classes, weighted by their rows.
    Weighted,
}

impl Average {
    fn suffix(self) -> &'static str {
        match self {
            Average::Binary => "",
            Average::Macro => "_macro",
            Average::Micro => "_micro",
            Average::Weighted => "_weighted",
        }
    }
}

/// A measure of prediction quality.
///
/// | Name | Task | Better | Range |
/// |---|---|---|---|
/// | `accuracy`, `balanced_accuracy` | classes | more | 0 to 1 |
/// | `precision`, `recall`, `f1` (`_macro`, `_micro`, `_weighted`) | classes | more | 0 to 1 |
/// | `roc_auc`, `pr_auc` | classes | more | 0 to 1 |
/// | `log_loss` | classes | less | from 0, nats |
/// | `brier` | classes | less | 0 to 2 (binary 0 to 1) |
/// | `mcc`, `cohen_kappa` | classes | more | -1 to 1 |
/// | `rmse`, `mae`, `median_ae` | regression | less | from 0, unit of the target |
/// | `mape` | regression | less | from 0, share |
/// | `r2` | regression | more | up to 1 |
/// | `rmsle` | regression | less | from 0; needs values above -1 |
/// | `cost` | none: of a function | less | any |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// Share of right labels.
    Accuracy,
    /// Mean of the classes' recalls.
    BalancedAccuracy,
    /// Share of the predicted that are right.
    Precision(Average),
    /// Share of the true that are found.
    Recall(Average),
    /// Harmonic mean of precision and recall.
    F1(Average),
    /// Area under the ROC curve; one-vs-rest and macro for several classes.
    RocAuc,
    /// Average precision; one-vs-rest and macro for several classes.
    PrAuc,
    /// Mean negative log likelihood, in nats.
    LogLoss,
    /// Mean squared error of the probabilities.
    Brier,
    /// Matthews correlation coefficient.
    Mcc,
    /// Cohen's kappa.
    CohenKappa,
    /// Root of the mean squared error.
    Rmse,
    /// Mean absolute error.
    Mae,
    /// Median absolute error.
    MedianAe,
    /// Mean absolute error relative to the true value.
    Mape,
    /// Share of the variance explained.
    R2,
    /// Root of the mean squared error of `ln(1 + value)`.
    Rmsle,
    /// What a function that is optimised returned: a metric of no task.
    Cost,
}

/// A metric that cannot be had.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum MetricError {
    /// No metric has this name.
    #[error("there is no metric `{name}`; the metrics are {}", all_names())]
    Unknown {
        /// The name given.
        name: String,
    },
    /// The metric is not one of this task.
    #[error("metric `{metric}` is not defined for {task} tasks")]
    WrongTask {
        /// The metric.
        metric: Metric,
        /// The task.
        task: Task,
    },
    /// Target and predictions do not belong together.
    #[error("cannot compute `{metric}`: {reason}")]
    Mismatch {
        /// The metric.
        metric: Metric,
        /// What does not fit, with numbers.
        reason: String,
    },
    /// A chart's input does not belong together.
    #[error("cannot compare target and predictions: {reason}")]
    Unusable {
        /// What does not fit, with numbers.
        reason: String,
    },
    /// The metric has no value on these rows, such as AUC where one class alone occurs.
    #[error("`{metric}` is undefined here: {reason}")]
    Undefined {
        /// The metric.
        metric: Metric,
        /// Why, with numbers.
        reason: String,
    },
}

fn all_names() -> String {
    Metric::all().into_iter().map(Metric::name).collect::<Vec<_>>().join(", ")
}

const AVERAGES: [Average; 4] = [Average::Binary, Average::Macro, Average::Micro, Average::Weighted];

impl Metric {
    /// Every metric of some task, in the order in which help texts and tables list them.
    pub fn all() -> Vec<Metric> {
        let mut all = vec![Metric::Accuracy, Metric::BalancedAccuracy];
        for of in [Metric::Precision, Metric::Recall, Metric::F1] {
            all.extend(AVERAGES.map(of));
        }
        all.extend([
            Metric::RocAuc,
            Metric::PrAuc,
            Metric::LogLoss,
            Metric::Brier,
            Metric::Mcc,
            Metric::CohenKappa,
        ]);
        all.extend([Metric::Rmse, Metric::Mae, Metric::MedianAe, Metric::Mape, Metric::R2, Metric::Rmsle]);
        all
    }

    /// The metrics of a task, in the same order.
    pub fn of_task(task: Task) -> Vec<Metric> {
        Self::all().into_iter().filter(|metric| metric.supports(task)).collect()
    }

    /// What is optimised unless the user says otherwise: log loss for classes, RMSE for numbers.
    pub fn default_of(task: Task) -> Metric {
        if task.is_classification() { Metric::LogLoss } else { Metric::Rmse }
    }

    /// Whether the metric is defined for `task`.
    pub fn supports(self, task: Task) -> bool {
        match self {
            Metric::Precision(Average::Binary)
            | Metric::Recall(Average::Binary)
            | Metric::F1(Average::Binary) => task == Task::Binary,
            Metric::Rmse | Metric::Mae | Metric::MedianAe | Metric::Mape | Metric::R2 | Metric::Rmsle => {
                task == Task::Regression
            }
            Metric::Cost => false,
            _ => task.is_classification(),
        }
    }

    /// Whether more or less is better.
    pub fn direction(self) -> Direction {
        match self {
            Metric::LogLoss
            | Metric::Brier
            | Metric::Rmse
            | Metric::Mae
            | Metric::MedianAe
            | Metric::Mape
            | Metric::Rmsle
            | Metric::Cost => Direction::Minimize,
            _ => Direction::Maximize,
        }
    }

    /// The name used in TOML, JSON and on the command line.
    pub fn name(self) -> String {
        match self {
            Metric::Accuracy => "accuracy".to_owned(),
            Metric::BalancedAccuracy => "balanced_accuracy".to_owned(),
            Metric::Precision(average) => format!("precision{}", average.suffix()),
            Metric::Recall(average) => format!("recall{}", average.suffix()),
            Metric::F1(average) => format!("f1{}", average.suffix()),
            Metric::RocAuc => "roc_auc".to_owned(),
            Metric::PrAuc => "pr_auc".to_owned(),
            Metric::LogLoss => "log_loss".to_owned(),
            Metric::Brier => "brier".to_owned(),
            Metric::Mcc => "mcc".to_owned(),
            Metric::CohenKappa => "cohen_kappa".to_owned(),
            Metric::Rmse => "rmse".to_owned(),
            Metric::Mae => "mae".to_owned(),
            Metric::MedianAe => "median_ae".to_owned(),
            Metric::Mape => "mape".to_owned(),
            Metric::R2 => "r2".to_owned(),
            Metric::Rmsle => "rmsle".to_owned(),
            Metric::Cost => "cost".to_owned(),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name())
    }
}

impl FromStr for Metric {
    type Err = MetricError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::all().into_iter().chain([Metric::Cost]).find(|metric| metric.name() == name);
        found.ok_or_else(|| MetricError::Unknown { name: name.to_owned() })
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_back() {
        for metric in Metric::all().into_iter().chain([Metric::Cost]) {
            assert_eq!(metric.name().parse::<Metric>(), Ok(metric));
        }
        assert!(Task::ALL.iter().all(|task| !Metric::Cost.supports(*task)));
    }

    #[test]
    fn every_task_has_its_default_metric() {
        for task in Task::ALL {
            assert!(Metric::of_task(task).contains(&Metric::default_of(task)));
        }
    }
}
