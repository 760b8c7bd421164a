//! Covariance matrix adaptation (Hansen 2016, "The CMA evolution strategy: a tutorial", arXiv 1604.00772).
//!
//! | file | holds |
//! |---|---|
//! | `constants` | learning rates and weights |
//! | `covariance` | the shape of the distribution, in full or along the axes |
//! | `strategy` | the strategy's state: drawing from it, learning from a generation |
//! | `replay` | the state after a history, with restarts |
//! | `sampler` | putting it together |

mod constants;
mod covariance;
mod replay;
mod sampler;
mod strategy;

pub use sampler::CmaEsSampler;
