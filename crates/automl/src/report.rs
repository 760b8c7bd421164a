//! What a report is made of, read from a run folder. Needs none of the data.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use automl_core::{
    ArtifactError, DataProfile, Device, Epoch, FoldPlan, LayerFacts, Metric, Predictions, Target,
    TrialRecord, counted,
};
use automl_ensemble::DecisionRule;
use automl_ensemble::calibration::Calibrator;
use automl_report::{
    ErrorCorrelations, FinalModel, Front, FrontPoint, HoldoutResult, Importance, ModelPart, ReportModel,
    Reproduce, RunFacts,
};
use automl_search::importance::Importances;
use serde::de::DeserializeOwned;

use crate::bundle::{Manifest, ManifestModel};
use crate::compose::Combine;
use crate::config::ExperimentConfig;
use crate::duration::{format_duration, parse_duration};
use crate::error::AutomlError;
use crate::experiment::time_used;
use crate::insight::{self, FinalFacts};
use crate::leaderboard::{Leaderboard, LeaderboardRow};
use crate::members::FoldModel;
use crate::nested::NestedScores;
use crate::out_of_fold::OutOfFold;
use crate::run::{ImportanceMethod, Run};
use crate::run_folder::io_error;
use crate::{library, machine, split, study};

/// Trials whose learning curves the report draws.
const CURVES: usize = 5;
/// Families of whose best trial the predictions are drawn.
const FAMILIES: usize = 3;
/// Trials whose errors are compared.
const CORRELATED: usize = 12;

impl Run {
    pub(crate) fn report_model(&self, interrupted: bool) -> Result<ReportModel, AutomlError> {
        let config: ExperimentConfig = toml::from_str(&self.header.config)
            .map_err(|error| AutomlError::config(format!("the study's configuration is wrong: {error}")))?;
        let profile: DataProfile = self.parse("data profile", &self.header.data_profile)?;
        let plan: FoldPlan = self.parse("fold plan", &self.header.fold_plan)?;
        let options = split::resolve(&mut config.split.clone(), profile.n_rows, None)?;
        let best = TrialRecord::best(&self.trials);
        let facts = insight::read_facts(&self.folder)?;
        let library = self.library();
        let board = self.leaderboard();
        let shown = best_of_families(&library);
        Ok(ReportModel {
            title: self.header.name.clone(),
            created: automl_store::now().chars().take(16).collect::<String>() + " UTC",
            run: self.facts(&config),
            split: split::describe(&options, plan.holdout.len()),
            test_to_train: plan.test_to_train(),
            metric: self.header.metric,
            best: best.map(|trial| trial.number),
            baseline: self.baseline(),
            epochs: self.epochs(&board, &shown)?,
            front: self.front(&board),
            // A study that Optuna made has no space of ours.
            space: study::read_space(&self.header.initial).ok(),
            importance: self.importance(ImportanceMethod::Fanova).ok().map(importance_of),
            data: insight::read_summary(&self.folder)?,
            final_model: self.final_facts(facts.as_ref())?,
            error_correlations: error_correlations(&library),
            networks: self.networks(&shown),
            p_values: board.rows.iter().filter_map(|row| Some((row.trial, row.p_value?))).collect(),
            explanation: facts.and_then(|facts| facts.explanation),
            out_of_fold: predicted(shown),
            holdout: self.holdout()?,
            warnings: self.warnings()?,
            interrupted,
            reload_secs: None,
            reproduce: self.reproduce(&config)?,
            trials: self.trials.clone(),
            profile,
        })
    }

