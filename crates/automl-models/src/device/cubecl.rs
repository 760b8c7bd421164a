//! burn's `CubeCL` backend on NVIDIA GPUs: its build loads LLVM; at run time it needs the driver and
//! NVRTC.

use automl_core::{Device, DeviceError};
use burn::tensor::{Device as BurnDevice, DeviceType};

use super::{BackendInfo, FoundDevice, driver};

fn n_gpus() -> usize {
    BurnDevice::enumerate(DeviceType::Cuda).into_vec().len()
}

pub(super) fn found() -> Vec<FoundDevice> {
    let gpu =
        |index| FoundDevice { device: Device::CubeCl(index), about: format!("NVIDIA GPU {index}, CubeCL") };
    (0..n_gpus() as u16).map(gpu).collect()
}

pub(super) fn info() -> BackendInfo {
    BackendInfo { name: "cubecl", about: "built in, for CUDA".to_owned() }
}

pub(super) fn check_gpu(device: Device, index: u16) -> Result<(), DeviceError> {
    driver::check_gpu(device, index, n_gpus())
}
