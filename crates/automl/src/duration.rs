//! Durations as people write them: `90s`, `5m`, `1h30m`.

use std::time::Duration;

/// Reads a duration such as `90s`, `5m`, `1h30m` or `2d`; a bare number is seconds.
///
/// # Errors
/// A sentence fragment naming the text, when it is none or is zero.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration; write for example 90s, 5m, 1h30m or 2d");
    let trimmed = text.trim();
    let mut seconds = 0.0;
    let mut rest = trimmed;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match rest[..unit_end].trim() {
            "" if digits == trimmed.len() => 1.0,
            "s" | "sec" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return Err(wrong()),
        };
        seconds += number * unit;
        rest = &rest[unit_end..];
    }
    if !(seconds > 0.0 && seconds < 1e9) {
        return Err(wrong());
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// Writes a duration for people: `4.2 s`, `1 min 05 s`, `2 h 03 min`.
pub fn format_duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in
            [("90", 90), ("90s", 90), ("5m", 300), ("1h30m", 5400), ("2d", 172_800), ("1.5m", 90)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "0", "-5m", "five", "5 minutes ago", "m", "1e99", "5m3"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_written_for_people() {
        let written: Vec<String> = [0.04, 4.23, 9.97, 59.9, 65.0, 7380.0]
            .map(|s| format_duration(Duration::from_secs_f64(s)))
            .to_vec();
        assert_eq!(written, ["0.0 s", "4.2 s", "10 s", "1 min 00 s", "1 min 05 s", "2 h 03 min"]);
    }
}
