//! Where tensors live and are computed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::error::Hint;

/// A place to train on. The embedded default needs nothing installed.
///
/// | Text | Place | Needs the feature |
/// |---|---|---|
/// | `flex` | CPU, burn's pure-Rust backend | – |
/// | `libtorch` | CPU, libtorch | `libtorch` |
/// | `cuda`, `cuda:1` | NVIDIA GPU, libtorch where it is built in, else `CubeCL` | `libtorch` or `cuda` |
/// | `libtorch:cuda:1` | NVIDIA GPU, libtorch | `libtorch` |
/// | `cubecl:1` | NVIDIA GPU, `CubeCL` | `cuda` |
/// | `auto` | a GPU where there is one, else the CPU backend that is faster for the table | – |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Device {
    /// burn's pure-Rust CPU backend.
    #[default]
    Flex,
    /// libtorch on the CPU.
    Libtorch,
    /// The NVIDIA GPU of this index, by whichever backend is built in.
    Cuda(u16),
    /// The NVIDIA GPU of this index, by libtorch.
    LibtorchCuda(u16),
    /// The NVIDIA GPU of this index, by `CubeCL`.
    CubeCl(u16),
    /// To be chosen before training.
    Auto,
}

impl Device {
    /// The index of a GPU.
    pub fn gpu(self) -> Option<u16> {
        match self {
            Device::Cuda(index) | Device::LibtorchCuda(index) | Device::CubeCl(index) => Some(index),
            Device::Flex | Device::Libtorch | Device::Auto => None,
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Flex => f.write_str("flex"),
            Device::Libtorch => f.write_str("libtorch"),
            Device::Cuda(index) => write!(f, "cuda:{index}"),
            Device::LibtorchCuda(index) => write!(f, "libtorch:cuda:{index}"),
            Device::CubeCl(index) => write!(f, "cubecl:{index}"),
            Device::Auto => f.write_str("auto"),
        }
    }
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "flex" => return Ok(Device::Flex),
            "libtorch" | "libtorch:cpu" => return Ok(Device::Libtorch),
            "auto" => return Ok(Device::Auto),
            _ => {}
        }
        for device in [Device::LibtorchCuda, Device::Cuda, Device::CubeCl] {
            let first = device(0).to_string();
            let name = first.trim_end_matches(":0");
            let Some(rest) = text.strip_prefix(name) else { continue };
            let index = if rest.is_empty() { Some(0) } else { rest.strip_prefix(':').and_then(plain_number) };
            if let Some(index) = index {
                return Ok(device(index));
            }
        }
        Err(format!(
            "unknown device `{text}`; devices are flex, libtorch, cuda, cuda:1, libtorch:cuda:0, cubecl:0 and auto"
        ))
    }
}

/// Digits alone: `u16::from_str` would take a sign too.
fn plain_number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl TryFrom<String> for Device {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Device> for String {
    fn from(device: Device) -> Self {
        device.to_string()
    }
}

/// The numbers that matrix products of a network multiply. Sums, weights and everything else have 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits with the exponent of 32 (bfloat16), on GPUs: faster where they have units for it, with 8 bits of
    /// precision in the factors.
    Bf16,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Precision::F32 => "f32",
            Precision::Bf16 => "bf16",
        })
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "f32" => Ok(Precision::F32),
            "bf16" => Ok(Precision::Bf16),
            other => Err(format!("unknown precision `{other}`; there are f32 and bf16")),
        }
    }
}

/// A device cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// This build lacks its backend.
    #[error("device `{device}`: this automl was built without {backend}")]
    NotBuilt {
        /// What was asked for.
        device: Device,
        /// The backend that is missing, in words.
        backend: &'static str,
        /// The command that builds it in.
        command: &'static str,
    },
    /// There is no GPU that could be used.
    #[error("device `{device}`: {reason}")]
    NoGpu {
        /// What was asked for.
        device: Device,
        /// What was found instead.
        reason: String,
        /// What to do.
        hint: &'static str,
    },
    /// There are GPUs, but fewer.
    #[error("device `{device}`: there is no GPU {index}; this machine has {}", count(*.n_gpus))]
    OutOfRange {
        /// What was asked for.
        device: Device,
        /// Its index, from 0.
        index: u16,
        /// How many there are.
        n_gpus: usize,
    },
    /// A precision that only GPUs have here.
    #[error("device `{device}` has no precision `{precision}`")]
    Precision {
        /// The device.
        device: Device,
        /// What was asked for.
        precision: Precision,
    },
    /// `auto` where a definite device is needed.
    #[error("device `auto` stands for a device that is chosen when a search begins")]
    Undecided,
}

fn count(n_gpus: usize) -> String {
    match n_gpus {
        1 => "one, number 0".to_owned(),
        n => format!("{n}, numbers 0 to {}", n.saturating_sub(1)),
    }
}

impl Hint for DeviceError {
    fn hints(&self) -> Vec<String> {
        match self {
            DeviceError::NotBuilt { command, .. } => {
                vec![format!("`{command}` builds one that has it; `--device flex` needs nothing")]
            }
            DeviceError::NoGpu { hint, .. } => vec![(*hint).to_owned()],
            DeviceError::OutOfRange { .. } => vec!["`automl doctor` lists the devices".to_owned()],
            DeviceError::Precision { .. } => {
                vec!["leave out `precision`, or train on a GPU with `--device cuda`".to_owned()]
            }
            DeviceError::Undecided => vec!["name a device, such as `flex`".to_owned()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_reads_what_it_prints() {
        let all = [
            Device::Flex,
            Device::Libtorch,
            Device::Cuda(0),
            Device::Cuda(11),
            Device::LibtorchCuda(2),
            Device::CubeCl(3),
            Device::Auto,
        ];
        for device in all {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        assert_eq!("cuda".parse(), Ok(Device::Cuda(0)));
        assert_eq!("cubecl".parse(), Ok(Device::CubeCl(0)));
        assert_eq!("libtorch:cuda".parse(), Ok(Device::LibtorchCuda(0)));
        assert_eq!("libtorch:cpu".parse(), Ok(Device::Libtorch));
    }

    #[test]
    fn what_is_no_device_is_refused() {
        for text in ["", "gpu", "cuda:", "cuda:+1", "cuda:x", "cuda1", "cuda:70000", "flex:0", "CUDA"] {
            assert!(text.parse::<Device>().is_err(), "{text}");
        }
    }
}
