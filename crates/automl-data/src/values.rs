//! The values of a polars column in the few shapes that matter here.

use polars::prelude::{DataType, Series, TimeUnit};

use crate::calendar::{MICROS_PER_DAY, date_at};

/// Decoded values, borrowing texts from the frame.
pub(crate) enum Values<'a> {
    /// NaN where missing; may be infinite. `whole`: every value present is a whole number.
    Numbers { values: Vec<f64>, whole: bool },
    /// Yes or no.
    Flags(Vec<Option<bool>>),
    /// Texts; blank ones are missing.
    Texts(Vec<Option<&'a str>>),
    /// Microseconds since 1970 UTC. `days`: the type is a date.
    Times { values: Vec<Option<i64>>, days: bool },
    /// A type that nothing here can use.
    Unsupported { dtype: String },
}

impl<'a> Values<'a> {
    /// Decodes a column. `None` never happens for a type that the match names.
    pub(crate) fn of(series: &'a Series) -> Values<'a> {
        Self::decode(series).unwrap_or_else(|| Values::Unsupported { dtype: series.dtype().to_string() })
    }

    fn decode(series: &'a Series) -> Option<Values<'a>> {
        match series.dtype() {
            DataType::Boolean => Some(Values::Flags(series.bool().ok()?.iter().collect())),
            DataType::String => Some(Values::Texts(texts(series.str().ok()?.iter()))),
            DataType::Null => Some(Values::Texts(vec![None; series.len()])),
            DataType::Date => {
                let days = series.cast(&DataType::Int32).ok()?;
                let micros = |day: Option<i32>| day.map(|day| i64::from(day) * MICROS_PER_DAY);
                Some(Values::Times { values: days.i32().ok()?.iter().map(micros).collect(), days: true })
            }
            DataType::Datetime(..) => {
                // A time zone tells how to print; the physical value is UTC.
                let micros = series.cast(&DataType::Int64).ok()?;
                let factor = |value: i64| match series.dtype() {
                    DataType::Datetime(TimeUnit::Nanoseconds, _) => value.div_euclid(1_000),
                    DataType::Datetime(TimeUnit::Milliseconds, _) => value.saturating_mul(1_000),
                    _ => value,
                };
                let values = micros.i64().ok()?.iter().map(|value| value.map(factor)).collect();
                Some(Values::Times { values, days: false })
            }
            // Seconds of the day, or of the span.
            dtype @ (DataType::Time | DataType::Duration(_)) => {
                let units = match dtype {
                    DataType::Duration(TimeUnit::Milliseconds) => 1e3,
                    DataType::Duration(TimeUnit::Microseconds) => 1e6,
                    _ => 1e9,
                };
                let counts = series.cast(&DataType::Float64).ok()?;
                Some(numbers(counts.f64().ok()?.iter().map(|count| count.map(|count| count / units))))
            }
            dtype if dtype.is_categorical() || dtype.is_enum() => Some(Values::Texts(levels(series)?)),
            dtype if dtype.is_primitive_numeric() => {
                let floats = series.cast(&DataType::Float64).ok()?;
                Some(numbers(floats.f64().ok()?.iter()))
            }
            _ => None,
        }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        match self {
            Values::Numbers { values, .. } => values.len(),
            Values::Flags(values) => values.len(),
            Values::Texts(values) => values.len(),
            Values::Times { values, .. } => values.len(),
            Values::Unsupported { .. } => 0,
        }
    }

    /// Whether the row has no value. Infinities count as values.
    pub(crate) fn is_missing(&self, row: usize) -> bool {
        match self {
            Values::Numbers { values, .. } => values[row].is_nan(),
            Values::Flags(values) => values[row].is_none(),
            Values::Texts(values) => values[row].is_none(),
            Values::Times { values, .. } => values[row].is_none(),
            Values::Unsupported { .. } => true,
        }
    }

    /// The value as a label or level would be written; `None` where missing.
    pub(crate) fn text(&self, row: usize) -> Option<String> {
        match self {
            Values::Numbers { values, .. } => (!values[row].is_nan()).then(|| number_text(values[row])),
            Values::Flags(values) => values[row].map(|flag| flag.to_string()),
            Values::Texts(values) => values[row].map(str::to_owned),
            Values::Times { values, days } => values[row].map(|micros| time_text(micros, *days)),
            Values::Unsupported { .. } => None,
        }
    }

    /// What kind of values these are, for messages.
    pub(crate) fn describe(&self) -> String {
        match self {
            Values::Numbers { .. } => "numbers".to_owned(),
            Values::Flags(_) => "true and false".to_owned(),
            Values::Texts(_) => "texts".to_owned(),
            Values::Times { days: true, .. } => "dates".to_owned(),
            Values::Times { days: false, .. } => "times".to_owned(),
            Values::Unsupported { dtype } => format!("{dtype} values"),
        }
    }

    /// Makes infinities missing and tells how many there were.
    pub(crate) fn drop_infinities(&mut self) -> usize {
        let Values::Numbers { values, whole } = self else { return 0 };
        let mut count = 0;
        for value in values.iter_mut().filter(|value| value.is_infinite()) {
            *value = f64::NAN;
            count += 1;
        }
        if count > 0 {
            *whole = values.iter().all(|value| value.is_nan() || value.fract() == 0.0);
        }
        count
    }

    /// Takes numbers for the nearer of 0 and 1 and tells how many were neither.
    pub(crate) fn round_to_flags(&mut self) -> usize {
        let Values::Numbers { values, whole } = self else { return 0 };
        let mut count = 0;
        for value in values.iter_mut().filter(|value| !value.is_nan() && **value != 0.0 && **value != 1.0) {
            *value = f64::from(u8::from(*value > 0.5));
            count += 1;
        }
        *whole = true;
        count
    }
}

fn texts<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> Vec<Option<&'a str>> {
    texts.map(|text| text.filter(|text| !text.trim().is_empty())).collect()
}

/// The texts of a dictionary: a `category` of pandas, a factor of R, a Categorical or Enum of polars.
fn levels(series: &Series) -> Option<Vec<Option<&str>>> {
    if let Ok(codes) = series.cat8() {
        return Some(texts(codes.iter_str()));
    }
    if let Ok(codes) = series.cat16() {
        return Some(texts(codes.iter_str()));
    }
    series.cat32().ok().map(|codes| texts(codes.iter_str()))
}

fn numbers(values: impl Iterator<Item = Option<f64>>) -> Values<'static> {
    let values: Vec<f64> = values.map(|value| value.unwrap_or(f64::NAN)).collect();
    let whole = values.iter().all(|value| value.is_nan() || value.fract() == 0.0);
    Values::Numbers { values, whole }
}

/// Whole numbers without a fraction, so that `1` of one file and `1.0` of another are one level.
pub(crate) fn number_text(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 9e15 { format!("{}", value as i64) } else { format!("{value}") }
}

fn time_text(micros: i64, days: bool) -> String {
    let date = date_at(micros);
    if days {
        return date.to_string();
    }
    let second = micros.rem_euclid(MICROS_PER_DAY) / 1_000_000;
    format!("{date}T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}
