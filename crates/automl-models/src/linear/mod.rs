//! Linear models: ridge regression, and logistic regression with an L2 penalty.
//!
//! | Task | Objective, minimised over coefficients `W` and intercepts `b` |
//! |---|---|
//! | regression | `mean((y - X w - b)²) / 2 + penalty · |w|² / 2` |
//! | two classes | mean log loss of `sigmoid(X w + b)` `+ penalty · |w|² / 2` |
//! | more classes | mean log loss of `softmax(X W + b)` `+ penalty · |W|² / 2` |
//!
//! Intercepts are not penalised. The loss is a mean, so that one penalty means the same for every
//! number of rows. Columns are best scaled alike, because the penalty treats them alike, but a fit
//! succeeds on any scale. All arithmetic is `f64` on one thread.
//!
//! Ridge regression is solved directly. Logistic regression goes by preconditioned L-BFGS until the
//! gradient's norm under the preconditioner is at most 1e-7, for at most 500 iterations; the point reached
//! by then is a model like any other. Neither has epochs: `on_epoch` is never called.

mod cholesky;
mod config;
mod fitted;
mod lbfgs;
mod logistic;
mod ridge;
mod rows;

use std::ops::ControlFlow;
use std::path::Path;

use automl_core::{
    ArtifactError, DataProfile, Device, Epoch, FitContext, FitError, FittedModel, InputForm, Member,
    ModelFamily, ParamSpec, Params, Target,
};

pub use config::{ClassWeights, LinearConfig};
use fitted::{Head, LinearModel};
use logistic::Labels;

use crate::target::{check_columns, target_of};

/// The family of linear models; see the [module](self).
#[derive(Debug, Clone, Copy, Default)]
pub struct LinearFamily;

impl ModelFamily for LinearFamily {
    fn id(&self) -> &'static str {
        "linear"
    }

    fn space(&self, data: &DataProfile) -> Option<Vec<ParamSpec>> {
        Some(LinearConfig::space(data))
    }

    fn defaults(&self, data: &DataProfile) -> Vec<Params> {
        LinearConfig::defaults(data)
    }

    fn input_form(&self) -> InputForm {
        InputForm::OneHot
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
        Ok(Box::new(LinearModel::load(dir)?))
    }
}

fn fit(member: &Member<'_>, ctx: &FitContext<'_>) -> Result<LinearModel, FitError> {
    if let Some(reason) = ctx.stop.check() {
        return Err(FitError::Stopped(reason));
    }
    let config = LinearConfig::from_params(member.params, ctx.task.is_classification())?;
    let design = member.train;
    check_columns(design, &design.numeric_names)?;
    match target_of(design, ctx)? {
        Target::Real(values) => {
            let (coefficients, intercept) = ridge::fit(&design.numeric, values, config.penalty, ctx.stop)?;
            Ok(LinearModel::new(Head::Real, &design.numeric_names, coefficients, vec![intercept]))
        }
        Target::Classes { codes, n_classes } => {
            let weights = row_weights(codes, *n_classes, config.class_weights);
            let labels = Labels { codes, weights: &weights, n_classes: *n_classes };
            let (coefficients, intercepts) =
                logistic::fit(&design.numeric, labels, config.penalty, ctx.stop)?;
            let head = if *n_classes == 2 { Head::Sigmoid } else { Head::Softmax { n_classes: *n_classes } };
            Ok(LinearModel::new(head, &design.numeric_names, coefficients, intercepts))
        }
    }
}

/// One weight a row; they sum to 1.
fn row_weights(codes: &[u32], n_classes: usize, class_weights: ClassWeights) -> Vec<f64> {
    match class_weights {
        ClassWeights::None => vec![1.0 / codes.len() as f64; codes.len()],
        ClassWeights::Balanced => {
            let mut counts = vec![0_usize; n_classes];
            for &code in codes {
                counts[code as usize] += 1;
            }
            let n_present = counts.iter().filter(|&&count| count > 0).count();
            codes.iter().map(|&code| 1.0 / (n_present * counts[code as usize]) as f64).collect()
        }
    }
}

#[cfg(test)]
mod tests;
