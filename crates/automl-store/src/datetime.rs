//! Moments as Optuna's `SQLite` files hold them: `YYYY-MM-DD HH:MM:SS.ffffff`, in UTC.
//!
//! Optuna 5 reads them as UTC. Optuna 4 reads the same text as local time.

use std::time::{SystemTime, UNIX_EPOCH};

const MICROS_PER_SEC: i64 = 1_000_000;
const SECS_PER_DAY: i64 = 86_400;

/// Now, as text, in UTC.
pub fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Now, in seconds since 1970 (UTC).
pub fn now_secs() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Microseconds since 1970 as text.
pub(crate) fn format(micros: i64) -> String {
    let secs = micros.div_euclid(MICROS_PER_SEC);
    let (year, month, day) = civil(secs.div_euclid(SECS_PER_DAY));
    let of_day = secs.rem_euclid(SECS_PER_DAY);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let fraction = micros.rem_euclid(MICROS_PER_SEC);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{fraction:06}")
}

/// Microseconds since 1970 of a text; `None` if it is no such moment. The fraction may be missing.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(' ')?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(clock, ':')?;
    let sane =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    if !sane || fraction.len() > 6 {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}").parse().ok()?;
    let secs = days(year, month, day) * SECS_PER_DAY + hour * 3600 + minute * 60 + second;
    Some(secs * MICROS_PER_SEC + micros)
}

/// Seconds since 1970 of a text.
pub(crate) fn parse_secs(text: &str) -> Option<f64> {
    parse(text).map(|micros| micros as f64 / MICROS_PER_SEC as f64)
}

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?;
    let parts: Option<Vec<i64>> = text.split(separator).map(digits).collect();
    let parts: [i64; 3] = parts?.try_into().ok()?;
    (parts[0] <= 9999).then_some(parts)
}

/// Year, month and day of a day since 1970 (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted_month + 2) / 5 + 1)
}

/// The day since 1970 of year, month and day; the inverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `datetime.fromtimestamp(x, timezone.utc)` of Python 3.11.
    #[test]
    fn known_moments_are_written_as_python_writes_them() {
        assert_eq!(format(0), "1970-01-01 00:00:00.000000");
        assert_eq!(format(951_782_399_000_001), "2000-02-28 23:59:59.000001");
        assert_eq!(format(951_868_799_999_999), "2000-02-29 23:59:59.999999");
        assert_eq!(format(4_107_542_400_000_000), "2100-03-01 00:00:00.000000");
        assert_eq!(format(-1), "1969-12-31 23:59:59.999999");
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in
            ["", "2000-01-01", "2000-13-01 00:00:00", "x-01-01 00:00:00", "2000-01-01 24:00:00.000000"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("1970-01-01 00:00:01"), Some(MICROS_PER_SEC));
        assert_eq!(parse("1970-01-01 00:00:01.5"), Some(1_500_000));
    }

    proptest! {
        #[test]
        fn text_and_moment_are_inverse(micros in -60_000_000_000_000_000_i64..250_000_000_000_000_000) {
            prop_assert_eq!(parse(&format(micros)), Some(micros));
        }

        #[test]
        fn any_text_is_read_without_panic(text in "[0-9:. -]{0,40}|.{0,30}") {
            let _ = parse(&text);
        }
    }
}
