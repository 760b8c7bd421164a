//! The cost of "what is chosen so far, and this one too", for each kind of metric.
//!
//! Greedy selection asks it of every candidate in every round, so each kind keeps of the chosen models only what an
//! answer needs, and of the candidates only what enters the metric.
//!
//! | kind | metrics | kept of a model | an answer costs |
//! |---|---|---|---|
//! | [`likelihood`] | log loss | probability of the true class | rows |
//! | [`quadratic`] | RMSE, R², Brier | residuals, and their products with the chosen models' | 1 |
//! | [`pointwise`] | MAE, MAPE, RMSLE | predictions | rows |
//! | [`labels`] | accuracy, F1 and all others of predicted classes | predictions | rows · classes |
//! | [`ranking`] | ROC AUC, PR AUC | probabilities | rows · classes, several times (radix sort) |
//! | [`whole`] | median absolute error | predictions | one evaluation of the metric |

mod labels;
mod likelihood;
mod pointwise;
mod quadratic;
mod ranking;
mod whole;

use automl_core::{Metric, Target};

use crate::confusion::is_of_classes;
use crate::error::EnsembleError;
use crate::library::Candidate;
use crate::scorer::Scorer;

/// The cost of the mean of some models, as models are added. Models are known by their index.
pub(super) trait Loss: Sync {
    /// The cost of the mean of the chosen models and `model`. It rises with the metric's cost, but need not be it:
    /// costs are compared with each other alone.
    fn cost_with(&self, model: usize) -> Result<f64, EnsembleError>;

    /// Chooses `model`, once more if it was chosen before.
    fn add(&mut self, model: usize);

    /// Chooses nothing.
    fn clear(&mut self);
}

/// The loss of a metric on some rows. The candidates have been checked.
pub(super) fn loss_of<'a>(
    scorer: &Scorer<'a>,
    candidates: &[Candidate<'a>],
    rows: &'a [usize],
) -> Box<dyn Loss + 'a> {
    match scorer.metric() {
        Metric::LogLoss => Box::new(likelihood::Likelihood::new(scorer, candidates, rows)),
        Metric::Rmse | Metric::R2 | Metric::Brier => {
            Box::new(quadratic::Quadratic::new(scorer, candidates, rows))
        }
        Metric::Mae | Metric::Mape | Metric::Rmsle => {
            Box::new(pointwise::Pointwise::new(scorer, candidates, rows))
        }
        metric if is_of_classes(metric) => Box::new(labels::Labels::new(scorer, candidates, rows)),
        Metric::RocAuc | Metric::PrAuc => Box::new(ranking::Ranking::new(scorer, candidates, rows)),
        _ => Box::new(whole::Whole::new(scorer, candidates, rows)),
    }
}

/// The weights of some rows, summing to 1.
fn weights(scorer: &Scorer<'_>, rows: &[usize]) -> Vec<f64> {
    let weights: Vec<f64> = rows.iter().map(|&row| scorer.weight(row)).collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// Numbers of the target on some rows; none for classes.
fn numbers(scorer: &Scorer<'_>, rows: &[usize]) -> Vec<f64> {
    match scorer.target() {
        Target::Real(values) => rows.iter().map(|&row| values[row]).collect(),
        Target::Classes { .. } => Vec::new(),
    }
}

/// Classes of the target on some rows; none for numbers.
fn codes(scorer: &Scorer<'_>, rows: &[usize]) -> Vec<u32> {
    match scorer.target() {
        Target::Classes { codes, .. } => rows.iter().map(|&row| codes[row]).collect(),
        Target::Real(_) => Vec::new(),
    }
}

/// Values accumulated side by side. The compiler makes vectors of it, and the order of the sum is fixed.
const LANES: usize = 8;

/// `Σ of(aᵢ, bᵢ)` in one fixed order.
#[inline]
fn lane_sum(a: &[f64], b: &[f64], of: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            lanes[lane] += of(a[lane], b[lane]);
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| of(*a, *b)).sum();
    lanes.iter().sum::<f64>() + rest
}

