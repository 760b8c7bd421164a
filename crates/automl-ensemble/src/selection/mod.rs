//! Greedy ensemble selection with replacement.
//!
//! R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, "Ensemble selection from libraries of models" (ICML 2004):
//! begin with the best models, then add, again and again, the model with which the mean of all chosen ones is best.
//! A model may be chosen several times, so that a mean of choices is a weighted mean of models. Of all rounds the best
//! counts.
//!
//! The paper's three guards against choosing what does well by chance are here: replacement, sorted initialisation
//! and bagged libraries. Two things are added: a bound on the time to predict a row, and ties that go to ensembles of
//! fewer and faster models.

mod config;
mod greedy;
mod loss;

use automl_core::{Predictions, Purpose, Seed};
use serde::{Deserialize, Serialize};

use crate::error::EnsembleError;
use crate::generator::Generator;
use crate::library::{self, Candidate, blend, blend_rows};
use crate::nested::{Nested, nested};
use crate::rows::Parts;
use crate::scorer::Scorer;
use crate::shortlist::shortlist;

pub use config::GreedyConfig;
use greedy::Greedy;
use loss::loss_of;

/// Chooses ensembles; see the [module](self).
#[derive(Debug, Clone, PartialEq)]
pub struct GreedySelector {
    config: GreedyConfig,
}

/// An ensemble: a weighted mean of models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    /// A weight for each candidate, in the order given: at least 0, summing to 1.
    pub weights: Vec<f64>,
    /// The metric on the rows it was chosen on. It flatters: [`GreedySelector::nested_score`] does not.
    pub score: f64,
    /// Time to predict one row with all models of a weight above 0, in milliseconds.
    pub ms_per_row: f64,
}

impl Selection {
    /// The ensemble's predictions from those of the models, in the order of the candidates. Those of models without
    /// weight are not looked at, but for their place.
    ///
    /// # Errors
    /// Those of [`blend`].
    pub fn apply(&self, models: &[&Predictions]) -> Result<Predictions, EnsembleError> {
        blend(models, &self.weights)
    }
}

impl GreedySelector {
    /// # Errors
    /// [`EnsembleError::OutOfRange`] for a setting outside its range.
    pub fn new(config: GreedyConfig) -> Result<Self, EnsembleError> {
        config.check()?;
        Ok(Self { config })
    }

    /// Chooses on all rows. With one bag the ensemble's cost is never above that of the best candidate that the bound
    /// on time allows, by more than rounding (for areas under curves about 1e-7).
    ///
    /// # Errors
    /// Of candidates that do not fit the scorer (named by their ids) or are named alike;
    /// [`EnsembleError::Budget`] if none is fast enough; [`EnsembleError::Metric`] where the metric has no value.
    pub fn select(
        &self,
        scorer: &Scorer<'_>,
        candidates: &[Candidate<'_>],
        seed: Seed,
    ) -> Result<Selection, EnsembleError> {
        library::check(scorer, candidates)?;
        let rows: Vec<usize> = (0..scorer.n_rows()).collect();
        let weights = self.weights(scorer, candidates, &rows, seed)?;
        let blended = blend(&predictions(candidates), &weights)?;
        let used = candidates.iter().zip(&weights).filter(|(_, weight)| **weight > 0.0);
        let ms_per_row = used.map(|(candidate, _)| candidate.ms_per_row).sum();
        Ok(Selection { score: scorer.score(&blended)?, weights, ms_per_row })
    }

    /// What selection is honestly worth: the score on each part of the ensemble chosen on the others. With
    /// `n_rounds` 1 it is the worth of "the best single model".
    ///
    /// # Errors
    /// As [`GreedySelector::select`] and [`nested()`].
    pub fn nested_score(
        &self,
        scorer: &Scorer<'_>,
        candidates: &[Candidate<'_>],
        parts: &Parts,
        seed: Seed,
    ) -> Result<Nested, EnsembleError> {
        library::check(scorer, candidates)?;
        let models = predictions(candidates);
        nested(scorer, parts, |fit, held_out| {
            blend_rows(&models, &self.weights(scorer, candidates, fit, seed)?, held_out)
        })
    }

    /// Weights of checked candidates, chosen on some rows.
    fn weights(
        &self,
        scorer: &Scorer<'_>,
        candidates: &[Candidate<'_>],
        rows: &[usize],
        seed: Seed,
    ) -> Result<Vec<f64>, EnsembleError> {
        let places = shortlist(&self.config.limits(), scorer, candidates, rows)?;
        let listed: Vec<Candidate<'_>> = places.iter().map(|&place| candidates[place]).collect();
        let mut greedy = Greedy::new(&self.config, &listed, loss_of(scorer, &listed, rows));
        let mut weights = vec![0.0; candidates.len()];
        let mut generator = Generator::new(seed.purpose(Purpose::Sample));
        let mut n_chosen = 0.0;
        for _ in 0..self.config.n_bags {
            let mut bag: Vec<usize> = (0..listed.len()).collect();
            if self.config.n_bags > 1 {
                generator.shuffle(&mut bag);
                bag.truncate((listed.len() as f64 * self.config.bag_share).ceil() as usize);
                bag.sort_unstable();
            }
            // A bag in which no model is fast enough adds nothing.
            let Some(counts) = greedy.run(&bag)? else { continue };
            let total: u32 = counts.iter().sum();
            n_chosen += 1.0;
            for (&place, &count) in places.iter().zip(&counts) {
                weights[place] += f64::from(count) / f64::from(total);
            }
        }
        for weight in &mut weights {
            *weight /= n_chosen;
        }
        Ok(weights)
    }
}

fn predictions<'a>(candidates: &[Candidate<'a>]) -> Vec<&'a Predictions> {
    candidates.iter().map(|candidate| candidate.predictions).collect()
}
