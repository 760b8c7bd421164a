//! How well scores sort the rows of a class before the others.
//!
//! All of it comes of one pass over the scores in decreasing order (Fawcett, An introduction to ROC analysis,
//! 2006): O(n log n).

use super::{Metric, MetricError};

/// Points of the receiver operating characteristic, from (0, 0) to (1, 1), one a distinct score.
#[derive(Debug, Clone, PartialEq)]
pub struct RocCurve {
    /// Share of the negative rows at or above each threshold; rises.
    pub false_positive_rate: Vec<f64>,
    /// Share of the positive rows at or above each threshold; rises.
    pub true_positive_rate: Vec<f64>,
    /// Scores, falling; the first is infinite, for the point where no row is predicted positive.
    pub thresholds: Vec<f64>,
}

/// Points of precision over recall, one a distinct score, from the lowest to the highest.
#[derive(Debug, Clone, PartialEq)]
pub struct PrCurve {
    /// Share of positive rows among those at or above each threshold; the last, beyond every score, is 1.
    pub precision: Vec<f64>,
    /// Share of the positive rows at or above each threshold; falls, the last is 0.
    pub recall: Vec<f64>,
    /// Scores, rising; one fewer than points.
    pub thresholds: Vec<f64>,
}

/// Rows at or above a threshold.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Step {
    threshold: f64,
    true_positives: u64,
    false_positives: u64,
}

impl Step {
    fn precision(self) -> f64 {
        self.true_positives as f64 / (self.true_positives + self.false_positives) as f64
    }
}

/// One class against the rest: the counts after each distinct score, in decreasing order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ranking {
    steps: Vec<Step>,
}

impl Ranking {
    /// Ranks (score, is positive) pairs. Scores are finite.
    pub(super) fn new(mut rows: Vec<(f64, bool)>) -> Self {
        rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let mut steps: Vec<Step> = Vec::new();
        for (score, positive) in rows {
            let mut step = steps.last().copied().unwrap_or_default();
            step.true_positives += u64::from(positive);
            step.false_positives += u64::from(!positive);
            // Equal scores are one step: no threshold lies between them.
            match steps.last_mut() {
                Some(last) if last.threshold == score => *last = Step { threshold: last.threshold, ..step },
                _ => steps.push(Step { threshold: score, ..step }),
            }
        }
        Self { steps }
    }

    fn total(&self) -> Step {
        self.steps.last().copied().unwrap_or_default()
    }

    /// Area under the ROC curve by the trapezoid rule, 0 to 1: the chance that a positive row outranks a negative
    /// one, ties counting half. `None` where one of the two does not occur.
    pub(super) fn roc_auc(&self) -> Option<f64> {
        let total = self.total();
        let pairs = u128::from(total.true_positives) * u128::from(total.false_positives);
        let mut twice_area = 0_u128;
        let mut before = Step::default();
        for step in &self.steps {
            let width = step.false_positives - before.false_positives;
            twice_area += u128::from(width) * u128::from(step.true_positives + before.true_positives);
            before = *step;
        }
        (pairs > 0).then(|| twice_area as f64 / 2.0 / pairs as f64)
    }

    /// Average precision, 0 to 1: `sum((R_i - R_(i-1)) P_i)`. Without a positive row it is 0, as scikit-learn has it.
    pub(super) fn average_precision(&self) -> f64 {
        let positives = self.total().true_positives;
        let mut before = 0;
        let mut sum = 0.0;
        for step in &self.steps {
            sum += (step.true_positives - before) as f64 * step.precision();
            before = step.true_positives;
        }
        if positives == 0 { 0.0 } else { sum / positives as f64 }
    }

    fn roc_curve(&self) -> RocCurve {
        let total = self.total();
        let start = Step { threshold: f64::INFINITY, ..Step::default() };
        let steps = || std::iter::once(&start).chain(&self.steps);
        RocCurve {
            false_positive_rate: steps()
                .map(|step| step.false_positives as f64 / total.false_positives as f64)
                .collect(),
            true_positive_rate: steps()
                .map(|step| step.true_positives as f64 / total.true_positives as f64)
                .collect(),
            thresholds: steps().map(|step| step.threshold).collect(),
        }
    }

