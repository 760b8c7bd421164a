//! Texts: hashed n-grams, weighted by how rare they are.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::block::Block;
use super::config::{PrepConfig, TextNgrams};
use super::ngrams::{NgramKind, Ngrams};

/// Texts counted by one task at a time.
const CHUNK: usize = 256;

/// What was learned of a text column: one channel a kind of n-gram.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct TextStep {
    channels: Vec<Channel>,
}

impl TextStep {
    /// Fits to the train rows. Without two different texts there is nothing to tell apart, and no output.
    pub(super) fn fit(config: &PrepConfig, values: &[Option<String>], rows: &[usize]) -> Self {
        let texts: Vec<&str> = rows.iter().filter_map(|&row| values[row].as_deref()).collect();
        if texts.iter().all(|text| *text == texts[0]) {
            return Self { channels: Vec::new() };
        }
        let kinds: &[NgramKind] = match config.text_ngrams {
            TextNgrams::Word => &[NgramKind::Word],
            TextNgrams::Char => &[NgramKind::Char],
            TextNgrams::Both => &[NgramKind::Word, NgramKind::Char],
        };
        let n_buckets = config.text_features / kinds.len();
        Self { channels: kinds.iter().map(|&kind| Channel::fit(kind, n_buckets, &texts)).collect() }
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

    /// Writes the n-grams of `rows`: vectors of length 1, all 0 where the text is missing or holds no
    /// n-gram that the train rows have.
    pub(super) fn write(&self, values: &[Option<String>], rows: &[usize], block: &mut Block<'_, f32>) {
        let share = 1.0 / (self.channels.len() as f32).sqrt();
        let mut start = 0;
        for channel in &self.channels {
            let end = start + channel.buckets.len();
            let mut counter = Counter::new(channel.n_buckets);
            for (index, &row) in rows.iter().enumerate() {
                let Some(text) = &values[row] else { continue };
                channel.write(counter.count(channel.kind, text), share, &mut block.row(index)[start..end]);
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
    /// Buckets that some train text fills, ascending.
    buckets: Vec<usize>,
    /// Weight of each of them: `ln((1 + n) / (1 + n_with_it)) + 1`, scikit-learn's smooth idf.
    weights: Vec<f64>,
}

impl Channel {
    fn fit(kind: NgramKind, n_buckets: usize, texts: &[&str]) -> Self {
        // Sums of integers do not depend on their order, nor on the number of threads.
        let count = |part: &[&str]| texts_with_bucket(kind, n_buckets, part);
        let sum = |mut left: Vec<u32>, right: Vec<u32>| {
            left.iter_mut().zip(right).for_each(|(total, count)| *total += count);
            left
        };
        let counts = texts.par_chunks(CHUNK).map(count).reduce(|| vec![0; n_buckets], sum);
        let buckets: Vec<usize> = (0..n_buckets).filter(|&bucket| counts[bucket] > 0).collect();
        let n = texts.len() as f64;
        let weight = |bucket: &usize| ((1.0 + n) / (1.0 + f64::from(counts[*bucket]))).ln() + 1.0;
        let weights = buckets.iter().map(weight).collect();
        Self { kind, n_buckets, buckets, weights }
    }

    /// Writes weighted counts as a vector of length `share`.
    fn write(&self, counts: &[f32], share: f32, cells: &mut [f32]) {
        let mut squares = 0.0;
        for ((cell, bucket), weight) in cells.iter_mut().zip(&self.buckets).zip(&self.weights) {
            *cell = counts.get(*bucket).copied().unwrap_or(0.0) * *weight as f32;
            squares += *cell * *cell;
        }
        let scale = share / squares.sqrt();
        if scale.is_finite() {
            for cell in cells {
                *cell *= scale;
            }
        } else {
            cells.fill(0.0);
        }
    }
}

fn texts_with_bucket(kind: NgramKind, n_buckets: usize, texts: &[&str]) -> Vec<u32> {
    let mut totals = vec![0; n_buckets];
    let mut counter = Counter::new(n_buckets);
    for text in texts {
        for (total, count) in totals.iter_mut().zip(counter.count(kind, text)) {
            *total += u32::from(*count != 0.0);
        }
    }
    totals
}

/// Counts n-grams by bucket; keeps its memory from text to text.
struct Counter {
    counts: Vec<f32>,
    ngrams: Ngrams,
}

impl Counter {
    fn new(n_buckets: usize) -> Self {
        Self { counts: vec![0.0; n_buckets], ngrams: Ngrams::default() }
    }

    /// Signed counts, one a bucket. The sign is a bit of the hash, so that n-grams which share a bucket
    /// cancel rather than add up: Weinberger et al., "Feature Hashing for Large Scale Multitask
    /// Learning", 2009, section 2.
    fn count(&mut self, kind: NgramKind, text: &str) -> &[f32] {
        let Self { counts, ngrams } = self;
        counts.fill(0.0);
        let n_buckets = counts.len() as u64;
        ngrams.for_each(kind, text, |hash| {
            let bucket = ((hash >> 32) * n_buckets) >> 32;
            let sign = if hash & 1 == 0 { 1.0 } else { -1.0 };
            if let Some(count) = counts.get_mut(bucket as usize) {
                *count += sign;
            }
        });
        counts
    }
}
