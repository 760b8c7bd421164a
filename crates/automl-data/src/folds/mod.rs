//! Which rows train, which validate, and which are kept for the end.
//!
//! | scheme | holdout | folds |
//! |---|---|---|
//! | [`SplitScheme::KFold`] | random, stratified by class | every row validates once per repeat; stratified by class |
//! | [`SplitScheme::Group`] | whole groups | whole groups, evened out by rows |
//! | [`SplitScheme::Time`] | the last rows | growing window: trains on all that is earlier |
//! | [`SplitScheme::Holdout`] | random, stratified by class | one, with the given share of the rows validating |

mod assign;
mod outer;

use automl_core::{Fold, FoldPlan, Purpose, Seed, Target};
use serde::{Deserialize, Serialize};

use self::assign::{Shuffle, by_class, by_group, by_row};
use crate::error::DataError;
use crate::table::Table;

pub use self::outer::{Outer, plan_outer};

/// How rows are cut into folds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "scheme", rename_all = "snake_case")]
pub enum SplitScheme {
    /// Cross-validation at random, stratified for classes.
    KFold {
        /// Number of folds, from 2.
        folds: usize,
        /// How often the rows are cut anew, from 1.
        repeats: usize,
    },
    /// Cross-validation over whole groups.
    Group {
        /// Number of folds, from 2.
        folds: usize,
    },
    /// Validation always later than training.
    Time {
        /// Number of folds, from 1.
        folds: usize,
    },
    /// One fold.
    Holdout {
        /// Share of the rows that validates, above 0 and below 1.
        share: f64,
    },
}

/// A split, unchecked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SplitOptions {
    /// How the rows without the holdout are cut.
    pub scheme: SplitScheme,
    /// Share of the rows scored only at the very end, from 0 to below 0.9; 0 for none.
    pub holdout: f64,
}

impl Default for SplitOptions {
    /// Five folds once, and a fifth of the rows held out.
    fn default() -> Self {
        SplitOptions { scheme: SplitScheme::KFold { folds: 5, repeats: 1 }, holdout: 0.2 }
    }
}

/// Cuts the rows of a training table. All row lists ascend, except in time where they follow it.
///
/// The plan depends on table, options and seed alone.
///
/// # Errors
/// [`DataError::InvalidSplit`], [`DataError::UniqueTarget`], [`DataError::TooFewRows`], [`DataError::TooFewGroups`],
/// [`DataError::RareClass`] and [`DataError::NoSplitColumn`].
pub fn plan_folds(table: &Table, options: &SplitOptions, seed: Seed) -> Result<FoldPlan, DataError> {
    check(options)?;
    if let Some(Target::Classes { n_classes, .. }) = table.target()
        && *n_classes > 2
        && *n_classes == table.n_rows()
    {
        let (target, n_rows) = (table.schema().target.clone(), table.n_rows());
        return Err(DataError::UniqueTarget { target, n_rows });
    }
    let seed = seed.purpose(Purpose::Split);
    match options.scheme {
        SplitScheme::KFold { .. } | SplitScheme::Holdout { .. } => {
            let kept = if let SplitScheme::KFold { folds, .. } = options.scheme { folds } else { 1 };
            let (holdout, rest) = cut_random(table, options.holdout, kept, seed)?;
            Ok(FoldPlan { folds: random_folds(table, &options.scheme, &rest, seed)?, holdout })
        }
        SplitScheme::Group { folds } => group_plan(table, folds, options.holdout, seed),
        SplitScheme::Time { folds } => time_plan(table, &by_time(table)?, folds, options.holdout),
    }
}

/// Folds of `rest` at random.
fn random_folds(
    table: &Table,
    scheme: &SplitScheme,
    rest: &[usize],
    seed: Seed,
) -> Result<Vec<Fold>, DataError> {
    match *scheme {
        SplitScheme::KFold { folds, repeats } => {
            let mut all = Vec::with_capacity(folds * repeats);
            for repeat in 0..repeats {
                let mut shuffle = Shuffle::new(seed.step(1 + repeat as u64));
                all.extend(k_folds(table, rest, folds, &mut shuffle)?);
            }
            Ok(all)
        }
        SplitScheme::Holdout { share } => {
            let mut shuffle = Shuffle::new(seed.step(1));
            let valid = take_share(table, rest, share, [1, 1], &mut shuffle);
            let fold = fold_of(rest, &valid);
            check_fold(&fold, rest.len())?;
            check_classes(table, &fold)?;
            Ok(vec![fold])
        }
        SplitScheme::Group { .. } | SplitScheme::Time { .. } => Ok(Vec::new()),
    }
}