    /// The same of one trial alone, with everything that is kept of it.
    pub(crate) fn trial_report_model(&self, number: u32) -> Result<ReportModel, AutomlError> {
        let Some(trial) = self.trials.iter().find(|trial| trial.number == number) else {
            let last = self.trials.len().saturating_sub(1);
            return Err(AutomlError::config(format!(
                "there is no trial {number}; trials are numbered 0 to {last}"
            )));
        };
        let own: Vec<(&TrialRecord, OutOfFold)> =
            OutOfFold::load(&self.folder.trial(number)).ok().map(|of| (trial, of)).into_iter().collect();
        let epochs = self.store.epochs(number)?;
        let whole = self.report_model(false)?;
        // The baseline stays, for what a score is worth.
        let is_shown = |of: &TrialRecord| of.number == number || Some(of.number) == whole.baseline;
        Ok(ReportModel {
            title: format!("Trial #{number} of {}", whole.title),
            best: Some(number).filter(|_| trial.cost.is_some()),
            trials: self.trials.iter().filter(|of| is_shown(of)).cloned().collect(),
            epochs: [(number, epochs)].into_iter().filter(|(_, epochs)| !epochs.is_empty()).collect(),
            networks: self.networks(&own.iter().collect::<Vec<_>>()),
            out_of_fold: predicted(own.iter().collect()),
            front: None,
            importance: None,
            space: None,
            final_model: None,
            error_correlations: None,
            explanation: None,
            holdout: None,
            ..whole
        })
    }

    /// The best trials with their out-of-fold predictions.
    fn library(&self) -> Vec<(&TrialRecord, OutOfFold)> {
        // A person may have removed the folder of any of them, and a report can do without.
        let load = |trial: &&TrialRecord| OutOfFold::load(&self.folder.trial(trial.number)).ok();
        let kept = library::kept(&self.trials);
        kept.iter().filter_map(|trial| Some((*trial, load(trial)?))).collect()
    }

    /// Layers of the networks among trials.
    fn networks(&self, trials: &[&(&TrialRecord, OutOfFold)]) -> BTreeMap<u32, Vec<LayerFacts>> {
        let layers = |trial: &TrialRecord| {
            let family = trial.params.text("family").ok()?;
            let dir = self.folder.trial(trial.number).join("fold-0");
            let model = FoldModel::load(&dir, family, Device::default()).ok()?;
            Some(model.model.layers()).filter(|layers| !layers.is_empty())
        };
        trials.iter().filter_map(|(trial, _)| Some((trial.number, layers(trial)?))).collect()
    }

    fn final_facts(&self, facts: Option<&FinalFacts>) -> Result<Option<FinalModel>, AutomlError> {
        let Some(manifest) = self.final_model()? else { return Ok(None) };
        let nested = NestedScores::read(self.folder.root())?.map(|scores| scores.folds).unwrap_or_default();
        let of_metric = |fold: &Vec<(Metric, f64)>| {
            fold.iter().find(|(metric, _)| *metric == manifest.metric).map(|(_, value)| *value)
        };
        Ok(Some(FinalModel {
            kind: manifest.kind.name().to_owned(),
            parts: parts_of(&manifest),
            estimates: manifest.estimates.iter().map(|of| (of.kind.name().to_owned(), of.score)).collect(),
            scores: manifest.cross_validation.clone(),
            calibration: calibration_of(&manifest.calibrator),
            threshold: threshold_of(&manifest.decision),
            predict_ms: facts.map(|facts| facts.predict_ms),
            n_bytes: bytes_in(&self.folder.model())?,
            nested: nested.iter().filter_map(of_metric).collect(),
        }))
    }

    fn facts(&self, config: &ExperimentConfig) -> RunFacts {
        let time =
            config.search.time.as_deref().and_then(|time| parse_duration(time).ok()).map(format_duration);
        let trials = config.search.trials.map(|trials| counted(trials, "trial"));
        RunFacts {
            command: self.command(),
            data_files: vec![config.data.display().to_string()],
            budget: [trials, time].into_iter().flatten().collect::<Vec<_>>().join(" or "),
            elapsed_secs: time_used(&self.trials).as_secs_f64(),
            seed: self.header.seed.value(),
            device: config.device.to_string(),
        }
    }

    fn command(&self) -> String {
        format!("automl search {}", self.folder.config().display())
    }

    fn baseline(&self) -> Option<u32> {
        let constant = |trial: &&TrialRecord| trial.params.text("family") == Ok("constant");
        let constants: Vec<TrialRecord> = self.trials.iter().filter(constant).cloned().collect();
        TrialRecord::best(&constants).map(|trial| trial.number)
    }

