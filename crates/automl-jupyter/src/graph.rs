//! What type inference is told of the library of the full door.
//!
//! Evcxr infers the types of a cell's variables by rust-analyzer, which asks `cargo metadata` for the sources of all that a cell depends
//! on. The package that cells depend on is empty, so a `cargo` of ours stands before the user's and adds to that answer the packages
//! whose types people hold in variables, and no others: a cell does not wait half a minute for it.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use serde_json::{Value, json};

use crate::ahead::remove;
use crate::error::JupyterError;
use crate::library::{Build, PACKAGE, output_of};
use crate::places::Places;
use crate::sources::write_file;
use crate::tools;

/// The user's own Cargo, for the one of ours.
const CARGO_VARIABLE: &str = "AUTOML_CARGO";
/// The user's own home of Cargo; empty where it has the usual place.
const HOME_VARIABLE: &str = "AUTOML_CARGO_HOME";
/// The package that cells depend on.
const DOOR: &str = "automl-door";
/// Beginnings of the names of packages whose types people hold in variables.
const SHOWN: [&str; 3] = ["automl", "polars", "burn"];

/// Describes the packages of the library that type inference should know.
pub(crate) fn write(places: &Places, build: &Build) -> Result<(), JupyterError> {
    let mut cargo = build.cargo("metadata")?;
    // The build fetched what this machine's library needs; packages of tests may be missing, and those of other machines stay away.
    cargo.args(["--format-version=1", "--locked", "--filter-platform=host-tuple"]);
    let mut graph = shown(&parse(&output_of(cargo)?)?);
    let sources = places.graph_sources();
    remove(&sources)?;
    keep_sources(&mut graph, &sources)?;
    write_file(&places.graph(), graph.to_string().as_bytes())?;
    Ok(())
}

