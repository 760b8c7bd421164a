//! Nearest neighbours: a row is what the training rows near it are.
//!
//! | module | holds |
//! |---|---|
//! | [`config`](KnnConfig) | hyper-parameters |
//! | `relevance` | what each column says of the target |
//! | `prototypes` | the training rows that are kept, scaled |
//! | `distance` | distances in `f32` with bounds of their error, as matrix products where they can be |
//! | `neighbours` | the nearest training rows of each row, exactly |
//! | `vote` | neighbours to predictions |
//! | `fitted` | prediction on several threads, saving, loading |
//!
//! # Neighbours
//! Distances are between rows of the design, whose columns are centred and, unless `feature_weighting` is `none`,
//! multiplied by their relevance. A pass over all training rows in `f32` keeps those whose distance may be among the `k`
//! least within its error bound; these few are measured again in `f64`. The neighbours found are therefore those of exact
//! arithmetic on the kept rows, whatever the order of sums in a product, the number of threads or the rows that are
//! predicted together; of neighbours equally far, the lower training row comes first. Rows are taken in blocks: memory
//! never grows with training rows times predicted rows.
//!
//! # Relevance
//! With `target`, the square root of the adjusted coefficient of determination of the target (regression) or of the
//! indicators of the classes (Goodman & Kruskal's tau, 1954) given the column's decile: what the column says alone, in
//! whatever shape. With `linear`, the length of the column's coefficients in ridge regressions of the same, with a penalty of
//! one row's weight: then rows are near for which a linear model predicts the like for like reasons. Both are divided by the
//! largest of all columns, and are at least 0.05. Training rows alone are looked at, at most 20,000, evenly spaced. If no
//! column says anything, all count alike.
//!
//! # Predictions
//! Each neighbour votes with its row weight times 1 (`uniform`) or `1 / distance` (`distance`; where neighbours lie at
//! distance 0 they alone vote). Regression gives the mean under the votes. Classification gives
//! `(m · share + prior) / (m + 1)`, with `share` the class's share of the votes, `m = (Σ vote)² / Σ vote²` the number of
//! equal votes that say as much (Kish 1965), and `prior = (n · frequency + 1) / (n + classes)` from the class's weighted
//! frequency in the training rows: one vote of the prior among those of the neighbours (Cestnik 1990, the m-estimate), so
//! that no probability is 0 or 1.
//!
//! # Large tables
//! At most `max_rows` training rows are kept; if there are more, as many are drawn without replacement by the member's
//! seed. There are no epochs: `on_epoch` is never called.

mod config;
mod distance;
mod fitted;
mod neighbours;
mod prototypes;
mod relevance;
mod vote;

use std::ops::ControlFlow;
use std::path::Path;

use automl_core::{
    ArtifactError, DataProfile, Device, Epoch, FitContext, FitError, FittedModel, InputForm, Member,
    MemoryNeed, ModelFamily, ParamSpec, Params, Refit, StopSignal,
};

pub use config::{FeatureWeighting, KnnConfig, Metric, Votes};
use fitted::KnnModel;
use prototypes::{Prototypes, sample};
use vote::Answers;

use crate::target::{check_columns, target_of, weights_of};

/// The family of nearest neighbours; see the [module](self).
#[derive(Debug, Clone, Copy, Default)]
pub struct KnnFamily;

impl ModelFamily for KnnFamily {
    fn id(&self) -> &'static str {
        "knn"
    }

    fn space(&self, data: &DataProfile) -> Option<Vec<ParamSpec>> {
        Some(KnnConfig::space(data))
    }

    fn defaults(&self, data: &DataProfile) -> Vec<Params> {
        KnnConfig::defaults(data)
    }

    fn input_form(&self) -> InputForm {
        InputForm::OneHot
    }

    /// The kept rows with their answers, and as much again for columns' relevance: products of all pairs of columns.
    fn memory(&self, member: &Member<'_>, _: &FitContext<'_>) -> Result<MemoryNeed, FitError> {
        let config = KnnConfig::from_params(member.params)?;
        let (n_rows, n_columns) = (member.train.n_rows() as f64, member.train.numeric.n_cols() as f64);
        let model = n_rows.min(config.max_rows as f64) * (4.0 * n_columns + 24.0);
        let smaller = n_columns.min(n_rows);
        let products = match config.feature_weighting {
            FeatureWeighting::None => 0.0,
            FeatureWeighting::Target => 16.0 * n_rows,
            FeatureWeighting::Linear => 8.0 * (2.0 * smaller * smaller + n_rows),
        };
        Ok(MemoryNeed::new(model, model + products))
    }

    fn refit(&self, params: &Params, _: &[Option<u32>], _: f64) -> Option<Refit> {
        Some(Refit::alike(params.clone()))
    }

    fn fit_population(
        &self,
        members: &[Member<'_>],
        ctx: &FitContext<'_>,
        _: &mut dyn FnMut(usize, Epoch) -> ControlFlow<()>,
    ) -> Vec<Result<Box<dyn FittedModel>, FitError>> {
        let boxed = |model| Box::new(model) as Box<dyn FittedModel>;
        members.iter().map(|member| fit(member, ctx).map(boxed)).collect()
    }

    fn load(&self, dir: &Path, _: Device) -> Result<Box<dyn FittedModel>, ArtifactError> {
        Ok(Box::new(KnnModel::load(dir)?))
    }
}

fn fit(member: &Member<'_>, ctx: &FitContext<'_>) -> Result<KnnModel, FitError> {
    check_stop(ctx.stop)?;
    let config = KnnConfig::from_params(member.params)?;
    let design = member.train;
    check_columns(design, &design.numeric_names)?;
    let (target, weights) = (target_of(design, ctx)?, weights_of(design)?);
    let scales = match config.feature_weighting {
        FeatureWeighting::None => vec![1.0; design.numeric.n_cols()],
        FeatureWeighting::Target => relevance::of_columns(&design.numeric, target, weights, ctx.stop)?,
        FeatureWeighting::Linear => relevance::of_ridge(&design.numeric, target, weights, ctx.stop)?,
    };
    let kept = sample(design.n_rows(), config.max_rows, member.seed);
    let answers = Answers::new(target, weights, &kept);
    let prototypes = Prototypes::new(&design.numeric, &kept, scales, ctx.stop)?;
    Ok(KnnModel::new(&config, &design.numeric_names, prototypes, answers, ctx.threads))
}

fn check_stop(stop: &StopSignal) -> Result<(), FitError> {
    stop.check().map_or(Ok(()), |reason| Err(FitError::Stopped(reason)))
}

#[cfg(test)]
mod tests;
