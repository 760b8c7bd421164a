//! automl: from a table to a model, a leaderboard and a report.
//!
//! ```no_run
//! use automl::prelude::*;
//!
//! let mut config = ExperimentConfig::new("train.csv", "Survived");
//! config.search.trials = Some(20);
//! let result = Experiment::prepare(config)?.run(&StopSignal::never(), &mut ())?;
//! println!("{}", result.report.display());
//! # Ok::<(), AutomlError>(())
//! ```
//!
//! [`Experiment`] searches and leaves a run folder; [`Run`] reads one; [`Model`] predicts from the
//! bundle in it. [`FunctionStudy`] searches for the least cost of any function; [`register`] puts a model
//! family of one's own, such as a burn [`Network`], on the leaderboard. The parts are crates of their own; this one alone knows more than one of them.

mod bundle;
mod compose;
mod config;
mod cross_validation;
mod device;
mod doctor;
mod duration;
mod error;
pub mod events;
mod experiment;
mod explain;
mod files;
mod finish;
mod fold_fits;
mod function;
mod insight;
mod joint;
mod leaderboard;
mod library;
mod limits;
mod machine;
mod members;
mod nested;
mod objectives;
mod out_of_fold;
mod portfolio;
mod processes;
mod refit;
mod report;
mod result;
mod run;
mod run_folder;
mod scoring;
mod space_config;
mod split;
mod strategy;
mod study;
mod supervisor;
mod turns;
mod watch;
mod worker;

pub use automl_core::{
    ColumnKind, ColumnProfile, Condition, DataProfile, Device, Direction, Distribution, Domain, Event, Hint,
    Information, Metric, ModelFamily, Objective, Observer, ParamSpec, ParamValue, Params, Precision,
    Predictions, SearchSpace, SpaceError, StopReason, StopSignal, Task, TrialContext, TrialError,
    TrialRecord, TrialState, counted,
};
pub use automl_data::{ColumnOverview, Outer, Overview, TableOptions, TargetOverview, is_table_file, polars};
pub use automl_ensemble::DecisionRule;
pub use automl_ensemble::calibration::Calibrator;
pub use automl_models::own::{Network, OwnFamily, Shape, Training, family};
pub use automl_models::{RegisterError, burn, register};
pub use automl_report::{Chart, Theme, png};
pub use automl_search::importance::{Importance, Importances, Interaction};
pub use bundle::{Manifest, ManifestModel};
pub use compose::{Combine, Estimate, Kind};
pub use config::{
    ExperimentConfig, Fidelity, FinalConfig, PrunerKind, SamplerKind, Scheme, SearchConfig, SplitConfig,
};
pub use doctor::doctor;
pub use duration::{format_duration, parse_duration};
pub use error::AutomlError;
pub use experiment::Experiment;
pub use files::{PredictedFile, ScoredFile, describe, read_frame};
pub use function::{FunctionResult, FunctionStudy};
pub use leaderboard::{Leaderboard, LeaderboardRow};
pub use limits::parse_memory;
pub use members::Model;
pub use nested::NestedScores;
pub use objectives::FurtherObjective;
pub use result::ExperimentResult;
pub use run::{ImportanceMethod, Run, write_chart};
pub use supervisor::Jobs;
pub use worker::{WorkerOptions, work};

/// What most programs need.
pub mod prelude {
    pub use crate::{
        AutomlError, Experiment, ExperimentConfig, ExperimentResult, Metric, Model, Run, StopSignal, Task,
    };
}
