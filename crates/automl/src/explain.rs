//! What drives the final model, and where it fails: on rows of the holdout where there are enough, else on rows that it was
//! trained on.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use automl_core::{DataSummary, Metric, Predictions, Seed, Target, evenly_chosen};
use automl_data::{Column, Table};
use automl_report::{ColumnImportance, Explanation, WorstRow};

use crate::error::AutomlError;
use crate::experiment::Experiment;
use crate::members::Model;

/// Rows that are looked at.
const MOST_ROWS: usize = 1_000;
/// With fewer rows in the holdout others are taken.
const FEWEST_ROWS: usize = 30;
/// Columns whose importance is measured.
const MOST_COLUMNS: usize = 60;
/// How often a column's values are dealt out anew.
const REPEATS: u64 = 5;
/// Rows in the list of the worst.
const N_WORST: usize = 12;
/// Columns whose values are told of them.
const TOLD: usize = 6;
/// Columns against which residuals are drawn.
const N_RESIDUALS: usize = 6;
/// Residuals that are kept of each.
const N_POINTS: usize = 400;

/// Explains `model`, which takes `predict_ms` milliseconds for 1,000 rows, in about `limit`.
pub(crate) fn explain(
    experiment: &Experiment,
    model: &Model,
    summary: Option<&DataSummary>,
    predict_ms: f64,
    limit: Duration,
) -> Result<Option<Explanation>, AutomlError> {
    let deadline = Instant::now() + limit;
    let holdout = &experiment.plan.holdout;
    let is_holdout = holdout.len() >= FEWEST_ROWS;
    let all: Vec<usize> = if is_holdout { holdout.clone() } else { (0..experiment.table.n_rows()).collect() };
    // They are predicted at least twice.
    let in_time = limit.as_secs_f64() / (3.0 * predict_ms.max(1e-3) / 1e6);
    let mut rows = evenly_chosen(&all, (in_time as usize).clamp(FEWEST_ROWS, MOST_ROWS));
    // An excerpt has its rows in the order of the table.
    rows.sort_unstable();
    let part = experiment.table.excerpt(&rows)?;
    let predictions = model.predict(&part)?;
    let Some(target) = part.target() else { return Ok(None) };
    let of = Explained { model, part: &part, target, metric: experiment.metric };
    let names = by_relevance(experiment, summary);
    let (importance, n_left_out) =
        of.importance(&names, &predictions, Seed(experiment.config.seed), deadline)?;
    let told: Vec<String> = importance.iter().map(|column| column.column.clone()).collect();
    Ok(Some(Explanation {
        n_rows: rows.len(),
        is_holdout,
        worst: of.worst(&rows, &predictions, &told, &experiment.table.profile().labels),
        residuals: of.residuals(&predictions, &told),
        importance,
        n_left_out,
    }))
}

/// Feature columns, those that say most of the target alone first.
fn by_relevance(experiment: &Experiment, summary: Option<&DataSummary>) -> Vec<String> {
    let mut names: Vec<String> =
        experiment.table.profile().features().map(|column| column.name.clone()).collect();
    let known: HashMap<&str, f64> = summary
        .iter()
        .flat_map(|summary| &summary.columns)
        .map(|column| (column.name.as_str(), column.explained))
        .collect();
    let explained = |name: &str| known.get(name).copied().unwrap_or_default();
    names.sort_by(|a, b| explained(b).total_cmp(&explained(a)));
    names
}

/// A model and rows that it predicts.
struct Explained<'a> {
    model: &'a Model,
    part: &'a Table,
    target: &'a Target,
    metric: Metric,
}

