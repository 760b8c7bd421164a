//! From target and predictions to metric values: what is checked, and what metrics share.

use std::cell::OnceCell;

use super::{ConfusionMatrix, Metric, MetricError, classification, ranking::Ranking, regression};
use crate::design::{Predictions, Target};
use crate::matrix::Matrix;
use crate::task::Task;

impl Metric {
    /// The value of this metric, in the unit and range of the table at [`Metric`].
    ///
    /// Shapes: target `[n_rows]`, predictions `[n_rows]` or `[n_rows, n_classes]`. Labels are the most probable
    /// classes, the lowest index among ties. Two classes make a binary task, whose positive class has index 1.
    ///
    /// # Errors
    /// - [`MetricError::WrongTask`]: the metric is not one of the target's task.
    /// - [`MetricError::Mismatch`]: shapes differ, a class index is out of range, or a value is not finite; for log
    ///   loss and the Brier score also if a probability lies outside 0 to 1 by more than rounding.
    /// - [`MetricError::Undefined`]: there is no row; ROC AUC where a class does not occur or is the only one; kappa
    ///   where all rows are of one class and predicted as it; R² of fewer than two rows; RMSLE of values up to -1; a
    ///   sum that leaves the finite numbers.
    pub fn score(self, target: &Target, predictions: &Predictions) -> Result<f64, MetricError> {
        let task = task_of(target);
        if !self.supports(task) {
            return Err(MetricError::WrongTask { metric: self, task });
        }
        match Scorer::new(target, predictions) {
            Ok(scorer) => scorer.score(self),
            Err(reason) => Err(MetricError::Mismatch { metric: self, reason }),
        }
    }
}

/// All metrics of a task that have a value on these rows, in the order of [`Metric::of_task`].
///
/// What several metrics need, such as the order of the scores, is computed once. Empty where target and predictions
/// do not belong together; [`Metric::score`] says why.
///
/// ```
/// use automl_core::metric::score_all;
/// use automl_core::{Metric, Predictions, Target, Task};
///
/// let target = Target::Real(vec![3.0, -0.5, 2.0, 7.0]);
/// let predictions = Predictions::Real(vec![2.5, 0.0, 2.0, 8.0]);
/// let scores = score_all(Task::Regression, &target, &predictions);
/// assert!(scores.contains(&(Metric::Mae, 0.5)));
/// ```
pub fn score_all(task: Task, target: &Target, predictions: &Predictions) -> Vec<(Metric, f64)> {
    let Ok(scorer) = Scorer::new(target, predictions) else { return Vec::new() };
    let metrics = Metric::of_task(task).into_iter().filter(|metric| metric.supports(task_of(target)));
    metrics.filter_map(|metric| Some((metric, scorer.score(metric).ok()?))).collect()
}

fn task_of(target: &Target) -> Task {
    match target {
        Target::Real(_) => Task::Regression,
        Target::Classes { n_classes: 0..=2, .. } => Task::Binary,
        Target::Classes { .. } => Task::Multiclass,
    }
}

/// A target and its predictions, known to belong together.
enum Scorer<'a> {
    Real { target: &'a [f64], predicted: &'a [f64] },
    Classes(ClassScorer<'a>),
}

impl<'a> Scorer<'a> {
    /// The error is the reason of a [`MetricError::Mismatch`].
    fn new(target: &'a Target, predictions: &'a Predictions) -> Result<Self, String> {
        if target.n_rows() != predictions.n_rows() {
            return Err(format!(
                "the target has {} rows, the predictions have {}",
                target.n_rows(),
                predictions.n_rows()
            ));
        }
        match (target, predictions) {
            (Target::Real(target), Predictions::Real(predicted)) => {
                check_finite("target", target, 1)?;
                check_finite("prediction", predicted, 1)?;
                Ok(Scorer::Real { target, predicted })
            }
            (Target::Classes { codes, n_classes }, Predictions::Proba(proba)) => {
                check_finite("prediction", proba.values(), *n_classes)?;
                let labels = predictions.classes().unwrap_or_default();
                Ok(Scorer::Classes(ClassScorer::new(codes, *n_classes, proba, &labels)?))
            }
            (Target::Real(_), Predictions::Proba(_)) => {
                Err("the target is numbers, the predictions are class probabilities".to_owned())
            }
            (Target::Classes { .. }, Predictions::Real(_)) => {
                Err("the target is classes, the predictions are numbers".to_owned())
            }
        }
    }

    /// The metric is one of the target's task.
    fn score(&self, metric: Metric) -> Result<f64, MetricError> {
        let value = match self {
            Scorer::Real { target: [], .. } | Scorer::Classes(ClassScorer { codes: [], .. }) => {
                Err(undefined(metric, "there are no rows"))
            }
            Scorer::Real { target, predicted } => score_numbers(metric, target, predicted),
            Scorer::Classes(classes) => classes.score(metric),
        }?;
        // Finite inputs can still overflow, as the square of 1e200 does.
        if value.is_finite() { Ok(value) } else { Err(undefined(metric, format!("the result is {value}"))) }
    }
}

/// A classification task with what its metrics share, computed when first wanted.
struct ClassScorer<'a> {
    codes: &'a [u32],
    proba: &'a Matrix<f64>,
    confusion: ConfusionMatrix,
    rankings: OnceCell<Vec<Ranking>>,
}

