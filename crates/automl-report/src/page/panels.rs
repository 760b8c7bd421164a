//! Which charts stand in which section.

use std::fmt::Write as _;

use automl_core::{DataSummary, Direction, Matrix, Predictions, Target, TrialRecord};

use super::{Panel, scores};
use crate::error::ReportError;
use crate::figures::Figure;
use crate::figures::bars::{Bar, BarChart, Unit};
use crate::figures::calibration::Calibration;
use crate::figures::classes::ClassBalance;
use crate::figures::columns::{Shown as ShownColumns, SmallCharts};
use crate::figures::confusion::{Cells, Confusion};
use crate::figures::contour::{Contour, Shown as ShownPlane};
use crate::figures::curves::{Curves, Kind, MOST_CLASSES};
use crate::figures::edf::Edf;
use crate::figures::errors::{ErrorQuantiles, NormalQuantiles};
use crate::figures::families::Families;
use crate::figures::folds::FoldScores;
use crate::figures::front::ParetoFront;
use crate::figures::heat::Heat;
use crate::figures::histogram::Histogram;
use crate::figures::history::History;
use crate::figures::intermediate::Intermediate;
use crate::figures::learning::LearningCurves;
use crate::figures::missing::Missing;
use crate::figures::network::Network;
use crate::figures::parallel::Parallel;
use crate::figures::points::{self, Points};
use crate::figures::ranking::{Kind as RankingKind, Ranking};
use crate::figures::regression::Scatter;
use crate::figures::residuals::Residuals;
use crate::figures::slices::SlicePlot;
use crate::figures::threshold::Thresholds;
use crate::figures::timeline::Timeline;
use crate::format::{count, counted, metric_label};
use crate::model::{Explanation, FinalModel, OutOfFold, ReportModel};

/// Trials whose folds are drawn.
const MOST_FOLD_ROWS: usize = 10;

/// Trials of a family from which its parameters are drawn.
const FEWEST_TRIALS: usize = 8;

/// Families whose parameters are drawn.
const MOST_FAMILIES: usize = 2;

/// Figures, of which some may not be.
type Figures = Vec<Option<Box<dyn Figure>>>;

/// Draws the figures that there are.
fn drawn(figures: Figures) -> Result<Vec<Panel>, ReportError> {
    figures.into_iter().flatten().map(|figure| Panel::of(figure.as_ref())).collect()
}

fn boxed<F: Figure + 'static>(figure: Option<F>) -> Option<Box<dyn Figure>> {
    figure.map(|figure| Box::new(figure) as Box<dyn Figure>)
}

/// Charts of the table.
pub(super) fn data(model: &ReportModel) -> Result<Vec<Panel>, ReportError> {
    let target = match model.out_of_fold.values().next().map(|out_of_fold| &out_of_fold.target) {
        Some(Target::Real(values)) => Histogram::of_target(values, &model.profile.target),
        _ => None,
    };
    let mut figures: Figures =
        vec![boxed(ClassBalance::from(&model.profile)), boxed(target), boxed(Missing::from(&model.profile))];
    if let Some(summary) = &model.data {
        let columns = |shown| SmallCharts::from(summary, &model.profile.target, &model.profile.labels, shown);
        figures.extend([
            boxed(explained(summary, &model.profile.target)),
            boxed(drift(summary)),
            boxed(columns(ShownColumns::Distributions)),
            boxed(columns(ShownColumns::Relations)),
            boxed(associations(summary)),
        ]);
    }
    drawn(figures)
}

fn explained(summary: &DataSummary, target: &str) -> Option<BarChart> {
    let mut columns: Vec<_> = summary.columns.iter().collect();
    columns.sort_by(|a, b| b.explained.total_cmp(&a.explained));
    let bars = columns.iter().map(|column| Bar::new(column.name.as_str(), column.explained)).collect();
    let caption = format!(
        "Share of the {} of “{}” that each column explains alone, corrected for chance. What matters only together with others \
         is not seen here.",
        if summary.classes.is_empty() { "variance" } else { "entropy" },
        crate::format::clip(target, 60)
    );
    BarChart::from(
        "explained",
        "What columns say of the target",
        caption,
        "Share explained",
        Unit::Percent,
        bars,
    )
}

fn drift(summary: &DataSummary) -> Option<BarChart> {
    let mut columns: Vec<_> =
        summary.columns.iter().filter_map(|column| Some((column, column.drift?))).collect();
    columns.sort_by(|a, b| b.1.distance.total_cmp(&a.1.distance));
    let limit = 0.01 / columns.len().max(1) as f64;
    let bar = |(column, drift): &(&automl_core::ColumnSummary, automl_core::Drift)| Bar {
        is_marked: drift.p_value < limit,
        ..Bar::new(column.name.as_str(), drift.distance)
    };
    let bars = columns.iter().take(12).map(bar).collect();
    let caption = "How far the holdout's values are from those of the training rows: the largest distance of the distribution \
         functions of numbers, half the sum of differences of shares of names. Orange: more than chance, at 1 % over all columns.";
    BarChart::from("drift", "Holdout against training rows", caption, "Distance, 0 to 1", Unit::Number, bars)
}

