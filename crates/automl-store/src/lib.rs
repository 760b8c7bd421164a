//! Studies in `SQLite` files that Optuna reads and writes too.
//!
//! A [`StudyFile`] holds one study in the schema of Optuna's RDB storage (alembic head v3.2.0.a), so
//! that `optuna.load_study` and Optuna's dashboard open it as it is. What Optuna has no place for
//! (scores of folds, epochs, artifacts, events) stands in tables whose names begin with `automl_`.
//!
//! | automl | Optuna |
//! |---|---|
//! | cost | value in the metric's own direction |
//! | complete, pruned, running, waiting | the same |
//! | failed | `FAIL`, with the user attribute `reason` |
//! | lost | `FAIL` with the system attribute `automl:lost`; its configuration waits as a new trial, with `failed_trial`, `retry_history` and `fixed_params` |
//! | costs of further objectives | values of objectives 1, 2 … in their own directions |
//! | worker | system attribute `automl:worker` |
//! | heartbeat | row of `trial_heartbeats` |
//! | slot | system attribute `automl:slot`; a trial that Optuna added has its number for a slot |
//! | constant | categorical of one choice |
//! | ordered choices | categorical; that they are ordered only the search space knows |
//! | started, ended | date and time in UTC, as Optuna 5 reads it; Optuna 4 shows it as local time |
//!
//! [`StudyFile::adopt`] goes on with a study that Optuna made.
//!
//! # Durability
//! Write-ahead log, `synchronous=FULL`, one immediate transaction a call: what a call returned from
//! survives a crash of the process and of the machine, provided the disk keeps what it promises.
//! `SQLite`'s write-ahead log needs a local disk; do not share a running study over NFS.

mod adopt;
mod cells;
mod connection;
mod datetime;
mod distribution;
mod fault;
mod file;
mod header;
mod journal;
mod lost;
mod outcome;
mod read;
mod rows;
mod schema;
mod value;
mod write;

pub use datetime::{now, now_secs};
pub use file::StudyFile;
pub use header::{ObjectiveHeader, StudyHeader};
pub use journal::{Artifact, StudyEvent};
