//! How a failure reads: the error, a blank line, the hints.

use std::io::Write;
use std::process::ExitCode;

use automl::{AutomlError, Hint};

/// Writes the error and its hints to standard error; returns its exit code.
pub(crate) fn report(error: &AutomlError) -> ExitCode {
    let mut stderr = std::io::stderr().lock();
    // Nothing is left to be done for a standard error that is closed.
    let _ = writeln!(stderr, "error: {error}");
    let hints = error.hints();
    if !hints.is_empty() {
        let _ = writeln!(stderr);
    }
    for hint in hints {
        let _ = writeln!(stderr, "hint: {hint}");
    }
    ExitCode::from(error.exit_code())
}
