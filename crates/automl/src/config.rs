//! What a user asks for: [`ExperimentConfig`], as TOML, flags or builder calls give it. Unchecked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use automl_core::{ColumnKind, Device, Metric, Precision, Task};
use automl_data::Outer;
use serde::{Deserialize, Serialize};

use crate::error::AutomlError;
use crate::objectives::FurtherObjective;
use crate::run_folder::is_run_folder;

/// An experiment as it was asked for. [`Experiment::prepare`](crate::Experiment::prepare) makes it runnable.
///
/// | Name | Default | Meaning |
/// |---|---|---|
/// | `name` | name of the data file | names the run folder |
/// | `data` | required | file, or glob pattern of files with one schema |
/// | `target` | required | column to predict |
/// | `task` | inferred | `binary`, `multiclass`, `regression` |
/// | `positive` | the label that sorts last | the positive label of a binary task |
/// | `weight` | – | column of numbers above 0: how much each row counts in training and in scores |
/// | `metric` | `log_loss`, `rmse` | what the search optimises |
/// | `seed` | 0 | every random choice derives from it |
/// | `device` | `flex` | where networks train |
/// | `precision` | `f32` | what matrix products multiply: `f32`, or `bf16` on GPUs |
/// | `nested` | – | outer folds, from 2, on each of which the whole search is repeated and judged |
/// | `threads` | all cores | threads that training uses |
/// | `memory` | 80 % of what is free | memory that the fits of a search may use together, such as `4GB` |
/// | `out` | `runs/NAME` | the run folder |
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExperimentConfig {
    /// Names the run folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// File, or glob pattern of files with one schema; a function has none.
    #[serde(skip_serializing_if = "is_default")]
    pub data: PathBuf,
    /// Column to predict; a function has none.
    #[serde(skip_serializing_if = "is_default")]
    pub target: String,
    /// The kind of problem; inferred from the target if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// The positive label of a binary task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// Column that says how much each row counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// What the search optimises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// Every random choice derives from it.
    pub seed: u64,
    /// Where networks train.
    pub device: Device,
    /// What matrix products of networks multiply.
    #[serde(skip_serializing_if = "is_default")]
    pub precision: Precision,
    /// Outer folds of a nested cross-validation. The time is shared by the searches of all of them and the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nested: Option<usize>,
    /// Threads that training uses; all cores if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// Memory that the fits of a search may use together, such as `4GB`; 80 % of what is free if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// The run folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out: Option<PathBuf>,
    /// Kinds of columns where the inferred one is not wanted.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, ColumnKind>,
    /// How rows are split.
    pub split: SplitConfig,
    /// How configurations are searched.
    pub search: SearchConfig,
    /// What the final model may be.
    #[serde(rename = "final", skip_serializing_if = "is_default")]
    pub final_model: FinalConfig,
}

/// What the final model may be.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `single_model` | `false` | | one configuration, no ensemble |
/// | `max_predict_ms` | – | above 0 | most milliseconds in which its models predict 1000 prepared rows |
/// | `calibrate` | `true` | | whether probabilities are calibrated |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FinalConfig {
    /// One configuration, no ensemble.
    pub single_model: bool,
    /// Most milliseconds in which its models predict 1000 prepared rows on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_predict_ms: Option<f64>,
    /// Whether probabilities are calibrated: [`automl_ensemble::calibration::choose`].
    pub calibrate: bool,
}

impl Default for FinalConfig {
    fn default() -> Self {
        Self { single_model: false, max_predict_ms: None, calibrate: true }
    }
}

/// How rows are split into folds and holdout.
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `scheme` | `kfold` | `kfold`, `group`, `time`, `single` | kind of split |
/// | `folds` | by rows: 5, 3 above 10,000, 1 above 200,000 | 2 to 100 | number of folds |
/// | `repeats` | 1; 3 below 1,000 rows | 1 to 100 | independent k-folds |
/// | `group` | – | a column | rows of one group stay together |
/// | `time` | – | a column | validation rows are later than training rows |
/// | `holdout` | 0.1 | 0 to below 0.9 | share of rows that no trial sees and the final model is scored on |
/// | `outer` | – | `{ fold, of }` | the outer fold held out instead, of a nested cross-validation |
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitConfig {
    /// Kind of split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Scheme>,
    /// Number of folds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folds: Option<usize>,
    /// Independent k-folds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<usize>,
    /// Column of groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Column of times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Share of rows that no trial sees and the final model is scored on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holdout: Option<f64>,
    /// The outer fold that is held out instead; `nested` sets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outer: Option<Outer>,
}

