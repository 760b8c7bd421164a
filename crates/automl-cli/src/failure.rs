//! How a failure reads: the error, a blank line, the hints.

use std::io::Write;
use std::process::ExitCode;

use automl::{AutomlError, Hint};

/// Writes the error and its hints to standard error; returns its exit code.
pub(crate) fn report(error: &AutomlError) -> ExitCode {
    tell(&error.to_string(), &error.hints());
    ExitCode::from(error.exit_code())
}

/// Writes a message and its hints to standard error.
pub(crate) fn tell(message: &str, hints: &[String]) {
    let mut stderr = std::io::stderr().lock();
    // Nothing is left to be done for a standard error that is closed.
    let _ = writeln!(stderr, "error: {message}");
    if !hints.is_empty() {
        let _ = writeln!(stderr);
    }
    for hint in hints {
        let _ = writeln!(stderr, "hint: {hint}");
    }
}
