//! Predictions digested so that any choice of rows, repeated rows included, is scored fast: what resampling and
//! cross-validation ask for thousands of times.

use automl_core::{Matrix, Metric, MetricError, Predictions, Target};

use crate::confusion::{Marginals, is_of_classes};
use crate::error::EnsembleError;
use crate::ranking::{self, dense_ranks, weighted_area};
use crate::scorer::Scorer;

/// One model's predictions, ready to be scored on any rows.
#[derive(Debug)]
pub(crate) struct Prepared<'a> {
    scorer: Scorer<'a>,
    kind: Kind<'a>,
}

#[derive(Debug)]
enum Kind<'a> {
    /// The metric is a mean over rows, or the root of one.
    Mean { losses: Vec<f64>, root: bool },
    /// R²: a mean of squares over the variance of the rows' target.
    R2 { squares: Vec<f64>, target: &'a [f64] },
    /// A function of true and predicted classes.
    Labels { truth: &'a [u32], predicted: Vec<u32> },
    /// A mean of areas, of each class against the rest; of two classes the positive one alone.
    Ranked {
        codes: &'a [u32],
        /// Class and ranks of the rows by its probability.
        ranks: Vec<(u32, Vec<u32>)>,
    },
    /// Everything else: rows are copied out and scored from scratch.
    Whole(&'a Predictions),
}

impl<'a> Prepared<'a> {
    /// # Errors
    /// Those of [`Scorer::check`], and [`EnsembleError::Metric`] for RMSLE of values up to -1.
    pub(crate) fn new(scorer: &Scorer<'a>, predictions: &'a Predictions) -> Result<Self, EnsembleError> {
        scorer.check("the model", predictions)?;
        Self::of_checked(scorer, predictions)
    }

    /// Of predictions that [`Scorer::check`] has seen.
    ///
    /// # Errors
    /// [`EnsembleError::Metric`] for RMSLE of values up to -1.
    pub(crate) fn of_checked(
        scorer: &Scorer<'a>,
        predictions: &'a Predictions,
    ) -> Result<Self, EnsembleError> {
        let kind = match (scorer.target(), predictions) {
            (Target::Real(target), Predictions::Real(values)) => numbers(scorer.metric(), target, values)?,
            (Target::Classes { codes, .. }, _) if is_of_classes(scorer.metric()) => {
                Some(Kind::Labels { truth: codes, predicted: predictions.classes().unwrap_or_default() })
            }
            (Target::Classes { codes, .. }, Predictions::Proba(proba)) => {
                let rows = codes.iter().zip(proba.rows());
                match scorer.metric() {
                    Metric::LogLoss => {
                        Some(Kind::mean(rows.map(|(&code, row)| log_loss(row[code as usize]))))
                    }
                    Metric::Brier => Some(Kind::mean(rows.map(|(&code, row)| brier(code, row)))),
                    Metric::RocAuc | Metric::PrAuc => Some(ranked(codes, proba)),
                    _ => None,
                }
            }
            (Target::Real(_), Predictions::Proba(_)) | (Target::Classes { .. }, Predictions::Real(_)) => None,
        };
        Ok(Self { scorer: *scorer, kind: kind.unwrap_or(Kind::Whole(predictions)) })
    }

    /// The metric on some rows, each below `n_rows`.
    ///
    /// # Errors
    /// [`EnsembleError::Metric`] where it has no value there.
    pub(crate) fn score(&self, rows: &[usize]) -> Result<f64, EnsembleError> {
        let metric = self.scorer.metric();
        if rows.is_empty() {
            return Err(undefined(metric, "there are no rows".to_owned()));
        }
        let value = match &self.kind {
            Kind::Mean { losses, root } => {
                let mean = self.mean(rows, |row| losses[row]);
                if *root { mean.sqrt() } else { mean }
            }
            Kind::R2 { squares, target } => self.r2(rows, squares, target)?,
            Kind::Labels { truth, predicted } => {
                let mut marginals = Marginals::new(self.scorer.n_classes());
                for &row in rows {
                    marginals.add(truth[row], predicted[row], self.scorer.weight(row));
                }
                let none = || undefined(metric, "all rows are of one class and predicted as it".to_owned());
                marginals.value(metric).ok_or_else(none)?
            }
            Kind::Ranked { codes, ranks } => area(&self.scorer, rows, codes, ranks)?,
            Kind::Whole(predictions) => {
                metric.score(&self.scorer.target().select(rows), &predictions.select(rows))?
            }
        };
        if value.is_finite() { Ok(value) } else { Err(undefined(metric, format!("the result is {value}"))) }
    }

    /// [`Prepared::score`] as a cost: less is better.
    pub(crate) fn cost(&self, rows: &[usize]) -> Result<f64, EnsembleError> {
        Ok(self.scorer.direction().cost(self.score(rows)?))
    }

    fn mean(&self, rows: &[usize], of: impl Fn(usize) -> f64) -> f64 {
        if !self.scorer.is_weighted() {
            return rows.iter().map(|&row| of(row)).sum::<f64>() / rows.len() as f64;
        }
        let (mut sum, mut weights) = (0.0, 0.0);
        for &row in rows {
            let weight = self.scorer.weight(row);
            sum += weight * of(row);
            weights += weight;
        }
        sum / weights
    }

    fn r2(&self, rows: &[usize], squares: &[f64], target: &[f64]) -> Result<f64, EnsembleError> {
        if rows.len() < 2 {
            return Err(undefined(Metric::R2, "it needs two or more rows, got 1".to_owned()));
        }
        let residual = self.mean(rows, |row| squares[row]);
        if residual == 0.0 {
            return Ok(1.0);
        }
        if rows.iter().all(|&row| target[row] == target[rows[0]]) {
            return Ok(0.0);
        }
        let centre = self.mean(rows, |row| target[row]);
        Ok(1.0 - residual / self.mean(rows, |row| (target[row] - centre).powi(2)))
    }
}

impl Kind<'_> {
    fn mean(losses: impl Iterator<Item = f64>) -> Self {
        Kind::Mean { losses: losses.collect(), root: false }
    }
}

/// `-ln p` of the true class, held as in `automl-core`.
pub(crate) fn log_loss(p: f64) -> f64 {
    -p.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
}

/// The Brier score of one row: of two classes the positive one alone counts.
fn brier(code: u32, row: &[f64]) -> f64 {
    let error = |(class, p): (usize, &f64)| (p - f64::from(u8::from(class == code as usize))).powi(2);
    row.iter().enumerate().skip(usize::from(row.len() == 2)).map(error).sum()
}

fn ranked<'a>(codes: &'a [u32], proba: &Matrix<f64>) -> Kind<'a> {
    let n_classes = proba.n_cols();
    let classes = usize::from(n_classes == 2)..n_classes;
    let ranks = classes.map(|class| (class as u32, dense_ranks(&proba.column(class))));
    Kind::Ranked { codes, ranks: ranks.collect() }
}

