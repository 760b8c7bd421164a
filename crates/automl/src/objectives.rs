//! Objectives beside the metric, for searches that weigh one against another.

use std::fmt;
use std::str::FromStr;

use automl_core::{Direction, FoldScore, Metric, Task};
use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

/// An objective beside the metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FurtherObjective {
    /// Another metric of the task.
    Metric(Metric),
    /// Milliseconds that predicting 1,000 rows takes, the mean over the folds.
    PredictTime,
    /// Seconds that training takes, the sum over the folds.
    FitTime,
}

/// What was measured of one fold beside its scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FoldTimes {
    /// Seconds of preparation and training.
    pub(crate) fit_secs: f64,
    /// Milliseconds per 1,000 rows predicted.
    pub(crate) predict_ms: f64,
}

impl FurtherObjective {
    /// Whether more or less of it is better.
    pub fn direction(self) -> Direction {
        match self {
            FurtherObjective::Metric(metric) => metric.direction(),
            FurtherObjective::PredictTime | FurtherObjective::FitTime => Direction::Minimize,
        }
    }

    /// Whether the task has it.
    pub(crate) fn supports(self, task: Task) -> bool {
        match self {
            FurtherObjective::Metric(metric) => metric.supports(task),
            FurtherObjective::PredictTime | FurtherObjective::FitTime => true,
        }
    }

    /// Its cost, lower is better; NaN where a fold lacks the metric.
    pub(crate) fn cost(self, scores: &[FoldScore], times: &[FoldTimes]) -> f64 {
        let n_folds = times.len() as f64;
        match self {
            FurtherObjective::Metric(metric) => {
                let of_fold = |fold: &FoldScore| {
                    let found = fold.scores.iter().find(|(of, _)| *of == metric);
                    found.map_or(f64::NAN, |(_, value)| metric.direction().cost(*value))
                };
                scores.iter().map(of_fold).sum::<f64>() / n_folds
            }
            FurtherObjective::PredictTime => times.iter().map(|fold| fold.predict_ms).sum::<f64>() / n_folds,
            FurtherObjective::FitTime => times.iter().map(|fold| fold.fit_secs).sum(),
        }
    }
}

impl fmt::Display for FurtherObjective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FurtherObjective::Metric(metric) => metric.fmt(f),
            FurtherObjective::PredictTime => f.write_str("predict_time"),
            FurtherObjective::FitTime => f.write_str("fit_time"),
        }
    }
}

impl FromStr for FurtherObjective {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "predict_time" => Ok(FurtherObjective::PredictTime),
            "fit_time" => Ok(FurtherObjective::FitTime),
            other => other
                .parse()
                .map(FurtherObjective::Metric)
                .map_err(|error| format!("{error}; beside metrics there are predict_time and fit_time")),
        }
    }
}

impl Serialize for FurtherObjective {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FurtherObjective {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for objective in [
            FurtherObjective::PredictTime,
            FurtherObjective::FitTime,
            FurtherObjective::Metric(Metric::RocAuc),
        ] {
            assert_eq!(objective.to_string().parse(), Ok(objective));
        }
        let error = "speed".parse::<FurtherObjective>().unwrap_err();
        assert!(error.contains("speed") && error.contains("predict_time"), "{error}");
    }

    #[test]
    fn costs_are_means_and_sums_over_folds() {
        let score = |value: f64| FoldScore {
            fold: 0,
            cost: 0.0,
            scores: vec![(Metric::RocAuc, value)],
            best_epoch: None,
            n_epochs: 0,
            seconds: 0.0,
        };
        let times =
            [FoldTimes { fit_secs: 1.0, predict_ms: 2.0 }, FoldTimes { fit_secs: 2.0, predict_ms: 4.0 }];
        let scores = [score(0.8), score(0.6)];
        assert_eq!(FurtherObjective::FitTime.cost(&scores, &times), 3.0);
        assert_eq!(FurtherObjective::PredictTime.cost(&scores, &times), 3.0);
        assert_eq!(
            FurtherObjective::Metric(Metric::RocAuc).cost(&scores, &times),
            Metric::RocAuc.direction().cost(0.7)
        );
        assert!(FurtherObjective::Metric(Metric::Mcc).cost(&scores, &times).is_nan());
    }
}
