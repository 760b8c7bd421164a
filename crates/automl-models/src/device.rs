//! The one place where the project's devices become burn's.

use automl_core::Device;

/// burn's device for `device`, without gradients.
///
/// burn has no default backend that could be relied on: the one it picks depends on which features any
/// crate of the build turned on. So the backend is named here.
pub(crate) fn burn_device(device: Device) -> burn::tensor::Device {
    match device {
        Device::Flex => burn::tensor::Device::flex(),
    }
}
