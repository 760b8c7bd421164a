//! The study file of an experiment: created once, recognised when it is taken up again.

use automl_core::{DataProfile, Params, SearchSpace, Seed, TrialRecord};
use automl_store::{ObjectiveHeader, StudyFile, StudyHeader};
use serde::{Deserialize, Serialize};

use crate::error::AutomlError;
use crate::experiment::Experiment;
use crate::run_folder::RunFolder;

/// Kind of the event that tells that a search came to its end, so that workers that joined it end too.
pub(crate) const END: &str = "end";

/// What the search may choose and where it starts: a study is only taken up with the same.
#[derive(Serialize)]
struct SearchText<'a> {
    space: &'a SearchSpace,
    initial: &'a [Params],
}

/// The same, read back.
#[derive(Deserialize)]
struct FoundText {
    space: SearchSpace,
}

/// Opens the study of the run folder, or creates it.
pub(crate) fn open(folder: &RunFolder, experiment: &Experiment) -> Result<StudyFile, AutomlError> {
    let wanted = header(experiment)?;
    let path = folder.study();
    let is_new = !path.exists();
    let name = experiment.config.search.study_name.as_deref();
    let mut store = if !is_new && StudyFile::is_optunas_alone(&path)? {
        StudyFile::adopt(&path, name, &wanted, &|trials| accept(trials, &experiment.joint.space))?
    } else {
        StudyFile::open_or_create(&path, &wanted)?
    };
    let found = store.header()?;
    if let Some(name) = name.filter(|name| *name != found.name) {
        let (found, wanted) = (format!("`{}`", found.name), format!("`{name}`"));
        return Err(AutomlError::OtherStudy {
            folder: folder.root().to_owned(),
            what: "name",
            found,
            wanted,
        });
    }
    check_same(folder, &found, &wanted, experiment.table.profile())?;
    if found.config != wanted.config || found.initial != wanted.initial {
        store.set_config(&wanted.config, &wanted.initial)?;
    }
    if is_new {
        for warning in experiment.table.warnings() {
            store.record_event("warning", warning)?;
        }
    }
    Ok(store)
}

/// A study of Optuna's is worth going on with if the search can learn from it.
fn accept(trials: &[TrialRecord], space: &SearchSpace) -> Result<(), String> {
    let finished = || trials.iter().filter(|trial| trial.state.is_finished() && !trial.params.is_empty());
    let wrong = finished().find_map(|trial| Some((trial, space.check(&trial.params).err()?)));
    match wrong {
        Some((trial, error)) if finished().all(|trial| space.check(&trial.params).is_err()) => Err(format!(
            "holds no trial whose configuration is one of this search space; of trial {}: {error}",
            trial.number
        )),
        _ => Ok(()),
    }
}

/// Checks that a worker sees the data, split and space of the study it joins.
pub(crate) fn check(
    folder: &RunFolder,
    found: &StudyHeader,
    experiment: &Experiment,
) -> Result<(), AutomlError> {
    check_same(folder, found, &header(experiment)?, experiment.table.profile())
}

fn study_name(experiment: &Experiment) -> String {
    let config = &experiment.config;
    config.search.study_name.clone().unwrap_or_else(|| config.resolved_name())
}

fn header(experiment: &Experiment) -> Result<StudyHeader, AutomlError> {
    let profile = experiment.table.profile();
    Ok(StudyHeader {
        name: study_name(experiment),
        metric: experiment.metric,
        objectives: objectives(experiment),
        task: profile.task,
        seed: Seed(experiment.config.seed),
        data_hash: experiment.table.content_hash().to_owned(),
        config: experiment.config.to_toml()?,
        fold_plan: json(&experiment.plan)?,
        data_profile: json(profile)?,
        initial: search_text(&experiment.joint.space, &experiment.joint.initial)?,
        automl_version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// The metric, and what is optimised beside it.
fn objectives(experiment: &Experiment) -> Vec<ObjectiveHeader> {
    let also = experiment.config.search.also.iter();
    let also = also.map(|of| ObjectiveHeader { name: of.to_string(), direction: of.direction() });
    std::iter::once(experiment.metric.into()).chain(also).collect()
}

/// Trials are comparable only if they saw the same rows, were scored alike and chose from one space.
fn check_same(
    folder: &RunFolder,
    found: &StudyHeader,
    wanted: &StudyHeader,
    profile: &DataProfile,
) -> Result<(), AutomlError> {
    let found_profile: DataProfile = serde_json::from_str(&found.data_profile)
        .map_err(|error| AutomlError::config(format!("the study's data profile cannot be read: {error}")))?;
    let short = |hash: &str| hash.chars().take(12).collect::<String>();
    let pairs = [
        ("data (by their SHA-256)", short(&found.data_hash), short(&wanted.data_hash)),
        ("metric", found.metric.name(), wanted.metric.name()),
        ("list of objectives", names(&found.objectives), names(&wanted.objectives)),
        ("task", found.task.to_string(), wanted.task.to_string()),
        ("seed", found.seed.value().to_string(), wanted.seed.value().to_string()),
        ("split", found.fold_plan.clone(), wanted.fold_plan.clone()),
        ("reading of the columns", reading(&found_profile), reading(profile)),
    ];
    for (what, found, wanted) in pairs {
        if found != wanted {
            // Plans and spaces are long; which of them differs is what a person can act on.
            let shown = |text: String| if text.len() > 80 { "one".to_owned() } else { format!("`{text}`") };
            let (found, wanted) = match (shown(found), shown(wanted)) {
                (found, wanted) if found == wanted => ("one".to_owned(), "another".to_owned()),
                pair => pair,
            };
            return Err(AutomlError::OtherStudy { folder: folder.root().to_owned(), what, found, wanted });
        }
    }
    check_space(folder, &found.initial, &wanted.initial)
}

/// What may be chosen and what is tried first, for a study's header.
pub(crate) fn search_text(space: &SearchSpace, initial: &[Params]) -> Result<String, AutomlError> {
    json(&SearchText { space, initial })
}

/// The search space of a study's header.
pub(crate) fn read_space(initial: &str) -> Result<SearchSpace, AutomlError> {
    let text: FoundText = serde_json::from_str(initial)
        .map_err(|error| AutomlError::config(format!("the study's search space cannot be read: {error}")))?;
    Ok(text.space)
}

/// The space may become wider while a study goes on, so that every trial so far is still one of it.
pub(crate) fn check_space(folder: &RunFolder, found: &str, wanted: &str) -> Result<(), AutomlError> {
    if found == wanted {
        return Ok(());
    }
    let (found, wanted) = (read_space(found)?, read_space(wanted)?);
    match wanted.narrower_than(&found) {
        None => Ok(()),
        Some((name, there, now)) => Err(AutomlError::OtherStudy {
            folder: folder.root().to_owned(),
            what: "search space",
            found: format!("`{name}` is {there}"),
            wanted: now,
        }),
    }
}

/// What models see of the columns. Why a column is read as it is may change: an inferred task is a given one when
/// the resolved configuration runs again.
fn reading(profile: &DataProfile) -> String {
    let kinds: Vec<String> =
        profile.columns.iter().map(|column| format!("{} {}", column.name, column.kind.name())).collect();
    format!("{} of {}", kinds.join(", "), profile.labels.join(", "))
}

fn names(objectives: &[ObjectiveHeader]) -> String {
    objectives.iter().map(|objective| objective.name.as_str()).collect::<Vec<_>>().join(", ")
}

pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, AutomlError> {
    serde_json::to_string(value).map_err(|error| AutomlError::Internal(Box::new(error)))
}
