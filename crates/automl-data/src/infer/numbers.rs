//! Numbers: measured, counted, coded or numbered through?
//!
//! Whole numbers of few distinct values are mostly counts or grades, which have an order, so they stay
//! numeric unless the name of the column says that they are codes.

use automl_core::ColumnKind;

use super::Decision;

/// Fewer different values than this prove nothing about a gapless sequence.
const MIN_SEQUENCE: usize = 20;
/// A sequence may lack half of its numbers, as the training part of a random split does. Twenty values drawn
/// at random from a range of forty all differ in 0.3 % of cases, and a hundred from two hundred never.
const MAX_GAPS: f64 = 2.0;
/// Codes come in few values, each of them often.
const MAX_CODES: usize = 50;
const MIN_ROWS_PER_CODE: usize = 10;
/// Words that make whole numbers codes.
const CODE_WORDS: [&str; 16] = [
    "category", "cat", "class", "cluster", "code", "country", "district", "group", "kind", "origin",
    "postcode", "region", "type", "zip", "zipcode", "zone",
];
/// Words that make all-different whole numbers identifiers.
const ID_WORDS: [&str; 9] = ["id", "index", "idx", "key", "no", "nr", "number", "row", "uuid"];

/// `runs` are the distinct values, ascending, with their counts.
pub(super) fn decide(
    name: &str,
    whole: bool,
    runs: &[(f64, usize)],
    n_present: usize,
    n_rows: usize,
) -> Decision {
    let n_distinct = runs.len();
    if n_distinct == 2 && runs[0].0 == 0.0 && runs[1].0 == 1.0 {
        return Decision::new(ColumnKind::Boolean, "the values are 0 and 1");
    }
    let (min, max) = (runs[0].0, runs[n_distinct - 1].0);
    if whole && n_distinct == n_present && n_present == n_rows && n_rows >= MIN_SEQUENCE {
        if max - min + 1.0 <= MAX_GAPS * n_rows as f64 {
            let reason = format!("{n_rows} different whole numbers from {min} to {max} number the rows");
            return Decision::new(ColumnKind::Id, reason);
        }
        if let Some(word) = word_of(name, &ID_WORDS) {
            let reason = format!("all {n_rows} whole numbers differ and the name has the word `{word}`");
            return Decision::new(ColumnKind::Id, reason);
        }
    }
    let few = n_distinct <= MAX_CODES && n_present >= MIN_ROWS_PER_CODE * n_distinct;
    if let (true, true, Some(word)) = (whole, few, word_of(name, &CODE_WORDS)) {
        let reason =
            format!("{n_distinct} whole numbers in {n_present} rows and the name has the word `{word}`");
        return Decision::new(ColumnKind::Categorical, reason);
    }
    let sort = if whole { "whole numbers" } else { "numbers" };
    Decision::new(ColumnKind::Numeric, format!("{sort}, {n_distinct} of {n_present} values differ"))
}

/// The first of `words` that is a word of the name. Words end at anything but letters and where lower case
/// turns into upper case.
fn word_of(name: &str, words: &[&'static str]) -> Option<&'static str> {
    let mut spaced = String::with_capacity(name.len() + 4);
    let mut after_lower = false;
    for character in name.chars() {
        if character.is_uppercase() && after_lower {
            spaced.push(' ');
        }
        after_lower = character.is_lowercase();
        spaced.push(if character.is_alphabetic() { character } else { ' ' });
    }
    let spaced = spaced.to_lowercase();
    words.iter().find(|word| spaced.split_whitespace().any(|part| part == **word)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::Counts;
    use crate::values::Values;

    fn kind(name: &str, values: &[f64]) -> (ColumnKind, String) {
        let whole = values.iter().all(|value| value.is_nan() || value.fract() == 0.0);
        let values = Values::Numbers { values: values.to_vec(), whole };
        let decision = crate::infer::decide(name, &values, &Counts::of(&values));
        (decision.kind, decision.reason)
    }

    fn repeated(values: &[f64], times: usize) -> Vec<f64> {
        values.iter().copied().cycle().take(values.len() * times).collect()
    }

    #[test]
    fn shuffled_row_numbers_with_gaps_are_an_id() {
        let values: Vec<f64> = (0..100).map(|row| f64::from(row * 37 % 100 * 3 / 2)).collect();
        assert_eq!(kind("x", &values).0, ColumnKind::Id);
    }

    #[test]
    fn different_measured_numbers_are_numeric() {
        let spread: Vec<f64> = (0..100).map(|row| f64::from(row) * 1000.0).collect();
        assert_eq!(kind("income", &spread).0, ColumnKind::Numeric);
        assert_eq!(kind("customer_id", &spread).0, ColumnKind::Id);
        let fractions: Vec<f64> = (0..100).map(|row| f64::from(row) / 7.0).collect();
        assert_eq!(kind("id", &fractions).0, ColumnKind::Numeric);
    }

    #[test]
    fn few_whole_numbers_are_numeric_unless_the_name_says_code() {
        let grades = repeated(&[1.0, 2.0, 3.0], 30);
        assert_eq!(kind("Pclass", &grades).0, ColumnKind::Numeric);
        assert_eq!(kind("origin", &grades).0, ColumnKind::Categorical);
        assert_eq!(kind("soilType", &grades).0, ColumnKind::Categorical);
        assert_eq!(kind("product_code", &repeated(&[1.0, 2.0, 3.0], 2)).0, ColumnKind::Numeric);
    }

    #[test]
    fn zero_and_one_are_boolean_and_one_and_two_are_not() {
        assert_eq!(kind("x", &repeated(&[0.0, 1.0], 5)).0, ColumnKind::Boolean);
        assert_eq!(kind("x", &repeated(&[1.0, 2.0], 5)).0, ColumnKind::Numeric);
    }

    #[test]
    fn reasons_carry_the_numbers() {
        let values: Vec<f64> = (1..=30).map(f64::from).collect();
        insta::assert_snapshot!(kind("x", &values).1, @"30 different whole numbers from 1 to 30 number the rows");
        insta::assert_snapshot!(kind("x", &[1.5, 1.5, 2.0]).1, @"numbers, 2 of 3 values differ");
        insta::assert_snapshot!(kind("x", &[f64::NAN]).1, @"no value in 1 row");
        insta::assert_snapshot!(kind("x", &[4.0, 4.0]).1, @"`4` in all 2 rows that have a value");
        insta::assert_snapshot!(kind("x", &[4.0, 4.0, f64::NAN]).1, @"`4` in 2 of 3 rows, nothing in the others");
    }
}
