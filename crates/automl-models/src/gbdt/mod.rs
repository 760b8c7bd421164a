//! Gradient-boosted decision trees (Friedman 2001) on histograms, grown leaf-wise as in `LightGBM` (Ke et al. 2017) or level by level and
//! symmetric as in `CatBoost` (Prokhorenkova et al. 2018).
//!
//! | Task | Loss | Trees a round |
//! |---|---|---|
//! | regression | half the squared error of the target brought to mean 0 and variance 1 | 1 |
//! | two classes | log loss of `sigmoid(score)` | 1 |
//! | more classes | log loss of `softmax(scores)` | 1 a class |
//!
//! | module | holds |
//! |---|---|
//! | `config`, `space` | hyper-parameters; what is searched and what is tried first |
//! | `objective`, `math` | losses, gradients and hessians |
//! | `boost` | rounds and early stopping |
//! | `round` | one tree of a round, its sample, the scores after it |
//! | `fitted` | the fitted model and its files |
//!
//! A fit has an epoch every [`EPOCH_ROUNDS`] rounds. It ends after `max_rounds`, or once `patience` rounds have not
//! made the loss on the validation rows less; the trees up to the best
//! round are kept, none of them if no round was better than none.

mod boost;
mod config;
mod fitted;
mod math;
mod objective;
mod round;
mod space;

use std::ops::ControlFlow;
use std::path::Path;

use automl_core::{
    ArtifactError, DataProfile, Device, Epoch, FitContext, FitError, FittedModel, InputForm, Member,
    MemoryNeed, ModelFamily, ParamSpec, Params, Refit,
};

pub use config::GbdtConfig;
use fitted::GbdtModel;

/// Rounds of an epoch.
pub const EPOCH_ROUNDS: usize = 10;

/// The family of gradient-boosted trees; see the [module](self).
#[derive(Debug, Clone, Copy, Default)]
pub struct GbdtFamily;

impl ModelFamily for GbdtFamily {
    fn id(&self) -> &'static str {
        "gbdt"
    }

    fn space(&self, data: &DataProfile) -> Option<Vec<ParamSpec>> {
        Some(space::space(data))
    }

    fn defaults(&self, data: &DataProfile) -> Vec<Params> {
        space::defaults(data)
    }

    fn input_form(&self) -> InputForm {
        InputForm::Native
    }

    fn memory(&self, member: &Member<'_>, ctx: &FitContext<'_>) -> Result<MemoryNeed, FitError> {
        boost::memory(member, ctx)
    }

    /// As many rounds as were best on average, of the best epoch its middle, times the square of the growth, thrice at most:
    /// more rows take more rounds before they are learnt by heart. The square was measured
    /// (`experiments/bench/accuracy_notes.md`).
    fn refit(&self, params: &Params, best_epochs: &[Option<u32>], growth: f64) -> Option<Refit> {
        let rounds = |epoch: &Option<u32>| {
            epoch.map(|epoch| (EPOCH_ROUNDS * epoch as usize + EPOCH_ROUNDS / 2) as f64)
        };
        let rounds: Vec<f64> = best_epochs.iter().map(rounds).collect::<Option<_>>()?;
        let passes = growth.powi(2).min(3.0);
        let rounds = passes * rounds.iter().sum::<f64>() / rounds.len() as f64;
        let params = || params.clone().with("max_rounds", rounds.round().max(1.0) as i64);
        rounds.is_finite().then(|| Refit { params: params(), passes })
    }

    fn fit_population(
        &self,
        members: &[Member<'_>],
        ctx: &FitContext<'_>,
        on_epoch: &mut dyn FnMut(usize, Epoch) -> ControlFlow<()>,
    ) -> Vec<Result<Box<dyn FittedModel>, FitError>> {
        let boxed = |model: GbdtModel| Box::new(model) as Box<dyn FittedModel>;
        let results = crate::trees::members::fit(members, ctx, on_epoch, boost::fit);
        results.into_iter().map(|result| result.map(boxed)).collect()
    }

    fn load(&self, dir: &Path, _: Device) -> Result<Box<dyn FittedModel>, ArtifactError> {
        Ok(Box::new(GbdtModel::load(dir)?))
    }
}

#[cfg(test)]
mod tests;
