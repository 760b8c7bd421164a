//! Where a table comes from: files, patterns, and what their names say of the format.

use std::path::{Path, PathBuf};

use crate::error::DataError;

/// Spellings of a missing value in text formats: those of pandas' `read_csv`, and `?` of the UCI tables.
/// A field of blanks alone is missing as well.
pub const MISSING_SPELLINGS: [&str; 20] = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
    "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "?",
];

/// Extensions that can be read.
pub(crate) const READABLE: &[&str] = &[
    "csv",
    "csv.gz",
    "tsv",
    "tsv.gz",
    "parquet",
    "arrow",
    "feather",
    "ipc",
    "ndjson",
    "ndjson.gz",
    "jsonl",
    "jsonl.gz",
];

/// One or more files that make one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Paths or glob patterns, read in this order; the files of a pattern in order of their names.
    pub patterns: Vec<String>,
    /// Spellings of a missing value in CSV and TSV.
    pub missing: Vec<String>,
    /// Field separator; when absent, the tab for `.tsv`, and for `.csv` the first of comma, tab, `;` and `|` that cuts the first
    /// records into as many fields as the header. With `;` a number may have a decimal comma.
    pub separator: Option<u8>,
}

impl Source {
    /// The files of one path or glob pattern, with [`MISSING_SPELLINGS`].
    pub fn new(pattern: impl Into<String>) -> Self {
        Source {
            patterns: vec![pattern.into()],
            missing: MISSING_SPELLINGS.map(str::to_owned).to_vec(),
            separator: None,
        }
    }

    /// The same with other spellings of a missing value. An empty field is always missing.
    #[must_use]
    pub fn with_missing(mut self, missing: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.missing = missing.into_iter().map(Into::into).collect();
        self
    }

    /// The same with this field separator.
    #[must_use]
    pub fn with_separator(mut self, separator: u8) -> Self {
        self.separator = Some(separator);
        self
    }

    /// The files in the order in which they are read.
    ///
    /// # Errors
    /// [`DataError::NoFile`] for a pattern without files, [`DataError::BadPattern`], [`DataError::Io`].
    pub fn files(&self) -> Result<Vec<PathBuf>, DataError> {
        let mut files = Vec::new();
        for pattern in &self.patterns {
            files.extend(expand(pattern)?);
        }
        if files.is_empty() {
            return Err(DataError::NoFile { pattern: self.patterns.join(", ") });
        }
        Ok(files)
    }
}

/// A file of this very name wins over the pattern, so that `data[1].csv` can be read.
fn expand(pattern: &str) -> Result<Vec<PathBuf>, DataError> {
    let path = PathBuf::from(pattern);
    if path.is_file() {
        return Ok(vec![path]);
    }
    let bad = |reason: String| DataError::BadPattern { pattern: pattern.to_owned(), reason };
    let mut files = Vec::new();
    for entry in glob::glob(pattern).map_err(|error| bad(error.to_string()))? {
        let path = entry.map_err(|error| DataError::Io {
            action: "read",
            path: error.path().to_owned(),
            source: error.into(),
        })?;
        if path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(DataError::NoFile { pattern: pattern.to_owned() });
    }
    files.sort();
    Ok(files)
}

/// Whether the name of a file is that of a table.
pub fn is_table_file(path: &Path) -> bool {
    Format::of(path).is_ok()
}

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Separated values; `tabs` for `.tsv`.
    Csv { tabs: bool },
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC, also called Feather version 2.
    Ipc,
    /// One JSON object a line.
    JsonLines,
}

impl Format {
    /// The format and whether the file is gzipped, by the file's name alone.
    pub(crate) fn of(path: &Path) -> Result<(Format, bool), DataError> {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        let (stem, gzipped) = match name.strip_suffix(".gz") {
            Some(stem) => (stem, true),
            None => (name.as_str(), false),
        };
        let extension = stem.rsplit_once('.').map_or("", |(_, extension)| extension);
        let format = match extension {
            "csv" => Some(Format::Csv { tabs: false }),
            "tsv" => Some(Format::Csv { tabs: true }),
            "ndjson" | "jsonl" => Some(Format::JsonLines),
            "parquet" if !gzipped => Some(Format::Parquet),
            "arrow" | "feather" | "ipc" if !gzipped => Some(Format::Ipc),
            _ => None,
        };
        let unknown = || DataError::UnknownFormat {
            path: path.to_owned(),
            extension: if gzipped { format!("{extension}.gz") } else { extension.to_owned() },
            action: "read",
            known: READABLE,
        };
        format.map(|format| (format, gzipped)).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_decides_whatever_its_case() {
        assert_eq!(Format::of(Path::new("a/B.CSV.GZ")).unwrap(), (Format::Csv { tabs: false }, true));
        assert_eq!(Format::of(Path::new("x.feather")).unwrap(), (Format::Ipc, false));
        assert!(Format::of(Path::new("x.parquet.gz")).is_err());
        assert!(Format::of(Path::new("folder.csv/x")).is_err());
    }

    #[test]
    fn a_file_whose_name_looks_like_a_pattern_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part[1].csv");
        std::fs::write(&path, "a\n1\n").unwrap();
        assert_eq!(Source::new(path.to_string_lossy()).files().unwrap(), vec![path]);
    }

    #[test]
    fn files_of_a_pattern_come_in_order_of_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.csv", "c.csv", "a.csv"] {
            std::fs::write(folder.path().join(name), "a\n1\n").unwrap();
        }
        let files = Source::new(folder.path().join("*.csv").to_string_lossy()).files().unwrap();
        let names: Vec<_> = files.iter().filter_map(|file| file.file_name()?.to_str()).collect();
        assert_eq!(names, ["a.csv", "b.csv", "c.csv"]);
    }
}
