//! One JSON object a line.

use std::io::Cursor;
use std::path::PathBuf;

use polars::prelude::{DataFrame, JsonFormat, JsonReader, SerReader};
use serde::de::IgnoredAny;

use super::{Content, typed};
use crate::error::DataError;

pub(crate) fn read(content: Content) -> Result<(PathBuf, DataFrame), DataError> {
    check_lines(&content)?;
    let reader = JsonReader::new(Cursor::new(content.bytes))
        .with_json_format(JsonFormat::JsonLines)
        .infer_schema_len(None);
    typed(content.path, "JSON lines", reader.finish())
}

/// polars names no line when an object is broken.
fn check_lines(content: &Content) -> Result<(), DataError> {
    for (index, line) in content.bytes.split(|&byte| byte == b'\n').enumerate() {
        let line_text = line.trim_ascii();
        if line_text.is_empty() {
            continue;
        }
        let number = index as u64 + 1;
        if std::str::from_utf8(line_text).is_err() {
            return Err(DataError::NotUtf8 { path: content.path.clone(), line: number });
        }
        let reason = match serde_json::from_slice::<IgnoredAny>(line_text) {
            Err(error) => format!("line {number}: {error}"),
            Ok(_) if line_text[0] != b'{' => format!("line {number}: expected an object"),
            Ok(_) => continue,
        };
        return Err(DataError::Malformed { path: content.path.clone(), format: "JSON lines", reason });
    }
    Ok(())
}