fn check(options: &SplitOptions) -> Result<(), DataError> {
    let invalid = |what, value: String, range| Err(DataError::InvalidSplit { what, value, range });
    if !(0.0..0.9).contains(&options.holdout) {
        return invalid("the holdout share", options.holdout.to_string(), "from 0 to below 0.9");
    }
    match options.scheme {
        SplitScheme::KFold { folds, .. } | SplitScheme::Group { folds } if folds < 2 => {
            invalid("the number of folds", folds.to_string(), "at least 2")
        }
        SplitScheme::KFold { repeats: 0, .. } => {
            invalid("the number of repeats", "0".to_owned(), "at least 1")
        }
        SplitScheme::Time { folds: 0 } => invalid("the number of folds", "0".to_owned(), "at least 1"),
        SplitScheme::Holdout { share } if !(share > 0.0 && share < 1.0) => {
            invalid("the validation share", share.to_string(), "above 0 and below 1")
        }
        _ => Ok(()),
    }
}

/// Holdout and rest, both ascending. The rest keeps at least `kept` rows of each class that has as many, for the folds, unless
/// there would be no holdout.
fn cut_random(
    table: &Table,
    share: f64,
    kept: usize,
    seed: Seed,
) -> Result<(Vec<usize>, Vec<usize>), DataError> {
    let rows: Vec<usize> = (0..table.n_rows()).collect();
    let take = |kept: usize| take_share(table, &rows, share, [0, kept], &mut Shuffle::new(seed));
    let mut holdout = take(kept);
    if holdout.is_empty() {
        holdout = take(1);
    }
    holdout.sort_unstable();
    let rest = without(&rows, &holdout);
    if share > 0.0 && holdout.is_empty() || rest.len() < 2 {
        let needed = if share > 0.0 { (0.5 / share).ceil().max(3.0) as usize } else { 2 };
        return Err(too_few(table.n_rows(), needed, format!("a split with a holdout share of {share}")));
    }
    Ok((holdout, rest))
}

/// A share of the rows, the same of every class: at least `least` of each, but `kept` of several classes and one of a single
/// one stay.
fn take_share(
    table: &Table,
    rows: &[usize],
    share: f64,
    [least, kept]: [usize; 2],
    shuffle: &mut Shuffle,
) -> Vec<usize> {
    if share == 0.0 {
        return Vec::new();
    }
    let mut taken = Vec::with_capacity((rows.len() as f64 * share) as usize + 1);
    // Shares of the classes are rounded so that they add up: what one class lacks, the next gets.
    let mut due = 0.0;
    let classes = strata(table, rows);
    let kept = if classes.len() > 1 { kept } else { 1 };
    for mut class in classes {
        shuffle.apply(&mut class);
        due += class.len() as f64 * share;
        let count = (due.round() as usize).max(least).min(class.len().saturating_sub(kept));
        due -= count as f64;
        taken.extend_from_slice(&class[..count]);
    }
    taken
}

/// The rows of each class; all rows together for regression.
fn strata(table: &Table, rows: &[usize]) -> Vec<Vec<usize>> {
    let mut strata = match table.target() {
        Some(Target::Classes { codes, n_classes }) => {
            let mut classes = vec![Vec::new(); *n_classes];
            for &row in rows {
                classes[codes[row] as usize].push(row);
            }
            classes
        }
        Some(Target::Real(_)) | None => vec![rows.to_vec()],
    };
    strata.retain(|class| !class.is_empty());
    strata
}

fn k_folds(
    table: &Table,
    rest: &[usize],
    folds: usize,
    shuffle: &mut Shuffle,
) -> Result<Vec<Fold>, DataError> {
    if rest.len() < folds {
        return Err(too_few(rest.len(), folds, format!("a split into {folds} folds")));
    }
    let parts = match table.target() {
        Some(Target::Classes { codes, .. }) => {
            check_rare(table, rest, codes, folds)?;
            by_class(strata(table, rest), folds, shuffle)
        }
        Some(Target::Real(_)) | None => by_row(rest.to_vec(), folds, shuffle),
    };
    Ok(parts.iter().map(|valid| fold_of(rest, valid)).collect())
}

/// While one row of a class validates another has to be there to learn from. A class of fewer rows than folds is in the training
/// rows of all of them, and validates some.
fn check_rare(table: &Table, rest: &[usize], codes: &[u32], folds: usize) -> Result<(), DataError> {
    for class in strata(table, rest) {
        if class.len() < 2 {
            return Err(DataError::RareClass {
                class: label_of(table, codes[class[0]]),
                n_rows: class.len(),
                n_folds: folds,
            });
        }
    }
    Ok(())
}

/// Both sides of a single fold need every class.
fn check_classes(table: &Table, fold: &Fold) -> Result<(), DataError> {
    let Some(Target::Classes { codes, n_classes }) = table.target() else { return Ok(()) };
    for class in 0..*n_classes as u32 {
        let of = |rows: &[usize]| rows.iter().filter(|&&row| codes[row] == class).count();
        let (train, valid) = (of(&fold.train), of(&fold.valid));
        if train == 0 || valid == 0 {
            return Err(DataError::RareClass {
                class: label_of(table, class),
                n_rows: train + valid,
                n_folds: 2,
            });
        }
    }
    Ok(())
}

