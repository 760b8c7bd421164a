//! Trials as records: a few queries over all of them, joined in memory.

use std::collections::{BTreeMap, HashMap};

use automl_core::{Direction, FoldScore, Information, Metric, ParamValue, Params, TrialRecord, TrialState};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::cells::{float, json, moment, text, trial_content};
use crate::distribution::Distribution;
use crate::fault::Fault;
use crate::header::StudyRow;
use crate::value;

/// Trial system attribute: position in the search.
pub(crate) const SLOT: &str = "automl:slot";
/// Trial system attribute: present on a trial that Optuna calls failed and automl calls lost.
pub(crate) const LOST: &str = "automl:lost";
/// Trial system attribute: name of the worker that runs or ran it.
pub(crate) const WORKER: &str = "automl:worker";
/// Trial system attribute of Optuna: values of an enqueued trial.
pub(crate) const FIXED_PARAMS: &str = "fixed_params";
/// Trial user attribute: why a trial did not complete.
pub(crate) const REASON: &str = "reason";
/// Trial user attribute: wall-clock seconds.
pub(crate) const SECONDS: &str = "seconds";
/// Keys of the information criteria.
pub(crate) const AIC: &str = "aic";
/// See [`AIC`].
pub(crate) const BIC: &str = "bic";

/// Which trials are read, by their row ids.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl Range {
    pub(crate) const ALL: Range = Range { first: i64::MIN, last: i64::MAX };

    pub(crate) fn one(trial_id: i64) -> Self {
        Range { first: trial_id, last: trial_id }
    }
}

/// The trials of a range in order of number.
pub(crate) fn trials(
    connection: &Connection,
    study: &StudyRow,
    range: Range,
) -> Result<Vec<TrialRecord>, Fault> {
    let mut loader = Loader::new(connection, study, range)?;
    loader.read_system_attributes()?;
    loader.read_user_attributes()?;
    loader.read_params()?;
    loader.read_values()?;
    loader.read_steps()?;
    loader.read_folds()?;
    loader.read_scores()?;
    let mut records = loader.records;
    records.sort_by_key(|record| record.number);
    Ok(records)
}

/// The trials of these numbers and all from `from` on, in order of number. Row ids of one study follow each other
/// unless the file has others: runs of them are read at once.
pub(crate) fn news(
    connection: &Connection,
    study: &StudyRow,
    open: &[u32],
    from: u32,
) -> Result<Vec<TrialRecord>, Fault> {
    let mut ids: BTreeMap<u32, i64> = BTreeMap::new();
    let mut statement = connection.prepare_cached(ID)?;
    for &number in open {
        if let Some(id) = statement.query_row((study.id, number), |row| row.get(0)).optional()? {
            ids.insert(number, id);
        }
    }
    let mut statement = connection.prepare_cached(LATER_IDS)?;
    let later = statement.query_map((study.id, from), |row| Ok((row.get(0)?, row.get(1)?)))?;
    for pair in later {
        let (number, id) = pair?;
        ids.insert(number, id);
    }
    let mut runs: Vec<Range> = Vec::new();
    for &id in ids.values() {
        match runs.last_mut() {
            Some(run) if run.last + 1 == id => run.last = id,
            _ => runs.push(Range::one(id)),
        }
    }
    let mut records = Vec::with_capacity(ids.len());
    for run in runs {
        records.append(&mut trials(connection, study, run)?);
    }
    Ok(records)
}

struct Loader<'a> {
    connection: &'a Connection,
    range: Range,
    study: &'a StudyRow,
    records: Vec<TrialRecord>,
    /// Position in `records` by row id.
    positions: HashMap<i64, usize>,
}

const TRIALS: &str = "SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials
    WHERE study_id = ?1 AND trial_id BETWEEN ?2 AND ?3 ORDER BY trial_id";
pub(crate) const ID: &str = "SELECT trial_id FROM trials WHERE study_id = ?1 AND number = ?2";
pub(crate) const LATER_IDS: &str = "SELECT number, trial_id FROM trials WHERE study_id = ?1 AND number >= ?2";
const SYSTEM_ATTRIBUTES: &str = "SELECT trial_id, key, value_json FROM trial_system_attributes
    WHERE trial_id BETWEEN ?1 AND ?2
        AND key IN ('automl:slot', 'automl:lost', 'automl:worker', 'fixed_params')";
