//! Everything that can be wrong with data, in words a user can act on.

use std::fmt;
use std::path::PathBuf;

use automl_core::{ColumnKind, Hint, SpaceError, Task, counted};
use thiserror::Error;

/// A column of a table to predict that does not fit the training table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnProblem {
    /// Name of the column.
    pub name: String,
    /// The kind the model was trained with.
    pub expected: ColumnKind,
    /// What was found; `None` when the column is missing.
    pub found: Option<String>,
}

impl fmt::Display for ColumnProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: expected {}, found ", self.name, self.expected.name())?;
        match &self.found {
            Some(found) => f.write_str(found),
            None => f.write_str("no such column"),
        }
    }
}

/// A table cannot be read, understood, split or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file name tells no known format.
    #[error("`{}` has {}, which tells no format that can be {action}", path.display(), in_words(extension))]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// Its extension, without the dot; empty when it has none.
        extension: String,
        /// `read` or `written`.
        action: &'static str,
        /// The extensions that are known.
        known: &'static [&'static str],
    },
    /// No file is there.
    #[error("no file matches `{pattern}`")]
    NoFile {
        /// Path or glob pattern.
        pattern: String,
    },
    /// A glob pattern that is none.
    #[error("`{pattern}` is not a file pattern: {reason}")]
    BadPattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The operating system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// `read`, `write`, `create` or `rename`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file has no content.
    #[error("`{}` is empty", path.display())]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// The file has column names and nothing else.
    #[error("`{}` has {} and no rows", path.display(), counted(*n_columns, "column"))]
    NoRows {
        /// The file.
        path: PathBuf,
        /// Number of columns.
        n_columns: usize,
    },
    /// A row has more or fewer fields than the header.
    #[error("`{}`, line {line}: expected {expected} fields as in the header, found {found}", path.display())]
    RaggedRow {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1, on which the row begins.
        line: u64,
        /// Fields in the header.
        expected: u64,
        /// Fields in the row.
        found: u64,
    },
    /// The text is in another encoding.
    #[error("`{}`, line {line}: not valid UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: u64,
    },
    /// A column of a type that cannot be read.
    #[error("`{}`: column `{column}` is of the type {dtype}, which cannot be read", path.display())]
    UnreadableColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its type, in Arrow's words.
        dtype: String,
    },
    /// Two columns of one name.
    #[error("`{}`: columns {} are all called `{name}`", path.display(), join(positions))]
    DuplicateColumnName {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
        /// Positions of the columns, counted from 1.
        positions: Vec<usize>,
    },
    /// The content is not of the format that the name promises.
    #[error("`{}` is not readable as {format}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Name of the format.
        format: &'static str,
        /// What the reader said.
        reason: String,
    },
    /// Files of one pattern have different columns.
    #[error("`{}` and `{}` differ in column `{column}`: {expected} there, {found} here", first.display(), path.display())]
    FilesDiffer {
        /// The first file.
        first: PathBuf,
        /// The first file that differs from it.
        path: PathBuf,
        /// The first column that differs.
        column: String,
        /// What the first file has.
        expected: String,
        /// What this file has.
        found: String,
    },
    /// The target holds values that are neither classes nor numbers, such as dates or lists.
    #[error("target `{target}` holds {found}, which are neither classes nor numbers")]
    UnusableTarget {
        /// Name of the target.
        target: String,
        /// What it holds, such as `dates`.
        found: String,
    },
    /// A name that is no column.
    #[error("there is no column `{name}` ({role})")]
    UnknownColumn {
        /// What the column was wanted for, such as `the target`.
        role: &'static str,
        /// The name given.
        name: String,
        /// The most similar name, if one is similar.
        nearest: Option<String>,
        /// Every name.
        known: Vec<String>,
    },
    /// A kind that was set cannot be had.
    #[error("column `{column}` was set to {}, but {reason}", kind.name())]
    WrongKind {
        /// Name of the column.
        column: String,
        /// The kind that was set.
        kind: ColumnKind,
        /// Why it cannot be, with the value that shows it.
        reason: String,
    },
    /// No column is left for the models.
    #[error("none of the {n_columns} columns beside the target can be used: {reasons}")]
    NoFeatures {
        /// Number of columns beside the target.
        n_columns: usize,
        /// Name and kind of the first few.
        reasons: String,
    },
    /// No row has a target.
    #[error("target `{target}` is missing in all {n_rows} rows")]
    TargetMissing {
        /// Name of the target.
        target: String,
        /// Number of rows.
        n_rows: usize,
    },
    /// The target never varies.
    #[error("target `{target}` is `{value}` in all {n_rows} rows, so there is nothing to learn")]
    ConstantTarget {
        /// Name of the target.
        target: String,
        /// The only value.
        value: String,
        /// Rows with a target.
        n_rows: usize,
    },
    /// Regression on something that is no number.
    #[error(
        "regression needs a numeric target, but {n_values} values of `{target}` are not numbers, such as `{value}`"
    )]
    TargetNotNumeric {
        /// Name of the target.
        target: String,
        /// The first value that is no number.
        value: String,
        /// How many are none.
        n_values: usize,
    },
    /// The target is not finite.
    #[error("target `{target}` is infinite in {}, first in row {row}", counted(*n_values, "row"))]
    TargetInfinite {
        /// Name of the target.
        target: String,
        /// How many rows.
        n_values: usize,
        /// The first of them, counted from 1.
        row: usize,
    },
    /// The task that was set needs another number of classes.
    #[error("a {task} task cannot have the {n_classes} classes of target `{target}`")]
    WrongTask {
        /// Name of the target.
        target: String,
        /// The task that was set.
        task: Task,
        /// Number of distinct values of the target.
        n_classes: usize,
    },
    /// The positive label is none of the labels.
    #[error("the positive label `{positive}` does not occur in target `{target}`")]
    UnknownPositive {
        /// Name of the target.
        target: String,
        /// The label given.
        positive: String,
        /// The labels.
        labels: Vec<String>,
    },
    /// A label that the model was not trained on.
    #[error("target `{target}` has the label `{label}` in row {row}, which the model was not trained on")]
    UnknownLabel {
        /// Name of the target.
        target: String,
        /// The label.
        label: String,
        /// The first row that has it, counted from 1.
        row: usize,
        /// The labels of training.
        labels: Vec<String>,
    },
    /// A table to predict does not fit the model.
    #[error("{} of the model's columns do not fit:{}", problems.len(), lines(problems))]
    ColumnsDiffer {
        /// Every column that does not fit.
        problems: Vec<ColumnProblem>,
    },
    /// The split is set to something that cannot be.
    #[error("{what} is {value}, but must be {range}")]
    InvalidSplit {
        /// The setting.
        what: &'static str,
        /// Its value.
        value: String,
        /// What is accepted.
        range: &'static str,
    },
    /// All rows are classes of their own.
    #[error(
        "each of the {n_rows} rows has a value of its own in target `{target}`, so there is no class to learn"
    )]
    UniqueTarget {
        /// Name of the target.
        target: String,
        /// Number of rows.
        n_rows: usize,
    },
    /// A class has fewer rows than there are folds.
    #[error("class `{class}` has {} to split, too few for {n_folds} folds", counted(*n_rows, "row"))]
    RareClass {
        /// The class.
        class: String,
        /// Its rows, without the holdout.
        n_rows: usize,
        /// Number of folds.
        n_folds: usize,
    },
    /// There are fewer rows than the split needs.
    #[error("{n_rows} rows are too few: {what} needs at least {needed}")]
    TooFewRows {
        /// Number of rows.
        n_rows: usize,
        /// Rows needed.
        needed: usize,
        /// What needs them.
        what: String,
    },
    /// There are fewer groups than the split needs.
    #[error("{n_groups} groups are too few: {what} needs at least {needed}")]
    TooFewGroups {
        /// Number of groups.
        n_groups: usize,
        /// Groups needed.
        needed: usize,
        /// What needs them.
        what: String,
    },
    /// The rows cannot be cut where the time allows it.
    #[error(
        "{n_rows} rows at {n_moments} different times cannot be cut into {n_folds} folds and a holdout share of \
         {holdout}: rows of one time stay together"
    )]
    TooFewMoments {
        /// Number of rows.
        n_rows: usize,
        /// Number of different times.
        n_moments: usize,
        /// Number of folds.
        n_folds: usize,
        /// Share of the rows to hold out.
        holdout: f64,
    },
    /// Splitting by group or in time needs a column that was not named.
    #[error("a {scheme} split needs a {scheme} column, and none was named")]
    NoSplitColumn {
        /// `group`, `time` or `weight`.
        scheme: &'static str,
    },
    /// The group, time or weight column has holes or is of no use.
    #[error("{role} column `{column}` {reason}")]
    BadSplitColumn {
        /// `group`, `time` or `weight`.
        role: &'static str,
        /// Name of the column.
        column: String,
        /// What is wrong, as the end of a sentence that begins with the column.
        reason: String,
    },
    /// A configuration that preprocessing cannot use.
    #[error(transparent)]
    Params(#[from] SpaceError),
    /// A preprocessing step cannot be fitted or applied.
    #[error("{step}: {reason}")]
    Preprocess {
        /// The step.
        step: String,
        /// What is wrong, with numbers.
        reason: String,
    },
}