/// The kind of split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// k folds, stratified by class where there are classes.
    Kfold,
    /// k folds that keep groups together.
    Group,
    /// Expanding windows in order of time.
    Time,
    /// One split.
    Single,
}

impl FromStr for Scheme {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "kfold" => Ok(Scheme::Kfold),
            "group" => Ok(Scheme::Group),
            "time" => Ok(Scheme::Time),
            "single" => Ok(Scheme::Single),
            other => Err(format!("unknown split `{other}`; there are kfold, group, time and single")),
        }
    }
}

/// How configurations are searched.
///
/// | Name | Default | Meaning |
/// |---|---|---|
/// | `sampler` | `auto` | what proposes configurations |
/// | `pruner` | `median` | what ends trials that cannot catch up |
/// | `fidelity` | `folds` | at what points a trial's cost is looked at by the pruner |
/// | `time` | `5m` unless `trials` is given | time budget of all runs together |
/// | `trial_time` | a quarter of `time` | most time of one trial |
/// | `trials` | – | number of trials |
/// | `target_score` | – | the search ends when the metric is at least as good |
/// | `plateau` | `false` | the search ends when no improvement is expected that the folds could tell from chance |
/// | `jobs` | 1 | worker processes |
/// | `families` | all that support the task | model families |
/// | `also` | – | further objectives: metrics, `predict_time`, `fit_time` |
/// | `space` | – | changes of the search space, by name of the parameter |
/// | `enqueue` | – | configurations to try first |
/// | `storage` | `OUT/study.sqlite3` | study file; one that Optuna made is gone on with |
/// | `study_name` | the only one | which study of `storage` |
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchConfig {
    /// Proposes configurations.
    pub sampler: SamplerKind,
    /// Ends trials that cannot catch up.
    pub pruner: PrunerKind,
    /// At what points a trial's cost is looked at.
    #[serde(skip_serializing_if = "is_default")]
    pub fidelity: Fidelity,
    /// Time budget, such as `5m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Most time of one trial; a quarter of `time` if absent. A trial that would take longer is pruned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial_time: Option<String>,
    /// Number of trials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trials: Option<usize>,
    /// Score that is good enough, in units of the metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_score: Option<f64>,
    /// Whether the search ends when no improvement worth a trial is expected.
    #[serde(skip_serializing_if = "is_default")]
    pub plateau: bool,
    /// Worker processes; 1 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<usize>,
    /// Model families; empty means all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<String>,
    /// Objectives beside the metric.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<FurtherObjective>,
    /// The study file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<PathBuf>,
    /// Name of the study in `storage`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub study_name: Option<String>,
    /// Changes of the search space: a value, a list of values, or `{ low, high, log, step }`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub space: BTreeMap<String, toml::Value>,
    /// Configurations to try first; what they leave out is filled with their family's defaults.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub enqueue: Vec<toml::Table>,
}

/// An enum whose variants have names: how they are written in TOML, on the command line and in messages.
macro_rules! named {
    ($(#[$meta:meta])* $kind:ident ($what:literal) { $($(#[$doc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        pub enum $kind {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)+
        }

        impl $kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// How it is written.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }

        impl FromStr for $kind {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|kind| kind.name() == text).ok_or_else(|| {
                    let names: Vec<&str> = Self::ALL.iter().map(|kind| kind.name()).collect();
                    format!("unknown {} `{text}`; there are {}", $what, names.join(", "))
                })
            }
        }
    };
}

named! {
    /// Which sampler proposes configurations.
    SamplerKind ("sampler") {
        /// The best for the space and the number of trials.
        #[default]
        Auto = "auto",
        /// Tree-structured Parzen estimator: any space, any number of trials.
        Tpe = "tpe",
        /// Gaussian process: best below a few hundred trials.
        Gp = "gp",
        /// Covariance matrix adaptation: numbers alone, many trials.
        CmaEs = "cmaes",
        /// Non-dominated sorting genetic algorithm: several objectives.
        Nsga2 = "nsga2",
        /// Scrambled Sobol sequence: fills the space evenly.
        Sobol = "sobol",
        /// Every configuration of a grid, once.
        Grid = "grid",
        /// Independent uniform draws.
        Random = "random",
    }
}

