//! Frames to tables: kinds, targets, schemas, and the words in which a misfit is told.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use std::collections::BTreeMap;

use automl_core::{ColumnKind, Hint, Target, Task};
use automl_data::polars::prelude::{Categories, DataFrame, DataType, df};
use automl_data::{Column, DataError, FeatureSchema, Table, TableOptions};

fn options(target: &str) -> TableOptions {
    TableOptions { target: target.to_owned(), ..TableOptions::default() }
}

fn train(frame: DataFrame, options: &TableOptions) -> Table {
    Table::for_training(frame, options).unwrap()
}

fn tell<T: std::fmt::Debug>(result: Result<T, DataError>) -> String {
    let error = result.unwrap_err();
    let hints: Vec<String> = error.hints().iter().map(|hint| format!("\nhint: {hint}")).collect();
    let hints = hints.concat();
    format!("{error}{hints}")
}

/// Forty rows with a column of every kind.
fn people() -> DataFrame {
    let rows = 0..40_i32;
    df!(
        "person_id" => rows.clone().map(|row| row * 1009).collect::<Vec<_>>(),
        "age" => rows.clone().map(|row| (row % 7 != 0).then_some(20.5 + f64::from(row))).collect::<Vec<_>>(),
        "city" => rows.clone().map(|row| ["Bern", "Ulm", "Graz"][row as usize % 3]).collect::<Vec<_>>(),
        "member" => rows.clone().map(|row| if row % 3 == 0 { "yes" } else { "No" }).collect::<Vec<_>>(),
        "born" => rows.clone().map(|row| format!("19{:02}-03-0{}", 50 + row, 1 + row % 9)).collect::<Vec<_>>(),
        "note" => rows.clone().map(|row| format!("called {row} times and never came")).collect::<Vec<_>>(),
        "one" => vec!["same"; 40],
        "none" => vec![None::<f64>; 40],
        "y" => rows.map(|row| if row % 4 == 0 { "left" } else { "stayed" }).collect::<Vec<_>>(),
    )
    .unwrap()
}

#[test]
fn every_kind_is_found_and_told_why() {
    let table = train(people(), &options("y"));
    let told: Vec<String> = table
        .profile()
        .columns
        .iter()
        .map(|column| format!("{}: {} ({})", column.name, column.kind.name(), column.reason))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    person_id: id (all 40 whole numbers differ and the name has the word `id`)
    age: numeric (numbers, 34 of 34 values differ)
    city: categorical (3 of 40 values differ)
    member: boolean (the values are `no` and `yes`)
    born: date (40 of 40 texts are ISO dates)
    note: text (40 of 40 values differ, with 5.0 words on average)
    one: constant (`same` in all 40 rows that have a value)
    none: empty (no value in 40 rows)
    ");
    assert!(table.column("person_id").is_none() && table.column("one").is_none());
    let age = &table.profile().columns[1];
    assert_eq!((age.n_missing, age.n_distinct, age.min, age.max), (6, 34, Some(21.5), Some(59.5)));
    let city = &table.profile().columns[2];
    assert_eq!(city.top[0], ("Bern".to_owned(), 14));
}

#[test]
fn features_are_materialised() {
    let table = train(people(), &options("y"));
    let Some(Column::Categorical { codes, levels }) = table.column("city") else { panic!("no city") };
    assert_eq!(levels, &["Bern", "Graz", "Ulm"]);
    assert_eq!(codes[..3], [0, 2, 1]);
    let Some(Column::Numeric(member)) = table.column("member") else { panic!("no member") };
    assert_eq!(member[..4], [1.0, 0.0, 0.0, 1.0]);
    let Some(Column::Time(born)) = table.column("born") else { panic!("no date of birth") };
    // 1950-03-01 is 7246 days before 1970.
    assert_eq!(born[0], Some(-7246 * 86_400_000_000));
    let Some(Target::Classes { codes, n_classes }) = table.target() else { panic!("no classes") };
    assert_eq!((codes[..2].to_vec(), *n_classes), (vec![0, 1], 2));
    assert_eq!(table.profile().class_counts, [10, 30]);
}

