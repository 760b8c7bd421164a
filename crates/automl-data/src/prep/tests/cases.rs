//! What single columns become.

use automl_core::{ColumnKind, InputForm, Target};

use super::{fit_only, json, named, only, prepare, profile};
use crate::column::Column;
use crate::prep::fitted::Columns;
use crate::prep::{FittedPreprocessor, Impute, PrepConfig, Preprocessor, Scaling, TextNgrams};
use crate::table::check_rows;

#[test]
fn standard_scaling_has_mean_0_and_deviation_1_on_train_rows() {
    let values: Vec<f64> = (0..1000).map(|index| f64::from(index * index % 977) + 1e6).collect();
    let column = Column::Numeric(values);
    let fitted = fit_only(PrepConfig::default(), InputForm::OneHot, ColumnKind::Numeric, &column);
    let scaled: Vec<f64> = prepare(&fitted, column).numeric.values().iter().map(|&x| f64::from(x)).collect();
    let mean = scaled.iter().sum::<f64>() / 1000.0;
    let variance = scaled.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1000.0;
    assert!(mean.abs() < 1e-6, "{mean}");
    assert!((variance - 1.0).abs() < 1e-6, "{variance}");
}

#[test]
fn quantile_scaling_is_normal_on_train_rows_whatever_the_distribution() {
    let n = 5000;
    let values = (0..n).map(|index| (f64::from(index * 7 % n) / 400.0).exp()).collect();
    let column = Column::Numeric(values);
    let config = PrepConfig { scaling: Scaling::Quantile, ..PrepConfig::default() };
    let fitted = fit_only(config, InputForm::OneHot, ColumnKind::Numeric, &column);
    let mut scaled = prepare(&fitted, column).numeric.into_values();
    scaled.sort_unstable_by(f32::total_cmp);
    // Quantiles of the standard normal distribution; scipy.stats.norm.ppf.
    for (share, expected) in [(0.05, -1.644_854), (0.25, -0.674_490), (0.5, 0.0), (0.975, 1.959_964)] {
        let got = f64::from(scaled[(share * f64::from(n)) as usize]);
        assert!((got - expected).abs() < 0.01, "{share}: {got} is not {expected}");
    }
}

#[test]
fn a_missing_number_becomes_the_median_and_is_marked() {
    let column = Column::Numeric(vec![1.0, f64::NAN, 2.0, 9.0, f64::NAN]);
    let fitted = fit_only(PrepConfig::default(), InputForm::OneHot, ColumnKind::Numeric, &column);
    let design = prepare(&fitted, Column::Numeric(vec![f64::NAN, 2.0, f64::INFINITY]));
    assert_eq!(design.numeric_names, ["x", "x is missing"]);
    assert_eq!(design.numeric.column(1), [1.0, 0.0, 1.0]);
    let x = design.numeric.column(0);
    assert_eq!((x[0], x[2]), (x[1], x[1]));
}

#[test]
fn a_number_missing_only_when_predicting_is_imputed_without_a_mark() {
    let column = Column::Numeric(vec![1.0, 3.0]);
    let config = PrepConfig { impute: Impute::Mean, ..PrepConfig::default() };
    let fitted = fit_only(config, InputForm::OneHot, ColumnKind::Numeric, &column);
    let design = prepare(&fitted, Column::Numeric(vec![f64::NAN, 1.0, 3.0]));
    assert_eq!(design.numeric_names, ["x"]);
    assert_eq!(design.numeric.values(), [0.0, -1.0, 1.0]);
}

