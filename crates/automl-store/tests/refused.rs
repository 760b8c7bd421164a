//! Files that are no study, versions from the future, full disks: clear errors, never a panic.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod common;

use std::fs;
use std::path::Path;

use automl_core::{Hint, Metric, StoreError, TrialStore};
use automl_store::StudyFile;
use automl_testkit::store::{every_kind_of_params, every_kind_of_space, full_outcome};
use rusqlite::Connection;

/// The messages, with the folder taken out.
fn messages(folder: &Path, path: &Path) -> String {
    let header = common::header(Metric::LogLoss);
    let opened = StudyFile::open(path).map(|_| "opened".to_owned());
    let read_only = StudyFile::open_read_only(path).map(|_| "opened".to_owned());
    let either = StudyFile::open_or_create(path, &header).map(|_| "opened".to_owned());
    let told = |result: Result<String, StoreError>| result.unwrap_or_else(|error| error.to_string());
    let [opened, read_only, either] = [opened, read_only, either].map(told);
    assert_eq!(opened, read_only);
    format!("{opened}\n{either}").replace(&folder.display().to_string(), "DIR")
}

fn study_changed_by(folder: &Path, sql: &str) -> std::path::PathBuf {
    let path = folder.join("study.sqlite3");
    StudyFile::create(&path, &common::header(Metric::LogLoss)).unwrap().close().unwrap();
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    path
}

