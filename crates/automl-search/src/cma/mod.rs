//! Covariance matrix adaptation (Hansen 2016, "The CMA evolution strategy: a tutorial", arXiv 1604.00772).
//!
//! | file | holds |
//! |---|---|
//! | `eigen` | axes of a symmetric matrix |
//! | `strategy` | the strategy's state: drawing from it, learning from a generation |
//! | `sampler` | the state replayed from the history |

mod eigen;
mod sampler;
mod strategy;

pub use sampler::CmaEsSampler;
