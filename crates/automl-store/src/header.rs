//! What a study is about: written when its file is created. Configuration and search space may change with a later run.

use std::collections::HashMap;
use std::str::FromStr;

use automl_core::{Direction, Metric, Seed, Task};
use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::fault::Fault;

/// What a study is about. The store reads name and direction; the rest it keeps for whoever resumes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyHeader {
    /// Name of the study, at most 512 characters; Optuna's `study_name`.
    pub name: String,
    /// What is optimised.
    pub metric: Metric,
    /// Whether Optuna's values are to be minimised or maximised; usually that of `metric`.
    pub direction: Direction,
    /// The kind of problem.
    pub task: Task,
    /// Seed of the study.
    pub seed: Seed,
    /// Hash of the table, so that a study is not resumed on other data.
    pub data_hash: String,
    /// The resolved configuration as TOML.
    pub config: String,
    /// The fold plan as JSON.
    pub fold_plan: String,
    /// The data profile as JSON.
    pub data_profile: String,
    /// The configurations tried first, as JSON.
    pub initial: String,
    /// The automl that began the study.
    pub automl_version: String,
}

/// The study's row in Optuna's tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StudyRow {
    pub(crate) id: i64,
    pub(crate) direction: Direction,
}

/// Writes the header into an empty study file.
pub(crate) fn insert(transaction: &Transaction<'_>, header: &StudyHeader) -> Result<(), Fault> {
    let length = header.name.chars().count();
    if !(1..=512).contains(&length) {
        return Err(Fault::Content(format!("a study's name has 1 to 512 characters, this one has {length}")));
    }
    transaction.execute("INSERT INTO studies (study_name) VALUES (?1)", [&header.name])?;
    let id = transaction.last_insert_rowid();
    let direction = match header.direction {
        Direction::Minimize => "MINIMIZE",
        Direction::Maximize => "MAXIMIZE",
    };
    transaction.execute(
        "INSERT INTO study_directions (direction, study_id, objective) VALUES (?1, ?2, 0)",
        (direction, id),
    )?;
    transaction.execute(
        "INSERT INTO study_system_attributes (study_id, key, value_json) VALUES (?1, 'study:metric_names', ?2)",
        (id, json!([header.metric]).to_string()),
    )?;
    insert_texts(transaction, id, header)
}

/// All texts go into automl's own table; short ones are copied to where Optuna's tools show them.
fn insert_texts(transaction: &Transaction<'_>, id: i64, header: &StudyHeader) -> Result<(), Fault> {
    let short = [
        ("metric", header.metric.name()),
        ("task", header.task.name().to_owned()),
        ("seed", header.seed.value().to_string()),
        ("data_hash", header.data_hash.clone()),
        ("automl_version", header.automl_version.clone()),
    ];
    let long = [
        ("config", &header.config),
        ("fold_plan", &header.fold_plan),
        ("data_profile", &header.data_profile),
        ("initial", &header.initial),
    ];
    let mut own = transaction.prepare("INSERT INTO automl_study (key, value) VALUES (?1, ?2)")?;
    for (key, text) in &short {
        own.execute((key, text))?;
        transaction.execute(
            "INSERT INTO study_user_attributes (study_id, key, value_json) VALUES (?1, ?2, ?3)",
            (id, key, json!(text).to_string()),
        )?;
    }
    for (key, text) in long {
        own.execute((key, text))?;
    }
    Ok(())
}

/// Replaces the texts of which the latest run decides.
pub(crate) fn update(transaction: &Transaction<'_>, config: &str, initial: &str) -> Result<(), Fault> {
    let mut statement = transaction.prepare("UPDATE automl_study SET value = ?2 WHERE key = ?1")?;
    statement.execute(("config", config))?;
    statement.execute(("initial", initial))?;
    Ok(())
}

/// Finds the one study of the file.
pub(crate) fn find(connection: &Connection) -> Result<StudyRow, Fault> {
    let n_studies: i64 = connection.query_row("SELECT count(*) FROM studies", [], |row| row.get(0))?;
    if n_studies != 1 {
        return Err(Fault::NotAStudy(format!("holds {n_studies} studies where one was expected")));
    }
    let id = connection.query_row("SELECT study_id FROM studies", [], |row| row.get(0))?;
    let mut statement = connection
        .prepare("SELECT direction FROM study_directions WHERE study_id = ?1 ORDER BY objective")?;
    let directions: Result<Vec<String>, _> = statement.query_map([id], |row| row.get(0))?.collect();
    match directions?.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["MINIMIZE"] => Ok(StudyRow { id, direction: Direction::Minimize }),
        ["MAXIMIZE"] => Ok(StudyRow { id, direction: Direction::Maximize }),
        other => Err(Fault::NotAStudy(format!("optimises {other:?} where one direction was expected"))),
    }
}

/// Reads the header back.
pub(crate) fn read(connection: &Connection, study: StudyRow) -> Result<StudyHeader, Fault> {
    let name = "SELECT study_name FROM studies WHERE study_id = ?1";
    let name = connection.query_row(name, [study.id], |row| row.get(0))?;
    let mut statement = connection.prepare("SELECT key, value FROM automl_study")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut texts = Texts(rows.collect::<Result<_, _>>()?);
    Ok(StudyHeader {
        name,
        metric: texts.parse("metric")?,
        direction: study.direction,
        task: task(&texts.take("task")?)?,
        seed: Seed(texts.parse("seed")?),
        data_hash: texts.take("data_hash")?,
        config: texts.take("config")?,
        fold_plan: texts.take("fold_plan")?,
        data_profile: texts.take("data_profile")?,
        initial: texts.take("initial")?,
        automl_version: texts.take("automl_version")?,
    })
}

struct Texts(HashMap<String, String>);

impl Texts {
    fn take(&mut self, key: &str) -> Result<String, Fault> {
        self.0
            .remove(key)
            .ok_or_else(|| Fault::NotAStudy(format!("lacks `{key}` in its table `automl_study`")))
    }

    fn parse<T: FromStr<Err: std::fmt::Display>>(&mut self, key: &str) -> Result<T, Fault> {
        let text = self.take(key)?;
        text.parse().map_err(|error| Fault::NotAStudy(format!("has the {key} `{text}`: {error}")))
    }
}

fn task(name: &str) -> Result<Task, Fault> {
    let found = Task::ALL.into_iter().find(|task| task.name() == name);
    found.ok_or_else(|| Fault::NotAStudy(format!("has the unknown task `{name}`")))
}
