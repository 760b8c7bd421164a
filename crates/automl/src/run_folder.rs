//! The files of one run, and the lock that keeps a second process out.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use automl_core::ArtifactError;

use crate::config::ExperimentConfig;
use crate::error::AutomlError;

/// A run folder: `study.sqlite3`, `report.html`, `leaderboard.csv`, `experiment.toml`, `model/`, `trials/`, and what the report
/// is made of beside these, `data.json` and `final.json`.
#[derive(Debug)]
pub(crate) struct RunFolder {
    root: PathBuf,
    /// The study file, where it is not the folder's own.
    storage: Option<PathBuf>,
    /// Held, not read: the lock ends with the process, however that ends.
    _lock: Option<File>,
}

/// The file whose lock keeps other processes out.
const LOCK: &str = "run.lock";

/// Whether searches have worked in a folder.
pub(crate) fn is_run_folder(folder: &Path) -> bool {
    folder.join(LOCK).is_file()
}

impl RunFolder {
    /// An existing run folder, to read from.
    ///
    /// # Errors
    /// [`AutomlError::NoRun`] if it holds no study; [`AutomlError::Config`] if its configuration cannot be read.
    pub(crate) fn open(root: &Path) -> Result<Self, AutomlError> {
        let mut folder = Self { root: root.to_owned(), storage: None, _lock: None };
        if !folder.study().is_file() && folder.config().is_file() {
            folder.storage = ExperimentConfig::read(&folder.config())?.search.storage;
        }
        if folder.study().is_file() {
            Ok(folder)
        } else {
            Err(AutomlError::NoRun { folder: root.to_owned() })
        }
    }

    /// The folder to work in, created where it is missing and locked until this value is dropped. The study is kept
    /// in `storage` if that is given.
    ///
    /// # Errors
    /// [`AutomlError::Busy`] while another process holds the lock; [`AutomlError::Config`] if the folder's study is kept
    /// elsewhere, or an experiment that a person wrote would be lost; [`ArtifactError::Io`].
    pub(crate) fn lock(root: &Path, storage: Option<&Path>) -> Result<Self, AutomlError> {
        let folder = Self { root: root.to_owned(), storage: storage.map(Path::to_owned), _lock: None };
        folder.check_study()?;
        folder.check_config()?;
        fs::create_dir_all(root).map_err(|source| io_error("create", root, source))?;
        let path = root.join(LOCK);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|source| io_error("create", &path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _lock: Some(file), ..folder }),
            Err(TryLockError::WouldBlock) => Err(AutomlError::Busy { folder: root.to_owned() }),
            Err(TryLockError::Error(source)) => Err(io_error("lock", &path, source).into()),
        }
    }

    /// Fold models and out-of-fold predictions are of the trials of one study.
    fn check_study(&self) -> Result<(), AutomlError> {
        let Ok(held) = Self::open(&self.root) else { return Ok(()) };
        let (there, wanted) = (held.study(), self.study());
        if fs::canonicalize(&there).ok() == fs::canonicalize(&wanted).ok() {
            return Ok(());
        }
        let (root, there, wanted) = (self.root.display(), there.display(), wanted.display());
        Err(AutomlError::config(format!("`{root}` is the folder of the study `{there}`, not of `{wanted}`"))
            .with_hint("choose another folder with `--out`"))
    }

    /// A search writes its experiment where it finds none of its own.
    fn check_config(&self) -> Result<(), AutomlError> {
        if self.study().exists() || !self.config().exists() {
            return Ok(());
        }
        let message = format!(
            "`{}` would be overwritten: there is no study `{}` that it is of",
            self.config().display(),
            self.study().display()
        );
        Err(AutomlError::config(message).with_hint("choose another folder with `--out`, or remove the file"))
    }

    /// The folder of a study that a worker joins; its search holds the lock.
    pub(crate) fn of_study(study: &Path, config: &ExperimentConfig) -> Self {
        if let Some(storage) = &config.search.storage {
            return Self { root: config.run_folder(), storage: Some(storage.clone()), _lock: None };
        }
        let root = study.parent().filter(|parent| !parent.as_os_str().is_empty());
        Self { root: root.unwrap_or(Path::new(".")).to_owned(), storage: None, _lock: None }
    }

    /// Whether a search holds the lock of the folder.
    pub(crate) fn is_searched(root: &Path) -> bool {
        let file = File::options().write(true).open(root.join(LOCK));
        file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The trials.
    pub(crate) fn study(&self) -> PathBuf {
        self.storage.clone().unwrap_or_else(|| self.root.join("study.sqlite3"))
    }

    /// What workers said, a file each.
    pub(crate) fn workers(&self) -> PathBuf {
        self.root.join("workers")
    }

    /// The report.
    pub(crate) fn report(&self) -> PathBuf {
        self.root.join("report.html")
    }

    /// The report of one trial.
    pub(crate) fn trial_report(&self, number: u32) -> PathBuf {
        self.root.join(format!("report-trial-{number}.html"))
    }

    /// What the training rows look like.
    pub(crate) fn summary(&self) -> PathBuf {
        self.root.join("data.json")
    }

    /// What is known of the final model beside its manifest.
    pub(crate) fn facts(&self) -> PathBuf {
        self.root.join("final.json")
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

    /// Fold models and out-of-fold predictions of a trial, if it is among the best.
    pub(crate) fn trial(&self, number: u32) -> PathBuf {
        self.root.join("trials").join(format!("{number:05}"))
    }

    /// Removes the fold models of a trial, if there are any; another process may be quicker.
    ///
    /// # Errors
    /// [`ArtifactError::Io`].
    pub(crate) fn forget_trial(&self, number: u32) -> Result<(), ArtifactError> {
        remove_folder(&self.trial(number))
    }

    /// Removes the fold models of every trial but those of `kept`.
    ///
    /// # Errors
    /// [`ArtifactError::Io`].
    pub(crate) fn keep_only_trials(&self, kept: &[u32]) -> Result<(), ArtifactError> {
        let trials = self.root.join("trials");
        let kept: Vec<PathBuf> = kept.iter().map(|&number| self.trial(number)).collect();
        let entries = match fs::read_dir(&trials) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(io_error("read", &trials, source)),
        };
        for entry in entries {
            let path = entry.map_err(|source| io_error("read", &trials, source))?.path();
            if !kept.contains(&path) {
                remove_folder(&path)?;
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
        let first = RunFolder::lock(dir.path(), None).unwrap();
        assert!(matches!(RunFolder::lock(dir.path(), None), Err(AutomlError::Busy { .. })));
        drop(first);
        assert!(RunFolder::lock(dir.path(), None).is_ok());
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
