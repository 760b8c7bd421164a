//! Polars frames as files that searches read.

use std::fs::{self, File};
use std::path::Path;

use automl::polars::prelude::{DataFrame, ParquetWriter};
use automl_notebook::{Error, Table};

use crate::told;

/// Reads a file as searches do: CSV, Parquet, Arrow or JSON, by its ending, or all files of a pattern.
///
/// # Errors
/// [`Error`] naming the file and the place in it.
pub fn read_frame(path: impl AsRef<Path>) -> Result<DataFrame, Error> {
    automl::read_frame(path.as_ref()).map_err(|error| told(&error))
}

/// What a notebook does with a frame.
pub trait FrameExt {
    /// Writes the frame as a Parquet file, which searches read by the same path, and shows it as a table.
    ///
    /// # Errors
    /// [`Error`] if the file cannot be written.
    fn to_table(&self, path: impl AsRef<Path>) -> Result<Table, Error>;
}

impl FrameExt for DataFrame {
    fn to_table(&self, path: impl AsRef<Path>) -> Result<Table, Error> {
        let path = path.as_ref();
        let refused =
            |error: &dyn std::fmt::Display| Error::new(format!("cannot write `{}`: {error}", path.display()));
        if path.extension().is_none_or(|ending| ending != "parquet") {
            return Err(refused(&"a frame becomes a Parquet file").with_hint("end its name in `.parquet`"));
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| refused(&error))?;
        }
        // Beside it first: a search may be reading the file of an earlier run of the cell.
        let growing = path.with_extension("parquet.tmp");
        let file = File::create(&growing).map_err(|error| refused(&error))?;
        ParquetWriter::new(file).finish(&mut self.clone()).map_err(|error| refused(&error))?;
        fs::rename(&growing, path).map_err(|error| refused(&error))?;
        Table::read(path)
    }
}

#[cfg(test)]
mod tests {
    use automl::polars::prelude::*;

    use super::*;

    #[test]
    fn a_frame_that_was_written_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let frame = df!("x" => [1.5, 2.5], "level" => ["a", "b"]).unwrap();
        let path = dir.path().join("new/frame.parquet");
        // Showing it takes the program, which a test of this crate alone need not have.
        drop(frame.to_table(&path));
        assert_eq!(read_frame(&path).unwrap(), frame);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_frame_becomes_a_parquet_file_alone() {
        let error = df!("x" => [1]).unwrap().to_table("frame.csv").unwrap_err();
        assert_eq!(error.hints(), ["end its name in `.parquet`"]);
        assert!(!Path::new("frame.csv").exists());
    }
}
