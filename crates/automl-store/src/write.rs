//! The calls of a trial store that write: begin, heartbeat, step, finish, and again after a crash.

use automl_core::{
    Information, Lost, Params, SearchSpace, StoreError, TrialOutcome, TrialRecord, TrialState, TrialStore,
};
use rusqlite::Transaction;
use serde_json::json;

use crate::datetime;
use crate::distribution;
use crate::fault::Fault;
use crate::file::StudyFile;
use crate::lost::{beat, lose, requeue, running_trials};
use crate::outcome;
use crate::read::{self, AIC, BIC, REASON, Range, SECONDS, SLOT, WORKER};
use crate::rows::{Holder, holder, insert_trial, one_record, running_trial, set_system, set_user};

impl TrialStore for StudyFile {
    fn trials(&self) -> Result<Vec<TrialRecord>, StoreError> {
        self.read("read the trials", |connection| read::trials(connection, &self.study, Range::ALL))
    }

    fn news(&self, open: &[u32], from: u32) -> Result<Vec<TrialRecord>, StoreError> {
        self.read("read the latest trials", |connection| read::news(connection, &self.study, open, from))
    }

    fn begin(&mut self, slot: u32, params: &Params, space: &SearchSpace) -> Result<Option<u32>, StoreError> {
        let worker = self.worker.clone();
        self.write_soon(
            || format!("begin the trial of slot {slot}"),
            |transaction, study| {
                let rows = param_rows(params, space)?;
                let trial = match holder(transaction, study, slot)? {
                    Holder::Free => insert_trial(transaction, study, slot)?,
                    Holder::Waiting(trial) => {
                        // One that Optuna enqueued becomes automl's.
                        set_system(transaction, trial.id, SLOT, &json!(slot))?;
                        trial
                    }
                    Holder::Taken => return Ok(None),
                };
                set_running(transaction, trial.id, worker.as_deref())?;
                replace_params(transaction, trial.id, &rows)?;
                Ok(Some(trial.number))
            },
        )
    }

    fn heartbeat(&mut self, number: u32) -> Result<(), StoreError> {
        self.write_soon(
            || format!("note that trial {number} is alive"),
            |transaction, study| beat(transaction, running_trial(transaction, study, number)?.id),
        )
    }

    fn record_step(&mut self, number: u32, step: u32, cost: f64) -> Result<(), StoreError> {
        self.write_soon(
            || format!("record step {step} of trial {number}"),
            |transaction, study| {
                let trial = running_trial(transaction, study, number)?;
                outcome::insert_step(transaction, study, trial.id, step, cost)
            },
        )
    }

    fn finish(&mut self, number: u32, outcome: &TrialOutcome) -> Result<TrialRecord, StoreError> {
        self.write(
            || format!("finish trial {number}"),
            |transaction, study| {
                outcome::check(study, outcome)?;
                let trial = running_trial(transaction, study, number)?;
                outcome::insert(transaction, study, trial.id, outcome)?;
                set_user(transaction, trial.id, SECONDS, &json!(outcome.seconds))?;
                if let Some(Information { aic, bic }) = outcome.evaluation.information {
                    set_user(transaction, trial.id, AIC, &json!(aic))?;
                    set_user(transaction, trial.id, BIC, &json!(bic))?;
                }
                if let Some(reason) = &outcome.reason {
                    set_user(transaction, trial.id, REASON, &json!(reason))?;
                }
                if outcome.state == TrialState::Lost {
                    requeue(transaction, study, trial)?;
                }
                one_record(transaction, study, trial)
            },
        )
    }

    fn requeue_lost(&mut self, which: Lost<'_>, reason: &str) -> Result<Vec<TrialRecord>, StoreError> {
        self.write(
            || "put lost trials back".to_owned(),
            |transaction, study| {
                let lost = running_trials(transaction, study, which)?;
                for &trial in &lost {
                    lose(transaction, study, trial, reason)?;
                }
                lost.into_iter().map(|trial| one_record(transaction, study, trial)).collect()
            },
        )
    }
}

/// Marks a trial as running now. One that Optuna put back may still name the worker that lost it.
fn set_running(transaction: &Transaction<'_>, trial_id: i64, worker: Option<&str>) -> Result<(), Fault> {
    let sql = "UPDATE trials SET state = 'RUNNING', datetime_start = ?2 WHERE trial_id = ?1";
    transaction.prepare_cached(sql)?.execute((trial_id, datetime::now()))?;
    beat(transaction, trial_id)?;
    if let Some(worker) = worker {
        return set_system(transaction, trial_id, WORKER, &json!(worker));
    }
    let sql = "DELETE FROM trial_system_attributes WHERE trial_id = ?1 AND key = ?2";
    transaction.prepare_cached(sql)?.execute((trial_id, WORKER))?;
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
