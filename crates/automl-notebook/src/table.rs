//! A table at a glance.

use std::ffi::OsStr;
use std::fmt;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::error::Error;
use crate::html::{self, Cell, clip, escape, short};
use crate::program;

/// A bar of a small histogram, and its height, in pixels.
const BAR: f64 = 5.0;
const HEIGHT: f64 = 22.0;

/// A file's columns, how a search would read them, and its first rows. The rows themselves stay in the file.
#[derive(Clone, PartialEq)]
pub struct Table {
    seen: Value,
}

impl Table {
    /// Looks at a file: CSV, TSV, Parquet, Arrow or NDJSON.
    ///
    /// # Errors
    /// [`Error`] if it cannot be read.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let arguments = [OsStr::new("describe"), path.as_ref().as_os_str(), OsStr::new("--json")];
        Ok(Self { seen: program::json(&arguments)? })
    }

    /// Rows of the file.
    pub fn n_rows(&self) -> u64 {
        self.seen["n_rows"].as_u64().unwrap_or_default()
    }

    /// Names of the columns.
    pub fn columns(&self) -> Vec<String> {
        self.described().map(|column| text(&column["name"])).collect()
    }

    /// How a search would read a column, such as `numeric` or `categorical`; `None` if there is no such column.
    pub fn kind(&self, column: &str) -> Option<String> {
        self.described().find(|of| of["name"] == column).map(|of| text(&of["kind"]))
    }

    /// The first rows, a text a column; `None` where there is no value.
    pub fn head(&self) -> Vec<Vec<Option<String>>> {
        let rows = self.seen["head"].as_array().into_iter().flatten();
        rows.map(|row| {
            let cells = row.as_array().into_iter().flatten();
            cells.map(|cell| cell.as_str().map(str::to_owned)).collect()
        })
        .collect()
    }

    fn described(&self) -> impl Iterator<Item = &Value> {
        self.seen["columns"].as_array().into_iter().flatten()
    }

    /// Shows columns and first rows under the cell.
    pub fn evcxr_display(&self) {
        html::show(self, &self.html());
    }

    fn html(&self) -> String {
        let n_rows = self.n_rows();
        let rows: Vec<Vec<Cell>> = self
            .described()
            .map(|column| {
                let n_missing = column["n_missing"].as_u64().unwrap_or_default();
                let missing = match n_missing {
                    0 => Cell::Empty,
                    n => Cell::Html(format!("{:.1} %", 100.0 * n as f64 / n_rows.max(1) as f64)),
                };
                vec![
                    Cell::Text(text(&column["name"])),
                    Cell::Text(text(&column["kind"])),
                    missing,
                    Cell::Count(column["n_distinct"].as_u64().unwrap_or_default()),
                    Cell::Html(distribution(
                        &column["distribution"],
                        if column["kind"] == "text" { " words" } else { "" },
                    )),
                    Cell::Text(text(&column["reason"])),
                ]
            })
            .collect();
        let columns = html::table(&["column", "kind", "missing", "distinct", "values", "why"], &rows);
        format!("{n_rows} rows{columns}<details open><summary>first rows</summary>{}</details>", head(self))
    }
}

/// The first rows as a table.
pub(crate) fn head(table: &Table) -> String {
    let columns = table.columns();
    let header: Vec<&str> = columns.iter().map(String::as_str).collect();
    // Numbers of a file are cut to what a person compares; codes and years have few digits.
    let is_number: Vec<bool> = table.described().map(|column| column["kind"] == "numeric").collect();
    let cell = |(place, cell): (usize, Option<String>)| match cell {
        None => Cell::Empty,
        Some(text) if is_number.get(place) == Some(&true) => match text.parse::<f64>() {
            Ok(value) => Cell::Html(format!("<span title=\"{}\">{}</span>", escape(&text), short(value))),
            Err(_) => Cell::Text(text),
        },
        Some(text) => Cell::Text(text),
    };
    let rows: Vec<Vec<Cell>> =
        table.head().into_iter().map(|row| row.into_iter().enumerate().map(cell).collect()).collect();
    html::table(&header, &rows)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A histogram with its ends, or the most frequent levels with theirs.
fn distribution(of: &Value, unit: &str) -> String {
    if let Some(numeric) = of.get("numeric") {
        let counts: Vec<f64> =
            numeric["counts"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        let ends: Vec<String> = match numeric["ends"].as_array() {
            Some(ends) => ends.iter().map(text).collect(),
            None => ["low", "high"].iter().filter_map(|end| numeric[end].as_f64().map(short)).collect(),
        };
        return format!("{} <span class=\"dim\">{}{unit}</span>", bars(&counts), escape(&ends.join(" to ")));
    }
    let levels = of["levels"]["levels"].as_array().into_iter().flatten();
    let pairs: Vec<(String, f64)> =
        levels.filter_map(|pair| Some((text(&pair[0]), pair[1].as_f64()?))).collect();
    let counts: Vec<f64> = pairs.iter().map(|(_, count)| *count).collect();
    let names: Vec<String> = pairs.iter().take(3).map(|(name, _)| clip(name, 20)).collect();
    let more = if pairs.len() > names.len() { ", …" } else { "" };
    format!("{} <span class=\"dim\">{}{more}</span>", bars(&counts), escape(&names.join(", ")))
}

/// Bars of these heights as SVG.
fn bars(counts: &[f64]) -> String {
    let most = counts.iter().copied().fold(0.0, f64::max);
    let width = BAR * counts.len() as f64;
    let mut svg = format!(
        "<svg width=\"{width}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"distribution\" \
         style=\"vertical-align:middle\"><g fill=\"currentColor\" opacity=\"0.55\">"
    );
    for (place, count) in counts.iter().enumerate() {
        let height =
            if most > 0.0 { (HEIGHT * count / most).max(if *count > 0.0 { 1.0 } else { 0.0 }) } else { 0.0 };
        // Writing to a `String` cannot fail.
        let _ = write!(
            svg,
            "<rect x=\"{}\" y=\"{:.1}\" width=\"{}\" height=\"{height:.1}\"/>",
            BAR * place as f64,
            HEIGHT - height,
            BAR - 1.0
        );
    }
    svg.push_str("</g></svg>");
    svg
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({} rows, {} columns)", self.n_rows(), self.columns().len())
    }
}