/// Copies the sources of packages of the clone, which may be moved or removed, into `folder`, and names them there.
fn keep_sources(graph: &mut Value, folder: &Path) -> Result<(), JupyterError> {
    for package in graph["packages"].as_array_mut().into_iter().flatten() {
        let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap_or_default());
        let (Some(root), true) = (manifest.parent(), package["source"].is_null()) else { continue };
        let kept = folder.join(package["name"].as_str().unwrap_or_default());
        copy_tree(&root.join("src"), &kept.join("src"))?;
        let own_manifest = kept.join("Cargo.toml");
        fs::copy(&manifest, &own_manifest).map_err(JupyterError::file("copy", &manifest))?;
        package["manifest_path"] = json!(own_manifest);
        for target in package["targets"].as_array_mut().into_iter().flatten() {
            let source = target["src_path"].as_str().map(Path::new);
            if let Some(below) = source.and_then(|source| source.strip_prefix(root).ok()) {
                target["src_path"] = json!(kept.join(below));
            }
        }
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), JupyterError> {
    fs::create_dir_all(to).map_err(JupyterError::file("create", to))?;
    for entry in fs::read_dir(from).map_err(JupyterError::file("read", from))? {
        let entry = entry.map_err(JupyterError::file("read", from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_tree(&path, &target)?;
        } else {
            fs::copy(&path, &target).map_err(JupyterError::file("copy", &path))?;
        }
    }
    Ok(())
}

fn parse(text: &[u8]) -> Result<Value, JupyterError> {
    serde_json::from_slice(text).map_err(|error| JupyterError::Graph { reason: error.to_string() })
}

/// The packages that are shown, with what they depend on among themselves.
fn shown(all: &Value) -> Value {
    let is_shown = |package: &&Value| {
        let name = package["name"].as_str().unwrap_or_default();
        SHOWN.iter().any(|beginning| name == *beginning || name.starts_with(&format!("{beginning}-")))
    };
    let mut packages: Vec<Value> =
        all["packages"].as_array().into_iter().flatten().filter(is_shown).cloned().collect();
    let ids: BTreeSet<String> =
        packages.iter().filter_map(|of| of["id"].as_str().map(str::to_owned)).collect();
    for package in &mut packages {
        // Tests and build scripts hold no types of variables.
        if let Some(targets) = package["targets"].as_array_mut() {
            targets.retain(|target| {
                let kinds = target["kind"].as_array().into_iter().flatten();
                kinds.filter_map(Value::as_str).any(|kind| kind.contains("lib") || kind == "proc-macro")
            });
        }
        package["dependencies"] = json!([]);
    }
    let is_kept = |id: &Value| id.as_str().is_some_and(|id| ids.contains(id));
    let mut nodes = Vec::new();
    for node in all["resolve"]["nodes"].as_array().into_iter().flatten().filter(|node| is_kept(&node["id"])) {
        let mut node = node.clone();
        if let Some(dependencies) = node["dependencies"].as_array_mut() {
            dependencies.retain(is_kept);
        }
        if let Some(dependencies) = node["deps"].as_array_mut() {
            dependencies.retain(|dependency| is_kept(&dependency["pkg"]));
        }
        nodes.push(node);
    }
    json!({ "packages": packages, "nodes": nodes })
}

/// Adds the packages of `library` to what Cargo says of a cell that depends on the door.
fn with_library(mut cell: Value, library: &Value) -> Value {
    let id_of = |packages: &Value, name: &str| {
        let named = packages.as_array().into_iter().flatten().find(|package| package["name"] == name);
        named.map(|package| package["id"].clone())
    };
    let (Some(door), Some(full)) = (id_of(&cell["packages"], DOOR), id_of(&library["packages"], PACKAGE))
    else {
        return cell;
    };
    let added = |of: &Value| of.as_array().cloned().unwrap_or_default();
    if let Some(packages) = cell["packages"].as_array_mut() {
        packages.extend(added(&library["packages"]));
    }
    if let Some(nodes) = cell["resolve"]["nodes"].as_array_mut() {
        for node in nodes.iter_mut().filter(|node| node["id"] == door) {
            if let Some(dependencies) = node["dependencies"].as_array_mut() {
                dependencies.push(full.clone());
            }
            if let Some(dependencies) = node["deps"].as_array_mut() {
                dependencies.push(json!({
                    "name": PACKAGE.replace('-', "_"), "pkg": full, "dep_kinds": [{ "kind": null, "target": null }],
                }));
            }
        }
        nodes.extend(added(&library["nodes"]));
    }
    cell
}

/// Has `kernel` ask our `cargo` what its cells depend on: rust-analyzer takes that of Cargo's home before any other. Evcxr builds
/// cells by the user's own.
pub(crate) fn stand_before_cargo(places: &Places, kernel: &mut Command) -> Result<(), JupyterError> {
    let home = places.cargo_home();
    let own = own_home();
    let bin = home.join("bin");
    fs::create_dir_all(&bin).map_err(JupyterError::file("create", &bin))?;
    let program = env::current_exe().map_err(JupyterError::file("find", Path::new("automl")))?;
    let quoted = program.to_string_lossy().replace('\'', "'\\''");
    let script = bin.join("cargo");
    if write_file(&script, format!("#!/bin/sh\nexec '{quoted}' kernel cargo -- \"$@\"\n").as_bytes())? {
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))
            .map_err(JupyterError::file("change", &script))?;
    }
    // What is downloaded and configured is the user's.
    for name in ["registry", "git", "config.toml", "credentials.toml"] {
        let (from, to) = (own.join(name), home.join(name));
        if from.exists() && fs::symlink_metadata(&to).is_err() {
            symlink(&from, &to).map_err(JupyterError::file("create", &to))?;
        }
    }
    kernel.env(CARGO_VARIABLE, tools::cargo()?);
    kernel.env(HOME_VARIABLE, env::var_os("CARGO_HOME").unwrap_or_default());
    kernel.env("CARGO_HOME", home);
    Ok(())
}