fn label_of(table: &Table, code: u32) -> String {
    table.profile().labels.get(code as usize).cloned().unwrap_or_default()
}

fn group_plan(table: &Table, folds: usize, share: f64, seed: Seed) -> Result<FoldPlan, DataError> {
    let groups = table.groups().ok_or(DataError::NoSplitColumn { scheme: "group" })?;
    let rows: Vec<usize> = (0..table.n_rows()).collect();
    let mut shuffle = Shuffle::new(seed);
    let mut holdout = Vec::new();
    let mut members = by_group(&rows, groups, &mut shuffle);
    let n_groups = members.len();
    let needed = folds + usize::from(share > 0.0);
    if n_groups < needed {
        let what = format!("a split into {folds} folds with a holdout share of {share}");
        return Err(DataError::TooFewGroups { n_groups, needed, what });
    }
    // Groups go to the holdout at random until it has its share; the folds keep a group each.
    let wanted = share * rows.len() as f64;
    while share > 0.0 && members.len() > folds && (holdout.len() as f64) < wanted {
        let Some(group) = members.pop() else { break };
        // The group that overshoots by more than it fills is left out, unless there would be no holdout.
        let over = (holdout.len() + group.len()) as f64 - wanted;
        if holdout.is_empty() || over <= wanted - holdout.len() as f64 {
            holdout.extend(group);
        } else {
            members.insert(0, group);
            break;
        }
    }
    holdout.sort_unstable();
    let rest = without(&rows, &holdout);
    let folds = assign::even_groups(members, folds).iter().map(|valid| fold_of(&rest, valid)).collect();
    Ok(FoldPlan { holdout, folds })
}

/// All rows in order of time.
fn by_time(table: &Table) -> Result<Vec<usize>, DataError> {
    let times = table.times().ok_or(DataError::NoSplitColumn { scheme: "time" })?;
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by_key(|&row| (times[row], row));
    Ok(order)
}

/// Rows are cut into equal blocks in time. Fold `i` trains on blocks `0..=i` and validates on the next one.
/// Rows of one moment are never cut apart.
fn time_plan(table: &Table, order: &[usize], folds: usize, share: f64) -> Result<FoldPlan, DataError> {
    let times = table.times().ok_or(DataError::NoSplitColumn { scheme: "time" })?;
    // The first place from `at` on where a new moment begins.
    let boundary = |at: usize| {
        let is_new = |at: &usize| *at == 0 || times[order[*at]] != times[order[*at - 1]];
        (at..order.len()).find(is_new).unwrap_or(order.len())
    };
    let wanted = order.len() - (order.len() as f64 * share).round() as usize;
    let end = if wanted == order.len() { wanted } else { boundary(wanted) };
    let mut cuts: Vec<usize> =
        (1..=folds).map(|block| boundary(block * end / (folds + 1)).min(end)).collect();
    cuts.push(end);
    let distinct = cuts.windows(2).all(|pair| pair[0] < pair[1]) && cuts[0] > 0;
    let has_holdout = share == 0.0 || end < order.len();
    if !distinct || !has_holdout {
        let n_moments = order.chunk_by(|a, b| times[*a] == times[*b]).count();
        let n_rows = order.len();
        return Err(DataError::TooFewMoments { n_rows, n_moments, n_folds: folds, holdout: share });
    }
    let fold =
        |cut: &[usize]| Fold { train: order[..cut[0]].to_vec(), valid: order[cut[0]..cut[1]].to_vec() };
    Ok(FoldPlan { holdout: order[end..].to_vec(), folds: cuts.windows(2).map(fold).collect() })
}

fn check_fold(fold: &Fold, n_rows: usize) -> Result<(), DataError> {
    if fold.train.is_empty() || fold.valid.is_empty() {
        return Err(too_few(n_rows, 2, "a single split into training and validation".to_owned()));
    }
    Ok(())
}

fn too_few(n_rows: usize, needed: usize, what: String) -> DataError {
    DataError::TooFewRows { n_rows, needed, what }
}

/// The fold that validates on `valid` and trains on all else of `rows`, which ascend.
fn fold_of(rows: &[usize], valid: &[usize]) -> Fold {
    let mut valid = valid.to_vec();
    valid.sort_unstable();
    Fold { train: without(rows, &valid), valid }
}

/// `rows` without `taken`; both ascend.
fn without(rows: &[usize], taken: &[usize]) -> Vec<usize> {
    rows.iter().copied().filter(|row| taken.binary_search(row).is_err()).collect()
}
