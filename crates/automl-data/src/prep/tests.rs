//! What holds for every table, configuration and choice of train rows.

use automl_core::{
    CategoricalInput, ColumnKind, ColumnProfile, DataProfile, Design, ParamValue, Params, SearchSpace, Target,
    Task,
};
use proptest::prelude::*;

use super::fitted::Columns;
use super::*;
use crate::column::Column;

const N_ROWS: usize = 60;

/// Names and kinds of the columns of [`columns`].
const KINDS: [(&str, ColumnKind); 9] = [
    ("boolean", ColumnKind::Boolean),
    ("city", ColumnKind::Categorical),
    ("id-like", ColumnKind::Categorical),
    ("income", ColumnKind::Numeric),
    ("mail", ColumnKind::Text),
    ("sex", ColumnKind::Boolean),
    ("sold", ColumnKind::Date),
    ("wild", ColumnKind::Numeric),
    ("when", ColumnKind::Datetime),
];

fn column_profile(name: &str, kind: ColumnKind) -> ColumnProfile {
    ColumnProfile {
        name: name.to_owned(),
        kind,
        reason: String::new(),
        n_missing: 3,
        n_distinct: 20,
        min: Some(0.0),
        mean: Some(1.0),
        max: Some(9.0),
        skewness: Some(2.0),
        top: Vec::new(),
    }
}

fn profile(kinds: &[(&str, ColumnKind)]) -> DataProfile {
    DataProfile {
        n_rows: N_ROWS,
        n_dropped: 0,
        task: Task::Regression,
        task_reason: String::new(),
        target: "y".to_owned(),
        labels: Vec::new(),
        class_counts: Vec::new(),
        columns: kinds.iter().map(|(name, kind)| column_profile(name, *kind)).collect(),
    }
}

fn present<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop_oneof![1 => Just(None), 6 => value.prop_map(Some)]
}

fn categorical(n_levels: u32) -> impl Strategy<Value = Column> {
    let code = present(0..n_levels).prop_map(|code| code.unwrap_or(Column::MISSING));
    let levels: Vec<String> = (0..n_levels).map(|level| format!("level {level}")).collect();
    prop::collection::vec(code, N_ROWS)
        .prop_map(move |codes| Column::Categorical { codes, levels: levels.clone() })
}

fn numeric(value: impl Strategy<Value = f64>) -> impl Strategy<Value = Column> {
    let value = present(value).prop_map(|value| value.unwrap_or(f64::NAN));
    prop::collection::vec(value, N_ROWS).prop_map(Column::Numeric)
}

fn time(step: i64) -> impl Strategy<Value = Column> {
    let value = prop_oneof![20 => -3000..3000_i64, 1 => Just(i64::MAX), 1 => Just(i64::MIN)];
    prop::collection::vec(present(value.prop_map(move |value| value.saturating_mul(step))), N_ROWS)
        .prop_map(Column::Time)
}

/// A table with every kind of column, missing values everywhere, ties and extremes.
fn columns() -> impl Strategy<Value = Columns> {
    let wild = prop_oneof![
        4 => (-20..20_i32).prop_map(f64::from),
        1 => any::<f64>(),
        1 => prop::sample::select(vec![f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 1e300, f64::INFINITY])
    ];
    let boolean = prop::sample::select(vec![0.0, 1.0]);
    let income = (0.0..12.0_f64).prop_map(f64::exp);
    let mail = prop::collection::vec(present("[a-zA-Zäß ]{0,20}"), N_ROWS).prop_map(Column::Text);
    let values = (
        numeric(boolean),
        categorical(5),
        categorical(40),
        numeric(income),
        mail,
        categorical(2),
        time(86_400_000_000),
        numeric(wild),
        time(3_599_000_000),
    );
    values.prop_map(|(boolean, city, id_like, income, mail, sex, sold, wild, when)| {
        let columns = [boolean, city, id_like, income, mail, sex, sold, wild, when];
        KINDS.iter().map(|(name, _)| (*name).to_owned()).zip(columns).collect()
    })
}

