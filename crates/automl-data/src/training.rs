//! A frame to a training table: every kind decided, every feature materialised.

use std::collections::{BTreeMap, HashMap};

use automl_core::{ColumnKind, ColumnProfile, DataProfile, Target, counted};
use polars::prelude::{BooleanChunked, DataFrame, NewChunkedArray, PolarsError, Series};
use rayon::prelude::*;

use crate::column::Column;
use crate::error::{DataError, some_of};
use crate::hash::content_hash;
use crate::infer::target::{TargetChoice, TargetPlan, plan};
use crate::infer::{self, Counts, Decision};
use crate::materialise::{Reading, materialise};
use crate::schema::{FeatureColumn, FeatureSchema};
use crate::table::{Table, TableOptions};
use crate::values::Values;

impl Table {
    /// Understands a frame with a target. Rows without a target are dropped with a warning.
    ///
    /// # Errors
    /// [`DataError`] for names that are no columns, a target that cannot be learnt, kinds that cannot be
    /// had, and a table without features.
    pub fn for_training(frame: DataFrame, options: &TableOptions) -> Result<Table, DataError> {
        series(&frame, "the target", &options.target)?;
        check_names(&frame, options)?;
        let content_hash = content_hash(&frame);
        let mut warnings = Vec::new();
        let (frame, n_without) = drop_without_target(frame, &options.target, &mut warnings)?;
        let (frame, target, n_alone) = drop_alone(frame, options, &mut warnings)?;
        let n_dropped = n_without + n_alone;
        let built = build_columns(&frame, options)?;
        let mut columns = BTreeMap::new();
        let mut profiles = Vec::with_capacity(built.len());
        let mut features = Vec::new();
        for column in built {
            warnings.extend(column.warnings);
            if let Some(values) = column.values {
                features.push(column.feature);
                columns.insert(column.profile.name.clone(), values);
            }
            profiles.push(column.profile);
        }
        if features.is_empty() {
            return Err(no_features(&profiles));
        }
        let groups = options.group.as_deref().map(|name| groups(&frame, name)).transpose()?;
        let times = options.time.as_deref().map(|name| times(&frame, name)).transpose()?;
        let weights = options.weight.as_deref().map(|name| weights(&frame, name)).transpose()?;
        let TargetPlan { task, reason, labels, class_counts, target } = target;
        let schema = FeatureSchema {
            columns: features,
            target: options.target.clone(),
            task,
            labels: labels.clone(),
            weight: options.weight.clone(),
        };
        let profile = DataProfile {
            n_rows: frame.height(),
            n_dropped,
            task,
            task_reason: reason,
            target: options.target.clone(),
            labels,
            class_counts,
            columns: profiles,
        };
        Ok(Table {
            frame,
            profile,
            schema,
            columns,
            target: Some(target),
            groups,
            times,
            weights,
            content_hash,
            warnings,
        })
    }
}

/// Every column that the options name, the target aside, is there; and the target's kind is left to it.
pub(crate) fn check_names(frame: &DataFrame, options: &TableOptions) -> Result<(), DataError> {
    for name in options.columns.keys() {
        series(frame, "in [columns]", name)?;
    }
    if let Some(name) = &options.group {
        series(frame, "the group column", name)?;
    }
    if let Some(name) = &options.time {
        series(frame, "the time column", name)?;
    }
    if let Some(name) = &options.weight {
        series(frame, "the weight column", name)?;
    }
    match options.columns.get(&options.target) {
        Some(kind) => Err(DataError::WrongKind {
            column: options.target.clone(),
            kind: *kind,
            reason: "it is the target".to_owned(),
        }),
        None => Ok(()),
    }
}

/// The known name that `name` may have meant, whatever the case of its letters.
pub fn nearest_name<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // Jaro-Winkler; below, a suggestion would mislead.
    const SIMILAR: f64 = 0.75;
    let wanted = name.to_lowercase();
    known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(&wanted, &known.to_lowercase()), known))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// The column `name`, or the error that tells what it was wanted for and which name is nearest.
pub(crate) fn series<'a>(
    frame: &'a DataFrame,
    role: &'static str,
    name: &str,
) -> Result<&'a Series, DataError> {
    if let Ok(column) = frame.column(name) {
        return Ok(column.as_materialized_series());
    }
    let known: Vec<String> = frame.get_column_names_owned().iter().map(ToString::to_string).collect();
    let nearest = nearest_name(name, known.iter().map(String::as_str)).map(str::to_owned);
    Err(DataError::UnknownColumn { role, name: name.to_owned(), nearest, known })
}

