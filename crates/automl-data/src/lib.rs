//! From files to tables, from tables to folds and designs.

pub mod column;
pub mod error;
pub mod prep;
pub mod schema;
pub mod table;

pub use column::Column;
pub use error::{ColumnProblem, DataError};
pub use schema::{FeatureColumn, FeatureSchema};
pub use table::{Table, TableOptions};

pub use polars;