fn associations(summary: &DataSummary) -> Option<Heat> {
    let caption = "Spearman's correlation of numbers, Cramér's V of names, the correlation ratio of one with the other. Blue: \
         together, orange: against each other. The target is the last.";
    Heat::from(
        "associations",
        "How columns go together",
        caption,
        &summary.associations.names,
        &summary.associations.values,
    )
}

/// Charts of the search.
pub(super) fn search(model: &ReportModel, ranked: &[&TrialRecord]) -> Result<Vec<Panel>, ReportError> {
    let (metric, trials) = (model.metric, &model.trials);
    drawn(vec![
        boxed(History::from(model)),
        boxed(Timeline::from(trials)),
        boxed(FoldScores::from(ranked, metric, MOST_FOLD_ROWS)),
        boxed(Families::from(trials, metric).filter(|_| !model.is_of_function())),
        boxed(Edf::from(trials, metric)),
        boxed(Intermediate::from(trials, metric)),
        boxed(ParetoFront::from(model.front.as_ref())),
        boxed(error_correlations(model)),
    ])
}

fn error_correlations(model: &ReportModel) -> Option<Heat> {
    let found = model.error_correlations.as_ref()?;
    let caption = "Correlation of the errors of the best trials on rows that they had not seen. An ensemble gains most by \
         models whose errors have little in common.";
    Heat::from("error-correlation", "Correlation of the models' errors", caption, &found.names, &found.values)
}

/// Charts of the parameters.
pub(super) fn parameters(model: &ReportModel, ranked: &[&TrialRecord]) -> Result<Vec<Panel>, ReportError> {
    let mut figures: Figures = vec![boxed(importance(model)), boxed(interactions(model))];
    let families = points::families(ranked);
    let families = families.iter().filter_map(|family| Points::of(model, family, FEWEST_TRIALS));
    for points in families.take(MOST_FAMILIES) {
        let metric = model.metric;
        figures.extend([
            boxed(Parallel::from(&points, metric)),
            boxed(Some(SlicePlot::from(&points, metric))),
            boxed(Contour::from(&points, metric, ShownPlane::Surface)),
            boxed(Contour::from(&points, metric, ShownPlane::Ranks)),
        ]);
    }
    drawn(figures)
}

fn importance(model: &ReportModel) -> Option<BarChart> {
    let bars = model
        .importance
        .as_ref()?
        .params
        .iter()
        .map(|(name, share)| Bar::new(name.as_str(), *share))
        .collect();
    let caption = "Share of the variance of the score over the whole search space that a parameter explains alone (fANOVA).";
    BarChart::from(
        "importance",
        "Importance of the parameters",
        caption,
        "Share of the variance",
        Unit::Percent,
        bars,
    )
}

fn interactions(model: &ReportModel) -> Option<BarChart> {
    let pairs = &model.importance.as_ref()?.interactions;
    let bar = |(a, b, share): &(String, String, f64)| Bar::new(format!("{a} × {b}"), *share);
    let bars = pairs.iter().filter(|(_, _, share)| *share > 0.001).take(8).map(bar).collect();
    let caption = "Share that two parameters explain together, beyond what each does alone.";
    BarChart::from(
        "interactions",
        "Interactions of parameters",
        caption,
        "Share of the variance",
        Unit::Percent,
        bars,
    )
}

/// Charts of the final model.
pub(super) fn final_model(model: &ReportModel) -> Result<Vec<Panel>, ReportError> {
    let explanation = model.explanation.as_ref();
    drawn(vec![
        boxed(explanation.and_then(|found| column_importance(model, found))),
        boxed(model.final_model.as_ref().and_then(weights)),
        boxed(explanation.and_then(|found| Residuals::from(&found.residuals))),
    ])
}

fn column_importance(model: &ReportModel, found: &Explanation) -> Option<BarChart> {
    let bar = |column: &crate::model::ColumnImportance| Bar {
        spread: Some(column.deviation),
        ..Bar::new(column.column.as_str(), column.mean)
    };
    let rows = if found.is_holdout { "of the holdout" } else { "that it was trained on" };
    let left_out = match found.n_left_out {
        0 => String::new(),
        n => format!(" {} were left out for want of time.", counted(n, "column")),
    };
    let caption = format!(
        "How much worse the {} of the final model becomes on {} {rows} when the values of one column are dealt out anew among \
         them: mean and standard deviation of the repetitions.{left_out}",
        metric_label(model.metric),
        counted(found.n_rows, "row")
    );
    let bars = found.importance.iter().map(bar).collect();
    let axis = match model.metric.direction() {
        Direction::Minimize => format!("Increase of {}", metric_label(model.metric)),
        Direction::Maximize => format!("Decrease of {}", metric_label(model.metric)),
    };
    BarChart::from("column-importance", "What drives the model", caption, axis, Unit::Number, bars)
}

