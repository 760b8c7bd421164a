//! Non-dominated sorting genetic algorithm (Deb, Pratap, Agarwal & Meyarivan 2002, "A fast and elitist multiobjective
//! genetic algorithm: NSGA-II").
//!
//! | file | holds |
//! |---|---|
//! | [`config`] | settings and their check |
//! | `ranking` | crowding distance, survivors |
//! | `variation` | how a parameter mutates |
//! | `sampler` | the population replayed from the history, and its children |

pub mod config;
mod ranking;
mod sampler;
mod variation;

pub use config::Nsga2Config;
pub use sampler::Nsga2Sampler;
