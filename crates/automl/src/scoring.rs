//! Scores of predictions, with row weights where the table has them.

use automl_core::{Metric, MetricError, Predictions, Target, Task};
use automl_ensemble::{DecisionRule, EnsembleError, Scorer};

/// Weights of the given rows.
pub(crate) fn weights_of(weights: Option<&[f32]>, rows: &[usize]) -> Option<Vec<f32>> {
    weights.map(|weights| rows.iter().map(|&row| weights[row]).collect())
}

/// A scorer of rows with or without weights.
///
/// # Errors
/// [`EnsembleError`] if metric, target and weights do not go together.
pub(crate) fn scorer<'a>(
    metric: Metric,
    target: &'a Target,
    weights: Option<&'a [f32]>,
) -> Result<Scorer<'a>, EnsembleError> {
    let scorer = Scorer::new(metric, target)?;
    match weights {
        None => Ok(scorer),
        Some(weights) => scorer.with_weights(weights),
    }
}

/// The score of a metric.
///
/// # Errors
/// [`EnsembleError`] if the metric has no value, or has none with weights.
pub(crate) fn score(
    metric: Metric,
    target: &Target,
    predictions: &Predictions,
    weights: Option<&[f32]>,
) -> Result<f64, EnsembleError> {
    match weights {
        None => Ok(metric.score(target, predictions)?),
        Some(_) => scorer(metric, target, weights)?.score(predictions),
    }
}

/// Every metric of the task that has a value.
pub(crate) fn score_all(
    task: Task,
    target: &Target,
    predictions: &Predictions,
    weights: Option<&[f32]>,
) -> Vec<(Metric, f64)> {
    let plain = automl_core::metric::score_all(task, target, predictions);
    if weights.is_none() {
        return plain;
    }
    let weighted = |(metric, _)| Some((metric, score(metric, target, predictions, weights).ok()?));
    plain.into_iter().filter_map(weighted).collect()
}

/// [`score_all`] with the metrics of classes by a rule of decision on some predictions, if there is one.
pub(crate) fn score_decided(
    task: Task,
    target: &Target,
    predictions: &Predictions,
    decided: Option<(&DecisionRule, &Predictions)>,
    weights: Option<&[f32]>,
) -> Vec<(Metric, f64)> {
    let mut scores = score_all(task, target, predictions, weights);
    if let Some((rule, told)) = decided {
        for (metric, value) in &mut scores {
            // Metrics of probabilities do not depend on the rule.
            if let Ok(score) = scorer(*metric, target, weights).and_then(|scorer| rule.score(&scorer, told)) {
                *value = score;
            }
        }
    }
    scores
}

/// Whether a metric can be had with weights.
///
/// # Errors
/// [`EnsembleError`] saying why not.
pub(crate) fn check_weighted(metric: Metric, task: Task) -> Result<(), EnsembleError> {
    let (target, predictions) = if task.is_classification() {
        let target = Target::Classes { codes: vec![0, 1], n_classes: 2 };
        (target, Predictions::Proba(automl_core::Matrix::new(2, 2, vec![0.9, 0.1, 0.2, 0.8])))
    } else {
        (Target::Real(vec![1.0, 2.0]), Predictions::Real(vec![1.0, 1.5]))
    };
    match score(metric, &target, &predictions, Some(&[1.0, 2.0])) {
        // Which values two rows have says nothing of others.
        Err(EnsembleError::Metric(MetricError::Undefined { .. })) | Ok(_) => Ok(()),
        Err(error) => Err(error),
    }
}
