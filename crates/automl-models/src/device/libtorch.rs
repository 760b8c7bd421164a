//! Everything that is said of libtorch and `burn-tch`.

use std::path::{Path, PathBuf};

use automl_core::{Device, DeviceError};

use super::{BackendInfo, FoundDevice, driver};

/// The folder of the libraries that this build was linked with.
const LINKED: &str = env!("AUTOML_LIBTORCH_LIB");

#[expect(deprecated, reason = "burn-tch is deprecated; this module is where it will be replaced")]
pub(super) fn cpu() -> burn::tensor::Device {
    burn::tensor::Device::libtorch()
}

#[expect(deprecated, reason = "burn-tch is deprecated; this module is where it will be replaced")]
pub(super) fn gpu(index: u16) -> burn::tensor::Device {
    burn::tensor::Device::libtorch_cuda(usize::from(index))
}

pub(super) fn set_threads(n_threads: usize) {
    tch::set_num_threads(i32::try_from(n_threads).unwrap_or(i32::MAX));
}

pub(super) fn found() -> Vec<FoundDevice> {
    let cpu = FoundDevice { device: Device::Libtorch, about: "CPU, libtorch".to_owned() };
    let gpu = |index| FoundDevice {
        device: Device::LibtorchCuda(index),
        about: format!("NVIDIA GPU {index}, libtorch"),
    };
    [cpu].into_iter().chain((0..n_gpus() as u16).map(gpu)).collect()
}

pub(super) fn info() -> BackendInfo {
    let folder = loaded_from().unwrap_or_else(|| PathBuf::from(LINKED));
    let version = version(&folder).unwrap_or_else(|| "of unknown version".to_owned());
    let cuda = if has_cuda() { "with CUDA" } else { "without CUDA" };
    BackendInfo { name: "libtorch", about: format!("{version}, {cuda}, {}", folder.display()) }
}

pub(super) fn check_gpu(device: Device, index: u16) -> Result<(), DeviceError> {
    if !has_cuda() {
        return Err(DeviceError::NoGpu {
            device,
            reason: format!("the libtorch in `{LINKED}` has no CUDA"),
            hint: "run `make libtorch` on a machine with an NVIDIA GPU, or `make libtorch CUDA=1`",
        });
    }
    match n_gpus() {
        0 => {
            let (reason, hint) = driver::why_no_gpu();
            Err(DeviceError::NoGpu { device, reason, hint })
        }
        n_gpus if usize::from(index) < n_gpus => Ok(()),
        n_gpus => Err(DeviceError::OutOfRange { device, index, n_gpus }),
    }
}

fn has_cuda() -> bool {
    Path::new(LINKED).join("libtorch_cuda.so").exists()
}

fn n_gpus() -> usize {
    if tch::Cuda::is_available() { usize::try_from(tch::Cuda::device_count()).unwrap_or(0) } else { 0 }
}

/// The folder that the running process has the library from; Linux alone tells.
fn loaded_from() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| line.contains("/libtorch_cpu."))?;
    Path::new(&line[line.find('/')?..]).parent().map(Path::to_path_buf)
}

/// The version that the files beside the libraries name: `build-version` in libtorch's own archives,
/// `version.py` in `PyTorch`'s.
fn version(folder: &Path) -> Option<String> {
    let root = folder.parent()?;
    if let Ok(text) = std::fs::read_to_string(root.join("build-version")) {
        return Some(text.trim().to_owned());
    }
    let text = std::fs::read_to_string(root.join("version.py")).ok()?;
    let line = text.lines().find(|line| line.starts_with("__version__"))?;
    line.split(['\'', '"']).nth(1).map(str::to_owned)
}