impl Explained<'_> {
    /// The cost of predictions; `None` where the metric has no value on these rows.
    fn cost(&self, predictions: &Predictions) -> Option<f64> {
        let scores = self.model.manifest().score(self.target, predictions, self.part.weights());
        let found = scores.iter().find(|(metric, _)| *metric == self.metric);
        found.map(|(_, value)| self.metric.direction().cost(*value)).filter(|cost| cost.is_finite())
    }

    /// Permutation importance, the largest first, and the number of columns that there was no time for.
    fn importance(
        &self,
        names: &[String],
        predictions: &Predictions,
        seed: Seed,
        deadline: Instant,
    ) -> Result<(Vec<ColumnImportance>, usize), AutomlError> {
        let Some(base) = self.cost(predictions) else { return Ok((Vec::new(), names.len())) };
        let measured = &names[..names.len().min(MOST_COLUMNS)];
        let mut losses: Vec<Vec<f64>> = vec![Vec::new(); measured.len()];
        'repeats: for repeat in 0..REPEATS {
            for (index, name) in measured.iter().enumerate() {
                if Instant::now() >= deadline && !(repeat == 0 && index == 0) {
                    break 'repeats;
                }
                let order = shuffled(self.part.n_rows(), seed.step(REPEATS * index as u64 + repeat));
                let dealt = self.part.with_order(name, &order)?;
                if let Some(cost) = self.cost(&self.model.predict(&dealt)?) {
                    losses[index].push(cost - base);
                }
            }
        }
        let n_left_out = names.len() - losses.iter().filter(|losses| !losses.is_empty()).count();
        let mut importance: Vec<ColumnImportance> =
            measured.iter().zip(&losses).filter_map(|(name, losses)| summed(name, losses)).collect();
        importance.sort_by(|a, b| b.mean.total_cmp(&a.mean));
        Ok((importance, n_left_out))
    }

    fn worst(
        &self,
        rows: &[usize],
        predictions: &Predictions,
        told: &[String],
        labels: &[String],
    ) -> Vec<WorstRow> {
        let label = |class: u32| labels.get(class as usize).cloned().unwrap_or_else(|| class.to_string());
        let decided = self.model.decide(predictions).ok().flatten();
        let describe = |place: usize| -> Option<WorstRow> {
            let (truth, predicted, loss) = match (self.target, predictions) {
                (Target::Real(truth), Predictions::Real(predicted)) => {
                    let (truth, predicted) = (truth[place], predicted[place]);
                    let text = |value: f64| Column::Numeric(vec![value]).text(0).unwrap_or_default();
                    (text(truth), text(predicted), (truth - predicted).abs())
                }
                (Target::Classes { codes, .. }, Predictions::Proba(proba)) => {
                    let (truth, row) = (codes[place], proba.row(place));
                    let class = decided.as_ref()?.get(place).copied()?;
                    let shown = format!("{} ({:.0} %)", label(class), 100.0 * row.get(class as usize)?);
                    (label(truth), shown, -row.get(truth as usize)?.max(1e-15).ln())
                }
                _ => return None,
            };
            let value =
                |name: &String| Some((name.clone(), self.part.column(name)?.text(place).unwrap_or_default()));
            let values = told.iter().take(TOLD).filter_map(value).collect();
            Some(WorstRow { row: rows[place] + 1, truth, predicted, loss, values })
        };
        let mut worst: Vec<WorstRow> =
            (0..rows.len()).filter_map(describe).filter(|row| row.loss.is_finite()).collect();
        worst.sort_by(|a, b| b.loss.total_cmp(&a.loss));
        worst.truncate(N_WORST);
        worst
    }

    /// (value, true − predicted) by numeric column.
    fn residuals(&self, predictions: &Predictions, told: &[String]) -> Vec<(String, Vec<(f64, f64)>)> {
        let (Target::Real(truth), Predictions::Real(predicted)) = (self.target, predictions) else {
            return Vec::new();
        };
        let of_column = |name: &String| match self.part.column(name)? {
            Column::Numeric(values) => {
                let rows = values.iter().zip(truth.iter().zip(predicted));
                let points = rows
                    .filter(|(value, _)| !value.is_nan())
                    .map(|(value, (truth, predicted))| (*value, truth - predicted));
                let points: Vec<(f64, f64)> = points.collect();
                let every = points.len().div_ceil(N_POINTS).max(1);
                Some((name.clone(), points.into_iter().step_by(every).collect()))
            }
            _ => None,
        };
        told.iter().filter_map(of_column).take(N_RESIDUALS).collect()
    }
}

/// A random order of rows: they are sorted by a hash.
fn shuffled(n_rows: usize, seed: Seed) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n_rows).collect();
    order.sort_by_key(|&row| seed.step(row as u64).value());
    order
}

fn summed(name: &str, losses: &[f64]) -> Option<ColumnImportance> {
    let n = losses.len() as f64;
    let mean = losses.iter().sum::<f64>() / n;
    let squares: f64 = losses.iter().map(|loss| (loss - mean).powi(2)).sum();
    let deviation = if losses.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 };
    (!losses.is_empty()).then(|| ColumnImportance { column: name.to_owned(), mean, deviation })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffled_order_holds_every_row_once_and_depends_on_the_seed() {
        let order = shuffled(100, Seed(1));
        assert_ne!(order, shuffled(100, Seed(2)));
        let mut sorted = order;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..100));
    }

    #[test]
    fn repetitions_have_a_mean_and_a_deviation() {
        let column = summed("a", &[1.0, 2.0, 3.0]).unwrap();
        assert_eq!((column.mean, column.deviation), (2.0, 1.0));
        assert_eq!(summed("a", &[0.5]).unwrap().deviation, 0.0);
        assert_eq!(summed("a", &[]), None);
    }
}
