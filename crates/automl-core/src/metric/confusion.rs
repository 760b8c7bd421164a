//! How often which class was taken for which, and every metric that follows from it.

use serde::{Deserialize, Serialize};

use super::{Average, MetricError};
use crate::matrix::Matrix;

/// Counts of rows by true and predicted class.
///
/// Scores follow scikit-learn with `zero_division=0`: a ratio without a denominator is 0, and macro means run over
/// the classes that occur in the target or among the predictions (for balanced accuracy: in the target).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfusionMatrix {
    /// Shape `[n_classes, n_classes]`: row is the true class, column the predicted one.
    counts: Matrix<u64>,
}

/// The four counts of one class against the rest, as far as precision, recall and F1 need them.
#[derive(Debug, Clone, Copy, Default)]
struct ClassCounts {
    /// Rows of the class predicted as the class.
    hits: u64,
    /// Rows of the class.
    support: u64,
    /// Rows predicted as the class.
    predicted: u64,
}

impl ClassCounts {
    fn precision(self) -> f64 {
        ratio(self.hits, self.predicted)
    }

    fn recall(self) -> f64 {
        ratio(self.hits, self.support)
    }

    /// Harmonic mean of precision and recall: `2 TP / (2 TP + FP + FN)`.
    fn f1(self) -> f64 {
        ratio(2 * self.hits, self.support + self.predicted)
    }
}

impl ConfusionMatrix {
    /// Counts pairs of class indices.
    ///
    /// # Errors
    /// [`MetricError::Unusable`] if the lengths differ or an index is not below `n_classes`.
    pub fn new(n_classes: usize, truth: &[u32], predicted: &[u32]) -> Result<Self, MetricError> {
        if truth.len() != predicted.len() {
            let reason = format!("{} rows have a target, {} a prediction", truth.len(), predicted.len());
            return Err(MetricError::Unusable { reason });
        }
        let mut counts = Matrix::filled(n_classes, n_classes, 0);
        for (row, (&truth, &predicted)) in truth.iter().zip(predicted).enumerate() {
            let class = truth.max(predicted);
            if class as usize >= n_classes {
                let reason = format!("row {row} has class {class}, but there are {n_classes} classes");
                return Err(MetricError::Unusable { reason });
            }
            counts.row_mut(truth as usize)[predicted as usize] += 1;
        }
        Ok(Self { counts })
    }

    /// Number of classes.
    pub fn n_classes(&self) -> usize {
        self.counts.n_rows()
    }

    /// Number of rows counted.
    pub fn n_rows(&self) -> u64 {
        self.counts.values().iter().sum()
    }

