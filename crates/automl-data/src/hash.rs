//! A fingerprint of what a frame holds, whatever file it came from.

use std::fmt::Write;

use polars::prelude::DataFrame;
use sha2::{Digest, Sha256};

use crate::values::Values;

/// SHA-256 in hexadecimal over column names and values in order.
///
/// Numbers count by value (`1` equals `1.0`; beyond 2^53 integers are rounded), times by the moment, so the
/// same table hashes the same from CSV and Parquet. Dates written as text differ from typed dates. Of columns
/// that cannot be used, such as lists, the type alone counts.
pub(crate) fn content_hash(frame: &DataFrame) -> String {
    let mut table = Sha256::new();
    let mut buffer = Vec::new();
    for column in frame.columns() {
        buffer.clear();
        put_text(&mut buffer, column.name());
        let values = Values::of(column.as_materialized_series());
        match &values {
            Values::Numbers { values, .. } => values.iter().for_each(|value| put_number(&mut buffer, *value)),
            Values::Flags(flags) => buffer.extend(flags.iter().map(|flag| match flag {
                None => 0_u8,
                Some(false) => 2,
                Some(true) => 3,
            })),
            Values::Texts(texts) => texts.iter().for_each(|text| match text {
                None => buffer.push(0),
                Some(text) => put_text(&mut buffer, text),
            }),
            Values::Times { values, .. } => values.iter().for_each(|value| match value {
                None => buffer.push(0),
                Some(micros) => {
                    buffer.push(5);
                    buffer.extend(micros.to_le_bytes());
                }
            }),
            Values::Unsupported { dtype } => put_text(&mut buffer, dtype),
        }
        table.update(&buffer);
    }
    let mut hex = String::with_capacity(64);
    for byte in table.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

fn put_text(buffer: &mut Vec<u8>, text: &str) {
    buffer.push(4);
    buffer.extend((text.len() as u64).to_le_bytes());
    buffer.extend(text.as_bytes());
}

fn put_number(buffer: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        buffer.push(0);
    } else {
        buffer.push(1);
        // Adding zero turns the negative zero into the positive one.
        buffer.extend((value + 0.0).to_le_bytes());
    }
}
