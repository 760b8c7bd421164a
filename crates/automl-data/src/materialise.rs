//! Values and a kind to a feature column in memory.

use std::collections::HashMap;

use automl_core::{ColumnKind, counted};

use crate::column::Column;
use crate::infer::time::parse_iso;
use crate::infer::{Counts, boolean_of, parse_number, shorten};
use crate::values::{Values, number_text};

/// How strictly a column is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) kind: ColumnKind,
    /// Texts that do not parse count as missing instead of being refused.
    pub(crate) tolerant: bool,
    /// Levels known from training, in order of code.
    pub(crate) levels: &'a [String],
}

/// A column, and how many of its texts did not parse.
#[derive(Debug)]
pub(crate) struct Materialised {
    pub(crate) column: Column,
    pub(crate) n_unparsed: usize,
}

/// Reads values as the kind demands. Infinities must have been dropped.
///
/// # Errors
/// What was found that the kind cannot hold, as the end of a sentence such as "expected numeric, found …".
pub(crate) fn materialise(values: &Values<'_>, reading: Reading<'_>) -> Result<Materialised, String> {
    let mut unparsed = Unparsed { tolerant: reading.tolerant, count: 0, first: None };
    let column = match reading.kind {
        ColumnKind::Numeric => Column::Numeric(numeric(values, &mut unparsed)?),
        ColumnKind::Boolean => Column::Numeric(boolean(values, &mut unparsed)?),
        ColumnKind::Date | ColumnKind::Datetime => Column::Time(times(values, &mut unparsed)?),
        ColumnKind::Text => Column::Text((0..values.len()).map(|row| values.text(row)).collect()),
        ColumnKind::Categorical => categorical(values, reading.levels),
        ColumnKind::Id | ColumnKind::Constant | ColumnKind::Empty | ColumnKind::Ignored => {
            return Err(format!("{}, but the column is not used", values.describe()));
        }
    };
    unparsed.check()?;
    Ok(Materialised { column, n_unparsed: unparsed.count })
}

struct Unparsed {
    tolerant: bool,
    count: usize,
    first: Option<String>,
}

impl Unparsed {
    /// Counts a value that does not parse.
    fn note(&mut self, text: &str) {
        self.count += 1;
        self.first.get_or_insert_with(|| shorten(text));
    }

    fn check(&self) -> Result<(), String> {
        match &self.first {
            Some(first) if !self.tolerant => {
                Err(format!("{} such as `{first}`", counted(self.count, "value")))
            }
            _ => Ok(()),
        }
    }
}

fn numeric(values: &Values<'_>, unparsed: &mut Unparsed) -> Result<Vec<f64>, String> {
    match values {
        Values::Numbers { values, .. } => Ok(values.clone()),
        Values::Flags(flags) => Ok(flags.iter().map(|flag| number_of(*flag)).collect()),
        Values::Texts(texts) => {
            Ok(parsed(texts, unparsed, parse_number).map(|value| value.unwrap_or(f64::NAN)).collect())
        }
        Values::Times { values, .. } if values.iter().all(Option::is_none) => {
            Ok(vec![f64::NAN; values.len()])
        }
        Values::Times { .. } | Values::Unsupported { .. } => Err(values.describe()),
    }
}

fn boolean(values: &Values<'_>, unparsed: &mut Unparsed) -> Result<Vec<f64>, String> {
    match values {
        Values::Flags(flags) => Ok(flags.iter().map(|flag| number_of(*flag)).collect()),
        Values::Numbers { values, .. } => {
            for value in values.iter().filter(|value| !value.is_nan() && **value != 0.0 && **value != 1.0) {
                unparsed.note(&number_text(*value));
            }
            let keep = |value: &f64| if *value == 0.0 || *value == 1.0 { *value } else { f64::NAN };
            Ok(values.iter().map(keep).collect())
        }
        Values::Texts(texts) => Ok(parsed(texts, unparsed, boolean_of).map(number_of).collect()),
        Values::Times { .. } | Values::Unsupported { .. } => Err(values.describe()),
    }
}

fn times(values: &Values<'_>, unparsed: &mut Unparsed) -> Result<Vec<Option<i64>>, String> {
    let micros = |text: &str| parse_iso(text).map(|moment| moment.micros);
    match values {
        Values::Times { values, .. } => Ok(values.clone()),
        Values::Texts(texts) => Ok(parsed(texts, unparsed, micros).collect()),
        Values::Numbers { values, .. } if values.iter().all(|value| value.is_nan()) => {
            Ok(vec![None; values.len()])
        }
        Values::Numbers { .. } | Values::Flags(_) | Values::Unsupported { .. } => Err(values.describe()),
    }
}

