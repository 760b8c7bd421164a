//! Neural networks, trained in population form.
//!
//! | module | holds |
//! |---|---|
//! | `families` | what a configuration means; the search space and first guesses of each family |
//! | `training`, `schedule`, `read` | how a network is trained; parameters read and checked |
//! | `architecture`, `mlp`, `realmlp`, `tabm`, `resnet`, `ft_transformer` | shapes of networks: from columns and sizes to arrays, initial weights and layers |
//! | `layers` | layers: forward, back, prediction, and the same as tensor operations |
//! | `parameters`, `gradients` | one member's numbers, and those of all members stacked |
//! | `data` | a member's rows, checked; batches |
//! | `noise`, `mixup` | what is done to training rows |
//! | `shard` | members in step: when they train, validate, stop |
//! | `engine` | the seam to what computes them |
//! | `host_engine`, `network` | the engine of the CPU's backends |
//! | `kernel`, `norm`, `loss`, `optimizer`, `averaging`, `activation`, `sums`, `simd` | its fused element-wise arithmetic |
//! | `resident` | the engine of devices with memory of their own |
//! | `population`, `on_device` | shards over threads; populations as large as a device's memory allows |
//! | `fitted` | prediction and files |
//!
//! Results depend on members and seeds alone: sums have one order, draws come from the member's own
//! generators, and a member trains the same whoever trains beside it (to floating-point tolerance where
//! padding changes a matrix product's blocking, or a batch its parts).

mod activation;
mod architecture;
#[cfg(test)]
mod augmented;
mod averaging;
mod data;
mod engine;
mod families;
mod fitted;
mod ft_transformer;
mod gradients;
mod host;
mod host_engine;
mod kernel;
mod layers;
mod loss;
mod memory;
mod mixup;
mod mlp;
mod network;
mod noise;
mod norm;
mod on_device;
mod optimizer;
mod parameters;
#[cfg(test)]
mod parity;
mod population;
mod read;
mod realmlp;
#[cfg(test)]
mod reference;
mod resident;
mod resnet;
mod schedule;
mod shard;
mod simd;
mod size;
mod sums;
mod tabm;
mod training;

pub use families::{FtTransformerFamily, MlpFamily, RealMlpFamily, ResNetFamily, TabmFamily};
