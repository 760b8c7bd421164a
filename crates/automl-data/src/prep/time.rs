//! Points in time: linear and cyclic parts of the calendar.

use std::f64::consts::TAU;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::block::Block;
use super::config::Scaling;
use super::scale::Scaler;
use crate::calendar::{MICROS_PER_DAY, date_of};

/// Cyclic parts that differ by less are the same: sine and cosine round differently at equal heights.
const CYCLIC_TOLERANCE: f64 = 1e-9;

/// One number of a point in time, in the proleptic Gregorian calendar and UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TimePart {
    /// Days since 1970-01-01 with their fraction.
    ElapsedDays,
    Year,
    /// Day of the month, from 1.
    Day,
    MonthSin,
    MonthCos,
    WeekdaySin,
    WeekdayCos,
    /// Time of day, in shares of a day; so are minutes and seconds in it.
    HourSin,
    HourCos,
}

impl TimePart {
    const ALL: [TimePart; 9] = [
        TimePart::ElapsedDays,
        TimePart::Year,
        TimePart::Day,
        TimePart::MonthSin,
        TimePart::MonthCos,
        TimePart::WeekdaySin,
        TimePart::WeekdayCos,
        TimePart::HourSin,
        TimePart::HourCos,
    ];

    fn is_cyclic(self) -> bool {
        !matches!(self, TimePart::ElapsedDays | TimePart::Year | TimePart::Day)
    }

    fn name(self) -> &'static str {
        match self {
            TimePart::ElapsedDays => "elapsed days",
            TimePart::Year => "year",
            TimePart::Day => "day",
            TimePart::MonthSin => "month sin",
            TimePart::MonthCos => "month cos",
            TimePart::WeekdaySin => "weekday sin",
            TimePart::WeekdayCos => "weekday cos",
            TimePart::HourSin => "hour sin",
            TimePart::HourCos => "hour cos",
        }
    }

    fn of(self, moment: &Moment) -> f64 {
        match self {
            TimePart::ElapsedDays => moment.days as f64 + moment.share_of_day,
            TimePart::Year => f64::from(moment.date.year()),
            TimePart::Day => f64::from(moment.date.day()),
            TimePart::MonthSin => (TAU * f64::from(moment.date.month0()) / 12.0).sin(),
            TimePart::MonthCos => (TAU * f64::from(moment.date.month0()) / 12.0).cos(),
            TimePart::WeekdaySin => {
                (TAU * f64::from(moment.date.weekday().num_days_from_monday()) / 7.0).sin()
            }
            TimePart::WeekdayCos => {
                (TAU * f64::from(moment.date.weekday().num_days_from_monday()) / 7.0).cos()
            }
            TimePart::HourSin => (TAU * moment.share_of_day).sin(),
            TimePart::HourCos => (TAU * moment.share_of_day).cos(),
        }
    }
}

/// A point in time taken apart.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Moment {
    /// Whole days since 1970-01-01.
    days: i64,
    date: NaiveDate,
    /// In [0, 1).
    share_of_day: f64,
}

impl Moment {
    fn from_microseconds(microseconds: i64) -> Self {
        let days = microseconds.div_euclid(MICROS_PER_DAY);
        let share_of_day = microseconds.rem_euclid(MICROS_PER_DAY) as f64 / MICROS_PER_DAY as f64;
        Self { days, date: date_of(days), share_of_day }
    }
}

/// One output of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct TimeOutput {
    part: TimePart,
    /// The scale; `None` for cyclic parts, which lie in [-1, 1].
    scaler: Option<Scaler>,
}

/// What was learned of a column of points in time: the parts that vary among the train rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct TimeStep {
    outputs: Vec<TimeOutput>,
}

impl TimeStep {
    /// Fits to the train rows.
    pub(super) fn fit(scaling: Scaling, values: &[Option<i64>], rows: &[usize]) -> Self {
        let moments: Vec<Moment> =
            rows.iter().filter_map(|&row| values[row]).map(Moment::from_microseconds).collect();
        let outputs = TimePart::ALL.into_iter().filter_map(|part| {
            let parts: Vec<f64> = moments.iter().map(|moment| part.of(moment)).collect();
            if part.is_cyclic() {
                return varies(&parts).then_some(TimeOutput { part, scaler: None });
            }
            Scaler::fit(scaling, &parts).map(|scaler| TimeOutput { part, scaler: Some(scaler) })
        });
        Self { outputs: outputs.collect() }
    }

    /// Number of outputs.
    pub(super) fn width(&self) -> usize {
        self.outputs.len()
    }

    /// Names of the outputs of the column `name`.
    pub(super) fn names(&self, name: &str) -> Vec<String> {
        self.outputs.iter().map(|output| format!("{name} {}", output.part.name())).collect()
    }

    /// Writes the parts of `rows`; 0, the middle of every scale, where missing.
    pub(super) fn write(&self, values: &[Option<i64>], rows: &[usize], block: &mut Block<'_, f32>) {
        for (index, &row) in rows.iter().enumerate() {
            let Some(microseconds) = values[row] else { continue };
            let moment = Moment::from_microseconds(microseconds);
            for (cell, output) in block.row(index).iter_mut().zip(&self.outputs) {
                let value = output.part.of(&moment);
                *cell = output.scaler.as_ref().map_or(value as f32, |scaler| scaler.apply(value));
            }
        }
    }
}

fn varies(parts: &[f64]) -> bool {
    let low = parts.iter().copied().fold(f64::INFINITY, f64::min);
    let high = parts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    high - low > CYCLIC_TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python: `datetime.date(1970, 1, 1) + datetime.timedelta(days)`, and its `weekday()`.
    #[test]
    fn parts_equal_pythons() {
        for (days, year, month, day, weekday) in [
            (0, 1970, 1, 1, 3),
            (-1, 1969, 12, 31, 2),
            (11_016, 2000, 2, 29, 1),
            (-25_508, 1900, 3, 1, 3),
            (20_786, 2026, 11, 29, 6),
        ] {
            let moment = Moment::from_microseconds(days * MICROS_PER_DAY + MICROS_PER_DAY / 4);
            let angle = |part, of| TAU * f64::from(part) / of;
            for (part, wanted) in [
                (TimePart::ElapsedDays, days as f64 + 0.25),
                (TimePart::Year, f64::from(year)),
                (TimePart::Day, f64::from(day)),
                (TimePart::MonthSin, angle(month - 1, 12.0).sin()),
                (TimePart::MonthCos, angle(month - 1, 12.0).cos()),
                (TimePart::WeekdaySin, angle(weekday, 7.0).sin()),
                (TimePart::WeekdayCos, angle(weekday, 7.0).cos()),
                (TimePart::HourSin, 1.0),
                (TimePart::HourCos, 0.0),
            ] {
                let found = part.of(&moment);
                assert!((found - wanted).abs() < 1e-12, "{days}, {part:?}: {found} is not {wanted}");
            }
        }
    }

    #[test]
    fn dates_at_midnight_have_no_hour() {
        let values: Vec<Option<i64>> = (0..400).map(|day| Some(day * MICROS_PER_DAY)).collect();
        let rows: Vec<usize> = (0..400).collect();
        let names = TimeStep::fit(Scaling::Standard, &values, &rows).names("sold");
        assert_eq!(
            names,
            [
                "sold elapsed days",
                "sold year",
                "sold day",
                "sold month sin",
                "sold month cos",
                "sold weekday sin",
                "sold weekday cos"
            ]
        );
    }
}
