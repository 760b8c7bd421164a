//! Scores of the best model: cross-validated and on the holdout; its most frequent confusions.

use automl_core::metric::ConfusionMatrix;
use automl_core::{Direction, Metric, Predictions, Target, TrialRecord};
use serde::Serialize;

use crate::format::{
    NONE, capitalised, clip, count, counted, mean_and_deviation, metric_label, number, percent,
};
use crate::model::{FinalModel, HoldoutResult, OutOfFold, ReportModel};

/// Confusions listed.
const MOST: usize = 8;

/// One metric.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    better: &'static str,
    cross_validated: String,
    holdout: String,
    is_optimised: bool,
}

/// The table of scores.
#[derive(Debug, Serialize)]
pub(crate) struct Scores {
    has_holdout: bool,
    note: String,
    rows: Vec<Row>,
}

impl Scores {
    /// Those of `trial` over its folds; `None` where it has none.
    pub(crate) fn of_trial(model: &ReportModel, trial: &TrialRecord) -> Option<Self> {
        let over = format!("Mean and standard deviation over {}.", counted(trial.folds.len(), "fold"));
        let cross_validated = |metric: Metric| {
            Some(mean_and_deviation(Some(trial.mean_score(metric)?), trial.std_score(metric)))
        };
        Self::from(model, &cross_validated, None, over)
    }

    /// Those of the final model: nested ones beside those on the holdout; `None` without either.
    pub(crate) fn of_final(model: &ReportModel, found: &FinalModel) -> Option<Self> {
        let nested = |metric: Metric| {
            found.scores.iter().find(|(of, _)| *of == metric).map(|(_, score)| number(*score))
        };
        let holdout = model.holdout.as_ref();
        let unseen = holdout.map_or(String::new(), |holdout| {
            format!(" Holdout: {} that no trial saw.", counted(holdout.n_rows, "row"))
        });
        let note = format!(
            "Cross-validated: of nested out-of-fold predictions; of no row did anything see the target that predicts \
             it.{unseen}"
        );
        Self::from(model, &nested, holdout, note)
    }

    fn from(
        model: &ReportModel,
        cross_validated: &dyn Fn(Metric) -> Option<String>,
        holdout: Option<&HoldoutResult>,
        note: String,
    ) -> Option<Self> {
        let row = |metric: Metric| {
            let on_holdout = holdout.and_then(|holdout| holdout.scores.iter().find(|(of, _)| *of == metric));
            let cross_validated = cross_validated(metric);
            if cross_validated.is_none() && on_holdout.is_none() {
                return None;
            }
            Some(Row {
                name: capitalised(&metric_label(metric)),
                better: match metric.direction() {
                    Direction::Minimize => "lower",
                    Direction::Maximize => "higher",
                },
                cross_validated: cross_validated.unwrap_or_else(|| NONE.to_owned()),
                holdout: on_holdout.map_or(NONE.to_owned(), |(_, score)| number(*score)),
                is_optimised: metric == model.metric,
            })
        };
        let rows: Vec<Row> = Metric::of_task(model.profile.task).into_iter().filter_map(row).collect();
        (!rows.is_empty()).then(|| Self { has_holdout: holdout.is_some(), note, rows })
    }
}

/// One class taken for another.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Confused {
    truth: String,
    predicted: String,
    rows: String,
    share: String,
}

/// The confusion matrix of out-of-fold predictions; `None` where they are not of classes, or broken.
pub(crate) fn confusion_matrix(out_of_fold: &OutOfFold) -> Option<ConfusionMatrix> {
    let (Target::Classes { codes, .. }, Predictions::Proba(proba)) =
        (&out_of_fold.target, &out_of_fold.predictions)
    else {
        return None;
    };
    // A row without probabilities has no predicted class; counting it as the first would be a lie.
    let predicted = out_of_fold.predictions.classes()?;
    let rows =
        proba.rows().zip(codes.iter().zip(predicted)).filter(|(row, _)| row.iter().all(|p| p.is_finite()));
    let (truth, predicted): (Vec<u32>, Vec<u32>) =
        rows.map(|(_, (truth, predicted))| (*truth, predicted)).unzip();
    ConfusionMatrix::new(proba.n_cols(), &truth, &predicted).ok()
}

/// The most frequent confusions of three classes or more.
pub(crate) fn confusions(out_of_fold: &OutOfFold, labels: &[String]) -> Vec<Confused> {
    let Some(matrix) = confusion_matrix(out_of_fold).filter(|matrix| matrix.n_classes() > 2) else {
        return Vec::new();
    };
    let mut pairs: Vec<(usize, usize, u64)> = Vec::new();
    for (truth, row) in matrix.counts().rows().enumerate() {
        let wrong = row.iter().enumerate().filter(|(predicted, count)| *predicted != truth && **count > 0);
        pairs.extend(wrong.map(|(predicted, count)| (truth, predicted, *count)));
    }
    pairs.sort_by_key(|(truth, predicted, count)| (std::cmp::Reverse(*count), *truth, *predicted));
    let label = |class: usize| labels.get(class).map_or_else(|| class.to_string(), |label| clip(label, 60));
    let confused = |(truth, predicted, rows): (usize, usize, u64)| Confused {
        truth: label(truth),
        predicted: label(predicted),
        rows: count(rows as usize),
        share: percent(rows as f64 / matrix.support(truth) as f64),
    };
    pairs.into_iter().take(MOST).map(confused).collect()
}

#[cfg(test)]
mod tests {
    use automl_core::Matrix;

    use super::*;

    #[test]
    fn confusions_are_listed_by_frequency_and_rows_without_probabilities_are_left_out() {
        let one_hot = |class: usize| (0..3).map(move |of| f64::from(u8::from(of == class)));
        let mut proba: Vec<f64> = [0, 1, 1, 2, 0].into_iter().flat_map(one_hot).collect();
        proba.extend([f64::NAN; 3]);
        let labels = ["a", "b", "c"].map(str::to_owned);
        let of = OutOfFold {
            target: Target::Classes { codes: vec![0, 0, 0, 1, 2, 2], n_classes: 3 },
            predictions: Predictions::Proba(Matrix::new(6, 3, proba)),
        };
        let listed = confusions(&of, &labels);
        assert_eq!(listed.len(), 3);
        let first = &listed[0];
        assert_eq!((first.truth.as_str(), first.predicted.as_str()), ("a", "b"));
        assert_eq!((first.rows.as_str(), first.share.as_str()), ("2", "66.7 %"));
        assert_eq!(confusion_matrix(&of).unwrap().n_rows(), 5);
    }
}
