//! NVIDIA's driver: what the operating system says of it, and what follows for a device.

#[cfg(any(feature = "libtorch", feature = "cuda"))]
use automl_core::{Device, DeviceError};

/// The version of the NVIDIA driver that this machine runs, such as `550.54.15`; `None` without one.
pub fn nvidia_driver() -> Option<String> {
    let text = std::fs::read_to_string("/proc/driver/nvidia/version").ok()?;
    version(&text).map(str::to_owned)
}

/// The first word of the driver's line that looks like a version of three or two numbers.
fn version(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| line.contains("Kernel Module"))?;
    let numbers = |word: &&str| word.contains('.') && word.split('.').all(|part| part.parse::<u32>().is_ok());
    line.split_whitespace().find(numbers)
}

/// Checks that there is a GPU `index` among the `n_gpus` that a backend finds; `device` is what was asked for.
#[cfg(any(feature = "libtorch", feature = "cuda"))]
pub(super) fn check_gpu(device: Device, index: u16, n_gpus: usize) -> Result<(), DeviceError> {
    match n_gpus {
        0 => Err(no_gpu(device)),
        n_gpus if usize::from(index) < n_gpus => Ok(()),
        n_gpus => Err(DeviceError::OutOfRange { device, index, n_gpus }),
    }
}

/// Why a build with CUDA finds no GPU, and what to do.
#[cfg(any(feature = "libtorch", feature = "cuda"))]
fn no_gpu(device: Device) -> DeviceError {
    let (reason, hint) = match nvidia_driver() {
        Some(version) => (
            format!("CUDA finds no GPU that it can use, though the NVIDIA driver {version} is loaded"),
            "a driver that is too old for the CUDA it is built with is the usual reason: `nvidia-smi` shows both; \
             update the driver, or use `--device libtorch` or `--device flex`",
        ),
        None => (
            "this machine has no NVIDIA driver, so no GPU can be used".to_owned(),
            "install the driver where there is a GPU, or use `--device libtorch` or `--device flex`",
        ),
    };
    DeviceError::NoGpu { device, reason, hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(any(feature = "libtorch", feature = "cuda"))]
    #[test]
    fn an_index_is_held_against_the_number_of_gpus() {
        let check = |index, n_gpus| check_gpu(Device::Cuda(index), index, n_gpus);
        assert_eq!((check(0, 1), check(3, 4)), (Ok(()), Ok(())));
        let error = check(4, 4).unwrap_err();
        assert!(error.to_string().contains("no GPU 4; this machine has 4, numbers 0 to 3"), "{error}");
        assert!(matches!(check(0, 0), Err(DeviceError::NoGpu { .. })));
    }

    #[test]
    fn the_version_is_read_from_the_drivers_own_text() {
        let closed = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.161.07  Sat Feb 17 22:55:48 UTC 2024\n\
                      GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n";
        let open = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build\n";
        assert_eq!(version(closed), Some("535.161.07"));
        assert_eq!(version(open), Some("570.86.15"));
        assert_eq!(version("nothing"), None);
    }
}
