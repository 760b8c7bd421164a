//! From the trials to the final model: composed on out-of-fold predictions, bundled, and scored on the holdout.
//! Then the files that people read.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use automl_core::{
    ArtifactError, Metric, Purpose, Seed, StopReason, StopSignal, Target, TrialRecord, TrialStore,
};
use automl_ensemble::{DecisionRule, EnsembleError, Parts};
use automl_store::{Artifact, StudyFile};

use crate::bundle::{self, FORMAT, Manifest, ManifestModel};
use crate::compose::{Composition, Entry, Kind, N_PARTS, compose};
use crate::config::FinalConfig;
use crate::error::AutomlError;
use crate::experiment::{Company, Experiment};
use crate::explain::explain;
use crate::insight::{self, FinalFacts};
use crate::library;
use crate::members::Model;
use crate::out_of_fold::OutOfFold;
use crate::refit;
use crate::result::ExperimentResult;
use crate::run::Run;
use crate::run_folder::{RunFolder, io_error, replace_folder};
use crate::scoring;
use crate::study;

/// Of what is kept of the time for the final model, the share that refits leave to what comes after them.
const AFTER_REFITS: f64 = 0.25;
/// Most time for what drives the final model.
const EXPLAIN_TIME: Duration = Duration::from_secs(20);

