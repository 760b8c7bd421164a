//! What the program carries, written out: the notebook crate, what tells evcxr of it, and the example notebooks.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::JupyterError;
use crate::places::Places;
use crate::{Door, library};

/// Files: path below a folder, and content.
type Files = &'static [(&'static str, &'static [u8])];

/// The notebook crate's, below `src`.
const SOURCES: Files = include!(concat!(env!("OUT_DIR"), "/sources.rs"));
/// The example notebooks and their data.
const EXAMPLES: Files = include!(concat!(env!("OUT_DIR"), "/examples.rs"));

/// The notebook crate's manifest outside the workspace. Its one dependency is the workspace's.
const MANIFEST: &str = concat!(
    "[package]\nname = \"automl-notebook\"\nversion = \"",
    env!("CARGO_PKG_VERSION"),
    "\"\nedition = \"2024\"\nlicense = \"MIT OR Apache-2.0\"\npublish = false\n\n",
    "[dependencies]\nserde_json = { version = \"1\", features = [\"preserve_order\", \"float_roundtrip\"] }\n\n",
    "[workspace]\n"
);

/// The name under which cells know the crate.
const CRATE: &str = "automl";

/// Files of the package that cells of the full door depend on: nothing but a name for the shared library, so that Cargo, which looks
/// at everything that a cell depends on, has nothing to look at.
const DOOR: Files = &[
    ("Cargo.toml", b"[package]\nname = \"automl-door\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n"),
    ("src/lib.rs", b"extern crate automl_full;\n\npub use automl_full::*;\n"),
];

/// Writes everything that is not written yet. `libtorch` is the folder of the libraries that the full door's links, if any.
pub(crate) fn write(places: &Places, door: Door, libtorch: Option<&Path>) -> Result<(), JupyterError> {
    let package = places.package(door);
    let name = match door {
        Door::Fast => {
            write_file(&package.join("Cargo.toml"), MANIFEST.as_bytes())?;
            for (path, text) in SOURCES {
                write_file(&package.join("src").join(path), text)?;
            }
            "automl-notebook"
        }
        Door::Full => {
            for (path, text) in DOOR {
                write_file(&package.join(path), text)?;
            }
            // Of every cell, for Cargo hands on what a build script says to those that depend on its package.
            let folders = [Some(places.library()), libtorch.map(Path::to_owned)].into_iter().flatten();
            let tell = |folder: PathBuf| {
                format!(
                    "    println!(\"cargo::rustc-link-search=all={{}}\", {:?});\n",
                    folder.display().to_string()
                )
            };
            let script = format!("fn main() {{\n{}}}\n", folders.map(tell).collect::<String>());
            write_file(&package.join("build.rs"), script.as_bytes())?;
            "automl-door"
        }
    };
    // Cells are short: what is optimised is linked, not compiled with them.
    let config = format!(
        "[evcxr]\nopt_level = \"0\"\n\n[dependencies]\n{CRATE} = {{ package = {name:?}, path = {:?} }}\n",
        package.display().to_string()
    );
    write_file(&places.config(door).join("evcxr.toml"), config.as_bytes())?;
    Ok(())
}

/// Writes the example notebooks into `dir`, unless it is there: what a user has in it is the user's. Returns whether they were
/// written.
pub(crate) fn write_examples(dir: &Path) -> Result<bool, JupyterError> {
    if dir.exists() {
        return Ok(false);
    }
    for (path, content) in EXAMPLES {
        write_file(&dir.join(path), content)?;
    }
    Ok(true)
}

/// The notebooks of `dir` that are examples as they were written.
pub(crate) fn examples_in(dir: &Path) -> Vec<PathBuf> {
    let notebooks = EXAMPLES
        .iter()
        .filter(|(path, _)| Path::new(path).extension().is_some_and(|ending| ending == "ipynb"));
    let unchanged = |(path, content): &(&str, &[u8])| {
        let path = dir.join(path);
        fs::read(&path).is_ok_and(|found| found == *content).then_some(path)
    };
    notebooks.filter_map(unchanged).collect()
}

/// Everything that what is built ahead is made of, end to end.
pub(crate) fn everything(places: &Places, door: Door) -> Result<Vec<u8>, JupyterError> {
    let read = |path: &Path| fs::read(path).map_err(JupyterError::file("read", path));
    let mut all = read(&places.config(door).join("evcxr.toml"))?;
    match door {
        Door::Fast => {
            all.extend(MANIFEST.bytes());
            for (path, text) in SOURCES {
                all.extend(path.bytes());
                all.extend(*text);
            }
        }
        Door::Full => {
            all.extend(DOOR.iter().flat_map(|(_, text)| text.iter().copied()));
            all.extend(read(&places.library().join(library::STAMP))?);
        }
    }
    Ok(all)
}

/// Writes a file, with its folders, unless it reads so already; returns whether it was written. Cargo builds anew what was
/// written anew.
pub(crate) fn write_file(path: &Path, content: &[u8]) -> Result<bool, JupyterError> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(false);
    }
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(JupyterError::file("create", dir))?;
    }
    fs::write(path, content).map_err(JupyterError::file("write", path))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_is_that_of_the_workspace() {
        let names: Vec<&str> = SOURCES.iter().map(|(path, _)| *path).collect();
        assert!(names.contains(&"lib.rs") && names.contains(&"study.rs"), "{names:?}");
        // A dependency that is added there must be added here.
        let workspace = include_str!("../../automl-notebook/Cargo.toml");
        let (_, dependencies) = workspace.split_once("[dependencies]\n").unwrap();
        let own: Vec<&str> = dependencies.lines().take_while(|line| !line.is_empty()).collect();
        assert_eq!(own, ["serde_json.workspace = true"]);
        assert!(MANIFEST.contains("\nserde_json = "), "{MANIFEST}");
    }

    #[test]
    fn examples_are_written_into_a_new_folder_alone() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!write_examples(dir.path()).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let new = dir.path().join("notebooks");
        assert!(write_examples(&new).unwrap());
        assert!(new.join("01-quickstart.ipynb").is_file() && new.join("data/titanic.csv").is_file());
        let n_written = examples_in(&new).len();
        fs::write(new.join("01-quickstart.ipynb"), "mine").unwrap();
        assert_eq!(examples_in(&new).len(), n_written - 1);
    }

    #[test]
    fn a_file_that_is_there_is_not_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b.txt");
        assert!(write_file(&path, b"one").unwrap());
        assert!(!write_file(&path, b"one").unwrap());
        assert!(write_file(&path, b"two").unwrap());
        assert_eq!(fs::read(path).unwrap(), b"two");
    }
}
