//! Dealing rows out to folds, in an order that only the seed decides.

use automl_core::Seed;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// Shuffles whose result is the same on every platform and with every build.
///
/// xoshiro256++ has a fixed stream, and the bounded draw is written out here since that of `rand` may
/// change between versions.
pub(super) struct Shuffle {
    generator: Xoshiro256PlusPlus,
}

impl Shuffle {
    pub(super) fn new(seed: Seed) -> Self {
        Shuffle { generator: Xoshiro256PlusPlus::seed_from_u64(seed.value()) }
    }

    /// Fisher and Yates' shuffle in Durstenfeld's form.
    pub(super) fn apply<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }

    /// Uniform below `bound`, by rejection: Lemire 2019, "Fast random integer generation in an interval".
    fn below(&mut self, bound: u64) -> u64 {
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.generator.next_u64()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }
}

/// Equal parts at random; sizes differ by at most one.
pub(super) fn by_row(mut rows: Vec<usize>, folds: usize, shuffle: &mut Shuffle) -> Vec<Vec<usize>> {
    shuffle.apply(&mut rows);
    deal([rows], folds)
}

/// Parts with the same share of every class; counts of a class differ by at most one, and so do the sizes.
pub(super) fn by_class(mut classes: Vec<Vec<usize>>, folds: usize, shuffle: &mut Shuffle) -> Vec<Vec<usize>> {
    for class in &mut classes {
        shuffle.apply(class);
    }
    deal(classes, folds)
}

/// Deals on from class to class like cards, so that leftovers spread over the folds.
fn deal(classes: impl IntoIterator<Item = Vec<usize>>, folds: usize) -> Vec<Vec<usize>> {
    let mut parts = vec![Vec::new(); folds];
    for (place, row) in classes.into_iter().flatten().enumerate() {
        parts[place % folds].push(row);
    }
    parts
}

/// The rows of each group, the groups in random order.
pub(super) fn by_group(rows: &[usize], groups: &[u32], shuffle: &mut Shuffle) -> Vec<Vec<usize>> {
    let n_groups = groups.iter().max().map_or(0, |group| *group as usize + 1);
    let mut members = vec![Vec::new(); n_groups];
    for &row in rows {
        members[groups[row] as usize].push(row);
    }
    members.retain(|group: &Vec<usize>| !group.is_empty());
    shuffle.apply(&mut members);
    members
}

/// Whole groups to the folds, the largest first, each to the fold with the fewest rows.
pub(super) fn even_groups(mut members: Vec<Vec<usize>>, folds: usize) -> Vec<Vec<usize>> {
    // The sort is stable, so groups of one size stay in their random order.
    members.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); folds];
    for group in members {
        let smallest = (0..folds).min_by_key(|&fold| parts[fold].len()).unwrap_or(0);
        parts[smallest].extend(group);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stored study must mean the same after an upgrade, so the stream is pinned. The value equals that of
    /// xoshiro256++ (seeded by `SplitMix64`), Lemire's draw and Durstenfeld's loop written out in plain Python.
    #[test]
    fn the_shuffle_is_stable() {
        let mut items: Vec<u32> = (0..10).collect();
        Shuffle::new(Seed(7)).apply(&mut items);
        insta::assert_snapshot!(format!("{items:?}"), @"[3, 8, 9, 4, 6, 7, 2, 5, 1, 0]");
    }

    #[test]
    fn every_order_of_three_is_equally_likely() {
        let mut counts = std::collections::BTreeMap::new();
        let mut shuffle = Shuffle::new(Seed(1));
        for _ in 0..6000 {
            let mut items = [0, 1, 2];
            shuffle.apply(&mut items);
            *counts.entry(items).or_insert(0) += 1;
        }
        // 1000 each with a standard deviation of 29.
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| (880..1120).contains(count)), "{counts:?}");
    }

    #[test]
    fn large_groups_are_evened_out() {
        let members = vec![vec![0], vec![1, 2, 3], vec![4], vec![5]];
        let sizes: Vec<usize> = even_groups(members, 2).iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 3]);
    }
}