const USER_ATTRIBUTES: &str = "SELECT trial_id, key, value_json FROM trial_user_attributes
    WHERE trial_id BETWEEN ?1 AND ?2 AND key IN ('reason', 'seconds', 'aic', 'bic')";
const PARAMS: &str = "SELECT trial_id, param_name, param_value, distribution_json FROM trial_params
    WHERE trial_id BETWEEN ?1 AND ?2";
const VALUES: &str = "SELECT trial_id, objective, value, value_type FROM trial_values
    WHERE trial_id BETWEEN ?1 AND ?2 ORDER BY trial_id, objective";
const STEPS: &str = "SELECT trial_id, step, intermediate_value, intermediate_value_type
    FROM trial_intermediate_values WHERE trial_id BETWEEN ?1 AND ?2 ORDER BY trial_id, step";
const FOLDS: &str = "SELECT trial_id, fold, cost, best_epoch, n_epochs, seconds FROM automl_folds
    WHERE trial_id BETWEEN ?1 AND ?2 ORDER BY trial_id, fold";
const SCORES: &str = "SELECT trial_id, fold, metric, value FROM automl_fold_scores
    WHERE trial_id BETWEEN ?1 AND ?2 ORDER BY trial_id, fold, position";

/// All queries about a range of trials.
#[cfg(test)]
pub(crate) const OF_RANGE: [&str; 8] =
    [TRIALS, SYSTEM_ATTRIBUTES, USER_ATTRIBUTES, PARAMS, VALUES, STEPS, FOLDS, SCORES];

impl<'a> Loader<'a> {
    /// Reads the rows of `trials` themselves.
    fn new(connection: &'a Connection, study: &'a StudyRow, range: Range) -> Result<Self, Fault> {
        let mut records = Vec::new();
        let mut positions = HashMap::new();
        let mut statement = connection.prepare_cached(TRIALS)?;
        let mut rows = statement.query((study.id, range.first, range.last))?;
        while let Some(row) = rows.next()? {
            positions.insert(row.get(0)?, records.len());
            records.push(bare_record(row)?);
        }
        Ok(Self { connection, range, study, records, positions })
    }

