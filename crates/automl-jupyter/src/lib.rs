//! Rust notebooks: installs, starts and removes the kernel "Rust (automl)".
//!
//! The kernel is evcxr's, which compiles every cell. What its cells link is built once, ahead, by running a cell in the kernel
//! itself; every kernel then begins with links to what was built. Through the fast door cells link the crate `automl-notebook`, through
//! the full one the shared library of `automl-full`, which is built from the project's sources.
//!
//! | module | holds |
//! |---|---|
//! | `places` | the folders: everything in one of the cache, but for the kernelspec, which Jupyter looks for |
//! | `tools` | Jupyter and evcxr: found, or installed into the cache |
//! | `sources` | what the program carries, written out: the notebook crate, evcxr's settings, the examples |
//! | `library` | the shared library of the full door |
//! | `graph` | what type inference is told of it |
//! | `ahead` | what cells link, built once |
//! | `launch` | a kernel of its own folder, and Jupyter itself |

mod ahead;
mod error;
mod graph;
mod launch;
mod library;
mod places;
mod sources;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};

pub use error::JupyterError;
pub use graph::run_cargo;
pub use launch::{run_kernel, run_lab};
pub use library::Build;
pub use places::Places;
use serde_json::json;

/// What cells see of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Small types that drive the program.
    Fast,
    /// These, and everything of the project, polars and burn in the notebook's own process.
    Full,
}

impl Door {
    /// Both.
    pub const ALL: [Door; 2] = [Door::Fast, Door::Full];

    /// The kernel's name in Jupyter, which notebooks refer to.
    pub fn kernel(self) -> &'static str {
        match self {
            Door::Fast => "automl",
            Door::Full => "automl-full",
        }
    }

    /// How people see the kernel.
    fn display_name(self) -> &'static str {
        match self {
            Door::Fast => "Rust (automl)",
            Door::Full => "Rust (automl, full)",
        }
    }

    /// The program's arguments that start the kernel.
    fn start(self) -> &'static [&'static str] {
        match self {
            Door::Fast => &["kernel", "run"],
            Door::Full => &["kernel", "run", "--full"],
        }
    }
}

/// Installs what is missing of Jupyter, evcxr, the kernelspec and what cells link; says what it does to `say`. A second time it
/// finds everything in place. With `full` it installs the kernel of the full door too, whose library it builds so.
///
/// `program` is the `automl` that cells drive. Returns the path of `jupyter`.
///
/// # Errors
/// [`JupyterError`]: a tool that is needed is missing or failed, or a file cannot be written.
pub fn install(
    places: &Places,
    program: &Path,
    full: Option<&Build>,
    say: &mut dyn FnMut(&str),
) -> Result<PathBuf, JupyterError> {
    let jupyter = tools::jupyter(places, say)?;
    let evcxr = tools::evcxr(places, say)?;
    sources::write(places, Door::Fast, None)?;
    write_kernelspec(places, Door::Fast, program, say)?;
    ahead::build(places, Door::Fast, &jupyter, &evcxr, say)?;
    if let Some(build) = full {
        library::build(places, build, say)?;
        sources::write(places, Door::Full, build.libtorch.as_deref())?;
        write_kernelspec(places, Door::Full, program, say)?;
        ahead::build(places, Door::Full, &jupyter, &evcxr, say)?;
    }
    Ok(jupyter)
}

/// Removes the kernelspecs and all that was installed for them; returns whether there was anything.
///
/// # Errors
/// [`JupyterError::File`] if something cannot be removed.
pub fn remove(places: &Places, say: &mut dyn FnMut(&str)) -> Result<bool, JupyterError> {
    let mut is_there = false;
    for dir in Door::ALL.map(|door| places.kernelspec(door)).into_iter().chain([places.root().to_owned()]) {
        if dir.exists() {
            is_there = true;
            fs::remove_dir_all(&dir).map_err(JupyterError::file("remove", &dir))?;
            say(&format!("removed {}", dir.display()));
        }
    }
    Ok(is_there)
}

fn write_kernelspec(
    places: &Places,
    door: Door,
    program: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<(), JupyterError> {
    let arguments = door.start().iter().copied().chain(["{connection_file}"]);
    let command: Vec<_> =
        [program.to_string_lossy().into_owned()].into_iter().chain(arguments.map(str::to_owned)).collect();
    let spec = json!({
        "argv": command,
        "display_name": door.display_name(),
        "language": "rust",
        "interrupt_mode": "message",
        "metadata": { "automl_version": env!("CARGO_PKG_VERSION") },
    });
    let file = places.kernelspec(door).join("kernel.json");
    if sources::write_file(&file, format!("{spec:#}\n").as_bytes())? {
        say(&format!("kernel \"{}\": {}", door.display_name(), file.display()));
    }
    Ok(())
}