fn parsed<'v, T: 'v>(
    texts: &'v [Option<&str>],
    unparsed: &'v mut Unparsed,
    parse: impl Fn(&str) -> Option<T> + 'v,
) -> impl Iterator<Item = Option<T>> + 'v {
    texts.iter().map(move |text| {
        let text = (*text)?;
        let value = parse(text);
        if value.is_none() {
            unparsed.note(text);
        }
        value
    })
}

fn number_of(flag: Option<bool>) -> f64 {
    flag.map_or(f64::NAN, |flag| f64::from(u8::from(flag)))
}

/// Known levels keep their codes; new ones follow in order of value.
fn categorical(values: &Values<'_>, known: &[String]) -> Column {
    let mut levels = known.to_vec();
    let mut index: HashMap<String, u32> = known.iter().cloned().zip(0..).collect();
    let mut add = |level: String| {
        if !index.contains_key(&level) {
            index.insert(level.clone(), levels.len() as u32);
            levels.push(level);
        }
    };
    match Counts::of(values) {
        Counts::Numbers(runs) => runs.iter().for_each(|(value, _)| add(number_text(*value))),
        Counts::Texts(runs) => runs.iter().for_each(|(text, _)| add((*text).to_owned())),
        Counts::Flags(_) | Counts::Times(_) => {
            let mut texts: Vec<String> = (0..values.len()).filter_map(|row| values.text(row)).collect();
            texts.sort();
            texts.dedup();
            texts.into_iter().for_each(&mut add);
        }
    }
    let code = |text: &str| index.get(text).copied().unwrap_or(Column::MISSING);
    let codes = if let Values::Texts(texts) = values {
        texts.iter().map(|text| text.map_or(Column::MISSING, code)).collect()
    } else {
        (0..values.len()).map(|row| values.text(row).map_or(Column::MISSING, |text| code(&text))).collect()
    };
    Column::Categorical { codes, levels }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &Values<'_>, kind: ColumnKind) -> Result<Column, String> {
        let reading = Reading { kind, tolerant: false, levels: &[] };
        materialise(values, reading).map(|materialised| materialised.column)
    }

    #[test]
    fn every_spelling_of_a_boolean_means_the_same() {
        let texts = Values::Texts(vec![Some("Yes"), Some("n"), None]);
        let flags = Values::Flags(vec![Some(true), Some(false), None]);
        let numbers = Values::Numbers { values: vec![1.0, 0.0, f64::NAN], whole: true };
        for values in [texts, flags, numbers] {
            let Ok(Column::Numeric(column)) = read(&values, ColumnKind::Boolean) else {
                panic!("no boolean")
            };
            assert_eq!(column[..2], [1.0, 0.0]);
            assert!(column[2].is_nan());
        }
    }

    #[test]
    fn known_levels_keep_their_codes_and_new_ones_follow() {
        let values = Values::Texts(vec![Some("d"), Some("b"), None, Some("a")]);
        let levels = ["b".to_owned(), "c".to_owned()];
        let reading = Reading { kind: ColumnKind::Categorical, tolerant: false, levels: &levels };
        let Column::Categorical { codes, levels } = materialise(&values, reading).unwrap().column else {
            panic!("not categorical")
        };
        assert_eq!(levels, ["b", "c", "a", "d"]);
        assert_eq!(codes, [3, 0, Column::MISSING, 2]);
    }

    #[test]
    fn what_does_not_parse_is_told_with_an_example() {
        let values = Values::Texts(vec![Some("1"), Some("one"), Some("two")]);
        insta::assert_snapshot!(read(&values, ColumnKind::Numeric).unwrap_err(), @"2 values such as `one`");
        insta::assert_snapshot!(read(&values, ColumnKind::Date).unwrap_err(), @"3 values such as `1`");
        let days = Values::Times { values: vec![Some(0)], days: true };
        insta::assert_snapshot!(read(&days, ColumnKind::Numeric).unwrap_err(), @"dates");
    }

    #[test]
    fn a_missing_column_fits_every_kind() {
        let empty = Values::Texts(vec![None, None]);
        for kind in [
            ColumnKind::Numeric,
            ColumnKind::Boolean,
            ColumnKind::Datetime,
            ColumnKind::Text,
            ColumnKind::Categorical,
        ] {
            assert_eq!(read(&empty, kind).unwrap().n_missing(), 2, "{kind:?}");
        }
    }
}
