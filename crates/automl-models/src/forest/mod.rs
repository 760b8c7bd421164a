//! Forests: the mean of many deep trees, each grown with randomness of its own.
//!
//! | Family | Rows of a tree | Thresholds | Source |
//! |---|---|---|---|
//! | `random_forest` | drawn with replacement | the best of the drawn columns | Breiman 2001 |
//! | `extra_trees` | all | one random threshold a drawn column | Geurts, Ernst & Wehenkel 2006 |
//!
//! | module | holds |
//! |---|---|
//! | `config`, `space` | hyper-parameters; what is searched and what is tried first |
//! | `order` | the order of a category's levels |
//! | `answers` | what a tree learns from, and sums of it |
//! | `split` | the best split of a column in a node |
//! | `grow` | growth of one tree |
//! | `fit` | all trees over threads |
//! | `fitted` | the fitted forest and its files |
//!
//! Columns are cut into at most 255 bins. A node sums its rows in the bins that occur and reads those alone, so that
//! small nodes are quick. Levels of a category are put in an order by their targets once for the whole forest and then
//! treated as numbers (Wright & König 2019, "Splitting on categorical predictors in random forests").
//!
//! The value of a leaf is drawn towards those of the nodes above it by hierarchical shrinkage (Agarwal et al. 2022).
//! A forest has no epochs: `on_epoch` is never called, and the validation rows are not looked at.

mod answers;
mod config;
mod fit;
mod fitted;
mod grow;
mod order;
mod space;
mod split;

use std::ops::ControlFlow;
use std::path::Path;

use automl_core::{
    ArtifactError, DataProfile, Device, Epoch, FitContext, FitError, FittedModel, InputForm, Member,
    MemoryNeed, ModelFamily, ParamSpec, Params, Refit,
};

pub use config::{Criterion, ForestConfig};
use fitted::ForestModel;

use crate::trees::members;

/// What is random in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Rows, and the columns of a node.
    RandomForest,
    /// Thresholds, and the columns of a node.
    ExtraTrees,
}

macro_rules! family {
    ($(#[$doc:meta])* $family:ident, $kind:expr, $id:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default)]
        pub struct $family;

        impl ModelFamily for $family {
            fn id(&self) -> &'static str {
                $id
            }

            fn space(&self, data: &DataProfile) -> Option<Vec<ParamSpec>> {
                Some(space::space(data, $kind))
            }

            fn defaults(&self, data: &DataProfile) -> Vec<Params> {
                space::defaults(data, $kind)
            }

            fn input_form(&self) -> InputForm {
                InputForm::Native
            }

            fn memory(
                &self,
                member: &Member<'_>,
                ctx: &FitContext<'_>,
            ) -> Result<MemoryNeed, FitError> {
                fit::memory(member, ctx, $kind)
            }

            fn refit(&self, params: &Params, _: &[Option<u32>], _: f64) -> Option<Refit> {
                Some(Refit::alike(params.clone()))
            }

            fn fit_population(
                &self,
                members: &[Member<'_>],
                ctx: &FitContext<'_>,
                on_epoch: &mut dyn FnMut(usize, Epoch) -> ControlFlow<()>,
            ) -> Vec<Result<Box<dyn FittedModel>, FitError>> {
                let boxed = |model: ForestModel| Box::new(model) as Box<dyn FittedModel>;
                let results = members::fit(members, ctx, on_epoch, |member, ctx, _| fit::fit(member, ctx, $kind));
                results.into_iter().map(|result| result.map(boxed)).collect()
            }

            fn load(&self, dir: &Path, _: Device) -> Result<Box<dyn FittedModel>, ArtifactError> {
                Ok(Box::new(ForestModel::load(dir)?))
            }
        }
    };
}

family!(
    /// The family of random forests; see the [module](self).
    RandomForestFamily,
    Kind::RandomForest,
    "random_forest"
);
family!(
    /// The family of extremely randomised trees; see the [module](self).
    ExtraTreesFamily,
    Kind::ExtraTrees,
    "extra_trees"
);

#[cfg(test)]
mod tests;
