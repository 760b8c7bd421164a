//! The model family of a network of one's own.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use automl_core::{
    ArtifactError, DataProfile, Device, Domain, Epoch, FitContext, FitError, FittedModel, InputForm, Member,
    MemoryNeed, ModelFamily, ParamSpec, ParamValue, Params,
};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

use super::fitted::Fitted;
use super::train::{Settings, train};
use super::{Network, Shape};
use crate::device::burn_device;

/// The model family of a [`Network`]; made by [`family`].
#[derive(Debug)]
pub struct OwnFamily<N>(Arc<N>);

/// The model family that trains `network`.
pub fn family<N: Network>(network: N) -> OwnFamily<N> {
    OwnFamily(Arc::new(network))
}

impl<N: Network> OwnFamily<N> {
    fn all_params(&self) -> Vec<ParamSpec> {
        let mut specs = Settings::space();
        specs.extend(self.0.space());
        specs
    }

    fn fit_one(
        &self,
        member: &Member<'_>,
        ctx: &FitContext<'_>,
        on_epoch: &mut dyn FnMut(Epoch) -> ControlFlow<()>,
    ) -> Result<Box<dyn FittedModel>, FitError> {
        guarded(|| {
            let trained = train(self.0.as_ref(), member, ctx, on_epoch)?;
            let model: Box<dyn FittedModel> = Box::new(Fitted::new(Arc::clone(&self.0), trained));
            Ok(model)
        })
    }
}

/// Runs what calls a user's network: its panic, of a shape that does not fit for example, fails the trial and not the search.
pub(super) fn guarded<T>(run: impl FnOnce() -> Result<T, FitError>) -> Result<T, FitError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        Err(FitError::Numerical { reason: format!("the network panicked: {}", message_of(panic.as_ref())) })
    })
}

fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

impl<N: Network> ModelFamily for OwnFamily<N> {
    fn id(&self) -> &'static str {
        self.0.id()
    }

    fn space(&self, _data: &DataProfile) -> Option<Vec<ParamSpec>> {
        Some(self.all_params())
    }

    fn defaults(&self, _data: &DataProfile) -> Vec<Params> {
        let mut params = Settings::first();
        for spec in self.0.space() {
            let is_active = spec.when.as_ref().is_none_or(|condition| {
                params.get(&condition.parent).is_some_and(|value| condition.any_of.contains(value))
            });
            if let Some(middle) = middle(&spec.domain).filter(|_| is_active) {
                params.insert(&spec.name, middle);
            }
        }
        vec![params]
    }

    fn input_form(&self) -> InputForm {
        InputForm::OneHot
    }

    /// Weights, their gradients and moments, and what a batch leaves for the way back, as if every array were a dense layer or
    /// a convolution that keeps its input's size.
    fn memory(&self, member: &Member<'_>, ctx: &FitContext<'_>) -> Result<MemoryNeed, FitError> {
        let settings = Settings::of(member.params)?;
        let shape = shape_of(member, ctx);
        let device = burn_device(ctx.device)?;
        let layers = guarded(|| Ok(self.0.init(member.params, shape, &device)?))?;
        let mut sizes = Sizes { n_inputs: shape.n_inputs, ..Sizes::default() };
        layers.visit(&mut sizes);
        let batch = settings.batch_size.min(member.train.n_rows()) as f64;
        let of_a_row = (sizes.widths + shape.n_inputs + shape.n_outputs) as f64;
        let model = 4.0 * sizes.n_parameters as f64;
        Ok(MemoryNeed::new(model, 5.0 * model + 4.0 * 6.0 * batch * of_a_row))
    }

    fn fit_population(
        &self,
        members: &[Member<'_>],
        ctx: &FitContext<'_>,
        on_epoch: &mut dyn FnMut(usize, Epoch) -> ControlFlow<()>,
    ) -> Vec<Result<Box<dyn FittedModel>, FitError>> {
        let fit = |(index, member)| self.fit_one(member, ctx, &mut |epoch| on_epoch(index, epoch));
        members.iter().enumerate().map(fit).collect()
    }

    fn load(&self, dir: &Path, device: Device) -> Result<Box<dyn FittedModel>, ArtifactError> {
        Ok(Box::new(Fitted::load(Arc::clone(&self.0), dir, device)?))
    }
}

/// Inputs and outputs that a member's network has.
pub(super) fn shape_of(member: &Member<'_>, ctx: &FitContext<'_>) -> Shape {
    Shape { n_inputs: member.train.numeric.n_cols(), n_outputs: ctx.n_classes.max(1) }
}

/// The value in the middle of a domain, on its scale; the first of a list. `None` for an empty list, which no space has.
fn middle(domain: &Domain) -> Option<ParamValue> {
    let steps = |span: f64, step: f64| (span / step / 2.0).floor() * step;
    match domain {
        Domain::Float { low, high, log: true, .. } => Some(f64::midpoint(low.ln(), high.ln()).exp().into()),
        Domain::Float { low, high, step: Some(step), .. } => Some((low + steps(high - low, *step)).into()),
        Domain::Float { low, high, .. } => Some((low + (high - low) / 2.0).into()),
        Domain::Int { low, high, log: true, .. } => {
            let middle = f64::midpoint((*low as f64).ln(), (*high as f64).ln()).exp().round() as i64;
            Some(middle.clamp(*low, *high).into())
        }
        Domain::Int { low, high, step, .. } => Some((low + (high - low) / step / 2 * step).into()),
        Domain::Categorical { choices, .. } => choices.first().cloned(),
    }
}

/// Numbers of a module.
#[derive(Default)]
struct Sizes {
    n_inputs: usize,
    n_parameters: usize,
    /// Outputs of all arrays together.
    widths: usize,
}

impl ModuleVisitor for Sizes {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let shape = param.lazy_shape();
        self.n_parameters += shape.num_elements();
        self.widths += match D {
            0 | 1 => 0,
            // Shape `[d_input, d_output]` or its transpose.
            2 => shape[0].max(shape[1]),
            // Shape `[channels_out, channels_in, kernel…]`.
            _ => shape[0].saturating_mul(self.n_inputs),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_lies_in_its_domain() {
        let domains = [
            (Domain::float(-1.0, 3.0), ParamValue::from(1.0)),
            (Domain::stepped_float(0.0, 1.5, 0.5), ParamValue::from(0.5)),
            (Domain::int(1, 4), ParamValue::from(2_i64)),
            (Domain::stepped_int(8, 32, 8), ParamValue::from(16_i64)),
            (Domain::log_int(16, 256), ParamValue::from(64_i64)),
            (Domain::choice(&["relu", "gelu"]), ParamValue::from("relu")),
            (Domain::boolean(), ParamValue::from(false)),
        ];
        for (domain, expected) in domains {
            let found = middle(&domain).unwrap();
            assert!(domain.contains(&found), "{found} in {domain:?}");
            assert_eq!(found, expected);
        }
        let log = Domain::log_float(1e-4, 1e-2);
        let found = middle(&log).unwrap();
        assert!(log.contains(&found) && (found.as_f64().unwrap() - 1e-3).abs() < 1e-9, "{found}");
    }
}
