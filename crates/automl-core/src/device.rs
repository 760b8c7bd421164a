//! Where tensors live and are computed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A place to train on. The embedded default needs nothing installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// burn's pure-Rust CPU backend.
    #[default]
    Flex,
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Flex => f.write_str("flex"),
        }
    }
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "flex" => Ok(Device::Flex),
            other => Err(format!("unknown device `{other}`; this build knows `flex`")),
        }
    }
}
