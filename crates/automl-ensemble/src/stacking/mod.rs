//! Stacking: a second model, fitted on the out-of-fold predictions of the first ones.
//!
//! D. H. Wolpert, "Stacked generalization" (1992); L. Breiman, "Stacked regressions" (1996), who found that weights
//! must not be negative, since the models predict the same thing and are highly correlated.
//!
//! | Target | Model | Minimised over weights `w >= 0` and biases `b` |
//! |---|---|---|
//! | numbers | `Σ wₘ xₘ + b` | mean squared error / variance of the target `/ 2 + penalty \|w - 1/M\|² / 2` |
//! | classes | `softmax_k(Σ wₘ ln pₘₖ + bₖ)` | mean log loss `+ penalty (\|w - 1/M\|² + \|b\|²) / 2` |
//!
//! A strong penalty leaves the plain mean (for classes: the geometric mean) of the `M` models rather than nothing, and
//! weights need not sum to 1: for classes their sum sharpens or flattens the probabilities, so that a stack calibrates
//! too. Its strength is the one that is best, by the metric, in a cross-validation over the rows.

mod bounded;
mod config;
mod linear;
mod log_linear;
mod stack;

use automl_core::{Seed, evenly_chosen};

use crate::error::EnsembleError;
use crate::library::{self, Candidate};
use crate::nested::{Nested, nested};
use crate::rows::Parts;
use crate::scorer::Scorer;
use crate::shortlist::{Limits, shortlist};

pub use config::StackConfig;
pub use stack::Stack;

/// Rows times classes that a log-linear stack is fitted on: a weight a model and a bias a class are known from fewer rows than
/// there often are, and the nested fits of all penalties take as long as there are answers.
const MOST_ANSWERS: usize = 30_000;

/// Fits stacks; see the [module](self).
#[derive(Debug, Clone, PartialEq)]
pub struct Stacker {
    config: StackConfig,
}

impl Stacker {
    /// # Errors
    /// [`EnsembleError::OutOfRange`] for a setting outside its range.
    pub fn new(config: StackConfig) -> Result<Self, EnsembleError> {
        config.check()?;
        Ok(Self { config })
    }

    /// Fits on all rows. The penalty is chosen with `parts`, or with random ones where none are given.
    ///
    /// # Errors
    /// Of candidates that do not fit the scorer (named by their ids) or are named alike, and those of [`nested()`].
    pub fn fit(
        &self,
        scorer: &Scorer<'_>,
        candidates: &[Candidate<'_>],
        parts: Option<&Parts>,
        seed: Seed,
    ) -> Result<Stack, EnsembleError> {
        library::check(scorer, candidates)?;
        let rows: Vec<usize> = (0..scorer.n_rows()).collect();
        if let Some(parts) = parts {
            return self.fit_rows(scorer, candidates, &rows, parts);
        }
        let parts = Parts::stratified(scorer.target(), self.config.n_parts, seed)?;
        self.fit_rows(scorer, candidates, &rows, &parts)
    }

    /// What stacking, the choice of the penalty included, is honestly worth: the score on each part of the stack fitted
    /// on the others. There the penalty is chosen with those other parts, and with random ones if only one is left.
    ///
    /// # Errors
    /// As [`Stacker::fit`].
    pub fn nested_score(
        &self,
        scorer: &Scorer<'_>,
        candidates: &[Candidate<'_>],
        parts: &Parts,
        seed: Seed,
    ) -> Result<Nested, EnsembleError> {
        library::check(scorer, candidates)?;
        nested(scorer, parts, |fit, held_out| {
            let inner = if parts.len() > 2 {
                parts.within(fit)?
            } else {
                Parts::stratified(&scorer.target().select(fit), self.config.n_parts, seed)?
            };
            let stack = self.fit_rows(scorer, candidates, fit, &inner)?;
            stack.on_rows(candidates, held_out)
        })
    }

    /// Fits on some rows of checked candidates; `parts` are of positions in `rows`.
    fn fit_rows(
        &self,
        scorer: &Scorer<'_>,
        candidates: &[Candidate<'_>],
        rows: &[usize],
        parts: &Parts,
    ) -> Result<Stack, EnsembleError> {
        let penalties = self.config.descending();
        let mut costs = vec![0.0; penalties.len()];
        if penalties.len() > 1 {
            for (fit, held_out) in parts.splits() {
                let of =
                    |places: &[usize]| -> Vec<usize> { places.iter().map(|&place| rows[place]).collect() };
                let held_out = of(held_out);
                let stacks = self.path(scorer, candidates, &of(&fit), &penalties)?;
                for (stack, cost) in stacks.iter().zip(&mut costs) {
                    let predicted = stack.on_rows(candidates, &held_out)?;
                    *cost += scorer.cost_of_rows(&predicted, &held_out)?;
                }
            }
        }
        let mut best = 0;
        for place in 1..costs.len() {
            if costs[place] < costs[best] {
                best = place;
            }
        }
        // The path down to the penalty chosen: the same steps as in the cross-validation.
        let mut stacks = self.path(scorer, candidates, rows, &penalties[..=best])?;
        Ok(stacks.swap_remove(best))
    }

    /// A stack for each of the penalties, which fall.
    fn path(
        &self,
        scorer: &Scorer<'_>,
        candidates: &[Candidate<'_>],
        rows: &[usize],
        penalties: &[f64],
    ) -> Result<Vec<Stack>, EnsembleError> {
        let budget = self.config.max_ms_per_row.unwrap_or(f64::INFINITY);
        let limits = Limits { n_candidates: self.config.n_candidates, budget, speeds: Vec::new() };
        let mut places = shortlist(&limits, scorer, candidates, rows)?;
        let mut spent = 0.0;
        places.retain(|&place| {
            let with_it = spent + candidates[place].ms_per_row;
            let fits = with_it <= budget;
            spent = if fits { with_it } else { spent };
            fits
        });
        let listed: Vec<Candidate<'_>> = places.iter().map(|&place| candidates[place]).collect();
        let spread = |listed: &[f64]| {
            let mut weights = vec![0.0; candidates.len()];
            places.iter().zip(listed).for_each(|(&place, &weight)| weights[place] = weight);
            weights
        };
        if scorer.n_classes() == 0 {
            let moments = linear::Moments::new(scorer, &listed, rows);
            let mut weights = vec![1.0 / listed.len() as f64; listed.len()];
            let at = |&penalty: &f64| {
                let intercept = moments.solve(penalty, &mut weights);
                Stack { weights: spread(&weights), biases: vec![intercept], penalty }
            };
            return Ok(penalties.iter().map(at).collect());
        }
        let some = evenly_chosen(rows, (MOST_ANSWERS / scorer.n_classes()).max(1));
        let problem = log_linear::Problem::new(scorer, &listed, &some, self.config.class_biases);
        let mut point = problem.start();
        let at = |&penalty: &f64| {
            problem.minimise(penalty, &mut point);
            let (weights, biases) = point.split_at(listed.len());
            let mut biases = biases.to_vec();
            biases.resize(scorer.n_classes(), 0.0);
            Stack { weights: spread(weights), biases, penalty }
        };
        Ok(penalties.iter().map(at).collect())
    }
}
