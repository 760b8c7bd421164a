//! Bayesian optimisation with a Gaussian process (Jones et al. 1998; Snoek et al. 2012).
//!
//! | file | holds |
//! |---|---|
//! | `features` | configurations as points between which distances mean something, also in conditional spaces |
//! | `kernel` | Matern 5/2 with a length-scale per parameter |
//! | `hyper` | its hyper-parameters and their priors |
//! | `likelihood` | the most probable hyper-parameters |
//! | `process` | the process: prediction with slopes |
//! | `lbfgs` | minimisation with gradients |
//! | `transform` | costs as numbers that a normal distribution could have made |
//! | `acquisition` | the logarithm of the expected improvement |
//! | `propose` | where it is largest |
//! | `sampler` | putting it together |

#![allow(
    clippy::inline_always,
    reason = "only what is inlined into a dispatch of `pulp` is compiled for the machine's vectors"
)]

mod acquisition;
mod features;
mod hyper;
mod kernel;
mod lbfgs;
mod likelihood;
mod process;
mod propose;
mod sampler;
mod transform;

pub use sampler::GpSampler;
