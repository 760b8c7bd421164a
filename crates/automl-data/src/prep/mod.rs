//! Preprocessing: from a table to what models take, with nothing learned from other rows than the
//! train rows.
//!
//! | type | is |
//! |---|---|
//! | [`PrepConfig`] | the choices, unchecked; [`prep_space`] says which of them matter for a table |
//! | [`Preprocessor`] | the recipe: choices and columns |
//! | [`FittedPreprocessor`] | what was learned of the train rows; plain data, saved as JSON |
//!
//! | column | outputs |
//! |---|---|
//! | numeric | imputed, put on a logarithmic scale where skewed, scaled |
//! | boolean | -1, 1, or 0 where missing |
//! | categorical | -1, 1 or 0 for two levels; one-hot columns; codes |
//! | date, datetime | elapsed days, year and day of the month, scaled; month, weekday and time of day as sine and cosine |
//! | text | the n-grams that tell something of the target, weighted by rarity, of length 1 |
//!
//! Every column with missing values in the train rows has a 0-1 column that tells where. Outputs that
//! are constant in the train rows are left out.

mod block;
mod categorical;
mod config;
mod fitted;
mod ngrams;
mod numeric;
mod recipe;
#[cfg(test)]
mod reference;
mod relevance;
mod scale;
mod space;
mod step;
#[cfg(test)]
mod tests;
mod text;
mod time;

pub use config::{Impute, PrepConfig, Scaling, TextNgrams};
pub use fitted::FittedPreprocessor;
pub use recipe::Preprocessor;
pub use space::{prep_defaults, prep_space};