named! {
    /// Which pruner ends trials that cannot catch up.
    PrunerKind ("pruner") {
        /// Worse than the median of other trials at the same step.
        #[default]
        Median = "median",
        /// Worse than the best quarter of other trials at the same step.
        Percentile = "percentile",
        /// Asynchronous successive halving.
        Asha = "asha",
        /// Several successive halvings that start at different steps.
        Hyperband = "hyperband",
        /// Worse than the best trial by a paired test over the folds so far.
        Racing = "racing",
        /// Every trial runs to its end.
        None = "none",
    }
}

named! {
    /// At what points a trial's cost is looked at by the pruner. It is compared with other trials' costs at the
    /// same point alone.
    Fidelity ("fidelity") {
        /// After the first fold (with `racing` after each of the first ones).
        #[default]
        Folds = "folds",
        /// After each percent of the first fold's epochs too.
        Epochs = "epochs",
        /// After a ninth, a third and all of the first fold's training rows.
        Rows = "rows",
    }
}

impl ExperimentConfig {
    /// The least that is needed: where the data are and what to predict.
    pub fn new(data: impl Into<PathBuf>, target: impl Into<String>) -> Self {
        Self { data: data.into(), target: target.into(), ..Self::default() }
    }

    /// Trains on `device`.
    pub fn device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// Reads a TOML file. Paths in it are relative to the file's folder; they come back absolute. That of a run folder is of this
    /// folder, wherever it lay when it was written.
    ///
    /// # Errors
    /// [`AutomlError::Config`] naming file, line and field.
    pub fn read(path: &Path) -> Result<Self, AutomlError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| AutomlError::config(format!("cannot read `{}`: {error}", path.display())))?;
        let mut config: Self = toml::from_str(&text)
            .map_err(|error| AutomlError::config(format!("`{}` is wrong: {error}", path.display())))?;
        let absolute = std::path::absolute(path)
            .map_err(|error| AutomlError::config(format!("cannot resolve `{}`: {error}", path.display())))?;
        let folder = absolute.parent().unwrap_or(Path::new("/"));
        if config.name.is_none() {
            config.name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        }
        if !config.data.as_os_str().is_empty() {
            config.data = folder.join(&config.data);
        }
        if config.out.is_some() && is_run_folder(folder) {
            config.out = Some(folder.to_owned());
        }
        Ok(config)
    }

    /// Reads TOML. Paths in it are relative to the working folder.
    ///
    /// # Errors
    /// [`AutomlError::Config`] naming line and field.
    pub fn from_toml(text: &str) -> Result<Self, AutomlError> {
        toml::from_str(text).map_err(|error| AutomlError::config(format!("the experiment is wrong: {error}")))
    }

    /// The configuration as TOML.
    ///
    /// # Errors
    /// [`AutomlError::Config`] when a path is not Unicode.
    pub fn to_toml(&self) -> Result<String, AutomlError> {
        toml::to_string(self)
            .map_err(|error| AutomlError::config(format!("cannot write the configuration: {error}")))
    }

    /// The experiment's name: as given, or the data file's without its endings.
    pub fn resolved_name(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let file = self.data.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let stem: String = file.split('.').next().unwrap_or_default().replace(['*', '?', '[', ']'], "");
        if stem.is_empty() { "experiment".to_owned() } else { stem }
    }

    /// The run folder: as given, or `runs/NAME`.
    pub fn run_folder(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| Path::new("runs").join(self.resolved_name()))
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_round_trips() {
        let mut config = ExperimentConfig::new("train.csv", "Survived");
        config.metric = Some(Metric::RocAuc);
        config.columns.insert("Pclass".to_owned(), ColumnKind::Categorical);
        config.split.folds = Some(4);
        config.search.time = Some("2m".to_owned());
        let text = config.to_toml().unwrap();
        assert_eq!(toml::from_str::<ExperimentConfig>(&text).unwrap(), config);
    }

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        let error =
            toml::from_str::<ExperimentConfig>("data = 'a.csv'\ntraget = 'x'").unwrap_err().to_string();
        assert!(error.contains("traget") && error.contains("target"), "{error}");
    }

    #[test]
    fn the_name_comes_from_the_data_file() {
        assert_eq!(ExperimentConfig::new("data/train.csv.gz", "y").resolved_name(), "train");
        assert_eq!(ExperimentConfig::new("data/*.csv", "y").resolved_name(), "experiment");
    }
}
