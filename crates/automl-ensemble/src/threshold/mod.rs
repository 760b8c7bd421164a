//! From probabilities to classes, in the way that is best for a metric.
//!
//! The most probable class is the best guess for accuracy alone, and only if probabilities are right. F1, balanced
//! accuracy or the Matthews correlation want another rule, which is found on out-of-fold predictions:
//!
//! | task | rule | found by |
//! |---|---|---|
//! | two classes | positive from a threshold on | trying every threshold, O(n log n) |
//! | more | the class of the largest `multiplier · probability` | trying every multiplier of one class at a time, until none helps; of many rows and classes, on some of the rows |
//!
//! A rule looks better on the rows it was found on than it is; [`nested_score`] does not.

mod binary;
mod multipliers;

use automl_core::{Matrix, Predictions, Target, evenly_chosen};
use serde::{Deserialize, Serialize};

use crate::confusion::{Marginals, is_of_classes};
use crate::error::EnsembleError;
use crate::nested::{Nested, nested};
use crate::rows::Parts;
use crate::scorer::Scorer;

/// How probabilities become classes: plain data, to be kept with the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionRule {
    /// The most probable class, the lowest index among ties.
    MostProbable,
    /// Two classes: the positive one if its probability is at least this; 0 to above 1.
    Threshold(f64),
    /// The class of the largest product of multiplier and probability, the lowest index among ties. All above 0.
    Multipliers(Vec<f64>),
}

impl DecisionRule {
    /// The rule that is best by the scorer's metric on these rows. Of equals it is the one nearest to
    /// [`DecisionRule::MostProbable`].
    ///
    /// # Errors
    /// [`EnsembleError::NotOfClasses`] for a metric that predicted classes do not decide, and those of
    /// [`Scorer::check`].
    pub fn fit(scorer: &Scorer<'_>, predictions: &Predictions) -> Result<Self, EnsembleError> {
        scorer.check("the model", predictions)?;
        let rows: Vec<usize> = (0..scorer.n_rows()).collect();
        Self::fit_rows(scorer, predictions, &rows)
    }

    /// [`DecisionRule::fit`] on some rows of checked predictions.
    fn fit_rows(
        scorer: &Scorer<'_>,
        predictions: &Predictions,
        rows: &[usize],
    ) -> Result<Self, EnsembleError> {
        let (true, Target::Classes { codes, .. }, Predictions::Proba(proba)) =
            (is_of_classes(scorer.metric()), scorer.target(), predictions)
        else {
            return Err(EnsembleError::NotOfClasses { metric: scorer.metric() });
        };
        let truth_of = |rows: &[usize]| -> Vec<(u32, f64)> {
            rows.iter().map(|&row| (codes[row], scorer.weight(row))).collect()
        };
        if scorer.n_classes() == 2 {
            let told: Vec<f64> = rows.iter().map(|&row| proba.get(row, 1)).collect();
            let threshold = binary::best_threshold(scorer.metric(), &told, &truth_of(rows));
            return Ok(DecisionRule::Threshold(threshold));
        }
        let rows = evenly_chosen(rows, multipliers::most_rows(scorer.n_classes()));
        let some = proba.select_rows(&rows);
        Ok(DecisionRule::Multipliers(multipliers::best(scorer.metric(), &some, &truth_of(&rows))))
    }

    /// The class of each row.
    ///
    /// # Errors
    /// [`EnsembleError::Kind`] for numbers; [`EnsembleError::Length`] if the rule is for another number of classes.
    pub fn classes(&self, predictions: &Predictions) -> Result<Vec<u32>, EnsembleError> {
        let (Predictions::Proba(proba), Some(most_probable)) = (predictions, predictions.classes()) else {
            let what = "what is decided on".to_owned();
            return Err(EnsembleError::Kind { what, wanted: "class probabilities" });
        };
        let wanted = match self {
            DecisionRule::MostProbable => proba.n_cols(),
            DecisionRule::Threshold(_) => 2,
            DecisionRule::Multipliers(multipliers) => multipliers.len(),
        };
        if proba.n_cols() != wanted {
            return Err(EnsembleError::length("the rule's input", "classes", proba.n_cols(), wanted));
        }
        Ok(match self {
            DecisionRule::MostProbable => most_probable,
            DecisionRule::Threshold(threshold) => {
                proba.rows().map(|row| u32::from(row[1] >= *threshold)).collect()
            }
            DecisionRule::Multipliers(multipliers) => {
                proba.rows().map(|row| multipliers::decide(row, multipliers)).collect()
            }
        })
    }

    /// The scorer's metric of the rule's classes.
    ///
    /// # Errors
    /// [`EnsembleError::NotOfClasses`], those of [`Scorer::check`] and of [`DecisionRule::classes`], and
    /// [`EnsembleError::Metric`] where the metric has no value.
    pub fn score(&self, scorer: &Scorer<'_>, predictions: &Predictions) -> Result<f64, EnsembleError> {
        scorer.check("the model", predictions)?;
        if !is_of_classes(scorer.metric()) {
            return Err(EnsembleError::NotOfClasses { metric: scorer.metric() });
        }
        scorer.score(&certain(&self.classes(predictions)?, scorer.n_classes()))
    }
}

/// What choosing a rule is honestly worth: the score on each part of the rule found on the others. The predictions
/// of the result are 1 for the class decided on and 0 for the rest.
///
/// # Errors
/// As [`DecisionRule::fit`] and [`nested()`].
pub fn nested_score(
    scorer: &Scorer<'_>,
    predictions: &Predictions,
    parts: &Parts,
) -> Result<Nested, EnsembleError> {
    scorer.check("the model", predictions)?;
    nested(scorer, parts, |fit, held_out| {
        let rule = DecisionRule::fit_rows(scorer, predictions, fit)?;
        let classes = rule.classes(&predictions.select(held_out))?;
        Ok(certain(&classes, scorer.n_classes()))
    })
}

/// Probabilities 1 and 0 that say these classes.
fn certain(classes: &[u32], n_classes: usize) -> Predictions {
    let mut proba = Matrix::filled(classes.len(), n_classes, 0.0);
    for (row, &class) in classes.iter().enumerate() {
        proba.row_mut(row)[class as usize] = 1.0;
    }
    Predictions::Proba(proba)
}

/// The cost of counts, infinite where the metric has no value.
fn cost(metric: automl_core::Metric, marginals: &Marginals) -> f64 {
    marginals.value(metric).map_or(f64::INFINITY, |value| metric.direction().cost(value))
}

/// Differences of cost below this are rounding.
const ROUNDING: f64 = 1e-12;
