//! Dates and times in ISO 8601, to microseconds since 1970 UTC.

use chrono::NaiveDate;

use crate::calendar::MICROS_PER_DAY;

/// A text that is a date or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Microseconds since 1970-01-01 00:00 UTC.
    pub(crate) micros: i64,
    /// No time of day was given.
    pub(crate) date_only: bool,
}

/// Reads `YYYY-MM-DD` or `YYYY/MM/DD`, optionally followed by `T` or a blank, `hh:mm`, `:ss`, a fraction,
/// and `Z` or an offset `+hh:mm`. Without an offset the time is taken as UTC.
pub(crate) fn parse_iso(text: &str) -> Option<Moment> {
    let bytes = text.trim().as_bytes();
    let separator = *bytes.get(4)?;
    if bytes.len() < 10 || !b"-/".contains(&separator) || bytes[7] != separator {
        return None;
    }
    let (year, month, day) = (digits(&bytes[..4])?, digits(&bytes[5..7])?, digits(&bytes[8..10])?);
    let date = NaiveDate::from_ymd_opt(year as i32, month as u32, day as u32)?;
    let midnight = i64::from(date.to_epoch_days()) * MICROS_PER_DAY;
    if bytes.len() == 10 {
        return Some(Moment { micros: midnight, date_only: true });
    }
    if !b"T ".contains(&bytes[10]) {
        return None;
    }
    Some(Moment { micros: midnight + time_of_day(&bytes[11..])?, date_only: false })
}

/// Microseconds from midnight UTC; negative where the offset leads into the day before.
fn time_of_day(bytes: &[u8]) -> Option<i64> {
    let (bytes, offset_minutes) = split_offset(bytes)?;
    if bytes.len() < 5 || bytes[2] != b':' {
        return None;
    }
    let (hour, minute) = (digits(&bytes[..2])?, digits(&bytes[3..5])?);
    let (second, micros) = match bytes.get(5) {
        None => (0, 0),
        Some(b':') if bytes.len() >= 8 => (digits(&bytes[6..8])?, fraction(&bytes[8..])?),
        Some(_) => return None,
    };
    // 60 is a leap second.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some((((hour * 60 + minute - offset_minutes) * 60) + second) * 1_000_000 + micros)
}

fn split_offset(bytes: &[u8]) -> Option<(&[u8], i64)> {
    if let Some(rest) = bytes.strip_suffix(b"Z") {
        return Some((rest, 0));
    }
    let Some(at) = bytes.iter().position(|byte| b"+-".contains(byte)) else { return Some((bytes, 0)) };
    let offset = &bytes[at + 1..];
    let minutes = match offset.len() {
        2 => digits(offset)? * 60,
        4 => digits(&offset[..2])? * 60 + digits(&offset[2..])?,
        5 if offset[2] == b':' => digits(&offset[..2])? * 60 + digits(&offset[3..])?,
        _ => return None,
    };
    Some((&bytes[..at], if bytes[at] == b'-' { -minutes } else { minutes }))
}

fn fraction(bytes: &[u8]) -> Option<i64> {
    let Some((b'.' | b',', decimals)) = bytes.split_first() else {
        return bytes.is_empty().then_some(0);
    };
    if decimals.is_empty() || decimals.len() > 9 {
        return None;
    }
    let value = digits(decimals)?;
    let exponent = 6 - decimals.len() as i32;
    Some(if exponent >= 0 {
        value * 10_i64.pow(exponent as u32)
    } else {
        value / 10_i64.pow(-exponent as u32)
    })
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes
        .iter()
        .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn micros(text: &str) -> Option<i64> {
        parse_iso(text).map(|moment| moment.micros)
    }

    /// Reference: Python 3, `int(datetime.fromisoformat(text).timestamp() * 1e6)` with UTC where none is given.
    #[test]
    fn equals_python() {
        assert_eq!(micros("1970-01-01"), Some(0));
        assert_eq!(micros("2000-02-29"), Some(951_782_400_000_000));
        assert_eq!(micros("1969-12-31T23:59:59.5"), Some(-500_000));
        assert_eq!(micros("2024-03-10 12:34:56+02:00"), Some(1_710_066_896_000_000));
        assert_eq!(micros("2024-03-10T12:34Z"), Some(1_710_074_040_000_000));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2023-02-29",
            "2024-13-01",
            "24-01-01",
            "2024-01-01x",
            "2024-01-01T25:00",
            "2024-1-1",
            "2024-01-01T12",
            "2024-01/01",
            "2024-01-01T12:00:00+1",
            "äöüäöüä",
        ] {
            assert_eq!(parse_iso(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn dates_round_trip(day in -700_000_i64..2_900_000) {
            let date = crate::calendar::date_of(day);
            prop_assert_eq!(micros(&date.to_string()), Some(day * MICROS_PER_DAY));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}") {
            let _ = parse_iso(&text);
        }
    }
}
