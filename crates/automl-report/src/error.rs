//! Why a report could not be made.

use std::path::PathBuf;

use automl_core::Hint;
use thiserror::Error;

/// A report could not be rendered or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A chart could not be drawn.
    #[error("cannot draw the chart `{figure}`: {reason}")]
    Draw {
        /// Name of the chart.
        figure: &'static str,
        /// What the drawing library said.
        reason: String,
    },
    /// The page's template could not be filled.
    #[error("cannot fill the report's template: {source}")]
    Template {
        /// What the template engine said.
        #[from]
        source: minijinja::Error,
    },
    /// A chart could not be made a picture of pixels.
    #[error("cannot make a PNG of the chart `{name}`: {reason}")]
    Picture {
        /// Name of the chart.
        name: String,
        /// Why.
        reason: String,
    },
    /// The content could not be told as JSON.
    #[error("cannot write the report as JSON: {source}")]
    Json {
        /// What the serialiser said.
        #[from]
        source: serde_json::Error,
    },
    /// The page could not be written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// `write` or `rename`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Hint for ReportError {
    fn hints(&self) -> Vec<String> {
        match self {
            ReportError::Io { .. } => vec!["check that the folder exists and can be written to".to_owned()],
            ReportError::Picture { .. } => {
                vec!["install a font such as DejaVu Sans, or take the SVG".to_owned()]
            }
            ReportError::Draw { .. } | ReportError::Template { .. } | ReportError::Json { .. } => Vec::new(),
        }
    }
}
