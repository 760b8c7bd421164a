//! The files of one run, and the lock that keeps a second process out.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use automl_core::ArtifactError;

use crate::error::AutomlError;

/// A run folder: `study.sqlite3`, `report.html`, `leaderboard.csv`, `experiment.toml`, `model/`, `trials/`.
#[derive(Debug)]
pub(crate) struct RunFolder {
    root: PathBuf,
    /// Held, not read: the lock ends with the process, however that ends.
    _lock: Option<File>,
}

impl RunFolder {
    /// An existing run folder, to read from.
    ///
    /// # Errors
    /// [`AutomlError::NoRun`] if it holds no study.
    pub(crate) fn open(root: &Path) -> Result<Self, AutomlError> {
        let folder = Self { root: root.to_owned(), _lock: None };
        if folder.study().is_file() {
            Ok(folder)
        } else {
            Err(AutomlError::NoRun { folder: root.to_owned() })
        }
    }

    /// The folder to work in, created where it is missing and locked until this value is dropped.
    ///
    /// # Errors
    /// [`AutomlError::Busy`] while another process holds the lock; [`ArtifactError::Io`].
    pub(crate) fn lock(root: &Path) -> Result<Self, AutomlError> {
        fs::create_dir_all(root).map_err(|source| io_error("create", root, source))?;
        let path = root.join("run.lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|source| io_error("create", &path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { root: root.to_owned(), _lock: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(AutomlError::Busy { folder: root.to_owned() }),
            Err(TryLockError::Error(source)) => Err(io_error("lock", &path, source).into()),
        }
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The trials.
    pub(crate) fn study(&self) -> PathBuf {
        self.root.join("study.sqlite3")
    }

    /// The report.
    pub(crate) fn report(&self) -> PathBuf {
        self.root.join("report.html")
    }

    /// The leaderboard.
    pub(crate) fn leaderboard(&self) -> PathBuf {
        self.root.join("leaderboard.csv")
    }

    /// The resolved configuration.
    pub(crate) fn config(&self) -> PathBuf {
        self.root.join("experiment.toml")
    }

    /// The bundle of the final model.
    pub(crate) fn model(&self) -> PathBuf {
        self.root.join("model")
    }

    /// Fold models and out-of-fold predictions of the best trial so far.
    pub(crate) fn trial(&self, number: u32) -> PathBuf {
        self.root.join("trials").join(format!("{number:05}"))
    }

    /// Removes the fold models of every trial but `keep`.
    ///
    /// # Errors
    /// [`ArtifactError::Io`].
    pub(crate) fn keep_only_trial(&self, keep: u32) -> Result<(), ArtifactError> {
        let trials = self.root.join("trials");
        let kept = self.trial(keep);
        let entries = match fs::read_dir(&trials) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(io_error("read", &trials, source)),
        };
        for entry in entries {
            let path = entry.map_err(|source| io_error("read", &trials, source))?.path();
            if path != kept {
                fs::remove_dir_all(&path).map_err(|source| io_error("remove", &path, source))?;
            }
        }
        Ok(())
    }
}

/// An [`ArtifactError::Io`] with its place.
pub(crate) fn io_error(action: &'static str, path: &Path, source: std::io::Error) -> ArtifactError {
    ArtifactError::Io { action, path: path.to_owned(), source }
}

/// Writes `content` beside `path` and renames it, so that nobody ever sees half a file.
pub(crate) fn write_atomic(path: &Path, content: &[u8]) -> Result<(), ArtifactError> {
    let beside = beside(path, "tmp");
    fs::write(&beside, content).map_err(|source| io_error("write", &beside, source))?;
    fs::rename(&beside, path).map_err(|source| io_error("rename", &beside, source))
}

/// Fills a new folder by `fill` beside `path`, then puts it in the place of `path`.
pub(crate) fn replace_folder(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<(), ArtifactError>,
) -> Result<(), ArtifactError> {
    let (fresh, old) = (beside(path, "tmp"), beside(path, "old"));
    remove_folder(&fresh)?;
    fs::create_dir_all(&fresh).map_err(|source| io_error("create", &fresh, source))?;
    fill(&fresh)?;
    remove_folder(&old)?;
    if path.exists() {
        fs::rename(path, &old).map_err(|source| io_error("rename", path, source))?;
    }
    fs::rename(&fresh, path).map_err(|source| io_error("rename", &fresh, source))?;
    remove_folder(&old)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

fn remove_folder(path: &Path) -> Result<(), ArtifactError> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(io_error("remove", path, source)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_is_refused_and_a_dropped_one_is_free() {
        let dir = tempfile::tempdir().unwrap();
        let first = RunFolder::lock(dir.path()).unwrap();
        assert!(matches!(RunFolder::lock(dir.path()), Err(AutomlError::Busy { .. })));
        drop(first);
        assert!(RunFolder::lock(dir.path()).is_ok());
    }

    #[test]
    fn a_folder_that_could_not_be_filled_leaves_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let model = dir.path().join("model");
        replace_folder(&model, |fresh| write_atomic(&fresh.join("a"), b"1")).unwrap();
        let failed = replace_folder(&model, |fresh| {
            Err(ArtifactError::Corrupt { path: fresh.to_owned(), reason: "fails".to_owned() })
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(model.join("a")).unwrap(), b"1");
    }
}