/// Adds element-wise.
fn add_to(sum: &mut [f64], values: &[f64]) {
    sum.iter_mut().zip(values).for_each(|(total, value)| *total += value);
}

#[cfg(test)]
mod tests {
    use automl_core::{Matrix, Predictions, Task};
    use proptest::prelude::*;

    use super::*;
    use crate::library::blend_rows;

    const IDS: [&str; 4] = ["a", "b", "c", "d"];
    const N_ROWS: usize = 18;

    /// After any choices every candidate is ranked as the metric, computed from scratch, ranks it.
    fn check(target: &Target, models: &[Predictions], choices: &[usize], rows: &[usize], task: Task) {
        let all: Vec<&Predictions> = models.iter().collect();
        let candidate = |(predictions, id)| Candidate { id, family: id, predictions, ms_per_row: 0.0 };
        let candidates: Vec<Candidate<'_>> = models.iter().zip(IDS).map(candidate).collect();
        let weights: Vec<f32> = (0..N_ROWS).map(|row| 0.5 + (row % 3) as f32).collect();
        for metric in Metric::of_task(task) {
            let plain = Scorer::new(metric, target).unwrap();
            for scorer in [Ok(plain), plain.with_weights(&weights)].into_iter().flatten() {
                let mut loss = loss_of(&scorer, &candidates, rows);
                loss.add(2);
                loss.clear();
                let mut counts = [0.0; IDS.len()];
                for &choice in choices {
                    let n_chosen = 1.0 + counts.iter().sum::<f64>();
                    let from_scratch = |model: usize| {
                        let mut shares = counts;
                        shares[model] += 1.0;
                        let mean = blend_rows(&all, &shares.map(|count| count / n_chosen), rows).unwrap();
                        scorer.cost_of_rows(&mean, rows)
                    };
                    let pairs: Vec<_> =
                        (0..IDS.len()).map(|of| (loss.cost_with(of), from_scratch(of))).collect();
                    for (cost, wanted) in &pairs {
                        assert_eq!(cost.is_ok(), wanted.is_ok(), "{metric}: {cost:?} {wanted:?}");
                        for (other, other_wanted) in &pairs {
                            let (Ok(a), Ok(b), Ok(c), Ok(d)) = (cost, other, wanted, other_wanted) else {
                                continue;
                            };
                            assert!(c - d < 1e-6 || a > b, "{metric}: {a} and {b}, but {c} and {d}");
                        }
                    }
                    loss.add(choice);
                    counts[choice] += 1.0;
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn candidates_are_ranked_as_by_the_metric(
            numbers in proptest::collection::vec(0.01..1.0_f64, N_ROWS * 3 * IDS.len()),
            codes in proptest::collection::vec(0..3_u32, N_ROWS),
            choices in proptest::collection::vec(0..IDS.len(), 1..9),
            skipped in 0..N_ROWS,
        ) {
            let rows: Vec<usize> = (0..N_ROWS).filter(|row| *row != skipped).collect();
            for n_classes in [2, 3] {
                let model = |values: &[f64]| {
                    let mut proba = Matrix::new(N_ROWS, n_classes, values[..N_ROWS * n_classes].to_vec());
                    for row in 0..N_ROWS {
                        let sum: f64 = proba.row(row).iter().sum();
                        for p in proba.row_mut(row) {
                            *p /= sum;
                        }
                    }
                    Predictions::Proba(proba)
                };
                let models: Vec<Predictions> = numbers.chunks_exact(N_ROWS * 3).map(model).collect();
                let codes = codes.iter().map(|code| code % n_classes as u32).collect();
                let task = if n_classes == 2 { Task::Binary } else { Task::Multiclass };
                check(&Target::Classes { codes, n_classes }, &models, &choices, &rows, task);
            }
            let models: Vec<Predictions> =
                numbers.chunks_exact(N_ROWS * 3).map(|values| Predictions::Real(values[..N_ROWS].to_vec())).collect();
            let target = Target::Real(codes.iter().map(|code| f64::from(*code) / 2.5).collect());
            check(&target, &models, &choices, &rows, Task::Regression);
        }
    }
}