    /// Epochs of the best trials that have any, and of those that are shown.
    fn epochs(
        &self,
        board: &Leaderboard,
        shown: &[&(&TrialRecord, OutOfFold)],
    ) -> Result<BTreeMap<u32, Vec<(u32, Epoch)>>, AutomlError> {
        let mut curves = BTreeMap::new();
        let best = board.rows.iter().filter(|row| row.rank.is_some()).map(|row| row.trial);
        for trial in shown.iter().map(|(trial, _)| trial.number).chain(best) {
            let epochs = self.store.epochs(trial)?;
            if !epochs.is_empty() {
                curves.insert(trial, epochs);
            }
            if curves.len() >= shown.len().max(CURVES) {
                break;
            }
        }
        Ok(curves)
    }

    /// The first two objectives, where there are several.
    fn front(&self, board: &Leaderboard) -> Option<Front> {
        let [first, second, ..] = self.header.objectives.as_slice() else { return None };
        let point = |row: &LeaderboardRow| {
            let trial = self.trials.iter().find(|trial| trial.number == row.trial)?;
            Some(FrontPoint {
                trial: row.trial,
                first: first.direction.value(trial.cost?),
                second: *row.also.first()?,
                on_front: row.on_front?,
            })
        };
        let points = board.rows.iter().filter_map(point).collect();
        Some(Front { names: [first.name.clone(), second.name.clone()], points })
    }

    fn holdout(&self) -> Result<Option<HoldoutResult>, AutomlError> {
        if !self.folder.model().is_dir() {
            return Ok(None);
        }
        let manifest = Manifest::open(&self.folder.model())?;
        let result = HoldoutResult { n_rows: manifest.n_holdout, scores: manifest.holdout };
        Ok((result.n_rows > 0).then_some(result))
    }

    fn warnings(&self) -> Result<Vec<String>, AutomlError> {
        let events = self.store.events()?;
        Ok(events.into_iter().filter(|event| event.kind == "warning").map(|event| event.message).collect())
    }

    fn reproduce(&self, config: &ExperimentConfig) -> Result<Reproduce, AutomlError> {
        Ok(Reproduce {
            command: self.command(),
            config_toml: config.to_toml()?,
            versions: machine::versions(),
            data_hash: self.header.data_hash.clone(),
            machine: machine::facts(),
        })
    }

    fn parse<T: DeserializeOwned>(&self, what: &str, text: &str) -> Result<T, AutomlError> {
        serde_json::from_str(text).map_err(|error| {
            AutomlError::config(format!(
                "the {what} in `{}` is wrong: {error}",
                self.folder.study().display()
            ))
        })
    }
}

/// The best trial of each of the best families.
fn best_of_families<'a>(
    library: &'a [(&'a TrialRecord, OutOfFold)],
) -> Vec<&'a (&'a TrialRecord, OutOfFold)> {
    let mut families: Vec<&str> = Vec::new();
    let mut best = Vec::new();
    for of in library {
        let family = of.0.params.text("family").unwrap_or_default();
        if families.len() < FAMILIES && !families.contains(&family) {
            families.push(family);
            best.push(of);
        }
    }
    best
}

fn predicted(trials: Vec<&(&TrialRecord, OutOfFold)>) -> BTreeMap<u32, automl_report::OutOfFold> {
    let of = |(trial, of): &(&TrialRecord, OutOfFold)| {
        let (target, predictions) = (of.target.clone(), of.predictions.clone());
        (trial.number, automl_report::OutOfFold { target, predictions })
    };
    trials.into_iter().map(of).collect()
}

fn calibration_of(calibrator: &Calibrator) -> String {
    match calibrator {
        Calibrator::None => String::new(),
        Calibrator::Temperature(_) => "one temperature for all classes".to_owned(),
        Calibrator::Platt(_) => "a sigmoid for each class (Platt)".to_owned(),
        Calibrator::Isotonic(_) => "a step line for each class (isotonic)".to_owned(),
    }
}

fn threshold_of(rule: &DecisionRule) -> Option<f64> {
    match rule {
        DecisionRule::Threshold(threshold) => Some(*threshold),
        DecisionRule::MostProbable | DecisionRule::Multipliers(_) => None,
    }
}

/// Bytes of all files in a folder.
fn bytes_in(folder: &Path) -> Result<u64, ArtifactError> {
    let failed = |source| io_error("read", folder, source);
    let mut n_bytes = 0;
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        n_bytes += if path.is_dir() { bytes_in(&path)? } else { fs::metadata(&path).map_err(failed)?.len() };
    }
    Ok(n_bytes)
}

