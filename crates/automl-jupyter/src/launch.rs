//! Starts kernels, and Jupyter.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, process};

use crate::ahead::{self, FOLDER_VARIABLE};
use crate::error::JupyterError;
use crate::places::Places;
use crate::{Door, graph, sources, tools};

/// Tells cells which program they drive.
const PROGRAM_VARIABLE: &str = "AUTOML_PROGRAM";
/// Where the system looks for shared libraries first.
const LIBRARY_VARIABLE: &str =
    if cfg!(target_os = "macos") { "DYLD_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };

/// Becomes the kernel that Jupyter described in `connection`; returns only if that fails. The kernel works in a folder of its
/// own, which later kernels remove when it is gone. `libtorch` is the folder of the libraries that the program links, if any.
///
/// # Errors
/// [`JupyterError`]: the kernel is not installed, or its folder cannot be made.
pub fn run_kernel(
    places: &Places,
    door: Door,
    program: &Path,
    libtorch: Option<&Path>,
    connection: &Path,
) -> Result<(), JupyterError> {
    let evcxr = tools::evcxr_path(places);
    if !evcxr.is_file() {
        return Err(JupyterError::NotInstalled { path: evcxr, door });
    }
    let folder = match env::var_os(FOLDER_VARIABLE) {
        Some(kept) => PathBuf::from(kept),
        None => own_folder(places, door)?,
    };
    let mut kernel = Command::new(&evcxr);
    kernel.arg("--control_file").arg(connection);
    kernel.env("EVCXR_TMPDIR", folder).env("EVCXR_CONFIG_DIR", places.config(door));
    let mut libraries = vec![tools::rust_libraries()?];
    if door == Door::Full {
        libraries.push(places.library());
        libraries.extend(libtorch.map(Path::to_owned));
        graph::stand_before_cargo(places, &mut kernel)?;
    }
    kernel.env(LIBRARY_VARIABLE, library_path(libraries));
    if env::var_os(PROGRAM_VARIABLE).is_none() {
        kernel.env(PROGRAM_VARIABLE, program);
    }
    Err(JupyterError::file("run", &evcxr)(kernel.exec()))
}

/// The search path of shared libraries with `own` first. Cells are linked with Rust's standard library, for one, by a path
/// relative to another folder than evcxr moves them to.
fn library_path(own: Vec<PathBuf>) -> OsString {
    let before = env::var_os(LIBRARY_VARIABLE).unwrap_or_default();
    // A folder with a colon in its name cannot stand there.
    let can_stand = |path: &PathBuf| !path.as_os_str().is_empty() && env::join_paths([path]).is_ok();
    let all = own.into_iter().chain(env::split_paths(&before)).filter(can_stand);
    env::join_paths(all).unwrap_or_default()
}

/// The folder of this process, with what was built ahead.
fn own_folder(places: &Places, door: Door) -> Result<PathBuf, JupyterError> {
    let kernels = places.kernels();
    remove_of_the_dead(&kernels)?;
    let folder = kernels.join(process::id().to_string());
    // Of an earlier process of this number.
    ahead::remove(&folder)?;
    ahead::copy_into(places, door, &folder)?;
    Ok(folder)
}

fn remove_of_the_dead(kernels: &Path) -> Result<(), JupyterError> {
    let Ok(entries) = fs::read_dir(kernels) else { return Ok(()) };
    for entry in entries {
        let path = entry.map_err(JupyterError::file("read", kernels))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.parse::<u32>().is_ok_and(|pid| !is_running(pid)) {
            ahead::remove(&path)?;
        }
    }
    Ok(())
}

fn is_running(pid: u32) -> bool {
    let mut kill = Command::new("kill");
    kill.args(["-0", &pid.to_string()]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Where it cannot be told, nothing is removed.
    kill.status().map_or(true, |status| status.success())
}

/// Becomes `JupyterLab` in `folder`, with further arguments for it; returns only if that fails. A folder that is not there is made,
/// with the example notebooks.
///
/// # Errors
/// [`JupyterError`]: `jupyter` cannot be run, or the folder cannot be made.
pub fn run_lab(
    jupyter: &Path,
    folder: &Path,
    arguments: &[OsString],
    say: &mut dyn FnMut(&str),
) -> Result<(), JupyterError> {
    if sources::write_examples(folder)? {
        say(&format!("example notebooks: {}", folder.display()));
    }
    trust(jupyter, &sources::examples_in(folder));
    let error = Command::new(jupyter).arg("lab").arg(folder).args(arguments).exec();
    Err(JupyterError::file("run", jupyter)(error))
}

/// Lets Jupyter show the outputs of notebooks that are this program's own as they are; others ask their user. Without it they show
/// once their cells ran.
fn trust(jupyter: &Path, notebooks: &[PathBuf]) {
    let mut command = Command::new(jupyter);
    command.arg("trust").args(notebooks).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if !notebooks.is_empty() {
        drop(command.status());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_kernels_that_are_gone_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let [gone, own, other] = [child.id().to_string(), process::id().to_string(), "notes".to_owned()]
            .map(|name| dir.path().join(name));
        for folder in [&gone, &own, &other] {
            fs::create_dir(folder).unwrap();
        }
        remove_of_the_dead(dir.path()).unwrap();
        assert!(!gone.exists() && own.exists() && other.exists());
    }
}