#[test]
fn set_kinds_win() {
    let kinds = [
        ("age", ColumnKind::Ignored),
        ("city", ColumnKind::Text),
        ("person_id", ColumnKind::Categorical),
        ("note", ColumnKind::Id),
    ];
    let columns: BTreeMap<_, _> = kinds.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect();
    let table = train(people(), &TableOptions { columns, ..options("y") });
    for (name, kind) in kinds {
        let column = table.profile().columns.iter().find(|column| column.name == name).unwrap();
        assert_eq!((column.kind, column.reason.as_str()), (kind, "set in [columns]"));
        assert_eq!(table.column(name).is_some(), kind.is_feature());
    }
    assert!(
        matches!(table.column("person_id"), Some(Column::Categorical { levels, .. }) if levels[1] == "1009")
    );
}

#[test]
fn rows_without_a_target_are_dropped() {
    let frame =
        df!("x" => [1.0, 2.0, 3.0, 4.5, 5.0], "y" => [Some(1.5), None, Some(2.5), Some(f64::NAN), Some(3.0)])
            .unwrap();
    let table = train(frame, &options("y"));
    assert_eq!((table.n_rows(), table.profile().n_rows, table.profile().n_dropped), (3, 3, 2));
    assert_eq!(table.column("x"), Some(&Column::Numeric(vec![1.0, 3.0, 5.0])));
    assert_eq!(table.target(), Some(&Target::Real(vec![1.5, 2.5, 3.0])));
    insta::assert_snapshot!(table.warnings().join("\n"), @"2 of 5 rows have no value of target `y` and were dropped");
}

#[test]
fn group_and_time_columns_are_no_features() {
    let set = TableOptions { group: Some("city".into()), time: Some("born".into()), ..options("y") };
    let table = train(people(), &set);
    assert!(table.column("city").is_none() && table.column("born").is_none());
    assert_eq!(table.groups().unwrap()[..4], [0, 1, 2, 0]);
    assert!(table.times().unwrap().is_sorted());
    let columns = BTreeMap::from([("city".to_owned(), ColumnKind::Categorical)]);
    let table = train(people(), &TableOptions { columns, ..set });
    assert!(table.column("city").is_some() && table.groups().is_some());
}

#[test]
fn times_of_numbers_are_ranks() {
    let frame = df!("t" => [2.5, -1.0, 2.5], "x" => [1, 2, 4], "y" => [1.5, 2.0, 3.0]).unwrap();
    let table = train(frame, &TableOptions { time: Some("t".into()), ..options("y") });
    assert_eq!(table.times(), Some([1, 0, 1].as_slice()));
}