    /// Rows of class `truth` that were predicted as class `predicted`.
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        self.counts.get(truth, predicted)
    }

    /// All counts, shape `[n_classes, n_classes]`: row is the true class, column the predicted one.
    pub fn counts(&self) -> &Matrix<u64> {
        &self.counts
    }

    /// Rows of a true class.
    pub fn support(&self, class: usize) -> u64 {
        self.counts.row(class).iter().sum()
    }

    /// Rows predicted as a class.
    pub fn predicted(&self, class: usize) -> u64 {
        self.counts.rows().map(|row| row[class]).sum()
    }

    /// Share of right labels, 0 to 1.
    pub fn accuracy(&self) -> f64 {
        ratio(self.hits(), self.n_rows())
    }

    /// Mean recall of the classes that occur in the target, 0 to 1.
    pub fn balanced_accuracy(&self) -> f64 {
        let recalls = self.classes().filter(|class| class.support > 0).map(ClassCounts::recall);
        let (sum, count) = recalls.fold((0.0, 0), |(sum, count), recall| (sum + recall, count + 1));
        if count == 0 { 0.0 } else { sum / f64::from(count) }
    }

    /// Share of the predicted that are right, 0 to 1.
    pub fn precision(&self, average: Average) -> f64 {
        self.averaged(average, ClassCounts::precision)
    }

    /// Share of the true that are found, 0 to 1.
    pub fn recall(&self, average: Average) -> f64 {
        self.averaged(average, ClassCounts::recall)
    }

    /// Harmonic mean of precision and recall, 0 to 1.
    pub fn f1(&self, average: Average) -> f64 {
        self.averaged(average, ClassCounts::f1)
    }

    /// Matthews correlation coefficient, -1 to 1; 0 where target or predictions hold one class alone.
    ///
    /// The several-class correlation `R_K` of Gorodkin (2004).
    pub fn matthews_correlation(&self) -> f64 {
        let n = self.n_rows() as f64;
        let (mut both, mut truth_squared, mut predicted_squared) = (0.0, 0.0, 0.0);
        for class in self.classes() {
            let (support, predicted) = (class.support as f64, class.predicted as f64);
            both += support * predicted;
            truth_squared += support * support;
            predicted_squared += predicted * predicted;
        }
        let variances = (n * n - truth_squared) * (n * n - predicted_squared);
        if variances == 0.0 { 0.0 } else { (self.hits() as f64 * n - both) / variances.sqrt() }
    }

    /// Cohen's kappa, -1 to 1: agreement beyond chance. `None` where all rows are of one class and predicted as it.
    pub fn cohen_kappa(&self) -> Option<f64> {
        let n = self.n_rows() as f64;
        let by_chance: f64 = self.classes().map(|class| class.support as f64 * class.predicted as f64).sum();
        let expected_misses = n - by_chance / n;
        let misses = n - self.hits() as f64;
        (expected_misses > 0.0).then(|| 1.0 - misses / expected_misses)
    }

    fn hits(&self) -> u64 {
        (0..self.n_classes()).map(|class| self.count(class, class)).sum()
    }

    fn classes(&self) -> impl Iterator<Item = ClassCounts> {
        let mut predicted = vec![0; self.n_classes()];
        for row in self.counts.rows() {
            row.iter().zip(&mut predicted).for_each(|(count, sum)| *sum += count);
        }
        predicted.into_iter().enumerate().map(|(class, predicted)| ClassCounts {
            hits: self.count(class, class),
            support: self.support(class),
            predicted,
        })
    }

    fn averaged(&self, average: Average, of: fn(ClassCounts) -> f64) -> f64 {
        match average {
            Average::Binary => of(self.classes().nth(1).unwrap_or_default()),
            Average::Micro => {
                let n_rows = self.n_rows();
                of(ClassCounts { hits: self.hits(), support: n_rows, predicted: n_rows })
            }
            Average::Macro => self.weighted_mean(of, |class| f64::from(class.support + class.predicted > 0)),
            Average::Weighted => self.weighted_mean(of, |class| class.support as f64),
        }
    }

    fn weighted_mean(&self, of: fn(ClassCounts) -> f64, weight: fn(ClassCounts) -> f64) -> f64 {
        let (sum, weights) = self.classes().fold((0.0, 0.0), |(sum, weights), class| {
            (sum + weight(class) * of(class), weights + weight(class))
        });
        if weights == 0.0 { 0.0 } else { sum / weights }
    }
}

fn ratio(numerator: u64, denominator: u64) -> f64 {
    if denominator == 0 { 0.0 } else { numerator as f64 / denominator as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_true_classes_and_columns_predicted_ones() {
        let matrix = ConfusionMatrix::new(3, &[0, 0, 1, 2], &[0, 1, 1, 0]).unwrap();
        assert_eq!(matrix.counts().values(), &[1, 1, 0, 0, 1, 0, 1, 0, 0]);
        assert_eq!((matrix.support(0), matrix.predicted(0), matrix.n_rows()), (2, 2, 4));
        assert_eq!(matrix.accuracy(), 0.5);
    }

    #[test]
    fn classes_that_never_occur_do_not_enter_the_macro_mean() {
        let matrix = ConfusionMatrix::new(4, &[0, 1], &[0, 1]).unwrap();
        assert_eq!(matrix.f1(Average::Macro), 1.0);
        assert_eq!(matrix.balanced_accuracy(), 1.0);
    }

    #[test]
    fn kappa_of_one_class_alone_is_undefined() {
        assert_eq!(ConfusionMatrix::new(2, &[1, 1], &[1, 1]).unwrap().cohen_kappa(), None);
        assert_eq!(ConfusionMatrix::new(2, &[], &[]).unwrap().cohen_kappa(), None);
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_numbers() {
        let message = |truth: &[u32]| ConfusionMatrix::new(2, truth, &[0, 1]).unwrap_err().to_string();
        assert_eq!(
            message(&[0, 7]),
            "cannot compare target and predictions: row 1 has class 7, but there are 2 classes"
        );
        assert_eq!(
            message(&[0]),
            "cannot compare target and predictions: 1 rows have a target, 2 a prediction"
        );
    }
}
