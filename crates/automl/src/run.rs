//! A run folder, read: its leaderboard and its report. Needs none of the data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use automl_core::{DataProfile, FoldPlan, History, Seed, TrialRecord, TrialStore};
use automl_report::{Front, FrontPoint, HoldoutResult, ReportModel, Reproduce, RunFacts};
use automl_search::importance::{
    Fanova, FanovaConfig, ImportanceError, Importances, PedAnova, PedAnovaConfig, cost,
};
use automl_store::{StudyFile, StudyHeader};
use serde::de::DeserializeOwned;

use crate::bundle::Manifest;
use crate::config::ExperimentConfig;
use crate::duration::{format_duration, parse_duration};
use crate::error::AutomlError;
use crate::leaderboard::{Leaderboard, LeaderboardRow};
use crate::out_of_fold::OutOfFold;
use crate::run_folder::{RunFolder, write_atomic};
use crate::{machine, split, study};

/// Trials whose learning curves the report draws.
const CURVES: usize = 5;

/// How the importance of parameters is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ImportanceMethod {
    /// What matters over the whole space, alone and in pairs (Hutter et al. 2014).
    #[default]
    Fanova,
    /// What must be right to be among the best tenth (Watanabe et al. 2023).
    PedAnova,
}

/// What a search left in its folder.
pub struct Run {
    folder: RunFolder,
    store: StudyFile,
    header: StudyHeader,
    trials: Vec<TrialRecord>,
}

impl Run {
    /// Opens a run folder to read from.
    ///
    /// # Errors
    /// [`AutomlError::NoRun`] if it holds no study; [`AutomlError::Store`] if the study cannot be read.
    pub fn open(root: &Path) -> Result<Self, AutomlError> {
        let folder = RunFolder::open(root)?;
        let store = StudyFile::open_read_only(folder.study())?;
        let header = store.header()?;
        let trials = store.trials()?;
        Ok(Self { folder, store, header, trials })
    }

    /// All trials in order of number.
    pub fn trials(&self) -> &[TrialRecord] {
        &self.trials
    }

    /// All trials in order of merit.
    pub fn leaderboard(&self) -> Leaderboard {
        let mut board =
            Leaderboard::with_objectives(&self.trials, self.header.metric, &self.header.objectives);
        // A study that Optuna made may have no folds.
        let plan: Option<FoldPlan> = serde_json::from_str(&self.header.fold_plan).ok();
        if let Some(fold) = plan.as_ref().and_then(|plan| plan.folds.first()) {
            board.compare(&self.trials, fold.valid.len() as f64 / fold.train.len().max(1) as f64);
        }
        board
    }

    /// The final model; `None` before a search has ended with one.
    ///
    /// # Errors
    /// [`ArtifactError`](automl_core::ArtifactError) naming the file that is missing, changed or newer.
    pub fn final_model(&self) -> Result<Option<Manifest>, AutomlError> {
        let dir = self.folder.model();
        Ok(if dir.is_dir() { Some(Manifest::open(&dir)?) } else { None })
    }

    /// How much each parameter matters to the cost: over the whole space (fANOVA) or among the best tenth (PED-ANOVA).
    ///
    /// # Errors
    /// [`AutomlError`] if there are too few complete trials, or the study's search space cannot be read.
    pub fn importance(&self, method: ImportanceMethod) -> Result<Importances, AutomlError> {
        let space = study::read_space(&self.header.initial)?;
        let trials = self.trials.iter().filter(|trial| trial.state.is_finished()).cloned();
        let history = History::with_trials(space, trials);
        let seed = Seed(self.header.seed.value());
        let told = |error: ImportanceError| AutomlError::config(format!("importance: {error}"));
        match method {
            ImportanceMethod::Fanova => Fanova::new(FanovaConfig::default())
                .and_then(|of| of.evaluate(&history, &cost, seed))
                .map_err(told),
            ImportanceMethod::PedAnova => PedAnova::new(PedAnovaConfig::default())
                .and_then(|of| of.evaluate(&history, &cost))
                .map_err(told),
        }
    }

