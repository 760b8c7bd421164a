//! Going on with a study that Optuna made.

use automl_core::TrialRecord;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::fault::Fault;
use crate::header::{self, StudyHeader, StudyRow, optuna_name};
use crate::read::{self, Range};
use crate::schema;

/// Adds automl's own tables to a file of Optuna's, in one transaction.
pub(crate) fn adopt(
    connection: &mut Connection,
    study_name: Option<&str>,
    header: &StudyHeader,
    accept: &dyn Fn(&[TrialRecord]) -> Result<(), String>,
) -> Result<(), Fault> {
    header::check(header)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    schema::check_optuna(&transaction)?;
    if schema::is_own(&transaction)? {
        return Err(Fault::NotAStudy("is a study of automl already".to_owned()));
    }
    let id = choose(&transaction, study_name)?;
    check_directions(&transaction, id, header)?;
    check_numbers(&transaction, id)?;
    schema::create_own(&transaction)?;
    header::insert_own(&transaction, id, header)?;
    let study: StudyRow = header::find(&transaction)?;
    accept(&read::trials(&transaction, &study, Range::ALL)?).map_err(Fault::NotAStudy)?;
    transaction.commit()?;
    Ok(())
}

/// Row of the study of this name, or of the only one.
fn choose(transaction: &Transaction<'_>, name: Option<&str>) -> Result<i64, Fault> {
    let mut statement = transaction.prepare("SELECT study_id, study_name FROM studies ORDER BY study_id")?;
    let studies = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let studies: Vec<(i64, String)> = studies.collect::<Result<_, _>>()?;
    let list = || studies.iter().map(|(_, name)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let not_a_study = |reason: String| Err(Fault::NotAStudy(reason));
    match (name, studies.as_slice()) {
        (_, []) => not_a_study("holds no study".to_owned()),
        (None, [(id, _)]) => Ok(*id),
        (None, several) => {
            not_a_study(format!("holds {} studies; say which of them: {}", several.len(), list()))
        }
        (Some(name), studies) => match studies.iter().find(|(_, other)| other == name) {
            Some((id, _)) => Ok(*id),
            None => not_a_study(format!("holds no study `{name}`, but {}", list())),
        },
    }
}

fn check_directions(transaction: &Transaction<'_>, id: i64, header: &StudyHeader) -> Result<(), Fault> {
    let found = header::directions(transaction, id)?;
    let wanted: Vec<_> = header.objectives.iter().map(|objective| objective.direction).collect();
    if found == wanted {
        return Ok(());
    }
    let list = |directions: &[automl_core::Direction]| {
        directions.iter().map(|direction| optuna_name(*direction)).collect::<Vec<_>>().join(", ")
    };
    Err(Fault::NotAStudy(format!("optimises {}, but {} is wanted", list(&found), list(&wanted))))
}

fn check_numbers(transaction: &Transaction<'_>, id: i64) -> Result<(), Fault> {
    let sql = "SELECT count(*), count(DISTINCT number), coalesce(min(number), 0), coalesce(max(number), -1)
        FROM trials WHERE study_id = ?1";
    let row = |row: &rusqlite::Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]);
    let [n_trials, n_numbers, first, last]: [i64; 4] = transaction.query_row(sql, [id], row)?;
    if n_numbers == n_trials && first == 0 && last == n_trials - 1 {
        return Ok(());
    }
    Err(Fault::NotAStudy(format!("has {n_trials} trials, but their numbers are not 0 to {}", n_trials - 1)))
}
