//! Families of networks: what a configuration means, and what is searched.

/// Implements [`ModelFamily`](automl_core::ModelFamily) for a family of networks: its name, the module of its search space and
/// first guesses, and how it reads its parameters.
macro_rules! network_family {
    ($family:ident, $id:literal, $space:ident, $read:ident) => {
        impl ::automl_core::ModelFamily for $family {
            fn id(&self) -> &'static str {
                $id
            }

            fn space(&self, data: &::automl_core::DataProfile) -> Option<Vec<::automl_core::ParamSpec>> {
                Some($space::space(data))
            }

            fn defaults(&self, data: &::automl_core::DataProfile) -> Vec<::automl_core::Params> {
                $space::defaults(data)
            }

            fn input_form(&self) -> ::automl_core::InputForm {
                ::automl_core::InputForm::Codes
            }

            fn memory(
                &self,
                member: &::automl_core::Member<'_>,
                ctx: &::automl_core::FitContext<'_>,
            ) -> Result<::automl_core::MemoryNeed, ::automl_core::FitError> {
                super::need($read, member, ctx)
            }

            fn go_together(
                &self,
                one: &::automl_core::Params,
                other: &::automl_core::Params,
                task: ::automl_core::Task,
            ) -> bool {
                super::go_together($read, one, other, task)
            }

            fn refit(
                &self,
                params: &::automl_core::Params,
                best_epochs: &[Option<u32>],
                _: f64,
            ) -> Option<::automl_core::Refit> {
                super::without_validation(params, best_epochs)
            }

            fn full_population(&self, ctx: &::automl_core::FitContext<'_>) -> usize {
                super::full_population(ctx)
            }

            fn fit_population(
                &self,
                members: &[::automl_core::Member<'_>],
                ctx: &::automl_core::FitContext<'_>,
                on_epoch: &mut dyn FnMut(usize, ::automl_core::Epoch) -> ::std::ops::ControlFlow<()>,
            ) -> Vec<Result<Box<dyn ::automl_core::FittedModel>, ::automl_core::FitError>> {
                super::fit($id, $read, members, ctx, on_epoch)
            }

            fn load(
                &self,
                dir: &::std::path::Path,
                device: ::automl_core::Device,
            ) -> Result<Box<dyn ::automl_core::FittedModel>, ::automl_core::ArtifactError> {
                super::load($id, dir, device)
            }
        }
    };
}

mod common_space;
mod ft_transformer;
mod ft_transformer_space;
mod mlp;
mod mlp_space;
#[cfg(test)]
mod mlp_tests;
mod realmlp;
mod realmlp_space;
mod resnet;
mod resnet_space;
mod tabm;
mod tabm_space;

use std::ops::ControlFlow;
use std::path::Path;

use automl_core::{
    ArtifactError, Device, Epoch, FitContext, FitError, FittedModel, Member, MemoryNeed, Params, Task,
};

use crate::device::{burn_device, check_precision};

use super::data::{Prepared, Read};
use super::fitted::{About, FittedNetwork};
use super::shard::End;
use super::training::without_validation;
use super::{memory, on_device, population};

pub use ft_transformer::FtTransformerFamily;
#[cfg(test)]
pub(super) use ft_transformer::read as ft_transformer_read;
pub use mlp::MlpFamily;
#[cfg(test)]
pub(super) use mlp::read;
pub use realmlp::RealMlpFamily;
#[cfg(test)]
pub(super) use realmlp::read as realmlp_read;
pub use resnet::ResNetFamily;
#[cfg(test)]
pub(super) use resnet::read as resnet_read;
pub use tabm::TabmFamily;
#[cfg(test)]
pub(super) use tabm::read as tabm_read;

/// Members that train together on a GPU, if there are so many. A step of a small network takes a GPU as long as those of many:
/// most of it is the beginning of operations. A population that does not fit into its memory is halved.
const ON_GPU: usize = 40;

/// What fitting `member` takes.
fn need(read: Read, member: &Member<'_>, ctx: &FitContext<'_>) -> Result<MemoryNeed, FitError> {
    Ok(memory::need(&Prepared::new(member, read, ctx.task, ctx.n_classes)?))
}

/// Whether members of both configurations train as one population, if their columns are alike.
fn go_together(read: Read, one: &Params, other: &Params, task: Task) -> bool {
    match (read(one, task), read(other, task)) {
        (Ok(one), Ok(other)) => one.is_alike(&other),
        // What cannot be read fails by itself.
        _ => false,
    }
}

/// Members that leave nothing of the device idle.
fn full_population(ctx: &FitContext<'_>) -> usize {
    if ctx.device.gpu().is_some() { ON_GPU } else { ctx.threads }
}

/// Fits all members of the family `id`, whose configurations `read` reads.
fn fit(
    id: &str,
    read: Read,
    members: &[Member<'_>],
    ctx: &FitContext<'_>,
    on_epoch: &mut dyn FnMut(usize, Epoch) -> ControlFlow<()>,
) -> Vec<Result<Box<dyn FittedModel>, FitError>> {
    let device = match check_precision(ctx.device, ctx.precision).and_then(|()| burn_device(ctx.device)) {
        Ok(device) => device,
        Err(error) => return members.iter().map(|_| Err(error.clone().into())).collect(),
    };
    let prepare = |member| Prepared::new(member, read, ctx.task, ctx.n_classes);
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
            Some(end) => finish(id, own, end, ctx),
            None => Err(FitError::Numerical { reason: "a member was lost in training".to_owned() }),
        }
    };
    prepared.into_iter().enumerate().map(finish).collect()
}

/// Reads a model of the family `id`.
fn load(id: &str, dir: &Path, device: Device) -> Result<Box<dyn FittedModel>, ArtifactError> {
    Ok(Box::new(FittedNetwork::load(id, dir, device)?))
}

fn finish(
    id: &str,
    mut own: Prepared<'_>,
    end: End,
    ctx: &FitContext<'_>,
) -> Result<Box<dyn FittedModel>, FitError> {
    match end {
        End::Done(best) => {
            own.training.batch_size = best.batch_size;
            let about = About::new(id, best.epoch, own.architecture, own.scaling, own.training);
            let fitted = FittedNetwork::new(about, best.weights, ctx.device)?;
            let lost = || FitError::Numerical { reason: "a member without layers".to_owned() };
            fitted.map(|fitted| Box::new(fitted) as Box<dyn FittedModel>).ok_or_else(lost)
        }
        End::Diverged { epoch, loss } => Err(FitError::Diverged { epoch, loss }),
        End::Stopped(reason) => Err(FitError::Stopped(reason)),
        End::Cancelled => Err(FitError::Cancelled),
        End::OutOfMemory => Err(FitError::OutOfMemory { device: ctx.device }),
    }
}
