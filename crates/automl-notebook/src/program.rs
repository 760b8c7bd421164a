//! The installed `automl` program.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;

use serde_json::Value;

use crate::error::Error;

/// Names the program where it is not on the path.
const VARIABLE: &str = "AUTOML_PROGRAM";
/// Version of the events that is read here.
const PROTOCOL: u64 = 1;

static PROGRAM: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Uses this `automl` program from now on, rather than that of the variable `AUTOML_PROGRAM` or the path.
pub fn use_program(path: impl AsRef<Path>) {
    *PROGRAM.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(path.as_ref().to_owned());
}

fn path() -> PathBuf {
    let chosen = PROGRAM.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    chosen
        .or_else(|| std::env::var_os(VARIABLE).map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from("automl"))
}

fn command(arguments: &[&OsStr]) -> Command {
    let mut command = Command::new(path());
    command.args(arguments).stdin(Stdio::null());
    command
}

fn not_started(error: &std::io::Error) -> Error {
    Error::new(format!("cannot run `{}`: {error}", path().display()))
        .with_hint("install it with `cargo install --path crates/automl-cli`")
        .with_hint(format!("or name it: `use_program(\"…/automl\")`, or the variable {VARIABLE}"))
}

/// Standard output of `automl` with these arguments. What it warns of goes on to standard error, which a cell shows.
pub(crate) fn output(arguments: &[&OsStr]) -> Result<String, Error> {
    let output = command(arguments).output().map_err(|error| not_started(&error))?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(failure(&stderr, output.status));
    }
    // Nothing is left to be done for a standard error that is closed.
    drop(std::io::stderr().write_all(&output.stderr));
    String::from_utf8(output.stdout).map_err(|_| Error::new("`automl` printed what is no text"))
}

/// The JSON that `automl` prints with these arguments.
pub(crate) fn json(arguments: &[&OsStr]) -> Result<Value, Error> {
    serde_json::from_str(&output(arguments)?)
        .map_err(|error| Error::new(format!("`automl` printed what is no JSON: {error}")))
}

fn failure(stderr: &str, status: ExitStatus) -> Error {
    let error = Error::of_output(stderr);
    if error.message().is_empty() { Error::new(format!("`automl` ended with {status}")) } else { error }
}

/// Runs a search with these arguments and hands on its events, the last of which is returned; `None` while another process works
/// in the run folder. A listener that goes away, as with the kernel, ends the search in good order: it notices that nobody
/// reads.
pub(crate) fn events(arguments: &[&OsStr], mut on_event: impl FnMut(&Value)) -> Result<Option<Value>, Error> {
    let mut child = Running(
        command(arguments)
            .args(["--events", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| not_started(&error))?,
    );
    // Read beside the events, so that neither pipe fills up.
    let stderr = child.0.stderr.take().map(|mut stderr| {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            // What was read before an error is what can be told.
            drop(stderr.read_to_end(&mut text));
            String::from_utf8_lossy(&text).into_owned()
        })
    });
    let mut last = Value::Null;
    if let Some(stdout) = child.0.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.map_err(|error| Error::new(format!("cannot read from `automl`: {error}")))?;
            let event: Value = serde_json::from_str(&line)
                .map_err(|error| Error::new(format!("`automl` told what is no event ({error}): {line}")))?;
            check_protocol(&event)?;
            on_event(&event);
            last = event;
        }
    }
    let status = child.0.wait().map_err(|error| Error::new(format!("cannot wait for `automl`: {error}")))?;
    let stderr = stderr.and_then(|thread| thread.join().ok()).unwrap_or_default();
    match last["event"].as_str() {
        Some("finished") => Ok(Some(last)),
        Some("error") if last["busy"] == true => Ok(None),
        _ => Err(failure(&stderr, status)),
    }
}

fn check_protocol(event: &Value) -> Result<(), Error> {
    if event["event"] != "hello" || event["protocol"] == PROTOCOL {
        return Ok(());
    }
    Err(Error::new(format!(
        "`{}` speaks protocol {}, and this notebook protocol {PROTOCOL}",
        path().display(),
        event["protocol"]
    ))
    .with_hint("install the program and this crate from the same version of the project"))
}

/// A program that does not outlive the call: an error here must not leave a search behind that nobody hears.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Closes the pipe, which ends a search in good order; it is not waited for.
        drop(self.0.stdout.take());
    }
}
