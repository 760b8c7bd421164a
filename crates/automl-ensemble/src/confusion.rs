//! Metrics of predicted classes from weighted counts that can be changed row by row.
//!
//! Every such metric in `automl-core` follows from three counts a class: rows that are right, rows that are of the
//! class, rows predicted as the class. A rule that moves one row from one class to another therefore changes a
//! metric in O(classes), which is what thresholds and greedy selection live on.

use automl_core::{Average, Metric};

/// Share of the total weight below which a count is rounding: what is left of a sum after taking all of it off.
const ROUNDING: f64 = 1e-12;

/// Weighted counts a class; all of length `n_classes`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Marginals {
    /// Weight of the rows of the class predicted as the class.
    hits: Vec<f64>,
    /// Weight of the rows of the class.
    support: Vec<f64>,
    /// Weight of the rows predicted as the class.
    predicted: Vec<f64>,
    /// Weight of all rows.
    total: f64,
}

/// Whether the metric is a function of true and predicted classes.
pub(crate) fn is_of_classes(metric: Metric) -> bool {
    matches!(
        metric,
        Metric::Accuracy
            | Metric::BalancedAccuracy
            | Metric::Precision(_)
            | Metric::Recall(_)
            | Metric::F1(_)
            | Metric::Mcc
            | Metric::CohenKappa
    )
}

impl Marginals {
    pub(crate) fn new(n_classes: usize) -> Self {
        let zeros = || vec![0.0; n_classes];
        Self { hits: zeros(), support: zeros(), predicted: zeros(), total: 0.0 }
    }

    /// Counts a row.
    pub(crate) fn add(&mut self, truth: u32, predicted: u32, weight: f64) {
        self.support[truth as usize] += weight;
        self.total += weight;
        self.predict(truth, predicted, weight);
    }

    /// Predicts a row, already counted, as class `to` rather than `from`.
    pub(crate) fn relabel(&mut self, truth: u32, from: u32, to: u32, weight: f64) {
        self.predict(truth, from, -weight);
        self.predict(truth, to, weight);
    }

    fn predict(&mut self, truth: u32, predicted: u32, weight: f64) {
        self.predicted[predicted as usize] += weight;
        if truth == predicted {
            self.hits[truth as usize] += weight;
        }
    }

