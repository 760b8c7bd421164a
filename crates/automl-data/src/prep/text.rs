//! Texts: the n-grams that tell something of the target, weighted by how rare they are.
//!
//! N-grams are known by their hash, so that counting them takes the same memory for any number of texts. To hash into as few
//! buckets as become features would be less work (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning",
//! 2009), but the many rare n-grams would drown the few that tell something. Those are kept whose presence goes with the
//! target more than chance would have it among as many; without a target, those whose weighted counts vary most. Measured
//! in `experiments/bench/text.md`.

use std::ops::AddAssign;

use automl_core::Target;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::block::Block;
use super::config::{PrepConfig, TextNgrams};
use super::ngrams::{NgramKind, Ngrams};
use super::relevance::Relevance;

/// Texts counted by one task at a time.
const CHUNK: usize = 4096;
/// Buckets that n-grams are hashed into: so many that those which are kept hardly share theirs with others, and so few that
/// counting stays in the cache.
const N_BUCKETS: usize = 1 << 16;
/// The share of the texts that an n-gram must be in, from [`FEWEST_TEXTS`] to [`ENOUGH_TEXTS`] of them.
const SHARE_OF_TEXTS: f64 = 0.01;
/// What is in one text tells nothing of others.
const FEWEST_TEXTS: u32 = 2;
/// As many texts are enough, however many there are.
const ENOUGH_TEXTS: u32 = 5;
/// Most n-grams of a kind that are compared with the target.
const MOST_CANDIDATES: usize = 1 << 14;
/// Most sums that are kept for it, one a class and candidate.
const MOST_SUMS: usize = 1 << 20;

/// What was learned of a text column: one channel a kind of n-gram.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct TextStep {
    channels: Vec<Channel>,
}

impl TextStep {
    /// Fits to the train rows, whose texts and `target` decide which n-grams are kept. Without two different texts there is
    /// nothing to tell apart, and no output.
    pub(super) fn fit(
        config: &PrepConfig,
        values: &[Option<String>],
        target: Option<&Target>,
        rows: &[usize],
    ) -> Self {
        let rows: Vec<usize> = rows.iter().copied().filter(|&row| values[row].is_some()).collect();
        let texts: Vec<&str> = rows.iter().filter_map(|&row| values[row].as_deref()).collect();
        if texts.iter().all(|text| *text == texts[0]) {
            return Self { channels: Vec::new() };
        }
        let relevance = target.map(|target| Relevance::of(target, &rows));
        let kinds: &[NgramKind] = match config.text_ngrams {
            TextNgrams::Word => &[NgramKind::Word],
            TextNgrams::Char => &[NgramKind::Char],
            TextNgrams::Both => &[NgramKind::Word, NgramKind::Char],
        };
        let most = config.text_features / kinds.len();
        let fit = |&kind: &NgramKind| Channel::fit(kind, most, &texts, relevance.as_ref());
        Self { channels: kinds.iter().map(fit).collect() }
    }

    /// Number of outputs.
    pub(super) fn width(&self) -> usize {
        self.channels.iter().map(|channel| channel.buckets.len()).sum()
    }

    /// Names of the outputs of the column `name`.
    pub(super) fn names(&self, name: &str) -> Vec<String> {
        let of_channel = |channel: &Channel| {
            let kind = channel.kind.name();
            channel.buckets.iter().map(|bucket| format!("{name} {kind} {bucket}")).collect::<Vec<_>>()
        };
        self.channels.iter().flat_map(of_channel).collect()
    }

    /// Writes the n-grams of `rows`: vectors of length 1, all 0 where the text is missing or holds none of
    /// those that are kept.
    pub(super) fn write(&self, values: &[Option<String>], rows: &[usize], block: &mut Block<'_, f32>) {
        let share = 1.0 / (self.channels.len() as f32).sqrt();
        let mut start = 0;
        for channel in &self.channels {
            let end = start + channel.buckets.len();
            let (places, mut ngrams) = (Places::of(&channel.buckets), Ngrams::default());
            for (index, &row) in rows.iter().enumerate() {
                let Some(text) = &values[row] else { continue };
                let cells = &mut block.row(index)[start..end];
                ngrams.for_each(channel.kind, text, |hash| {
                    if let Some(place) = places.find(bucket_of(hash, channel.n_buckets)) {
                        cells[place] += sign_of(hash);
                    }
                });
                channel.weigh(share, cells);
            }
            start = end;
        }
    }
}

/// N-grams of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Channel {
    kind: NgramKind,
    /// Number of buckets that n-grams are hashed into.
    n_buckets: usize,
    /// Those that are outputs, ascending.
    buckets: Vec<usize>,
    /// Weight of each of them: `ln((1 + n) / (1 + n_with_it)) + 1`, scikit-learn's smooth idf.
    weights: Vec<f64>,
}

