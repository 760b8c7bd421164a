//! Model families: what can learn from a [`Design`](automl_core::Design).
//!
//! | module | holds |
//! |---|---|
//! | [`registry`] | the list of families |
//! | [`artifact`] | files of a saved model |
//! | `device` | the project's devices as burn's |
//!
//! burn is a dependency of this crate alone, and no type of burn is public.

pub mod artifact;
mod device;
