//! What is kept beside the trials: epochs, artifacts and events.

use automl_core::{Epoch, StoreError};
use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};

use crate::cells::float;
use crate::datetime;
use crate::fault::Fault;
use crate::file::StudyFile;
use crate::header::StudyRow;
use crate::rows::{TrialRow, any_trial};

/// A file that belongs to a trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// What it is, such as `model` or `predictions`.
    pub kind: String,
    /// Where it lies, relative to the folder of the study file.
    pub path: String,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
}

/// Something that happened to the study, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyEvent {
    /// When, in seconds since 1970 (UTC).
    pub time_secs: f64,
    /// What kind, such as `resumed`, `warning` or `stopped`.
    pub kind: String,
    /// One sentence.
    pub message: String,
}

impl StudyFile {
    /// (fold, epoch) of every epoch of a trial, in order of fold and epoch.
    ///
    /// # Errors
    /// [`StoreError`] if there is no such trial or it cannot be read.
    pub fn epochs(&self, number: u32) -> Result<Vec<(u32, Epoch)>, StoreError> {
        self.read(&format!("read the epochs of trial {number}"), |connection| {
            let trial = known_trial(connection, &self.study, number)?;
            let sql = "SELECT fold, epoch, train_loss, valid_loss, learning_rate FROM automl_epochs
                WHERE trial_id = ?1 ORDER BY fold, epoch";
            let mut statement = connection.prepare_cached(sql)?;
            let epochs = statement.query_map([trial.id], |row| Ok((row.get(0)?, epoch(row)?)))?;
            Ok(epochs.collect::<Result<_, _>>()?)
        })
    }

    /// Notes a file that belongs to a trial; the same kind and path again replaces its hash.
    ///
    /// # Errors
    /// [`StoreError`] if there is no such trial or it could not be written.
    pub fn record_artifact(&mut self, number: u32, artifact: &Artifact) -> Result<(), StoreError> {
        self.write(
            || format!("note `{}` of trial {number}", artifact.path),
            |transaction, study| {
                let trial = known_trial(transaction, study, number)?;
                let sql =
                    "INSERT INTO automl_artifacts (trial_id, kind, path, sha256) VALUES (?1, ?2, ?3, ?4)
                    ON CONFLICT (trial_id, kind, path) DO UPDATE SET sha256 = excluded.sha256";
                let Artifact { kind, path, sha256 } = artifact;
                transaction.prepare_cached(sql)?.execute((trial.id, kind, path, sha256))?;
                Ok(())
            },
        )
    }

    /// The files that belong to a trial, in the order in which they were noted.
    ///
    /// # Errors
    /// [`StoreError`] if there is no such trial or they cannot be read.
    pub fn artifacts(&self, number: u32) -> Result<Vec<Artifact>, StoreError> {
        self.read(&format!("read the files of trial {number}"), |connection| {
            let trial = known_trial(connection, &self.study, number)?;
            let sql =
                "SELECT kind, path, sha256 FROM automl_artifacts WHERE trial_id = ?1 ORDER BY artifact_id";
            let mut statement = connection.prepare_cached(sql)?;
            let artifacts = statement.query_map([trial.id], |row| {
                Ok(Artifact { kind: row.get(0)?, path: row.get(1)?, sha256: row.get(2)? })
            })?;
            Ok(artifacts.collect::<Result<_, _>>()?)
        })
    }

    /// Notes that something happened now.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be written.
    pub fn record_event(&mut self, kind: &str, message: &str) -> Result<(), StoreError> {
        self.write(
            || format!("note the event `{kind}`"),
            |transaction, _| {
                let sql = "INSERT INTO automl_events (time, kind, message) VALUES (?1, ?2, ?3)";
                transaction.prepare_cached(sql)?.execute((datetime::now(), kind, message))?;
                Ok(())
            },
        )
    }

    /// What happened, in order.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn events(&self) -> Result<Vec<StudyEvent>, StoreError> {
        self.read("read the events", |connection| {
            let sql = "SELECT time, kind, message FROM automl_events ORDER BY event_id";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            let mut events = Vec::new();
            while let Some(row) = rows.next()? {
                let time: String = row.get(0)?;
                let time_secs = datetime::parse_secs(&time);
                let time_secs =
                    time_secs.ok_or_else(|| Fault::Content(format!("an event happened at `{time}`")))?;
                events.push(StudyEvent { time_secs, kind: row.get(1)?, message: row.get(2)? });
            }
            Ok(events)
        })
    }
}

fn epoch(row: &Row<'_>) -> Result<Epoch, rusqlite::Error> {
    Ok(Epoch {
        index: row.get(1)?,
        train_loss: float(row, 2)?,
        valid_loss: float(row, 3)?,
        learning_rate: float(row, 4)?,
    })
}

fn known_trial(connection: &Connection, study: &StudyRow, number: u32) -> Result<TrialRow, Fault> {
    let found = any_trial(connection, study, number)?;
    found.map(|(trial, _)| trial).ok_or_else(|| Fault::Content(format!("there is no trial {number}")))
}
