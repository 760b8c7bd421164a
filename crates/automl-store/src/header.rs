//! What a study is about: written when its file is created. Configuration and search space may change with a later run.

use std::collections::HashMap;
use std::str::FromStr;

use automl_core::{Direction, Metric, Seed, Task};
use rusqlite::{Connection, OptionalExtension, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::fault::Fault;

/// Of Optuna's column.
const MAX_NAME: usize = 512;
/// Key in `automl_study`: row of the study in Optuna's tables.
const STUDY_ID: &str = "study_id";
/// Key in `automl_study`: names of the objectives as JSON.
const OBJECTIVES: &str = "objectives";

/// One of the things that a study optimises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectiveHeader {
    /// What people call it; one of Optuna's `metric_names`.
    pub name: String,
    /// Whether Optuna's values are to be minimised or maximised.
    pub direction: Direction,
}

impl From<Metric> for ObjectiveHeader {
    fn from(metric: Metric) -> Self {
        Self { name: metric.name(), direction: metric.direction() }
    }
}

/// What a study is about. The store reads name and objectives; the rest it keeps for whoever resumes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyHeader {
    /// Name of the study, at most 512 characters; Optuna's `study_name`.
    pub name: String,
    /// What is optimised.
    pub metric: Metric,
    /// What a trial is told to be worth, at least one; the first is usually `metric`.
    pub objectives: Vec<ObjectiveHeader>,
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
#[derive(Debug, Clone)]
pub(crate) struct StudyRow {
    pub(crate) id: i64,
    /// One per objective, never empty.
    pub(crate) directions: Vec<Direction>,
}

impl StudyRow {
    /// Direction of the first objective.
    pub(crate) fn direction(&self) -> Direction {
        self.directions[0]
    }
}

/// Refuses a header of which no study can be made.
pub(crate) fn check(header: &StudyHeader) -> Result<(), Fault> {
    let length = header.name.chars().count();
    if !(1..=MAX_NAME).contains(&length) {
        return Err(Fault::Content(format!(
            "a study's name has 1 to {MAX_NAME} characters, this one has {length}"
        )));
    }
    if header.objectives.is_empty() {
        return Err(Fault::Content("a study has at least one objective".to_owned()));
    }
    Ok(())
}

/// Writes the header into an empty study file.
pub(crate) fn insert(transaction: &Transaction<'_>, header: &StudyHeader) -> Result<(), Fault> {
    transaction.execute("INSERT INTO studies (study_name) VALUES (?1)", [&header.name])?;
    let id = transaction.last_insert_rowid();
    for (place, objective) in header.objectives.iter().enumerate() {
        transaction.execute(
            "INSERT INTO study_directions (direction, study_id, objective) VALUES (?1, ?2, ?3)",
            (optuna_name(objective.direction), id, place as i64),
        )?;
    }
    insert_own(transaction, id, header)
}

