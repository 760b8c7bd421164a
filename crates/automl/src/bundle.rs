//! The bundle: a model as files. Nothing in it is executable.
//!
//! ```text
//! model/
//!   manifest.json           what it predicts, from which columns, how good it is, what made it
//!   model-0/fold-0/preprocess.json  fitted preprocessing
//!   model-0/fold-0/model.json       the model's configuration
//!   model-0/fold-0/weights.safetensors
//!   model-0/fold-1/…
//!   model-0/refit/…                 the same configuration on all rows, where the folds lack many
//!   model-1/…                       further configurations of an ensemble
//!   SHA256SUMS              of every other file; `sha256sum -c SHA256SUMS` checks it, and so does loading
//! ```

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use automl_core::{ArtifactError, Metric, Params, Predictions, Target};
use automl_data::FeatureSchema;
use automl_ensemble::DecisionRule;
use automl_ensemble::calibration::Calibrator;
use automl_models::artifact;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::compose::{Combine, Estimate, Kind};
use crate::run_folder::{io_error, write_atomic};
use crate::scoring;

/// Version of the layout above. A bundle of a newer one is refused.
pub(crate) const FORMAT: u32 = 3;
/// The oldest version that is read: it knew no refits.
const OLDEST: u64 = 2;
const MANIFEST: &str = "manifest.json";
const SUMS: &str = "SHA256SUMS";

/// What `manifest.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the bundle's layout.
    pub format: u32,
    /// Version of the automl that wrote it.
    pub automl_version: String,
    /// Experiment it comes from.
    pub name: String,
    /// What kind of model it is.
    pub kind: Kind,
    /// The configurations it is made of.
    pub models: Vec<ManifestModel>,
    /// How their predictions become one.
    pub combine: Combine,
    /// What corrects the probabilities.
    pub calibrator: Calibrator,
    /// How probabilities become a class.
    pub decision: DecisionRule,
    /// What each kind of model was judged to be worth: nested estimates of the metric, from which the kind was chosen.
    pub estimates: Vec<Estimate>,
    /// What the search optimised.
    pub metric: Metric,
    /// Every metric of nested out-of-fold predictions: of no row did anything see the target that predicts it.
    pub cross_validation: Vec<(Metric, f64)>,
    /// Scores on the holdout, which no choice ever saw; empty without one.
    pub holdout: Vec<(Metric, f64)>,
    /// Rows of the holdout.
    pub n_holdout: usize,
    /// SHA-256 of the training data's content.
    pub data_hash: String,
    /// Columns, their kinds and levels, the target and its labels.
    pub schema: FeatureSchema,
}

/// One configuration of a final model: the mean of its members; with a refit, the mean of that mean and the refit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManifestModel {
    /// Number of the trial.
    pub trial: u32,
    /// Identifier of the model family.
    pub family: String,
    /// The trial's configuration.
    pub params: Params,
    /// Folders of the members: a model a fold.
    pub members: Vec<String>,
    /// Folder of the model that was fitted on all rows but the holdout's, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refit: Option<String>,
}

impl ManifestModel {
    /// Folders of all its models.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &String> {
        self.members.iter().chain(&self.refit)
    }
}

impl Manifest {
    /// The trial with the largest weight.
    pub fn trial(&self) -> u32 {
        self.heaviest().map_or(0, |model| model.trial)
    }

    /// The family of a single configuration, or the kind of several.
    pub fn family(&self) -> &str {
        match (self.models.as_slice(), self.kind) {
            ([only], _) => &only.family,
            (_, kind) => kind.name(),
        }
    }

    /// Every metric of predictions; those of classes by the rule of decision.
    pub(crate) fn score(
        &self,
        target: &Target,
        predictions: &Predictions,
        weights: Option<&[f32]>,
    ) -> Vec<(Metric, f64)> {
        let is_tuned = self.decision != DecisionRule::MostProbable;
        let decided = is_tuned.then_some((&self.decision, predictions));
        scoring::score_decided(self.schema.task, target, predictions, decided, weights)
    }

