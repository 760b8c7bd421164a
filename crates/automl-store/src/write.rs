//! Trials as rows: begin, step, finish, and again after a crash.

use automl_core::{Lost, Params, SearchSpace, StoreError, TrialOutcome, TrialRecord, TrialState, TrialStore};
use rusqlite::{Connection, OptionalExtension, Transaction};
use serde_json::{Map, Value, json};

use crate::datetime;
use crate::distribution;
use crate::fault::Fault;
use crate::file::StudyFile;
use crate::header::StudyRow;
use crate::outcome;
use crate::read::{self, FIXED_PARAMS, LOST, REASON, Range, SECONDS, SLOT, WORKER};

/// Trial system attribute of Optuna: the first trial of this configuration, on one that runs again.
const FAILED_TRIAL: &str = "failed_trial";
/// Trial system attribute of Optuna: all earlier trials of this configuration.
const RETRY_HISTORY: &str = "retry_history";

impl TrialStore for StudyFile {
    fn trials(&self) -> Result<Vec<TrialRecord>, StoreError> {
        self.read("read the trials", |connection| read::trials(connection, self.study, Range::ALL))
    }

    fn news(&self, open: &[u32], from: u32) -> Result<Vec<TrialRecord>, StoreError> {
        self.read("read what changed", |connection| read::news(connection, self.study, open, from))
    }

    fn begin(&mut self, slot: u32, params: &Params, space: &SearchSpace) -> Result<Option<u32>, StoreError> {
        let study = self.study;
        let worker = self.worker.clone();
        self.write(
            || format!("begin the trial of slot {slot}"),
            |transaction| {
                let rows = param_rows(params, space)?;
                if is_taken(transaction, study, slot)? {
                    return Ok(None);
                }
                let trial = match waiting_trial(transaction, study, slot)? {
                    Some(trial) => trial,
                    None => insert_trial(transaction, study, slot)?,
                };
                set_running(transaction, trial.id)?;
                replace_params(transaction, trial.id, &rows)?;
                if let Some(worker) = worker {
                    set_system(transaction, trial.id, WORKER, &json!(worker))?;
                }
                beat(transaction, trial.id)?;
                Ok(Some(trial.number))
            },
        )
    }

    fn record_step(&mut self, number: u32, step: u32, cost: f64) -> Result<(), StoreError> {
        let study = self.study;
        self.write(
            || format!("record step {step} of trial {number}"),
            |transaction| {
                let trial = running_trial(transaction, study, number)?;
                outcome::insert_step(transaction, study, trial.id, step, cost)
            },
        )
    }

    fn heartbeat(&mut self, number: u32) -> Result<(), StoreError> {
        let study = self.study;
        self.write(
            || format!("keep trial {number} alive"),
            |transaction| {
                let trial = running_trial(transaction, study, number)?;
                beat(transaction, trial.id)
            },
        )
    }

    fn finish(&mut self, number: u32, outcome: &TrialOutcome) -> Result<TrialRecord, StoreError> {
        let study = self.study;
        self.write(
            || format!("finish trial {number}"),
            |transaction| {
                outcome::check(outcome)?;
                let trial = running_trial(transaction, study, number)?;
                outcome::insert(transaction, study, trial.id, outcome)?;
                set_text(transaction, trial.id, SECONDS, &json!(outcome.seconds))?;
                if let Some(reason) = &outcome.reason {
                    set_text(transaction, trial.id, REASON, &json!(reason))?;
                }
                if outcome.state == TrialState::Lost {
                    requeue(transaction, study, trial)?;
                }
                one_record(transaction, study, trial)
            },
        )
    }

    /// A process that died told nobody when: lost trials of this call have 0 seconds.
    fn requeue_lost(&mut self, which: Lost<'_>, reason: &str) -> Result<Vec<TrialRecord>, StoreError> {
        let study = self.study;
        // Looking costs no write lock, and mostly there is nothing to do.
        let has_lost = self.read("look for lost trials", |connection| {
            Ok(!running_trials(connection, study, which)?.is_empty())
        })?;
        if !has_lost {
            return Ok(Vec::new());
        }
        self.write(
            || "put lost trials back".to_owned(),
            |transaction| {
                let lost = running_trials(transaction, study, which)?;
                for &trial in &lost {
                    outcome::set_state(transaction, trial.id, "FAIL")?;
                    set_text(transaction, trial.id, SECONDS, &json!(0.0))?;
                    set_text(transaction, trial.id, REASON, &json!(reason))?;
                    requeue(transaction, study, trial)?;
                }
                lost.into_iter().map(|trial| one_record(transaction, study, trial)).collect()
            },
        )
    }
}

