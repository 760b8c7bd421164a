//! The search: who proposes, who prunes, and the loop around them. Knows no data and no models.
//!
//! | module | holds |
//! |---|---|
//! | [`random`] | [`RandomSampler`] |
//! | [`tpe`] | [`TpeSampler`]: tree-structured Parzen estimator |
//! | [`pruner`] | [`MedianPruner`], [`PercentilePruner`], [`AshaPruner`], [`HyperbandPruner`], [`RacingPruner`], [`NopPruner`] |
//! | [`study`] | [`run_search`]: slots, seeds, resume and limits |
//! | [`error`] | [`RunError`], [`ConfigError`] |

pub mod error;
mod generator;
pub mod pruner;
pub mod random;
pub mod study;
pub mod tpe;

pub use error::{ConfigError, Origin, RunError};
pub use pruner::{
    AshaConfig, AshaPruner, HyperbandConfig, HyperbandPruner, MedianPruner, NopPruner, PercentileConfig,
    PercentilePruner, RacingConfig, RacingPruner,
};
pub use random::RandomSampler;
pub use study::{SearchPlan, SearchSummary, run_search};
pub use tpe::{TpeConfig, TpeSampler};
