//! `automl` in a Rust notebook, the fast door: small types that drive the installed program and show what it found.
//!
//! Nothing of the data or the models is in the notebook's own process. A cell compiles and links next to nothing, an
//! interrupt or a crash loses no finished trial, and memory is free when the work is done.
//!
//! ```no_run
//! use automl_notebook::{Search, Study, Table};
//!
//! let table = Table::read("train.csv")?; // rows, kinds, missing values, small histograms
//! let study = Search::new("train.csv", "Survived").time("1m").run()?; // lines that tell how it goes, then the leaderboard
//! let history = study.figure("history")?; // any chart of the report
//! let predictions = study.model()?.predict("test.csv", "predictions.csv")?;
//! let again = Study::open("runs/train")?; // later, in another kernel
//! # Ok::<(), automl_notebook::Error>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | `program` | finds and runs `automl`; reads its JSON lines (`crates/automl-cli/events.md`) |
//! | `search`, `setting` | what to search, in the words of an experiment file |
//! | `study`, `leaderboard`, `trial`, `model`, `table` | what was found |
//! | `live` | lines that tell how a search goes |
//! | `html`, `figure` | how values look under a cell |
//!
//! Values that are the last expression of a cell show themselves. Errors are a message and its hints.

mod error;
mod figure;
mod html;
mod leaderboard;
mod live;
mod model;
mod program;
mod search;
mod setting;
mod study;
mod table;
mod trial;

pub use error::Error;
pub use figure::Figure;
pub use leaderboard::Leaderboard;
pub use live::Live;
pub use model::{Model, Predictions, Scores};
pub use program::use_program;
pub use search::Search;
pub use setting::Setting;
pub use study::Study;
pub use table::Table;
pub use trial::Trial;
