//! A run folder, read: its leaderboard and its report. Needs none of the data.

use std::fs;
use std::path::{Path, PathBuf};

use automl_core::{FoldPlan, History, Seed, TrialRecord, TrialStore};
use automl_report::{Chart, ReportModel, Theme, png};
use automl_search::importance::{
    Fanova, FanovaConfig, ImportanceError, Importances, PedAnova, PedAnovaConfig, cost,
};
use automl_store::{StudyFile, StudyHeader};

use crate::bundle::Manifest;
use crate::error::AutomlError;
use crate::leaderboard::Leaderboard;
use crate::run_folder::{RunFolder, io_error, write_atomic};
use crate::study;

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
    pub(crate) folder: RunFolder,
    pub(crate) store: StudyFile,
    pub(crate) header: StudyHeader,
    pub(crate) trials: Vec<TrialRecord>,
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
        if let Some(test_to_train) = plan.as_ref().and_then(FoldPlan::test_to_train) {
            board.compare(&self.trials, test_to_train);
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

    /// Writes `report.html` as it stands while a search goes on; a browser loads it anew after `every` seconds.
    ///
    /// # Errors
    /// As [`Run::write_report`].
    pub fn write_live_report(&self, every: u32) -> Result<PathBuf, AutomlError> {
        let path = self.folder.report();
        let model = ReportModel { reload_secs: Some(every), ..self.report_model(false)? };
        automl_report::write(&model, &path)?;
        Ok(path)
    }

    /// Writes the report of one trial, `report-trial-N.html`, and returns its path.
    ///
    /// # Errors
    /// [`AutomlError::Config`] if there is no such trial; otherwise as [`Run::write_report`].
    pub fn write_trial_report(&self, number: u32) -> Result<PathBuf, AutomlError> {
        let path = self.folder.trial_report(number);
        automl_report::write(&self.trial_report_model(number)?, &path)?;
        Ok(path)
    }

    /// Writes `report.json`, the same content for machines, and returns its path.
    ///
    /// # Errors
    /// As [`Run::write_report`].
    pub fn write_report_json(&self) -> Result<PathBuf, AutomlError> {
        let path = self.folder.root().join("report.json");
        write_atomic(&path, automl_report::json(&self.report_model(false)?)?.as_bytes())?;
        Ok(path)
    }

    /// All charts of the report.
    ///
    /// # Errors
    /// As [`Run::write_report`].
    pub fn charts(&self) -> Result<Vec<Chart>, AutomlError> {
        Ok(automl_report::charts(&self.report_model(false)?)?)
    }

    /// All charts of the report of one trial.
    ///
    /// # Errors
    /// As [`Run::write_trial_report`].
    pub fn trial_charts(&self, number: u32) -> Result<Vec<Chart>, AutomlError> {
        Ok(automl_report::charts(&self.trial_report_model(number)?)?)
    }

    /// Writes all charts into `folder`, each as `NAME.svg` and `NAME.png`.
    ///
    /// # Errors
    /// As [`Run::charts`], and [`AutomlError::Artifact`] naming what cannot be written.
    pub fn write_charts(&self, folder: &Path, theme: Theme) -> Result<(), AutomlError> {
        fs::create_dir_all(folder).map_err(|source| io_error("create", folder, source))?;
        for chart in self.charts()? {
            for ending in ["svg", "png"] {
                write_chart(&chart, theme, &folder.join(format!("{}.{ending}", chart.name)))?;
            }
        }
        Ok(())
    }

    /// Whether a search works on the folder.
    pub fn is_searched(&self) -> bool {
        RunFolder::is_searched(self.folder.root())
    }

    pub(crate) fn write_leaderboard(&self) -> Result<Leaderboard, AutomlError> {
        let board = self.leaderboard();
        let csv = board.to_csv().map_err(AutomlError::config)?;
        write_atomic(&self.folder.leaderboard(), csv.as_bytes())?;
        Ok(board)
    }
}

/// Writes a chart as a picture of the kind that the path ends in, `.svg` or `.png`.
///
/// # Errors
/// [`AutomlError::Config`] for another ending, [`AutomlError::Artifact`] if the file cannot be written.
pub fn write_chart(chart: &Chart, theme: Theme, path: &Path) -> Result<(), AutomlError> {
    let content = match path.extension().and_then(|ending| ending.to_str()) {
        Some("svg") => chart.svg(theme).into_bytes(),
        Some("png") => png(chart, theme)?,
        _ => {
            let message =
                format!("a chart's file must end in .svg or .png, and `{}` does not", path.display());
            return Err(AutomlError::config(message));
        }
    };
    Ok(write_atomic(path, &content)?)
}
