//! Nested cross-validation: an outer fold takes the place of the holdout.

use automl_core::{FoldPlan, Purpose, Seed};
use serde::{Deserialize, Serialize};

use super::assign::{Shuffle, by_class, by_group, by_row, even_groups};
use super::{
    SplitOptions, SplitScheme, by_time, check, check_rare, fold_of, random_folds, strata, time_plan, too_few,
    without,
};
use crate::error::DataError;
use crate::table::Table;

/// Which outer fold is held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outer {
    /// Number of the fold, from 0.
    pub fold: usize,
    /// Number of outer folds, from 2.
    pub of: usize,
}

/// Cuts the rows as [`plan_folds`](super::plan_folds) does, but holds out an outer fold: over all outer folds every row
/// is held out once (in time: all rows but the first block, each time with what is earlier to learn from). Inner folds
/// are of the other rows alone.
///
/// # Errors
/// As [`plan_folds`](super::plan_folds); [`DataError::InvalidSplit`] for an outer fold that is none.
pub fn plan_outer(
    table: &Table,
    options: &SplitOptions,
    outer: Outer,
    seed: Seed,
) -> Result<FoldPlan, DataError> {
    check(options)?;
    let invalid =
        |what, value: usize, range| DataError::InvalidSplit { what, value: value.to_string(), range };
    if outer.of < 2 {
        return Err(invalid("the number of outer folds", outer.of, "at least 2"));
    }
    if outer.fold >= outer.of {
        return Err(invalid("the outer fold", outer.fold, "below the number of outer folds"));
    }
    let seed = seed.purpose(Purpose::Split);
    // A number that no repeat has.
    let mut shuffle = Shuffle::new(seed.step(u64::MAX));
    let rows: Vec<usize> = (0..table.n_rows()).collect();
    match options.scheme {
        SplitScheme::KFold { .. } | SplitScheme::Holdout { .. } => {
            let (holdout, rest) = random_part(table, &rows, outer, &mut shuffle)?;
            Ok(FoldPlan { folds: random_folds(table, &options.scheme, &rest, seed)?, holdout })
        }
        SplitScheme::Group { folds } => {
            let groups = table.groups().ok_or(DataError::NoSplitColumn { scheme: "group" })?;
            let members = by_group(&rows, groups, &mut shuffle);
            let n_groups = members.len();
            let largest = n_groups.div_ceil(outer.of);
            if n_groups < outer.of || n_groups - largest < folds {
                let what = format!("{} outer folds with {folds} folds in each", outer.of);
                return Err(DataError::TooFewGroups { n_groups, needed: outer.of + folds, what });
            }
            let mut holdout = even_groups(members, outer.of).swap_remove(outer.fold);
            holdout.sort_unstable();
            let rest = without(&rows, &holdout);
            let members = by_group(&rest, groups, &mut Shuffle::new(seed.step(1)));
            let folds = even_groups(members, folds).iter().map(|valid| fold_of(&rest, valid)).collect();
            Ok(FoldPlan { holdout, folds })
        }
        SplitScheme::Time { folds } => {
            // The outer folds are those of a split in time; what is later than the one held out is not looked at.
            let outer_plan = time_plan(table, &by_time(table)?, outer.of, 0.0)?;
            let outer_fold = &outer_plan.folds[outer.fold];
            let inner = time_plan(table, &outer_fold.train, folds, 0.0)?;
            Ok(FoldPlan { holdout: outer_fold.valid.clone(), folds: inner.folds })
        }
    }
}

/// A random part of the rows, stratified by class, and the rest; both ascend.
fn random_part(
    table: &Table,
    rows: &[usize],
    outer: Outer,
    shuffle: &mut Shuffle,
) -> Result<(Vec<usize>, Vec<usize>), DataError> {
    if rows.len() < 2 * outer.of {
        return Err(too_few(rows.len(), 2 * outer.of, format!("{} outer folds", outer.of)));
    }
    let mut parts = match table.target() {
        Some(automl_core::Target::Classes { codes, .. }) => {
            check_rare(table, rows, codes, outer.of)?;
            by_class(strata(table, rows), outer.of, shuffle)
        }
        Some(automl_core::Target::Real(_)) | None => by_row(rows.to_vec(), outer.of, shuffle),
    };
    let mut holdout = parts.swap_remove(outer.fold);
    holdout.sort_unstable();
    let rest = without(rows, &holdout);
    Ok((holdout, rest))
}
