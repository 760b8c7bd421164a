//! A metric together with the rows it is taken on.

use automl_core::{Direction, Metric, MetricError, Predictions, Target, Task};

use crate::error::EnsembleError;
use crate::prepared::Prepared;

/// How far outside 0 to 1 a probability may lie, since means and single-precision sums round.
const TOLERANCE: f64 = 1e-6;

/// A metric, a target and, where rows count differently, their weights: what every decision of this crate is
/// measured by.
///
/// Without weights a score is that of [`Metric::score`]. With weights every mean over rows becomes a weighted mean
/// and every count of rows a sum of weights; only their ratios matter. The median absolute error has no weighted form
/// here.
///
/// ```
/// use automl_core::{Metric, Predictions, Target};
/// use automl_ensemble::Scorer;
///
/// let target = Target::Real(vec![1.0, 2.0]);
/// let scorer = Scorer::new(Metric::Mae, &target)?.with_weights(&[3.0, 1.0])?;
/// assert_eq!(scorer.score(&Predictions::Real(vec![2.0, 2.0]))?, 0.75);
/// # Ok::<(), automl_ensemble::EnsembleError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Scorer<'a> {
    metric: Metric,
    target: &'a Target,
    weights: Option<&'a [f32]>,
}

impl<'a> Scorer<'a> {
    /// Every row counts alike.
    ///
    /// # Errors
    /// [`EnsembleError::Metric`] if the metric is not one of the target's task or a class index is not below
    /// `n_classes`; [`EnsembleError::TooFew`] without rows or with fewer than two classes;
    /// [`EnsembleError::NotFinite`] if a number of the target is not.
    pub fn new(metric: Metric, target: &'a Target) -> Result<Self, EnsembleError> {
        let task = task_of(target);
        if !metric.supports(task) {
            return Err(MetricError::WrongTask { metric, task }.into());
        }
        if target.n_rows() == 0 {
            return Err(EnsembleError::TooFew { what: "a score", unit: "rows", got: 0, wanted: 1 });
        }
        match target {
            Target::Real(values) => EnsembleError::check_finite("the target", values)?,
            Target::Classes { codes, n_classes } => {
                if *n_classes < 2 {
                    let (what, unit) = ("a classification metric", "classes");
                    return Err(EnsembleError::TooFew { what, unit, got: *n_classes, wanted: 2 });
                }
                if let Some(row) = codes.iter().position(|&code| code as usize >= *n_classes) {
                    let reason =
                        format!("row {row} has class {}, but there are {n_classes} classes", codes[row]);
                    return Err(MetricError::Mismatch { metric, reason }.into());
                }
            }
        }
        Ok(Self { metric, target, weights: None })
    }

    /// The same with weights, one a row.
    ///
    /// # Errors
    /// [`EnsembleError::Length`] if there is not one a row; [`EnsembleError::Weight`] if one is not finite and above
    /// 0; [`EnsembleError::Unweighted`] for the median absolute error.
    pub fn with_weights(self, weights: &'a [f32]) -> Result<Self, EnsembleError> {
        if weights.len() != self.n_rows() {
            return Err(EnsembleError::length("the weights", "rows", weights.len(), self.n_rows()));
        }
        if let Some(row) = weights.iter().position(|weight| !(weight.is_finite() && *weight > 0.0)) {
            return Err(EnsembleError::Weight { row, value: f64::from(weights[row]) });
        }
        if self.metric == Metric::MedianAe {
            return Err(EnsembleError::Unweighted { metric: self.metric });
        }
        Ok(Self { weights: Some(weights), ..self })
    }

    /// The same rows by another metric of the same task, which has a weighted form if there are weights.
    pub(crate) fn with_metric(self, metric: Metric) -> Self {
        Self { metric, ..self }
    }

    /// The metric.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Whether more or less is better.
    pub fn direction(&self) -> Direction {
        self.metric.direction()
    }

