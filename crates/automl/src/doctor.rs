//! What a person needs to know of this build and this machine.

use automl_models::device::{backends, found_devices, nvidia_driver};

use crate::machine;

/// Name and value of versions, backends, devices and machine facts, in the order to show them.
pub fn doctor() -> Vec<(String, String)> {
    let mut lines = machine::versions();
    lines.extend(backends().into_iter().map(|backend| (backend.name.to_owned(), backend.about)));
    lines.extend(machine::facts());
    lines.push(("NVIDIA driver".to_owned(), nvidia_driver().unwrap_or_else(|| "none".to_owned())));
    lines
        .extend(found_devices().into_iter().map(|found| (format!("--device {}", found.device), found.about)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_devices_and_memory_are_told() {
        let lines = doctor();
        for name in ["automl", "burn", "flex", "libtorch", "cores", "--device flex"] {
            assert!(lines.iter().any(|(known, value)| known == name && !value.is_empty()), "{name}");
        }
    }
}
