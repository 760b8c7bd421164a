//! What cells link, built once.
//!
//! Evcxr builds a cell as a package of its own, in a folder of the kernel, and with it what the cell depends on. Running a cell in
//! a kernel whose folder stays is therefore the way to build ahead exactly what later kernels look for.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::json;

use crate::error::JupyterError;
use crate::places::Places;
use crate::sources::{everything, write_file};
use crate::{Door, tools};

/// Says in which folder a kernel works, where that is to be kept.
pub(crate) const FOLDER_VARIABLE: &str = "AUTOML_KERNEL_FOLDER";
/// File that says what everything was built from.
const STAMP: &str = "built-from";
/// Uses the crate by type and by value, so that all of it is built.
const CELL: &str = "use automl::Search;\nlet search = Search::new(\"train.csv\", \"target\");";

/// Builds what cells link, unless that is done for these sources, compiler and evcxr.
pub(crate) fn build(
    places: &Places,
    door: Door,
    jupyter: &Path,
    evcxr: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<(), JupyterError> {
    let ahead = places.ahead(door);
    let built_from = fingerprint(&[
        tools::rustc_version()?.as_bytes(),
        evcxr.as_os_str().as_encoded_bytes(),
        &everything(places, door)?,
    ]);
    if fs::read_to_string(ahead.join(STAMP)).is_ok_and(|stamp| stamp == built_from) {
        say("what cells link is built");
        return Ok(());
    }
    say("building what cells link, by a first cell (half a minute)");
    let started = Instant::now();
    let growing = ahead.with_extension("growing");
    for dir in [&growing, &ahead] {
        remove(dir)?;
    }
    let notebook = growing.join("first-cell.ipynb");
    write_file(&notebook, first_cell().as_bytes())?;
    let mut execute = Command::new(jupyter);
    execute.args(["execute", "--timeout=1800", "--startup_timeout=1800"]);
    execute.arg(format!("--kernel_name={}", door.kernel())).arg(&notebook);
    execute.env(FOLDER_VARIABLE, &growing);
    tools::run(&mut execute, "the first cell failed, see above; `automl kernel remove` begins from nothing")?;
    write_file(&growing.join(STAMP), built_from.as_bytes())?;
    fs::rename(&growing, &ahead).map_err(JupyterError::file("rename", &growing))?;
    say(&format!("built in {:.0} s", started.elapsed().as_secs_f64()));
    Ok(())
}

/// Copies what was built ahead into `folder`, by links: what cells link is only read.
pub(crate) fn copy_into(places: &Places, door: Door, folder: &Path) -> Result<(), JupyterError> {
    let ahead = places.ahead(door);
    if !ahead.join(STAMP).is_file() {
        return Err(JupyterError::NotInstalled { path: ahead.join(STAMP), door });
    }
    fs::create_dir_all(folder).map_err(JupyterError::file("create", folder))?;
    let lock = folder.join("Cargo.lock");
    // Written to by Cargo, so no link.
    fs::copy(ahead.join("Cargo.lock"), &lock).map_err(JupyterError::file("write", &lock))?;
    link_tree(&ahead.join("target"), &folder.join("target"))
}

fn link_tree(from: &Path, to: &Path) -> Result<(), JupyterError> {
    fs::create_dir_all(to).map_err(JupyterError::file("create", to))?;
    for entry in fs::read_dir(from).map_err(JupyterError::file("read", from))? {
        let path = entry.map_err(JupyterError::file("read", from))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let target = to.join(&name);
        if is_of_cells(&name) {
            continue;
        }
        if path.is_dir() {
            link_tree(&path, &target)?;
        } else {
            link(&path, &target)?;
        }
    }
    Ok(())
}

/// Gives a file a second name.
pub(crate) fn link(from: &Path, to: &Path) -> Result<(), JupyterError> {
    if fs::hard_link(from, to).is_err() {
        // Not every file system has links.
        fs::copy(from, to).map_err(JupyterError::file("write", to))?;
    }
    Ok(())
}

/// Whether a file of this name is of the cells themselves, which every kernel compiles for itself.
fn is_of_cells(name: &str) -> bool {
    name == "incremental"
        || name == ".cargo-lock"
        || ["ctx", "libctx", "libcode_"].iter().any(|cell| name.starts_with(cell))
}

fn first_cell() -> String {
    let cell = json!({
        "cell_type": "code", "id": "first", "execution_count": null, "metadata": {}, "outputs": [],
        "source": CELL,
    });
    json!({ "cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5 }).to_string()
}

/// A short name of contents.
pub(crate) fn fingerprint(of: &[&[u8]]) -> String {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Removes a folder that may not be there.
pub(crate) fn remove(dir: &Path) -> Result<(), JupyterError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(JupyterError::file("remove", dir)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_gets_all_that_is_built_but_the_cells() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        for name in
            ["deps/libserde.rlib", "deps/libctx.so", "deps/libcode_1.so", "deps/ctx.d", "incremental/a", "b"]
        {
            write_file(&from.join(name), name.as_bytes()).unwrap();
        }
        link_tree(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("deps/libserde.rlib")).unwrap(), "deps/libserde.rlib");
        assert!(to.join("b").is_file() && !to.join("incremental").exists());
        assert_eq!(fs::read_dir(to.join("deps")).unwrap().count(), 1);
    }

    #[test]
    fn without_what_was_built_a_kernel_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::below(dir.path());
        let hints = |door| copy_into(&places, door, &dir.path().join("kernel")).unwrap_err().hints();
        assert_eq!(hints(Door::Fast), ["install it with `automl kernel install`"]);
        assert_eq!(hints(Door::Full), ["install it with `automl kernel install --full`"]);
    }

    #[test]
    fn the_first_cell_is_a_notebook() {
        let notebook: serde_json::Value = serde_json::from_str(&first_cell()).unwrap();
        assert_eq!(notebook["cells"][0]["source"], CELL);
    }
}
