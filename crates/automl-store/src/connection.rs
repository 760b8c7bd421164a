//! Opening and closing the `SQLite` file: durable, shareable, and one file again in the end.
//!
//! # Many processes
//! Whoever has to wait for another waits here, up to [`BUSY_TIMEOUT`], and nobody above hears of it:
//!
//! - Writers begin with the write lock (`BEGIN IMMEDIATE`): a transaction that first reads cannot be let in later.
//! - Readers and writers do not wait for each other in write-ahead mode, and no transaction outlives its call, so
//!   that checkpoints (every 1,000 pages, by whoever commits then) always come to their end and the log stays short.
//! - `SQLite`'s own waiting asks every 100 ms, which eight writers without a pause may answer with no for minutes;
//!   [`wait`] asks every few milliseconds.
//! - To enter or leave write-ahead mode takes a moment without any other reader. Entering waits for it; leaving is
//!   left to the last one.
//! - A killed process leaves its locks to the system, which releases them, and the log to the next that opens the
//!   file, which takes over what was committed.
//! - One that is killed while it enters or leaves write-ahead mode leaves a rollback journal, which a reader without
//!   the right to write cannot use: it opens the file for writing this once.

use std::cell::Cell;
use std::io::ErrorKind;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::fault::Fault;

/// How long anybody waits for another: longer than a disk stalls, shorter than a person thinks the program hangs.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// Attempts to leave write-ahead mode: of several that close at once, each is in the way of the others.
const N_LEAVES: u32 = 4;

/// More than the number of different statements, so that none is prepared twice.
const STATEMENT_CACHE: usize = 64;

/// Opens an existing file for reading and writing, as it is: it may be somebody else's.
pub(crate) fn open_shared(path: &Path) -> Result<Connection, Fault> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// As [`open_shared`]; a file that is not there is made by `SQLite` itself. To make it here would mean to close it
/// here, and with it the locks that this process may have on it by then.
pub(crate) fn open_or_create(path: &Path) -> Result<Connection, Fault> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
}

/// Opens an existing file for reading; nothing beside it is created.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection, Fault> {
    match open(path, OpenFlags::SQLITE_OPEN_READ_ONLY) {
        Err(Fault::Sqlite(error)) if is_read_only(&error) => {
            finish_rollback(path)?;
            open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        }
        opened => opened,
    }
}

/// Rolls back what a process left that was killed while it entered or left write-ahead mode. Who only reads cannot do
/// that, nor read before it is done.
pub(crate) fn finish_rollback(path: &Path) -> Result<(), Fault> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map(drop)
}

/// Whether a read was refused because something would have to be written first.
pub(crate) fn is_read_only(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ReadOnly)
}

/// Merges the write-ahead log into the file and leaves write-ahead mode, so that one file can be
/// copied or opened by readers that know no log. Where others hold the file, the last one does it.
pub(crate) fn leave_write_ahead(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(Duration::ZERO)?;
    let mut attempt = 1;
    loop {
        let merged = pragma_row(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        let left = merged.and_then(|()| pragma_row(connection, "PRAGMA journal_mode=DELETE"));
        match left {
            Err(error) if is_busy(&error) && attempt == N_LEAVES => return Ok(()),
            Err(error) if is_busy(&error) => pause(),
            left => return left,
        }
        attempt += 1;
    }
}

fn open(path: &Path, mode: OpenFlags) -> Result<Connection, Fault> {
    check_is_file(path, mode.contains(OpenFlags::SQLITE_OPEN_CREATE))?;
    let mut connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    connection.busy_handler(Some(wait))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // The first read, which finds out whether it can be read at all.
    pragma_row(&connection, "PRAGMA schema_version")?;
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

/// Enters write-ahead mode. `SQLite` does not wait by itself where two connections change the mode at once.
pub(crate) fn enter_write_ahead(connection: &Connection) -> Result<(), rusqlite::Error> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match pragma_row(connection, "PRAGMA journal_mode=WAL") {
            Err(error) if is_busy(&error) && Instant::now() < deadline => pause(),
            entered => return entered,
        }
    }
}

/// `SQLite` asks this after each vain attempt, with the number of those before it, whether to try again.
fn wait(n_before: i32) -> bool {
    thread_local! {
        static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
    }
    if n_before == 0 {
        DEADLINE.set(Some(Instant::now() + BUSY_TIMEOUT));
    }
    if DEADLINE.get().is_none_or(|deadline| Instant::now() >= deadline) {
        return false;
    }
    pause();
    true
}

/// Sleeps 1 to 5 ms. The clock's last digits differ between those that wait, so they do not ask in step.
fn pause() {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    thread::sleep(Duration::from_micros(1000 + u64::from(nanos / 100 % 4000)));
}

fn pragma_row(connection: &Connection, sql: &str) -> Result<(), rusqlite::Error> {
    connection.query_row(sql, [], |_| Ok(()))
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
