//! `automl` in a Rust notebook, the full door: everything in the notebook's own process.
//!
//! `automl kernel install --full` builds this crate as a shared library: one copy of every static, burn's gradients among them, for all
//! cells of a notebook.
//!
//! Cells have the types of the fast door (`automl-notebook`) under the same names, and beside them polars, burn, and searches that
//! run in the cell's process: for a model family of one's own, or for any function at all.
//!
//! ```no_run
//! use automl_full::polars::prelude::*;
//! use automl_full::{FrameExt, FunctionStudy, RunHere, Search};
//!
//! let diamonds = automl_full::read_frame("diamonds.csv")?;
//! let volume = (col("x") * col("y") * col("z")).alias("volume");
//! let prepared = diamonds.lazy().with_column(volume).collect()?;
//! let table = prepared.to_table("prepared.parquet")?; // rows, kinds, missing values, small histograms
//! let study = Search::new("prepared.parquet", "price").time("1m").run_here()?;
//!
//! let parabola = FunctionStudy::new("runs/parabola").trials(30);
//! let found = parabola.optimize([("x", automl_full::Domain::float(-5.0, 5.0))], |params, _| {
//!     Ok((params.float("x")? - 1.0).powi(2))
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | `frame` | polars frames as files that searches read |
//! | `here` | experiments searched in this process |
//! | `function` | the least cost of any function |
//!
//! A network of one's own is a [`Network`], which [`register`] puts on the leaderboard of the searches of this process.

mod frame;
mod function;
mod here;

use std::sync::Arc;

pub use automl as facade;
pub use automl::{
    Condition, Domain, ModelFamily, Network, ParamSpec, ParamValue, Params, Shape, SpaceError, Training,
    TrialContext, TrialError, burn, polars,
};
pub use automl_notebook::*;

pub use frame::{FrameExt, read_frame};
pub use function::FunctionStudy;
pub use here::RunHere;

/// Puts a burn network of one's own on the leaderboard of the searches of this process ([`RunHere`]), by the name that it gives
/// itself. A cell that runs again puts the new one in the place of the old.
///
/// # Errors
/// [`Error`] if its name cannot be one, or belongs to a family that is built in.
pub fn register(network: impl Network) -> Result<(), Error> {
    register_family(Arc::new(automl::family(network)))
}

/// The same for any [`ModelFamily`].
///
/// # Errors
/// As [`register`].
pub fn register_family(family: Arc<dyn ModelFamily>) -> Result<(), Error> {
    automl::register(family).map_err(|error| told(&error))
}

/// An error of the facade as notebooks show it.
fn told<E: std::fmt::Display + automl::Hint>(error: &E) -> Error {
    error.hints().into_iter().fold(Error::new(error.to_string()), Error::with_hint)
}
