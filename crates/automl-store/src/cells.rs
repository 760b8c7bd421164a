//! Cells of rows, with errors that say in which trial they stand.

use rusqlite::Row;

use crate::datetime;
use crate::fault::Fault;

/// A date and time in seconds since 1970.
pub(crate) fn moment(row: &Row<'_>, column: usize, number: u32) -> Result<Option<f64>, Fault> {
    let text: Option<String> = row.get(column)?;
    let parse = |text: String| {
        datetime::parse_secs(&text).ok_or_else(|| trial_content(number, &format!("date and time {text}")))
    };
    text.map(parse).transpose()
}

/// NaN is NULL in automl's own tables, as `SQLite` makes it.
pub(crate) fn float(row: &Row<'_>, column: usize) -> Result<f64, rusqlite::Error> {
    Ok(row.get::<_, Option<f64>>(column)?.unwrap_or(f64::NAN))
}

/// A text, without a copy of it.
pub(crate) fn text<'row>(row: &'row Row<'_>, column: usize) -> Result<&'row str, Fault> {
    let cell = row.get_ref(column)?;
    cell.as_str().map_err(|error| Fault::Content(format!("column {column} of a row: {error}")))
}

/// An attribute of a trial.
pub(crate) fn json<T: serde::de::DeserializeOwned>(number: u32, key: &str, text: &str) -> Result<T, Fault> {
    serde_json::from_str(text)
        .map_err(|error| trial_content(number, &format!("attribute `{key}` is {text}: {error}")))
}

/// The error of a trial that holds something strange.
pub(crate) fn trial_content(number: u32, what: &str) -> Fault {
    Fault::Content(format!("trial {number} holds what automl cannot read: {what}"))
}
