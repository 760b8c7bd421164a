//! Workers that live, and what becomes of the trials of those that do not.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use automl_core::{Lost, Params};
use rusqlite::Transaction;
use serde_json::{Map, Value, json};

use crate::datetime;
use crate::distribution;
use crate::fault::Fault;
use crate::header::StudyRow;
use crate::outcome;
use crate::read::{FIXED_PARAMS, LOST, REASON, SECONDS, SLOT, WORKER};
use crate::rows::{Holder, TrialRow, holder, insert_trial, one_record, set_system, set_user, system};

/// Trial system attribute of Optuna: the first trial of this configuration, on one that runs again.
const FAILED_TRIAL: &str = "failed_trial";
/// Trial system attribute of Optuna: all earlier trials of this configuration.
const RETRY_HISTORY: &str = "retry_history";

/// The running trials with the last moment at which something was heard of them. Optuna's own ones leave none: its
/// workers promise no heartbeat unless they are told to, and a silent one is none that has ended.
pub(crate) const RUNNING: &str = "SELECT t.trial_id, t.number, coalesce(h.heartbeat, CASE WHEN EXISTS
        (SELECT 1 FROM trial_system_attributes a WHERE a.trial_id = t.trial_id AND a.key = 'automl:slot')
        THEN t.datetime_start END)
    FROM trials t LEFT JOIN trial_heartbeats h ON h.trial_id = t.trial_id
    WHERE t.study_id = ?1 AND t.state = 'RUNNING' ORDER BY t.number";

/// Notes that the worker of a trial lives now, where Optuna does.
pub(crate) fn beat(transaction: &Transaction<'_>, trial_id: i64) -> Result<(), Fault> {
    let sql = "INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES (?1, ?2)
        ON CONFLICT (trial_id) DO UPDATE SET heartbeat = excluded.heartbeat";
    transaction.prepare_cached(sql)?.execute((trial_id, datetime::now()))?;
    Ok(())
}

/// The running trials that are taken for lost, in order of number.
pub(crate) fn running_trials(
    transaction: &Transaction<'_>,
    study: &StudyRow,
    which: Lost<'_>,
) -> Result<Vec<TrialRow>, Fault> {
    let mut statement = transaction.prepare_cached(RUNNING)?;
    let mut rows = statement.query([study.id])?;
    let mut lost = Vec::new();
    while let Some(row) = rows.next()? {
        let trial = TrialRow::of(row)?;
        let is_lost = match which {
            Lost::All => true,
            Lost::Worker(name) => system(transaction, trial.id, WORKER)? == Some(json!(name)),
            Lost::Silent(at_least) => is_silent(row.get(2)?, at_least),
        };
        if is_lost {
            lost.push(trial);
        }
    }
    Ok(lost)
}

/// Whether nothing was heard for so long since a moment. One that cannot be read was long ago.
fn is_silent(last: Option<String>, at_least: Duration) -> bool {
    let Some(last) = last else { return false };
    let Some(last) = datetime::parse(&last) else { return true };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    // A moment in the future is one of another clock, or of this one before it was set: not silent for long.
    let silence = i128::try_from(now).unwrap_or(i128::MAX) - i128::from(last);
    silence.max(0) >= i128::try_from(at_least.as_micros()).unwrap_or(i128::MAX)
}

/// Ends a running trial as lost. A process that died told nobody when, so the trial has 0 seconds.
pub(crate) fn lose(
    transaction: &Transaction<'_>,
    study: &StudyRow,
    trial: TrialRow,
    reason: &str,
) -> Result<(), Fault> {
    outcome::set_state(transaction, trial.id, "FAIL")?;
    set_user(transaction, trial.id, SECONDS, &json!(0.0))?;
    set_user(transaction, trial.id, REASON, &json!(reason))?;
    requeue(transaction, study, trial)
}

/// Marks a failed trial as lost and lets its configuration wait again, with the attributes that
/// Optuna's `RetryFailedTrialCallback` writes, so that Optuna itself could run it.
pub(crate) fn requeue(transaction: &Transaction<'_>, study: &StudyRow, lost: TrialRow) -> Result<(), Fault> {
    set_system(transaction, lost.id, LOST, &json!(true))?;
    // One that Optuna runs has no slot of its own, and perhaps not yet all of its parameters.
    if system(transaction, lost.id, SLOT)?.is_none() {
        return Ok(());
    }
    let record = one_record(transaction, study, lost)?;
    if !matches!(holder(transaction, study, record.slot)?, Holder::Free) {
        return Ok(());
    }
    let again = insert_trial(transaction, study, record.slot)?;
    let sql = "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)
        SELECT ?2, param_name, param_value, distribution_json FROM trial_params WHERE trial_id = ?1";
    transaction.prepare_cached(sql)?.execute((lost.id, again.id))?;
    let first = system(transaction, lost.id, FAILED_TRIAL)?.unwrap_or_else(|| json!(lost.number));
    let mut history = match system(transaction, lost.id, RETRY_HISTORY)? {
        Some(Value::Array(history)) => history,
        _ => Vec::new(),
    };
    history.push(json!(lost.number));
    set_system(transaction, again.id, FAILED_TRIAL, &first)?;
    set_system(transaction, again.id, RETRY_HISTORY, &Value::Array(history))?;
    set_system(transaction, again.id, FIXED_PARAMS, &fixed_params(&record.params)?)
}

fn fixed_params(params: &Params) -> Result<Value, Fault> {
    let pair = |(name, value)| Ok((str::to_owned(name), distribution::json_value(value)?));
    let pairs: Result<Map<String, Value>, String> = params.iter().map(pair).collect();
    pairs.map(Value::Object).map_err(Fault::Content)
}
