//! A frame to a table for a fitted model: checked against the schema of training.

use std::collections::BTreeMap;

use automl_core::{ColumnKind, ColumnProfile, DataProfile, Target, Task, counted};
use polars::prelude::DataFrame;

use crate::column::Column;
use crate::error::{ColumnProblem, DataError};
use crate::hash::content_hash;
use crate::infer::{self, Counts, Decision, target};
use crate::materialise::{Reading, materialise};
use crate::schema::{FeatureColumn, FeatureSchema};
use crate::table::Table;
use crate::training::{drop_without_target, series, weights};
use crate::values::Values;

impl Table {
    /// A table to predict. Columns may come in any order; those that the model does not use are ignored.
    ///
    /// Every row is kept. The target is taken along where the column is there, complete and as in training, so that
    /// predictions can be scored; else it is left out with a warning.
    ///
    /// # Errors
    /// [`DataError::ColumnsDiffer`] with every missing or mistyped column.
    pub fn for_prediction(frame: DataFrame, schema: &FeatureSchema) -> Result<Table, DataError> {
        let hash = content_hash(&frame);
        let mut warnings = Vec::new();
        let columns = read_columns(&frame, schema, &mut warnings)?;
        let target = target_of(&frame, schema, &mut warnings).unwrap_or_else(|error| {
            warnings.push(format!("{error}; the target was not used"));
            None
        });
        Ok(assemble(frame, schema, columns, target, None, 0, hash, warnings))
    }

    /// A table to score a model on: as [`Table::for_prediction`], but the target must be there, and rows
    /// without it are dropped with a warning. If rows had weights in training, they need them here too.
    ///
    /// # Errors
    /// Those of [`Table::for_prediction`]; [`DataError::UnknownLabel`] or [`DataError::TargetNotNumeric`] for a target that does
    /// not fit; [`DataError::UnknownColumn`] or [`DataError::TargetMissing`] without a target; [`DataError::UnknownColumn`] or [`DataError::BadSplitColumn`] for weights.
    pub fn for_evaluation(frame: DataFrame, schema: &FeatureSchema) -> Result<Table, DataError> {
        let hash = content_hash(&frame);
        let mut warnings = Vec::new();
        let (frame, n_dropped) = drop_without_target(frame, &schema.target, &mut warnings)?;
        let columns = read_columns(&frame, schema, &mut warnings)?;
        let target = target_of(&frame, schema, &mut warnings)?;
        let weights = schema.weight.as_deref().map(|name| weights(&frame, name)).transpose()?;
        Ok(assemble(frame, schema, columns, target, weights, n_dropped, hash, warnings))
    }
}

type Columns = Vec<(ColumnProfile, Column)>;

fn read_columns(
    frame: &DataFrame,
    schema: &FeatureSchema,
    warnings: &mut Vec<String>,
) -> Result<Columns, DataError> {
    let mut problems = Vec::new();
    let mut columns = Vec::with_capacity(schema.columns.len());
    for feature in &schema.columns {
        match read_column(frame, feature, warnings) {
            Ok(column) => columns.push(column),
            Err(found) => {
                problems.push(ColumnProblem { name: feature.name.clone(), expected: feature.kind, found });
            }
        }
    }
    if problems.is_empty() { Ok(columns) } else { Err(DataError::ColumnsDiffer { problems }) }
}

/// The column as it was in training; the error tells what was found instead, `None` if nothing.
fn read_column(
    frame: &DataFrame,
    feature: &FeatureColumn,
    warnings: &mut Vec<String>,
) -> Result<(ColumnProfile, Column), Option<String>> {
    let FeatureColumn { name, kind, levels, tolerant } = feature;
    let mut values = Values::of(series(frame, "a feature", name).map_err(|_| None)?);
    let n_infinite = values.drop_infinities();
    if n_infinite > 0 {
        warnings.push(format!("column `{name}`: {} taken as missing", counted(n_infinite, "infinite value")));
    }
    // A column of counts that were 0 and 1 in all training rows is not done counting.
    let n_rounded = if *kind == ColumnKind::Boolean { values.round_to_flags() } else { 0 };
    if n_rounded > 0 {
        let numbers = counted(n_rounded, "number");
        warnings.push(format!(
            "column `{name}` had but two values in training: {numbers} taken for the nearer of 0 and 1"
        ));
    }
    if let Values::Unsupported { .. } = values {
        return Err(Some(values.describe()));
    }
    let read = materialise(&values, Reading { kind: *kind, tolerant: *tolerant, levels }).map_err(Some)?;
    if read.n_unparsed > 0 {
        warnings.push(format!(
            "column `{name}`: {} that do not parse taken as missing",
            counted(read.n_unparsed, "value")
        ));
    }
    let decision = Decision { kind: *kind, reason: "as in training".to_owned(), tolerant: *tolerant };
    let mut profile = infer::profile(name, &values, &Counts::of(&values), decision);
    profile.n_missing = read.column.n_missing();
    Ok((profile, read.column))
}

fn target_of(
    frame: &DataFrame,
    schema: &FeatureSchema,
    warnings: &mut Vec<String>,
) -> Result<Option<Target>, DataError> {
    let Ok(series) = series(frame, "the target", &schema.target) else { return Ok(None) };
    let values = Values::of(series);
    let n_missing = (0..frame.height()).filter(|row| values.is_missing(*row)).count();
    if n_missing > 0 {
        let (target, n_rows) = (&schema.target, frame.height());
        warnings
            .push(format!("target `{target}` is missing in {n_missing} of {n_rows} rows and was not used"));
        return Ok(None);
    }
    match schema.task {
        Task::Regression => Ok(Some(Target::Real(target::real(&schema.target, &values)?))),
        Task::Binary | Task::Multiclass => {
            let codes = target::codes(&schema.target, &values, &schema.labels)?;
            Ok(Some(Target::Classes { codes, n_classes: schema.labels.len() }))
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of a table")]
fn assemble(
    frame: DataFrame,
    schema: &FeatureSchema,
    columns: Columns,
    target: Option<Target>,
    weights: Option<Vec<f32>>,
    n_dropped: usize,
    content_hash: String,
    warnings: Vec<String>,
) -> Table {
    let mut class_counts = vec![0; schema.labels.len()];
    if let Some(Target::Classes { codes, .. }) = &target {
        for &code in codes {
            class_counts[code as usize] += 1;
        }
    }
    let (profiles, columns): (Vec<_>, BTreeMap<_, _>) =
        columns.into_iter().map(|(profile, column)| (profile.clone(), (profile.name, column))).unzip();
    let profile = DataProfile {
        n_rows: frame.height(),
        n_dropped,
        task: schema.task,
        task_reason: "as in training".to_owned(),
        target: schema.target.clone(),
        labels: schema.labels.clone(),
        class_counts,
        columns: profiles,
    };
    let schema = schema.clone();
    Table {
        frame,
        profile,
        schema,
        columns,
        target,
        groups: None,
        times: None,
        weights,
        content_hash,
        warnings,
    }
}
