//! burn's `CubeCL` backend on NVIDIA GPUs: needs the driver and NVRTC at run time, nothing to build.

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
    match n_gpus() {
        0 => {
            let (reason, hint) = driver::why_no_gpu();
            Err(DeviceError::NoGpu { device, reason, hint })
        }
        n_gpus if usize::from(index) < n_gpus => Ok(()),
        n_gpus => Err(DeviceError::OutOfRange { device, index, n_gpus }),
    }
}
