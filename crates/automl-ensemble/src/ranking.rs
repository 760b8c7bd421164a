//! Areas under curves from keys `score * 2 + is positive`, whole numbers in the order of the scores.
//!
//! Whole numbers are sorted by radix, several times as fast as numbers are compared.

use automl_core::Metric;

/// Bits sorted in one pass.
const BITS: u32 = 11;
const BUCKETS: usize = 1 << BITS;

/// ROC AUC or, for any other metric, average precision. `None` for an area without a positive or a negative row.
pub(crate) fn area(metric: Metric, keys: Vec<u32>) -> Option<f64> {
    let keys = sorted(keys);
    if metric == Metric::RocAuc { roc_auc(&keys) } else { Some(average_precision(&keys)) }
}

/// [`area`] of (key, weight), in which every count of rows is a sum of weights. Rows of one key are added in the order
/// given.
pub(crate) fn weighted_area(metric: Metric, mut keys: Vec<(u32, f64)>) -> Option<f64> {
    keys.sort_by_key(|(key, _)| *key);
    let weight_of = |ties: &[(u32, f64)], positive: u32| -> f64 {
        ties.iter().filter(|(key, _)| key & 1 == positive).map(|(_, weight)| weight).sum()
    };
    let (mut positives, mut negatives, mut twice_in_order, mut precisions) = (0.0, 0.0, 0.0, 0.0);
    // From the highest score down, so that precision is made of sums alone.
    for ties in keys.chunk_by(|a, b| a.0 >> 1 == b.0 >> 1).rev() {
        let (positive, negative) = (weight_of(ties, 1), weight_of(ties, 0));
        twice_in_order += negative * (2.0 * positives + positive);
        positives += positive;
        negatives += negative;
        precisions += positive * (positives / (positives + negatives));
    }
    if metric == Metric::RocAuc {
        let pairs = positives * negatives;
        return (pairs > 0.0).then(|| twice_in_order / 2.0 / pairs);
    }
    Some(if positives > 0.0 { precisions / positives } else { 0.0 })
}

/// Area under the ROC curve of sorted keys `score * 2 + is positive`: the share of pairs in order, ties counting half.
/// `None` without a positive or a negative row.
fn roc_auc(keys: &[u32]) -> Option<f64> {
    let (mut negatives, mut positives, mut twice_in_order) = (0, 0, 0_u64);
    for ties in keys.chunk_by(|a, b| a >> 1 == b >> 1) {
        let positive = count_positive(ties);
        let negative = ties.len() as u64 - positive;
        twice_in_order += positive * (2 * negatives + negative);
        negatives += negative;
        positives += positive;
    }
    let pairs = positives * negatives;
    (pairs > 0).then(|| twice_in_order as f64 / 2.0 / pairs as f64)
}

/// `Σ (Rᵢ - Rᵢ₋₁) Pᵢ` over scores from the highest down; 0 without a positive row.
fn average_precision(keys: &[u32]) -> f64 {
    // From the lowest up, the rows at or above a score are all that have not been passed.
    let mut at_or_above = keys.len() as u64;
    let positives = count_positive(keys);
    let mut positive_above = positives;
    let mut sum = 0.0;
    for ties in keys.chunk_by(|a, b| a >> 1 == b >> 1) {
        let positive = count_positive(ties);
        sum += positive as f64 * (positive_above as f64 / at_or_above as f64);
        positive_above -= positive;
        at_or_above -= ties.len() as u64;
    }
    if positives == 0 { 0.0 } else { sum / positives as f64 }
}

fn count_positive(keys: &[u32]) -> u64 {
    keys.iter().map(|key| u64::from(key & 1)).sum()
}

/// Least significant digits first; every pass keeps the order of the one before.
fn sorted(mut keys: Vec<u32>) -> Vec<u32> {
    let mut buffer = vec![0; keys.len()];
    let digit = |key: u32, pass: u32| (key >> (pass * BITS)) as usize % BUCKETS;
    let bits = u32::BITS - keys.iter().copied().max().unwrap_or(0).leading_zeros();
    for pass in 0..bits.div_ceil(BITS) {
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

/// The place of each value in their order, equal values sharing one, from 0. Values are finite.
pub(crate) fn dense_ranks(values: &[f64]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0; values.len()];
    for (rank, ties) in order.chunk_by(|&a, &b| values[a] == values[b]).enumerate() {
        for &row in ties {
            ranks[row] = rank as u32;
        }
    }
    ranks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn radix_sort_sorts(keys in proptest::collection::vec(any::<u32>(), 0..300), shift in 0..32_u32) {
            let keys: Vec<u32> = keys.into_iter().map(|key| key >> shift).collect();
            let mut wanted = keys.clone();
            wanted.sort_unstable();
            prop_assert_eq!(sorted(keys), wanted);
        }
    }

    #[test]
    fn equal_values_share_a_rank() {
        assert_eq!(dense_ranks(&[0.5, -0.0, 0.25, 0.0, 0.5]), [2, 0, 1, 0, 2]);
    }
}