/// The rows that have a target, and how many had none.
pub(crate) fn drop_without_target(
    frame: DataFrame,
    target: &str,
    warnings: &mut Vec<String>,
) -> Result<(DataFrame, usize), DataError> {
    let n_rows = frame.height();
    let keep: Vec<bool> = {
        let values = Values::of(series(&frame, "the target", target)?);
        if let Values::Unsupported { .. } = &values {
            return Err(DataError::UnusableTarget { target: target.to_owned(), found: values.describe() });
        }
        (0..n_rows).map(|row| !values.is_missing(row)).collect()
    };
    let n_dropped = keep.iter().filter(|keep| !**keep).count();
    if n_dropped == 0 && n_rows > 0 {
        return Ok((frame, 0));
    }
    if n_dropped == n_rows {
        return Err(DataError::TargetMissing { target: target.to_owned(), n_rows });
    }
    warnings
        .push(format!("{n_dropped} of {n_rows} rows have no value of target `{target}` and were dropped"));
    Ok((only(&frame, &keep, target)?, n_dropped))
}

/// The rows that are to be kept.
fn only(frame: &DataFrame, keep: &[bool], target: &str) -> Result<DataFrame, DataError> {
    let mask = BooleanChunked::from_slice("keep".into(), keep);
    let told = |error: PolarsError| DataError::UnusableTarget {
        target: target.to_owned(),
        found: error.to_string(),
    };
    frame.filter(&mask).map_err(told)
}

/// Without the rows that are alone in their class, of which there must be one to learn from and one to validate; and the target
/// understood. Where they are many, or the classes left too few, it is for others to say what is wrong.
fn drop_alone(
    frame: DataFrame,
    options: &TableOptions,
    warnings: &mut Vec<String>,
) -> Result<(DataFrame, TargetPlan, usize), DataError> {
    /// Of all rows at most one in so many.
    const ONE_IN: usize = 10;
    let plan = plan_target(&frame, options)?;
    let Target::Classes { codes, .. } = &plan.target else { return Ok((frame, plan, 0)) };
    let is_alone = |code: u32| plan.class_counts[code as usize] == 1;
    let alone: Vec<String> = plan
        .labels
        .iter()
        .zip(0..)
        .filter(|(_, code)| is_alone(*code))
        .map(|(label, _)| label.clone())
        .collect();
    let n_left = plan.labels.len() - alone.len();
    let is_enough = n_left > 2 || n_left == 2 && options.task.is_none();
    if alone.is_empty() || ONE_IN * alone.len() > codes.len() || !is_enough {
        return Ok((frame, plan, 0));
    }
    let keep: Vec<bool> = codes.iter().map(|&code| !is_alone(code)).collect();
    let (target, labels) = (&options.target, some_of(&alone));
    let classes = match alone.len() {
        1 => format!("class {labels} of target `{target}` has a single row, which was"),
        n => format!("{n} classes of target `{target}` have a single row each, which were"),
    };
    let which = if alone.len() > 1 { format!(": {labels}") } else { String::new() };
    warnings.push(format!("{classes} left out, for one is needed to learn from and one to validate{which}"));
    let frame = only(&frame, &keep, target)?;
    let plan = plan_target(&frame, options)?;
    Ok((frame, plan, alone.len()))
}

pub(crate) fn plan_target(frame: &DataFrame, options: &TableOptions) -> Result<TargetPlan, DataError> {
    let values = Values::of(series(frame, "the target", &options.target)?);
    let choice =
        TargetChoice { task: options.task, metric: options.metric, positive: options.positive.as_deref() };
    plan(&options.target, &values, choice)
}

/// A column, understood.
pub(crate) struct Built {
    pub(crate) profile: ColumnProfile,
    feature: FeatureColumn,
    /// Present for feature kinds.
    pub(crate) values: Option<Column>,
    pub(crate) warnings: Vec<String>,
}

/// All columns but the target, in the order of the file.
pub(crate) fn build_columns(frame: &DataFrame, options: &TableOptions) -> Result<Vec<Built>, DataError> {
    let names = frame.get_column_names_owned();
    let names: Vec<&str> = names.iter().map(polars::prelude::PlSmallStr::as_str).collect();
    names
        .into_par_iter()
        .filter(|name| *name != options.target)
        .map(|name| build(frame, name, options))
        .collect()
}

fn build(frame: &DataFrame, name: &str, options: &TableOptions) -> Result<Built, DataError> {
    let mut values = Values::of(series(frame, "a feature", name)?);
    let mut warnings = Vec::new();
    let n_infinite = values.drop_infinities();
    if n_infinite > 0 {
        warnings.push(format!("column `{name}`: {} taken as missing", counted(n_infinite, "infinite value")));
    }
    let counts = Counts::of(&values);
    let decision = decide(name, &values, &counts, options);
    if let (Values::Unsupported { .. }, None) = (&values, options.columns.get(name)) {
        warnings.push(format!("column `{name}` is not used: {}", decision.reason));
    }
    let (kind, tolerant) = (decision.kind, decision.tolerant);
    let mut feature = FeatureColumn { name: name.to_owned(), kind, levels: Vec::new(), tolerant };
    let mut column = None;
    if kind.is_feature() {
        let read = materialise(&values, Reading { kind, tolerant, levels: &[] });
        let read = read.map_err(|found| DataError::WrongKind {
            column: name.to_owned(),
            kind,
            reason: format!("it holds {found}"),
        })?;
        if read.n_unparsed > 0 {
            warnings.push(format!("column `{name}`: {}", decision.reason));
        }
        if let Column::Categorical { levels, .. } = &read.column {
            feature.levels.clone_from(levels);
        }
        column = Some(read.column);
    }
    let mut profile = infer::profile(name, &values, &counts, decision);
    if let Some(column) = &column {
        profile.n_missing = column.n_missing();
    }
    Ok(Built { profile, feature, values: column, warnings })
}

