//! Reference values: scipy 1.17, `spearmanr`, `chi2_contingency(correction=False)`, `rankdata`, `kstwobign.sf`, `chi2.sf`; V and η
//! by their formulas on those.

use automl_core::{ColumnKind, Distribution, FoldPlan, GroupTarget, Seed};
use polars::prelude::df;

use super::association::{correlation_ratio, cramers_v, spearman};
use super::view::View;
use super::{drift, groups, summarise};
use crate::{SplitOptions, SplitScheme, Table, TableOptions, plan_folds};

fn some(codes: &[u32]) -> Vec<Option<u32>> {
    codes.iter().copied().map(Some).collect()
}

fn close(value: Option<f64>, expected: f64) {
    let value = value.unwrap();
    assert!((value - expected).abs() < 1e-9, "{value} is not {expected}");
}

#[test]
fn associations_equal_those_of_the_references() {
    let x = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.5];
    let y = [2.0, 7.0, 1.0, 8.0, 2.0, 8.0, 1.5, 8.0, 2.5, 9.0];
    close(spearman(&x, &y), 0.126_940_459_933_380_4);
    let a = some(&[0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 1, 2]);
    let b = some(&[0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1]);
    close(cramers_v(&a, &b), 0.489_897_948_556_635_65);
    let numbers = [1.5, 2.5, 2.0, 4.0, 3.0, 5.0, 9.0, 7.0, 8.0, 1.0, 2.2, 6.0];
    close(correlation_ratio(&a, &numbers), 0.898_717_034_272_917_2);
}

#[test]
fn associations_without_enough_values_are_none() {
    assert_eq!(spearman(&[1.0, f64::NAN, 2.0], &[1.0, 2.0, 3.0]), None);
    assert_eq!(cramers_v(&some(&[0; 9]), &some(&[0, 1, 0, 1, 0, 1, 0, 1, 0])), None);
    assert_eq!(correlation_ratio(&some(&[0, 1, 2, 3, 4]), &[1.0, 2.0, 3.0, 4.0, 5.0]), None);
}

#[test]
fn drift_equals_that_of_the_references() {
    let numbers = |values: Vec<f64>| View::Numbers { values, are_times: false };
    let one = numbers((0..30).map(|i| f64::from(i) * 0.5).chain([f64::NAN]).collect());
    let other = numbers((0..20).map(|i| f64::from(i) * 0.4 + 4.0).collect());
    let found = drift::between(&one, &other).unwrap();
    close(Some(found.distance), 0.266_666_666_666_666_66);
    close(Some(found.p_value), 0.310_332_694_323_052_66);
    assert!(drift::between(&one, &one).unwrap().p_value > 0.999);
    let levels = |counts: [usize; 4]| View::Levels {
        codes: (0..4_u32).flat_map(|code| vec![Some(code); counts[code as usize]]).collect(),
        names: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
    };
    let found = drift::between(&levels([40, 30, 20, 10]), &levels([10, 20, 25, 5])).unwrap();
    close(Some(found.distance), 0.25);
    close(Some(found.p_value), 0.004_557_191_465_324_264);
    assert_eq!(drift::between(&levels([4, 0, 0, 0]), &levels([10, 20, 25, 5])), None);
}

#[test]
fn equal_values_stay_in_one_part() {
    let values = [2.0, 1.0, 2.0, f64::NAN, 2.0, 3.0, 2.0];
    assert_eq!(groups::quantile_parts(&values, 3), [vec![1], vec![0, 2, 4, 6], vec![5]]);
    assert_eq!(groups::quantile_parts(&values, 1).len(), 1);
    assert!(groups::quantile_parts(&[f64::NAN], 3).is_empty());
}

/// 200 rows: `copy` is the target, `noise` is not, `city` tells half, one row in ten has no `noise`.
fn table() -> Table {
    let n = 200_u32;
    let noise = |i: u32| f64::from(i.wrapping_mul(2_654_435_761) >> 16);
    let frame = df!(
        "copy" => (0..n).map(|i| f64::from(i % 2) * 3.0 + 0.5).collect::<Vec<_>>(),
        "noise" => (0..n).map(|i| (i % 10 != 0).then(|| noise(i))).collect::<Vec<_>>(),
        "city" => (0..n).map(|i| if i % 4 == 1 { "Rom" } else { "Wien" }).collect::<Vec<_>>(),
        "y" => (0..n).map(|i| if i % 2 == 1 { "yes" } else { "no" }).collect::<Vec<_>>(),
    );
    Table::for_training(frame.unwrap(), &TableOptions { target: "y".into(), ..TableOptions::default() })
        .unwrap()
}