fn recipe() -> impl Strategy<Value = Preprocessor> {
    let impute = prop::sample::select(vec![Impute::Median, Impute::Mean, Impute::Zero]);
    let scaling = prop::sample::select(vec![Scaling::Standard, Scaling::Robust, Scaling::Quantile]);
    let ngrams = prop::sample::select(vec![TextNgrams::Word, TextNgrams::Char, TextNgrams::Both]);
    let input = prop::sample::select(vec![CategoricalInput::OneHot, CategoricalInput::Codes]);
    let choices = (impute, scaling, any::<bool>(), 0..20_usize, 1..5_usize, ngrams, 64..100_usize, input);
    choices.prop_map(|(impute, scaling, log_skewed, one_hot_max, min_level_count, text_ngrams, n, input)| {
        let config = PrepConfig {
            impute,
            scaling,
            log_skewed,
            one_hot_max,
            min_level_count,
            text_ngrams,
            text_features: n,
        };
        Preprocessor::new(config, input, &profile(&KINDS))
    })
}

/// Whether each row trains; at least one does.
fn training() -> impl Strategy<Value = Vec<bool>> {
    prop::collection::vec(any::<bool>(), N_ROWS).prop_map(|mut trains| {
        trains[7] = true;
        trains
    })
}

fn rows_where(trains: &[bool], wanted: bool) -> Vec<usize> {
    (0..N_ROWS).filter(|&row| trains[row] == wanted).collect()
}

fn fit(recipe: &Preprocessor, columns: &Columns, rows: &[usize]) -> FittedPreprocessor {
    recipe.fit_columns(columns, rows).unwrap()
}

fn transform(fitted: &FittedPreprocessor, columns: &Columns, rows: &[usize]) -> Design {
    let target = Target::Real((0..N_ROWS).map(|row| row as f64).collect());
    fitted.transform_columns(columns, Some(&target), rows).unwrap()
}

fn json(fitted: &FittedPreprocessor) -> String {
    serde_json::to_string(fitted).unwrap()
}

/// The same column with its levels listed backwards, after one that no row has.
fn relisted(column: &Column) -> Column {
    let Column::Categorical { codes, levels } = column else { return column.clone() };
    let n_levels = levels.len() as u32;
    let codes =
        codes.iter().map(|&code| if code == Column::MISSING { code } else { n_levels - code }).collect();
    let levels = std::iter::once("never".to_owned()).chain(levels.iter().rev().cloned()).collect();
    Column::Categorical { codes, levels }
}

