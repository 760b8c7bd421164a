//! A table at a glance, before anything is searched: what its columns are and how they would be read.

use automl_core::{ColumnProfile, Distribution, Task, evenly_chosen};
use polars::prelude::DataFrame;
use serde::Serialize;

use super::view::View;
use super::{MOST_ROWS, distribution};
use crate::error::DataError;
use crate::table::TableOptions;
use crate::training::{build_columns, check_names, plan_target, series};
use crate::values::Values;

/// A table at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overview {
    /// Rows of the file.
    pub n_rows: usize,
    /// All columns, in the order of the file, the target among them.
    pub columns: Vec<ColumnOverview>,
    /// What is to be predicted, if that was said.
    pub target: Option<TargetOverview>,
    /// The first rows, a text a column; `None` where there is no value.
    pub head: Vec<Vec<Option<String>>>,
    /// What is odd about the columns.
    pub warnings: Vec<String>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnOverview {
    /// Its kind with the reason, and counts.
    #[serde(flatten)]
    pub profile: ColumnProfile,
    /// How its values are distributed, on 20,000 evenly chosen rows where there are more; `None` for a column that models
    /// would not see.
    pub distribution: Option<Distribution>,
}

/// What is to be predicted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetOverview {
    /// Its column.
    pub name: String,
    /// The kind of problem.
    pub task: Task,
    /// Why it is this kind.
    pub task_reason: String,
    /// Class labels with their rows; empty for regression.
    pub classes: Vec<(String, usize)>,
}

/// Looks at a frame, with its first `n_head` rows. Of `options` an empty target means that none is known; the target's own
/// column is described as any other.
///
/// # Errors
/// [`DataError`] for names that are no columns, kinds that cannot be had, and a target that cannot be learnt.
pub fn overview(frame: &DataFrame, options: &TableOptions, n_head: usize) -> Result<Overview, DataError> {
    check_names(frame, options)?;
    let target = if options.target.is_empty() {
        None
    } else {
        series(frame, "the target", &options.target)?;
        let plan = plan_target(frame, options)?;
        Some(TargetOverview {
            name: options.target.clone(),
            task: plan.task,
            task_reason: plan.reason,
            classes: plan.labels.into_iter().zip(plan.class_counts).collect(),
        })
    };
    let of_all = TableOptions { target: String::new(), ..options.clone() };
    let rows: Vec<usize> = (0..frame.height()).collect();
    let rows = evenly_chosen(&rows, MOST_ROWS);
    let (mut columns, mut warnings) = (Vec::new(), Vec::new());
    for built in build_columns(frame, &of_all)? {
        warnings.extend(built.warnings);
        let view = built.values.map(|values| View::of(&values, built.profile.kind, &rows));
        columns.push(ColumnOverview {
            profile: built.profile,
            distribution: view.map(|view| distribution::of(&view)),
        });
    }
    Ok(Overview { n_rows: frame.height(), columns, target, head: head(frame, n_head)?, warnings })
}

fn head(frame: &DataFrame, n_rows: usize) -> Result<Vec<Vec<Option<String>>>, DataError> {
    let frame = frame.head(Some(n_rows));
    let names = frame.get_column_names_owned();
    let mut rows = vec![Vec::with_capacity(names.len()); frame.height()];
    for name in &names {
        let values = Values::of(series(&frame, "a column", name)?);
        for (row, cells) in rows.iter_mut().enumerate() {
            let is_there = !values.is_missing(row);
            cells.push(values.text(row).filter(|_| is_there));
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use automl_core::ColumnKind;
    use polars::prelude::*;

    use super::*;

    fn frame() -> DataFrame {
        df!(
            "id" => ["a", "b", "c", "d", "e", "f", "g", "h"],
            "size" => [Some(1.0), Some(2.5), None, Some(4.0), Some(1.0), Some(2.0), Some(3.0), Some(9.0)],
            "color" => ["red", "red", "blue", "red", "blue", "red", "blue", "red"],
            "y" => ["no", "yes", "no", "yes", "no", "yes", "no", "yes"],
        )
        .unwrap()
    }

    #[test]
    fn every_column_is_told_with_its_distribution_and_the_first_rows() {
        let seen = overview(&frame(), &TableOptions::default(), 3).unwrap();
        assert_eq!((seen.n_rows, seen.columns.len(), seen.target), (8, 4, None));
        let size = &seen.columns[1];
        assert_eq!((size.profile.kind, size.profile.n_missing), (ColumnKind::Numeric, 1));
        let Some(Distribution::Numeric { counts, .. }) = &size.distribution else { panic!("{size:?}") };
        assert_eq!(counts.iter().sum::<usize>(), 7);
        let Some(Distribution::Levels { levels, .. }) = &seen.columns[2].distribution else {
            panic!("{:?}", seen.columns[2])
        };
        assert_eq!(levels, &[("red".to_owned(), 5), ("blue".to_owned(), 3)]);
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(seen.head.len(), 3);
        assert_eq!(seen.head[2], [text("c"), None, text("blue"), text("no")]);
    }

    #[test]
    fn a_target_is_told_with_its_classes_and_an_unknown_one_is_an_error() {
        let options = |target: &str| TableOptions { target: target.to_owned(), ..TableOptions::default() };
        let seen = overview(&frame(), &options("y"), 0).unwrap();
        let target = seen.target.unwrap();
        assert_eq!((target.name.as_str(), target.task), ("y", Task::Binary));
        assert_eq!(target.classes, [("no".to_owned(), 4), ("yes".to_owned(), 4)]);
        assert_eq!(seen.columns.len(), 4);
        let error = overview(&frame(), &options("colour"), 0).unwrap_err().to_string();
        assert!(error.contains("colour"), "{error}");
        let columns = [("colour".to_owned(), ColumnKind::Text)].into();
        let error = overview(&frame(), &TableOptions { columns, ..TableOptions::default() }, 0).unwrap_err();
        assert!(error.to_string().contains("colour"), "{error}");
    }

    #[test]
    fn a_file_without_rows_is_no_error() {
        let none = frame().head(Some(0));
        let seen = overview(&none, &TableOptions::default(), 5).unwrap();
        assert_eq!((seen.n_rows, seen.columns.len(), seen.head.len()), (0, 4, 0));
    }
}
