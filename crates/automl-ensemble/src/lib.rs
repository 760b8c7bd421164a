//! What out-of-fold predictions and fold scores decide. Knows no table, no model and no store.
//!
//! | module | answers |
//! |---|---|
//! | [`scorer`] | [`Scorer`]: a metric on a target, with row weights |
//! | [`rows`] | [`Parts`]: rows cut into parts |
//! | [`nested`](mod@nested) | [`nested()`]: what is a thing fitted on out-of-fold predictions honestly worth? |
//! | [`library`] | [`Candidate`]: a model known by its predictions; [`blend`] |
//! | [`selection`] | [`GreedySelector`]: which models together, with which weights? |
//! | [`stacking`] | [`Stacker`]: a model on the models' predictions |
//! | [`calibration`] | [`Calibrator`]: do probabilities mean what they say? |
//! | [`threshold`] | [`DecisionRule`]: which class is a row, given probabilities and what errors cost? |
//! | [`compare`] | is one model better than another, and how good is the best of many? |
//! | [`information`] | AIC, BIC and their kin |
//!
//! Everything depends on its arguments and a [`Seed`](automl_core::Seed) alone: the same arguments give the same
//! bits, whatever the number of threads.

pub mod calibration;
pub mod compare;
mod confusion;
pub mod error;
mod generator;
pub mod information;
pub mod library;
pub mod nested;
mod prepared;
pub mod rows;
pub mod scorer;
pub mod selection;
mod shortlist;
mod special;
pub mod stacking;
pub mod threshold;

pub use calibration::Calibrator;
pub use error::EnsembleError;
pub use library::{Candidate, blend};
pub use nested::{Nested, nested};
pub use rows::Parts;
pub use scorer::Scorer;
pub use selection::{GreedyConfig, GreedySelector, Selection};
pub use stacking::{Stack, StackConfig, Stacker};
pub use threshold::DecisionRule;