    /// Writes `report.html` and returns its path.
    ///
    /// # Errors
    /// [`AutomlError`] if something cannot be read or written.
    pub fn write_report(&self) -> Result<PathBuf, AutomlError> {
        self.write_report_stopped(false)
    }

    pub(crate) fn write_report_stopped(&self, interrupted: bool) -> Result<PathBuf, AutomlError> {
        let path = self.folder.report();
        automl_report::write(&self.report_model(interrupted)?, &path)?;
        Ok(path)
    }

    pub(crate) fn write_leaderboard(&self) -> Result<Leaderboard, AutomlError> {
        let board = self.leaderboard();
        let csv = board.to_csv().map_err(AutomlError::config)?;
        write_atomic(&self.folder.leaderboard(), csv.as_bytes())?;
        Ok(board)
    }

    fn report_model(&self, interrupted: bool) -> Result<ReportModel, AutomlError> {
        let config: ExperimentConfig = toml::from_str(&self.header.config)
            .map_err(|error| AutomlError::config(format!("the study's configuration is wrong: {error}")))?;
        let profile: DataProfile = self.parse("data profile", &self.header.data_profile)?;
        let plan: FoldPlan = self.parse("fold plan", &self.header.fold_plan)?;
        let options = split::resolve(&mut config.split.clone(), profile.n_rows)?;
        let best = TrialRecord::best(&self.trials);
        Ok(ReportModel {
            title: self.header.name.clone(),
            created: automl_store::now().chars().take(16).collect::<String>() + " UTC",
            run: self.facts(&config),
            split: split::describe(&options, plan.holdout.len()),
            metric: self.header.metric,
            best: best.map(|trial| trial.number),
            baseline: self.baseline(),
            epochs: self.epochs()?,
            front: self.front(),
            out_of_fold: best.map(|best| self.out_of_fold(best)).transpose()?.flatten(),
            holdout: self.holdout()?,
            warnings: self.warnings()?,
            interrupted,
            reproduce: self.reproduce(&config)?,
            trials: self.trials.clone(),
            profile,
        })
    }

    fn facts(&self, config: &ExperimentConfig) -> RunFacts {
        let time =
            config.search.time.as_deref().and_then(|time| parse_duration(time).ok()).map(format_duration);
        let trials = config.search.trials.map(|trials| format!("{trials} trials"));
        RunFacts {
            command: self.command(),
            data_files: vec![config.data.display().to_string()],
            budget: [trials, time].into_iter().flatten().collect::<Vec<_>>().join(" or "),
            elapsed_secs: self.trials.iter().map(|trial| trial.seconds).sum(),
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

    fn epochs(&self) -> Result<BTreeMap<u32, Vec<(u32, automl_core::Epoch)>>, AutomlError> {
        let board = self.leaderboard();
        let mut curves = BTreeMap::new();
        for row in board.rows.iter().filter(|row| row.rank.is_some()) {
            let epochs = self.store.epochs(row.trial)?;
            if !epochs.is_empty() {
                curves.insert(row.trial, epochs);
            }
            if curves.len() == CURVES {
                break;
            }
        }
        Ok(curves)
    }

    /// The best trial's out-of-fold predictions; `None` if a person removed them from the folder.
    fn out_of_fold(&self, best: &TrialRecord) -> Result<Option<automl_report::OutOfFold>, AutomlError> {
        let dir = self.folder.trial(best.number);
        if !dir.is_dir() {
            return Ok(None);
        }
        let OutOfFold { target, predictions, .. } = OutOfFold::load(&dir)?;
        Ok(Some(automl_report::OutOfFold { target, predictions }))
    }

    /// The first two objectives, where there are several.
    fn front(&self) -> Option<Front> {
        let [first, second, ..] = self.header.objectives.as_slice() else { return None };
        let board = self.leaderboard();
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