/// Writes what Optuna has no place for, and for Optuna's tools what they show, but for what is there already.
pub(crate) fn insert_own(transaction: &Transaction<'_>, id: i64, header: &StudyHeader) -> Result<(), Fault> {
    let names = json!(header.objectives.iter().map(|objective| &objective.name).collect::<Vec<_>>());
    transaction.execute(
        "INSERT OR IGNORE INTO study_system_attributes (study_id, key, value_json)
         VALUES (?1, 'study:metric_names', ?2)",
        (id, names.to_string()),
    )?;
    // Long texts and what only automl needs stand in automl's own table alone.
    let own = [
        (STUDY_ID, id.to_string()),
        (OBJECTIVES, names.to_string()),
        ("config", header.config.clone()),
        ("fold_plan", header.fold_plan.clone()),
        ("data_profile", header.data_profile.clone()),
        ("initial", header.initial.clone()),
    ];
    let shown = [
        ("metric", header.metric.name()),
        ("task", header.task.name().to_owned()),
        ("seed", header.seed.value().to_string()),
        ("data_hash", header.data_hash.clone()),
        ("automl_version", header.automl_version.clone()),
    ];
    let mut statement = transaction.prepare("INSERT INTO automl_study (key, value) VALUES (?1, ?2)")?;
    for (key, text) in own.iter().chain(&shown) {
        statement.execute((key, text))?;
    }
    let sql = "INSERT OR IGNORE INTO study_user_attributes (study_id, key, value_json) VALUES (?1, ?2, ?3)";
    let mut statement = transaction.prepare(sql)?;
    for (key, text) in &shown {
        statement.execute((id, key, json!(text).to_string()))?;
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

/// Finds automl's study in the file.
pub(crate) fn find(connection: &Connection) -> Result<StudyRow, Fault> {
    let own = own_text(connection, STUDY_ID)?.and_then(|id| id.parse().ok());
    let id = own.map_or_else(|| only_study(connection), Ok)?;
    let is_there = "SELECT count(*) > 0 FROM studies WHERE study_id = ?1";
    if !connection.query_row(is_there, [id], |row| row.get(0))? {
        return Err(Fault::NotAStudy("no longer holds the study that automl began in it".to_owned()));
    }
    let directions = directions(connection, id)?;
    let n_objectives = names(connection)?.map_or(1, |names| names.len());
    if n_objectives != directions.len() || directions.is_empty() {
        let reason = format!("optimises in {} directions for {n_objectives} objectives", directions.len());
        return Err(Fault::NotAStudy(reason));
    }
    Ok(StudyRow { id, directions })
}

/// The study of a file of version 1, which does not say which one it is.
fn only_study(connection: &Connection) -> Result<i64, Fault> {
    let n_studies: i64 = connection.query_row("SELECT count(*) FROM studies", [], |row| row.get(0))?;
    if n_studies != 1 {
        return Err(Fault::NotAStudy(format!("holds {n_studies} studies where one was expected")));
    }
    Ok(connection.query_row("SELECT study_id FROM studies", [], |row| row.get(0))?)
}

/// The directions of a study in Optuna's tables, in order of objective.
pub(crate) fn directions(connection: &Connection, study_id: i64) -> Result<Vec<Direction>, Fault> {
    let sql = "SELECT direction FROM study_directions WHERE study_id = ?1 ORDER BY objective";
    let mut statement = connection.prepare(sql)?;
    let names: Result<Vec<String>, _> = statement.query_map([study_id], |row| row.get(0))?.collect();
    let parse = |name: &String| match name.as_str() {
        "MINIMIZE" => Ok(Direction::Minimize),
        "MAXIMIZE" => Ok(Direction::Maximize),
        other => Err(Fault::NotAStudy(format!("optimises in the unknown direction `{other}`"))),
    };
    names?.iter().map(parse).collect()
}

/// Names of the objectives; version 1 had but one and kept none.
fn names(connection: &Connection) -> Result<Option<Vec<String>>, Fault> {
    let parse = |text: String| {
        let told = |error| Fault::NotAStudy(format!("has the objectives `{text}`: {error}"));
        serde_json::from_str(&text).map_err(told)
    };
    own_text(connection, OBJECTIVES)?.map(parse).transpose()
}

fn own_text(connection: &Connection, key: &str) -> Result<Option<String>, Fault> {
    let sql = "SELECT value FROM automl_study WHERE key = ?1";
    Ok(connection.query_row(sql, [key], |row| row.get(0)).optional()?)
}

/// The name that Optuna's tables use.
pub(crate) fn optuna_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Minimize => "MINIMIZE",
        Direction::Maximize => "MAXIMIZE",
    }
}

/// Reads the header back.
pub(crate) fn read(connection: &Connection, study: &StudyRow) -> Result<StudyHeader, Fault> {
    let name = "SELECT study_name FROM studies WHERE study_id = ?1";
    let name = connection.query_row(name, [study.id], |row| row.get(0))?;
    let mut statement = connection.prepare("SELECT key, value FROM automl_study")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut texts = Texts(rows.collect::<Result<_, _>>()?);
    let metric: Metric = texts.parse("metric")?;
    let names = names(connection)?.unwrap_or_else(|| vec![metric.name()]);
    let pairs = names.into_iter().zip(study.directions.iter().copied());
    Ok(StudyHeader {
        name,
        metric,
        objectives: pairs.map(|(name, direction)| ObjectiveHeader { name, direction }).collect(),
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
