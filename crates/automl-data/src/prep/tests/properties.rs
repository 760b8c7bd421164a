//! What holds for every table, configuration and choice of train rows.

use automl_core::{InputForm, Target};
use proptest::prelude::*;

use super::tables::{columns, recipe, rows_where, splice, training};
use super::{N_ROWS, fit, json, transform};
use crate::column::Column;
use crate::prep::FittedPreprocessor;
use crate::prep::fitted::Columns;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn changing_validation_rows_changes_nothing_fitted(
        recipe in recipe(), table in columns(), other in columns(), trains in training(),
    ) {
        let train_rows = rows_where(&trains, true);
        let spliced: Columns = table
            .iter()
            .map(|(name, column)| (name.clone(), splice(column, &other[name], &trains)))
            .collect();
        // What the texts of the train rows tell, and the opposite of it in all others.
        let Column::Text(mails) = &table["mail"] else { unreachable!("as the table is made") };
        let wins = |row: usize| mails[row].as_ref().is_some_and(|mail| mail.contains("win"));
        let target = |is_told: &dyn Fn(usize) -> bool| {
            let codes = (0..N_ROWS).map(|row| u32::from(wins(row) == is_told(row))).collect();
            Target::Classes { codes, n_classes: 2 }
        };
        let fit = |columns: &Columns, target: &Target| {
            recipe.fit_columns(columns, Some(target), &train_rows).unwrap()
        };
        let (before, after) = (fit(&table, &target(&|_| true)), fit(&spliced, &target(&|row| trains[row])));
        prop_assert_eq!(json(&before), json(&after));
        prop_assert_eq!(transform(&before, &table, &train_rows), transform(&after, &spliced, &train_rows));
    }

    #[test]
    fn outputs_are_finite_and_named_for_any_rows(
        recipe in recipe(), table in columns(), other in columns(), trains in training(),
    ) {
        let fitted = fit(&recipe, &table, &rows_where(&trains, true));
        for columns in [table, other] {
            let design = transform(&fitted, &columns, &(0..N_ROWS).collect::<Vec<_>>());
            let most = if recipe.input == InputForm::Native { f32::MAX } else { 1e4 };
            prop_assert!(design.numeric.values().iter().all(|value| value.abs() <= most));
            prop_assert_eq!(design.numeric.n_cols(), design.numeric_names.len());
            prop_assert_eq!(design.codes.n_cols(), design.code_names.len());
            for row in design.codes.rows() {
                prop_assert!(row.iter().zip(&design.cardinalities).all(|(code, n)| code < n));
            }
        }
    }

    #[test]
    fn no_output_is_constant_in_the_train_rows(
        recipe in recipe(), table in columns(), trains in training(),
    ) {
        let rows = rows_where(&trains, true);
        let design = transform(&fit(&recipe, &table, &rows), &table, &rows);
        for (index, name) in design.numeric_names.iter().enumerate() {
            let values = design.numeric.column(index);
            // A text bucket may weigh the same in each text; extremes may leave the rest of a column
            // without a difference that 32 bits can tell.
            if !["mail", "wild", "sold", "when"].iter().any(|column| name.starts_with(column)) {
                prop_assert!(values.iter().any(|value| *value != values[0]), "{name}: {values:?}");
            }
        }
    }

    #[test]
    fn rows_are_prepared_one_by_one(recipe in recipe(), table in columns(), trains in training()) {
        let (train, valid) = (rows_where(&trains, true), rows_where(&trains, false));
        let fitted = fit(&recipe, &table, &train);
        let together = [valid.clone(), train.clone()].concat();
        let design = transform(&fitted, &table, &together);
        let (first, second) = (transform(&fitted, &table, &valid), transform(&fitted, &table, &train));
        let numeric = [first.numeric.values(), second.numeric.values()].concat();
        prop_assert_eq!(design.numeric.values(), numeric);
        prop_assert_eq!(design.codes.values(), [first.codes.values(), second.codes.values()].concat());
        let target = Target::Real(together.iter().map(|&row| row as f64).collect());
        prop_assert_eq!(design.target, Some(target));
    }

    #[test]
    fn the_order_of_train_rows_changes_only_rounding(
        recipe in recipe(), table in columns(), trains in training(),
    ) {
        let rows = rows_where(&trains, true);
        let backwards: Vec<usize> = rows.iter().rev().copied().collect();
        let (one, other) = (fit(&recipe, &table, &rows), fit(&recipe, &table, &backwards));
        let (one, other) = (transform(&one, &table, &rows), transform(&other, &table, &rows));
        prop_assert_eq!(&one.numeric_names, &other.numeric_names);
        prop_assert_eq!(one.codes, other.codes);
        for (index, name) in one.numeric_names.iter().enumerate() {
            // The mean of numbers of 1e308 and both signs depends on the order of summation.
            if name == "wild" {
                continue;
            }
            for (left, right) in one.numeric.column(index).iter().zip(other.numeric.column(index)) {
                prop_assert!((left - right).abs() <= 1e-4 * left.abs().max(1.0), "{left} is not {right}");
            }
        }
    }

    #[test]
    fn json_brings_back_the_same_preprocessor(
        recipe in recipe(), table in columns(), trains in training(),
    ) {
        let fitted = fit(&recipe, &table, &rows_where(&trains, true));
        let read: FittedPreprocessor = serde_json::from_str(&json(&fitted)).unwrap();
        prop_assert_eq!(&read, &fitted);
        let rows: Vec<usize> = (0..N_ROWS).collect();
        prop_assert_eq!(transform(&read, &table, &rows), transform(&fitted, &table, &rows));
    }

    #[test]
    fn the_number_of_threads_changes_nothing(recipe in recipe(), table in columns(), trains in training()) {
        let rows: Vec<usize> = rows_where(&trains, true);
        let many: Vec<usize> = (0..5000).map(|index| index % N_ROWS).collect();
        let run = |n_threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            pool.install(|| {
                let fitted = fit(&recipe, &table, &rows);
                (json(&fitted), transform(&fitted, &table, &many))
            })
        };
        prop_assert_eq!(run(1), run(3));
    }
}