fn area(
    scorer: &Scorer<'_>,
    rows: &[usize],
    codes: &[u32],
    ranks: &[(u32, Vec<u32>)],
) -> Result<f64, EnsembleError> {
    let metric = scorer.metric();
    let mut total = 0.0;
    for (class, ranks) in ranks {
        let key = |row: usize| (ranks[row] << 1) | u32::from(codes[row] == *class);
        let area = if scorer.is_weighted() {
            weighted_area(metric, rows.iter().map(|&row| (key(row), scorer.weight(row))).collect())
        } else {
            ranking::area(metric, rows.iter().map(|&row| key(row)).collect())
        };
        total += area.ok_or_else(|| {
            let of_class = rows.iter().filter(|&&row| codes[row] == *class).count();
            undefined(metric, format!("{of_class} of {} rows are of class {class}", rows.len()))
        })?;
    }
    Ok(total / ranks.len() as f64)
}

fn numbers<'a>(metric: Metric, target: &'a [f64], values: &[f64]) -> Result<Option<Kind<'a>>, EnsembleError> {
    let rows = || target.iter().zip(values);
    let squares = || rows().map(|(truth, value)| (value - truth).powi(2)).collect();
    Ok(match metric {
        Metric::Rmse => Some(Kind::Mean { losses: squares(), root: true }),
        Metric::R2 => Some(Kind::R2 { squares: squares(), target }),
        Metric::Mae => Some(Kind::mean(rows().map(|(truth, value)| (value - truth).abs()))),
        Metric::Mape => Some(Kind::mean(
            rows().map(|(truth, value)| (value - truth).abs() / truth.abs().max(f64::EPSILON)),
        )),
        Metric::Rmsle => {
            if let Some(value) = target.iter().chain(values).find(|value| **value <= -1.0) {
                return Err(undefined(metric, format!("it needs values above -1, got {value}")));
            }
            let losses = rows().map(|(truth, value)| (value.ln_1p() - truth.ln_1p()).powi(2)).collect();
            Some(Kind::Mean { losses, root: true })
        }
        _ => None,
    })
}

