//! Texts: yes and no, times, numbers, prose, names of rows, or names of groups?

use automl_core::ColumnKind;

use super::time::parse_iso;
use super::{Decision, PARSE_SHARE, boolean_of, shorten};

/// Prose has this many words a value on average.
const MIN_WORDS: f64 = 3.0;
/// And at least this share of different values; sentences that repeat are labels.
const MIN_TEXT_DISTINCT: f64 = 0.5;
/// Names of rows differ in this share of the rows that have one. Below it enough rows share their value with another one to
/// learn from it: tickets of families, postal codes.
const MIN_ID_DISTINCT: f64 = 0.95;
/// In fewer rows nothing can be said of near-uniqueness.
const MIN_ID_ROWS: usize = 20;

/// Numbers of which at least this many differ are a quantity, also if some rows have a word in their place: with fewer, the word
/// may be a level like the others.
const MIN_DIFFERENT_NUMBERS: usize = 20;

/// `runs` are the distinct texts with their counts; at least two.
pub(super) fn decide(runs: &[(&str, usize)], n_present: usize, n_rows: usize) -> Decision {
    booleans(runs)
        .or_else(|| times(runs, n_present))
        .or_else(|| numbers(runs, n_present))
        .unwrap_or_else(|| words(runs, n_present, n_rows))
}

fn booleans(runs: &[(&str, usize)]) -> Option<Decision> {
    // Each of the two may come in several cases: `Yes`, `yes`, `YES`.
    let mut spellings: Vec<String> = runs.iter().take(13).map(|(text, _)| text.to_lowercase()).collect();
    spellings.sort();
    spellings.dedup();
    let [a, b] = spellings.as_slice() else { return None };
    (runs.len() <= 12 && boolean_of(a)? != boolean_of(b)?)
        .then(|| Decision::new(ColumnKind::Boolean, format!("the values are `{a}` and `{b}`")))
}

fn times(runs: &[(&str, usize)], n_present: usize) -> Option<Decision> {
    let needed = PARSE_SHARE * n_present as f64;
    let (mut n_parsed, mut n_failed, mut n_dates) = (0, 0, 0);
    for (text, count) in runs {
        match parse_iso(text) {
            Some(moment) => {
                n_parsed += count;
                n_dates += if moment.date_only { *count } else { 0 };
            }
            None => n_failed += count,
        }
        if ((n_present - n_failed) as f64) < needed {
            return None;
        }
    }
    let (kind, sort) = if n_dates == n_parsed {
        (ColumnKind::Date, "ISO dates")
    } else {
        (ColumnKind::Datetime, "ISO times")
    };
    let reason = format!("{n_parsed} of {n_present} texts are {sort}");
    Some(Decision { kind, reason, tolerant: n_failed > 0 })
}

/// Texts that are all numbers come as numbers from a file; here are those with a few exceptions, or with one exception that may
/// be frequent: somebody's word for what is missing.
fn numbers(runs: &[(&str, usize)], n_present: usize) -> Option<Decision> {
    let mut n_failed = 0;
    let mut n_words = 0;
    let mut example = "";
    for (text, count) in runs {
        if parse_number(text).is_none() {
            n_failed += count;
            n_words += 1;
            example = text;
        }
        if n_words > 1 && ((n_present - n_failed) as f64) < PARSE_SHARE * n_present as f64 {
            return None;
        }
    }
    let n_parsed = n_present - n_failed;
    let are_few = n_parsed as f64 >= PARSE_SHARE * n_present as f64;
    let is_a_word = n_words == 1 && 2 * n_failed < n_present && runs.len() > MIN_DIFFERENT_NUMBERS;
    if !are_few && !is_a_word {
        return None;
    }
    let reason = if n_failed == 0 {
        format!("all {n_present} texts are numbers")
    } else {
        format!(
            "{n_parsed} of {n_present} texts are numbers; others, such as `{}`, count as missing",
            shorten(example)
        )
    };
    Some(Decision { kind: ColumnKind::Numeric, reason, tolerant: n_failed > 0 })
}

fn words(runs: &[(&str, usize)], n_present: usize, n_rows: usize) -> Decision {
    let n_distinct = runs.len();
    let distinct_share = n_distinct as f64 / n_present as f64;
    let n_words: usize = runs.iter().map(|(text, count)| count_words(text) * count).sum();
    let mean_words = n_words as f64 / n_present as f64;
    let differ = format!("{n_distinct} of {n_present} values differ");
    if mean_words >= MIN_WORDS && distinct_share >= MIN_TEXT_DISTINCT {
        return Decision::new(ColumnKind::Text, format!("{differ}, with {mean_words:.1} words on average"));
    }
    let mostly_present = 2 * n_present >= n_rows;
    if distinct_share >= MIN_ID_DISTINCT && mostly_present && n_present >= MIN_ID_ROWS {
        return Decision::new(ColumnKind::Id, format!("{differ}, with {mean_words:.1} words on average"));
    }
    Decision::new(ColumnKind::Categorical, differ)
}

