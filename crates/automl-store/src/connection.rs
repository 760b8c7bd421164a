//! Opening and closing the `SQLite` file: durable, shareable, and one file again in the end.

use std::io::ErrorKind;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::fault::Fault;

/// How long a writer waits for another.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// More than the number of different statements, so that none is prepared twice.
const STATEMENT_CACHE: usize = 64;

/// Opens an existing file for reading and writing, in write-ahead mode.
pub(crate) fn open_shared(path: &Path) -> Result<Connection, Fault> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    enter_write_ahead(&connection)?;
    Ok(connection)
}

/// As [`open_shared`]; a file that is not there is made by `SQLite` itself. To make it here would mean to close it
/// here, and with it the locks that this process may have on it by then.
pub(crate) fn open_or_create(path: &Path) -> Result<Connection, Fault> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    enter_write_ahead(&connection)?;
    Ok(connection)
}

/// Opens an existing file for reading; nothing beside it is created.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection, Fault> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Merges the write-ahead log into the file and leaves write-ahead mode, so that one file can be
/// copied or opened by readers that know no log. Where others hold the file, the last one does it.
pub(crate) fn leave_write_ahead(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(Duration::ZERO)?;
    let merged = pragma_row(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
    let left = merged.and_then(|()| pragma_row(connection, "PRAGMA journal_mode=DELETE"));
    match left {
        Err(error) if is_busy(&error) => Ok(()),
        left => left,
    }
}

fn open(path: &Path, mode: OpenFlags) -> Result<Connection, Fault> {
    check_is_file(path, mode.contains(OpenFlags::SQLITE_OPEN_CREATE))?;
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// `SQLite`'s own answers to these are hard to understand.
fn check_is_file(path: &Path, may_be_missing: bool) -> Result<(), Fault> {
    let not_a_study = |reason: &str| Err(Fault::NotAStudy(reason.to_owned()));
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => not_a_study("is a folder"),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound && may_be_missing => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => not_a_study("does not exist"),
        Err(error) => Err(Fault::Content(error.to_string())),
    }
}

/// `SQLite` does not wait by itself where two connections change the mode at once.
fn enter_write_ahead(connection: &Connection) -> Result<(), rusqlite::Error> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match pragma_row(connection, "PRAGMA journal_mode=WAL") {
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(5));
            }
            entered => return entered,
        }
    }
}

fn pragma_row(connection: &Connection, sql: &str) -> Result<(), rusqlite::Error> {
    connection.query_row(sql, [], |_| Ok(()))
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
