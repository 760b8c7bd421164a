//! Functional analysis of variance of a random forest (Hutter, Hoos & Leyton-Brown 2014, "An efficient approach for
//! assessing hyperparameter importance", ICML).
//!
//! | file | holds |
//! |---|---|
//! | `config` | settings and their check |
//! | `feature` | a parameter as a tree sees it |
//! | `tree` | regression trees |
//! | `split` | the best split of a node |
//! | `leaves` | the boxes into which a tree cuts the space |
//! | `marginal` | variance of a tree's marginals |
//! | `evaluate` | putting it together |

mod config;
mod evaluate;
mod feature;
mod leaves;
mod marginal;
mod split;
mod tree;

pub use config::FanovaConfig;
pub use evaluate::Fanova;
