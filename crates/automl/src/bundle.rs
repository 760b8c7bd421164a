//! The bundle: a model as files. Nothing in it is executable.
//!
//! ```text
//! model/
//!   manifest.json           what it predicts, from which columns, how good it is, what made it
//!   fold-0/preprocess.json  fitted preprocessing
//!   fold-0/model.json       the model's configuration
//!   fold-0/weights.safetensors
//!   fold-1/…
//!   SHA256SUMS              of every other file; `sha256sum -c SHA256SUMS` checks it, and so does loading
//! ```

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use automl_core::{ArtifactError, Metric, Params};
use automl_data::FeatureSchema;
use automl_models::artifact;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::run_folder::{io_error, write_atomic};

/// Version of the layout above. A bundle of a newer one is refused.
pub(crate) const FORMAT: u32 = 1;
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
    /// Number of the trial it is.
    pub trial: u32,
    /// Identifier of the model family.
    pub family: String,
    /// The trial's configuration.
    pub params: Params,
    /// What the search optimised.
    pub metric: Metric,
    /// Mean over the folds of every metric.
    pub cross_validation: Vec<(Metric, f64)>,
    /// Scores on the holdout, which no choice ever saw; empty without one.
    pub holdout: Vec<(Metric, f64)>,
    /// Rows of the holdout.
    pub n_holdout: usize,
    /// SHA-256 of the training data's content.
    pub data_hash: String,
    /// Folders of the members whose mean is the prediction.
    pub members: Vec<String>,
    /// Columns, their kinds and levels, the target and its labels.
    pub schema: FeatureSchema,
}

impl Manifest {
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
            Some(format) if format > u64::from(FORMAT) => {
                return Err(corrupt(format!("has format {format}; this automl knows up to {FORMAT}")));
            }
            None => return Err(corrupt("is no manifest: it has no `format`".to_owned())),
            Some(_) => {}
        }
        serde_json::from_value(value).map_err(|error| corrupt(format!("is no manifest: {error}")))
    }
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