/// Makes the final model, the leaderboard and the report of a search that ended, until the deadline of `stop`, which is that of
/// the whole run.
pub(crate) fn conclude(
    experiment: &Experiment,
    folder: &RunFolder,
    mut store: StudyFile,
    stopped: Option<StopReason>,
    n_before: usize,
    stop: &StopSignal,
) -> Result<ExperimentResult, AutomlError> {
    // First of all: workers that joined end by it, whatever becomes of the final model.
    store.record_event(study::END, how_it_ended(stopped))?;
    let trials = store.trials()?;
    let best = library::by_merit(&trials).first().copied().cloned();
    let (manifest, facts) = final_model(experiment, folder, &trials, &mut store, stop)?.unzip();
    if let Some(facts) = &facts {
        insight::write_facts(folder, facts)?;
    }
    if let Some(best) = &best {
        let (kind, path) = ("model".to_owned(), "model/SHA256SUMS".to_owned());
        let sha256 = bundle::fingerprint(&folder.model())?;
        store.record_artifact(best.number, &Artifact { kind, path, sha256 })?;
    }
    let run = Run::open(folder.root())?;
    let leaderboard = run.write_leaderboard()?;
    let report = run.write_report_stopped(stopped == Some(StopReason::Interrupted))?;
    // The last connection to close leaves the study as one file.
    drop(run);
    store.close()?;
    Ok(ExperimentResult {
        leaderboard,
        holdout: manifest.as_ref().map(|manifest| manifest.holdout.clone()).unwrap_or_default(),
        manifest,
        predict_ms: facts.map(|facts| facts.predict_ms),
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

fn how_it_ended(stopped: Option<StopReason>) -> &'static str {
    match stopped {
        Some(StopReason::Interrupted) => "interrupted",
        Some(StopReason::TimeUp) => "the time is up",
        Some(StopReason::TargetReached) => "the wanted score is reached",
        Some(StopReason::Plateau) => "no improvement worth a trial is expected",
        None => "all trials are done",
    }
}

/// Makes the bundle of the final model, if any trial completed; returns its manifest, and what was found out about it.
fn final_model(
    experiment: &Experiment,
    folder: &RunFolder,
    trials: &[TrialRecord],
    store: &mut StudyFile,
    stop: &StopSignal,
) -> Result<Option<(Manifest, FinalFacts)>, AutomlError> {
    let kept = library::kept(trials);
    let numbers: Vec<u32> = kept.iter().map(|trial| trial.number).collect();
    folder.keep_only_trials(&numbers)?;
    let Some(library) = Library::load(folder, &kept)? else { return Ok(None) };
    let limits = &experiment.config.final_model;
    let n_folds = experiment.plan.folds.len();
    let weights = scoring::weights_of(experiment.table.weights(), &library.rows);
    let scorer = scoring::scorer(experiment.metric, &library.target, weights.as_deref())?;
    let parts = library.parts(experiment);
    let composition = compose(&library.entries, &scorer, parts.as_ref(), limits, n_folds);
    let composition = composition.map_err(|error| too_slow(error, limits))?;
    let mut manifest = manifest_of(experiment, &library, &composition)?;
    if experiment.refits() {
        let after = experiment.reserve().unwrap_or_default().mul_f64(AFTER_REFITS);
        let stop = stop.within(stop.time_left().map(|left| left.saturating_sub(after)));
        let of = experiment.cross_validation(folder, Company::Jobs);
        let seed = Seed(experiment.config.seed);
        refit::refit(&of, seed, &library.trials, &mut manifest, &stop, |number, reason| {
            store.record_event("refit", &format!("trial {number} is not fitted on all rows: {reason}"))
        })?;
    }
    let place = |index: usize, member: &str| {
        let name = member.rsplit('/').next().unwrap_or_default();
        folder.trial(library.trials[composition.used[index]].number).join(name)
    };
    let model = Model::from_members(manifest.clone(), experiment.config.device, place)?;
    let (holdout, predict_ms) = holdout(experiment, &model)?;
    manifest.holdout = holdout;
    replace_folder(&folder.model(), |dir| {
        for (index, model) in manifest.models.iter().enumerate() {
            for member in model.folders() {
                copy_folder(&place(index, member), &dir.join(member))?;
            }
        }
        manifest.seal(dir)
    })?;
    // The report needs some of what is left too.
    let left = stop.time_left().map_or(EXPLAIN_TIME, |left| left / 2);
    let summary = insight::read_summary(folder)?;
    let explanation = explain(experiment, &model, summary.as_ref(), predict_ms, left.min(EXPLAIN_TIME))?;
    Ok(Some((manifest, FinalFacts { predict_ms, explanation })))
}

/// The trials that the final model may be made of.
struct Library<'a> {
    trials: Vec<&'a TrialRecord>,
    entries: Vec<Entry>,
    target: Target,
    /// Rows of the table that the out-of-fold predictions are of.
    rows: Vec<usize>,
}

impl<'a> Library<'a> {
    /// Reads the out-of-fold predictions of `kept`, best first; `None` without any. The best trial must have its own; a
    /// person may have removed those of others.
    fn load(folder: &RunFolder, kept: &[&'a TrialRecord]) -> Result<Option<Self>, AutomlError> {
        let mut library: Option<Self> = None;
        for &trial in kept {
            let dir = folder.trial(trial.number);
            if library.is_some() && !dir.is_dir() {
                continue;
            }
            let OutOfFold { rows, target, predictions, predict_ms } = OutOfFold::load(&dir)?;
            let family = trial.params.text("family")?.to_owned();
            let entry = Entry { id: format!("trial {}", trial.number), family, predictions, predict_ms };
            let own = library.get_or_insert_with(|| Self {
                trials: Vec::new(),
                entries: Vec::new(),
                target,
                rows: rows.clone(),
            });
            if own.rows == rows && entry.predictions.n_rows() == rows.len() {
                own.trials.push(trial);
                own.entries.push(entry);
            }
        }
        Ok(library)
    }

    /// Parts of the rows for nested estimates: the validation rows of the folds, where they are a partition, so that
    /// rows that belong together stay together; random ones otherwise.
    fn parts(&self, experiment: &Experiment) -> Option<Parts> {
        let place: BTreeMap<usize, usize> =
            self.rows.iter().enumerate().map(|(place, &row)| (row, place)).collect();
        let mut parts = Vec::new();
        let mut n_rows = 0;
        for fold in &experiment.plan.folds {
            let part: Vec<usize> = fold.valid.iter().filter_map(|row| place.get(row).copied()).collect();
            n_rows += part.len();
            parts.push(part);
            if n_rows >= self.rows.len() {
                break;
            }
        }
        let seed = Seed(experiment.config.seed).purpose(Purpose::Sample);
        let random = || Parts::stratified(&self.target, N_PARTS, seed).ok();
        Parts::new(self.rows.len(), parts).ok().or_else(random)
    }
}

/// A bound that nothing keeps is a wrong setting.
fn too_slow(error: EnsembleError, limits: &FinalConfig) -> AutomlError {
    match (error, limits.max_predict_ms) {
        (EnsembleError::Budget { id, fastest, .. }, Some(bound)) => AutomlError::config(format!(
            "`max_predict_ms` is {bound}, but the fastest model ({id}) takes {:.3} ms for 1000 rows",
            1000.0 * fastest
        ))
        .with_hint(
            "raise the bound, or search smaller models; the same command goes on with the trials it has",
        ),
        (error, _) => error.into(),
    }
}

fn manifest_of(
    experiment: &Experiment,
    library: &Library<'_>,
    composition: &Composition,
) -> Result<Manifest, AutomlError> {
    let n_members = match composition.kind {
        Kind::Single => 1,
        Kind::Bagged | Kind::Ensemble | Kind::Stack => experiment.plan.folds.len(),
    };
    let model = |(index, &place): (usize, &usize)| -> Result<ManifestModel, AutomlError> {
        let trial = library.trials[place];
        Ok(ManifestModel {
            trial: trial.number,
            family: trial.params.text("family")?.to_owned(),
            params: trial.params.clone(),
            members: (0..n_members).map(|fold| format!("model-{index}/fold-{fold}")).collect(),
            refit: None,
        })
    };
    let models = composition.used.iter().enumerate().map(model).collect::<Result<Vec<_>, _>>()?;
    let mut manifest = Manifest {
        format: FORMAT,
        automl_version: env!("CARGO_PKG_VERSION").to_owned(),
        name: experiment.config.resolved_name(),
        kind: composition.kind,
        models,
        combine: composition.combine.clone(),
        calibrator: composition.calibrator.clone(),
        decision: composition.decision.clone(),
        estimates: composition.estimates.clone(),
        metric: experiment.metric,
        cross_validation: Vec::new(),
        holdout: Vec::new(),
        n_holdout: experiment.plan.holdout.len(),
        data_hash: experiment.table.content_hash().to_owned(),
        schema: experiment.table.schema().clone(),
    };
    let weights = scoring::weights_of(experiment.table.weights(), &library.rows);
    let decided = composition.decided.as_ref().map(|decided| (&DecisionRule::MostProbable, decided));
    manifest.cross_validation = scoring::score_decided(
        manifest.schema.task,
        &library.target,
        &composition.predictions,
        decided,
        weights.as_deref(),
    );
    Ok(manifest)
}

/// Rows to measure with where there is no holdout: up to 1,000, as many as should take about a second.
fn quick_rows(experiment: &Experiment, model: &Model) -> Result<Vec<usize>, AutomlError> {
    const FEWEST: usize = 30;
    const MOST: usize = 1000;
    let first = |n: usize| (0..experiment.table.n_rows().min(n)).collect::<Vec<usize>>();
    let few = first(FEWEST);
    let started = Instant::now();
    model.predict_rows(&experiment.table, &few)?;
    let a_second = few.len() as f64 / started.elapsed().as_secs_f64().max(1e-9);
    Ok(first((a_second as usize).clamp(FEWEST, MOST)))
}

/// Scores of the holdout rows, and milliseconds to predict 1000 rows: of the holdout, or of rows that were trained on.
fn holdout(experiment: &Experiment, model: &Model) -> Result<(Vec<(Metric, f64)>, f64), AutomlError> {
    let rows = &experiment.plan.holdout;
    let some: Vec<usize> = if rows.is_empty() { quick_rows(experiment, model)? } else { Vec::new() };
    let measured = if rows.is_empty() { &some } else { rows };
    let started = Instant::now();
    let predictions = model.predict_rows(&experiment.table, measured)?;
    let predict_ms = 1e6 * started.elapsed().as_secs_f64() / measured.len().max(1) as f64;
    let scores = match experiment.table.target() {
        Some(target) if !rows.is_empty() => {
            let weights = scoring::weights_of(experiment.table.weights(), rows);
            model.manifest().score(&target.select(rows), &predictions, weights.as_deref())
        }
        _ => Vec::new(),
    };
    Ok((scores, predict_ms))
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
