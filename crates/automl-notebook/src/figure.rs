//! A chart.

use std::fmt;
use std::path::Path;

use crate::error::Error;
use crate::html;

/// A chart of a report as SVG, for light and dark notebooks.
#[derive(Clone, PartialEq, Eq)]
pub struct Figure {
    name: String,
    light: String,
    dark: String,
}

impl Figure {
    pub(crate) fn new(name: &str, light: String, dark: String) -> Self {
        Self { name: name.to_owned(), light, dark }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
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
        html::show(&format!(
            "<div class=\"light\">{}</div><div class=\"dark\">{}</div>",
            self.light, self.dark
        ));
    }
}

impl fmt::Debug for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Figure({})", self.name)
    }
}
