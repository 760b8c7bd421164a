//! How rows are split, with the defaults that depend on how many there are.

use automl_core::{DataProfile, Metric, counted};
use automl_data::{DataError, SplitOptions, SplitScheme};

use crate::config::{Scheme, SplitConfig};
use crate::error::AutomlError;

/// Above this many rows a third of the folds is enough to rank configurations.
const FEW_FOLDS_ABOVE: usize = 10_000;
/// Above this many rows one split is.
const ONE_SPLIT_ABOVE: usize = 200_000;
/// Share of rows that validate in a single split.
const SINGLE_SHARE: f64 = 0.2;
/// Below this many rows one k-fold ranks configurations by chance: the folds of one cut differ by more than
/// the configurations do.
pub(crate) const SMALL: usize = 1000;
/// Independent k-folds of a small table. On four tables of 318 to 712 rows and two seeds, 25 trials on three k-folds
/// tested better than 75 trials on one in five runs of eight.
const SMALL_REPEATS: usize = 3;
/// Share of rows that are held out.
const HOLDOUT: f64 = 0.1;

/// The rarest class with its number of rows, if the metric has no value where a class is missing.
pub(crate) fn rarest(metric: Metric, profile: &DataProfile) -> Option<(&str, usize)> {
    let is_picky = matches!(metric, Metric::RocAuc | Metric::PrAuc);
    let counts = profile.labels.iter().map(String::as_str).zip(profile.class_counts.iter().copied());
    counts.min_by_key(|(_, count)| *count).filter(|_| is_picky)
}

/// Fills in what the user left open, in `config` too. Resolving a second time changes nothing. Each fold of a k-fold has a row
/// of the class `rarest`.
///
/// # Errors
/// [`AutomlError::Config`] for settings that contradict each other, [`AutomlError::Data`] for more folds than rows of `rarest`.
pub(crate) fn resolve(
    config: &mut SplitConfig,
    n_rows: usize,
    rarest: Option<(&str, usize)>,
) -> Result<SplitOptions, AutomlError> {
    let kind = match (config.scheme, &config.group, &config.time) {
        (Some(scheme), _, _) => scheme,
        (None, Some(_), Some(_)) => {
            return Err(AutomlError::config("`group` and `time` are both given")
                .with_hint("say which of them splits: `scheme = \"group\"` or `scheme = \"time\"`"));
        }
        (None, Some(_), None) => Scheme::Group,
        (None, None, Some(_)) => Scheme::Time,
        (None, None, None) if n_rows > ONE_SPLIT_ABOVE && config.folds.is_none() => Scheme::Single,
        (None, None, None) => Scheme::Kfold,
    };
    let rarest = rarest.filter(|_| kind == Scheme::Kfold);
    let most = rarest.map_or(usize::MAX, |(_, n_rows)| n_rows.max(2));
    let folds = config.folds.unwrap_or(most.min(if n_rows > FEW_FOLDS_ABOVE { 3 } else { 5 }));
    if let Some((class, n_rows)) = rarest.filter(|(_, n_rows)| *n_rows < folds) {
        return Err(DataError::RareClass { class: class.to_owned(), n_rows, n_folds: folds }.into());
    }
    let repeats_by_rows = if kind == Scheme::Kfold && n_rows < SMALL { SMALL_REPEATS } else { 1 };
    let repeats = config.repeats.unwrap_or(repeats_by_rows);
    if repeats != 1 && kind != Scheme::Kfold {
        return Err(AutomlError::config(format!("`repeats = {repeats}` needs `scheme = \"kfold\"`")));
    }
    let scheme = match kind {
        Scheme::Kfold => SplitScheme::KFold { folds, repeats },
        Scheme::Group => SplitScheme::Group { folds },
        Scheme::Time => SplitScheme::Time { folds },
        Scheme::Single => SplitScheme::Holdout { share: SINGLE_SHARE },
    };
    let holdout = config.holdout.unwrap_or(HOLDOUT);
    config.scheme = Some(kind);
    config.folds = (kind != Scheme::Single).then_some(folds);
    config.repeats = (kind == Scheme::Kfold).then_some(repeats);
    config.holdout = Some(holdout);
    Ok(SplitOptions { scheme, holdout })
}

/// The split in words.
pub(crate) fn describe(options: &SplitOptions, n_holdout: usize) -> String {
    let how = match &options.scheme {
        SplitScheme::KFold { folds, repeats: 1 } => format!("{folds}-fold cross-validation"),
        SplitScheme::KFold { folds, repeats } => {
            format!("{folds}-fold cross-validation, repeated {repeats} times")
        }
        SplitScheme::Group { folds } => format!("{folds}-fold cross-validation that keeps groups together"),
        SplitScheme::Time { folds } => format!("{folds} expanding windows in order of time"),
        SplitScheme::Holdout { share } => {
            format!("one split with {:.0} % of the rows validating", share * 100.0)
        }
    };
    match n_holdout {
        0 => format!("{how}; no holdout"),
        n => format!("{how}; {} held out for the final score", counted(n, "row")),
    }
}
