//! Files to one polars frame.

mod csv;
mod json;
mod scan;

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use polars::prelude::{
    ArrowDataType, ArrowSchema, DataFrame, IpcReader, ParquetReader, PolarsError, PolarsResult, SerReader,
};

use crate::error::DataError;
use crate::source::{Format, Source};

/// A file in memory.
pub(crate) struct Content {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

/// Reads every file of the source and stacks them.
///
/// Text columns whose values are all numbers come as numbers; dates in text formats stay texts, whose
/// kind is decided later. Files are read whole.
///
/// # Errors
/// [`DataError`] with the file and, for text formats, the line at fault.
pub fn read_frame(source: &Source) -> Result<DataFrame, DataError> {
    let mut parts: Vec<(PathBuf, DataFrame)> = Vec::new();
    let mut separated: Vec<(Content, bool)> = Vec::new();
    for path in source.files()? {
        let (format, gzipped) = Format::of(&path)?;
        let content = load(path, gzipped)?;
        match format {
            Format::Csv { tabs } => separated.push((content, tabs)),
            Format::Parquet => parts.push(read_parquet(content)?),
            Format::Ipc => parts.push(read_ipc(content)?),
            Format::JsonLines => parts.push(json::read(content)?),
        }
    }
    // CSV files tell no types: those of one column are decided over all files together.
    parts.extend(csv::read(separated, source)?);
    stack(parts)
}

fn load(path: PathBuf, gzipped: bool) -> Result<Content, DataError> {
    let io = |source| DataError::Io { action: "read", path: path.clone(), source };
    let mut bytes = fs::read(&path).map_err(io)?;
    if gzipped {
        let mut plain = Vec::with_capacity(bytes.len() * 4);
        MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).map_err(|error| {
            DataError::Malformed { path: path.clone(), format: "gzip", reason: error.to_string() }
        })?;
        bytes = plain;
    }
    if bytes.is_empty() {
        return Err(DataError::EmptyFile { path });
    }
    Ok(Content { path, bytes })
}

fn read_parquet(content: Content) -> Result<(PathBuf, DataFrame), DataError> {
    let mut reader = ParquetReader::new(Cursor::new(content.bytes));
    check_types(&content.path, reader.schema())?;
    typed(content.path, "Parquet", reader.finish())
}

fn read_ipc(content: Content) -> Result<(PathBuf, DataFrame), DataError> {
    let mut reader = IpcReader::new(Cursor::new(content.bytes));
    check_types(&content.path, reader.schema())?;
    typed(content.path, "Arrow IPC", reader.finish())
}

/// polars panics at types that it was not built for. A file without a schema is refused by whoever reads it next.
fn check_types(path: &Path, schema: PolarsResult<Arc<ArrowSchema>>) -> Result<(), DataError> {
    let Ok(schema) = schema else { return Ok(()) };
    match schema.iter_values().find(|field| !is_readable(&field.dtype)) {
        None => Ok(()),
        Some(field) => Err(DataError::UnreadableColumn {
            path: path.to_owned(),
            column: field.name.to_string(),
            dtype: format!("{:?}", field.dtype),
        }),
    }
}

fn is_readable(dtype: &ArrowDataType) -> bool {
    use ArrowDataType as Type;
    match dtype {
        Type::Decimal(..)
        | Type::Decimal32(..)
        | Type::Decimal64(..)
        | Type::Decimal256(..)
        | Type::Float16
        | Type::Int128
        | Type::UInt128
        | Type::Interval(_)
        | Type::FixedSizeList(..) => false,
        Type::List(field) | Type::LargeList(field) | Type::Map(field, _) => is_readable(&field.dtype),
        Type::Struct(fields) => fields.iter().all(|field| is_readable(&field.dtype)),
        Type::Dictionary(_, values, _) => is_readable(values),
        _ => true,
    }
}

fn typed(
    path: PathBuf,
    format: &'static str,
    frame: Result<DataFrame, PolarsError>,
) -> Result<(PathBuf, DataFrame), DataError> {
    match frame {
        Ok(frame) if frame.height() == 0 => Err(DataError::NoRows { path, n_columns: frame.width() }),
        Ok(frame) => Ok((path, frame)),
        Err(error) => Err(DataError::Malformed { path, format, reason: error.to_string() }),
    }
}

fn stack(parts: Vec<(PathBuf, DataFrame)>) -> Result<DataFrame, DataError> {
    let mut parts = parts.into_iter();
    let Some((first, mut frame)) = parts.next() else {
        return Err(DataError::NoFile { pattern: String::new() });
    };
    let mut stacked = false;
    for (path, part) in parts {
        check_same_columns(&first, &frame, &path, &part)?;
        let ordered = part.select(frame.get_column_names_owned()).and_then(|part| {
            frame.vstack_mut(&part)?;
            Ok(())
        });
        let failed = |error: PolarsError| DataError::Malformed {
            path,
            format: "a part of one table",
            reason: error.to_string(),
        };
        ordered.map_err(failed)?;
        stacked = true;
    }
    if stacked {
        frame.rechunk_mut_par();
    }
    Ok(frame)
}

fn check_same_columns(
    first: &Path,
    frame: &DataFrame,
    path: &Path,
    part: &DataFrame,
) -> Result<(), DataError> {
    let differ = |column: &str, expected: String, found: String| DataError::FilesDiffer {
        first: first.to_owned(),
        path: path.to_owned(),
        column: column.to_owned(),
        expected,
        found,
    };
    let absent = || "no such column".to_owned();
    for column in frame.columns() {
        match part.column(column.name()) {
            Err(_) => return Err(differ(column.name(), column.dtype().to_string(), absent())),
            Ok(other) if other.dtype() != column.dtype() => {
                return Err(differ(column.name(), column.dtype().to_string(), other.dtype().to_string()));
            }
            Ok(_) => {}
        }
    }
    for column in part.columns() {
        if frame.column(column.name()).is_err() {
            return Err(differ(column.name(), absent(), column.dtype().to_string()));
        }
    }
    Ok(())
}
