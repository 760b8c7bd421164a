//! Random tables, recipes and splits.

use automl_core::InputForm;
use proptest::prelude::*;

use super::{KINDS, N_ROWS, profile};
use crate::column::Column;
use crate::prep::fitted::Columns;
use crate::prep::{Impute, PrepConfig, Preprocessor, Scaling, TextNgrams};

fn present<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::weighted(0.85, value)
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
pub(super) fn columns() -> impl Strategy<Value = Columns> {
    let wild = prop_oneof![
        4 => (-20..20_i32).prop_map(f64::from),
        1 => any::<f64>(),
        1 => prop::sample::select(vec![f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 1e300, f64::INFINITY])
    ];
    let boolean = prop::sample::select(vec![0.0, 1.0]);
    let income = (0.0..12.0_f64).prop_map(f64::exp);
    let words = prop::collection::vec(prop_oneof!["win|free|now|Öl", "[a-zA-Zäß]{0,8}"], 0..5);
    let mail = words.prop_map(|words| words.join(" "));
    let mail = prop::collection::vec(present(mail), N_ROWS).prop_map(Column::Text);
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

pub(super) fn recipe() -> impl Strategy<Value = Preprocessor> {
    let impute = prop::sample::select(vec![Impute::Median, Impute::Mean, Impute::Zero]);
    let scaling = prop::sample::select(vec![Scaling::Standard, Scaling::Robust, Scaling::Quantile]);
    let ngrams = prop::sample::select(vec![TextNgrams::Word, TextNgrams::Char, TextNgrams::Both]);
    let input = prop::sample::select(vec![InputForm::OneHot, InputForm::Codes, InputForm::Native]);
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
pub(super) fn training() -> impl Strategy<Value = Vec<bool>> {
    prop::collection::vec(any::<bool>(), N_ROWS).prop_map(|mut trains| {
        trains[7] = true;
        trains
    })
}

pub(super) fn rows_where(trains: &[bool], wanted: bool) -> Vec<usize> {
    (0..N_ROWS).filter(|&row| trains[row] == wanted).collect()
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
pub(super) fn splice(column: &Column, other: &Column, trains: &[bool]) -> Column {
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
