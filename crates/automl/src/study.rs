//! The study file of an experiment: created once, recognised when it is taken up again.

use automl_core::{DataProfile, Params, SearchSpace, Seed};
use automl_store::{StudyFile, StudyHeader};
use serde::Serialize;

use crate::error::AutomlError;
use crate::experiment::Experiment;
use crate::run_folder::RunFolder;

/// What the search may choose and where it starts: a study is only taken up with the same.
#[derive(Serialize)]
struct SearchText<'a> {
    space: &'a SearchSpace,
    initial: &'a [Params],
}

/// Opens the study of the run folder, or creates it.
pub(crate) fn open(folder: &RunFolder, experiment: &Experiment) -> Result<StudyFile, AutomlError> {
    let wanted = header(experiment)?;
    let is_new = !folder.study().exists();
    let mut store = StudyFile::open_or_create(folder.study(), &wanted)?;
    let found = store.header()?;
    check_same(folder, &found, &wanted, experiment.table.profile())?;
    if is_new {
        for warning in experiment.table.warnings() {
            store.record_event("warning", warning)?;
        }
    }
    Ok(store)
}

fn header(experiment: &Experiment) -> Result<StudyHeader, AutomlError> {
    let profile = experiment.table.profile();
    let search = SearchText { space: &experiment.joint.space, initial: &experiment.joint.initial };
    Ok(StudyHeader {
        name: experiment.config.resolved_name(),
        metric: experiment.metric,
        objectives: vec![experiment.metric.into()],
        task: profile.task,
        seed: Seed(experiment.config.seed),
        data_hash: experiment.table.content_hash().to_owned(),
        config: experiment.config.to_toml()?,
        fold_plan: json(&experiment.plan)?,
        data_profile: json(profile)?,
        initial: json(&search)?,
        automl_version: env!("CARGO_PKG_VERSION").to_owned(),
    })
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
        ("task", found.task.to_string(), wanted.task.to_string()),
        ("seed", found.seed.value().to_string(), wanted.seed.value().to_string()),
        ("split", found.fold_plan.clone(), wanted.fold_plan.clone()),
        ("reading of the columns", reading(&found_profile), reading(profile)),
        ("search space", found.initial.clone(), wanted.initial.clone()),
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
    Ok(())
}

/// What models see of the columns. Why a column is read as it is may change: an inferred task is a given one when
/// the resolved configuration runs again.
fn reading(profile: &DataProfile) -> String {
    let kinds: Vec<String> =
        profile.columns.iter().map(|column| format!("{} {}", column.name, column.kind.name())).collect();
    format!("{} of {}", kinds.join(", "), profile.labels.join(", "))
}

fn json<T: Serialize>(value: &T) -> Result<String, AutomlError> {
    serde_json::to_string(value).map_err(|error| AutomlError::Internal(Box::new(error)))
}
