//! Lists what the program carries, as where it is installed there is no checkout: the sources of the notebook crate and the
//! example notebooks.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let own = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    list(&own.join("../automl-notebook/src"), &["rs"], &out.join("sources.rs"))?;
    list(&own.join("../../notebooks"), &["ipynb", "csv", "parquet", "md"], &out.join("examples.rs"))
}

/// Writes a slice of (path below `folder`, bytes) of all files in it with one of these endings, as Rust.
fn list(folder: &Path, endings: &[&str], to: &Path) -> io::Result<()> {
    let folder = folder.canonicalize()?;
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    collect(&folder, &mut files)?;
    files.retain(|path| {
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        endings.contains(&&*ending)
    });
    files.sort();
    let mut text = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&folder).map_err(io::Error::other)?.display().to_string();
        // Writing to a `String` cannot fail.
        let path = file.display().to_string();
        let _ = writeln!(text, "    ({name:?}, include_bytes!({path:?})),");
    }
    text.push_str("]\n");
    fs::write(to, text)
}

/// All files of a folder but those of runs that notebooks left.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_left =
            path.file_name().is_some_and(|name| name == "runs" || name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !is_left {
            collect(&path, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}