    /// Calls `work` with each row of `sql` and the record it belongs to.
    fn each_row(
        &mut self,
        sql: &str,
        mut work: impl FnMut(&mut TrialRecord, &Row<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query((self.range.first, self.range.last))?;
        while let Some(row) = rows.next()? {
            if let Some(&position) = self.positions.get(&row.get(0)?) {
                work(&mut self.records[position], row)?;
            }
        }
        Ok(())
    }

    fn read_system_attributes(&mut self) -> Result<(), Fault> {
        self.each_row(SYSTEM_ATTRIBUTES, |record, row| {
            let text = text(row, 2)?;
            match self::text(row, 1)? {
                WORKER => record.worker = serde_json::from_str(text).ok(),
                SLOT => record.slot = json(record.number, SLOT, text)?,
                FIXED_PARAMS if record.params.is_empty() => {
                    record.params = json(record.number, FIXED_PARAMS, text)?;
                }
                LOST if record.state == TrialState::Failed => record.state = TrialState::Lost,
                _ => {}
            }
            Ok(())
        })
    }

    fn read_user_attributes(&mut self) -> Result<(), Fault> {
        self.each_row(USER_ATTRIBUTES, |record, row| {
            let text = text(row, 2)?;
            // Optuna's users may give these names another meaning, which is no reason to refuse the file.
            let name = self::text(row, 1)?;
            match name {
                REASON => record.reason = serde_json::from_str(text).ok(),
                SECONDS => record.seconds = serde_json::from_str(text).unwrap_or(record.seconds),
                AIC | BIC => {
                    let Ok(value) = serde_json::from_str(text) else { return Ok(()) };
                    let known = record.information.get_or_insert(Information { aic: value, bic: value });
                    if name == AIC { known.aic = value } else { known.bic = value }
                }
                _ => {}
            }
            Ok(())
        })
    }

    fn read_params(&mut self) -> Result<(), Fault> {
        // The same few distributions stand in all trials.
        let mut known: HashMap<String, Distribution> = HashMap::new();
        self.each_row(PARAMS, |record, row| {
            let name = text(row, 1)?;
            let told = |reason| trial_content(record.number, &format!("parameter `{name}`: {reason}"));
            let json = text(row, 3)?;
            if !known.contains_key(json) {
                known.insert(json.to_owned(), Distribution::parse(json).map_err(told)?);
            }
            let value: ParamValue = known[json].value(row.get(2)?).map_err(told)?;
            record.params.insert(name, value);
            Ok(())
        })
    }

    fn read_values(&mut self) -> Result<(), Fault> {
        let study = self.study;
        self.each_row(VALUES, |record, row| {
            // Optuna gives a pruned trial its last intermediate value.
            if record.state != TrialState::Complete {
                return Ok(());
            }
            let objective: u32 = row.get(1)?;
            let told =
                |reason: String| trial_content(record.number, &format!("objective {objective}: {reason}"));
            let value = value::decode(row.get(2)?, text(row, 3)?).map_err(told)?;
            let direction = study.directions.get(objective as usize).copied();
            let unknown = || told(format!("the study has {}", study.directions.len()));
            let cost = cost(direction.ok_or_else(unknown)?, value);
            match objective {
                0 => record.cost = Some(cost),
                _ => record.other_costs.push(cost),
            }
            Ok(())
        })
    }

    fn read_steps(&mut self) -> Result<(), Fault> {
        let direction = self.study.direction();
        self.each_row(STEPS, |record, row| {
            let value = value::decode(row.get(2)?, text(row, 3)?);
            let value = value.map_err(|reason| trial_content(record.number, &reason))?;
            record.steps.push((row.get(1)?, cost(direction, value)));
            Ok(())
        })
    }

    fn read_folds(&mut self) -> Result<(), Fault> {
        self.each_row(FOLDS, |record, row| {
            record.folds.push(FoldScore {
                fold: row.get(1)?,
                cost: float(row, 2)?,
                scores: Vec::new(),
                best_epoch: row.get(3)?,
                n_epochs: row.get(4)?,
                seconds: float(row, 5)?,
            });
            Ok(())
        })
    }

    fn read_scores(&mut self) -> Result<(), Fault> {
        let metrics: HashMap<String, Metric> =
            Metric::all().into_iter().map(|metric| (metric.name(), metric)).collect();
        self.each_row(SCORES, |record, row| {
            let name = text(row, 2)?;
            let metric = metrics.get(name);
            let metric = metric.ok_or_else(|| trial_content(record.number, &format!("metric `{name}`")))?;
            let of: u32 = row.get(1)?;
            if let Some(fold) = record.folds.iter_mut().find(|fold| fold.fold == of) {
                fold.scores.push((*metric, float(row, 3)?));
            }
            Ok(())
        })
    }
}

/// The value of a cost, as Optuna sees it.
///
/// `SQLite` keeps no sign of zero, and costs are compared with `total_cmp`: zero is positive throughout.
pub(crate) fn value(direction: Direction, cost: f64) -> f64 {
    direction.value(cost) + 0.0
}

fn cost(direction: Direction, value: f64) -> f64 {
    direction.cost(value) + 0.0
}

/// A record with what its row of `trials` tells. A trial that Optuna added has its number for a slot.
fn bare_record(row: &Row<'_>) -> Result<TrialRecord, Fault> {
    let number: u32 = row.get(1)?;
    let state = match text(row, 2)? {
        "WAITING" => TrialState::Waiting,
        "RUNNING" => TrialState::Running,
        "COMPLETE" => TrialState::Complete,
        "PRUNED" => TrialState::Pruned,
        "FAIL" => TrialState::Failed,
        other => return Err(trial_content(number, &format!("state {other}"))),
    };
    let started = moment(row, 3, number)?;
    let ended = moment(row, 4, number)?;
    Ok(TrialRecord {
        started_secs: started.unwrap_or(0.0),
        seconds: started.zip(ended).map_or(0.0, |(started, ended)| ended - started),
        ..TrialRecord::new(number, state, Params::new())
    })
}
