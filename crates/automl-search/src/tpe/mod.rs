//! Tree-structured Parzen estimator (Bergstra et al. 2011; the multivariate form of Watanabe 2023,
//! arXiv 2304.11127, with the settings of Optuna 5.0.0 but for the least width of kernels).
//!
//! | file | holds |
//! |---|---|
//! | [`config`] | settings and their check |
//! | `split` | which trials are good |
//! | `groups` | which parameters are drawn together |
//! | `kernels`, `parzen` | the density over one group |
//! | `sampler` | putting it together |

pub mod config;
mod groups;
mod kernels;
mod parzen;
#[cfg(test)]
mod reference_tests;
mod sampler;
mod split;

pub use config::TpeConfig;
pub use sampler::TpeSampler;
