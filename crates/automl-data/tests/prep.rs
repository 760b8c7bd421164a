//! Preprocessing of tables as they come from files.

#![allow(clippy::unwrap_used, reason = "tests")]

use automl_core::{InputForm, Target};
use automl_data::polars::df;
use automl_data::polars::prelude::DataFrame;
use automl_data::prep::{FittedPreprocessor, PrepConfig, Preprocessor, prep_defaults};
use automl_data::{Table, TableOptions};

const CITIES: [&str; 5] = ["Oslo", "Bergen", "Hamar", "Molde", "Narvik"];

fn sales(order: impl Fn(usize) -> usize) -> DataFrame {
    let row = |index: usize| order(index) as f64;
    let indices = || 0..120_usize;
    df!(
        "area" => indices().map(|i| (!order(i).is_multiple_of(11)).then(|| 50.5 + row(i) * 3.25)).collect::<Vec<_>>(),
        "city" => indices().map(|i| CITIES[order(i) % 5]).collect::<Vec<_>>(),
        "garden" => indices().map(|i| if order(i).is_multiple_of(3) { "yes" } else { "no" }).collect::<Vec<_>>(),
        "sold" => indices().map(|i| format!("2024-{:02}-{:02}", order(i) % 12 + 1, order(i) % 28 + 1)).collect::<Vec<_>>(),
        "price" => indices().map(|i| row(i).mul_add(1000.5, 1e5)).collect::<Vec<_>>(),
    )
    .unwrap()
}

fn training_table() -> Table {
    let options = TableOptions { target: "price".to_owned(), ..TableOptions::default() };
    Table::for_training(sales(|index| index), &options).unwrap()
}

#[test]
fn a_table_read_in_another_order_gets_the_same_design() {
    let table = training_table();
    let params = prep_defaults(table.profile(), InputForm::Codes);
    let config = PrepConfig::from_params(&params).unwrap();
    let recipe = Preprocessor::new(config, InputForm::Codes, table.profile());
    let fitted = recipe.fit(&table, &(0..80).collect::<Vec<_>>()).unwrap();
    let saved = serde_json::to_vec(&fitted).unwrap();
    let loaded: FittedPreprocessor = serde_json::from_slice(&saved).unwrap();

    let backwards = Table::for_evaluation(sales(|index| 119 - index), table.schema()).unwrap();
    let rows: Vec<usize> = (0..120).collect();
    let reversed: Vec<usize> = (0..120).rev().collect();
    let design = fitted.transform(&table, &rows).unwrap();
    assert_eq!(design, loaded.transform(&backwards, &reversed).unwrap());
    assert!(design.numeric_names.contains(&"area is missing".to_owned()), "{:?}", design.numeric_names);
    assert!(design.numeric_names.contains(&"city=Oslo".to_owned()), "{:?}", design.numeric_names);
    let Some(Target::Real(prices)) = design.target else { panic!("no target") };
    assert_eq!(prices[1], 101_000.5);
}

#[test]
fn a_row_that_the_table_does_not_have_is_refused() {
    let table = training_table();
    let recipe = Preprocessor::new(PrepConfig::default(), InputForm::OneHot, table.profile());
    let error = recipe.fit(&table, &[0, 120]).unwrap_err();
    insta::assert_snapshot!(error, @"selecting rows: row 120 (counted from 0) of a table of 120 rows");
}