impl<'a> ClassScorer<'a> {
    /// `labels` are the predicted classes. The error is the reason of a [`MetricError::Mismatch`].
    fn new(
        codes: &'a [u32],
        n_classes: usize,
        proba: &'a Matrix<f64>,
        labels: &[u32],
    ) -> Result<Self, String> {
        if n_classes < 2 {
            return Err(format!("classification needs two or more classes, the target has {n_classes}"));
        }
        if proba.n_cols() != n_classes {
            return Err(format!(
                "the target has {n_classes} classes, the predictions have {} columns",
                proba.n_cols()
            ));
        }
        if let Some(row) = codes.iter().position(|&code| code as usize >= n_classes) {
            return Err(format!("row {row} has class {}, but there are {n_classes} classes", codes[row]));
        }
        let confusion = ConfusionMatrix::new(n_classes, codes, labels).map_err(|error| error.to_string())?;
        Ok(Self { codes, proba, confusion, rankings: OnceCell::new() })
    }

    fn score(&self, metric: Metric) -> Result<f64, MetricError> {
        match metric {
            Metric::Accuracy => Ok(self.confusion.accuracy()),
            Metric::BalancedAccuracy => Ok(self.confusion.balanced_accuracy()),
            Metric::Precision(average) => Ok(self.confusion.precision(average)),
            Metric::Recall(average) => Ok(self.confusion.recall(average)),
            Metric::F1(average) => Ok(self.confusion.f1(average)),
            Metric::Mcc => Ok(self.confusion.matthews_correlation()),
            Metric::CohenKappa => self
                .confusion
                .cohen_kappa()
                .ok_or_else(|| undefined(metric, "all rows are of one class and predicted as it")),
            Metric::RocAuc => self.roc_auc(),
            Metric::PrAuc => Ok(mean(self.rankings().iter().map(Ranking::average_precision))),
            Metric::LogLoss => {
                self.check_probabilities(metric)?;
                Ok(classification::log_loss(self.codes, self.proba))
            }
            Metric::Brier => {
                self.check_probabilities(metric)?;
                Ok(classification::brier(self.codes, self.proba))
            }
            Metric::Rmse
            | Metric::Mae
            | Metric::MedianAe
            | Metric::Mape
            | Metric::R2
            | Metric::Rmsle
            | Metric::Cost => Err(MetricError::WrongTask { metric, task: self.task() }),
        }
    }

    fn task(&self) -> Task {
        if self.confusion.n_classes() == 2 { Task::Binary } else { Task::Multiclass }
    }

    fn roc_auc(&self) -> Result<f64, MetricError> {
        let first_class = self.first_ranked_class();
        let mut areas = Vec::with_capacity(self.rankings().len());
        for (index, ranking) in self.rankings().iter().enumerate() {
            let class = first_class + index;
            let area = ranking.roc_auc().ok_or_else(|| {
                let (rows, all) = (self.confusion.support(class), self.confusion.n_rows());
                undefined(Metric::RocAuc, format!("{rows} of {all} rows are of class {class}"))
            })?;
            areas.push(area);
        }
        Ok(mean(areas.into_iter()))
    }

    /// Each class against the rest; of two classes the positive one alone.
    fn rankings(&self) -> &[Ranking] {
        self.rankings.get_or_init(|| {
            let rank = |class: usize| {
                let rows = self.codes.iter().zip(self.proba.rows());
                Ranking::new(rows.map(|(&code, row)| (row[class], code as usize == class)).collect())
            };
            (self.first_ranked_class()..self.confusion.n_classes()).map(rank).collect()
        })
    }

    fn first_ranked_class(&self) -> usize {
        usize::from(self.task() == Task::Binary)
    }

    fn check_probabilities(&self, metric: Metric) -> Result<(), MetricError> {
        match classification::outside_unit_interval(self.proba) {
            None => Ok(()),
            Some((row, class, value)) => {
                let reason =
                    format!("the probability of class {class} in row {row} is {value}, outside 0 to 1");
                Err(MetricError::Mismatch { metric, reason })
            }
        }
    }
}

fn score_numbers(metric: Metric, target: &[f64], predicted: &[f64]) -> Result<f64, MetricError> {
    match metric {
        Metric::Rmse => Ok(regression::rmse(target, predicted)),
        Metric::Mae => Ok(regression::mae(target, predicted)),
        Metric::MedianAe => Ok(regression::median_ae(target, predicted)),
        Metric::Mape => Ok(regression::mape(target, predicted)),
        Metric::R2 if target.len() < 2 => Err(undefined(metric, "it needs two or more rows, got 1")),
        Metric::R2 => Ok(regression::r2(target, predicted)),
        Metric::Rmsle => match target.iter().chain(predicted).find(|value| **value <= -1.0) {
            Some(value) => Err(undefined(metric, format!("it needs values above -1, got {value}"))),
            None => Ok(regression::rmsle(target, predicted)),
        },
        _ => Err(MetricError::WrongTask { metric, task: Task::Regression }),
    }
}

fn undefined(metric: Metric, reason: impl Into<String>) -> MetricError {
    MetricError::Undefined { metric, reason: reason.into() }
}

/// `width` is the number of values a row.
fn check_finite(what: &str, values: &[f64], width: usize) -> Result<(), String> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(format!("the {what} of row {} is {}", index / width.max(1), values[index])),
        None => Ok(()),
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len();
    values.sum::<f64>() / count as f64
}
