//! Log loss: of each model the probability of the true class is all that matters.

use automl_core::Predictions;

use super::{LANES, Loss, add_to, codes, lane_sum, weights};
use crate::library::Candidate;
use crate::prepared::log_loss;
use crate::scorer::Scorer;

/// Factors multiplied before a logarithm is taken. Each is at least 2⁻⁵², so that sixteen stay above the least
/// normal number, 2⁻¹⁰²².
const DEPTH: usize = 16;

pub(super) struct Likelihood {
    /// Probability of the true class, `[n_models][n_rows]`.
    truths: Vec<Vec<f64>>,
    /// Weights that sum to 1, where rows count differently.
    weights: Option<Vec<f64>>,
    /// Sum over the chosen models, `[n_rows]`.
    sum: Vec<f64>,
    n_chosen: usize,
}

impl Likelihood {
    pub(super) fn new(scorer: &Scorer<'_>, candidates: &[Candidate<'_>], rows: &[usize]) -> Self {
        let codes = codes(scorer, rows);
        let truth = |candidate: &Candidate<'_>| match candidate.predictions {
            Predictions::Proba(proba) => {
                rows.iter().zip(&codes).map(|(&row, &code)| proba.get(row, code as usize)).collect()
            }
            Predictions::Real(_) => Vec::new(),
        };
        Self {
            truths: candidates.iter().map(truth).collect(),
            weights: scorer.is_weighted().then(|| weights(scorer, rows)),
            sum: vec![0.0; rows.len()],
            n_chosen: 0,
        }
    }
}

impl Loss for Likelihood {
    fn cost_with(&self, model: usize) -> Result<f64, crate::EnsembleError> {
        let share = 1.0 / (self.n_chosen + 1) as f64;
        let truth = &self.truths[model];
        Ok(match &self.weights {
            None => -sum_of_logs(&self.sum, truth, share) / truth.len() as f64,
            Some(weights) => {
                let mean: Vec<f64> = self.sum.iter().zip(truth).map(|(sum, p)| (sum + p) * share).collect();
                lane_sum(weights, &mean, |weight, p| weight * log_loss(p))
            }
        })
    }

    fn add(&mut self, model: usize) {
        add_to(&mut self.sum, &self.truths[model]);
        self.n_chosen += 1;
    }

    fn clear(&mut self) {
        self.sum.fill(0.0);
        self.n_chosen = 0;
    }
}

/// `Σ ln((aᵢ + bᵢ) share)`, probabilities held as in [`log_loss`]: one logarithm for [`DEPTH`] rows.
fn sum_of_logs(a: &[f64], b: &[f64], share: f64) -> f64 {
    let held = |a: f64, b: f64| ((a + b) * share).clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    let block = LANES * DEPTH;
    let mut total = 0.0;
    for (a, b) in a.chunks(block).zip(b.chunks(block)) {
        let mut products = [1.0; LANES];
        let (a_blocks, a_rest) = a.as_chunks::<LANES>();
        let (b_blocks, b_rest) = b.as_chunks::<LANES>();
        for (a, b) in a_blocks.iter().zip(b_blocks) {
            for lane in 0..LANES {
                products[lane] *= held(a[lane], b[lane]);
            }
        }
        total += products.iter().map(|product: &f64| product.ln()).sum::<f64>();
        total += a_rest.iter().zip(b_rest).map(|(a, b)| held(*a, *b).ln()).sum::<f64>();
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_logarithm_for_many_rows_is_the_sum_of_theirs() {
        for n in [0, 1, 7, 8, 127, 128, 129, 1000] {
            // Zeros are held at the least probability, and so many of them must not underflow.
            let a: Vec<f64> =
                (0..n).map(|i| if i % 3 == 0 { 0.0 } else { f64::from(i % 10) / 10.0 }).collect();
            let b: Vec<f64> =
                (0..n).map(|i| f64::from(i % 4) / 10.0 * f64::from(u8::from(i % 3 > 0))).collect();
            let wanted: f64 = a.iter().zip(&b).map(|(a, b)| -log_loss((a + b) * 0.5)).sum();
            let got = sum_of_logs(&a, &b, 0.5);
            assert!((got - wanted).abs() <= 1e-12 * wanted.abs(), "{n}: {got} {wanted}");
        }
    }
}
