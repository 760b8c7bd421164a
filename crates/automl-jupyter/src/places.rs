//! The folders.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::Door;
use crate::error::JupyterError;

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    root: PathBuf,
    jupyter_data: PathBuf,
}

impl Places {
    /// Those of this user: `automl/notebook` in the cache folder (`XDG_CACHE_HOME`, or `~/.cache`), and Jupyter's data folder
    /// (`JUPYTER_DATA_DIR`, or where Jupyter has it on this system).
    ///
    /// # Errors
    /// [`JupyterError::NoFolder`] without a home folder.
    pub fn of_user() -> Result<Self, JupyterError> {
        Self::from_variables(|name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, JupyterError> {
        let home = |below: &str| variable("HOME").map(|home| Path::new(&home).join(below));
        let cache = variable("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| home(".cache")).ok_or(
            JupyterError::NoFolder { what: "what is installed", variables: "XDG_CACHE_HOME and HOME" },
        )?;
        // As `jupyter_core.paths.jupyter_data_dir` finds it.
        let data = || {
            if cfg!(target_os = "macos") {
                return home("Library/Jupyter");
            }
            let data = variable("XDG_DATA_HOME").map(PathBuf::from).or_else(|| home(".local/share"));
            Some(data?.join("jupyter"))
        };
        let jupyter_data =
            variable("JUPYTER_DATA_DIR").map(PathBuf::from).or_else(data).ok_or(JupyterError::NoFolder {
                what: "Jupyter's kernels",
                variables: "JUPYTER_DATA_DIR and HOME",
            })?;
        Ok(Self { root: cache.join("automl/notebook"), jupyter_data })
    }

    /// Everything below a folder.
    #[cfg(test)]
    pub(crate) fn below(dir: &Path) -> Self {
        Self { root: dir.join("root"), jupyter_data: dir.join("jupyter") }
    }

    /// The folder of everything that is installed.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the kernelspec.
    pub fn kernelspec(&self, door: Door) -> PathBuf {
        self.jupyter_data.join("kernels").join(door.kernel())
    }

    /// A virtual environment with `JupyterLab`.
    pub(crate) fn venv(&self) -> PathBuf {
        self.root.join("jupyter")
    }

    /// Where Cargo installs evcxr of this version.
    pub(crate) fn evcxr(&self, version: &str) -> PathBuf {
        self.root.join(format!("evcxr-{version}"))
    }

    /// The package that cells depend on.
    pub(crate) fn package(&self, door: Door) -> PathBuf {
        self.root.join(match door {
            Door::Fast => "automl-notebook",
            Door::Full => "automl-door",
        })
    }

    /// Evcxr's configuration.
    pub(crate) fn config(&self, door: Door) -> PathBuf {
        self.root.join(match door {
            Door::Fast => "config",
            Door::Full => "config-full",
        })
    }

    /// What cells link, as evcxr built it, and the name of what it was built from.
    pub(crate) fn ahead(&self, door: Door) -> PathBuf {
        self.root.join(match door {
            Door::Fast => "ahead",
            Door::Full => "ahead-full",
        })
    }

    /// The shared library of the full door with what the compiler wants to know of the crates in it.
    pub(crate) fn library(&self) -> PathBuf {
        self.root.join("library")
    }

    /// Packages that type inference should know, as `cargo metadata` describes them.
    pub(crate) fn graph(&self) -> PathBuf {
        self.root.join("library.json")
    }

    /// Sources of the packages among them that are the project's own.
    pub(crate) fn graph_sources(&self) -> PathBuf {
        self.root.join("library-sources")
    }

    /// A home of Cargo that differs from the user's by its `cargo`.
    pub(crate) fn cargo_home(&self) -> PathBuf {
        self.root.join("cargo-home")
    }

    /// Folders of running kernels.
    pub(crate) fn kernels(&self) -> PathBuf {
        self.root.join("kernels")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(variables: &[(&str, &str)]) -> Result<Places, JupyterError> {
        Places::from_variables(|name| {
            variables.iter().find(|(own, _)| *own == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn variables_say_where_everything_is() {
        let own =
            places(&[("HOME", "/home/me"), ("XDG_CACHE_HOME", "/c"), ("JUPYTER_DATA_DIR", "/j")]).unwrap();
        assert_eq!(own.root(), Path::new("/c/automl/notebook"));
        assert_eq!(own.kernelspec(Door::Fast), Path::new("/j/kernels/automl"));
        assert_eq!(own.kernelspec(Door::Full), Path::new("/j/kernels/automl-full"));
        let own = places(&[("HOME", "/home/me")]).unwrap();
        assert_eq!(own.root(), Path::new("/home/me/.cache/automl/notebook"));
        assert!(own.kernelspec(Door::Fast).starts_with("/home/me"), "{own:?}");
    }

    #[test]
    fn without_a_home_the_variables_are_named() {
        let error = places(&[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no folder for what is installed: the variables XDG_CACHE_HOME and HOME are not set"
        );
        assert!(places(&[("XDG_CACHE_HOME", "/c")]).is_err());
    }
}