fn own_home() -> PathBuf {
    let given = env::var_os("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    given.unwrap_or_else(|| Path::new(&env::var_os("HOME").unwrap_or_default()).join(".cargo"))
}

/// Is Cargo, and adds the packages of the library to what it says of a cell.
///
/// # Errors
/// [`JupyterError`]: Cargo cannot be run, or what it says cannot be read.
pub fn run_cargo(places: &Places, arguments: &[OsString]) -> Result<ExitCode, JupyterError> {
    let path = match env::var_os(CARGO_VARIABLE) {
        Some(path) => PathBuf::from(path),
        None => tools::cargo()?,
    };
    let mut cargo = Command::new(&path);
    cargo.args(arguments);
    match env::var_os(HOME_VARIABLE).filter(|home| !home.is_empty()) {
        Some(home) => cargo.env("CARGO_HOME", home),
        None => cargo.env_remove("CARGO_HOME"),
    };
    let has = |name: &str| arguments.iter().any(|argument| argument == OsStr::new(name));
    if !has("metadata") || has("--no-deps") {
        return Err(JupyterError::file("run", &path)(cargo.exec()));
    }
    let output = cargo.stderr(Stdio::inherit()).output().map_err(JupyterError::file("run", &path))?;
    if !output.status.success() {
        return Ok(ExitCode::from(
            output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
        ));
    }
    let graph = places.graph();
    let library = parse(&fs::read(&graph).map_err(JupyterError::file("read", &graph))?)?;
    let told = with_library(parse(&output.stdout)?, &library).to_string();
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(told.as_bytes()).and_then(|()| stdout.write_all(b"\n"));
    written.map_err(JupyterError::file("write", Path::new("standard output")))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str) -> Value {
        json!({ "name": name, "id": format!("{name} 1.0.0"), "dependencies": [{ "name": "x" }], "targets": [
            { "name": name, "kind": ["lib"] }, { "name": "build", "kind": ["custom-build"] },
        ] })
    }

    fn node(name: &str, on: &[&str]) -> Value {
        let id = |name: &&str| json!(format!("{name} 1.0.0"));
        let deps: Vec<Value> =
            on.iter().map(|of| json!({ "name": of, "pkg": id(of), "dep_kinds": [] })).collect();
        json!({ "id": id(&name), "dependencies": on.iter().map(id).collect::<Vec<_>>(), "deps": deps, "features": ["std"] })
    }

    fn library() -> Value {
        let names = ["automl-full", "polars", "polars-core", "polarshift", "serde"];
        let nodes = [
            node("automl-full", &["polars", "serde"]),
            node("polars", &["polars-core"]),
            node("polars-core", &["serde"]),
            node("polarshift", &[]),
            node("serde", &[]),
        ];
        shown(&json!({ "packages": names.map(package), "resolve": { "nodes": nodes } }))
    }

    #[test]
    fn packages_whose_types_people_hold_are_shown_without_the_others() {
        let library = library();
        let names: Vec<&str> =
            library["packages"].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["automl-full", "polars", "polars-core"]);
        assert_eq!(library["packages"][0]["targets"].as_array().unwrap().len(), 1, "{library}");
        assert_eq!(library["nodes"][0]["dependencies"], json!(["polars 1.0.0"]));
        assert_eq!(library["nodes"][2]["deps"], json!([]));
        assert_eq!(library["nodes"][1]["features"], json!(["std"]));
    }

    #[test]
    fn sources_of_the_clone_are_kept_when_it_goes() {
        let dir = tempfile::tempdir().unwrap();
        let (clone, kept) = (dir.path().join("clone/automl-full"), dir.path().join("kept"));
        write_file(&clone.join("src/inner/mod.rs"), b"inner").unwrap();
        write_file(&clone.join("src/lib.rs"), b"lib").unwrap();
        write_file(&clone.join("Cargo.toml"), b"[package]").unwrap();
        let own = json!({ "name": "automl-full", "source": null, "manifest_path": clone.join("Cargo.toml"),
            "targets": [{ "src_path": clone.join("src/lib.rs") }] });
        let other = json!({ "name": "polars", "source": "registry", "manifest_path": "/registry/polars/Cargo.toml",
            "targets": [{ "src_path": "/registry/polars/src/lib.rs" }] });
        let mut graph = json!({ "packages": [own, other.clone()] });
        keep_sources(&mut graph, &kept).unwrap();
        fs::remove_dir_all(clone).unwrap();
        let path = |value: &Value| PathBuf::from(value.as_str().unwrap());
        let library = path(&graph["packages"][0]["targets"][0]["src_path"]);
        assert_eq!(fs::read_to_string(&library).unwrap(), "lib");
        assert_eq!(fs::read_to_string(library.with_file_name("inner/mod.rs")).unwrap(), "inner");
        assert!(path(&graph["packages"][0]["manifest_path"]).is_file());
        assert_eq!(graph["packages"][1], other);
    }

    #[test]
    fn a_cell_depends_on_the_library_by_the_door() {
        let cell = json!({ "packages": [package("ctx"), package("automl-door")], "resolve": {
            "nodes": [node("ctx", &["automl-door"]), node("automl-door", &[])],
        } });
        let told = with_library(cell, &library());
        assert_eq!(told["packages"].as_array().unwrap().len(), 5);
        let nodes = told["resolve"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 5);
        assert_eq!(nodes[1]["dependencies"], json!(["automl-full 1.0.0"]));
        assert_eq!(nodes[1]["deps"][0]["name"], "automl_full");
        let other = json!({ "packages": [package("std")], "resolve": { "nodes": [node("std", &[])] } });
        assert_eq!(with_library(other.clone(), &library()), other);
    }
}
