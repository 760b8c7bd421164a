//! Moments as Optuna's `SQLite` files hold them: `YYYY-MM-DD HH:MM:SS.ffffff`, in UTC.
//!
//! Optuna 5 reads them as UTC. Optuna 4 reads the same text as local time.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDateTime};

/// Now, as text, in UTC.
pub fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Now, in seconds since 1970 (UTC).
pub fn now_secs() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Microseconds since 1970 as text; the calendar's end, 262,000 years away, for those beyond it.
pub(crate) fn format(micros: i64) -> String {
    let end = if micros < 0 { DateTime::<chrono::Utc>::MIN_UTC } else { DateTime::<chrono::Utc>::MAX_UTC };
    DateTime::from_timestamp_micros(micros).unwrap_or(end).format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

/// Microseconds since 1970 of a text; `None` if it is no such moment. The fraction may be missing.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let moment = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?;
    Some(moment.and_utc().timestamp_micros())
}

/// Seconds since 1970 of a text.
pub(crate) fn parse_secs(text: &str) -> Option<f64> {
    parse(text).map(|micros| micros as f64 / 1e6)
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
        assert_eq!(parse("1970-01-01 00:00:01"), Some(1_000_000));
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