/// `column` where `trains`, `other` elsewhere. Levels of `other` get names that `column` does not know.
fn splice(column: &Column, other: &Column, trains: &[bool]) -> Column {
    fn pick<T: Clone>(left: &[T], right: &[T], trains: &[bool]) -> Vec<T> {
        let pairs = left.iter().zip(right).zip(trains);
        pairs.map(|((left, right), trains)| if *trains { left.clone() } else { right.clone() }).collect()
    }
    match (relisted(column), other) {
        (Column::Numeric(left), Column::Numeric(right)) => Column::Numeric(pick(&left, right, trains)),
        (Column::Time(left), Column::Time(right)) => Column::Time(pick(&left, right, trains)),
        (Column::Text(left), Column::Text(right)) => Column::Text(pick(&left, right, trains)),
        (Column::Categorical { codes, mut levels }, Column::Categorical { codes: others, .. }) => {
            let n_levels = levels.len() as u32;
            let shifted = |code: &u32| if *code == Column::MISSING { *code } else { code + n_levels };
            levels.extend((0..n_levels).map(|level| format!("new {level}")));
            let others: Vec<u32> = others.iter().map(shifted).collect();
            Column::Categorical { codes: pick(&codes, &others, trains), levels }
        }
        _ => unreachable!("both tables have the same kinds"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn changing_validation_rows_changes_nothing_fitted(
        recipe in recipe(), table in columns(), other in columns(), trains in training(),
    ) {
        let train_rows = rows_where(&trains, true);
        let spliced: Columns = table
            .iter()
            .map(|(name, column)| (name.clone(), splice(column, &other[name], &trains)))
            .collect();
        let (before, after) = (fit(&recipe, &table, &train_rows), fit(&recipe, &spliced, &train_rows));
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
            prop_assert!(design.numeric.values().iter().all(|value| value.is_finite() && value.abs() <= 1e4));
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
        for (left, right) in one.numeric.values().iter().zip(other.numeric.values()) {
            prop_assert!((left - right).abs() <= 1e-4 * left.abs().max(1.0), "{left} is not {right}");
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

/// A table of one column.
fn only(name: &str, column: Column) -> Columns {
    Columns::from([(name.to_owned(), column)])
}

fn fit_only(config: PrepConfig, input: CategoricalInput, kind: ColumnKind, column: &Column) -> FittedPreprocessor {
    let rows: Vec<usize> = (0..column.n_rows()).collect();
    let recipe = Preprocessor::new(config, input, &profile(&[("x", kind)]));
    fit(&recipe, &only("x", column.clone()), &rows)
}

fn prepare(fitted: &FittedPreprocessor, column: Column) -> Design {
    let rows: Vec<usize> = (0..column.n_rows()).collect();
    fitted.transform_columns(&only("x", column), None, &rows).unwrap()
}

fn named(codes: &[Option<u32>], levels: &[&str]) -> Column {
    Column::Categorical {
        codes: codes.iter().map(|code| code.unwrap_or(Column::MISSING)).collect(),
        levels: levels.iter().map(|level| (*level).to_owned()).collect(),
    }
}

#[test]
fn standard_scaling_has_mean_0_and_deviation_1_on_train_rows() {
    let values: Vec<f64> = (0..1000).map(|index| f64::from(index * index % 977) + 1e6).collect();
    let column = Column::Numeric(values);
    let fitted = fit_only(PrepConfig::default(), CategoricalInput::OneHot, ColumnKind::Numeric, &column);
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
    let fitted = fit_only(config, CategoricalInput::OneHot, ColumnKind::Numeric, &column);
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
    let fitted = fit_only(PrepConfig::default(), CategoricalInput::OneHot, ColumnKind::Numeric, &column);
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
    let fitted = fit_only(config, CategoricalInput::OneHot, ColumnKind::Numeric, &column);
    let design = prepare(&fitted, Column::Numeric(vec![f64::NAN, 1.0, 3.0]));
    assert_eq!(design.numeric_names, ["x"]);
    assert_eq!(design.numeric.values(), [0.0, -1.0, 1.0]);
}

#[test]
fn the_logarithm_of_a_skewed_column_does_not_depend_on_its_unit() {
    let config = PrepConfig { log_skewed: true, ..PrepConfig::default() };
    let scaled = |unit: f64| {
        let column = Column::Numeric((0..200).map(|x| unit * (f64::from(x) / 20.0).exp()).collect());
        let fitted = fit_only(config.clone(), CategoricalInput::OneHot, ColumnKind::Numeric, &column);
        assert!(json(&fitted).contains(r#""log_unit":"#) && !json(&fitted).contains(r#""log_unit":null"#));
        prepare(&fitted, column).numeric
    };
    for (small, large) in scaled(1e-6).values().iter().zip(scaled(1e6).values()) {
        assert!((small - large).abs() < 1e-5, "{small} is not {large}");
    }
}

#[test]
fn two_levels_become_one_signed_column_by_name() {
    for input in [CategoricalInput::OneHot, CategoricalInput::Codes] {
        let column = named(&[Some(0), Some(1), Some(1)], &["yes", "no"]);
        let fitted = fit_only(PrepConfig::default(), input, ColumnKind::Boolean, &column);
        let design =
            prepare(&fitted, named(&[Some(0), Some(1), Some(2), None], &["maybe", "yes", "no"]));
        assert_eq!(design.numeric_names, ["x=yes"]);
        assert_eq!(design.numeric.values(), [0.0, 1.0, -1.0, 0.0]);
        assert_eq!(design.codes.n_cols(), 0);
    }
}

#[test]
fn a_level_never_met_is_all_zeros_and_a_rare_one_is_other() {
    let column = named(&[0, 0, 1, 1, 2, 3].map(Some), &["a", "b", "c", "d"]);
    let fitted = fit_only(PrepConfig::default(), CategoricalInput::OneHot, ColumnKind::Categorical, &column);
    let design = prepare(&fitted, named(&[0, 1, 2, 3].map(Some), &["d", "new", "a", "b"]));
    assert_eq!(design.numeric_names, ["x=a", "x=b", "x=(other)"]);
    let rows: Vec<&[f32]> = design.numeric.rows().collect();
    assert_eq!(rows, [[0.0, 0.0, 1.0], [0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
}

#[test]
fn above_one_hot_max_levels_become_codes_with_0_for_rare_unknown_and_missing() {
    let column = named(&[0, 0, 1, 1, 2, 2, 3].map(Some), &["a", "b", "c", "rare"]);
    let config = PrepConfig { one_hot_max: 3, ..PrepConfig::default() };
    let one_hot = fit_only(config.clone(), CategoricalInput::Codes, ColumnKind::Categorical, &column);
    assert!(prepare(&one_hot, column.clone()).code_names.is_empty() == one_hot.numeric_names().len().eq(&4));
    let config = PrepConfig { one_hot_max: 2, ..config };
    let fitted = fit_only(config, CategoricalInput::Codes, ColumnKind::Categorical, &column);
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
    let fitted = fit_only(PrepConfig::default(), CategoricalInput::OneHot, ColumnKind::Categorical, &column);
    let names = fitted.numeric_names();
    assert_eq!((names.len(), names[0].as_str(), names[63].as_str()), (64, "x=000", "x=(other)"));
}

#[test]
fn texts_become_vectors_of_length_1_that_are_nearer_when_they_share_words() {
    let texts = ["win a free prize now", "free prize inside", "see you at lunch", "lunch with you at noon"];
    let column = |texts: &[&str]| Column::Text(texts.iter().map(|text| Some((*text).to_owned())).collect());
    let fitted =
        fit_only(PrepConfig::default(), CategoricalInput::OneHot, ColumnKind::Text, &column(&texts));
    let design = prepare(&fitted, column(&["a FREE prize!", "win a free prize now", "at lunch", "?"]));
    let product = |left: usize, right: usize| -> f32 {
        design.numeric.row(left).iter().zip(design.numeric.row(right)).map(|(a, b)| a * b).sum()
    };
    assert!((product(0, 0) - 1.0).abs() < 1e-5);
    assert_eq!(product(3, 3), 0.0);
    assert!(product(0, 1) > product(0, 2) + 0.3, "{} {}", product(0, 1), product(0, 2));
}

#[test]
fn columns_constant_in_the_train_rows_are_not_needed() {
    let mut table = only("x", Column::Numeric(vec![1.0, 1.0, 5.0]));
    table.insert("y".to_owned(), Column::Numeric(vec![1.0, 2.0, 3.0]));
    let recipe = Preprocessor::new(
        PrepConfig::default(),
        CategoricalInput::OneHot,
        &profile(&[("x", ColumnKind::Numeric), ("y", ColumnKind::Numeric)]),
    );
    let fitted = recipe.fit_columns(&table, &[0, 1]).unwrap();
    assert_eq!(fitted.columns().collect::<Vec<_>>(), ["y"]);
    table.remove("x");
    assert_eq!(fitted.transform_columns(&table, None, &[2]).unwrap().numeric.n_cols(), 1);
}

#[test]
fn columns_that_do_not_fit_are_all_named() {
    let table = only("x", Column::Numeric(vec![1.0, 2.0]));
    let fitted =
        fit_only(PrepConfig::default(), CategoricalInput::OneHot, ColumnKind::Numeric, &table["x"]);
    let text = only("x", Column::Text(vec![None]));
    let error = fitted.transform_columns(&text, None, &[0]).unwrap_err();
    insta::assert_snapshot!(error, @"");
    let error = fitted.transform_columns(&Columns::new(), None, &[]).unwrap_err();
    insta::assert_snapshot!(error, @"");
    let recipe = Preprocessor::new(
        PrepConfig::default(),
        CategoricalInput::OneHot,
        &profile(&[("x", ColumnKind::Numeric), ("z", ColumnKind::Text)]),
    );
    insta::assert_snapshot!(recipe.fit_columns(&table, &[0]).unwrap_err(), @"");
    insta::assert_snapshot!(recipe.fit_columns(&table, &[]).unwrap_err(), @"");
    insta::assert_snapshot!(super::fitted::check_rows(&[1, 9], 2).unwrap_err(), @"");
}

#[test]
fn a_newer_version_is_refused() {
    let error = serde_json::from_str::<FittedPreprocessor>(r#"{"version":2,"columns":[]}"#).unwrap_err();
    insta::assert_snapshot!(error, @"");
}

fn space_names(profile: &DataProfile, input: CategoricalInput) -> Vec<String> {
    prep_space(profile, input).into_iter().map(|spec| spec.name).collect()
}

#[test]
fn only_choices_that_matter_are_searched() {
    let everything = profile(&KINDS);
    assert_eq!(
        space_names(&everything, CategoricalInput::Codes),
        [
            "impute",
            "scaling",
            "log_skewed",
            "one_hot_max",
            "min_level_count",
            "text_ngrams",
            "text_features"
        ]
    );
    assert!(!space_names(&everything, CategoricalInput::OneHot).contains(&"one_hot_max".to_owned()));
    assert!(space_names(&profile(&[("b", ColumnKind::Boolean)]), CategoricalInput::Codes).is_empty());
    let mut complete = profile(&[("n", ColumnKind::Numeric)]);
    complete.columns[0].n_missing = 0;
    complete.columns[0].min = Some(-1.0);
    assert_eq!(space_names(&complete, CategoricalInput::Codes), ["scaling"]);
}

#[test]
fn defaults_lie_in_the_space_and_make_a_configuration() {
    let tables: Vec<DataProfile> = (0..1 << KINDS.len())
        .map(|subset: usize| {
            let kept = KINDS.iter().enumerate().filter(|(index, _)| subset >> index & 1 == 1);
            profile(&kept.map(|(_, kind)| *kind).collect::<Vec<_>>())
        })
        .collect();
    for table in &tables {
        for input in [CategoricalInput::OneHot, CategoricalInput::Codes] {
            let space = SearchSpace::new(prep_space(table, input)).unwrap();
            let defaults = prep_defaults(table, input);
            space.check(&defaults).unwrap();
            PrepConfig::from_params(&defaults).unwrap();
        }
    }
}

#[test]
fn one_hot_max_is_searched_no_further_than_the_data_has_levels() {
    let mut table = profile(&[("c", ColumnKind::Categorical)]);
    table.columns[0].n_distinct = 5;
    let specs = prep_space(&table, CategoricalInput::Codes);
    assert!(specs[0].domain.contains(&ParamValue::Int(5)) && !specs[0].domain.contains(&ParamValue::Int(6)));
    assert_eq!(prep_defaults(&table, CategoricalInput::Codes).get("one_hot_max"), Some(&ParamValue::Int(5)));
    table.columns[0].n_distinct = 2;
    assert_eq!(prep_defaults(&table, CategoricalInput::Codes), Params::new());
}
