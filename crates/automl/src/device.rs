//! Which device a search trains on: checked before any training, chosen here for `auto`.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use automl_core::{Device, DeviceError, FitContext, FoldPlan, Member, Params, Precision, Seed, StopSignal};
use automl_data::Table;
use automl_models::device::{found_devices, limit_threads, resolve};
use automl_store::StudyFile;

use crate::config::ExperimentConfig;
use crate::error::AutomlError;
use crate::fold_fits::Prepared;
use crate::joint::Joint;
use crate::run_folder::RunFolder;

/// Time that each backend of the CPU gets to show what it can.
const TRIAL_TIME: Duration = Duration::from_secs(1);
/// Rows that they train on at most: several epochs must fit into the time.
const ROWS: usize = 4096;
/// Rows that they validate on.
const VALID_ROWS: usize = 512;

/// A device with the reason why it was chosen, if it was `auto` that chose it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    pub(crate) device: Device,
    pub(crate) reason: Option<String>,
}

/// Threads that training may use. A limit that the user set holds for preparation and prediction too.
pub(crate) fn threads(config: &ExperimentConfig) -> Result<usize, AutomlError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    match config.threads {
        None => Ok(cores),
        Some(0) => Err(AutomlError::config("`threads` is 0, but must be at least 1")),
        Some(n) if n > cores => {
            Err(AutomlError::config(format!("`threads` is {n}, but this machine has {cores} cores")))
        }
        Some(n) => {
            limit_threads(n);
            Ok(n)
        }
    }
}

/// Makes the configuration's device definite.
///
/// # Errors
/// [`AutomlError::Device`] if it cannot be used.
pub(crate) fn choose(
    config: &ExperimentConfig,
    table: &Table,
    plan: &FoldPlan,
    joint: &Joint,
    threads: usize,
) -> Result<Choice, AutomlError> {
    if config.device != Device::Auto {
        return Ok(Choice { device: resolve(config.device)?, reason: None });
    }
    if let Some(device) = device_of_study(config)? {
        let reason = Some("as when the study began".to_owned());
        return Ok(Choice { device: resolve(device)?, reason });
    }
    let found = found_devices();
    if let Some(gpu) = found.iter().find(|found| found.device.gpu().is_some()) {
        return Ok(Choice { device: gpu.device, reason: Some("there is a GPU".to_owned()) });
    }
    let devices: Vec<Device> = found.iter().map(|found| found.device).collect();
    let network = joint.initial.iter().find(|params| params.text("family") == Ok("mlp"));
    let (Some(params), [_, _, ..]) = (network, devices.as_slice()) else {
        let reason = if network.is_none() { "no network is searched" } else { "the only one of this build" };
        return Ok(Choice { device: Device::default(), reason: Some(reason.to_owned()) });
    };
    measured(&devices, params, table, plan, joint, threads)
}

/// The device that the study in the run folder was begun on: a search that goes on must not change it.
fn device_of_study(config: &ExperimentConfig) -> Result<Option<Device>, AutomlError> {
    let Ok(folder) = RunFolder::open(&config.run_folder()) else { return Ok(None) };
    let header = StudyFile::open_read_only(folder.study())?.header()?;
    let config: ExperimentConfig = toml::from_str(&header.config)
        .map_err(|error| AutomlError::config(format!("the study's configuration is wrong: {error}")))?;
    Ok(Some(config.device).filter(|device| *device != Device::Auto))
}

/// The device on which the first network passes over more rows a second.
fn measured(
    devices: &[Device],
    params: &Params,
    table: &Table,
    plan: &FoldPlan,
    joint: &Joint,
    threads: usize,
) -> Result<Choice, AutomlError> {
    let family = joint.family(params)?;
    let fold = &plan.folds[0];
    let train = &fold.train[..fold.train.len().min(ROWS)];
    let valid = &fold.valid[..fold.valid.len().min(VALID_ROWS)];
    let rows = Prepared::new(table, params, family, train, valid)?;
    let own = params.scoped(family.id());
    let member =
        |fold: u32| Member { params: &own, train: &rows.train, valid: &rows.valid, seed: Seed(0).fold(fold) };
    let members: Vec<Member<'_>> = (0..plan.folds.len() as u32).map(member).collect();
    let profile = table.profile();
    let mut speeds = Vec::new();
    for &device in devices {
        let started = Instant::now();
        let stop = StopSignal::never().with_deadline(started + TRIAL_TIME);
        let context = FitContext {
            task: profile.task,
            n_classes: profile.n_classes(),
            device,
            precision: Precision::F32,
            threads,
            stop: &stop,
        };
        let mut epochs = 0_usize;
        let mut last = started;
        family.fit_population(&members, &context, &mut |_, _| {
            epochs += 1;
            last = Instant::now();
            ControlFlow::Continue(())
        });
        speeds.push((device, (epochs * train.len()) as f64 / (last - started).as_secs_f64().max(1e-9)));
    }
    speeds.sort_by(|one, other| other.1.total_cmp(&one.1));
    let shown: Vec<String> =
        speeds.iter().map(|(device, speed)| format!("{device} {speed:.0} rows a second")).collect();
    let fastest = speeds.first().ok_or(DeviceError::Undecided)?;
    Ok(Choice { device: fastest.0, reason: Some(format!("measured: {}", shown.join(", "))) })
}
