//! The search: who proposes, who prunes, and the loop around them. Knows no data and no models.
//!
//! | module | holds |
//! |---|---|
//! | [`auto`] | [`AutoSampler`]: one of the others, by space and number of trials |
//! | [`random`] | [`RandomSampler`] |
//! | [`tpe`] | [`TpeSampler`]: tree-structured Parzen estimator |
//! | [`gp`] | [`GpSampler`]: Gaussian process |
//! | [`cma`] | [`CmaEsSampler`]: covariance matrix adaptation |
//! | [`grid`] | [`GridSampler`]: every configuration once |
//! | [`nsga2`] | [`Nsga2Sampler`]: several objectives |
//! | [`sobol`] | [`SobolSampler`]: quasi-random |
//! | [`pareto`] | [`pareto_front`], [`hypervolume`] |
//! | [`pruner`] | [`MedianPruner`], [`PercentilePruner`], [`AshaPruner`], [`HyperbandPruner`], [`RacingPruner`], [`NopPruner`] |
//! | [`importance`] | [`importance::Fanova`], [`importance::PedAnova`]: which parameters matter |
//! | [`study`] | [`run_search`]: slots, seeds, resume and limits |
//! | [`progress`] | [`Progress`]: what a worker knows of a study that others may be changing |
//! | [`stopper`] | [`TargetCost`], [`Plateau`]: when a search has found enough |
//! | [`error`] | [`RunError`], [`ConfigError`] |

pub mod auto;
pub mod cma;
pub mod error;
mod generator;
pub mod gp;
pub mod grid;
pub mod importance;
mod matrix;
mod normal;
pub mod nsga2;
pub mod pareto;
pub mod progress;
pub mod pruner;
pub mod random;
pub mod sobol;
pub mod stopper;
pub mod study;
pub mod tpe;

pub use auto::AutoSampler;
pub use cma::CmaEsSampler;
pub use error::{ConfigError, Origin, RunError};
pub use gp::GpSampler;
pub use grid::GridSampler;
pub use nsga2::{Nsga2Config, Nsga2Sampler};
pub use pareto::{hypervolume, pareto_front};
pub use progress::Progress;
pub use pruner::{
    AshaConfig, AshaPruner, HyperbandConfig, HyperbandPruner, MedianPruner, NopPruner, PercentileConfig,
    PercentilePruner, RacingConfig, RacingPruner,
};
pub use random::RandomSampler;
pub use sobol::SobolSampler;
pub use stopper::{Plateau, TargetCost};
pub use study::{SearchPlan, SearchSummary, announce, run_search};
pub use tpe::{TpeConfig, TpeSampler};
