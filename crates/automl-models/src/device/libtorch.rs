//! Everything that is said of libtorch and `burn-tch`.

#![expect(deprecated, reason = "burn-tch is deprecated; this module is where it will be replaced")]

use std::path::{Path, PathBuf};

use automl_core::{Device, DeviceError};
use burn::tensor::Tensor;
use burn_tch::{LibTorch, LibTorchDevice, TchTensor};

use super::{BackendInfo, FoundDevice, driver};

/// The folder of the libraries that this build was linked with.
const LINKED: &str = env!("AUTOML_LIBTORCH_LIB");

pub(super) fn cpu() -> burn::tensor::Device {
    burn::tensor::Device::libtorch()
}

pub(super) fn gpu(index: u16) -> burn::tensor::Device {
    burn::tensor::Device::libtorch_cuda(usize::from(index))
}

pub(super) fn set_threads(n_threads: usize) {
    tch::set_num_threads(i32::try_from(n_threads).unwrap_or(i32::MAX));
}

/// The memory of a tensor on libtorch's CPU that no other tensor has a part of.
pub(crate) struct Memory(TchTensor);

impl Memory {
    /// Whether the tensor lives on libtorch's CPU.
    pub(crate) fn holds(tensor: &Tensor<3>) -> bool {
        tensor.device() == cpu()
    }

    /// Takes the memory of a tensor for which [`Memory::holds`] says yes, copying it if it is shared or not one piece.
    pub(crate) fn take(tensor: Tensor<3>) -> Self {
        #[expect(clippy::expect_used, reason = "the caller asked for the device")]
        let own = tensor.try_into_primitive::<LibTorch>().expect("a tensor of libtorch");
        let is_ours_alone = own.can_mut() && own.tensor.is_contiguous();
        Self(if is_ours_alone { own } else { TchTensor::new(own.tensor.contiguous().copy()) })
    }

    /// The values.
    pub(crate) fn values(&self) -> &[f32] {
        let (start, n) = self.place();
        #[expect(unsafe_code, reason = "libtorch lends its memory as a pointer only")]
        // SAFETY: `place` is that of `n` floats in the host's memory, which live as long as the tensor in `self`.
        unsafe {
            std::slice::from_raw_parts(start, n)
        }
    }

    /// The same, to write into.
    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        let (start, n) = self.place();
        #[expect(unsafe_code, reason = "libtorch lends its memory as a pointer only")]
        // SAFETY: as in `values`; `take` saw to it that no other tensor shares the memory, and `self` is borrowed
        // mutably.
        unsafe {
            std::slice::from_raw_parts_mut(start, n)
        }
    }

    /// Gives the memory to a tensor.
    pub(crate) fn into_tensor(self) -> Tensor<3> {
        Tensor::from_primitive::<LibTorch>(self.0)
    }

    /// Where the values begin, and how many they are: one piece of floats in the host's memory.
    fn place(&self) -> (*mut f32, usize) {
        let tensor = &self.0.tensor;
        let on_host = LibTorchDevice::from(tensor.device()) == LibTorchDevice::Cpu;
        assert!(
            on_host && tensor.kind() == tch::Kind::Float && tensor.is_contiguous(),
            "a tensor of f32 in one piece on the CPU"
        );
        match tensor.numel() {
            // An empty tensor may have no memory at all.
            0 => (std::ptr::NonNull::dangling().as_ptr(), 0),
            n => (tensor.data_ptr().cast(), n),
        }
    }
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
    driver::check_gpu(device, index, n_gpus())
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
