//! The vocabulary of automl: what the other crates say to each other.
//!
//! | module | holds |
//! |---|---|
//! | [`task`] | [`Task`]: binary, multiclass or regression |
//! | [`metric`] | [`Metric`], its direction, and the arithmetic behind it |
//! | [`matrix`], [`design`] | [`Matrix`], [`Design`], [`Target`], [`Predictions`]: what models take and give |
//! | [`profile`], [`summary`] | [`DataProfile`], [`DataSummary`]: what is known of a table; what its rows look like |
//! | [`folds`] | [`FoldPlan`]: which rows train and which validate |
//! | [`space`], [`params`] | [`SearchSpace`], [`Params`]: what can be chosen and what was |
//! | [`axis`], [`history`] | [`Axis`], [`History`]: parameters as coordinates; what a search knows so far |
//! | [`trial`] | [`TrialRecord`]: one finished evaluation |
//! | [`model`] | [`ModelFamily`], [`FittedModel`]: the seam between search and training |
//! | [`search`] | [`Sampler`], [`Pruner`], [`Objective`], [`TrialStore`]: the seam between search and storage |
//! | [`event`] | [`Event`], [`Observer`]: what a run tells while it goes on |
//! | [`seed`], [`stop`] | derived randomness; deadlines and interrupts |
//! | [`words`] | words that all crates write alike |
//!
//! This crate depends on no table, no tensor, no database and no chart.

pub mod axis;
pub mod design;
pub mod device;
pub mod error;
pub mod event;
pub mod folds;
pub mod history;
pub mod matrix;
pub mod metric;
pub mod model;
pub mod params;
pub mod profile;
pub mod search;
pub mod seed;
pub mod space;
pub mod stop;
pub mod summary;
pub mod task;
pub mod trial;
pub mod words;

pub use axis::Axis;
pub use design::{Design, Predictions, Target};
pub use device::{Device, DeviceError, Precision};
pub use error::{ArtifactError, FitError, Hint, SearchError, SpaceError, StoreError, TrialError};
pub use event::{Event, Observer};
pub use folds::{Fold, FoldPlan, evenly_chosen};
pub use history::History;
pub use matrix::Matrix;
pub use metric::{Average, Direction, Metric, MetricError};
pub use model::{
    Epoch, FitContext, FittedModel, InputForm, LayerFacts, Member, MemoryNeed, ModelFamily, Refit,
};
pub use params::{ParamValue, Params};
pub use profile::{ColumnKind, ColumnProfile, DataProfile};
pub use search::{
    Costs, Desk, Evaluation, Lost, Objective, Pruner, Sampler, Standing, Stopper, TrialContext, TrialOutcome,
    TrialStore,
};
pub use seed::{Purpose, Seed};
pub use space::{Condition, Domain, ParamSpec, SearchSpace};
pub use stop::{StopReason, StopSignal};
pub use summary::{
    Associations, ColumnSummary, DataSummary, Distribution, Drift, Duplicates, Group, GroupTarget,
};
pub use task::Task;
pub use trial::{FoldScore, Information, TrialRecord, TrialState};
pub use words::counted;
