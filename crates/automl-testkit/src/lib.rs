//! Test support: contract suites and stand-ins. Only ever a dev-dependency.
pub mod store;

pub mod family;
pub mod memory_store;
pub mod pruner;
pub mod sampler;
pub mod synthetic;