fn decide(name: &str, values: &Values<'_>, counts: &Counts<'_>, options: &TableOptions) -> Decision {
    let set = |kind, reason: &str| Decision { kind, reason: reason.to_owned(), tolerant: false };
    if let Some(kind) = options.columns.get(name) {
        set(*kind, "set in [columns]")
    } else if options.group.as_deref() == Some(name) {
        set(ColumnKind::Ignored, "groups the rows when splitting")
    } else if options.time.as_deref() == Some(name) {
        set(ColumnKind::Ignored, "orders the rows when splitting")
    } else if options.weight.as_deref() == Some(name) {
        set(ColumnKind::Ignored, "says how much each row counts")
    } else {
        infer::decide(name, values, counts)
    }
}

fn no_features(profiles: &[ColumnProfile]) -> DataError {
    let named = profiles.iter().take(5).map(|column| format!("`{}` is {}", column.name, column.kind.name()));
    let mut reasons = named.collect::<Vec<_>>().join(", ");
    if profiles.len() > 5 {
        reasons.push_str(", …");
    }
    DataError::NoFeatures { n_columns: profiles.len(), reasons }
}

/// Group index of each row, numbered by first appearance.
fn groups(frame: &DataFrame, name: &str) -> Result<Vec<u32>, DataError> {
    let values = Values::of(series(frame, "the group column", name)?);
    complete("group", name, &values)?;
    let mut index: HashMap<String, u32> = HashMap::new();
    let group = |row| {
        let next = index.len() as u32;
        *index.entry(values.text(row).unwrap_or_default()).or_insert(next)
    };
    Ok((0..values.len()).map(group).collect())
}

/// The place of each row in time: microseconds, or ranks of numbers.
fn times(frame: &DataFrame, name: &str) -> Result<Vec<i64>, DataError> {
    let values = Values::of(series(frame, "the time column", name)?);
    complete("time", name, &values)?;
    if let Values::Numbers { values, .. } = &values {
        let mut sorted = values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted.dedup();
        return Ok(values.iter().map(|value| sorted.partition_point(|other| other < value) as i64).collect());
    }
    let reading = Reading { kind: ColumnKind::Datetime, tolerant: false, levels: &[] };
    let refused = |found: String| DataError::BadSplitColumn {
        role: "time",
        column: name.to_owned(),
        reason: format!("holds {found}, which have no order in time"),
    };
    match materialise(&values, reading).map_err(refused)?.column {
        Column::Time(times) => Ok(times.into_iter().flatten().collect()),
        Column::Numeric(_) | Column::Categorical { .. } | Column::Text(_) => Ok(Vec::new()),
    }
}

/// How much each row counts, divided by the mean, so that a loss or a penalty has the size it has without weights.
pub(crate) fn weights(frame: &DataFrame, name: &str) -> Result<Vec<f32>, DataError> {
    let values = Values::of(series(frame, "the weight column", name)?);
    complete("weight", name, &values)?;
    let bad = |reason: String| DataError::BadSplitColumn { role: "weight", column: name.to_owned(), reason };
    let Values::Numbers { values, .. } = &values else {
        return Err(bad(format!("holds {}, but weights are numbers", values.describe())));
    };
    if let Some(row) = values.iter().position(|weight| !(weight.is_finite() && *weight > 0.0)) {
        return Err(bad(format!(
            "is {} in row {}, but weights are finite numbers above 0",
            values[row],
            row + 1
        )));
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    Ok(values.iter().map(|weight| (weight / mean) as f32).collect())
}

fn complete(role: &'static str, name: &str, values: &Values<'_>) -> Result<(), DataError> {
    let bad = |reason: String| DataError::BadSplitColumn { role, column: name.to_owned(), reason };
    if let Values::Unsupported { .. } = values {
        return Err(bad(format!("holds {}", values.describe())));
    }
    let missing = || (0..values.len()).filter(|row| values.is_missing(*row));
    match missing().next() {
        None => Ok(()),
        Some(row) => Err(bad(format!(
            "has no value in {}, first in row {}",
            counted(missing().count(), "row"),
            row + 1
        ))),
    }
}