    /// The metric's value; `None` where it has none, or is not one of classes. Conventions are those of
    /// [`automl_core::metric::ConfusionMatrix`].
    pub(crate) fn value(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::Accuracy => Some(self.ratio(self.hits.iter().sum(), self.total)),
            Metric::BalancedAccuracy => Some(self.balanced_accuracy()),
            Metric::Precision(average) => {
                Some(self.averaged(average, |hits, _, predicted| (hits, predicted)))
            }
            Metric::Recall(average) => Some(self.averaged(average, |hits, support, _| (hits, support))),
            Metric::F1(average) => {
                Some(self.averaged(average, |hits, support, predicted| (2.0 * hits, support + predicted)))
            }
            Metric::Mcc => Some(self.matthews_correlation()),
            Metric::CohenKappa => self.cohen_kappa(),
            _ => None,
        }
    }

    fn is_zero(&self, count: f64) -> bool {
        count <= ROUNDING * self.total
    }

    fn ratio(&self, numerator: f64, denominator: f64) -> f64 {
        if self.is_zero(denominator) { 0.0 } else { numerator / denominator }
    }

    /// (hits, support, predicted) of each class.
    fn classes(&self) -> impl Iterator<Item = (f64, f64, f64)> {
        let counts = self.hits.iter().zip(&self.support).zip(&self.predicted);
        counts.map(|((hits, support), predicted)| (*hits, *support, *predicted))
    }

    fn balanced_accuracy(&self) -> f64 {
        let occurring = self.classes().filter(|(_, support, _)| !self.is_zero(*support));
        let (sum, count) = occurring
            .fold((0.0, 0.0), |(sum, count), (hits, support, _)| (sum + hits / support, count + 1.0));
        if count == 0.0 { 0.0 } else { sum / count }
    }

    fn averaged(&self, average: Average, of: fn(f64, f64, f64) -> (f64, f64)) -> f64 {
        let one = |(hits, support, predicted): (f64, f64, f64)| {
            let (numerator, denominator) = of(hits, support, predicted);
            self.ratio(numerator, denominator)
        };
        let mean = |weight: &dyn Fn(f64, f64) -> f64| {
            let (sum, weights) = self.classes().fold((0.0, 0.0), |(sum, weights), class| {
                let weight = weight(class.1, class.2);
                (sum + weight * one(class), weights + weight)
            });
            if weights == 0.0 { 0.0 } else { sum / weights }
        };
        match average {
            Average::Binary => self.classes().nth(1).map_or(0.0, one),
            Average::Micro => one((self.hits.iter().sum(), self.total, self.total)),
            Average::Macro => mean(&|support, predicted| f64::from(!self.is_zero(support + predicted))),
            Average::Weighted => mean(&|support, _| support),
        }
    }

    /// Gorodkin's (2004) correlation of several classes.
    fn matthews_correlation(&self) -> f64 {
        // Shares rather than counts, so that "no variance" is one number whatever the weights sum to.
        let (mut both, mut truth_squared, mut predicted_squared) = (0.0, 0.0, 0.0);
        for (_, support, predicted) in self.classes() {
            let (support, predicted) = (support / self.total, predicted / self.total);
            both += support * predicted;
            truth_squared += support * support;
            predicted_squared += predicted * predicted;
        }
        let (truth, predicted) = (1.0 - truth_squared, 1.0 - predicted_squared);
        if truth <= ROUNDING || predicted <= ROUNDING {
            return 0.0;
        }
        (self.hits.iter().sum::<f64>() / self.total - both) / (truth * predicted).sqrt()
    }

    fn cohen_kappa(&self) -> Option<f64> {
        let by_chance: f64 = self.classes().map(|(_, support, predicted)| support * predicted).sum();
        let expected = 1.0 - by_chance / (self.total * self.total);
        let observed = 1.0 - self.hits.iter().sum::<f64>() / self.total;
        (expected > ROUNDING).then(|| 1.0 - observed / expected)
    }
}

#[cfg(test)]
mod tests {
    use automl_core::metric::ConfusionMatrix;
    use proptest::prelude::*;

    use super::*;

    fn metrics() -> Vec<Metric> {
        Metric::all().into_iter().filter(|metric| is_of_classes(*metric)).collect()
    }

    fn of_matrix(matrix: &ConfusionMatrix, metric: Metric) -> Option<f64> {
        Some(match metric {
            Metric::Accuracy => matrix.accuracy(),
            Metric::BalancedAccuracy => matrix.balanced_accuracy(),
            Metric::Precision(average) => matrix.precision(average),
            Metric::Recall(average) => matrix.recall(average),
            Metric::F1(average) => matrix.f1(average),
            Metric::Mcc => matrix.matthews_correlation(),
            _ => return matrix.cohen_kappa(),
        })
    }

    proptest! {
        #[test]
        fn whole_weights_equal_repeated_rows(
            rows in proptest::collection::vec((0..3_u32, 0..3_u32, 1..4_usize), 1..30)
        ) {
            let mut marginals = Marginals::new(3);
            let (mut truth, mut predicted) = (Vec::new(), Vec::new());
            for &(t, p, times) in &rows {
                // Predicted as another class first, so that relabelling is part of what is tested.
                marginals.add(t, (p + 1) % 3, 0.7 * times as f64);
                marginals.relabel(t, (p + 1) % 3, p, 0.7 * times as f64);
                truth.extend(std::iter::repeat_n(t, times));
                predicted.extend(std::iter::repeat_n(p, times));
            }
            let matrix = ConfusionMatrix::new(3, &truth, &predicted).unwrap();
            for metric in metrics() {
                match (marginals.value(metric), of_matrix(&matrix, metric)) {
                    (Some(a), Some(b)) => prop_assert!((a - b).abs() < 1e-9, "{metric}: {a} {b}"),
                    (a, b) => prop_assert_eq!(a, b),
                }
            }
        }
    }
}