fn in_words(extension: &str) -> String {
    if extension.is_empty() { "no extension".to_owned() } else { format!("the extension `{extension}`") }
}

fn join(positions: &[usize]) -> String {
    positions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn lines(problems: &[ColumnProblem]) -> String {
    problems.iter().flat_map(|problem| ["\n  ".to_owned(), problem.to_string()]).collect()
}

impl Hint for DataError {
    fn hints(&self) -> Vec<String> {
        match self {
            DataError::UnknownFormat { known, .. } => {
                vec![format!("the known extensions are {}", known.join(", "))]
            }
            DataError::NoFile { .. } => vec!["paths are relative to the current folder".to_owned()],
            DataError::RaggedRow { .. } => vec![
                "a field that holds the separator or a line break needs double quotes around it".to_owned(),
            ],
            DataError::NotUtf8 { .. } => {
                vec!["convert the file, for example with `iconv -f latin1 -t utf-8`".to_owned()]
            }
            DataError::UnreadableColumn { .. } => {
                vec![
                    "convert it, a decimal to 64-bit floats for example, or leave it out of the file"
                        .to_owned(),
                ]
            }
            DataError::DuplicateColumnName { .. } => {
                vec!["the first line must name every column once".to_owned()]
            }
            DataError::UnknownColumn { nearest, known, .. } => unknown_column(nearest.as_deref(), known),
            DataError::UnknownPositive { labels, .. } | DataError::UnknownLabel { labels, .. } => {
                vec![format!("the labels are {}", some_of(labels))]
            }
            DataError::TargetNotNumeric { .. } => vec!["leave the task out to predict classes".to_owned()],
            DataError::TargetInfinite { .. } => {
                vec!["remove these rows, or leave their target empty".to_owned()]
            }
            DataError::WrongTask { .. } => vec!["leave the task out to have it inferred".to_owned()],
            DataError::NoFeatures { .. } => vec!["set the kind of a column in `[columns]`".to_owned()],
            DataError::WrongKind { .. } => vec!["leave the kind out to have it inferred".to_owned()],
            DataError::RareClass { n_rows, .. } => rare_class(*n_rows),
            DataError::TooFewRows { .. }
            | DataError::TooFewGroups { .. }
            | DataError::TooFewMoments { .. } => {
                vec!["use fewer folds or a smaller holdout share".to_owned()]
            }
            DataError::NoSplitColumn { scheme } => {
                let flag = if *scheme == "time" { "--time-column" } else { "--group" };
                vec![format!("name a {scheme} column with `{flag}`, or as `{scheme}` in `[split]`")]
            }
            DataError::UniqueTarget { .. } => vec![
                "choose another target, or leave this column out of the table if it names the rows"
                    .to_owned(),
            ],
            _ => Vec::new(),
        }
    }
}

fn unknown_column(nearest: Option<&str>, known: &[String]) -> Vec<String> {
    let similar = nearest.map(|nearest| format!("did you mean `{nearest}`?"));
    similar.into_iter().chain([format!("the columns are {}", some_of(known))]).collect()
}

fn rare_class(n_rows: usize) -> Vec<String> {
    let fewer = (n_rows >= 2).then(|| format!("use at most {n_rows} folds"));
    fewer.into_iter().chain(["drop the rows of this class, or merge it with another".to_owned()]).collect()
}

/// Lists beyond twenty names are cut: a table may have thousands of columns.
pub(crate) fn some_of(names: &[String]) -> String {
    const LIMIT: usize = 20;
    let mut list: Vec<String> = names.iter().take(LIMIT).map(|name| format!("`{name}`")).collect();
    if names.len() > LIMIT {
        list.push(format!("and {} more", names.len() - LIMIT));
    }
    list.join(", ")
}
