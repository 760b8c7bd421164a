//! The search: who proposes, who prunes, and the loop around them. Knows no data and no models.
//!
//! | module | holds |
//! |---|---|
//! | [`random`] | [`RandomSampler`] |
//! | [`tpe`] | [`TpeSampler`]: tree-structured Parzen estimator |
//! | [`median`], [`nop`] | [`MedianPruner`], [`NopPruner`] |
//! | [`study`] | [`run_search`]: slots, seeds, resume and limits |
//! | [`error`] | [`RunError`], [`ConfigError`] |

pub mod error;
mod generator;
pub mod median;
pub mod nop;
pub mod random;
pub mod study;
pub mod tpe;

pub use error::{ConfigError, Origin, RunError};
pub use median::MedianPruner;
pub use nop::NopPruner;
pub use random::RandomSampler;
pub use study::{SearchPlan, SearchSummary, run_search};
pub use tpe::{TpeConfig, TpeSampler};
