//! Rows of trials: finding, adding and marking them.

use automl_core::{TrialRecord, TrialState};
use rusqlite::{Connection, OptionalExtension, Row, Transaction};
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::header::StudyRow;
use crate::read::{self, Range, SLOT};

/// Identity of a trial: its row, and what people call it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrialRow {
    pub(crate) id: i64,
    pub(crate) number: u32,
}

impl TrialRow {
    /// Of a row that begins with the two.
    pub(crate) fn of(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self { id: row.get(0)?, number: row.get(1)? })
    }
}

/// A trial in whatever state, and Optuna's name of the state.
pub(crate) fn any_trial(
    connection: &Connection,
    study: &StudyRow,
    number: u32,
) -> Result<Option<(TrialRow, String)>, Fault> {
    let sql = "SELECT trial_id, number, state FROM trials WHERE study_id = ?1 AND number = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_row((study.id, number), |row| Ok((TrialRow::of(row)?, row.get(2)?)));
    Ok(found.optional()?)
}

/// A trial that must be running.
pub(crate) fn running_trial(
    transaction: &Transaction<'_>,
    study: &StudyRow,
    number: u32,
) -> Result<TrialRow, Fault> {
    match any_trial(transaction, study, number)? {
        Some((trial, state)) if state == "RUNNING" => Ok(trial),
        Some((trial, _)) => {
            let state = one_record(transaction, study, trial)?.state.name().to_owned();
            Err(Fault::NotRunning { number, state })
        }
        None => Err(Fault::NotRunning { number, state: "unknown".to_owned() }),
    }
}

/// The trials of a slot: those that say so, and the one that Optuna added, which has its number for a slot as
/// in `read`.
pub(crate) const OF_SLOT: &str =
    "SELECT t.trial_id, t.number, t.state, EXISTS (SELECT 1 FROM trial_system_attributes l
        WHERE l.trial_id = t.trial_id AND l.key = 'automl:lost')
    FROM trial_system_attributes a JOIN trials t ON t.trial_id = a.trial_id
    WHERE a.key = 'automl:slot' AND a.value_json = CAST(?2 AS TEXT) AND t.study_id = ?1
    UNION ALL
    SELECT t.trial_id, t.number, t.state, EXISTS (SELECT 1 FROM trial_system_attributes l
        WHERE l.trial_id = t.trial_id AND l.key = 'automl:lost')
    FROM trials t
    WHERE t.study_id = ?1 AND t.number = ?2 AND NOT EXISTS (SELECT 1 FROM trial_system_attributes a
        WHERE a.trial_id = t.trial_id AND a.key = 'automl:slot')";

/// Who has a slot.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holder {
    /// Nobody, or lost trials alone.
    Free,
    /// A trial that waits to be run.
    Waiting(TrialRow),
    /// A trial that runs or is finished.
    Taken,
}

/// Finds who has a slot.
pub(crate) fn holder(transaction: &Transaction<'_>, study: &StudyRow, slot: u32) -> Result<Holder, Fault> {
    let mut statement = transaction.prepare_cached(OF_SLOT)?;
    let mut rows = statement.query((study.id, slot))?;
    let mut holder = Holder::Free;
    while let Some(row) = rows.next()? {
        let (state, is_lost): (String, bool) = (row.get(2)?, row.get(3)?);
        match state.as_str() {
            "FAIL" if is_lost => {}
            "WAITING" => holder = Holder::Waiting(TrialRow::of(row)?),
            _ => return Ok(Holder::Taken),
        }
    }
    Ok(holder)
}

/// Adds a waiting trial of a slot.
pub(crate) fn insert_trial(
    transaction: &Transaction<'_>,
    study: &StudyRow,
    slot: u32,
) -> Result<TrialRow, Fault> {
    let sql = "INSERT INTO trials (number, study_id, state)
        SELECT coalesce(max(number), -1) + 1, ?1, 'WAITING' FROM trials WHERE study_id = ?1
        RETURNING trial_id, number";
    let mut statement = transaction.prepare_cached(sql)?;
    let trial = statement.query_row([study.id], TrialRow::of)?;
    set_system(transaction, trial.id, SLOT, &json!(slot))?;
    Ok(trial)
}

/// A trial as it is read.
pub(crate) fn one_record(
    transaction: &Transaction<'_>,
    study: &StudyRow,
    trial: TrialRow,
) -> Result<TrialRecord, Fault> {
    let mut records = read::trials(transaction, study, Range::one(trial.id))?;
    records.pop().ok_or_else(|| Fault::Content(format!("trial {} is gone", trial.number)))
}

/// Optuna's name of a state.
pub(crate) fn optuna_state(state: TrialState) -> &'static str {
    match state {
        TrialState::Waiting => "WAITING",
        TrialState::Running => "RUNNING",
        TrialState::Complete => "COMPLETE",
        TrialState::Pruned => "PRUNED",
        TrialState::Failed | TrialState::Lost => "FAIL",
    }
}

/// A system attribute of a trial.
pub(crate) fn system(
    transaction: &Transaction<'_>,
    trial_id: i64,
    key: &str,
) -> Result<Option<Value>, Fault> {
    let sql = "SELECT value_json FROM trial_system_attributes WHERE trial_id = ?1 AND key = ?2";
    let mut statement = transaction.prepare_cached(sql)?;
    let text: Option<String> = statement.query_row((trial_id, key), |row| row.get(0)).optional()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Sets a system attribute of a trial.
pub(crate) fn set_system(
    transaction: &Transaction<'_>,
    trial_id: i64,
    key: &str,
    value: &Value,
) -> Result<(), Fault> {
    let sql = "INSERT INTO trial_system_attributes (trial_id, key, value_json) VALUES (?1, ?2, ?3)
        ON CONFLICT (trial_id, key) DO UPDATE SET value_json = excluded.value_json";
    transaction.prepare_cached(sql)?.execute((trial_id, key, value.to_string()))?;
    Ok(())
}

/// Sets a user attribute of a trial.
pub(crate) fn set_user(
    transaction: &Transaction<'_>,
    trial_id: i64,
    key: &str,
    value: &Value,
) -> Result<(), Fault> {
    let sql = "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (?1, ?2, ?3)
        ON CONFLICT (trial_id, key) DO UPDATE SET value_json = excluded.value_json";
    transaction.prepare_cached(sql)?.execute((trial_id, key, value.to_string()))?;
    Ok(())
}
