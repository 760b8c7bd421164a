//! One run as one self-contained HTML page.
//!
//! [`ReportModel`] is plain data that the facade fills; [`render`] turns it into a page without scripts
//! and without network: inline CSS, inline SVG, light and dark, for screen, phone and paper.
//!
//! | module | holds |
//! |---|---|
//! | [`model`] | everything the report shows |
//! | `figures` | a chart each: data computed from records and tested, then drawn |
//! | `draw`, `plot`, `scale` | shapes in the page's colours; axes; round ticks |
//! | `page` | the model as strings, tables and drawn charts for `templates/report.html` |
//! | `verdict`, `format` | what came of it in plain words; numbers as people read them |

pub mod error;
pub mod model;

mod draw;
mod figures;
mod format;
mod page;
mod plot;
mod render;
mod scale;
mod verdict;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
extern crate self as automl_report;

pub use error::ReportError;
pub use model::{Front, FrontPoint, HoldoutResult, OutOfFold, ReportModel, Reproduce, RunFacts};
pub use render::{render, write};
