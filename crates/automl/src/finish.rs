//! From the best trial to the final model: its fold models, bundled, and scored once on the holdout. Then the files
//! that people read.

use std::fs;
use std::path::Path;

use automl_core::{ArtifactError, Metric, StopReason, TrialRecord, TrialStore};
use automl_store::{Artifact, StudyFile};

use crate::bundle::{self, FORMAT, Manifest};
use crate::error::AutomlError;
use crate::experiment::Experiment;
use crate::members::Model;
use crate::result::ExperimentResult;
use crate::run::Run;
use crate::run_folder::{RunFolder, io_error, replace_folder};
use crate::study;

/// Makes the final model, the leaderboard and the report of a search that ended.
pub(crate) fn conclude(
    experiment: &Experiment,
    folder: &RunFolder,
    mut store: StudyFile,
    stopped: Option<StopReason>,
    n_before: usize,
) -> Result<ExperimentResult, AutomlError> {
    let trials = store.trials()?;
    let best = best_with_model(&trials).cloned();
    let holdout = final_model(experiment, folder, &trials)?;
    if let Some(best) = &best {
        let (kind, path) = ("model".to_owned(), "model/SHA256SUMS".to_owned());
        let sha256 = bundle::fingerprint(&folder.model())?;
        store.record_artifact(best.number, &Artifact { kind, path, sha256 })?;
    }
    store.record_event(study::END, how_it_ended(stopped))?;
    let run = Run::open(folder.root())?;
    let leaderboard = run.write_leaderboard()?;
    let report = run.write_report_stopped(stopped == Some(StopReason::Interrupted))?;
    // The last connection to close leaves the study as one file.
    drop(run);
    store.close()?;
    Ok(ExperimentResult {
        leaderboard,
        holdout,
        n_holdout: experiment.plan.holdout.len(),
        stopped,
        n_new: trials.iter().filter(|trial| trial.state.is_finished()).count() - n_before,
        report,
        leaderboard_file: folder.leaderboard(),
        study: folder.study(),
        config: folder.config(),
        model: best.is_some().then(|| folder.model()),
        best,
    })
}

/// The best of the trials that were trained here. Trials that Optuna added have costs, but no models.
pub(crate) fn best_with_model(trials: &[TrialRecord]) -> Option<&TrialRecord> {
    let trained = trials.iter().filter(|trial| !trial.folds.is_empty());
    let complete = trained.filter_map(|trial| trial.cost.map(|cost| (cost, trial)));
    complete
        .min_by(|(a, left), (b, right)| a.total_cmp(b).then(left.slot.cmp(&right.slot)))
        .map(|(_, trial)| trial)
}

fn how_it_ended(stopped: Option<StopReason>) -> &'static str {
    match stopped {
        Some(StopReason::Interrupted) => "interrupted",
        Some(StopReason::TimeUp) => "the time is up",
        Some(StopReason::TargetReached) => "the wanted score is reached",
        Some(StopReason::Plateau) => "no improvement worth a trial is expected",
        None => "all trials are done",
    }
}

/// Makes the bundle of the best trial, if there is one; returns its holdout scores.
fn final_model(
    experiment: &Experiment,
    folder: &RunFolder,
    trials: &[TrialRecord],
) -> Result<Vec<(Metric, f64)>, AutomlError> {
    let Some(best) = best_with_model(trials) else { return Ok(Vec::new()) };
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
