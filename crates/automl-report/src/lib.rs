//! One run as one self-contained HTML page.
//!
//! [`ReportModel`] is plain data that the facade fills; [`render`] turns it into a page without scripts
//! and without network: inline CSS, inline SVG, light and dark, for screen and paper.

pub mod error;
pub mod model;

pub use error::ReportError;
pub use model::{HoldoutResult, OutOfFold, ReportModel, Reproduce, RunFacts};