fn undefined(metric: Metric, reason: String) -> EnsembleError {
    MetricError::Undefined { metric, reason }.into()
}

#[cfg(test)]
mod tests {
    use automl_core::Task;
    use proptest::prelude::*;

    use super::*;

    /// Scores on chosen rows, of which some repeat, equal those of `automl-core` on the rows copied out.
    fn check(target: &Target, predictions: &Predictions, task: Task, rows: &[usize]) {
        let (some_target, some) = (target.select(rows), predictions.select(rows));
        let weights: Vec<f32> = (0..target.n_rows()).map(|row| (1 + row % 3) as f32).collect();
        let repeated: Vec<usize> =
            rows.iter().flat_map(|&row| std::iter::repeat_n(row, 1 + row % 3)).collect();
        for metric in Metric::of_task(task) {
            let plain = Scorer::new(metric, target).unwrap();
            let value = plain.score_rows(predictions, rows);
            let wanted = metric.score(&some_target, &some).map_err(EnsembleError::from);
            match (value, wanted) {
                (Ok(a), Ok(b)) => assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{metric}: {a} {b}"),
                (a, b) => assert_eq!(a.is_err(), b.is_err(), "{metric}"),
            }
            let Ok(weighted) = plain.with_weights(&weights) else { continue };
            match (weighted.score_rows(predictions, rows), plain.score_rows(predictions, &repeated)) {
                (Ok(a), Ok(b)) => assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{metric}: {a} {b}"),
                (a, b) => assert!(metric == Metric::R2 || a.is_err() == b.is_err(), "{metric}"),
            }
        }
    }

    proptest! {
        #[test]
        fn rows_score_as_if_copied_out(
            values in proptest::collection::vec((0.0..1.0, 0.0..1.0, 0.0..1.0, 0..3_u32), 12),
            rows in proptest::collection::vec(0..12_usize, 1..20),
        ) {
            let proba = |n_classes: usize| {
                let row = |(a, b, c, _): &(f64, f64, f64, u32)| {
                    let parts = [a + 0.01, b + 0.01, c + 0.01];
                    let sum: f64 = parts[..n_classes].iter().sum();
                    parts[..n_classes].iter().map(|part| part / sum).collect::<Vec<_>>()
                };
                Predictions::Proba(Matrix::new(12, n_classes, values.iter().flat_map(row).collect()))
            };
            let codes = |n_classes: u32| values.iter().map(|row| row.3 % n_classes).collect();
            check(&Target::Classes { codes: codes(2), n_classes: 2 }, &proba(2), Task::Binary, &rows);
            check(&Target::Classes { codes: codes(3), n_classes: 3 }, &proba(3), Task::Multiclass, &rows);
            let target = Target::Real(values.iter().map(|row| row.0 - 0.5).collect());
            check(&target, &Predictions::Real(values.iter().map(|row| row.1).collect()), Task::Regression, &rows);
        }
    }
}
