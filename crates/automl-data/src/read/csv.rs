//! Second pass over separated values: polars fills the columns, in parallel, with the types of the scan.

use std::collections::HashSet;
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;

use polars::prelude::{
    Column, CsvParseOptions, CsvReadOptions, DataFrame, DataType, Field, IntoColumn, NamedFrom, NullValues,
    PolarsResult, Schema, SerReader, Series,
};

use super::Content;
use super::scan::{Holds, Scan, Seen, scan, separator_of};
use crate::error::DataError;
use crate::source::Source;

/// Reads all separated files of a source with common column types.
pub(crate) fn read(
    contents: Vec<(Content, bool)>,
    source: &Source,
) -> Result<Vec<(PathBuf, DataFrame)>, DataError> {
    let missing: HashSet<&[u8]> = source.missing.iter().map(|text| text.trim().as_bytes()).collect();
    let mut files = Vec::with_capacity(contents.len());
    for (mut content, tabs) in contents {
        if content.bytes.starts_with(b"\xEF\xBB\xBF") {
            content.bytes.drain(..3);
        }
        let separator = source.separator.unwrap_or_else(|| separator_of(&content.bytes, tabs));
        let scan = scan(&content, separator, &missing)?;
        files.push((content, separator, scan));
    }
    unify(&mut files);
    files.into_iter().map(|(content, separator, scan)| fill(content, separator, scan, source)).collect()
}

/// Gives columns of one name the same type in every file.
fn unify(files: &mut [(Content, u8, Scan)]) {
    let [(_, _, first), _, ..] = files else { return };
    for name in first.names.clone() {
        let at = |scan: &Scan| scan.names.iter().position(|other| *other == name);
        let common = files.iter().filter_map(|(_, _, scan)| at(scan).map(|index| scan.seen[index]));
        let Some(common) = common.reduce(Seen::merge) else { continue };
        for (_, _, scan) in files.iter_mut() {
            if let Some(index) = at(scan) {
                scan.seen[index] = common;
            }
        }
    }
}

fn fill(
    content: Content,
    separator: u8,
    mut scan: Scan,
    source: &Source,
) -> Result<(PathBuf, DataFrame), DataError> {
    let Content { path, bytes } = content;
    let bytes = scan.quoted_anew.take().unwrap_or(bytes);
    let fields = scan.names.iter().zip(&scan.seen).map(|(name, seen)| {
        let dtype = match seen {
            Seen { holds: Holds::Whole, unusual: false } => DataType::Int64,
            Seen { holds: Holds::Numbers, unusual: false } => DataType::Float64,
            _ => DataType::String,
        };
        Field::new(name.into(), dtype)
    });
    let parse = CsvParseOptions::default()
        .with_separator(separator)
        .with_null_values(Some(NullValues::AllColumns(source.missing.iter().map(Into::into).collect())));
    let options = CsvReadOptions::default()
        .with_schema(Some(Arc::new(fields.collect::<Schema>())))
        .with_parse_options(parse);
    let frame = options.into_reader_with_file_handle(Cursor::new(bytes)).finish();
    let reason = match frame.and_then(|frame| tidy(&frame, &scan, source)) {
        Ok(frame) if frame.height() == scan.n_rows => return Ok((path, frame)),
        Ok(frame) => format!("{} rows were read where {} stand", frame.height(), scan.n_rows),
        Err(error) => error.to_string(),
    };
    Err(DataError::Malformed { path, format: "CSV", reason })
}

/// Trims texts with blanks around them and converts numbers that polars was not trusted with.
fn tidy(frame: &DataFrame, scan: &Scan, source: &Source) -> PolarsResult<DataFrame> {
    let missing: HashSet<&str> = source.missing.iter().map(|text| text.trim()).collect();
    let mut columns: Vec<Column> = Vec::with_capacity(frame.width());
    for (column, seen) in frame.columns().iter().zip(&scan.seen) {
        let plain = seen.holds == Holds::Nothing || !seen.unusual;
        if plain {
            columns.push(column.clone());
            continue;
        }
        let texts =
            column.str()?.iter().map(|text| text.map(str::trim).filter(|text| !missing.contains(text)));
        let name = column.name().clone();
        let series = match seen.holds {
            Holds::Whole => {
                Series::new(name, texts.map(|text| text?.parse().ok()).collect::<Vec<Option<i64>>>())
            }
            Holds::Numbers | Holds::CommaNumbers => {
                let number = |text: &str| text.replace(',', ".").parse().ok();
                Series::new(name, texts.map(|text| number(text?)).collect::<Vec<Option<f64>>>())
            }
            Holds::Nothing | Holds::Text => {
                Series::new(name, texts.map(|text| text.filter(|text| !text.is_empty())).collect::<Vec<_>>())
            }
        };
        columns.push(series.into_column());
    }
    DataFrame::new(frame.height(), columns)
}
