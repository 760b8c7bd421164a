//! What holds for every fold plan.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use std::collections::HashSet;

use automl_core::{Fold, FoldPlan, Hint, Seed};
use automl_data::polars::prelude::df;
use automl_data::{DataError, Outer, SplitOptions, SplitScheme, Table, TableOptions, plan_folds, plan_outer};
use proptest::prelude::*;

/// A table whose target has the given classes, with a group and a time per row.
fn table(classes: &[u8], groups: &[u8], times: &[i64]) -> Table {
    let n_rows = classes.len();
    let frame = df!(
        "x" => (0..n_rows).map(|row| row as f64 / 7.0 + 0.1).collect::<Vec<_>>(),
        "group" => groups.iter().map(|group| format!("g{group}")).collect::<Vec<_>>(),
        "time" => times,
        "y" => classes.iter().map(|class| format!("c{class}")).collect::<Vec<_>>(),
    );
    let options = TableOptions {
        target: "y".into(),
        group: Some("group".into()),
        time: Some("time".into()),
        ..TableOptions::default()
    };
    Table::for_training(frame.unwrap(), &options).unwrap()
}

fn simple(classes: &[u8]) -> Table {
    let n_rows = classes.len() as i64;
    table(classes, &vec![0; classes.len()], &(0..n_rows).collect::<Vec<_>>())
}

/// Holdout and each fold's two sides are disjoint and cover `rows`, unless `growing`.
fn check_partition(plan: &FoldPlan, n_rows: usize, growing: bool) {
    for fold in &plan.folds {
        assert!(!fold.train.is_empty() && !fold.valid.is_empty());
        let mut seen = HashSet::new();
        for row in plan.holdout.iter().chain(&fold.train).chain(&fold.valid) {
            assert!(*row < n_rows && seen.insert(*row), "row {row} is twice or nowhere");
        }
        assert!(growing || seen.len() == n_rows);
    }
}

