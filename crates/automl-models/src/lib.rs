//! Model families: what can learn from a [`Design`](automl_core::Design).
//!
//! | module | holds |
//! |---|---|
//! | [`registry`] | the list of families |
//! | [`constant`], [`linear`] | families computed in plain `f64` |
//! | [`knn`] | nearest neighbours |
//! | [`gbdt`], [`forest`] | boosted trees, forests; `trees` is what both grow |
//! | [`neural`] | neural networks, trained several at once |
//! | [`own`] | a burn module of one's own as a family |
//! | [`artifact`] | files of a saved model |
//! | [`device`] | the project's devices as burn's; which there are |
//!
//! burn is a dependency of this crate alone, and no type of burn is public but in [`own`].

pub mod artifact;
pub mod constant;
pub mod device;
mod draws;
pub mod forest;
pub mod gbdt;
mod gemm;
pub mod knn;
pub mod linear;
pub mod neural;
pub mod own;
pub mod registry;
mod standard;
mod target;
mod trees;

pub use burn;
pub use registry::{RegisterError, families, family, is_registered, register};