    /// The target.
    pub fn target(&self) -> &'a Target {
        self.target
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.target.n_rows()
    }

    /// Number of classes; 0 for regression.
    pub fn n_classes(&self) -> usize {
        match self.target {
            Target::Real(_) => 0,
            Target::Classes { n_classes, .. } => *n_classes,
        }
    }

    /// How much a row counts; 1 where all count alike.
    pub fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| f64::from(weights[row]))
    }

    /// Whether rows have weights.
    pub fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    /// The metric's value, in the unit and range of the table at [`Metric`].
    ///
    /// # Errors
    /// Those of [`Scorer::check`], and [`EnsembleError::Metric`] where the metric has no value on these rows.
    pub fn score(&self, predictions: &Predictions) -> Result<f64, EnsembleError> {
        if self.weights.is_none() {
            return Ok(self.metric.score(self.target, predictions)?);
        }
        let rows: Vec<usize> = (0..self.n_rows()).collect();
        Prepared::new(self, predictions)?.score(&rows)
    }

    /// The value on some of the rows, of which one may occur several times. `predictions` has all rows.
    ///
    /// # Errors
    /// As [`Scorer::score`]; [`EnsembleError::OutOfRange`] for a row that does not exist.
    pub fn score_rows(&self, predictions: &Predictions, rows: &[usize]) -> Result<f64, EnsembleError> {
        if let Some(row) = rows.iter().find(|row| **row >= self.n_rows()) {
            EnsembleError::check("row", *row as f64, "below the number of rows", false)?;
        }
        Prepared::new(self, predictions)?.score(rows)
    }

    /// The cost of predictions for some of the rows alone, in the order of `rows`.
    pub(crate) fn cost_of_rows(
        &self,
        predictions: &Predictions,
        rows: &[usize],
    ) -> Result<f64, EnsembleError> {
        let target = self.target.select(rows);
        let weights: Option<Vec<f32>> =
            self.weights.map(|weights| rows.iter().map(|&row| weights[row]).collect());
        let some = Scorer { metric: self.metric, target: &target, weights: weights.as_deref() };
        Ok(self.direction().cost(some.score(predictions)?))
    }

    /// Checks that predictions are of these rows and of this task.
    ///
    /// # Errors
    /// Each names `what`: [`EnsembleError::Kind`] for numbers in place of probabilities or the reverse,
    /// [`EnsembleError::Length`] for a wrong number of rows or classes, [`EnsembleError::NotFinite`], and
    /// [`EnsembleError::Metric`] for a probability outside 0 to 1.
    pub fn check(&self, what: &str, predictions: &Predictions) -> Result<(), EnsembleError> {
        let name = |part: &str| format!("{what}: {part}");
        if predictions.n_rows() != self.n_rows() {
            let (got, wanted) = (predictions.n_rows(), self.n_rows());
            return Err(EnsembleError::length(name("predictions"), "rows", got, wanted));
        }
        match (self.target, predictions) {
            (Target::Real(_), Predictions::Real(values)) => {
                EnsembleError::check_finite(&name("predictions"), values)
            }
            (Target::Classes { n_classes, .. }, Predictions::Proba(proba)) => {
                if proba.n_cols() != *n_classes {
                    let (got, wanted) = (proba.n_cols(), *n_classes);
                    return Err(EnsembleError::length(name("predictions"), "classes", got, wanted));
                }
                let outside = |p: &f64| !(-TOLERANCE..=1.0 + TOLERANCE).contains(p);
                match proba.values().iter().position(outside) {
                    None => Ok(()),
                    Some(index) => {
                        let (row, class) = (index / n_classes, index % n_classes);
                        let value = proba.values()[index];
                        let reason = format!(
                            "{what}: the probability of class {class} in row {row} is {value}, outside 0 to 1"
                        );
                        Err(MetricError::Mismatch { metric: self.metric, reason }.into())
                    }
                }
            }
            (Target::Real(_), Predictions::Proba(_)) => {
                Err(EnsembleError::Kind { what: name("predictions"), wanted: "numbers" })
            }
            (Target::Classes { .. }, Predictions::Real(_)) => {
                Err(EnsembleError::Kind { what: name("predictions"), wanted: "class probabilities" })
            }
        }
    }
}

fn task_of(target: &Target) -> Task {
    match target {
        Target::Real(_) => Task::Regression,
        Target::Classes { n_classes: 0..=2, .. } => Task::Binary,
        Target::Classes { .. } => Task::Multiclass,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_what_is_wrong() {
        let target = Target::Classes { codes: vec![0, 1], n_classes: 2 };
        let message = |error: EnsembleError| error.to_string();
        assert_eq!(
            message(Scorer::new(Metric::Rmse, &target).unwrap_err()),
            "metric `rmse` is not defined for binary tasks"
        );
        let scorer = Scorer::new(Metric::LogLoss, &target).unwrap();
        assert_eq!(
            message(scorer.with_weights(&[1.0, 0.0]).unwrap_err()),
            "the weight of row 1 is 0, but must be finite and above 0"
        );
        assert_eq!(
            message(scorer.check("tree", &Predictions::Real(vec![0.0; 2])).unwrap_err()),
            "tree: predictions must be class probabilities"
        );
        let target = Target::Real(vec![0.0, 1.0]);
        let median = Scorer::new(Metric::MedianAe, &target).unwrap();
        assert_eq!(
            median.with_weights(&[1.0, 1.0]).unwrap_err(),
            EnsembleError::Unweighted { metric: Metric::MedianAe }
        );
    }
}
