//! A chart.

use std::fmt;
use std::path::Path;

use serde_json::Value;

use crate::error::Error;
use crate::html;

/// A chart of a report as SVG, for light and dark notebooks.
#[derive(Clone, PartialEq, Eq)]
pub struct Figure {
    name: String,
    title: String,
    caption: String,
    light: String,
    dark: String,
}

impl Figure {
    /// What `automl plot RUN NAME --json` prints.
    pub(crate) fn of(json: &Value) -> Self {
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        Self {
            name: text("name"),
            title: text("title"),
            caption: text("caption"),
            light: text("svg"),
            dark: text("svg_dark"),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its heading.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What is seen, in one or two sentences.
    pub fn caption(&self) -> &str {
        &self.caption
    }

    /// The light chart, as SVG.
    pub fn svg(&self) -> &str {
        &self.light
    }

    /// Writes the light chart to an SVG file.
    ///
    /// # Errors
    /// [`Error`] naming the file.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        std::fs::write(path, &self.light)
            .map_err(|error| Error::new(format!("cannot write `{}`: {error}", path.display())))
    }

    /// Shows the chart under the cell, in the notebook's theme.
    pub fn evcxr_display(&self) {
        html::show(self, &self.html());
    }

    pub(crate) fn html(&self) -> String {
        format!(
            "<figure><div class=\"light\">{}</div><div class=\"dark\">{}</div><figcaption>{}</figcaption></figure>",
            self.light,
            self.dark,
            html::escape(&self.caption)
        )
    }
}

impl fmt::Debug for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Figure({})", self.name)
    }
}
