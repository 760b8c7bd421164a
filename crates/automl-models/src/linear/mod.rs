//! Linear models: ridge, lasso and elastic net regression, and logistic regression with the same penalties.
//!
//! | Task | Objective, minimised over coefficients `W` and intercepts `b` |
//! |---|---|
//! | regression | `mean((y - X w - b)²) / 2 + penalty · (r · s · |w|₁ + (1 - r) · |w|² / 2)` |
//! | two classes | mean log loss of `sigmoid(X w + b)` `+ penalty · (r · |w|₁ + (1 - r) · |w|² / 2)` |
//! | more classes | mean log loss of `softmax(X W + b)` `+ penalty · (r · |W|₁ + (1 - r) · |W|² / 2)` |
//!
//! `r` is 0 for ridge, 1 for lasso and `l1_ratio` for the elastic net. `s` is the standard deviation of `y`, so that one
//! penalty means the same whatever the unit of the target: in scikit-learn's terms `alpha = penalty · s` for `Lasso`.
//! Intercepts are not penalised. The loss is a mean, so that one penalty means the same for every
//! number of rows; it is weighted by row weights and class weights, which multiply. Columns are best scaled alike, because
//! the penalty treats them alike, but a fit succeeds on any scale. All arithmetic is `f64`; each member of a
//! population is fitted on one thread, several at once on the threads of the fit.
//!
//! | Objective | Method | Ends when |
//! |---|---|---|
//! | ridge regression | solved directly | |
//! | lasso, elastic net regression | coordinate descent on the Gram matrix | the duality gap is 1e-12 of the target's variance |
//! | logistic regression, ridge, up to 512 parameters | preconditioned L-BFGS, after 30 iterations Newton steps | the gradient's norm under the preconditioner (the second derivative's diagonal) is at most 1e-7, or after 100 steps |
//! | logistic regression, ridge, more parameters | preconditioned L-BFGS | the same, or after 500 iterations |
//! | logistic regression, lasso, elastic net | proximal Newton steps | the least subgradient's norm under the second derivative's diagonal is at most 1e-7, or after 100 rounds |
//!
//! The effective number of parameters is the trace of the matrix that makes fitted values of targets (ridge regression), the
//! number of non-zero coefficients and intercepts (lasso; Zou, Hastie & Tibshirani, "On the degrees of freedom of the lasso",
//! 2007), and for logistic regression the trace of `H (H + penalty)⁻¹` with `H` the second derivative of the loss at the
//! minimum, over the intercepts and the coefficients that are not zero, where forming it is not out of proportion.
//!
//! The point reached by the last iteration is a model like any other. There are no epochs: `on_epoch` is never called.
//!
//! | module | holds |
//! |---|---|
//! | [`config`](LinearConfig) | hyper-parameters |
//! | `ridge`, `lasso` | regression |
//! | `logistic` | logistic regression: which method, and the smooth objective |
//! | `proximal`, `model`, `shift` | proximal Newton steps, their second-order model, and what shifts of a softmax save |
//! | `coordinate` | quadratic functions with an L1 penalty |
//! | `lbfgs` | descents of smooth functions |
//! | `cholesky`, `rows` | linear systems, and the rows that make them |
//! | `fitted` | prediction, saving, loading |

mod cholesky;
mod config;
mod coordinate;
mod fitted;
mod lasso;
mod lbfgs;
mod logistic;
mod model;
mod proximal;
mod ridge;
mod rows;
mod shift;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use automl_core::{
    ArtifactError, DataProfile, Device, Epoch, FitContext, FitError, FittedModel, InputForm, Member,
    MemoryNeed, ModelFamily, ParamSpec, Params, Refit, Target,
};

pub use config::{ClassWeights, LinearConfig};
use fitted::{Head, LinearModel};
use logistic::Labels;
pub(crate) use logistic::softmax;
pub(crate) use ridge::Ridge;

