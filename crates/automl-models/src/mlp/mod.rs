//! The multilayer perceptron, trained in population form.
//!
//! | module | holds |
//! |---|---|
//! | `config`, `space` | one configuration; the search space and first guesses |
//! | `data` | a member's rows, checked; batches |
//! | `weights` | one member's numbers on the host |
//! | `shard` | members in step: when they train, validate, stop |
//! | `engine` | the seam to what computes them |
//! | `host_engine`, `network` | the engine of the CPU's backends: all members' numbers as stacked tensors, forward and back |
//! | `kernel`, `norm`, `loss`, `optimizer`, `activation`, `simd` | its fused element-wise arithmetic |
//! | `resident` | the engine of devices with memory of their own |
//! | `population`, `on_device` | shards over threads; populations as large as a device's memory allows |
//! | `fitted` | prediction and files |
//!
//! Results depend on members and seeds alone: sums have one order, draws come from the member's own
//! generators, and a member trains the same whoever trains beside it (to floating-point tolerance where
//! padding changes a matrix product's blocking, or a batch its parts).

mod activation;
mod config;
mod data;
mod engine;
mod fitted;
mod host;
mod host_engine;
mod kernel;
mod loss;
mod network;
mod norm;
mod on_device;
mod optimizer;
mod population;
mod resident;
mod rng;
mod schedule;
mod shard;
mod simd;
mod space;
mod weights;

use std::ops::ControlFlow;
use std::path::Path;

use automl_core::{
    ArtifactError, DataProfile, Device, Epoch, FitContext, FitError, FittedModel, InputForm, Member,
    ModelFamily, ParamSpec, Params,
};

use crate::device::{burn_device, check_precision};
use data::Prepared;
use fitted::{About, FittedMlp};
use shard::End;

/// The family's name.
const ID: &str = "mlp";

/// The family `mlp`: dense layers on numeric columns and embedded categories.
#[derive(Debug, Clone, Copy, Default)]
pub struct MlpFamily;

impl ModelFamily for MlpFamily {
    fn id(&self) -> &'static str {
        ID
    }

    fn space(&self, data: &DataProfile) -> Option<Vec<ParamSpec>> {
        Some(space::space(data))
    }

    fn defaults(&self, data: &DataProfile) -> Vec<Params> {
        space::defaults(data)
    }

    fn input_form(&self) -> InputForm {
        InputForm::Codes
    }

    fn fit_population(
        &self,
        members: &[Member<'_>],
        ctx: &FitContext<'_>,
        on_epoch: &mut dyn FnMut(usize, Epoch) -> ControlFlow<()>,
    ) -> Vec<Result<Box<dyn FittedModel>, FitError>> {
        let device = match check_precision(ctx.device, ctx.precision).and_then(|()| burn_device(ctx.device)) {
            Ok(device) => device,
            Err(error) => return members.iter().map(|_| Err(error.clone().into())).collect(),
        };
        let prepare = |member| Prepared::new(member, ctx.task, ctx.n_classes);
        let prepared: Vec<Result<Prepared<'_>, FitError>> = members.iter().map(prepare).collect();
        let entries: Vec<population::Entry<'_>> = prepared
            .iter()
            .enumerate()
            .filter_map(|(index, own)| Some((index, members[index].seed, own.as_ref().ok()?)))
            .collect();
        let mut ends = if ctx.device.gpu().is_some() {
            on_device::train(&entries, &device, ctx.precision, ctx.stop, on_epoch)
        } else {
            population::train(&entries, &device, ctx.threads, ctx.stop, on_epoch)
        };
        drop(entries);
        let finish = |(index, own): (usize, Result<Prepared<'_>, FitError>)| {
            let own = own?;
            match ends.remove(&index) {
                Some(end) => finish(own, end, ctx.device),
                None => Err(FitError::Numerical { reason: "a member was lost in training".to_owned() }),
            }
        };
        prepared.into_iter().enumerate().map(finish).collect()
    }

    fn load(&self, dir: &Path, device: Device) -> Result<Box<dyn FittedModel>, ArtifactError> {
        Ok(Box::new(FittedMlp::load(dir, device)?))
    }
}

fn finish(mut own: Prepared<'_>, end: End, device: Device) -> Result<Box<dyn FittedModel>, FitError> {
    match end {
        End::Done(best) => {
            own.config.batch_size = best.batch_size;
            let about = About::new(best.epoch, own.layout, own.scaling, own.config);
            let fitted = FittedMlp::new(about, best.weights, device)?;
            let lost = || FitError::Numerical { reason: "a member without layers".to_owned() };
            fitted.map(|fitted| Box::new(fitted) as Box<dyn FittedModel>).ok_or_else(lost)
        }
        End::Diverged { epoch, loss } => Err(FitError::Diverged { epoch, loss }),
        End::Stopped(reason) => Err(FitError::Stopped(reason)),
        End::Cancelled => Err(FitError::Cancelled),
        End::OutOfMemory => Err(FitError::OutOfMemory { device }),
    }
}

#[cfg(test)]
mod parity;
#[cfg(test)]
mod tests;
