//! The order of a category's levels, learnt once for a forest.
//!
//! By mean target, for real values and two classes; for more classes by the first principal component of the levels'
//! class probabilities (Coppersmith, Hong & Hosking 1999).

use super::answers::Answers;
use crate::trees::bins::{BinnedTable, Binner};

/// Levels of fewer rows stand in the middle: their own targets say too little, and would be learnt by heart.
const FEWEST_ROWS: u32 = 10;
/// Steps of the power iteration.
const STEPS: usize = 50;

/// Puts the bins of every category in order.
pub(super) fn order_categories(binner: &mut Binner, table: &BinnedTable, answers: &Answers, weights: &[f32]) {
    for column in 0..binner.columns.len() {
        if !binner.columns[column].is_category() {
            continue;
        }
        let n_bins = binner.columns[column].n_bins();
        let width = answers.width();
        let (mut sums, mut counts) = (vec![0.0; n_bins * width], vec![0_u32; n_bins]);
        for (row, bin) in table.column(column).into_iter().enumerate() {
            let bin = usize::from(bin);
            answers.add(&mut sums[bin * width..(bin + 1) * width], row, weights[row]);
            counts[bin] += 1;
        }
        let scores = scores(&sums, &counts, answers);
        let mut levels: Vec<usize> = (1..n_bins).collect();
        levels.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        let mut new_bins = vec![0; n_bins];
        for (position, level) in levels.into_iter().enumerate() {
            new_bins[level] = position as u8 + 1;
        }
        binner.reorder(column, &new_bins);
    }
}

/// One number a level, 0 for a rare one.
fn scores(sums: &[f64], counts: &[u32], answers: &Answers) -> Vec<f64> {
    let width = answers.width();
    let mut total = vec![0.0; width];
    for sum in sums.chunks_exact(width) {
        total.iter_mut().zip(sum).for_each(|(total, part)| *total += part);
    }
    let mean = answers.values(&total);
    let differences: Vec<Vec<f64>> = sums
        .chunks_exact(width)
        .zip(counts)
        .map(|(sum, &count)| {
            if count < FEWEST_ROWS {
                return vec![0.0; mean.len()];
            }
            answers.values(sum).iter().zip(&mean).map(|(value, mean)| value - mean).collect()
        })
        .collect();
    let weights: Vec<f64> = sums.chunks_exact(width).map(|sum| answers.weight(sum)).collect();
    let direction = first_component(&differences, &weights, mean.len());
    differences.iter().map(|difference| dot(difference, &direction)).collect()
}

/// The direction in which weighted vectors differ most, by power iteration from the largest of them.
fn first_component(vectors: &[Vec<f64>], weights: &[f64], width: usize) -> Vec<f64> {
    if width == 1 {
        return vec![1.0];
    }
    let length = |vector: &[f64]| dot(vector, vector);
    let largest = vectors.iter().max_by(|a, b| length(a).total_cmp(&length(b)));
    let mut direction = largest.cloned().unwrap_or_else(|| vec![0.0; width]);
    for _ in 0..STEPS {
        let mut next = vec![0.0; width];
        for (vector, weight) in vectors.iter().zip(weights) {
            let factor = weight * dot(vector, &direction);
            next.iter_mut().zip(vector).for_each(|(sum, part)| *sum += factor * part);
        }
        let norm = length(&next).sqrt();
        if norm == 0.0 || !norm.is_finite() {
            break;
        }
        direction = next.into_iter().map(|part| part / norm).collect();
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
