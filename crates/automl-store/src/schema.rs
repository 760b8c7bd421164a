//! The tables of a study file and the versions they carry.

use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::fault::Fault;

/// Optuna's tables.
const OPTUNA_TABLES: &str = include_str!("schema/optuna.sql");
/// Optuna's alembic revision of these tables.
const OPTUNA_REVISION: &str = "v3.2.0.a";
/// Optuna's own number of the same schema.
const OPTUNA_SCHEMA_VERSION: i64 = 12;
/// The newest Optuna that was checked to read and write them.
const OPTUNA_VERSION: &str = "5.0.0";

/// automl's own tables.
const AUTOML_TABLES: &str = include_str!("schema/automl.sql");
/// Counts changes of automl's own tables and attributes.
pub(crate) const AUTOML_SCHEMA_VERSION: i64 = 1;

/// True when the file holds no table at all, as after a crash between creation and first write.
pub(crate) fn is_empty(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_master", [], |row| row.get(0))
}

/// Creates all tables.
pub(crate) fn create(transaction: &Transaction<'_>) -> Result<(), rusqlite::Error> {
    transaction.execute_batch(OPTUNA_TABLES)?;
    transaction
        .execute("INSERT INTO version_info VALUES (1, ?1, ?2)", (OPTUNA_SCHEMA_VERSION, OPTUNA_VERSION))?;
    transaction.execute("INSERT INTO alembic_version VALUES (?1)", [OPTUNA_REVISION])?;
    transaction.execute_batch(AUTOML_TABLES)?;
    transaction.execute(
        "INSERT INTO automl_version VALUES (1, ?1, ?2)",
        (AUTOML_SCHEMA_VERSION, env!("CARGO_PKG_VERSION")),
    )?;
    Ok(())
}

/// Checks that this automl understands the file.
pub(crate) fn check(connection: &Connection) -> Result<(), Fault> {
    for (table, whose) in [("alembic_version", "an Optuna study"), ("automl_version", "a study of automl")] {
        if !has_table(connection, table)? {
            return Err(Fault::NotAStudy(format!("is not {whose} (it has no table `{table}`)")));
        }
    }
    let revision = "SELECT version_num FROM alembic_version";
    let revision: Option<String> = connection.query_row(revision, [], |row| row.get(0)).optional()?;
    let revision = revision.unwrap_or_else(|| "none".to_owned());
    if revision != OPTUNA_REVISION {
        return Err(Fault::Newer { what: "schema", found: revision, known: OPTUNA_REVISION.to_owned() });
    }
    let version = "SELECT schema_version FROM automl_version";
    let version: Option<i64> = connection.query_row(version, [], |row| row.get(0)).optional()?;
    match version {
        None => Err(Fault::NotAStudy("has no row in its table `automl_version`".to_owned())),
        Some(version) if version > AUTOML_SCHEMA_VERSION => Err(Fault::Newer {
            what: "automl",
            found: version.to_string(),
            known: AUTOML_SCHEMA_VERSION.to_string(),
        }),
        Some(_) => Ok(()),
    }
}

fn has_table(connection: &Connection, name: &str) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = ?1";
    connection.query_row(sql, [name], |row| row.get(0))
}
