//! Rust notebooks: installs, starts and removes the kernel "Rust (automl)".
//!
//! The kernel is evcxr's, which compiles every cell. What its cells link, the crate `automl-notebook`, is built once, ahead, by
//! running a cell in the kernel itself; every kernel then begins with links to what was built.
//!
//! | module | holds |
//! |---|---|
//! | `places` | the folders: everything in one of the cache, but for the kernelspec, which Jupyter looks for |
//! | `tools` | Jupyter and evcxr: found, or installed into the cache |
//! | `sources` | what the program carries, written out: the notebook crate, evcxr's settings, the examples |
//! | `ahead` | what cells link, built once |
//! | `launch` | a kernel of its own folder, and Jupyter itself |

mod ahead;
mod error;
mod launch;
mod places;
mod sources;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};

pub use error::JupyterError;
pub use launch::{run_kernel, run_lab};
pub use places::Places;
use serde_json::json;

/// The kernel's name in Jupyter, which notebooks refer to.
pub const KERNEL: &str = "automl";
/// How people see it.
const DISPLAY_NAME: &str = "Rust (automl)";
/// Names of the program's arguments that start a kernel.
const START: [&str; 2] = ["kernel", "run"];

/// Installs what is missing of Jupyter, evcxr, the kernelspec and what cells link; says what it does to `say`. A second time it
/// finds everything in place.
///
/// `program` is the `automl` that cells drive. Returns the path of `jupyter`.
///
/// # Errors
/// [`JupyterError`]: a tool that is needed is missing or failed, or a file cannot be written.
pub fn install(places: &Places, program: &Path, say: &mut dyn FnMut(&str)) -> Result<PathBuf, JupyterError> {
    let jupyter = tools::jupyter(places, say)?;
    let evcxr = tools::evcxr(places, say)?;
    sources::write(places)?;
    write_kernelspec(places, program, say)?;
    ahead::build(places, &jupyter, &evcxr, say)?;
    Ok(jupyter)
}

/// Removes the kernelspec and all that was installed for it; returns whether there was anything.
///
/// # Errors
/// [`JupyterError::File`] if something cannot be removed.
pub fn remove(places: &Places, say: &mut dyn FnMut(&str)) -> Result<bool, JupyterError> {
    let mut is_there = false;
    for dir in [places.kernelspec(), places.root().to_owned()] {
        if dir.exists() {
            is_there = true;
            fs::remove_dir_all(&dir).map_err(JupyterError::file("remove", &dir))?;
            say(&format!("removed {}", dir.display()));
        }
    }
    Ok(is_there)
}

fn write_kernelspec(places: &Places, program: &Path, say: &mut dyn FnMut(&str)) -> Result<(), JupyterError> {
    let spec = json!({
        "argv": [program, START[0], START[1], "{connection_file}"],
        "display_name": DISPLAY_NAME,
        "language": "rust",
        "interrupt_mode": "message",
        "metadata": { "automl_version": env!("CARGO_PKG_VERSION") },
    });
    let file = places.kernelspec().join("kernel.json");
    if sources::write_file(&file, format!("{spec:#}\n").as_bytes())? {
        say(&format!("kernel \"{DISPLAY_NAME}\": {}", file.display()));
    }
    Ok(())
}