    fn heaviest(&self) -> Option<&ManifestModel> {
        let weighted = self.models.iter().zip(self.combine.weights());
        weighted.max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(model, _)| model)
    }

    /// Writes the manifest and the checksums of all files into the bundle folder `dir`.
    pub(crate) fn seal(&self, dir: &Path) -> Result<(), ArtifactError> {
        artifact::save_json(dir, MANIFEST, self)?;
        let mut sums = String::new();
        for file in files_below(dir)? {
            // Writing to a `String` cannot fail.
            let _ = writeln!(sums, "{}  {}", sha256_of(&dir.join(&file))?, file);
        }
        write_atomic(&dir.join(SUMS), sums.as_bytes())
    }

    /// Reads a bundle's manifest after checking every file of the bundle.
    ///
    /// # Errors
    /// [`ArtifactError`] naming the missing, changed, added or newer file.
    pub fn open(dir: &Path) -> Result<Self, ArtifactError> {
        check_sums(dir)?;
        let value: serde_json::Value = artifact::load_json(dir, MANIFEST)?;
        let corrupt = |reason: String| ArtifactError::Corrupt { path: dir.join(MANIFEST), reason };
        match value.get("format").and_then(serde_json::Value::as_u64) {
            Some(format) if !(OLDEST..=u64::from(FORMAT)).contains(&format) => {
                return Err(corrupt(format!(
                    "has format {format}; this automl reads formats {OLDEST} to {FORMAT}"
                )));
            }
            None => return Err(corrupt("is no manifest: it has no `format`".to_owned())),
            Some(_) => {}
        }
        serde_json::from_value(value).map_err(|error| corrupt(format!("is no manifest: {error}")))
    }
}

/// Whether `dir` looks like a bundle.
pub(crate) fn is_one(dir: &Path) -> bool {
    dir.join(SUMS).is_file() || dir.join(MANIFEST).is_file()
}

fn check_sums(dir: &Path) -> Result<(), ArtifactError> {
    let path = dir.join(SUMS);
    let sums = fs::read_to_string(&path).map_err(|source| io_error("read", &path, source))?;
    let mut listed = Vec::new();
    for line in sums.lines() {
        let Some((sum, file)) = line.split_once("  ") else {
            let reason = format!("has a line that is no checksum: `{line}`");
            return Err(ArtifactError::Corrupt { path, reason });
        };
        let found = sha256_of(&dir.join(file))?;
        if found != sum {
            let reason = format!("was changed: its SHA-256 is {found}, the bundle's is {sum}");
            return Err(ArtifactError::Corrupt { path: dir.join(file), reason });
        }
        listed.push(file.to_owned());
    }
    match files_below(dir)?.into_iter().find(|file| !listed.contains(file)) {
        Some(file) => Err(ArtifactError::Corrupt {
            path: dir.join(file),
            reason: "is not part of the bundle".to_owned(),
        }),
        None => Ok(()),
    }
}

/// Paths of all files below `dir`, relative to it with `/` between parts, sorted, without the checksums.
fn files_below(dir: &Path) -> Result<Vec<String>, ArtifactError> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let path = dir.join(&folder);
        for entry in fs::read_dir(&path).map_err(|source| io_error("read", &path, source))? {
            let entry = entry.map_err(|source| io_error("read", &path, source))?;
            let relative = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(relative);
            } else {
                let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
                files.push(parts.join("/"));
            }
        }
    }
    files.retain(|file| file != SUMS);
    files.sort();
    Ok(files)
}

/// SHA-256 of the bundle's checksums, which stands for all of its files.
pub(crate) fn fingerprint(dir: &Path) -> Result<String, ArtifactError> {
    sha256_of(&dir.join(SUMS))
}

fn sha256_of(path: &Path) -> Result<String, ArtifactError> {
    let bytes = fs::read(path).map_err(|source| io_error("read", path, source))?;
    Ok(Sha256::digest(&bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}