    fn pr_curve(&self) -> PrCurve {
        let positives = self.total().true_positives as f64;
        let rising = || self.steps.iter().rev();
        PrCurve {
            precision: rising().map(|step| step.precision()).chain([1.0]).collect(),
            recall: rising().map(|step| step.true_positives as f64 / positives).chain([0.0]).collect(),
            thresholds: rising().map(|step| step.threshold).collect(),
        }
    }
}

/// The ROC curve of scores, such as the probabilities of one class, with a point for every distinct score
/// (scikit-learn's `drop_intermediate=False`). Both slices are of length `n_rows`.
///
/// # Errors
/// [`MetricError::Unusable`] if the lengths differ or a score is not finite; [`MetricError::Undefined`] if there is
/// no positive or no negative row.
pub fn roc_curve(positive: &[bool], scores: &[f64]) -> Result<RocCurve, MetricError> {
    let ranking = ranked(positive, scores)?;
    let total = ranking.total();
    if total.true_positives == 0 || total.false_positives == 0 {
        let reason = format!("{} positive and {} negative rows", total.true_positives, total.false_positives);
        return Err(MetricError::Undefined { metric: Metric::RocAuc, reason });
    }
    Ok(ranking.roc_curve())
}

/// The precision-recall curve of scores, with a point for every distinct score. Both slices are of length `n_rows`.
///
/// # Errors
/// [`MetricError::Unusable`] if the lengths differ or a score is not finite; [`MetricError::Undefined`] if there is
/// no positive row.
pub fn pr_curve(positive: &[bool], scores: &[f64]) -> Result<PrCurve, MetricError> {
    let ranking = ranked(positive, scores)?;
    if ranking.total().true_positives == 0 {
        let reason = "no positive row".to_owned();
        return Err(MetricError::Undefined { metric: Metric::PrAuc, reason });
    }
    Ok(ranking.pr_curve())
}

fn ranked(positive: &[bool], scores: &[f64]) -> Result<Ranking, MetricError> {
    if positive.len() != scores.len() {
        let reason = format!("{} rows have a target, {} a score", positive.len(), scores.len());
        return Err(MetricError::Unusable { reason });
    }
    if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
        return Err(MetricError::Unusable { reason: format!("the score of row {row} is {}", scores[row]) });
    }
    Ok(Ranking::new(scores.iter().copied().zip(positive.iter().copied()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POSITIVE: [bool; 4] = [false, false, true, true];
    const SCORES: [f64; 4] = [0.1, 0.4, 0.35, 0.8];

    #[test]
    fn curves_equal_the_examples_of_scikit_learn() {
        let roc = roc_curve(&POSITIVE, &SCORES).unwrap();
        assert_eq!(roc.false_positive_rate, [0.0, 0.0, 0.5, 0.5, 1.0]);
        assert_eq!(roc.true_positive_rate, [0.0, 0.5, 0.5, 1.0, 1.0]);
        assert_eq!(roc.thresholds, [f64::INFINITY, 0.8, 0.4, 0.35, 0.1]);
        let pr = pr_curve(&POSITIVE, &SCORES).unwrap();
        assert_eq!(pr.precision, [0.5, 2.0 / 3.0, 0.5, 1.0, 1.0]);
        assert_eq!(pr.recall, [1.0, 1.0, 0.5, 0.5, 0.0]);
        assert_eq!(pr.thresholds, [0.1, 0.35, 0.4, 0.8]);
    }

    #[test]
    fn ties_count_half() {
        let ranking = Ranking::new(vec![(0.5, true), (0.5, false), (0.5, false)]);
        assert_eq!(ranking.roc_auc(), Some(0.5));
        assert_eq!(ranking.steps.len(), 1);
    }

    #[test]
    fn both_zeros_are_one_score() {
        assert_eq!(Ranking::new(vec![(-0.0, true), (0.0, false)]).roc_auc(), Some(0.5));
    }

    #[test]
    fn unusable_and_undefined_inputs_are_told_apart() {
        assert_eq!(
            roc_curve(&[true], &[f64::NAN]).unwrap_err().to_string(),
            "cannot compare target and predictions: the score of row 0 is NaN"
        );
        assert_eq!(
            roc_curve(&[true], &[0.5]).unwrap_err().to_string(),
            "`roc_auc` is undefined here: 1 positive and 0 negative rows"
        );
        assert!(matches!(pr_curve(&[], &[]), Err(MetricError::Undefined { metric: Metric::PrAuc, .. })));
        assert!(matches!(pr_curve(&[true], &[]), Err(MetricError::Unusable { .. })));
    }
}
