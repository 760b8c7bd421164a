//! From files to tables, from tables to folds and designs.
//!
//! [`read_frame`] reads files; [`Table::for_training`] decides what each column is and materialises the
//! features; [`plan_folds`] cuts the rows; [`prep`] turns rows into designs for models. For a fitted model,
//! [`Table::for_prediction`] holds new rows against the [`FeatureSchema`] of training.
//!
//! ```
//! use automl_core::{Seed, Task};
//! use automl_data::polars::df;
//! use automl_data::{SplitOptions, SplitScheme, Table, TableOptions, plan_folds};
//!
//! let frame = df!("x" => [1.5, 2.5, 0.5, 4.0], "y" => ["no", "yes", "no", "yes"])?;
//! let table = Table::for_training(frame, &TableOptions { target: "y".into(), ..Default::default() })?;
//! assert_eq!(table.profile().task, Task::Binary);
//! let options = SplitOptions { scheme: SplitScheme::KFold { folds: 2, repeats: 1 }, holdout: 0.0 };
//! let plan = plan_folds(&table, &options, Seed(1))?;
//! assert_eq!(plan.folds[0].valid.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod calendar;
pub mod column;
pub mod error;
pub mod folds;
mod hash;
mod infer;
mod materialise;
mod prediction;
pub mod prep;
mod read;
pub mod schema;
pub mod source;
mod summary;
pub mod table;
mod training;
mod values;
mod write;

pub use column::Column;
pub use error::{ColumnProblem, DataError};
pub use folds::{Outer, SplitOptions, SplitScheme, plan_folds, plan_outer};
pub use read::read_frame;
pub use schema::{FeatureColumn, FeatureSchema};
pub use source::{MISSING_SPELLINGS, Source, is_table_file};
pub use summary::{ColumnOverview, Overview, TargetOverview, overview, summarise};
pub use table::{Table, TableOptions};
pub use training::nearest_name;
pub use write::write_predictions;

pub use polars;
