//! PED-ANOVA: importance as Pearson divergence between densities (Watanabe, Bansal & Hutter 2023, arXiv 2304.10255).
//!
//! | file | holds |
//! |---|---|
//! | `config` | settings and their check |
//! | `grid` | a parameter's values on a grid of few points |
//! | `density` | the density of trials over that grid |
//! | `evaluate` | putting it together |

mod config;
mod density;
mod evaluate;
mod grid;

pub use config::PedAnovaConfig;
pub use evaluate::PedAnova;
