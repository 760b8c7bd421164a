//! Jupyter and evcxr: found, or installed into the cache.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::JupyterError;
use crate::places::Places;

/// The evcxr that this was made for.
const EVCXR_VERSION: &str = "0.22.0";
/// What pip is asked for.
const JUPYTERLAB: &str = "jupyterlab>=4,<5";

/// The `jupyter` of the cache or the path, if it has `JupyterLab` and can run notebooks; else one is installed.
pub(crate) fn jupyter(places: &Places, say: &mut dyn FnMut(&str)) -> Result<PathBuf, JupyterError> {
    if let Some(found) = find_jupyter(places) {
        say(&format!("JupyterLab: {}", found.display()));
        return Ok(found);
    }
    let venv = places.venv();
    say(&format!("installing JupyterLab into {} (a minute at most)", venv.display()));
    let python = on_path("python3").ok_or(JupyterError::Missing {
        program: "python3".to_owned(),
        what: "JupyterLab",
        hint: "install Python 3.9 or newer (Debian: apt-get install python3 python3-venv)",
    })?;
    let hint = "install the module venv (Debian: apt-get install python3-venv)";
    run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&venv), hint)?;
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", JUPYTERLAB]);
    run(&mut pip, "pip needs the network, once")?;
    Ok(venv.join("bin/jupyter"))
}

/// A `jupyter` with `JupyterLab` and what runs a notebook, which are programs beside it.
fn find_jupyter(places: &Places) -> Option<PathBuf> {
    let own = places.venv().join("bin/jupyter");
    [own].into_iter().chain(on_path("jupyter")).find(|jupyter| {
        let beside = |name: &str| jupyter.with_file_name(name).is_file();
        jupyter.is_file() && beside("jupyter-lab") && beside("jupyter-execute")
    })
}

/// evcxr's kernel of the cache; installed where it is missing.
pub(crate) fn evcxr(places: &Places, say: &mut dyn FnMut(&str)) -> Result<PathBuf, JupyterError> {
    let found = evcxr_path(places);
    if found.is_file() {
        say(&format!("evcxr {EVCXR_VERSION}: {}", found.display()));
        return Ok(found);
    }
    let root = places.evcxr(EVCXR_VERSION);
    say(&format!(
        "installing evcxr {EVCXR_VERSION} into {} (once, ten minutes or more on two cores)",
        root.display()
    ));
    let cargo = cargo()?;
    let mut install = Command::new(cargo);
    install.args(["install", "--locked", "evcxr_jupyter", "--version", EVCXR_VERSION, "--root"]).arg(&root);
    run(&mut install, "it needs a C compiler and the network; the same command again goes on")?;
    Ok(found)
}

/// Where evcxr's kernel is once it is installed.
pub(crate) fn evcxr_path(places: &Places) -> PathBuf {
    places.evcxr(EVCXR_VERSION).join("bin/evcxr_jupyter")
}

/// The compiler's version: what it built is of no use to another.
pub(crate) fn rustc_version() -> Result<String, JupyterError> {
    rustc("-vV")
}

/// Where Rust's standard library is as a shared one.
pub(crate) fn rust_libraries() -> Result<PathBuf, JupyterError> {
    Ok(PathBuf::from(rustc("--print=target-libdir")?.trim()))
}

fn rustc(argument: &str) -> Result<String, JupyterError> {
    let rustc = Some(cargo()?.with_file_name("rustc")).filter(|path| path.is_file());
    let rustc = rustc.unwrap_or_else(|| PathBuf::from("rustc"));
    let output = Command::new(&rustc).arg(argument).output().map_err(JupyterError::file("run", &rustc))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Cargo's path.
pub(crate) fn cargo() -> Result<PathBuf, JupyterError> {
    // A desktop that starts Jupyter may know nothing of the shell's path.
    let at_home = || {
        let home = env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
        home.map(|home| home.join("bin/cargo")).filter(|path| path.is_file())
    };
    on_path("cargo").or_else(at_home).ok_or(JupyterError::Missing {
        program: "cargo".to_owned(),
        what: "the kernel, which compiles cells,",
        hint: "install Rust from rustup.rs",
    })
}

/// A program on the path.
fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// A command with its arguments, as one would type it.
pub(crate) fn line_of(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Runs a command whose progress the user sees on standard error.
pub(crate) fn run(command: &mut Command, hint: &str) -> Result<(), JupyterError> {
    let line = line_of(command);
    let failed = |status: String| JupyterError::Failed { command: line, status, hint: hint.to_owned() };
    // What it prints belongs to progress: standard output is this program's own.
    match command.stdin(Stdio::null()).stdout(std::io::stderr()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(status.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}
