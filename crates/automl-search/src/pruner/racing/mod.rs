//! Racing across folds: a configuration that loses to the best one fold by fold is stopped.
//!
//! | file | holds |
//! |---|---|
//! | `pruner` | [`RacingConfig`], [`RacingPruner`]: who races whom |
//! | `race` | the two tests |
//! | `spread` | how much folds differ by chance |
//! | `student` | tail of Student's t distribution |

mod pruner;
mod race;
mod spread;
mod student;

#[cfg(test)]
mod simulation_tests;

pub use pruner::{RacingConfig, RacingPruner};
#[cfg(test)]
pub(super) use {spread::Spread, student::upper_tail};
