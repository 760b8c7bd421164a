//! The tables of a study file and the versions they carry.

use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::fault::Fault;

/// Optuna's tables.
const OPTUNA_TABLES: &str = include_str!("schema/optuna.sql");
/// Optuna's alembic revision of these tables.
const OPTUNA_REVISION: &str = "v3.2.0.a";
/// Optuna's earlier revisions, of which its own command knows the way to this one.
const OLDER_REVISIONS: [&str; 9] = [
    "v0.9.0.a", "v1.2.0.a", "v1.3.0.a", "v2.4.0.a", "v2.6.0.a", "v3.0.0.a", "v3.0.0.b", "v3.0.0.c",
    "v3.0.0.d",
];
/// Optuna's own number of the same schema.
const OPTUNA_SCHEMA_VERSION: i64 = 12;
/// The newest Optuna that was checked to read and write them.
const OPTUNA_VERSION: &str = "5.0.0";

/// automl's own tables.
const AUTOML_TABLES: &str = include_str!("schema/automl.sql");
/// What version 2 of them adds.
const AUTOML_TABLES_2: &str = include_str!("schema/automl_2.sql");
/// Counts changes of automl's own tables and attributes. Version 2 knows workers, several objectives and which
/// of several studies of a file is automl's.
pub(crate) const AUTOML_SCHEMA_VERSION: i64 = 2;

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
    create_own(transaction)
}

/// Creates automl's own tables beside Optuna's.
pub(crate) fn create_own(transaction: &Transaction<'_>) -> Result<(), rusqlite::Error> {
    transaction.execute_batch(AUTOML_TABLES)?;
    transaction.execute_batch(AUTOML_TABLES_2)?;
    transaction.execute(
        "INSERT INTO automl_version VALUES (1, ?1, ?2)",
        (AUTOML_SCHEMA_VERSION, env!("CARGO_PKG_VERSION")),
    )?;
    Ok(())
}

/// Checks that this automl understands the file.
pub(crate) fn check(connection: &Connection) -> Result<(), Fault> {
    check_optuna(connection)?;
    if !is_own(connection)? {
        return Err(Fault::NotAStudy(
            "is not a study of automl (it has no table `automl_version`)".to_owned(),
        ));
    }
    match own_version(connection)? {
        None => Err(Fault::NotAStudy("has no row in its table `automl_version`".to_owned())),
        Some(version) if version > AUTOML_SCHEMA_VERSION => Err(Fault::Newer {
            what: "automl",
            found: version.to_string(),
            known: AUTOML_SCHEMA_VERSION.to_string(),
        }),
        Some(_) => Ok(()),
    }
}

/// Checks that Optuna's tables are there, in the one revision that is known.
pub(crate) fn check_optuna(connection: &Connection) -> Result<(), Fault> {
    if !has_table(connection, "alembic_version")? {
        let reason = "is not an Optuna study (it has no table `alembic_version`)";
        return Err(Fault::NotAStudy(reason.to_owned()));
    }
    let revision = "SELECT version_num FROM alembic_version";
    let revision: Option<String> = connection.query_row(revision, [], |row| row.get(0)).optional()?;
    match revision.as_deref() {
        Some(OPTUNA_REVISION) => Ok(()),
        Some(older) if OLDER_REVISIONS.contains(&older) => Err(Fault::NotAStudy(format!(
            "has Optuna's older schema {older} instead of {OPTUNA_REVISION}; \
             `optuna storage upgrade --storage sqlite:///FILE` brings it there"
        ))),
        None => Err(Fault::NotAStudy("has no row in its table `alembic_version`".to_owned())),
        Some(newer) => {
            let (found, known) = (newer.to_owned(), OPTUNA_REVISION.to_owned());
            Err(Fault::Newer { what: "schema", found, known })
        }
    }
}

/// Whether automl's own tables are there.
pub(crate) fn is_own(connection: &Connection) -> Result<bool, rusqlite::Error> {
    has_table(connection, "automl_version")
}

/// Whether [`upgrade`] has something to do.
pub(crate) fn is_older(connection: &Connection) -> Result<bool, rusqlite::Error> {
    Ok(own_version(connection)?.is_some_and(|version| version < AUTOML_SCHEMA_VERSION))
}

/// Brings the tables of an older automl to this version. A file that is only read stays as it is.
pub(crate) fn upgrade(transaction: &Transaction<'_>) -> Result<(), rusqlite::Error> {
    // Another process may have been quicker.
    if is_older(transaction)? {
        transaction.execute_batch(AUTOML_TABLES_2)?;
        transaction.execute("UPDATE automl_version SET schema_version = ?1", [AUTOML_SCHEMA_VERSION])?;
    }
    Ok(())
}

fn own_version(connection: &Connection) -> Result<Option<i64>, rusqlite::Error> {
    connection.query_row("SELECT schema_version FROM automl_version", [], |row| row.get(0)).optional()
}

fn has_table(connection: &Connection, name: &str) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = ?1";
    connection.query_row(sql, [name], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{lost, read, rows};

    /// What is asked for every trial must cost the same among ten thousand trials as among ten: each step of the plan
    /// looks up something narrower than a study, but for the numbers wanted and the few trials that run.
    #[test]
    fn no_query_of_a_trial_walks_through_the_study() {
        let mut connection = Connection::open_in_memory().unwrap();
        let transaction = connection.transaction().unwrap();
        create(&transaction).unwrap();
        let queries = read::OF_RANGE.iter().chain(&[rows::OF_SLOT, lost::RUNNING, read::ID, read::LATER_IDS]);
        let mut plans = Vec::new();
        for sql in queries {
            let mut statement = transaction.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let nothing = vec![rusqlite::types::Null; statement.parameter_count()];
            let rows = statement.query_map(rusqlite::params_from_iter(nothing), |row| row.get(3)).unwrap();
            plans.extend(rows.collect::<Result<Vec<String>, _>>().unwrap());
        }
        let wide = |plan: &&String| {
            plan.starts_with("SCAN")
                || (plan.ends_with("(study_id=?)") && !plan.contains("automl_ix_trials_running"))
        };
        assert_eq!(plans.iter().filter(wide).collect::<Vec<_>>(), Vec::<&String>::new());
        assert!(plans.len() > 12, "{plans:?}");
    }
}
