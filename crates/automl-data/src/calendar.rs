//! Days and dates: points in time are microseconds since 1970-01-01 00:00 UTC, in the proleptic Gregorian calendar.

use chrono::NaiveDate;

pub(crate) const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The date of a day since 1970-01-01; the calendar's first or last, 262,000 years away, of a day beyond them.
pub(crate) fn date_of(day: i64) -> NaiveDate {
    let date = i32::try_from(day).ok().and_then(NaiveDate::from_epoch_days);
    date.unwrap_or(if day < 0 { NaiveDate::MIN } else { NaiveDate::MAX })
}

/// The date of a point in time.
pub(crate) fn date_at(micros: i64) -> NaiveDate {
    date_of(micros.div_euclid(MICROS_PER_DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_no_end_that_panics() {
        assert_eq!(date_of(0).to_string(), "1970-01-01");
        assert_eq!(date_at(-1).to_string(), "1969-12-31");
        assert_eq!((date_at(i64::MIN), date_at(i64::MAX)), (NaiveDate::MIN, NaiveDate::MAX));
    }
}
