//! Pruners: they stop a trial that cannot catch up.
//!
//! | file | holds | compares |
//! |---|---|---|
//! | [`nop`] | [`NopPruner`] | nothing |
//! | [`median`] | [`MedianPruner`] | the cost at a step with the median of the finished trials there |
//! | [`percentile`] | [`PercentilePruner`] | the same with any percentile |
//! | [`asha`] | [`AshaPruner`]: asynchronous successive halving | at a rung, with all that reached it |
//! | [`hyperband`] | [`HyperbandPruner`] | as successive halving, inside brackets of different patience |
//! | [`racing`] | [`RacingPruner`] | fold by fold with the best trial |
//! | `costs` | what a trial cost at a step | |
//!
//! A step says what a cost was measured on: the number of folds done, of epochs, or a rung of training rows. Costs
//! at different steps are never compared. Costs that are no numbers are the worst there are.

pub mod asha;
mod costs;
pub mod hyperband;
pub mod median;
pub mod nop;
pub mod percentile;
pub mod racing;
#[cfg(test)]
mod reference_tests;

pub use asha::{AshaConfig, AshaPruner};
pub use hyperband::{HyperbandConfig, HyperbandPruner};
pub use median::MedianPruner;
pub use nop::NopPruner;
pub use percentile::{PercentileConfig, PercentilePruner};
pub use racing::{RacingConfig, RacingPruner};
