//! What a run was made with: versions and machine.

use bytesize::ByteSize;
use sysinfo::System;

/// The lock file this build was made from: the one place that knows every version.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// Name and version of what has a say in the numbers.
pub(crate) fn versions() -> Vec<(String, String)> {
    let mut versions = vec![("automl".to_owned(), env!("CARGO_PKG_VERSION").to_owned())];
    for name in ["burn", "polars", "rusqlite"] {
        versions.extend(locked(name).map(|version| (name.to_owned(), version)));
    }
    versions
}

/// Name and value of machine facts.
pub(crate) fn facts() -> Vec<(String, String)> {
    let mut facts =
        vec![("system".to_owned(), format!("{} {}", std::env::consts::OS, std::env::consts::ARCH))];
    facts.extend(line_of("/proc/cpuinfo", "model name").map(|model| ("processor".to_owned(), model)));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    facts.push(("cores".to_owned(), cores.to_string()));
    facts.push(("memory".to_owned(), ByteSize(memory().total_memory()).to_string()));
    facts
}

/// Bytes of memory that are free for this process: those of the machine, or of its control group if that has fewer.
pub(crate) fn free_memory() -> u64 {
    let memory = memory();
    let of_group = memory.cgroup_limits().map_or(u64::MAX, |limits| limits.free_memory);
    memory.available_memory().min(of_group)
}

fn memory() -> System {
    let mut system = System::new();
    system.refresh_memory();
    system
}

fn locked(name: &str) -> Option<String> {
    let header = format!("name = \"{name}\"\nversion = \"");
    let rest = &LOCK[LOCK.find(&header)? + header.len()..];
    Some(rest[..rest.find('"')?].to_owned())
}

/// The value of the first `key : value` line of a Linux information file; `None` elsewhere.
fn line_of(path: &str, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_memory_is_free_and_never_more_than_there_is() {
        let free = free_memory();
        assert!(free > 1 << 20 && free <= memory().total_memory(), "{free}");
    }

    #[test]
    fn the_versions_of_burn_and_polars_are_known() {
        let names: Vec<String> = versions().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["automl", "burn", "polars", "rusqlite"]);
    }
}