fn weights(found: &FinalModel) -> Option<BarChart> {
    if found.parts.len() < 2 {
        return None;
    }
    let label = |part: &crate::model::ModelPart| format!("#{} {}", part.trial, part.family);
    let bars = found.parts.iter().map(|part| Bar::new(label(part), part.weight)).collect();
    let caption = "How much each configuration counts; each is the mean of the models of its folds or, where it was fitted \
                   once more on all rows, the mean of that mean and this model.";
    BarChart::from("weights", "What the final model is made of", caption, "Weight", Unit::Number, bars)
}

/// Charts of one trial: its network and its learning curves, then its predictions.
pub(super) fn trial(model: &ReportModel, trial: &TrialRecord) -> Result<PredictionPanels, ReportError> {
    let number = trial.number;
    let network = model.networks.get(&number).and_then(|layers| Network::from("Network", layers));
    let curves = model.epochs.get(&number).and_then(|epochs| LearningCurves::from(trial, epochs));
    let mut panels =
        drawn(vec![boxed(curves), boxed(FoldScores::from(&[trial], model.metric, 1)), boxed(network)])?;
    let of = model.out_of_fold.get(&number);
    let own = of.map(|of| predictions(model, of, model.best == Some(number))).transpose()?;
    let (more, note) = own.map_or((Vec::new(), None), |own| (own.panels, own.note));
    panels.extend(more);
    Ok(PredictionPanels { panels, note })
}

/// Charts of a trial's predictions, and what should be said of them.
pub(super) struct PredictionPanels {
    pub(super) panels: Vec<Panel>,
    pub(super) note: Option<String>,
}

/// Charts of out-of-fold predictions.
fn predictions(
    model: &ReportModel,
    out_of_fold: &OutOfFold,
    is_best: bool,
) -> Result<PredictionPanels, ReportError> {
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
            classification(model, out_of_fold, &codes, &proba.select_rows(&rows), is_best)?
        }
        (Target::Real(truth), Predictions::Real(predicted)) => regression(model, truth, predicted)?,
        _ => Vec::new(),
    };
    Ok(PredictionPanels { panels, note: Some(note) })
}

fn classification(
    model: &ReportModel,
    out_of_fold: &OutOfFold,
    codes: &[u32],
    proba: &Matrix<f64>,
    is_best: bool,
) -> Result<Vec<Panel>, ReportError> {
    let labels = &model.profile.labels;
    let matrix = scores::confusion_matrix(out_of_fold);
    let confusion = |cells: Cells| matrix.as_ref().and_then(|matrix| Confusion::from(matrix, labels, cells));
    let mut figures: Figures = vec![
        boxed(confusion(Cells::Counts)),
        boxed(confusion(Cells::Shares)),
        boxed(Curves::from(codes, proba, labels, Kind::Roc)),
        boxed(Curves::from(codes, proba, labels, Kind::PrecisionRecall)),
    ];
    if proba.n_cols() == 2 {
        let rows: Vec<(bool, f64)> =
            codes.iter().zip(proba.rows()).map(|(code, row)| (*code == 1, row[1])).collect();
        let positive = labels.get(1).map_or("1", String::as_str);
        // The threshold was chosen for the final model, which the best trial is nearest to.
        let chosen = model.final_model.as_ref().filter(|_| is_best).and_then(|found| found.threshold);
        figures.extend([
            boxed(Calibration::from(&rows, Some(positive))),
            boxed(Ranking::from(&rows, positive, RankingKind::Ks)),
            boxed(Ranking::from(&rows, positive, RankingKind::Gains)),
            boxed(Ranking::from(&rows, positive, RankingKind::Lift)),
            boxed(Thresholds::from(&rows, positive, chosen)),
        ]);
    } else {
        let rows: Vec<(bool, f64)> =
            codes.iter().zip(proba.rows()).map(|(code, row)| confidence(*code, row)).collect();
        figures.push(boxed(Calibration::from(&rows, None)));
    }
    drawn(figures)
}

/// Whether the most probable class is the true one, and its probability.
fn confidence(code: u32, probabilities: &[f64]) -> (bool, f64) {
    let best = (0..probabilities.len())
        .max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]).then(b.cmp(&a)));
    best.map_or((false, f64::NAN), |best| (best == code as usize, probabilities[best]))
}

fn regression(model: &ReportModel, truth: &[f64], predicted: &[f64]) -> Result<Vec<Panel>, ReportError> {
    let pairs: Vec<(f64, f64)> = truth.iter().copied().zip(predicted.iter().copied()).collect();
    let residuals: Vec<f64> = pairs.iter().map(|(truth, predicted)| truth - predicted).collect();
    let target = &model.profile.target;
    drawn(vec![
        boxed(Scatter::predicted(&pairs, target)),
        boxed(Scatter::residuals(&pairs, target)),
        boxed(Histogram::of_residuals(&residuals)),
        boxed(NormalQuantiles::from(&residuals)),
        boxed(ErrorQuantiles::from(&residuals, target)),
    ])
}