#[test]
fn wrong_names_are_told_with_the_nearest() {
    let with = |set: TableOptions| tell(Table::for_training(people(), &set));
    insta::assert_snapshot!(with(options("Y2")), @r"
    there is no column `Y2` (the target)
    hint: did you mean `y`?
    hint: the columns are `person_id`, `age`, `city`, `member`, `born`, `note`, `one`, `none`, `y`
    ");
    let columns = BTreeMap::from([("ctiy".to_owned(), ColumnKind::Text)]);
    insta::assert_snapshot!(with(TableOptions { columns, ..options("y") }), @r"
    there is no column `ctiy` (in [columns])
    hint: did you mean `city`?
    hint: the columns are `person_id`, `age`, `city`, `member`, `born`, `note`, `one`, `none`, `y`
    ");
    insta::assert_snapshot!(with(TableOptions { group: Some("zzz".into()), ..options("y") }), @r"
    there is no column `zzz` (the group column)
    hint: the columns are `person_id`, `age`, `city`, `member`, `born`, `note`, `one`, `none`, `y`
    ");
}

#[test]
fn wrong_kinds_are_told() {
    let with = |name: &str, kind| {
        let columns = BTreeMap::from([(name.to_owned(), kind)]);
        tell(Table::for_training(people(), &TableOptions { columns, ..options("y") }))
    };
    insta::assert_snapshot!(with("city", ColumnKind::Numeric), @r"
    column `city` was set to numeric, but it holds 40 values such as `Bern`
    hint: leave the kind out to have it inferred
    ");
    insta::assert_snapshot!(with("age", ColumnKind::Date), @r"
    column `age` was set to date, but it holds numbers
    hint: leave the kind out to have it inferred
    ");
    insta::assert_snapshot!(with("y", ColumnKind::Text), @r"
    column `y` was set to text, but it is the target
    hint: leave the kind out to have it inferred
    ");
}

#[test]
fn unlearnable_targets_are_told() {
    let with = |frame: DataFrame, set: TableOptions| tell(Table::for_training(frame, &set));
    let task = |task| TableOptions { task: Some(task), ..options("y") };
    insta::assert_snapshot!(with(people(), options("none")), @"target `none` is missing in all 40 rows");
    insta::assert_snapshot!(with(people(), options("one")), @"target `one` is `same` in all 40 rows, so there is nothing to learn");
    insta::assert_snapshot!(with(people(), task(Task::Regression)), @r"
    regression needs a numeric target, but 40 values of `y` are not numbers, such as `left`
    hint: leave the task out to predict classes
    ");
    insta::assert_snapshot!(with(people(), task(Task::Multiclass)), @r"
    a multiclass task cannot have the 2 classes of target `y`
    hint: leave the task out to have it inferred
    ");
    insta::assert_snapshot!(with(people(), TableOptions { positive: Some("gone".into()), ..options("y") }), @r"
    the positive label `gone` does not occur in target `y`
    hint: the labels are `left`, `stayed`
    ");
    let infinite = df!("x" => [1.0, 2.5], "y" => [1.0, f64::INFINITY]).unwrap();
    insta::assert_snapshot!(with(infinite, options("y")), @r"
    target `y` is infinite in 1 row, first in row 2
    hint: remove these rows, or leave their target empty
    ");
    let times = people().lazy_date("born");
    insta::assert_snapshot!(with(times, options("born")), @"target `born` holds dates, which are neither classes nor numbers");
    let useless = df!("a" => [1, 1], "b" => [None::<f64>, None], "y" => ["p", "q"]).unwrap();
    insta::assert_snapshot!(with(useless, options("y")), @r"
    none of the 2 columns beside the target can be used: `a` is constant, `b` is empty
    hint: set the kind of a column in `[columns]`
    ");
    let holes = df!("g" => [Some("a"), None], "x" => [1.5, 2.5], "y" => ["p", "q"]).unwrap();
    insta::assert_snapshot!(with(holes.clone(), TableOptions { group: Some("g".into()), ..options("y") }), @"group column `g` has no value in 1 row, first in row 2");
    insta::assert_snapshot!(with(people(), TableOptions { time: Some("city".into()), ..options("y") }), @"time column `city` holds 40 values such as `Bern`, which have no order in time");
}

trait LazyDate {
    fn lazy_date(self, name: &str) -> DataFrame;
}

impl LazyDate for DataFrame {
    /// The column as typed dates.
    fn lazy_date(mut self, name: &str) -> DataFrame {
        let days: Vec<i32> = (0..self.height() as i32).collect();
        let dates =
            automl_data::polars::prelude::Column::new(name.into(), days).cast(&DataType::Date).unwrap();
        self.with_column(dates).unwrap();
        self
    }
}

#[test]
fn typed_dates_are_dates() {
    let table = train(people().lazy_date("born"), &options("y"));
    let Some(Column::Time(born)) = table.column("born") else { panic!("no date of birth") };
    assert_eq!(born[2], Some(2 * 86_400_000_000));
}

#[test]
fn a_table_to_predict_fits_whatever_its_order_and_spelling() {
    let schema = train(people(), &options("y")).schema().clone();
    let stored: FeatureSchema = serde_json::from_str(&serde_json::to_string(&schema).unwrap()).unwrap();
    assert_eq!(stored, schema);
    let frame = df!(
        "extra" => ["x", "x"],
        "note" => [1, 2],
        "member" => [true, false],
        "born" => [None, Some("2000-01-01")],
        "city" => ["Oslo", "Ulm"],
        "age" => ["33", "44.5"],
    )
    .unwrap();
    let table = Table::for_prediction(frame, &schema).unwrap();
    assert_eq!((table.n_rows(), table.target(), table.column("extra")), (2, None, None));
    assert_eq!(table.column("age"), Some(&Column::Numeric(vec![33.0, 44.5])));
    assert_eq!(table.column("member"), Some(&Column::Numeric(vec![1.0, 0.0])));
    let levels = ["Bern", "Graz", "Ulm", "Oslo"].map(str::to_owned).to_vec();
    assert_eq!(table.column("city"), Some(&Column::Categorical { codes: vec![3, 2], levels }));
    assert_eq!(table.column("note"), Some(&Column::Text(vec![Some("1".into()), Some("2".into())])));
    let names: Vec<&str> = table.profile().columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["age", "city", "member", "born", "note"]);
}

#[test]
fn every_misfit_is_told_at_once() {
    let schema = train(people(), &options("y")).schema().clone();
    let frame =
        df!("age" => ["old", "44"], "member" => ["maybe", "yes"], "born" => [1, 2], "note" => ["a", "b"]);
    insta::assert_snapshot!(tell(Table::for_prediction(frame.unwrap(), &schema)), @r"
    4 of the model's columns do not fit:
      `age`: expected numeric, found 1 value such as `old`
      `city`: expected categorical, found no such column
      `member`: expected boolean, found 1 value such as `maybe`
      `born`: expected date, found numbers
    ");
}

#[test]
fn numbers_that_were_two_in_training_may_be_more_later() {
    let flags: Vec<i64> = (0..40).map(|row| row % 2).collect();
    let target: Vec<f64> = (0..40).map(|row| f64::from(row) / 3.0).collect();
    let table = train(df!("x" => flags, "y" => target).unwrap(), &options("y"));
    assert_eq!(table.profile().columns[0].kind, ColumnKind::Boolean);
    let later = df!("x" => [Some(0.0), Some(1.0), Some(15.0), Some(-2.0), Some(0.25), None]).unwrap();
    let table = Table::for_prediction(later, table.schema()).unwrap();
    let Some(Column::Numeric(values)) = table.column("x") else { panic!("no numbers") };
    assert_eq!(values[..5], [0.0, 1.0, 1.0, 0.0, 0.0]);
    assert!(values[5].is_nan());
    insta::assert_snapshot!(table.warnings().join("\n"), @"column `x` had but two values in training: 3 numbers taken for the nearer of 0 and 1");
}

#[test]
fn an_all_missing_column_fits() {
    let schema = train(people(), &options("y")).schema().clone();
    let mut frame = people();
    for name in ["age", "city", "member", "born", "note"] {
        let nulls = automl_data::polars::prelude::Column::full_null(name.into(), 40, &DataType::Null);
        frame.with_column(nulls).unwrap();
    }
    let table = Table::for_prediction(frame, &schema).unwrap();
    assert!(schema.columns.iter().all(|column| table.column(&column.name).unwrap().n_missing() == 40));
}

#[test]
fn a_target_is_taken_along_when_complete() {
    let schema = train(people(), &options("y")).schema().clone();
    let table = Table::for_evaluation(people(), &schema).unwrap();
    assert_eq!(table.profile().class_counts, [10, 30]);

    let mut gaps = people();
    let labels: Vec<Option<&str>> = (0..40).map(|row| (row != 5).then_some("left")).collect();
    gaps.with_column(automl_data::polars::prelude::Column::new("y".into(), labels)).unwrap();
    let table = Table::for_prediction(gaps.clone(), &schema).unwrap();
    assert_eq!((table.n_rows(), table.target()), (40, None));
    insta::assert_snapshot!(table.warnings().join("\n"), @"target `y` is missing in 1 of 40 rows and was not used");
    let table = Table::for_evaluation(gaps, &schema).unwrap();
    assert_eq!((table.n_rows(), table.profile().n_dropped, table.target().unwrap().n_rows()), (39, 1, 39));

    let mut wrong = people();
    wrong.with_column(automl_data::polars::prelude::Column::new("y".into(), vec!["other"; 40])).unwrap();
    insta::assert_snapshot!(tell(Table::for_evaluation(wrong.clone(), &schema)), @r"
    target `y` has the label `other` in row 1, which the model was not trained on
    hint: the labels are `left`, `stayed`
    ");
    // What is there to be predicted need not be right.
    let table = Table::for_prediction(wrong, &schema).unwrap();
    assert_eq!((table.n_rows(), table.target()), (40, None));
    insta::assert_snapshot!(table.warnings().join("\n"), @"target `y` has the label `other` in row 1, which the model was not trained on; the target was not used");
    let without = people().drop("y").unwrap();
    assert!(Table::for_prediction(without.clone(), &schema).unwrap().target().is_none());
    assert!(matches!(Table::for_evaluation(without, &schema), Err(DataError::UnknownColumn { .. })));
}

#[test]
fn true_and_false_are_told_in_any_spelling() {
    let frame = df!("x" => [1.5, 2.0, 4.0, 8.5], "y" => ["True", "False", "True", "False"]).unwrap();
    let schema = train(frame, &options("y")).schema().clone();
    for frame in [df!("x" => [1.0, 2.0], "y" => [true, false]), df!("x" => [1.0, 2.0], "y" => [1, 0])] {
        let table = Table::for_evaluation(frame.unwrap(), &schema).unwrap();
        assert_eq!(table.target(), Some(&Target::Classes { codes: vec![1, 0], n_classes: 2 }));
    }
    let other = df!("x" => [1.0], "y" => ["maybe"]).unwrap();
    assert!(matches!(Table::for_evaluation(other, &schema), Err(DataError::UnknownLabel { .. })));
}

#[test]
fn a_row_alone_in_its_class_is_left_out() {
    let with = |alone: &[&str], task: Option<Task>| {
        let mut labels: Vec<&str> = (0..30).map(|row| ["a", "b", "c"][row % 3]).collect();
        labels.extend(alone);
        let x: Vec<f64> = (0..labels.len()).map(|row| row as f64 / 7.0).collect();
        Table::for_training(df!("x" => x, "y" => labels).unwrap(), &TableOptions { task, ..options("y") })
    };
    let table = with(&["d"], None).unwrap();
    assert_eq!((table.n_rows(), table.profile().n_dropped, table.profile().labels.len()), (30, 1, 3));
    insta::assert_snapshot!(table.warnings().join("\n"), @"class `d` of target `y` has a single row, which was left out, for one is needed to learn from and one to validate");
    let table = with(&["d", "e"], Some(Task::Multiclass)).unwrap();
    insta::assert_snapshot!(table.warnings().join("\n"), @"2 classes of target `y` have a single row each, which were left out, for one is needed to learn from and one to validate: `d`, `e`");
    // Many of them say that the target is something else.
    let table = with(&["d", "e", "f", "g"], None).unwrap();
    assert_eq!((table.n_rows(), table.profile().labels.len()), (34, 7));
}

#[test]
fn a_cross_or_nothing_is_a_feature() {
    let marks: Vec<Option<&str>> = (0..40).map(|row| (row % 4 == 1).then_some("x")).collect();
    let flags: Vec<Option<bool>> = (0..40).map(|row| (row % 3 == 1).then_some(true)).collect();
    let target: Vec<f64> = (0..40).map(|row| f64::from(row) / 3.0).collect();
    let table = train(df!("mark" => marks, "flag" => flags, "y" => target).unwrap(), &options("y"));
    let told = |index: usize| {
        let column = &table.profile().columns[index];
        format!("{} ({})", column.kind.name(), column.reason)
    };
    insta::assert_snapshot!(told(0), @"categorical (`x` in 10 of 40 rows, nothing in the others)");
    insta::assert_snapshot!(told(1), @"boolean (`true` in 13 of 40 rows, nothing in the others)");
}

#[test]
fn dictionaries_are_texts_and_times_of_day_are_seconds() {
    let frame = people();
    let plain = train(frame.clone(), &options("y"));
    let mut coded = frame.clone();
    for name in ["city", "y"] {
        let categories = DataType::from_categories(Categories::global());
        coded.with_column(frame.column(name).unwrap().cast(&categories).unwrap()).unwrap();
    }
    let coded = train(coded, &options("y"));
    assert_eq!((coded.profile(), coded.content_hash()), (plain.profile(), plain.content_hash()));
    assert_eq!(coded.column("city"), plain.column("city"));

    let nanoseconds: Vec<Option<i64>> =
        (0..40).map(|row| (row != 3).then_some(row * 1_500_000_000)).collect();
    let mut timed =
        df!("at" => nanoseconds, "y" => (0..40).map(|row| f64::from(row) / 3.0).collect::<Vec<_>>()).unwrap();
    timed.with_column(timed.column("at").unwrap().cast(&DataType::Time).unwrap()).unwrap();
    let table = train(timed, &options("y"));
    let Some(Column::Numeric(seconds)) = table.column("at") else { panic!("no numbers") };
    assert_eq!(seconds[2], 3.0);
    assert!(seconds[3].is_nan());
}

#[test]
fn values_that_did_not_parse_in_training_may_not_parse_later() {
    let texts: Vec<String> =
        (0..200).map(|row| if row == 9 { "-".to_owned() } else { format!("{row}.5") }).collect();
    let target: Vec<f64> = (0..200).map(|row| f64::from(row) / 3.0).collect();
    let table = train(df!("x" => &texts, "y" => target).unwrap(), &options("y"));
    assert_eq!(table.column("x").unwrap().n_missing(), 1);
    assert_eq!(table.profile().columns[0].n_missing, 1);
    insta::assert_snapshot!(table.warnings().join("\n"), @"column `x`: 199 of 200 texts are numbers; others, such as `-`, count as missing");
    let table = Table::for_prediction(df!("x" => ["-", "1"]).unwrap(), table.schema()).unwrap();
    assert_eq!(table.column("x").unwrap().n_missing(), 1);
}