/// Parts between blanks that have a letter; of scripts that write no blanks between words, two letters count as one.
fn count_words(text: &str) -> usize {
    let words = |part: &str| {
        let n_unspaced = part.chars().filter(|letter| is_unspaced(*letter)).count();
        usize::from(part.chars().any(char::is_alphabetic)).max(n_unspaced.div_ceil(2))
    };
    text.split_whitespace().map(words).sum()
}

/// Thai, Lao, Burmese, Khmer, Japanese and Chinese letters.
fn is_unspaced(letter: char) -> bool {
    matches!(letter, '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{2FA1F}')
}

/// A finite number; a text with leading zeros is a name.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.trim_start_matches(['-', '+']).as_bytes();
    if digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit() {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::Counts;
    use crate::values::Values;

    fn decision(texts: &[&str]) -> Decision {
        let values = Values::Texts(texts.iter().map(|text| (!text.is_empty()).then_some(*text)).collect());
        crate::infer::decide("x", &values, &Counts::of(&values))
    }

    fn kind(texts: &[String]) -> ColumnKind {
        decision(&texts.iter().map(String::as_str).collect::<Vec<_>>()).kind
    }

    #[test]
    fn yes_and_no_are_boolean_in_any_case() {
        assert_eq!(decision(&["Yes", "no", "YES", ""]).kind, ColumnKind::Boolean);
        assert_eq!(decision(&["t", "F"]).kind, ColumnKind::Boolean);
        assert_eq!(decision(&["yes", "on"]).kind, ColumnKind::Categorical);
        assert_eq!(decision(&["male", "female"]).kind, ColumnKind::Categorical);
    }

    #[test]
    fn dates_need_99_percent() {
        let mut texts: Vec<String> =
            (0..99).map(|day| format!("2024-{:02}-{:02}", day / 28 + 1, day % 28 + 1)).collect();
        texts.push("unknown".to_owned());
        assert_eq!(kind(&texts), ColumnKind::Date);
        texts.push("unknown".to_owned());
        assert_ne!(kind(&texts), ColumnKind::Date);
        assert_eq!(decision(&["2024-01-01", "2024-01-01T10:00"]).kind, ColumnKind::Datetime);
    }

    #[test]
    fn numbers_with_a_few_exceptions_are_numeric() {
        let mut texts: Vec<String> = (0..200).map(|value| format!("{value}.5")).collect();
        texts.push("-".to_owned());
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let decision = decision(&texts);
        assert!(decision.tolerant);
        insta::assert_snapshot!(decision.reason, @"200 of 201 texts are numbers; others, such as `-`, count as missing");
    }

    #[test]
    fn a_word_in_place_of_many_numbers_is_a_missing_one() {
        let column = |n_words: usize, n_different: usize| -> Vec<String> {
            let number = |row: usize| format!("{}.5", row % n_different);
            let text = |row: usize| if row < n_words { "not measured".to_owned() } else { number(row) };
            (0..200).map(text).collect()
        };
        assert_eq!(kind(&column(60, 150)), ColumnKind::Numeric);
        assert_eq!(kind(&column(110, 90)), ColumnKind::Categorical);
        // Among few numbers the word may be a level.
        assert_eq!(kind(&column(60, 5)), ColumnKind::Categorical);
        let mut two = column(60, 150);
        two[0] = "broken".to_owned();
        assert_ne!(kind(&two), ColumnKind::Numeric);
    }

    #[test]
    fn prose_without_blanks_is_text() {
        let prose: Vec<String> = (0..50).map(|row| format!("これは{row}番目の短い文章です。")).collect();
        assert_eq!(kind(&prose), ColumnKind::Text);
        let names: Vec<String> = (0..50).map(|row| format!("店{row}")).collect();
        assert_eq!(kind(&names), ColumnKind::Id);
    }

    #[test]
    fn post_codes_with_leading_zeros_are_not_numeric() {
        let texts: Vec<String> = (0..100).map(|value| format!("{:05}", value % 30)).collect();
        assert_eq!(kind(&texts), ColumnKind::Categorical);
    }

    #[test]
    fn prose_is_text_and_tickets_are_an_id() {
        let prose: Vec<String> =
            (0..50).map(|row| format!("row {row} tells a story of its own {row}")).collect();
        assert_eq!(kind(&prose), ColumnKind::Text);
        let tickets: Vec<String> = (0..50).map(|row| format!("A/{row} {}", row * 7)).collect();
        assert_eq!(kind(&tickets), ColumnKind::Id);
        let shared: Vec<String> = (0..50).map(|row| format!("A/{}", row - row % 4 / 3)).collect();
        assert_eq!(kind(&shared), ColumnKind::Categorical);
        let same: Vec<String> = (0..50).map(|row| format!("one of {} long labels", row % 3)).collect();
        assert_eq!(kind(&same), ColumnKind::Categorical);
    }

    #[test]
    fn near_unique_texts_in_few_rows_are_categorical() {
        let mut texts: Vec<String> = (0..50).map(|row| format!("C{row}")).collect();
        texts.extend(std::iter::repeat_n(String::new(), 60));
        assert_eq!(kind(&texts), ColumnKind::Categorical);
    }
}
