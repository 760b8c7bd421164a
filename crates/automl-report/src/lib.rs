//! One run as one self-contained HTML page.
//!
//! [`ReportModel`] is plain data that the facade fills; [`render`] turns it into a page that asks nothing of a network: inline
//! CSS, inline SVG, light and dark, for screen, phone and paper. A small script sorts, filters and enlarges; the page says all
//! without it. [`charts`], [`png`] and [`json`] give the same content to machines.
//!
//! | module | holds |
//! |---|---|
//! | [`model`] | everything the report shows |
//! | `figures` | a chart each: data computed from records and tested, then drawn |
//! | `draw`, `plot`, `scale` | shapes in the page's colours; axes; round ticks |
//! | `export` | charts as files, everything as JSON |
//! | `page` | the model as strings, tables and drawn charts for `templates/report.html` |
//! | `verdict`, `format` | what came of it in plain words; numbers as people read them |

pub mod error;
pub mod model;

mod draw;
mod export;
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

pub use draw::Theme;
pub use error::ReportError;
pub use export::{Chart, JSON_VERSION, charts, json, png};
pub use model::{
    ColumnImportance, ErrorCorrelations, Explanation, FinalModel, Front, FrontPoint, HoldoutResult,
    Importance, ModelPart, OutOfFold, ReportModel, Reproduce, RunFacts, WorstRow,
};
pub use render::{render, write};
