//! From the best trial to the final model: its fold models, bundled, and scored once on the holdout.

use std::fs;
use std::path::Path;

use automl_core::{ArtifactError, Metric, TrialRecord};

use crate::bundle::{FORMAT, Manifest};
use crate::error::AutomlError;
use crate::experiment::Experiment;
use crate::members::Model;
use crate::run_folder::{RunFolder, io_error, replace_folder};

/// Makes the bundle of the best trial, if there is one; returns its holdout scores.
pub(crate) fn final_model(
    experiment: &Experiment,
    folder: &RunFolder,
    trials: &[TrialRecord],
) -> Result<Vec<(Metric, f64)>, AutomlError> {
    let Some(best) = TrialRecord::best(trials) else { return Ok(Vec::new()) };
    let kept = folder.trial(best.number);
    let model = Model::load_members(&kept, manifest(experiment, best)?, experiment.config.device)?;
    let mut manifest = model.manifest().clone();
    manifest.holdout = holdout_scores(experiment, &model)?;
    replace_folder(&folder.model(), |dir| {
        for member in &manifest.members {
            copy_folder(&kept.join(member), &dir.join(member))?;
        }
        manifest.seal(dir)
    })?;
    folder.keep_only_trial(best.number)?;
    Ok(manifest.holdout)
}

fn manifest(experiment: &Experiment, best: &TrialRecord) -> Result<Manifest, AutomlError> {
    let metrics = best.folds.first().map(|fold| fold.scores.as_slice()).unwrap_or_default();
    Ok(Manifest {
        format: FORMAT,
        automl_version: env!("CARGO_PKG_VERSION").to_owned(),
        name: experiment.config.resolved_name(),
        trial: best.number,
        family: best.params.text("family")?.to_owned(),
        params: best.params.clone(),
        metric: experiment.metric,
        cross_validation: metrics.iter().filter_map(|(of, _)| Some((*of, best.mean_score(*of)?))).collect(),
        holdout: Vec::new(),
        n_holdout: experiment.plan.holdout.len(),
        data_hash: experiment.table.content_hash().to_owned(),
        members: (0..experiment.plan.folds.len()).map(|fold| format!("fold-{fold}")).collect(),
        schema: experiment.table.schema().clone(),
    })
}

fn holdout_scores(experiment: &Experiment, model: &Model) -> Result<Vec<(Metric, f64)>, AutomlError> {
    let rows = &experiment.plan.holdout;
    let Some(target) = experiment.table.target().filter(|_| !rows.is_empty()) else { return Ok(Vec::new()) };
    let predictions = model.predict_rows(&experiment.table, rows)?;
    Ok(automl_core::metric::score_all(experiment.table.profile().task, &target.select(rows), &predictions))
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), ArtifactError> {
    fs::create_dir_all(to).map_err(|source| io_error("create", to, source))?;
    for entry in fs::read_dir(from).map_err(|source| io_error("read", from, source))? {
        let path = entry.map_err(|source| io_error("read", from, source))?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        fs::copy(&path, &target).map_err(|source| io_error("write", &target, source))?;
    }
    Ok(())
}
