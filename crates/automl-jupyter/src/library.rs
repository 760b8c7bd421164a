//! The shared library of the full door: the crate `automl-full`, built by Cargo from the project's sources, and beside it what the
//! compiler wants to know of each crate in it.
//!
//! A cell that depended on `automl-full` itself would have Cargo look at some four hundred packages each time. So cells depend on an
//! empty package that says in which folder the library is.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::UNIX_EPOCH;

use serde_json::Value;

use crate::ahead::{fingerprint, link, remove};
use crate::error::JupyterError;
use crate::places::Places;
use crate::sources::write_file;
use crate::{graph, tools};

/// File that says what was built.
pub(crate) const STAMP: &str = "built";
/// The package of the library.
pub(crate) const PACKAGE: &str = "automl-full";

/// How the library is built.
#[derive(Debug, Clone)]
pub struct Build {
    /// A clone of the project.
    pub sources: PathBuf,
    /// The folder of libtorch's libraries, if the library is to have that backend too.
    pub libtorch: Option<PathBuf>,
}

impl Build {
    /// A command of Cargo in the clone.
    pub(crate) fn cargo(&self, name: &str) -> Result<Command, JupyterError> {
        let mut cargo = Command::new(tools::cargo()?);
        cargo.arg(name).current_dir(&self.sources).stdin(Stdio::null());
        if let Some(folder) = self.libtorch.as_deref().and_then(Path::parent) {
            cargo.args(["--features", "automl-full/libtorch"]).env("LIBTORCH", folder);
        }
        Ok(cargo)
    }
}

/// What a command of [`Build::cargo`] prints; the user sees its progress.
pub(crate) fn output_of(mut cargo: Command) -> Result<Vec<u8>, JupyterError> {
    let output =
        cargo.stderr(Stdio::inherit()).output().map_err(JupyterError::file("run", Path::new("cargo")))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(JupyterError::Failed {
        command: tools::line_of(&cargo),
        status: output.status.to_string(),
        hint: "see above; it needs the network, once".to_owned(),
    })
}

/// Builds the library, which costs a moment if nothing has changed, and keeps what cells need of it.
pub(crate) fn build(places: &Places, build: &Build, say: &mut dyn FnMut(&str)) -> Result<(), JupyterError> {
    if !build.sources.join("crates").join(PACKAGE).is_dir() {
        return Err(JupyterError::NoSources { path: build.sources.clone() });
    }
    say(&format!(
        "building the library of the full kernel in {} (twenty minutes on two cores where nothing is built)",
        build.sources.display()
    ));
    let mut cargo = build.cargo("rustc")?;
    cargo.args(["--release", "--package", PACKAGE, "--message-format=json-render-diagnostics"]);
    // Evcxr links cells so: a library with a standard library of its own would be a second one beside theirs.
    cargo.args(["--crate-type", "dylib", "--", "-C", "prefer-dynamic"]);
    let output = output_of(cargo)?;
    let files = files_of(&String::from_utf8_lossy(&output));
    let library = places.library();
    let built = stamp(&build.sources, &files)?;
    let is_described = places.graph().is_file() && places.graph_sources().is_dir();
    if is_described && fs::read_to_string(library.join(STAMP)).is_ok_and(|old| old == built) {
        say("the library of the full kernel is kept");
        return Ok(());
    }
    let growing = library.with_extension("growing");
    remove(&growing)?;
    fs::create_dir_all(&growing).map_err(JupyterError::file("create", &growing))?;
    for file in &files {
        // What Cargo names twice has two names in one folder.
        let name = file.file_name().unwrap_or_default();
        link(file, &growing.join(name))?;
    }
    graph::write(places, build)?;
    write_file(&growing.join(STAMP), built.as_bytes())?;
    remove(&library)?;
    fs::rename(&growing, &library).map_err(JupyterError::file("rename", &growing))
}

/// What Cargo made that the compiler reads: metadata of libraries, macros, and shared libraries.
fn files_of(messages: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in messages.lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        let made = message["filenames"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let made: Vec<&Path> = made.map(Path::new).collect();
        let ends = |path: &Path, ending: &str| path.extension().is_some_and(|own| own == ending);
        // Metadata alone are a fraction of a library, and the code of all of them is in the shared one.
        let wanted: Vec<&Path> = made
            .iter()
            .copied()
            .filter(|path| ends(path, "rmeta") || ends(path, "so") || ends(path, "dylib"))
            .collect();
        let wanted = if wanted.is_empty() {
            made.into_iter().filter(|path| ends(path, "rlib")).collect()
        } else {
            wanted
        };
        files.extend(wanted.into_iter().map(Path::to_owned));
    }
    files.sort();
    files.dedup();
    files
}

/// Tells whether anything was built anew, or from another clone.
fn stamp(sources: &Path, files: &[PathBuf]) -> Result<String, JupyterError> {
    let mut text = format!("{}{}\n", tools::rustc_version()?, sources.display());
    for file in files {
        let about = fs::metadata(file).map_err(JupyterError::file("read", file))?;
        let changed =
            about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{} {} {}", file.display(), about.len(), changed.as_nanos());
    }
    Ok(fingerprint(&[text.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_macros_and_shared_libraries_are_kept() {
        let messages = "{\"reason\":\"compiler-artifact\",\"filenames\":[\"/t/deps/liba-1.rlib\",\"/t/deps/liba-1.rmeta\"]}\n\
                        warning: not a message\n\
                        {\"reason\":\"compiler-artifact\",\"filenames\":[\"/t/deps/libm-2.so\"]}\n\
                        {\"reason\":\"compiler-artifact\",\"filenames\":[\"/t/build/x/build-script-build\"]}\n\
                        {\"reason\":\"compiler-artifact\",\"filenames\":[\"/t/deps/libb-3.rlib\"]}\n\
                        {\"reason\":\"build-finished\",\"success\":true}\n";
        let names: Vec<String> = files_of(messages).iter().map(|path| path.display().to_string()).collect();
        assert_eq!(names, ["/t/deps/liba-1.rmeta", "/t/deps/libb-3.rlib", "/t/deps/libm-2.so"]);
    }

    #[test]
    fn without_sources_it_is_said_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let wanted = Build { sources: dir.path().to_owned(), libtorch: None };
        let error = build(&Places::below(dir.path()), &wanted, &mut |_| ()).unwrap_err();
        assert!(error.to_string().contains(&dir.path().display().to_string()), "{error}");
        assert!(error.hints()[0].contains("--sources"), "{error}");
    }
}