/// Every row that is not held out validates exactly once.
fn check_cover(plan: &FoldPlan, n_rows: usize) {
    let mut validated: Vec<usize> = plan.folds.iter().flat_map(|fold| fold.valid.clone()).collect();
    validated.extend(&plan.holdout);
    validated.sort_unstable();
    assert_eq!(validated, (0..n_rows).collect::<Vec<_>>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn stratified_folds_partition_the_rows_evenly(
        counts in prop::collection::vec(10_usize..40, 2..5), folds in 2_usize..6, holdout in prop_oneof![Just(0.0), 0.1..0.4], seed: u64,
    ) {
        let classes: Vec<u8> = counts.iter().enumerate().flat_map(|(class, n)| vec![class as u8; *n]).collect();
        let table = simple(&classes);
        let scheme = SplitScheme::KFold { folds, repeats: 1 };
        let plan = plan_folds(&table, &SplitOptions { scheme, holdout }, Seed(seed)).unwrap();
        check_partition(&plan, classes.len(), false);
        check_cover(&plan, classes.len());
        let of = |rows: &[usize], class: u8| rows.iter().filter(|&&row| classes[row] == class).count();
        for (class, count) in counts.iter().enumerate() {
            let in_folds: Vec<usize> = plan.folds.iter().map(|fold| of(&fold.valid, class as u8)).collect();
            let spread = in_folds.iter().max().unwrap() - in_folds.iter().min().unwrap();
            prop_assert!(spread <= 1, "class {} has {:?}", class, in_folds);
            let held = of(&plan.holdout, class as u8) as f64;
            prop_assert!((held - holdout * *count as f64).abs() <= 1.0 + 1e-9, "{} of {} rows held", held, count);
        }
        let sizes: Vec<usize> = plan.folds.iter().map(|fold| fold.valid.len()).collect();
        prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{:?}", sizes);
    }

    #[test]
    fn groups_are_never_split(
        groups in prop::collection::vec(0_u8..12, 40..120), folds in 2_usize..4, holdout in 0.0..0.4, seed: u64,
    ) {
        let n_rows = groups.len();
        let classes: Vec<u8> = (0..n_rows).map(|row| (row % 2) as u8).collect();
        let times: Vec<i64> = (0..n_rows as i64).collect();
        let n_groups = groups.iter().collect::<HashSet<_>>().len();
        prop_assume!(n_groups > folds);
        let options = SplitOptions { scheme: SplitScheme::Group { folds }, holdout };
        let plan = plan_folds(&table(&classes, &groups, &times), &options, Seed(seed)).unwrap();
        check_partition(&plan, n_rows, false);
        check_cover(&plan, n_rows);
        prop_assert_eq!(plan.holdout.is_empty(), holdout == 0.0);
        let of = |rows: &[usize]| rows.iter().map(|&row| groups[row]).collect::<HashSet<_>>();
        for fold in &plan.folds {
            prop_assert!(of(&fold.train).is_disjoint(&of(&fold.valid)));
            prop_assert!(of(&plan.holdout).is_disjoint(&of(&fold.valid)));
        }
        let held = of(&plan.holdout);
        prop_assert!(plan.folds.iter().all(|fold| of(&fold.train).is_disjoint(&held)));
    }

    #[test]
    fn validation_is_later_than_training(
        times in prop::collection::vec(0_i64..1000, 60..120), folds in 1_usize..5, holdout in 0.05..0.4, seed: u64,
    ) {
        let n_rows = times.len();
        let classes: Vec<u8> = (0..n_rows).map(|row| (row % 2) as u8).collect();
        let options = SplitOptions { scheme: SplitScheme::Time { folds }, holdout };
        let plan = plan_folds(&table(&classes, &vec![0; n_rows], &times), &options, Seed(seed)).unwrap();
        check_partition(&plan, n_rows, true);
        prop_assert_eq!(plan.folds.len(), folds);
        let first = |rows: &[usize]| rows.iter().map(|&row| times[row]).min().unwrap();
        let last = |rows: &[usize]| rows.iter().map(|&row| times[row]).max().unwrap();
        for fold in &plan.folds {
            prop_assert!(last(&fold.train) < first(&fold.valid));
            prop_assert!(last(&fold.valid) < first(&plan.holdout));
        }
        for pair in plan.folds.windows(2) {
            prop_assert_eq!(pair[0].train.len() + pair[0].valid.len(), pair[1].train.len());
        }
    }
}

fn classes_of(counts: &[usize]) -> Vec<u8> {
    counts.iter().enumerate().flat_map(|(class, n)| vec![class as u8; *n]).collect()
}

#[test]
fn the_plan_depends_on_the_seed_alone() {
    let table = simple(&classes_of(&[30, 20]));
    let options = SplitOptions::default();
    let plan = plan_folds(&table, &options, Seed(3)).unwrap();
    assert_eq!(plan, plan_folds(&table, &options, Seed(3)).unwrap());
    assert_ne!(plan, plan_folds(&table, &options, Seed(4)).unwrap());
    assert_eq!((plan.holdout.len(), plan.folds.len()), (10, 5));
}

#[test]
fn repeats_share_the_holdout_and_cut_anew() {
    let table = simple(&classes_of(&[30, 20]));
    let options = SplitOptions { scheme: SplitScheme::KFold { folds: 4, repeats: 3 }, holdout: 0.2 };
    let plan = plan_folds(&table, &options, Seed(3)).unwrap();
    assert_eq!(plan.folds.len(), 12);
    check_partition(&plan, 50, false);
    assert_ne!(plan.folds[0], plan.folds[4]);
    assert_ne!(plan.folds[4], plan.folds[8]);
}

#[test]
fn every_fold_learns_from_a_rare_class() {
    for rare in [2, 3, 5] {
        let classes = classes_of(&[40, rare, 37]);
        let options = SplitOptions { scheme: SplitScheme::KFold { folds: 5, repeats: 1 }, holdout: 0.1 };
        let plan = plan_folds(&simple(&classes), &options, Seed(3)).unwrap();
        check_cover(&plan, 77 + rare);
        // None of so few is held out.
        assert!(plan.holdout.iter().all(|&row| classes[row] != 1) && !plan.holdout.is_empty());
        let n_validating = |fold: &Fold| fold.valid.iter().filter(|&&row| classes[row] == 1).count();
        assert!(plan.folds.iter().all(|fold| n_validating(fold) <= 1));
        assert!(plan.folds.iter().all(|fold| fold.train.iter().any(|&row| classes[row] == 1)));
    }
}

#[test]
fn a_single_split_is_stratified() {
    let classes = classes_of(&[40, 60]);
    let options = SplitOptions { scheme: SplitScheme::Holdout { share: 0.25 }, holdout: 0.2 };
    let plan = plan_folds(&simple(&classes), &options, Seed(1)).unwrap();
    check_partition(&plan, 100, false);
    assert_eq!((plan.holdout.len(), plan.folds[0].valid.len(), plan.folds[0].train.len()), (20, 20, 60));
    assert_eq!(plan.folds[0].valid.iter().filter(|&&row| classes[row] == 0).count(), 8);
}

#[test]
fn regression_folds_are_even() {
    let frame = df!("x" => (0..53).map(|row| f64::from(row) / 3.0).collect::<Vec<_>>(), "y" => (0..53).map(|row| f64::from(row) / 7.0).collect::<Vec<_>>());
    let options = TableOptions { target: "y".into(), ..TableOptions::default() };
    let table = Table::for_training(frame.unwrap(), &options).unwrap();
    let plan = plan_folds(&table, &SplitOptions::default(), Seed(1)).unwrap();
    check_partition(&plan, 53, false);
    check_cover(&plan, 53);
    assert_eq!(plan.holdout.len(), 11);
}

fn tell(table: &Table, scheme: SplitScheme, holdout: f64) -> String {
    let error: DataError = plan_folds(table, &SplitOptions { scheme, holdout }, Seed(1)).unwrap_err();
    let hints: Vec<String> = error.hints().iter().map(|hint| format!("\nhint: {hint}")).collect();
    let hints = hints.concat();
    format!("{error}{hints}")
}

#[test]
fn splits_that_cannot_be_are_told() {
    let five = SplitScheme::KFold { folds: 5, repeats: 1 };
    let rare = simple(&classes_of(&[30, 1]));
    insta::assert_snapshot!(tell(&rare, five, 0.0), @r"
    class `c1` has 1 row to split, too few for 5 folds
    hint: drop the rows of this class, or merge it with another
    ");
    insta::assert_snapshot!(tell(&simple(&classes_of(&[20, 1])), SplitScheme::Holdout { share: 0.2 }, 0.0), @r"
    class `c1` has 1 row to split, too few for 2 folds
    hint: drop the rows of this class, or merge it with another
    ");
    insta::assert_snapshot!(tell(&simple(&classes_of(&[1; 12])), five, 0.1), @r"
    each of the 12 rows has a value of its own in target `y`, so there is no class to learn
    hint: choose another target, or leave this column out of the table if it names the rows
    ");
    insta::assert_snapshot!(tell(&rare, SplitScheme::KFold { folds: 1, repeats: 1 }, 0.0), @"the number of folds is 1, but must be at least 2");
    insta::assert_snapshot!(tell(&rare, SplitScheme::KFold { folds: 2, repeats: 0 }, 0.0), @"the number of repeats is 0, but must be at least 1");
    insta::assert_snapshot!(tell(&rare, SplitScheme::Time { folds: 0 }, 0.0), @"the number of folds is 0, but must be at least 1");
    insta::assert_snapshot!(tell(&rare, five, 0.95), @"the holdout share is 0.95, but must be from 0 to below 0.9");
    insta::assert_snapshot!(tell(&rare, SplitScheme::Holdout { share: 1.0 }, 0.0), @"the validation share is 1, but must be above 0 and below 1");
    insta::assert_snapshot!(tell(&rare, SplitScheme::Group { folds: 2 }, 0.0), @r"
    1 groups are too few: a split into 2 folds with a holdout share of 0 needs at least 2
    hint: use fewer folds or a smaller holdout share
    ");
    let two = df!("x" => [1.5, 2.5], "y" => [1.5, 2.5]).unwrap();
    let regression = automl_core::Task::Regression;
    let options = TableOptions { target: "y".into(), task: Some(regression), ..TableOptions::default() };
    let two = Table::for_training(two, &options).unwrap();
    insta::assert_snapshot!(tell(&two, five, 0.0), @r"
    2 rows are too few: a split into 5 folds needs at least 5
    hint: use fewer folds or a smaller holdout share
    ");
    insta::assert_snapshot!(tell(&two, five, 0.2), @r"
    2 rows are too few: a split with a holdout share of 0.2 needs at least 3
    hint: use fewer folds or a smaller holdout share
    ");
    insta::assert_snapshot!(tell(&two, SplitScheme::Group { folds: 2 }, 0.0), @r"
    a group split needs a group column, and none was named
    hint: name a group column with `--group`, or as `group` in `[split]`
    ");
    insta::assert_snapshot!(tell(&two, SplitScheme::Time { folds: 2 }, 0.0), @r"
    a time split needs a time column, and none was named
    hint: name a time column with `--time-column`, or as `time` in `[split]`
    ");
    let moment = table(&classes_of(&[5, 5]), &[0; 10], &[7; 10]);
    insta::assert_snapshot!(tell(&moment, SplitScheme::Time { folds: 2 }, 0.2), @r"
    10 rows at 1 different times cannot be cut into 2 folds and a holdout share of 0.2: rows of one time stay together
    hint: use fewer folds or a smaller holdout share
    ");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn outer_folds_hold_every_row_out_once_and_keep_it_from_the_inner_ones(
        classes in prop::collection::vec(0_u8..3, 60..120), of in 2_usize..5, seed: u64, scheme in 0_usize..3,
    ) {
        let classes: Vec<u8> = classes.iter().copied().chain([0, 1, 2].repeat(8)).collect();
        let n_rows = classes.len();
        let groups: Vec<u8> = (0..n_rows).map(|row| (row % 17) as u8).collect();
        let table = table(&classes, &groups, &vec![0; n_rows]);
        let scheme = [
            SplitScheme::KFold { folds: 3, repeats: 2 },
            SplitScheme::Holdout { share: 0.3 },
            SplitScheme::Group { folds: 3 },
        ][scheme];
        let options = SplitOptions { scheme, holdout: 0.1 };
        let mut held_out = Vec::new();
        for fold in 0..of {
            let plan = plan_outer(&table, &options, Outer { fold, of }, Seed(seed)).unwrap();
            check_partition(&plan, n_rows, false);
            if let SplitScheme::Group { .. } = scheme {
                let of_rows = |rows: &[usize]| rows.iter().map(|&row| groups[row]).collect::<HashSet<_>>();
                prop_assert!(of_rows(&plan.holdout).is_disjoint(&of_rows(&plan.folds[0].train)));
            }
            held_out.extend(plan.holdout);
        }
        held_out.sort_unstable();
        prop_assert_eq!(held_out, (0..n_rows).collect::<Vec<_>>());
    }
}

#[test]
fn outer_folds_in_time_learn_from_what_is_earlier() {
    let table = simple(&[0, 1].repeat(60));
    let options = SplitOptions { scheme: SplitScheme::Time { folds: 2 }, holdout: 0.1 };
    for fold in 0..3 {
        let plan = plan_outer(&table, &options, Outer { fold, of: 3 }, Seed(1)).unwrap();
        let latest = plan.folds.iter().flat_map(|fold| &fold.valid).max().unwrap();
        assert!(latest < plan.holdout.iter().min().unwrap());
    }
    let error = plan_outer(&table, &options, Outer { fold: 3, of: 3 }, Seed(1)).unwrap_err();
    assert_eq!(error.to_string(), "the outer fold is 3, but must be below the number of outer folds");
}
