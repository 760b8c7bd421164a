//! The one place where the project's devices become burn's, and the one that knows which backends are built in.
//!
//! `burn-tch` is deprecated upstream; what is said of libtorch stands in `libtorch` alone, so that a successor
//! replaces one module and the arms that name it here.

#[cfg(feature = "cuda")]
mod cubecl;
mod driver;
#[cfg(feature = "libtorch")]
mod libtorch;

use automl_core::{Device, DeviceError, Precision};

pub use driver::nvidia_driver;
#[cfg(feature = "libtorch")]
pub(crate) use libtorch::Memory;

/// A device that can be trained on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundDevice {
    /// The name to ask for it by.
    pub device: Device,
    /// What it is, for a person.
    pub about: String,
}

/// A backend, whether or not it is built in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendInfo {
    /// Its name.
    pub name: &'static str,
    /// Version and place, or how to get it.
    pub about: String,
}

/// Every device that this build can train on, the CPU's first.
pub fn found_devices() -> Vec<FoundDevice> {
    let flex = FoundDevice { device: Device::Flex, about: "CPU, burn's pure-Rust backend".to_owned() };
    let found = [flex].into_iter();
    #[cfg(feature = "libtorch")]
    let found = found.chain(libtorch::found());
    #[cfg(feature = "cuda")]
    let found = found.chain(cubecl::found());
    found.collect()
}

/// The backends of this build and what is missing from it.
pub fn backends() -> Vec<BackendInfo> {
    #[cfg(feature = "libtorch")]
    let libtorch = libtorch::info();
    #[cfg(not(feature = "libtorch"))]
    let libtorch = missing("libtorch", LIBTORCH_COMMAND);
    #[cfg(feature = "cuda")]
    let cubecl = cubecl::info();
    #[cfg(not(feature = "cuda"))]
    let cubecl = missing("cubecl", CUBECL_COMMAND);
    let flex = BackendInfo { name: "flex", about: "built in".to_owned() };
    vec![flex, libtorch, cubecl]
}

#[cfg(not(all(feature = "libtorch", feature = "cuda")))]
fn missing(name: &'static str, command: &str) -> BackendInfo {
    BackendInfo { name, about: format!("not built in; `{command}` adds it") }
}

#[cfg(not(feature = "libtorch"))]
const LIBTORCH_COMMAND: &str = "make libtorch";
#[cfg(not(feature = "cuda"))]
const CUBECL_COMMAND: &str = "cargo install --locked --path crates/automl-cli --features cuda";

/// Makes `cuda:N` definite and checks that the device can be trained on.
///
/// # Errors
/// [`DeviceError`] saying what is missing and what to do; [`DeviceError::Undecided`] for `auto`.
pub fn resolve(device: Device) -> Result<Device, DeviceError> {
    let definite = match device {
        Device::Cuda(index) if cfg!(feature = "libtorch") || !cfg!(feature = "cuda") => {
            Device::LibtorchCuda(index)
        }
        Device::Cuda(index) => Device::CubeCl(index),
        other => other,
    };
    match definite {
        Device::Flex => Ok(()),
        #[cfg(feature = "libtorch")]
        Device::Libtorch => Ok(()),
        #[cfg(feature = "libtorch")]
        Device::LibtorchCuda(index) => libtorch::check_gpu(device, index),
        #[cfg(not(feature = "libtorch"))]
        Device::Libtorch | Device::LibtorchCuda(_) => {
            Err(DeviceError::NotBuilt { device, backend: "libtorch", command: LIBTORCH_COMMAND })
        }
        #[cfg(feature = "cuda")]
        Device::CubeCl(index) => cubecl::check_gpu(device, index),
        #[cfg(not(feature = "cuda"))]
        Device::CubeCl(_) => {
            Err(DeviceError::NotBuilt { device, backend: "CubeCL", command: CUBECL_COMMAND })
        }
        Device::Cuda(_) | Device::Auto => Err(DeviceError::Undecided),
    }?;
    Ok(definite)
}

/// Checks that networks can be trained on `device` with products of `precision`.
///
/// # Errors
/// [`DeviceError::Precision`].
pub fn check_precision(device: Device, precision: Precision) -> Result<(), DeviceError> {
    if precision == Precision::F32 || device.gpu().is_some() {
        return Ok(());
    }
    Err(DeviceError::Precision { device, precision })
}

/// burn's device for `device`, without gradients.
///
/// burn has no default backend that could be relied on: the one it picks depends on which features any
/// crate of the build turned on. So the backend is named here.
///
/// # Errors
/// As [`resolve`].
pub(crate) fn burn_device(device: Device) -> Result<burn::tensor::Device, DeviceError> {
    match resolve(device)? {
        #[cfg(feature = "libtorch")]
        Device::Libtorch => Ok(libtorch::cpu()),
        #[cfg(feature = "libtorch")]
        Device::LibtorchCuda(index) => Ok(libtorch::gpu(index)),
        #[cfg(feature = "cuda")]
        Device::CubeCl(index) => Ok(burn::tensor::Device::cuda(usize::from(index))),
        _ => Ok(burn::tensor::Device::flex()),
    }
}

/// burn's devices of the CPU.
#[cfg(test)]
pub(crate) fn cpu_devices() -> Vec<burn::tensor::Device> {
    let found = found_devices().into_iter().map(|found| found.device).filter(|device| device.gpu().is_none());
    found.filter_map(|device| burn_device(device).ok()).collect()
}

/// Limits the threads that work outside of a fit uses, such as preparation and prediction: those of rayon's global
/// pool, whose size the first call of a process settles, and those of libtorch.
pub fn limit_threads(n_threads: usize) {
    // A pool that is there already keeps its size: nothing can be done about it, and nothing is wrong.
    drop(rayon::ThreadPoolBuilder::new().num_threads(n_threads).build_global());
    limit_product_threads(n_threads);
}

/// Limits the threads that one matrix product on libtorch's CPU uses, for the calling thread and those that
/// begin afterwards. flex takes the size of the surrounding rayon pool instead.
pub(crate) fn limit_product_threads(n_threads: usize) {
    #[cfg(feature = "libtorch")]
    libtorch::set_threads(n_threads);
    #[cfg(not(feature = "libtorch"))]
    let _ = n_threads;
}

#[cfg(test)]
mod tests {
    use automl_core::Hint;

    use super::*;

    #[test]
    fn what_is_found_resolves_to_itself() {
        for found in found_devices() {
            assert_eq!(resolve(found.device), Ok(found.device), "{}", found.about);
            assert!(burn_device(found.device).is_ok());
        }
        assert_eq!(resolve(Device::Auto), Err(DeviceError::Undecided));
    }

    #[test]
    fn a_device_that_cannot_be_used_says_what_to_do() {
        let n_gpus = found_devices().iter().filter(|found| found.device.gpu().is_some()).count();
        for device in [Device::Cuda(999), Device::LibtorchCuda(999), Device::CubeCl(999)] {
            let error = resolve(device).unwrap_err();
            assert!(error.to_string().contains(&device.to_string()), "{error}");
            assert!(!error.hints().is_empty());
            assert!(n_gpus > 0 || !matches!(error, DeviceError::OutOfRange { .. }), "{error}");
        }
        #[cfg(not(feature = "libtorch"))]
        assert!(resolve(Device::Libtorch).unwrap_err().hints()[0].contains("make libtorch"));
    }
}