fn plan(table: &Table, holdout: f64) -> FoldPlan {
    let options = SplitOptions { scheme: SplitScheme::KFold { folds: 2, repeats: 1 }, holdout };
    plan_folds(table, &options, Seed(1)).unwrap()
}

#[test]
fn a_copy_of_the_target_explains_all_and_noise_nothing() {
    let table = table();
    let summary = summarise(&table, &plan(&table, 0.2)).unwrap();
    let explained = |name: &str| summary.columns.iter().find(|column| column.name == name).unwrap().explained;
    assert!(explained("copy") > 0.97, "{}", explained("copy"));
    assert!(explained("noise") < 0.1, "{}", explained("noise"));
    assert!((0.2..0.5).contains(&explained("city")), "{}", explained("city"));
    assert_eq!((summary.n_rows, summary.n_training, summary.classes.len()), (160, 160, 2));
    assert!(summary.columns.iter().all(|column| column.drift.is_some_and(|drift| drift.p_value > 0.001)));
}

#[test]
fn groups_hold_every_row_and_missing_ones_come_last() {
    let table = table();
    let summary = summarise(&table, &plan(&table, 0.0)).unwrap();
    for column in &summary.columns {
        assert_eq!(column.groups.iter().map(|group| group.n_rows).sum::<usize>(), 200, "{}", column.name);
        assert_eq!(column.drift, None);
        for group in &column.groups {
            let GroupTarget::Shares(shares) = &group.target else { panic!("{group:?}") };
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
    let noise =
        summary.columns.iter().find(|column| column.kind == ColumnKind::Numeric && column.name == "noise");
    let last = noise.unwrap().groups.last().unwrap();
    assert_eq!((last.label.as_ref(), last.range, last.n_rows), (None, None, 20));
}

#[test]
fn associations_are_symmetric_with_the_target_last() {
    let table = table();
    let associations = summarise(&table, &plan(&table, 0.0)).unwrap().associations;
    let n = associations.names.len();
    assert_eq!(associations.names.last().map(String::as_str), Some("y"));
    for a in 0..n {
        for b in 0..n {
            assert_eq!(associations.values[a * n + b], associations.values[b * n + a]);
            assert!(associations.values[a * n + b].is_none_or(|value| (-1.0..=1.0).contains(&value)));
        }
    }
}

#[test]
fn repeated_rows_are_counted_and_told_apart_from_contradictions() {
    let frame = df!(
        "a" => [1.0, 1.0, 1.0, 2.0, 0.0, -0.0, 3.0, 4.0],
        "b" => ["x", "x", "x", "y", "x", "x", "y", "y"],
        "y" => [1.0, 1.0, 2.5, 0.5, 4.0, 4.0, 2.5, 7.0],
    );
    let options = TableOptions { target: "y".into(), ..TableOptions::default() };
    let table = Table::for_training(frame.unwrap(), &options).unwrap();
    let plan = FoldPlan { holdout: vec![2, 6], folds: Vec::new() };
    let found = summarise(&table, &plan).unwrap().duplicates;
    assert_eq!((found.n_repeated, found.n_contradicting), (2, 0));
    assert_eq!((found.n_shared, found.n_holdout), (1, 2));
    let none = FoldPlan { holdout: Vec::new(), folds: Vec::new() };
    let found = summarise(&table, &none).unwrap().duplicates;
    assert_eq!((found.n_repeated, found.n_contradicting, found.n_shared), (3, 1, 0));
}

#[test]
fn far_values_do_not_stretch_a_histogram() {
    let values: Vec<f64> = (0..1000).map(f64::from).chain([1e12]).collect();
    let view = View::Numbers { values, are_times: false };
    let Distribution::Numeric { low, high, counts, n_beyond, .. } = super::distribution::of(&view) else {
        panic!("numbers have a histogram")
    };
    assert!(low >= 0.0 && high < 1001.0, "{low} to {high}");
    assert_eq!(counts.iter().sum::<usize>(), 1001);
    assert!((1..20).contains(&n_beyond), "{n_beyond}");
}

#[test]
fn dates_have_ends_that_are_read() {
    let day = 86_400_000_000_i64;
    let view = View::Numbers { values: vec![0.0, (31 * day) as f64], are_times: true };
    let Distribution::Numeric { ends, .. } = super::distribution::of(&view) else { panic!("a histogram") };
    assert_eq!(ends, Some(["1970-01-01".to_owned(), "1970-02-01".to_owned()]));
}