/// Identity of a trial: its row, and what people call it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrialRow {
    pub(crate) id: i64,
    pub(crate) number: u32,
}

/// Row id of a trial in whatever state.
pub(crate) fn any_trial(
    connection: &Connection,
    study: StudyRow,
    number: u32,
) -> Result<Option<(TrialRow, String)>, Fault> {
    let sql = "SELECT trial_id, state FROM trials WHERE study_id = ?1 AND number = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement
        .query_row((study.id, number), |row| Ok((TrialRow { id: row.get(0)?, number }, row.get(1)?)));
    Ok(found.optional()?)
}

fn running_trial(transaction: &Transaction<'_>, study: StudyRow, number: u32) -> Result<TrialRow, Fault> {
    match any_trial(transaction, study, number)? {
        Some((trial, state)) if state == "RUNNING" => Ok(trial),
        Some((trial, _)) => {
            let state = one_record(transaction, study, trial)?.state.name().to_owned();
            Err(Fault::NotRunning { number, state })
        }
        None => Err(Fault::NotRunning { number, state: "unknown".to_owned() }),
    }
}

/// Running trials that are taken for lost.
fn running_trials(connection: &Connection, study: StudyRow, which: Lost<'_>) -> Result<Vec<TrialRow>, Fault> {
    // A trial of which no heartbeat is known counts from its start.
    let sql =
        "SELECT t.trial_id, t.number, a.value_json, coalesce(h.heartbeat, t.datetime_start) FROM trials t
        LEFT JOIN trial_system_attributes a ON a.trial_id = t.trial_id AND a.key = 'automl:worker'
        LEFT JOIN trial_heartbeats h ON h.trial_id = t.trial_id
        WHERE t.study_id = ?1 AND t.state = 'RUNNING' ORDER BY t.number";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([study.id])?;
    let mut lost = Vec::new();
    let name = match which {
        Lost::Worker(name) => json!(name).to_string(),
        _ => String::new(),
    };
    while let Some(row) = rows.next()? {
        let worker: Option<String> = row.get(2)?;
        let moment: Option<String> = row.get(3)?;
        let is_meant = match which {
            Lost::All => true,
            Lost::Worker(_) => worker.is_some_and(|worker| worker == name),
            Lost::Silent(silence) => moment
                .and_then(|moment| datetime::parse_secs(&moment))
                .is_none_or(|heard| datetime::now_secs() - heard > silence.as_secs_f64()),
        };
        if is_meant {
            lost.push(TrialRow { id: row.get(0)?, number: row.get(1)? });
        }
    }
    Ok(lost)
}

/// Whether a running or finished trial has the slot.
fn is_taken(transaction: &Transaction<'_>, study: StudyRow, slot: u32) -> Result<bool, Fault> {
    // A trial that Optuna added has its number for a slot, as in `read`; a failed one may be a lost one of ours.
    let sql =
        "SELECT EXISTS (SELECT 1 FROM trial_system_attributes a JOIN trials t ON t.trial_id = a.trial_id
            WHERE a.key = 'automl:slot' AND a.value_json = ?2 AND t.study_id = ?1 AND t.state <> 'WAITING'
            AND NOT EXISTS (SELECT 1 FROM trial_system_attributes l
                WHERE l.trial_id = t.trial_id AND l.key = 'automl:lost'))
        OR EXISTS (SELECT 1 FROM trials t WHERE t.study_id = ?1 AND t.number = ?3 AND t.state <> 'WAITING'
            AND NOT EXISTS (SELECT 1 FROM trial_system_attributes a
                WHERE a.trial_id = t.trial_id AND a.key = 'automl:slot'))";
    let mut statement = transaction.prepare_cached(sql)?;
    Ok(statement.query_row((study.id, json!(slot).to_string(), slot), |row| row.get(0))?)
}

/// Writes that the trial's worker is alive now.
fn beat(transaction: &Transaction<'_>, trial_id: i64) -> Result<(), Fault> {
    let sql = "INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES (?1, ?2)
        ON CONFLICT (trial_id) DO UPDATE SET heartbeat = excluded.heartbeat";
    transaction.prepare_cached(sql)?.execute((trial_id, datetime::now()))?;
    Ok(())
}

fn waiting_trial(
    transaction: &Transaction<'_>,
    study: StudyRow,
    slot: u32,
) -> Result<Option<TrialRow>, Fault> {
    // A trial that Optuna enqueued has its number for a slot, as in `read`.
    let sql = "SELECT t.trial_id, t.number FROM trials t LEFT JOIN trial_system_attributes a
        ON a.trial_id = t.trial_id AND a.key = 'automl:slot'
        WHERE t.study_id = ?1 AND t.state = 'WAITING' AND coalesce(CAST(a.value_json AS INTEGER), t.number) = ?2
        ORDER BY t.number LIMIT 1";
    let mut statement = transaction.prepare_cached(sql)?;
    let found =
        statement.query_row((study.id, slot), |row| Ok(TrialRow { id: row.get(0)?, number: row.get(1)? }));
    Ok(found.optional()?)
}

