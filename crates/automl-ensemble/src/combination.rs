//! One model, an ensemble or a stack: whichever is honestly best.

use automl_core::{Predictions, Seed};
use serde::{Deserialize, Serialize};

use crate::error::EnsembleError;
use crate::library::Candidate;
use crate::nested::Nested;
use crate::rows::Parts;
use crate::scorer::Scorer;
use crate::selection::{GreedyConfig, GreedySelector, Selection};
use crate::stacking::{Stack, StackConfig, Stacker};

/// A way to make one prediction of several models': plain data, to be kept with them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combination {
    /// One model, with weight 1.
    Single(Selection),
    /// A weighted mean, chosen greedily.
    Selection(Selection),
    /// A second model on the models' predictions.
    Stack(Stack),
}

impl Combination {
    /// A weight for each candidate, in the order given; models of weight 0 need not be kept.
    pub fn weights(&self) -> &[f64] {
        match self {
            Combination::Single(selection) | Combination::Selection(selection) => &selection.weights,
            Combination::Stack(stack) => &stack.weights,
        }
    }

    /// The prediction from those of the models, in the order of the candidates.
    ///
    /// # Errors
    /// Those of [`Selection::apply`] and [`Stack::apply`].
    pub fn apply(&self, models: &[&Predictions]) -> Result<Predictions, EnsembleError> {
        match self {
            Combination::Single(selection) | Combination::Selection(selection) => selection.apply(models),
            Combination::Stack(stack) => stack.apply(models),
        }
    }
}

/// The combination chosen, fitted on all rows, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CombinationChoice {
    /// Fitted on all rows.
    pub combination: Combination,
    /// What choosing the best single model is honestly worth.
    pub single: Nested,
    /// What selecting an ensemble is.
    pub selection: Nested,
    /// What stacking is.
    pub stack: Nested,
}

/// The combination of the best nested score; of equals the simplest.
///
/// The score of the one chosen is again a little too good, as that of the best of three. A bound on the time to predict
/// a row is best the same in both settings; that of `greedy` holds for the single model too.
///
/// # Errors
/// Those of [`GreedySelector::nested_score`] and [`Stacker::nested_score`].
pub fn combine(
    scorer: &Scorer<'_>,
    candidates: &[Candidate<'_>],
    greedy: &GreedyConfig,
    stack: &StackConfig,
    parts: &Parts,
    seed: Seed,
) -> Result<CombinationChoice, EnsembleError> {
    let best_single = GreedySelector::new(GreedyConfig { n_rounds: 1, n_bags: 1, ..greedy.clone() })?;
    let selector = GreedySelector::new(greedy.clone())?;
    let stacker = Stacker::new(stack.clone())?;
    let of_single = best_single.nested_score(scorer, candidates, parts, seed)?;
    let of_selection = selector.nested_score(scorer, candidates, parts, seed)?;
    let of_stack = stacker.nested_score(scorer, candidates, parts, seed)?;
    let cost = |nested: &Nested| scorer.direction().cost(nested.score);
    let (single, selection, stack) = (cost(&of_single), cost(&of_selection), cost(&of_stack));
    let combination = if single <= selection && single <= stack {
        Combination::Single(best_single.select(scorer, candidates, seed)?)
    } else if selection <= stack {
        Combination::Selection(selector.select(scorer, candidates, seed)?)
    } else {
        Combination::Stack(stacker.fit(scorer, candidates, Some(parts), seed)?)
    };
    Ok(CombinationChoice { combination, single: of_single, selection: of_selection, stack: of_stack })
}