use crate::gemm::dot;
use crate::target::{check_columns, target_of, weights_of};

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

    /// Products of all pairs of columns (or rows, if there are fewer), or the gradients of a few steps.
    fn memory(&self, member: &Member<'_>, ctx: &FitContext<'_>) -> Result<MemoryNeed, FitError> {
        let (n_rows, n_columns) = (member.train.n_rows() as f64, member.train.numeric.n_cols() as f64);
        let n_outputs = ctx.n_classes.max(1) as f64;
        let model = 8.0 * (n_columns + 1.0) * n_outputs;
        // Ridge has all products, the others those of the columns that they move together.
        let most = if ctx.task.is_classification() { proximal::MOST_TOGETHER as f64 } else { f64::MAX };
        let moved = n_columns.min(n_rows).min(most);
        // For AIC and BIC the curvature of all coefficients, where it is not too much work.
        let is_traced = ctx.task.is_classification();
        let traced = if is_traced { (n_columns * n_outputs).min(proximal::MOST_WORK.cbrt()) } else { 0.0 };
        let smaller = moved.max(traced);
        let steps = 2.0 * lbfgs::MEMORY as f64 * model;
        let beside = 8.0 * (3.0 * smaller * smaller + 3.0 * n_rows * n_outputs) + steps;
        Ok(MemoryNeed::new(model, beside))
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
        let mut results: Vec<Option<Result<LinearModel, FitError>>> = members.iter().map(|_| None).collect();
        let work = Mutex::new(members.iter().zip(&mut results));
        let fit_rest = || {
            loop {
                let next = work.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((member, result)) = next else { break };
                *result = Some(fit(member, ctx));
            }
        };
        thread::scope(|scope| {
            (1..ctx.threads.min(members.len())).for_each(|_| drop(scope.spawn(fit_rest)));
            fit_rest();
        });
        let boxed = |model| Box::new(model) as Box<dyn FittedModel>;
        results.into_iter().flatten().map(|result| result.map(boxed)).collect()
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
    let (target, weights) = (target_of(design, ctx)?, weights_of(design)?);
    match target {
        Target::Real(values) => {
            let weights = normalised(weights, values.len());
            let penalty = config.penalty_at(deviation(values, &weights));
            let (coefficients, intercept, degrees) = if config.l1_ratio > 0.0 {
                lasso::fit(&design.numeric, values, &weights, penalty, ctx.stop)?
            } else {
                let ridge = Ridge::new(&design.numeric, &weights, penalty.l2, ctx.stop)?;
                let (coefficients, intercept) = ridge.solve(values)?;
                (coefficients, intercept, ridge.degrees_of_freedom())
            };
            let (columns, intercepts) = (&design.numeric_names, vec![intercept]);
            Ok(LinearModel::new(Head::Real, columns, coefficients, intercepts, Some(degrees)))
        }
        Target::Classes { codes, n_classes } => {
            let mut weights = normalised(weights, codes.len());
            if config.class_weights == ClassWeights::Balanced {
                balance(&mut weights, codes, *n_classes);
            }
            let labels = Labels { codes, weights: &weights, n_classes: *n_classes };
            let fitted = logistic::fit(&design.numeric, labels, config.penalty_at(1.0), ctx.stop)?;
            let logistic::Fitted { coefficients, intercepts, degrees_of_freedom } = fitted;
            let head = if *n_classes == 2 { Head::Sigmoid } else { Head::Softmax { n_classes: *n_classes } };
            Ok(LinearModel::new(head, &design.numeric_names, coefficients, intercepts, degrees_of_freedom))
        }
    }
}

/// Row weights that sum to 1; equal ones if there are none.
fn normalised(weights: Option<&[f32]>, n_rows: usize) -> Vec<f64> {
    let Some(weights) = weights else {
        return vec![1.0 / n_rows as f64; n_rows];
    };
    let total: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
    weights.iter().map(|weight| f64::from(*weight) / total).collect()
}

/// Multiplies the weights of each class by what makes the totals of all classes that occur alike; they sum to 1 again.
fn balance(weights: &mut [f64], codes: &[u32], n_classes: usize) {
    let mut totals = vec![0.0; n_classes];
    for (&code, weight) in codes.iter().zip(&*weights) {
        totals[code as usize] += weight;
    }
    let n_present = totals.iter().filter(|total| **total > 0.0).count() as f64;
    for (weight, &code) in weights.iter_mut().zip(codes) {
        *weight /= n_present * totals[code as usize];
    }
}

/// The standard deviation of a target under weights that sum to 1.
fn deviation(values: &[f64], weights: &[f64]) -> f64 {
    let mean = dot(values, weights);
    values.iter().zip(weights).map(|(value, weight)| weight * (value - mean).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests;
