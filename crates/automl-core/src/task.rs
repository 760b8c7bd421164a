//! What is to be predicted.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of prediction problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Two classes. The second label is the positive one.
    Binary,
    /// Three or more classes.
    Multiclass,
    /// A real number.
    Regression,
}

impl Task {
    /// Every task, in the order in which help texts list them.
    pub const ALL: [Task; 3] = [Task::Binary, Task::Multiclass, Task::Regression];

    /// True for [`Task::Binary`] and [`Task::Multiclass`].
    pub fn is_classification(self) -> bool {
        self != Task::Regression
    }

    /// The name used in TOML, JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Task::Binary => "binary",
            Task::Multiclass => "multiclass",
            Task::Regression => "regression",
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
