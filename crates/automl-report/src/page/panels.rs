//! Which charts stand in which section.

use std::fmt::Write as _;

use automl_core::{Matrix, Predictions, Target, TrialRecord};

use super::{Panel, scores};
use crate::error::ReportError;
use crate::figures::Figure;
use crate::figures::calibration::Calibration;
use crate::figures::classes::ClassBalance;
use crate::figures::confusion::{Cells, Confusion};
use crate::figures::curves::{Curves, Kind, MOST_CLASSES};
use crate::figures::families::Families;
use crate::figures::folds::FoldScores;
use crate::figures::front::ParetoFront;
use crate::figures::histogram::Histogram;
use crate::figures::history::History;
use crate::figures::learning::LearningCurves;
use crate::figures::missing::Missing;
use crate::figures::regression::Scatter;
use crate::format::{count, counted};
use crate::model::ReportModel;

/// Trials whose learning curves are drawn.
const MOST_LEARNING: usize = 4;

/// Trials whose folds are drawn.
const MOST_FOLD_ROWS: usize = 10;

/// Draws the figures that there are.
fn drawn<const N: usize>(figures: [Option<Box<dyn Figure>>; N]) -> Result<Vec<Panel>, ReportError> {
    figures.into_iter().flatten().map(|figure| Panel::of(figure.as_ref())).collect()
}

fn boxed<F: Figure + 'static>(figure: Option<F>) -> Option<Box<dyn Figure>> {
    figure.map(|figure| Box::new(figure) as Box<dyn Figure>)
}

/// Charts of the table.
pub(super) fn data(model: &ReportModel) -> Result<Vec<Panel>, ReportError> {
    let target = match model.out_of_fold.as_ref().map(|out_of_fold| &out_of_fold.target) {
        Some(Target::Real(values)) => Histogram::of_target(values, &model.profile.target),
        _ => None,
    };
    drawn([boxed(ClassBalance::from(&model.profile)), boxed(target), boxed(Missing::from(&model.profile))])
}

/// Charts of the search.
pub(super) fn search(model: &ReportModel, ranked: &[&TrialRecord]) -> Result<Vec<Panel>, ReportError> {
    drawn([
        boxed(History::from(model)),
        boxed(FoldScores::from(ranked, model.metric, MOST_FOLD_ROWS)),
        boxed(Families::from(&model.trials, model.metric)),
        boxed(ParetoFront::from(model.front.as_ref())),
    ])
}

/// Learning curves, best trial first; trials that are not complete come last.
pub(super) fn learning(model: &ReportModel, ranked: &[&TrialRecord]) -> Result<Vec<Panel>, ReportError> {
    let others = model.trials.iter().filter(|trial| !ranked.iter().any(|of| of.number == trial.number));
    let trials =
        ranked.iter().copied().chain(others).filter(|trial| model.epochs.contains_key(&trial.number));
    let curves = trials.filter_map(|trial| LearningCurves::from(trial, model.epochs.get(&trial.number)?));
    curves.take(MOST_LEARNING).map(|curves| Panel::of(&curves)).collect()
}

/// Charts of the best trial's predictions, and what should be said of them.
pub(super) struct PredictionPanels {
    pub(super) panels: Vec<Panel>,
    pub(super) note: Option<String>,
}

/// Charts of the out-of-fold predictions.
pub(super) fn predictions(model: &ReportModel) -> Result<PredictionPanels, ReportError> {
    let Some(out_of_fold) = &model.out_of_fold else {
        return Ok(PredictionPanels { panels: Vec::new(), note: None });
    };
    let n_rows = out_of_fold.target.n_rows();
    if n_rows != out_of_fold.predictions.n_rows() {
        let note = format!(
            "Predictions are of {}, true values of {}, so nothing is drawn.",
            counted(out_of_fold.predictions.n_rows(), "row"),
            count(n_rows)
        );
        return Ok(PredictionPanels { panels: Vec::new(), note: Some(note) });
    }
    let mut note = format!(
        "Out of fold: each of {} was predicted by a model that had not seen it.",
        counted(n_rows, "row")
    );
    if !out_of_fold.predictions.is_finite() {
        note.push_str(" Some predictions are not finite and are left out.");
    }
    let panels = match (&out_of_fold.target, &out_of_fold.predictions) {
        (Target::Classes { codes, .. }, Predictions::Proba(proba)) => {
            if proba.n_cols() > MOST_CLASSES {
                let _ = write!(
                    note,
                    " ROC and precision-recall curves are drawn for up to {MOST_CLASSES} classes."
                );
            }
            let finite = |row: &usize| proba.row(*row).iter().all(|value| value.is_finite());
            let rows: Vec<usize> = (0..n_rows).filter(finite).collect();
            let codes: Vec<u32> = rows.iter().map(|row| codes[*row]).collect();
            classification(model, &codes, &proba.select_rows(&rows))?
        }
        (Target::Real(truth), Predictions::Real(predicted)) => regression(model, truth, predicted)?,
        _ => Vec::new(),
    };
    Ok(PredictionPanels { panels, note: Some(note) })
}

fn classification(
    model: &ReportModel,
    codes: &[u32],
    proba: &Matrix<f64>,
) -> Result<Vec<Panel>, ReportError> {
    let labels = &model.profile.labels;
    let matrix = scores::confusion_matrix(model);
    let confusion = |cells: Cells| matrix.as_ref().and_then(|matrix| Confusion::from(matrix, labels, cells));
    let calibration = (proba.n_cols() == 2).then(|| {
        let rows: Vec<(bool, f64)> =
            codes.iter().zip(proba.rows()).map(|(code, row)| (*code == 1, row[1])).collect();
        Calibration::from(&rows, labels.get(1).map_or("1", String::as_str))
    });
    drawn([
        boxed(confusion(Cells::Counts)),
        boxed(confusion(Cells::Shares)),
        boxed(Curves::from(codes, proba, labels, Kind::Roc)),
        boxed(Curves::from(codes, proba, labels, Kind::PrecisionRecall)),
        boxed(calibration.flatten()),
    ])
}

fn regression(model: &ReportModel, truth: &[f64], predicted: &[f64]) -> Result<Vec<Panel>, ReportError> {
    let pairs: Vec<(f64, f64)> = truth.iter().copied().zip(predicted.iter().copied()).collect();
    let residuals: Vec<f64> = pairs.iter().map(|(truth, predicted)| truth - predicted).collect();
    let target = &model.profile.target;
    drawn([
        boxed(Scatter::predicted(&pairs, target)),
        boxed(Scatter::residuals(&pairs, target)),
        boxed(Histogram::of_residuals(&residuals)),
    ])
}
