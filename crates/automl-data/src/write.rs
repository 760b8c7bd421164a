//! Predictions to a file, whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use polars::prelude::{CsvWriter, DataFrame, ParquetWriter, PolarsError, SerWriter};

use crate::error::DataError;

/// Extensions that can be written.
const WRITABLE: &[&str] = &["csv", "tsv", "parquet"];

/// Writes a frame as CSV, TSV or Parquet, by the extension of `path`.
///
/// The file is written beside its place and renamed when complete, so that readers see the old or the new
/// one and never half of it.
///
/// # Errors
/// [`DataError::UnknownFormat`] before anything is written; [`DataError::Io`]; [`DataError::Malformed`] for
/// columns that the format cannot hold.
pub fn write_predictions(frame: &DataFrame, path: &Path) -> Result<(), DataError> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let extension = extension.unwrap_or_default();
    if !WRITABLE.contains(&extension.as_str()) {
        return Err(DataError::UnknownFormat {
            path: path.to_owned(),
            extension,
            action: "written",
            known: WRITABLE,
        });
    }
    let temporary = beside(path);
    // Errors name the place that was asked for, not the temporary one.
    let result = write_to(frame, &temporary, &extension, path).and_then(|()| {
        fs::rename(&temporary, path).map_err(|source| DataError::Io {
            action: "write",
            path: path.to_owned(),
            source,
        })
    });
    if result.is_err() {
        // The first error is the one to tell; a leftover that cannot be removed does no harm.
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// The process number keeps two processes that write to one place apart.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

fn write_to(frame: &DataFrame, temporary: &Path, extension: &str, path: &Path) -> Result<(), DataError> {
    let io = |source| DataError::Io { action: "write", path: path.to_owned(), source };
    let mut file = BufWriter::new(File::create(temporary).map_err(io)?);
    let mut frame = frame.clone();
    let (format, written) = match extension {
        "parquet" => ("Parquet", ParquetWriter::new(&mut file).finish(&mut frame).map(|_| ())),
        "tsv" => ("TSV", CsvWriter::new(&mut file).with_separator(b'\t').finish(&mut frame)),
        _ => ("CSV", CsvWriter::new(&mut file).finish(&mut frame)),
    };
    written.map_err(|error| match error {
        PolarsError::IO { error, .. } => io(std::io::Error::new(error.kind(), error.to_string())),
        error => DataError::Malformed { path: path.to_owned(), format, reason: error.to_string() },
    })?;
    file.flush().map_err(io)?;
    file.get_ref().sync_all().map_err(io)
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::*;
    use crate::read::read_frame;
    use crate::source::Source;

    #[test]
    fn what_is_written_reads_back_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let frame =
            df!("row" => [1_i64, 2], "class" => ["a, \"b\"", "c\nd"], "p" => [0.1, 1.0 / 3.0]).unwrap();
        for name in ["p.csv", "p.tsv", "p.parquet"] {
            let path = folder.path().join(name);
            write_predictions(&frame, &path).unwrap();
            let back = read_frame(&Source::new(path.to_string_lossy())).unwrap();
            assert!(back.equals(&frame), "{name}: {back:?}");
        }
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 3, "temporary files are left: {left:?}");
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let frame = df!("a" => [1]).unwrap();
        let taken = folder.path().join("p.csv");
        fs::create_dir(&taken).unwrap();
        assert!(matches!(write_predictions(&frame, &taken), Err(DataError::Io { .. })));
        assert!(matches!(
            write_predictions(&frame, &folder.path().join("p.xlsx")),
            Err(DataError::UnknownFormat { .. })
        ));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
