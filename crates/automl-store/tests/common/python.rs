//! Python's Optuna beside the tests.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The Python that `tests/setup-python.sh` installs, with Optuna. There is no skipping: a study that Optuna cannot
/// read is a broken study.
pub(crate) fn python() -> PathBuf {
    let python = env::var_os("AUTOML_PYTHON").map_or_else(
        || {
            let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
            let cache = cache.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
            cache.unwrap_or_default().join("automl/venv/bin/python")
        },
        PathBuf::from,
    );
    assert!(
        python.is_file(),
        "there is no Python with Optuna at `{}`: `make test` sets it up (or set AUTOML_PYTHON)",
        python.display()
    );
    python
}

/// Runs a script of the folder of tests, which prints JSON.
pub(crate) fn run(script: &str, arguments: &[&OsStr]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script);
    let output = Command::new(python()).arg(script).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}
