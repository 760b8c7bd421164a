//! A study file: creating, opening and closing it.

use std::fs;
use std::path::{Path, PathBuf};

use automl_core::{StoreError, TrialRecord};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::adopt;
use crate::connection::{self, Synchrony};
use crate::fault::Fault;
use crate::header::{self, StudyHeader, StudyRow};
use crate::schema;

/// One study in one `SQLite` file, in Optuna's schema.
///
/// Several processes may work on one file at once; each has its own `StudyFile`. While one is open,
/// `SQLite` keeps two more files beside it (`-wal`, `-shm`); the last to close removes them. Until then no process
/// that has a `StudyFile` may open its file in another way, not even to read it: closing any descriptor of a file
/// gives up all locks that the process has on it (POSIX), those of `SQLite` included.
#[derive(Debug)]
pub struct StudyFile {
    path: PathBuf,
    connection: Connection,
    pub(crate) study: StudyRow,
    pub(crate) worker: Option<String>,
    synchrony: Synchrony,
    is_read_only: bool,
}

impl StudyFile {
    /// Creates the file of a new study.
    ///
    /// # Errors
    /// [`StoreError`] if the file exists or cannot be written.
    pub fn create(path: impl AsRef<Path>, header: &StudyHeader) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let create = || {
            // Two processes may come this far at once; the second finds a study in its transaction.
            let exists = || Fault::Content("it exists already".to_owned());
            if path.exists() {
                return Err(exists());
            }
            let (store, is_new) = Self::create_in(path, header)?;
            is_new.then_some(store).ok_or_else(exists)
        };
        create().map_err(|fault| fault.at(path, "create a study"))
    }

    /// Opens the study of an existing file.
    ///
    /// # Errors
    /// [`StoreError`] if there is no file, it is no study of automl, or a newer automl wrote it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let open = || {
            refuse_empty(path)?;
            Self::with_connection(path, connection::open_shared(path)?, false)
        };
        open().map_err(|fault| fault.at(path, "open the study"))
    }

    /// Opens the study of an existing file for reading alone; the folder may be read-only too. A file
    /// that is still being written needs write access to its folder.
    ///
    /// # Errors
    /// As [`StudyFile::open`]. Every later write fails.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let open = || {
            refuse_empty(path)?;
            Self::with_connection(path, connection::open_read_only(path)?, true)
        };
        open().map_err(|fault| fault.at(path, "open the study"))
    }

    /// Opens the study of `path`, or creates it where there is no file or an empty one. Compare
    /// [`StudyFile::header`] with `header` to see whether it is the study that was meant.
    ///
    /// # Errors
    /// As [`StudyFile::create`] and [`StudyFile::open`].
    pub fn open_or_create(path: impl AsRef<Path>, header: &StudyHeader) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let opened = Self::create_in(path, header).map(|(store, _)| store);
        opened.map_err(|fault| fault.at(path, "open or create the study"))
    }

    /// Whether Optuna made the file, and automl has not touched it yet.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn is_optunas_alone(path: impl AsRef<Path>) -> Result<bool, StoreError> {
        let path = path.as_ref();
        let look = || {
            let connection = connection::open_read_only(path)?;
            Ok(schema::check_optuna(&connection).is_ok() && !schema::is_own(&connection)?)
        };
        look().map_err(|fault: Fault| fault.at(path, "look into the study"))
    }

    /// Goes on with a study that Optuna made: adds automl's own tables to its file, all or none of them, and checks
    /// that it can read every trial. Optuna goes on reading and writing the study. `study_name` chooses among several
    /// studies of one file. The study keeps its name; names of metrics and attributes that it has stay too.
    ///
    /// `accept` sees the trials before anything is changed; what it says against them is the end of a sentence that
    /// begins with the path.
    ///
    /// A trial of Optuna's has its number for a slot. One that Optuna runs is silent only if it was heard of by a
    /// heartbeat before; taken for lost, it ends like others, but does not wait again: it may have only some of its
    /// parameters by then.
    ///
    /// # Errors
    /// [`StoreError`] if the file is no study of Optuna, of another revision of its schema, or automl's already; if
    /// the study is not found, optimises something else than `header` says, numbers its trials in another way than
    /// 0, 1, 2 …, or holds a value that automl has no place for, such as the choice `None`.
    pub fn adopt(
        path: impl AsRef<Path>,
        study_name: Option<&str>,
        header: &StudyHeader,
        accept: &dyn Fn(&[TrialRecord]) -> Result<(), String>,
    ) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let adopt = || {
            refuse_empty(path)?;
            let mut connection = connection::open_shared(path)?;
            adopt::adopt(&mut connection, study_name, header, accept)?;
            Self::with_connection(path, connection, false)
        };
        adopt().map_err(|fault| fault.at(path, "adopt the study"))
    }

    /// Where the study is kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the study is about.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn header(&self) -> Result<StudyHeader, StoreError> {
        self.read("read what the study is about", |connection| header::read(connection, &self.study))
    }

    /// Names the worker whose trials begin from now on, such as `4711@host`. Two that work at once have two names.
    pub fn set_worker(&mut self, name: &str) {
        self.worker = Some(name.to_owned());
    }

    /// Replaces configuration and search space by those of a later run; workers read them here.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be written.
    pub fn set_config(&mut self, config: &str, initial: &str) -> Result<(), StoreError> {
        self.write(
            || "keep the configuration".to_owned(),
            |transaction, _| header::update(transaction, config, initial),
        )
    }

    /// Closes the file and leaves a single one. Dropping does the same and hides errors.
    ///
    /// # Errors
    /// [`StoreError`] if the write-ahead log could not be merged; nothing is lost then.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.settle().map_err(|error| Fault::from(error).at(&self.path, "close the study"))
    }

    /// Runs reads that see one state of the file.
    pub(crate) fn read<T>(
        &self,
        action: &str,
        work: impl Fn(&Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let run = || {
            let transaction = self.connection.unchecked_transaction()?;
            work(&transaction)
        };
        let read = match run() {
            Err(Fault::Sqlite(error)) if self.is_read_only && connection::is_read_only(&error) => {
                connection::finish_rollback(&self.path).and_then(|()| run())
            }
            read => read,
        };
        read.map_err(|fault| fault.at(&self.path, action))
    }

    /// Runs writes that happen all or not at all, and are on the disk on return.
    pub(crate) fn write<T>(
        &mut self,
        action: impl FnOnce() -> String,
        work: impl FnOnce(&Transaction<'_>, &StudyRow) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let told = |fault: Fault| fault.at(&self.path, "prepare a write");
        self.synchrony.set(&self.connection, Synchrony::Full).map_err(|error| told(error.into()))?;
        self.transact(action, work)
    }

    /// As [`StudyFile::write`], but on the disk with the next durable write only. It survives the end of this process,
    /// not that of the machine; then it is gone with all that came after it.
    pub(crate) fn write_soon<T>(
        &mut self,
        action: impl FnOnce() -> String,
        work: impl FnOnce(&Transaction<'_>, &StudyRow) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let told = |fault: Fault| fault.at(&self.path, "prepare a write");
        self.synchrony.set(&self.connection, Synchrony::Normal).map_err(|error| told(error.into()))?;
        self.transact(action, work)
    }

    fn transact<T>(
        &mut self,
        action: impl FnOnce() -> String,
        work: impl FnOnce(&Transaction<'_>, &StudyRow) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let Self { connection, study, .. } = self;
        let run = move || {
            // A transaction that first reads and then writes cannot wait for another writer.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction, study)?;
            transaction.commit()?;
            Ok(value)
        };
        run().map_err(|fault: Fault| fault.at(&self.path, action()))
    }

    /// Fills the file if it holds nothing, in one transaction: two processes may do this at once. Also tells
    /// whether it was filled here.
    fn create_in(path: &Path, header: &StudyHeader) -> Result<(Self, bool), Fault> {
        header::check(header)?;
        let mut connection = connection::open_or_create(path)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let is_new = schema::is_empty(&transaction)?;
        if is_new {
            schema::create(&transaction)?;
            header::insert(&transaction, header)?;
        }
        transaction.commit()?;
        Ok((Self::with_connection(path, connection, false)?, is_new))
    }

    /// A file that is no study of automl stays as it is.
    fn with_connection(path: &Path, mut connection: Connection, is_read_only: bool) -> Result<Self, Fault> {
        schema::check(&connection)?;
        let study = header::find(&connection)?;
        if !is_read_only {
            connection::enter_write_ahead(&connection)?;
            if schema::is_older(&connection)? {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                schema::upgrade(&transaction)?;
                transaction.commit()?;
            }
        }
        Ok(Self {
            path: path.to_owned(),
            connection,
            study,
            worker: None,
            synchrony: Synchrony::Full,
            is_read_only,
        })
    }

    fn settle(&mut self) -> Result<(), rusqlite::Error> {
        if self.is_read_only {
            return Ok(());
        }
        self.is_read_only = true;
        connection::leave_write_ahead(&self.connection)
    }
}

impl Drop for StudyFile {
    fn drop(&mut self) {
        // Everything committed is on the disk already; the next to open the file merges the log.
        let _ = self.settle();
    }
}

/// `SQLite` takes an empty file for a new database.
fn refuse_empty(path: &Path) -> Result<(), Fault> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() == 0 => {
            Err(Fault::NotAStudy("is empty".to_owned()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use automl_core::{Metric, Seed, Task, TrialStore};
    use automl_testkit::store::{every_kind_of_params, every_kind_of_space, full_outcome};

    use super::*;

    fn header() -> StudyHeader {
        StudyHeader {
            name: "study".to_owned(),
            metric: Metric::Rmse,
            objectives: vec![Metric::Rmse.into()],
            task: Task::Regression,
            seed: Seed(1),
            data_hash: String::new(),
            config: String::new(),
            fold_plan: String::new(),
            data_profile: String::new(),
            initial: String::new(),
            automl_version: String::new(),
        }
    }

    /// A database that may not grow answers with the same code as a full disk.
    #[test]
    fn a_full_disk_is_told_and_what_was_finished_stays() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = StudyFile::create(folder.path().join("study.sqlite3"), &header()).unwrap();
        let number = store.begin(0, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap();
        let kept = store.finish(number, &full_outcome(0.5)).unwrap();
        store.connection.pragma_update(None, "max_page_count", 1).unwrap();
        let mut outcome = full_outcome(0.4);
        outcome.reason = Some("x".repeat(1 << 20));
        let number = store.begin(1, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap();
        let error = store.finish(number, &outcome).unwrap_err().to_string();
        assert!(error.starts_with("cannot finish trial 1 in the study file"), "{error}");
        assert!(error.ends_with("the disk is full"), "{error}");
        store.connection.pragma_update(None, "max_page_count", 1_000_000).unwrap();
        assert_eq!(store.trials().unwrap()[0], kept);
        store.finish(number, &outcome).unwrap();
    }

    #[test]
    fn tables_refuse_what_belongs_to_no_trial() {
        let folder = tempfile::tempdir().unwrap();
        let store = StudyFile::create(folder.path().join("study.sqlite3"), &header()).unwrap();
        let orphan = "INSERT INTO automl_folds (trial_id, fold, n_epochs) VALUES (7, 0, 1)";
        let error = store.connection.execute(orphan, []).unwrap_err();
        assert!(error.to_string().contains("FOREIGN KEY"), "{error}");
    }

    #[test]
    fn finished_trials_are_synced_and_everything_goes_through_a_log() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = StudyFile::create(folder.path().join("study.sqlite3"), &header()).unwrap();
        let level = |store: &StudyFile| -> i64 {
            store.connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap()
        };
        let number = store.begin(0, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap();
        assert_eq!(level(&store), 1, "a trial that runs is lost with the machine anyway");
        store.finish(number, &full_outcome(0.5)).unwrap();
        let mode: String = store.connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!((mode.as_str(), level(&store)), ("wal", 2));
    }
}