#[test]
fn the_logarithm_of_a_skewed_column_does_not_depend_on_its_unit() {
    let config = PrepConfig { log_skewed: true, ..PrepConfig::default() };
    let scaled = |unit: f64| {
        let column = Column::Numeric((0..200).map(|x| unit * (f64::from(x) / 20.0).exp()).collect());
        let fitted = fit_only(config.clone(), InputForm::OneHot, ColumnKind::Numeric, &column);
        assert!(json(&fitted).contains(r#""log_unit":"#) && !json(&fitted).contains(r#""log_unit":null"#));
        prepare(&fitted, column).numeric
    };
    for (small, large) in scaled(1e-6).values().iter().zip(scaled(1e6).values()) {
        assert!((small - large).abs() < 1e-5, "{small} is not {large}");
    }
}

#[test]
fn two_levels_become_one_signed_column_by_name() {
    for input in [InputForm::OneHot, InputForm::Codes, InputForm::Native] {
        let column = named(&[Some(0), Some(1), Some(1)], &["yes", "no"]);
        let fitted = fit_only(PrepConfig::default(), input, ColumnKind::Boolean, &column);
        let design = prepare(&fitted, named(&[Some(0), Some(1), Some(2), None], &["maybe", "yes", "no"]));
        assert_eq!(design.numeric_names, ["x=yes"]);
        assert_eq!(design.numeric.values(), [0.0, 1.0, -1.0, 0.0]);
        assert_eq!(design.codes.n_cols(), 0);
    }
}

#[test]
fn of_a_single_level_every_family_is_told_where_it_is_missing() {
    for input in [InputForm::OneHot, InputForm::Codes, InputForm::Native] {
        let column = named(&[Some(0), None, Some(0), None], &["x"]);
        let fitted = fit_only(PrepConfig::default(), input, ColumnKind::Categorical, &column);
        let design = prepare(&fitted, named(&[None, Some(0), Some(1)], &["x", "new"]));
        assert_eq!(design.numeric_names, ["x is missing"]);
        assert_eq!(design.numeric.values(), [1.0, 0.0, 0.0]);
        assert_eq!(design.codes.n_cols(), 0);
    }
}

#[test]
fn a_level_never_met_is_all_zeros_and_a_rare_one_is_other() {
    let column = named(&[0, 0, 1, 1, 2, 3].map(Some), &["a", "b", "c", "d"]);
    let fitted = fit_only(PrepConfig::default(), InputForm::OneHot, ColumnKind::Categorical, &column);
    let design = prepare(&fitted, named(&[0, 1, 2, 3].map(Some), &["d", "new", "a", "b"]));
    assert_eq!(design.numeric_names, ["x=a", "x=b", "x=(other)"]);
    let rows: Vec<&[f32]> = design.numeric.rows().collect();
    assert_eq!(rows, [[0.0, 0.0, 1.0], [0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
}

#[test]
fn above_one_hot_max_levels_become_codes_with_0_for_rare_unknown_and_missing() {
    let column = named(&[0, 0, 1, 1, 2, 2, 3].map(Some), &["a", "b", "c", "rare"]);
    let config = PrepConfig { one_hot_max: 4, ..PrepConfig::default() };
    let one_hot = fit_only(config.clone(), InputForm::Codes, ColumnKind::Categorical, &column);
    assert_eq!(one_hot.numeric_names(), ["x=a", "x=b", "x=c", "x=(other)"]);
    let config = PrepConfig { one_hot_max: 3, ..config };
    let fitted = fit_only(config, InputForm::Codes, ColumnKind::Categorical, &column);
    let design = prepare(&fitted, named(&[Some(2), Some(0), Some(1), None], &["rare", "new", "c"]));
    assert_eq!((design.code_names, design.cardinalities), (vec!["x".to_owned()], vec![4]));
    assert_eq!(design.codes.values(), [3, 0, 0, 0]);
    assert_eq!(design.numeric.n_cols(), 0);
}

#[test]
fn a_family_without_codes_gets_at_most_64_columns() {
    let levels: Vec<String> = (0..100).map(|level| format!("{level:03}")).collect();
    let codes = (0..1000).map(|row| row % 100).collect();
    let column = Column::Categorical { codes, levels };
    let fitted = fit_only(PrepConfig::default(), InputForm::OneHot, ColumnKind::Categorical, &column);
    let names = fitted.numeric_names();
    assert_eq!((names.len(), names[0].as_str(), names[63].as_str()), (64, "x=000", "x=(other)"));
}

#[test]
fn texts_become_vectors_of_length_1_that_are_nearer_when_they_share_words() {
    let texts = ["win a free prize now", "a free prize inside", "see you at lunch", "lunch with you at noon"];
    let column = |texts: &[&str]| Column::Text(texts.iter().map(|text| Some((*text).to_owned())).collect());
    let fitted = fit_only(PrepConfig::default(), InputForm::OneHot, ColumnKind::Text, &column(&texts));
    let design = prepare(&fitted, column(&["a FREE prize!", "win a free prize now", "at lunch", "?"]));
    let product = |left: usize, right: usize| -> f32 {
        design.numeric.row(left).iter().zip(design.numeric.row(right)).map(|(a, b)| a * b).sum()
    };
    assert!((product(0, 0) - 1.0).abs() < 1e-5);
    assert_eq!(product(3, 3), 0.0);
    assert!(product(0, 1) > product(0, 2) + 0.3, "{} {}", product(0, 1), product(0, 2));
}

/// Texts of which "offer" goes with what is true of every third row, among words that are in a text or not by chance.
fn offers() -> (Columns, Vec<bool>) {
    let is_third = |row: usize| row.is_multiple_of(3);
    let words = ["and", "but", "the", "then", "they", "where", "when", "who"];
    let text = |row: usize| {
        let noise =
            words.iter().enumerate().filter(|(place, _)| (row * 7919 / (1 << place)).is_multiple_of(2));
        let noise: Vec<&str> = noise.map(|(_, word)| *word).collect();
        let offer = if is_third(row) == row.is_multiple_of(17) { "Hello" } else { "An OFFER" };
        Some(format!("{offer}, {}.", noise.join(" ")))
    };
    (only("x", Column::Text((0..300).map(text).collect())), (0..300).map(is_third).collect())
}

#[test]
fn of_a_text_those_words_are_kept_that_go_with_the_target() {
    let (columns, is_third) = offers();
    let config = PrepConfig { text_ngrams: TextNgrams::Word, ..PrepConfig::default() };
    let recipe = Preprocessor::new(config, InputForm::OneHot, &profile(&[("x", ColumnKind::Text)]));
    let rows: Vec<usize> = (0..240).collect();
    let classes = |is_third: &[bool]| Target::Classes {
        codes: is_third.iter().map(|flag| u32::from(*flag)).collect(),
        n_classes: 2,
    };
    let numbers = Target::Real(is_third.iter().map(|flag| 1e9 * f64::from(u8::from(*flag))).collect());
    let width = |fitted: &FittedPreprocessor| fitted.numeric_names().len();
    let without = recipe.fit_columns(&columns, None, &rows).unwrap();
    assert!(width(&without) > 40, "{}", width(&without));
    for target in [classes(&is_third), numbers] {
        let fitted = recipe.fit_columns(&columns, Some(&target), &rows).unwrap();
        // "an", "offer", "an offer", "hello", and "offer" or "hello" with a word that often follows.
        assert!((4..=12).contains(&width(&fitted)), "{}", width(&fitted));
        let texts = ["an offer", "hello", "they and but who"].map(|text| Some(text.to_owned())).to_vec();
        let design = prepare(&fitted, Column::Text(texts));
        let length = |row: usize| design.numeric.row(row).iter().map(|value| value * value).sum::<f32>();
        assert!([length(0), length(1)].iter().all(|length| (length - 1.0).abs() < 1e-5), "{design:?}");
        assert_eq!(length(2), 0.0);
    }
    let fitted = recipe.fit_columns(&columns, Some(&classes(&is_third)), &rows).unwrap();
    let others: Vec<bool> = is_third.iter().enumerate().map(|(row, flag)| *flag != (row >= 240)).collect();
    assert_eq!(fitted, recipe.fit_columns(&columns, Some(&classes(&others)), &rows).unwrap());
    let one_class = classes(&vec![true; 300]);
    assert_eq!(width(&recipe.fit_columns(&columns, Some(&one_class), &rows).unwrap()), 0);
}

#[test]
fn columns_constant_in_the_train_rows_are_not_needed() {
    let mut table = only("x", Column::Numeric(vec![1.0, 1.0, 5.0]));
    table.insert("y".to_owned(), Column::Numeric(vec![1.0, 2.0, 3.0]));
    let recipe = Preprocessor::new(
        PrepConfig::default(),
        InputForm::OneHot,
        &profile(&[("x", ColumnKind::Numeric), ("y", ColumnKind::Numeric)]),
    );
    let fitted = recipe.fit_columns(&table, None, &[0, 1]).unwrap();
    assert_eq!(fitted.columns().collect::<Vec<_>>(), ["y"]);
    table.remove("x");
    assert_eq!(fitted.transform_columns(&table, None, &[2]).unwrap().numeric.n_cols(), 1);
}

#[test]
fn columns_that_do_not_fit_are_all_named() {
    let table = only("x", Column::Numeric(vec![1.0, 2.0]));
    let fitted = fit_only(PrepConfig::default(), InputForm::OneHot, ColumnKind::Numeric, &table["x"]);
    let text = only("x", Column::Text(vec![None]));
    let error = fitted.transform_columns(&text, None, &[0]).unwrap_err();
    insta::assert_snapshot!(error, @r"
    1 of the model's columns do not fit:
      `x`: expected numeric, found texts
    ");
    let error = fitted.transform_columns(&Columns::new(), None, &[]).unwrap_err();
    insta::assert_snapshot!(error, @r"
    1 of the model's columns do not fit:
      `x`: expected numeric, found no such column
    ");
    let recipe = Preprocessor::new(
        PrepConfig::default(),
        InputForm::OneHot,
        &profile(&[("x", ColumnKind::Numeric), ("z", ColumnKind::Text)]),
    );
    insta::assert_snapshot!(recipe.fit_columns(&table, None, &[0]).unwrap_err(), @r"
    1 of the model's columns do not fit:
      `z`: expected text, found no such column
    ");
    insta::assert_snapshot!(recipe.fit_columns(&table, None, &[]).unwrap_err(), @"0 rows are too few: preprocessing needs at least 1");
    insta::assert_snapshot!(check_rows(&[1, 9], 2).unwrap_err(), @"selecting rows: row 9 (counted from 0) of a table of 2 rows");
}

#[test]
fn a_newer_version_is_refused() {
    let error = serde_json::from_str::<FittedPreprocessor>(r#"{"version":3,"columns":[]}"#).unwrap_err();
    insta::assert_snapshot!(error, @"preprocessor version 3; this automl knows versions 1 to 2 at line 1 column 12");
}

#[test]
fn the_native_form_keeps_numbers_and_tells_missing_ones_by_nan() {
    let column = Column::Numeric(vec![3e6, f64::NAN, -0.25, 1e300]);
    let fitted = fit_only(PrepConfig::default(), InputForm::Native, ColumnKind::Numeric, &column);
    assert_eq!(fitted.numeric_names(), ["x"]);
    let read: FittedPreprocessor = serde_json::from_str(&json(&fitted)).unwrap();
    assert_eq!(read, fitted);
    let values = prepare(&read, column).numeric.into_values();
    assert_eq!((values[0], values[2], values[3]), (3e6, -0.25, f32::MAX));
    assert!(values[1].is_nan());
}

#[test]
fn the_native_form_gives_every_category_of_three_levels_codes() {
    let column = named(&[Some(0), Some(1), Some(2), Some(0), Some(1), Some(2), None], &["a", "b", "c"]);
    let fitted = fit_only(PrepConfig::default(), InputForm::Native, ColumnKind::Categorical, &column);
    let design = prepare(&fitted, column);
    assert_eq!((design.numeric.n_cols(), design.cardinalities), (0, vec![4]));
    assert_eq!(design.codes.column(0), [1, 2, 3, 1, 2, 3, 0]);
}
