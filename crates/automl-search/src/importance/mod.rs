//! Hyper-parameter importance: which parameters the cost depends on, from the trials of a search.
//!
//! | module | holds | answers |
//! |---|---|---|
//! | [`fanova`] | [`Fanova`]: variance of a random forest over the space | what matters over the whole space, alone and in pairs? |
//! | [`ped_anova`] | [`PedAnova`]: densities of good trials against those of all | what must be right to be among the best 10 %? |
//! | [`error`] | [`ImportanceError`] | |
//! | `observations` | the trials that count, and their targets | |
//!
//! Only complete trials with a finite target count. The target is usually [`cost`]; it may be anything that is known of a
//! trial, such as its seconds. Parameters with one value are left out: there is nothing to choose.

pub mod error;
pub mod fanova;
mod observations;
pub mod ped_anova;
#[cfg(test)]
mod reference_tests;

use automl_core::TrialRecord;

pub use error::ImportanceError;
pub use fanova::{Fanova, FanovaConfig};
pub use ped_anova::{PedAnova, PedAnovaConfig};

/// Fewest trials from which an importance is computed.
pub const MIN_TRIALS: usize = 10;

/// What a parameter's importance is to explain: a number of a trial, lower is better; `None` leaves the trial out.
pub type Target<'a> = dyn Fn(&TrialRecord) -> Option<f64> + 'a;

/// The usual target: the trial's cost.
pub fn cost(trial: &TrialRecord) -> Option<f64> {
    trial.cost
}

/// How much one parameter matters.
#[derive(Debug, Clone, PartialEq)]
pub struct Importance {
    /// Name of the parameter.
    pub name: String,
    /// From 0, nothing depends on it, to 1, everything does.
    pub share: f64,
    /// Number of trials that it rests on: those that have the parameter.
    pub n_trials: usize,
}

/// How much two parameters matter together, beyond what each does alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Interaction {
    /// Name of one parameter; it stands before the other in the space.
    pub a: String,
    /// Name of the other.
    pub b: String,
    /// From 0 to 1.
    pub share: f64,
    /// Number of trials that it rests on: those that have both.
    pub n_trials: usize,
}

/// A parameter that too few trials have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// Name of the parameter.
    pub name: String,
    /// Number of trials that have it.
    pub n_trials: usize,
}

/// What the trials of a search say of its parameters.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Importances {
    /// The largest share first, then by name.
    pub params: Vec<Importance>,
    /// The largest share first, then by names. Empty where the method knows none.
    pub interactions: Vec<Interaction>,
    /// Parameters that fewer than [`MIN_TRIALS`] trials have, in order of the space.
    pub unknown: Vec<Unknown>,
}

impl Importances {
    fn sort(&mut self) {
        self.params.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.name.cmp(&b.name)));
        let names = |pair: &Interaction| (pair.a.clone(), pair.b.clone());
        self.interactions.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| names(a).cmp(&names(b))));
    }
}