fn importance_of(found: Importances) -> Importance {
    Importance {
        params: found.params.into_iter().map(|param| (param.name, param.share)).collect(),
        interactions: found.interactions.into_iter().map(|pair| (pair.a, pair.b, pair.share)).collect(),
    }
}

/// The configurations of a final model, the heaviest first.
fn parts_of(manifest: &Manifest) -> Vec<ModelPart> {
    let weights = match &manifest.combine {
        Combine::Mean(weights) => weights,
        Combine::Stack(stack) => &stack.weights,
    };
    let part = |(model, weight): (&ManifestModel, &f64)| ModelPart {
        trial: model.trial,
        family: model.family.clone(),
        weight: *weight,
        n_members: model.folders().count(),
    };
    let mut parts: Vec<ModelPart> = manifest.models.iter().zip(weights).map(part).collect();
    parts.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    parts
}

/// Pearson's correlations of the errors of trials that predicted the same rows: of the residuals, or of one minus the
/// probability of the true class.
fn error_correlations(library: &[(&TrialRecord, OutOfFold)]) -> Option<ErrorCorrelations> {
    let (_, first) = library.first()?;
    let own: Vec<&(&TrialRecord, OutOfFold)> =
        library.iter().filter(|(_, of)| of.rows == first.rows).take(CORRELATED).collect();
    let errors: Vec<Vec<f64>> = own.iter().map(|(_, of)| errors_of(of)).collect();
    let name =
        |trial: &TrialRecord| format!("#{} {}", trial.number, trial.params.text("family").unwrap_or("–"));
    let mut values = Vec::with_capacity(own.len() * own.len());
    for one in &errors {
        values.extend(errors.iter().map(|other| correlation(one, other)));
    }
    (own.len() > 1)
        .then(|| ErrorCorrelations { names: own.iter().map(|(trial, _)| name(trial)).collect(), values })
}

fn errors_of(of: &OutOfFold) -> Vec<f64> {
    match (&of.target, &of.predictions) {
        (Target::Real(truth), Predictions::Real(predicted)) => {
            truth.iter().zip(predicted).map(|(truth, predicted)| truth - predicted).collect()
        }
        (Target::Classes { codes, .. }, Predictions::Proba(proba)) => codes
            .iter()
            .zip(proba.rows())
            .map(|(code, row)| 1.0 - row.get(*code as usize).unwrap_or(&0.0))
            .collect(),
        _ => Vec::new(),
    }
}

fn correlation(one: &[f64], other: &[f64]) -> Option<f64> {
    let n = one.len().min(other.len()) as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
    let (a, b) = (mean(one), mean(other));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in one.iter().zip(other) {
        ab += (x - a) * (y - b);
        aa += (x - a).powi(2);
        bb += (y - b).powi(2);
    }
    Some(ab / (aa * bb).sqrt()).filter(|value| value.is_finite()).map(|value: f64| value.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_are_pearson_s() {
        // numpy 2.4: np.corrcoef([1, 2, 3, 5], [2, 1, 4, 6])[0, 1].
        let value = correlation(&[1.0, 2.0, 3.0, 5.0], &[2.0, 1.0, 4.0, 6.0]).unwrap();
        assert!((value - 0.902_243_638_678_106_1).abs() < 1e-12, "{value}");
        assert_eq!(correlation(&[1.0, 1.0], &[2.0, 3.0]), None);
    }

    #[test]
    fn errors_are_residuals_or_what_is_missing_to_certainty() {
        let of = |target: Target, predictions: Predictions| OutOfFold {
            rows: vec![0, 1],
            target,
            predictions,
            predict_ms: 0.0,
        };
        let numbers = of(Target::Real(vec![1.0, 2.0]), Predictions::Real(vec![0.5, 3.0]));
        assert_eq!(errors_of(&numbers), [0.5, -1.0]);
        let proba = Predictions::Proba(automl_core::Matrix::new(2, 2, vec![0.25, 0.75, 1.0, 0.0]));
        let classes = of(Target::Classes { codes: vec![1, 0], n_classes: 2 }, proba);
        assert_eq!(errors_of(&classes), [0.25, 0.0]);
    }
}