#[test]
fn a_folder_is_no_study() {
    let folder = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(messages(folder.path(), folder.path()), @r"
    `DIR` is a folder
    `DIR` is a folder
    ");
}

#[test]
fn a_missing_file_is_no_study_but_may_become_one() {
    let folder = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(messages(folder.path(), &folder.path().join("none.sqlite3")), @r"
    `DIR/none.sqlite3` does not exist
    opened
    ");
}

#[test]
fn a_missing_folder_is_told() {
    let folder = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(messages(folder.path(), &folder.path().join("none/study.sqlite3")), @r"
    `DIR/none/study.sqlite3` does not exist
    cannot open or create the study in the study file `DIR/none/study.sqlite3`: the file cannot be opened; its folder may be missing or closed
    ");
}

#[test]
fn an_empty_file_is_no_study_but_may_become_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.sqlite3");
    fs::write(&path, "").unwrap();
    insta::assert_snapshot!(messages(folder.path(), &path), @r"
    `DIR/empty.sqlite3` is empty
    opened
    ");
}

#[test]
fn a_table_is_no_study() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    let content = "age,income\n".repeat(1000);
    fs::write(&path, &content).unwrap();
    insta::assert_snapshot!(messages(folder.path(), &path), @r"
    `DIR/table.csv` is not an SQLite database
    `DIR/table.csv` is not an SQLite database
    ");
    assert_eq!(fs::read_to_string(&path).unwrap(), content, "nothing was written into it");
}

#[test]
fn another_database_is_no_study() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.sqlite3");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE cats (name TEXT)").unwrap();
    insta::assert_snapshot!(messages(folder.path(), &path), @r"
    `DIR/other.sqlite3` is not an Optuna study (it has no table `alembic_version`)
    `DIR/other.sqlite3` is not an Optuna study (it has no table `alembic_version`)
    ");
}

#[test]
fn a_study_of_optuna_alone_is_told_from_one_of_automl() {
    let folder = tempfile::tempdir().unwrap();
    let path = study_changed_by(folder.path(), "DROP TABLE automl_version");
    insta::assert_snapshot!(messages(folder.path(), &path), @r"
    `DIR/study.sqlite3` is not a study of automl (it has no table `automl_version`)
    `DIR/study.sqlite3` is not a study of automl (it has no table `automl_version`)
    ");
}

#[test]
fn newer_versions_are_refused_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let path = study_changed_by(folder.path(), "UPDATE automl_version SET schema_version = 3");
    insta::assert_snapshot!(messages(folder.path(), &path), @r"
    the study file `DIR/study.sqlite3` has automl version 3; this automl knows up to 2
    the study file `DIR/study.sqlite3` has automl version 3; this automl knows up to 2
    ");
    let error = StudyFile::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::NewerVersion { .. }));
    assert!(!error.hints().is_empty());

    let folder = tempfile::tempdir().unwrap();
    let path = study_changed_by(folder.path(), "UPDATE alembic_version SET version_num = 'v6.0.0.a'");
    insta::assert_snapshot!(messages(folder.path(), &path), @r"
    the study file `DIR/study.sqlite3` has schema version v6.0.0.a; this automl knows up to v3.2.0.a
    the study file `DIR/study.sqlite3` has schema version v6.0.0.a; this automl knows up to v3.2.0.a
    ");
}

#[test]
fn objectives_and_directions_that_do_not_agree_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let sql = "INSERT INTO study_directions (direction, study_id, objective) VALUES ('MAXIMIZE', 1, 1)";
    let path = study_changed_by(folder.path(), sql);
    insta::assert_snapshot!(messages(folder.path(), &path), @r"
    `DIR/study.sqlite3` optimises in 2 directions for 1 objectives
    `DIR/study.sqlite3` optimises in 2 directions for 1 objectives
    ");
    let folder = tempfile::tempdir().unwrap();
    let path = study_changed_by(folder.path(), "UPDATE study_directions SET direction = 'NOT_SET'");
    insta::assert_snapshot!(messages(folder.path(), &path), @r"
    `DIR/study.sqlite3` optimises in the unknown direction `NOT_SET`
    `DIR/study.sqlite3` optimises in the unknown direction `NOT_SET`
    ");
}

/// Version 1 did not say which study of a file is automl's.
#[test]
fn a_file_of_version_1_holds_one_study() {
    let folder = tempfile::tempdir().unwrap();
    let sql = "DELETE FROM automl_study WHERE key IN ('study_id', 'objectives');
        INSERT INTO studies (study_name) VALUES ('second')";
    let path = study_changed_by(folder.path(), sql);
    insta::assert_snapshot!(messages(folder.path(), &path), @r"
    `DIR/study.sqlite3` holds 2 studies where one was expected
    `DIR/study.sqlite3` holds 2 studies where one was expected
    ");
}

#[test]
fn a_study_that_optuna_deleted_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = study_changed_by(folder.path(), "PRAGMA foreign_keys = OFF; DELETE FROM studies");
    insta::assert_snapshot!(messages(folder.path(), &path), @r"
    `DIR/study.sqlite3` no longer holds the study that automl began in it
    `DIR/study.sqlite3` no longer holds the study that automl began in it
    ");
}

#[test]
fn an_existing_file_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "mine").unwrap();
    let error = StudyFile::create(&path, &common::header(Metric::LogLoss)).unwrap_err().to_string();
    assert!(error.ends_with("it exists already"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn a_refused_header_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    let mut header = common::header(Metric::LogLoss);
    header.name = "x".repeat(513);
    let error = StudyFile::create(&path, &header).unwrap_err().to_string();
    assert!(error.contains("513"), "{error}");
    header = common::header(Metric::LogLoss);
    header.objectives.clear();
    let error = StudyFile::open_or_create(&path, &header).unwrap_err().to_string();
    assert!(error.ends_with("a study has at least one objective"), "{error}");
    assert!(!path.exists());
}

/// Damage at every page: an error or the right content, never a panic.
#[test]
fn damage_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("study.sqlite3");
    let mut store = StudyFile::create(&whole, &common::header(Metric::LogLoss)).unwrap();
    for slot in 0..50 {
        let number = store.begin(slot, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap();
        store.finish(number, &full_outcome(0.5)).unwrap();
    }
    let wanted = store.trials().unwrap();
    store.close().unwrap();
    let bytes = fs::read(&whole).unwrap();
    let mut n_refused = 0;
    for start in (0..bytes.len()).step_by(2048) {
        let mut damaged = bytes.clone();
        let end = (start + 1024).min(bytes.len());
        damaged[start..end].fill(0xA5);
        n_refused += usize::from(!opens_to(&folder.path().join("damaged.sqlite3"), &damaged, &wanted));
    }
    for length in [1, 99, 100, 4095, 4096, bytes.len() / 2, bytes.len() - 1] {
        assert!(!opens_to(&folder.path().join("cut.sqlite3"), &bytes[..length], &wanted), "{length} bytes");
    }
    assert!(n_refused > 10, "{n_refused} damaged files were noticed");
}

/// Whether a study of these bytes opens and holds `wanted`.
fn opens_to(path: &Path, bytes: &[u8], wanted: &[automl_core::TrialRecord]) -> bool {
    fs::write(path, bytes).unwrap();
    let read = StudyFile::open(path).and_then(|store| store.trials());
    read.is_ok_and(|trials| trials == wanted)
}

#[test]
fn a_read_only_study_can_be_read_and_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    let mut store = StudyFile::create(&path, &common::header(Metric::LogLoss)).unwrap();
    let number = store.begin(0, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap();
    let trial = store.finish(number, &full_outcome(0.5)).unwrap();
    store.close().unwrap();
    let mut store = StudyFile::open_read_only(&path).unwrap();
    assert_eq!(store.trials().unwrap(), [trial]);
    let error = store.begin(1, &every_kind_of_params(), &every_kind_of_space()).unwrap_err().to_string();
    assert!(error.ends_with("the file or its folder is read-only"), "{error}");
    drop(store);
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["study.sqlite3"]);
}

#[test]
fn an_optuna_state_that_does_not_exist_is_told_with_its_trial() {
    let folder = tempfile::tempdir().unwrap();
    let sql = "INSERT INTO trials (number, study_id, state) VALUES (0, 1, 'DREAMING')";
    let path = study_changed_by(folder.path(), sql);
    let error = StudyFile::open(&path).unwrap().trials().unwrap_err().to_string();
    assert!(error.ends_with("trial 0 holds what automl cannot read: state DREAMING"), "{error}");
}
