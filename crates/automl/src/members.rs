//! Fold models: fitted preprocessing and fitted model together; the mean of several; what is made of several means.

use std::fs;
use std::path::{Path, PathBuf};

use automl_core::{ArtifactError, Device, FittedModel, Metric, Predictions};
use automl_data::Table;
use automl_data::prep::FittedPreprocessor;
use automl_models::artifact;

use crate::bundle::{self, Manifest, ManifestModel};
use crate::error::AutomlError;
use crate::run_folder::io_error;

const PREPROCESS: &str = "preprocess.json";

/// A model with the preprocessing that was fitted on the same rows.
pub(crate) struct FoldModel {
    pub(crate) prep: FittedPreprocessor,
    pub(crate) model: Box<dyn FittedModel>,
}

impl FoldModel {
    pub(crate) fn predict(&self, table: &Table, rows: &[usize]) -> Result<Predictions, AutomlError> {
        let design = self.prep.transform(table, rows)?;
        Ok(self.model.predict(&design)?)
    }

    pub(crate) fn save(&self, dir: &Path) -> Result<(), ArtifactError> {
        fs::create_dir_all(dir).map_err(|source| io_error("create", dir, source))?;
        artifact::save_json(dir, PREPROCESS, &self.prep)?;
        self.model.save(dir)
    }

    pub(crate) fn load(dir: &Path, family: &str, device: Device) -> Result<Self, ArtifactError> {
        let prep = artifact::load_json(dir, PREPROCESS)?;
        let family = automl_models::family(family).ok_or_else(|| ArtifactError::Corrupt {
            path: dir.to_owned(),
            reason: format!("is of the model family `{family}`, which this automl does not know"),
        })?;
        Ok(Self { prep, model: family.load(dir, device)? })
    }
}

/// A model that predicts tables.
pub struct Model {
    manifest: Manifest,
    /// Of each configuration.
    models: Vec<Members>,
}

/// The models of one configuration.
struct Members {
    folds: Vec<FoldModel>,
    /// Fitted on all rows.
    refit: Option<FoldModel>,
}

impl Model {
    /// Reads a bundle, checking every file of it.
    ///
    /// # Errors
    /// [`AutomlError::Config`] for a folder that is no bundle; [`ArtifactError`] naming the file that is missing, changed or
    /// newer.
    pub fn load(dir: &Path, device: Device) -> Result<Self, AutomlError> {
        if !bundle::is_one(dir) {
            let error = AutomlError::config(format!("there is no model in `{}`", dir.display()));
            let inner = dir.join("model");
            return Err(if bundle::is_one(&inner) {
                error.with_hint(format!("that of this run is `{}`", inner.display()))
            } else {
                error.with_hint("a search leaves its final model in `model` of the run folder")
            });
        }
        Ok(Self::from_members(Manifest::open(dir)?, device, |_, member| dir.join(member))?)
    }

    /// Reads the members that `manifest` names from where `place` says they are, given the number of the model and the
    /// member's folder in a bundle.
    pub(crate) fn from_members(
        manifest: Manifest,
        device: Device,
        place: impl Fn(usize, &str) -> PathBuf,
    ) -> Result<Self, ArtifactError> {
        let load_model = |(index, model): (usize, &ManifestModel)| -> Result<Members, ArtifactError> {
            let load = |member: &String| FoldModel::load(&place(index, member), &model.family, device);
            Ok(Members {
                folds: model.members.iter().map(load).collect::<Result<_, _>>()?,
                refit: model.refit.as_ref().map(load).transpose()?,
            })
        };
        let models = manifest.models.iter().enumerate().map(load_model).collect::<Result<_, _>>()?;
        Ok(Self { manifest, models })
    }

    /// What the bundle says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Number of learnt numbers of all members.
    pub fn n_parameters(&self) -> usize {
        let all = self.models.iter().flat_map(|members| members.folds.iter().chain(&members.refit));
        all.map(|member| member.model.n_parameters()).sum()
    }

    /// Predicts all rows of a table that was read with the manifest's schema.
    ///
    /// # Errors
    /// [`AutomlError::Data`] or [`AutomlError::Fit`] if the table has other columns.
    pub fn predict(&self, table: &Table) -> Result<Predictions, AutomlError> {
        let rows: Vec<usize> = (0..table.n_rows()).collect();
        self.predict_rows(table, &rows)
    }

    pub(crate) fn predict_rows(&self, table: &Table, rows: &[usize]) -> Result<Predictions, AutomlError> {
        let means = self.models.iter().map(|members| members.predict(table, rows));
        let means = means.collect::<Result<Vec<_>, _>>()?;
        let combined = self.manifest.combine.apply(&means.iter().collect::<Vec<_>>())?;
        Ok(match combined {
            Predictions::Proba(_) => clamp_to_sum(self.manifest.calibrator.apply(&combined)?),
            Predictions::Real(_) => combined,
        })
    }

    /// The class of each row, by the model's rule of decision; `None` for regression.
    ///
    /// # Errors
    /// [`AutomlError::Ensemble`] if the predictions are of another number of classes.
    pub fn decide(&self, predictions: &Predictions) -> Result<Option<Vec<u32>>, AutomlError> {
        match predictions {
            Predictions::Real(_) => Ok(None),
            Predictions::Proba(_) => Ok(Some(self.manifest.decision.classes(predictions)?)),
        }
    }

    /// Scores all rows of a table that has the target.
    ///
    /// # Errors
    /// [`AutomlError::Config`] if the table has no target; otherwise as [`Model::predict`].
    pub fn evaluate(&self, table: &Table) -> Result<Vec<(Metric, f64)>, AutomlError> {
        let target = table.target().ok_or_else(|| {
            AutomlError::config(format!(
                "the data have no column `{}` to compare with",
                self.manifest.schema.target
            ))
        })?;
        let predictions = self.predict(table)?;
        Ok(self.manifest.score(target, &predictions, table.weights()))
    }
}

impl Members {
    /// The mean over the folds; with a refit, the mean of that and the refit, which saw more rows than each of them.
    fn predict(&self, table: &Table, rows: &[usize]) -> Result<Predictions, AutomlError> {
        let mean = |parts: &[Predictions]| {
            Predictions::mean(parts)
                .ok_or_else(|| AutomlError::config("the bundle has a model without members"))
        };
        let parts = self.folds.iter().map(|member| member.predict(table, rows));
        let of_folds = mean(&parts.collect::<Result<Vec<_>, _>>()?)?;
        match &self.refit {
            Some(refit) => mean(&[of_folds, refit.predict(table, rows)?]),
            None => Ok(of_folds),
        }
    }
}

/// The mean of rows that sum to 1 sums to 1 but for the last digits.
fn clamp_to_sum(predictions: Predictions) -> Predictions {
    let Predictions::Proba(mut proba) = predictions else { return predictions };
    for row in 0..proba.n_rows() {
        let sum: f64 = proba.row(row).iter().sum();
        if sum > 0.0 {
            proba.row_mut(row).iter_mut().for_each(|value| *value /= sum);
        }
    }
    Predictions::Proba(proba)
}