/// Adds a waiting trial of a slot.
fn insert_trial(transaction: &Transaction<'_>, study: StudyRow, slot: u32) -> Result<TrialRow, Fault> {
    let sql = "INSERT INTO trials (number, study_id, state)
        SELECT coalesce(max(number), -1) + 1, ?1, 'WAITING' FROM trials WHERE study_id = ?1
        RETURNING trial_id, number";
    let mut statement = transaction.prepare_cached(sql)?;
    let trial =
        statement.query_row([study.id], |row| Ok(TrialRow { id: row.get(0)?, number: row.get(1)? }))?;
    set_system(transaction, trial.id, SLOT, &json!(slot))?;
    Ok(trial)
}

fn set_running(transaction: &Transaction<'_>, trial_id: i64) -> Result<(), Fault> {
    let sql = "UPDATE trials SET state = 'RUNNING', datetime_start = ?2 WHERE trial_id = ?1";
    transaction.prepare_cached(sql)?.execute((trial_id, datetime::now()))?;
    Ok(())
}

/// (name, number, distribution) of each parameter.
fn param_rows<'a>(params: &'a Params, space: &SearchSpace) -> Result<Vec<(&'a str, f64, String)>, Fault> {
    space.check(params)?;
    let mut rows = Vec::with_capacity(params.len());
    for (name, value) in params.iter() {
        // `check` has found every name in the space.
        let Some(spec) = space.get(name) else { continue };
        let told = |reason: String| Fault::Content(format!("parameter `{name}`: {reason}"));
        let number = distribution::to_number(&spec.domain, value).map_err(told)?;
        rows.push((name, number, distribution::to_json(&spec.domain).map_err(told)?));
    }
    Ok(rows)
}

/// What runs is what is recorded, also where a waiting trial had been given other values.
fn replace_params(
    transaction: &Transaction<'_>,
    trial_id: i64,
    rows: &[(&str, f64, String)],
) -> Result<(), Fault> {
    transaction.prepare_cached("DELETE FROM trial_params WHERE trial_id = ?1")?.execute([trial_id])?;
    let sql = "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)
        VALUES (?1, ?2, ?3, ?4)";
    let mut statement = transaction.prepare_cached(sql)?;
    for (name, number, json) in rows {
        statement.execute((trial_id, name, number, json))?;
    }
    Ok(())
}

/// Marks a failed trial as lost and lets its configuration wait again, with the attributes that
/// Optuna's `RetryFailedTrialCallback` writes, so that Optuna itself could run it.
fn requeue(transaction: &Transaction<'_>, study: StudyRow, lost: TrialRow) -> Result<(), Fault> {
    set_system(transaction, lost.id, LOST, &json!(true))?;
    let record = one_record(transaction, study, lost)?;
    if waiting_trial(transaction, study, record.slot)?.is_some() {
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

fn one_record(transaction: &Transaction<'_>, study: StudyRow, trial: TrialRow) -> Result<TrialRecord, Fault> {
    let mut records = read::trials(transaction, study, Range::one(trial.id))?;
    records.pop().ok_or_else(|| Fault::Content(format!("trial {} is gone", trial.number)))
}

fn system(transaction: &Transaction<'_>, trial_id: i64, key: &str) -> Result<Option<Value>, Fault> {
    let sql = "SELECT value_json FROM trial_system_attributes WHERE trial_id = ?1 AND key = ?2";
    let mut statement = transaction.prepare_cached(sql)?;
    let text: Option<String> = statement.query_row((trial_id, key), |row| row.get(0)).optional()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

fn set_system(transaction: &Transaction<'_>, trial_id: i64, key: &str, value: &Value) -> Result<(), Fault> {
    let sql = "INSERT INTO trial_system_attributes (trial_id, key, value_json) VALUES (?1, ?2, ?3)
        ON CONFLICT (trial_id, key) DO UPDATE SET value_json = excluded.value_json";
    transaction.prepare_cached(sql)?.execute((trial_id, key, value.to_string()))?;
    Ok(())
}

fn set_text(transaction: &Transaction<'_>, trial_id: i64, key: &str, value: &Value) -> Result<(), Fault> {
    let sql = "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (?1, ?2, ?3)
        ON CONFLICT (trial_id, key) DO UPDATE SET value_json = excluded.value_json";
    transaction.prepare_cached(sql)?.execute((trial_id, key, value.to_string()))?;
    Ok(())
}
