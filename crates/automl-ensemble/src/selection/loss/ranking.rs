//! ROC AUC of two classes: the order of the positive class's probabilities, by radix sort.
//!
//! A sum of probabilities is not negative, and then the bits of its single-precision form, read as a whole number,
//! are in the order of the sums. Three passes over eleven bits sort them. Sums nearer to each other than about 6e-8
//! of themselves count as ties, which moves an area by about as little.

use automl_core::{Metric, MetricError, Predictions};

use super::{Loss, add_to, codes};
use crate::error::EnsembleError;
use crate::library::Candidate;
use crate::scorer::Scorer;

/// Bits sorted in one pass, and passes that cover all bits.
const BITS: u32 = 11;
const PASSES: u32 = u32::BITS.div_ceil(BITS);
const BUCKETS: usize = 1 << BITS;

pub(super) struct Ranking {
    /// Probability of the positive class, `[n_models][n_rows]`.
    probabilities: Vec<Vec<f64>>,
    positive: Vec<bool>,
    /// Sum over the chosen models, `[n_rows]`.
    sum: Vec<f64>,
}

impl Ranking {
    pub(super) fn new(scorer: &Scorer<'_>, candidates: &[Candidate<'_>], rows: &[usize]) -> Self {
        let of_model = |candidate: &Candidate<'_>| match candidate.predictions {
            Predictions::Proba(proba) => rows.iter().map(|&row| proba.get(row, 1)).collect(),
            Predictions::Real(_) => Vec::new(),
        };
        Self {
            probabilities: candidates.iter().map(of_model).collect(),
            positive: codes(scorer, rows).into_iter().map(|code| code == 1).collect(),
            sum: vec![0.0; rows.len()],
        }
    }
}

impl Loss for Ranking {
    fn cost_with(&self, model: usize) -> Result<f64, EnsembleError> {
        let sums = self.sum.iter().zip(&self.probabilities[model]).map(|(sum, p)| sum + p);
        // The lowest bit of a key says whether the row is positive: ties are told apart by the bits above it.
        let key = |(sum, &positive): (f64, &bool)| {
            let bits = (sum.max(0.0) as f32).to_bits();
            (bits << 1) | u32::from(positive)
        };
        let area = area(sums.zip(&self.positive).map(key).collect());
        area.map(|area| -area).ok_or_else(|| {
            let positive = self.positive.iter().filter(|positive| **positive).count();
            let reason = format!("{positive} of {} rows are of class 1", self.positive.len());
            MetricError::Undefined { metric: Metric::RocAuc, reason }.into()
        })
    }

    fn add(&mut self, model: usize) {
        add_to(&mut self.sum, &self.probabilities[model]);
    }

    fn clear(&mut self) {
        self.sum.fill(0.0);
    }
}

/// Area under the ROC curve of keys `score * 2 + is positive`: the share of pairs in order, ties counting half.
/// `None` without a positive or a negative row.
fn area(keys: Vec<u32>) -> Option<f64> {
    let keys = sorted(keys);
    let (mut below, mut tied, mut twice_in_order, mut positives) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut score = u32::MAX;
    for key in keys {
        if key >> 1 != score {
            below += tied;
            tied = 0;
            score = key >> 1;
        }
        // Among ties the negative rows come first, since their lowest bit is 0.
        if key & 1 == 1 {
            twice_in_order += 2 * below + tied;
            positives += 1;
        } else {
            tied += 1;
        }
    }
    let pairs = positives * (below + tied);
    (pairs > 0).then(|| twice_in_order as f64 / 2.0 / pairs as f64)
}

/// Least significant digits first; every pass keeps the order of the one before.
fn sorted(mut keys: Vec<u32>) -> Vec<u32> {
    let mut buffer = vec![0; keys.len()];
    let digit = |key: u32, pass: u32| (key >> (pass * BITS)) as usize % BUCKETS;
    for pass in 0..PASSES {
        let mut places = [0_usize; BUCKETS];
        for &key in &keys {
            places[digit(key, pass)] += 1;
        }
        let mut start = 0;
        for place in &mut places {
            (*place, start) = (start, start + *place);
        }
        for &key in &keys {
            let place = &mut places[digit(key, pass)];
            buffer[*place] = key;
            *place += 1;
        }
        std::mem::swap(&mut keys, &mut buffer);
    }
    keys
}

#[cfg(test)]
mod tests {
    use automl_core::{Matrix, Target};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn radix_sort_sorts(keys in proptest::collection::vec(any::<u32>(), 0..300)) {
            let mut wanted = keys.clone();
            wanted.sort_unstable();
            prop_assert_eq!(sorted(keys), wanted);
        }

        #[test]
        fn area_is_that_of_the_metric(rows in proptest::collection::vec((0..12_u8, any::<bool>()), 2..60)) {
            let proba = rows.iter().flat_map(|(p, _)| [1.0 - f64::from(*p) / 16.0, f64::from(*p) / 16.0]).collect();
            let codes = rows.iter().map(|(_, positive)| u32::from(*positive)).collect();
            let target = Target::Classes { codes, n_classes: 2 };
            let predictions = Predictions::Proba(Matrix::new(rows.len(), 2, proba));
            let scorer = Scorer::new(Metric::RocAuc, &target).unwrap();
            let candidate = Candidate { id: "a", family: "a", predictions: &predictions, ms_per_row: 0.0 };
            let all: Vec<usize> = (0..rows.len()).collect();
            let got = Ranking::new(&scorer, &[candidate], &all).cost_with(0);
            match Metric::RocAuc.score(&target, &predictions) {
                Ok(value) => prop_assert_eq!(got.unwrap(), -value),
                Err(_) => prop_assert!(got.is_err()),
            }
        }
    }
}
