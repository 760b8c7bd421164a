//! ROC AUC and average precision: the order of each class's probabilities, by radix sort.
//!
//! A sum of probabilities is not negative, and then the bits of its single-precision form, read as a whole number,
//! are in the order of the sums. Sums nearer to each other than about 6e-8
//! of themselves count as ties, which moves an area by about as little.

use automl_core::{Metric, MetricError, Predictions};

use super::{Loss, add_to, codes, weights};
use crate::error::EnsembleError;
use crate::library::Candidate;
use crate::ranking::{area, weighted_area};
use crate::scorer::Scorer;

pub(super) struct Ranking {
    metric: Metric,
    /// First class that is ranked against the rest: of two classes the positive one alone is.
    first_class: usize,
    n_rows: usize,
    codes: Vec<u32>,
    /// Weights of the rows, where they count differently.
    weights: Option<Vec<f64>>,
    /// Probabilities, `[n_models][n_ranked_classes * n_rows]`, one class after another.
    probabilities: Vec<Vec<f64>>,
    /// Sum over the chosen models, `[n_ranked_classes * n_rows]`.
    sum: Vec<f64>,
}

impl Ranking {
    pub(super) fn new(scorer: &Scorer<'_>, candidates: &[Candidate<'_>], rows: &[usize]) -> Self {
        let n_classes = scorer.n_classes();
        let first_class = usize::from(n_classes == 2);
        let of_model = |candidate: &Candidate<'_>| match candidate.predictions {
            Predictions::Proba(proba) => (first_class..n_classes)
                .flat_map(|class| rows.iter().map(move |&row| proba.get(row, class)))
                .collect(),
            Predictions::Real(_) => Vec::new(),
        };
        Self {
            metric: scorer.metric(),
            first_class,
            n_rows: rows.len(),
            codes: codes(scorer, rows),
            weights: scorer.is_weighted().then(|| weights(scorer, rows)),
            probabilities: candidates.iter().map(of_model).collect(),
            sum: vec![0.0; rows.len() * (n_classes - first_class)],
        }
    }

    /// The metric of one class against the rest; `added` is what the sums get.
    fn of_class(&self, class: usize, sums: &[f64], added: &[f64]) -> Result<f64, EnsembleError> {
        let rows = sums.iter().zip(added).zip(&self.codes);
        // The lowest bit of a key says whether the row is of the class; the bits above it are the score.
        let keys = rows.map(|((sum, p), &code)| {
            let bits = ((sum + p).max(0.0) as f32).to_bits();
            (bits << 1) | u32::from(code as usize == class)
        });
        let area = match &self.weights {
            None => area(self.metric, keys.collect()),
            Some(weights) => weighted_area(self.metric, keys.zip(weights.iter().copied()).collect()),
        };
        area.ok_or_else(|| {
            let rows = self.codes.iter().filter(|&&code| code as usize == class).count();
            let reason = format!("{rows} of {} rows are of class {class}", self.n_rows);
            MetricError::Undefined { metric: self.metric, reason }.into()
        })
    }
}

impl Loss for Ranking {
    fn cost_with(&self, model: usize) -> Result<f64, EnsembleError> {
        let by_class =
            self.sum.chunks_exact(self.n_rows).zip(self.probabilities[model].chunks_exact(self.n_rows));
        let mut total = 0.0;
        for (place, (sums, added)) in by_class.enumerate() {
            total += self.of_class(self.first_class + place, sums, added)?;
        }
        Ok(-total / (self.sum.len() / self.n_rows) as f64)
    }

    fn add(&mut self, model: usize) {
        add_to(&mut self.sum, &self.probabilities[model]);
    }

    fn clear(&mut self) {
        self.sum.fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use automl_core::{Matrix, Target};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn areas_are_those_of_the_metrics(
            rows in proptest::collection::vec((0..12_u8, 0..12_u8, 0..3_u32), 2..60), n_classes in 2..4_usize
        ) {
            let row = |&(a, b, _): &(u8, u8, u32)| {
                let (a, b) = (f64::from(a) / 32.0, f64::from(b) / 32.0);
                if n_classes == 2 { vec![1.0 - a, a] } else { vec![1.0 - a - b, a, b] }
            };
            let codes = rows.iter().map(|row| row.2 % n_classes as u32).collect();
            let target = Target::Classes { codes, n_classes };
            let predictions = Predictions::Proba(Matrix::new(rows.len(), n_classes, rows.iter().flat_map(row).collect()));
            let candidate = Candidate { id: "a", family: "a", predictions: &predictions, ms_per_row: 0.0 };
            let all: Vec<usize> = (0..rows.len()).collect();
            for metric in [Metric::RocAuc, Metric::PrAuc] {
                let scorer = Scorer::new(metric, &target).unwrap();
                let got = Ranking::new(&scorer, &[candidate], &all).cost_with(0);
                match metric.score(&target, &predictions) {
                    Ok(value) => prop_assert!((got.unwrap() + value).abs() < 1e-12, "{metric}"),
                    Err(_) => prop_assert!(got.is_err(), "{metric}"),
                }
            }
        }
    }
}