impl Channel {
    /// Keeps at most `most` n-grams.
    fn fit(kind: NgramKind, most: usize, texts: &[&str], relevance: Option<&Relevance>) -> Self {
        let counts = n_texts_with(kind, texts);
        let n = texts.len() as f64;
        let fewest = ((SHARE_OF_TEXTS * n) as u32).clamp(FEWEST_TEXTS, ENOUGH_TEXTS);
        let weight = |bucket: usize| ((1.0 + n) / (1.0 + f64::from(counts[bucket]))).ln() + 1.0;
        // The variance that the output has, but for the length of texts: "is in it" times its weight.
        let variance = |bucket: &usize| {
            let share = f64::from(counts[*bucket]) / n;
            share * (1.0 - share) * weight(*bucket).powi(2)
        };
        let frequent = (0..N_BUCKETS).filter(|&bucket| counts[bucket] >= fewest).collect();
        let mut buckets = match relevance {
            None => best(frequent, variance, most),
            Some(relevance) => {
                let n_candidates = MOST_SUMS / relevance.n_places().max(1);
                let candidates = best(frequent, variance, n_candidates.clamp(most, MOST_CANDIDATES));
                let sums = sums(kind, &candidates, texts, relevance);
                let statistic = |place: &usize| {
                    let sums = &sums[place * relevance.n_places()..][..relevance.n_places()];
                    relevance.statistic(sums, counts[candidates[*place]])
                };
                let bound = relevance.bound(candidates.len());
                let telling = (0..candidates.len()).filter(|place| statistic(place) > bound).collect();
                best(telling, statistic, most).into_iter().map(|place| candidates[place]).collect()
            }
        };
        buckets.sort_unstable();
        let weights = buckets.iter().map(|&bucket| weight(bucket)).collect();
        Self { kind, n_buckets: N_BUCKETS, buckets, weights }
    }

    /// Makes counts a weighted vector of length `share`.
    fn weigh(&self, share: f32, cells: &mut [f32]) {
        let mut squares = 0.0;
        for (cell, weight) in cells.iter_mut().zip(&self.weights) {
            *cell *= *weight as f32;
            squares += *cell * *cell;
        }
        let scale = share / squares.sqrt();
        if scale.is_finite() {
            for cell in cells {
                *cell *= scale;
            }
        }
    }
}

/// The places of some buckets: a hash table with open addressing, for buckets are hashes already.
struct Places<'a> {
    buckets: &'a [usize],
    /// One more than a place; 0 where there is none.
    slots: Vec<u32>,
}

impl<'a> Places<'a> {
    fn of(buckets: &'a [usize]) -> Self {
        // A quarter of the slots is taken at most, so that a search soon meets an empty one.
        let mut slots = vec![0; (4 * buckets.len()).next_power_of_two()];
        for (place, bucket) in (1..).zip(buckets) {
            let mut slot = bucket % slots.len();
            while slots[slot] != 0 {
                slot = (slot + 1) % slots.len();
            }
            slots[slot] = place;
        }
        Self { buckets, slots }
    }

    fn find(&self, bucket: usize) -> Option<usize> {
        // The number of slots is a power of two.
        let mask = self.slots.len() - 1;
        let mut slot = bucket & mask;
        loop {
            let place = (self.slots[slot] as usize).checked_sub(1)?;
            if self.buckets[place] == bucket {
                return Some(place);
            }
            slot = (slot + 1) & mask;
        }
    }
}

fn bucket_of(hash: u64, n_buckets: usize) -> usize {
    (((hash >> 32) * n_buckets as u64) >> 32) as usize
}

/// A bit of the hash decides the sign, so that n-grams which share a bucket cancel rather than add up (Weinberger et al.
/// 2009, section 2).
fn sign_of(hash: u64) -> f32 {
    if hash & 1 == 0 { 1.0 } else { -1.0 }
}

/// The `most` of greatest `merit`, the greatest first; of equals the first.
fn best(all: Vec<usize>, merit: impl Fn(&usize) -> f64, most: usize) -> Vec<usize> {
    let mut judged: Vec<(usize, f64)> = all.into_iter().map(|item| (item, merit(&item))).collect();
    judged.sort_by(|a, b| b.1.total_cmp(&a.1));
    judged.truncate(most);
    judged.into_iter().map(|(item, _)| item).collect()
}

/// Of each bucket, the number of texts with an n-gram in it.
fn n_texts_with(kind: NgramKind, texts: &[&str]) -> Vec<u32> {
    let count = |mut totals: Vec<u32>, part: &[&str]| {
        let (mut ngrams, mut last_in) = (Ngrams::default(), vec![u32::MAX; N_BUCKETS]);
        for (index, text) in (0..).zip(part) {
            ngrams.for_each(kind, text, |hash| {
                let bucket = bucket_of(hash, N_BUCKETS);
                if last_in[bucket] != index {
                    last_in[bucket] = index;
                    totals[bucket] += 1;
                }
            });
        }
        totals
    };
    let none = || vec![0; N_BUCKETS];
    texts.par_chunks(CHUNK).fold(none, count).reduce(none, added)
}

/// Of each candidate, what the rows with it add up to.
fn sums(kind: NgramKind, candidates: &[usize], texts: &[&str], relevance: &Relevance) -> Vec<i64> {
    let (places, n_places) = (Places::of(candidates), relevance.n_places());
    let add = |mut sums: Vec<i64>, (chunk, part): (usize, &[&str])| {
        let (mut ngrams, mut last_in) = (Ngrams::default(), vec![u32::MAX; candidates.len()]);
        for (index, text) in (0..).zip(part) {
            ngrams.for_each(kind, text, |hash| {
                let Some(place) = places.find(bucket_of(hash, N_BUCKETS)) else { return };
                if last_in[place] != index {
                    last_in[place] = index;
                    relevance.add(chunk * CHUNK + index as usize, &mut sums[place * n_places..][..n_places]);
                }
            });
        }
        sums
    };
    let none = || vec![0; candidates.len() * n_places];
    texts.par_chunks(CHUNK).enumerate().fold(none, add).reduce(none, added)
}

/// The sums of two tasks as one. Sums of integers do not depend on their order, nor on the number of threads.
fn added<T: AddAssign>(mut left: Vec<T>, right: Vec<T>) -> Vec<T> {
    left.iter_mut().zip(right).for_each(|(total, sum)| *total += sum);
    left
}
