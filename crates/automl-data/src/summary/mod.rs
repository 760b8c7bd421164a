//! What the training rows of a table look like: distributions, their relation to the target, associations, drift,
//! duplicates.
//!
//! | module | holds |
//! |---|---|
//! | `view` | a column's values on some rows, as numbers or as levels |
//! | `distribution`, `groups` | its histogram; the target by its values, and how much of the target they explain |
//! | `association` | how two columns go together |
//! | `drift` | how the holdout differs |
//! | `duplicates` | rows that are there more than once |
//! | `overview` | a table at a glance, before there are folds or even a target |

mod association;
mod distribution;
mod drift;
mod duplicates;
mod groups;
mod overview;
mod view;

use automl_core::{ColumnSummary, DataSummary, FoldPlan, Target, evenly_chosen};

use crate::table::Table;
pub use overview::{ColumnOverview, Overview, TargetOverview, overview};
use view::View;

/// Rows that are looked at.
const MOST_ROWS: usize = 20_000;
/// Classes whose shares are told.
const MOST_CLASSES: usize = 8;

/// Summarises the rows of `plan` that are not kept for the end; `None` for a table without a target. It takes time in
/// proportion to columns times a bounded number of rows, but for duplicates, which are looked for among all.
pub fn summarise(table: &Table, plan: &FoldPlan) -> Option<DataSummary> {
    let target = table.target()?;
    let mut is_kept = vec![false; table.n_rows()];
    for &row in &plan.holdout {
        is_kept[row] = true;
    }
    let training: Vec<usize> = (0..table.n_rows()).filter(|&row| !is_kept[row]).collect();
    let rows = evenly_chosen(&training, MOST_ROWS);
    let holdout = evenly_chosen(&plan.holdout, MOST_ROWS);
    let answers = target.select(&rows);
    let classes = most_frequent(&answers);
    let features: Vec<_> = table.profile().features().collect();
    let views: Vec<View> = features
        .iter()
        .filter_map(|column| Some(View::of(table.column(&column.name)?, column.kind, &rows)))
        .collect();
    let mut columns = Vec::with_capacity(views.len());
    for (column, view) in features.iter().zip(&views) {
        let later = table.column(&column.name).map(|values| View::of(values, column.kind, &holdout));
        columns.push(ColumnSummary {
            name: column.name.clone(),
            kind: column.kind,
            distribution: distribution::of(view),
            groups: groups::shown(view, &answers, &classes),
            explained: groups::explained(view, &answers),
            drift: later.filter(|_| !holdout.is_empty()).and_then(|later| drift::between(view, &later)),
        });
    }
    let associations = association::of(&columns, &views, &answers, &table.profile().target);
    let duplicates = duplicates::among(table, target, &training, &plan.holdout);
    let (n_rows, n_training) = (rows.len(), training.len());
    Some(DataSummary { n_rows, n_training, classes, columns, associations, duplicates })
}

/// Codes of the most frequent classes, in their order; none for regression.
fn most_frequent(answers: &Target) -> Vec<u32> {
    let Target::Classes { codes, n_classes } = answers else { return Vec::new() };
    let mut counts: Vec<(usize, u32)> = (0..*n_classes as u32).map(|class| (0, class)).collect();
    for &code in codes {
        counts[code as usize].0 += 1;
    }
    counts.sort_by_key(|&(count, class)| (std::cmp::Reverse(count), class));
    let mut classes: Vec<u32> = counts.into_iter().take(MOST_CLASSES).map(|(_, class)| class).collect();
    classes.sort_unstable();
    classes
}

#[cfg(test)]
mod tests;
