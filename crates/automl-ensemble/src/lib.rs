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
//!
//! ```
//! use automl_core::{Matrix, Metric, Predictions, Seed, Target};
//! use automl_ensemble::{Candidate, DecisionRule, GreedyConfig, GreedySelector, Parts, Scorer, calibration};
//!
//! // Out-of-fold predictions of two models for eight rows: probabilities of class 0 and 1.
//! let proba = |positive: [f64; 8]| {
//!     Predictions::Proba(Matrix::new(8, 2, positive.iter().flat_map(|p| [1.0 - p, *p]).collect()))
//! };
//! let linear = proba([0.1, 0.3, 0.2, 0.6, 0.4, 0.7, 0.8, 0.9]);
//! let tree = proba([0.2, 0.1, 0.6, 0.2, 0.7, 0.4, 0.9, 0.8]);
//! let target = Target::Classes { codes: vec![0, 0, 0, 0, 1, 1, 1, 1], n_classes: 2 };
//! let candidate = |id, predictions| Candidate { id, family: id, predictions, ms_per_row: 0.1 };
//! let candidates = [candidate("linear", &linear), candidate("tree", &tree)];
//!
//! // The models fail on different rows, so that their mean is better than either.
//! let scorer = Scorer::new(Metric::LogLoss, &target)?;
//! let ensemble = GreedySelector::new(GreedyConfig::default())?.select(&scorer, &candidates, Seed(1))?;
//! assert!(ensemble.weights.iter().all(|weight| *weight > 0.0));
//!
//! // Its probabilities as they are, or calibrated; and the threshold from which on a row is positive.
//! let blended = ensemble.apply(&[&linear, &tree])?;
//! let parts = Parts::stratified(&target, 2, Seed(1))?;
//! let calibrated = calibration::choose(&scorer, &blended, &parts)?.calibrator.apply(&blended)?;
//! let rule = DecisionRule::fit(&Scorer::new(Metric::Mcc, &target)?, &calibrated)?;
//! assert_eq!(rule.classes(&calibrated)?, [0, 0, 0, 0, 1, 1, 1, 1]);
//! # Ok::<(), automl_ensemble::EnsembleError>(())
//! ```

pub mod calibration;
pub mod compare;
mod confusion;
pub mod error;
mod generator;
pub mod information;
pub mod library;
pub mod nested;
mod prepared;
mod ranking;
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
pub use nested::{Nested, nested, scores_by_part};
pub use rows::Parts;
pub use scorer::Scorer;
pub use selection::{GreedyConfig, GreedySelector, Selection};
pub use stacking::{Stack, StackConfig, Stacker};
pub use threshold::DecisionRule;
