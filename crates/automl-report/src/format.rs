//! Numbers, durations and names as people read them.

use automl_core::{Average, Metric};

/// What stands where there is no number.
pub(crate) const NONE: &str = "–";

/// A number with four significant digits: `0.01235`, `12.35`, `12,346`, `1.235e9`, `∞`, `–`.
pub(crate) fn number(value: f64) -> String {
    if value.is_nan() {
        return NONE.to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞".to_owned() } else { "−∞".to_owned() };
    }
    let size = value.abs();
    let text = if size == 0.0 {
        "0".to_owned()
    } else if !(1e-4..1e9).contains(&size) {
        let text = format!("{value:.3e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text.as_str(), "0"));
        format!("{}e{exponent}", trim_zeros(mantissa))
    } else {
        let decimals = (3 - size.log10().floor() as i32).clamp(0, 7) as usize;
        let text = format!("{value:.decimals$}");
        if size >= 1000.0 { group(&text) } else { text }
    };
    minus(&text)
}

/// The same without zeros at the end: `0.5` and not `0.5000`.
pub(crate) fn short_number(value: f64) -> String {
    let text = number(value);
    if text.contains('e') || !text.contains('.') { text } else { trim_zeros(&text).to_owned() }
}

/// `0.8123 ± 0.0045`: the deviation has the mean's decimals.
pub(crate) fn mean_and_deviation(mean: Option<f64>, deviation: Option<f64>) -> String {
    let Some(mean) = mean else { return NONE.to_owned() };
    let text = number(mean);
    match deviation.filter(|deviation| deviation.is_finite() && mean.is_finite()) {
        Some(deviation) if !text.contains('e') => {
            let decimals = text.split_once('.').map_or(0, |(_, rest)| rest.len());
            let rounded = format!("{deviation:.decimals$}");
            let vanishes = deviation > 0.0 && rounded.chars().all(|digit| matches!(digit, '0' | '.'));
            format!("{text} ± {}", if vanishes { short_number(deviation) } else { group(&rounded) })
        }
        Some(deviation) => format!("{text} ± {}", number(deviation)),
        None => text,
    }
}

/// A whole number in groups of three: `12,345`.
pub(crate) fn count(value: usize) -> String {
    group(&value.to_string())
}

/// `1 trial`, `2 trials`.
pub(crate) fn counted(value: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(value), if value == 1 { "" } else { "s" })
}

/// A share as a percentage: `12.3 %`, `< 0.1 %`, `0 %`.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        _ if !percent.is_finite() => NONE.to_owned(),
        _ if percent == 0.0 => "0 %".to_owned(),
        _ if percent > 0.0 && percent < 0.1 => "< 0.1 %".to_owned(),
        _ if percent > 99.9 && percent < 100.0 => "> 99.9 %".to_owned(),
        _ if percent.abs() >= 100.0 => format!("{} %", group(&format!("{percent:.0}"))),
        _ => minus(&format!("{percent:.1} %")),
    }
}

/// A size in the unit that fits: `512 B`, `12.3 kB`, `4.5 MB`.
pub(crate) fn bytes(n: u64) -> String {
    match n as f64 {
        n if n < 1e3 => format!("{n:.0} B"),
        n if n < 1e6 => format!("{:.1} kB", n / 1e3),
        n if n < 1e9 => format!("{:.1} MB", n / 1e6),
        n => format!("{:.1} GB", n / 1e9),
    }
}

/// A duration in the units that fit: `340 ms`, `12.3 s`, `4 min 12 s`, `2 h 05 min`, `3 d 04 h`.
pub(crate) fn duration(secs: f64) -> String {
    if !secs.is_finite() || secs < 0.0 {
        return NONE.to_owned();
    }
    let whole = secs.round() as u64;
    match secs {
        _ if secs == 0.0 => "0 s".to_owned(),
        _ if secs < 0.0005 => "< 1 ms".to_owned(),
        _ if secs < 0.9995 => format!("{:.0} ms", secs * 1000.0),
        _ if secs < 59.95 => format!("{secs:.1} s"),
        _ if whole < 3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ if whole < 86_400 => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
        _ => format!("{} d {:02} h", whole / 86_400, whole / 3600 % 24),
    }
}

/// At most `length` characters, without line breaks or control characters; an ellipsis marks the cut.
pub(crate) fn clip(text: &str, length: usize) -> String {
    let clean = |character: char| if character.is_control() { ' ' } else { character };
    let mut characters = text.chars().map(clean);
    let mut head: String = characters.by_ref().take(length).collect();
    if characters.next().is_some() {
        head.pop();
        head.push('…');
    }
    head
}

/// Text that stands for itself in HTML and in quoted attributes.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// Escaped text in which every pair of backticks became a `code` element.
pub(crate) fn with_code(text: &str) -> String {
    let safe = escaped(text);
    let parts: Vec<&str> = safe.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return safe;
    }
    let element = |(index, part): (usize, &&str)| match index % 2 {
        0 => (*part).to_owned(),
        _ => format!("<code>{part}</code>"),
    };
    parts.iter().enumerate().map(element).collect()
}

/// A metric's name in running text.
pub(crate) fn metric_label(metric: Metric) -> String {
    let averaged = |name: &str, average: Average| match average {
        Average::Binary => name.to_owned(),
        Average::Macro => format!("{name} (macro)"),
        Average::Micro => format!("{name} (micro)"),
        Average::Weighted => format!("{name} (weighted)"),
    };
    match metric {
        Metric::Precision(average) => averaged("precision", average),
        Metric::Recall(average) => averaged("recall", average),
        Metric::F1(average) => averaged("F1", average),
        Metric::Accuracy => "accuracy".to_owned(),
        Metric::BalancedAccuracy => "balanced accuracy".to_owned(),
        Metric::RocAuc => "ROC AUC".to_owned(),
        Metric::PrAuc => "PR AUC".to_owned(),
        Metric::LogLoss => "log loss".to_owned(),
        Metric::Brier => "Brier score".to_owned(),
        Metric::Mcc => "Matthews correlation".to_owned(),
        Metric::CohenKappa => "Cohen's kappa".to_owned(),
        Metric::Rmse => "RMSE".to_owned(),
        Metric::Mae => "MAE".to_owned(),
        Metric::MedianAe => "median absolute error".to_owned(),
        Metric::Mape => "MAPE".to_owned(),
        Metric::R2 => "R²".to_owned(),
        Metric::Rmsle => "RMSLE".to_owned(),
        Metric::Cost => "cost".to_owned(),
    }
}

/// The first letter in upper case.
pub(crate) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// A tick of an axis that reaches `largest` and whose ticks are `step` apart: `0.25`, `150k`, `2.5M`.
pub(crate) fn tick(value: f64, step: f64, largest: f64) -> String {
    let size = largest.abs().max(step.abs());
    let (unit, suffix) = match size {
        _ if !(1e-5..1e15).contains(&size) => return minus(&format!("{value:.1e}")),
        _ if size >= 1e12 => (1e12, "T"),
        _ if size >= 1e9 => (1e9, "G"),
        _ if size >= 1e6 => (1e6, "M"),
        _ if size >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let decimals = (-(step / unit).log10() - 1e-9).ceil().clamp(0.0, 9.0);
    let decimals =
        if needs_one_more(step / unit, decimals as i32) { decimals + 1.0 } else { decimals } as usize;
    let text = format!("{:.decimals$}", value / unit);
    let zero = text.chars().all(|character| matches!(character, '-' | '0' | '.'));
    if zero { "0".to_owned() } else { minus(&format!("{}{suffix}", group(&text))) }
}

/// A step such as 0.25 needs a decimal more than its size tells.
fn needs_one_more(step: f64, decimals: i32) -> bool {
    let scaled = step * 10_f64.powi(decimals);
    (scaled - scaled.round()).abs() > 1e-6
}

fn trim_zeros(text: &str) -> &str {
    text.trim_end_matches('0').trim_end_matches('.')
}

fn minus(text: &str) -> String {
    text.strip_prefix('-').map_or_else(|| text.to_owned(), |rest| format!("−{rest}"))
}

fn group(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, rest) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    rest.map_or(grouped.clone(), |rest| format!("{grouped}.{rest}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_have_four_significant_digits() {
        let values = [0.0, 0.012_345, 0.5, 1.0, 12.345, 1234.56, 12_345.6, -0.25, 1.5e-7, 3.0e12];
        insta::assert_snapshot!(
            values.map(number).join(" "),
            @"0 0.01235 0.5000 1.000 12.35 1,235 12,346 −0.2500 1.5e-7 3e12"
        );
        insta::assert_snapshot!(
            values.map(short_number).join(" "),
            @"0 0.01235 0.5 1 12.35 1,235 12,346 −0.25 1.5e-7 3e12"
        );
    }

    #[test]
    fn what_is_no_number_is_shown_as_such() {
        let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        assert_eq!(values.map(number), ["–", "∞", "−∞"]);
        assert_eq!(duration(f64::NAN), "–");
        assert_eq!(percent(f64::INFINITY), "–");
    }

    #[test]
    fn the_deviation_takes_the_decimals_of_the_mean() {
        assert_eq!(mean_and_deviation(Some(0.812_345), Some(0.004_512)), "0.8123 ± 0.0045");
        assert_eq!(mean_and_deviation(Some(48_211.2), Some(1_312.9)), "48,211 ± 1,313");
        assert_eq!(mean_and_deviation(Some(48_211.2), Some(0.0123)), "48,211 ± 0.0123");
        assert_eq!(mean_and_deviation(Some(0.5), None), "0.5000");
        assert_eq!(mean_and_deviation(Some(f64::NAN), Some(1.0)), "–");
        assert_eq!(mean_and_deviation(None, Some(1.0)), "–");
    }

    #[test]
    fn durations_have_the_unit_that_fits() {
        let values = [0.0, 0.0001, 0.34, 0.9999, 12.34, 59.97, 252.0, 3599.7, 7_530.0, 273_600.0];
        insta::assert_snapshot!(
            values.map(duration).join(" | "),
            @"0 s | < 1 ms | 340 ms | 1.0 s | 12.3 s | 1 min 00 s | 4 min 12 s | 1 h 00 min | 2 h 05 min | 3 d 04 h"
        );
    }

    #[test]
    fn percentages_never_round_to_nothing_or_to_all() {
        let values = [0.0, 0.0001, 0.123, 0.9999, 1.0, -0.05, 12.0];
        insta::assert_snapshot!(
            values.map(percent).join(" | "),
            @"0 % | < 0.1 % | 12.3 % | > 99.9 % | 100 % | −5.0 % | 1,200 %"
        );
    }

    #[test]
    fn ticks_have_the_decimals_of_their_step() {
        assert_eq!([0.0, 0.25, 0.5].map(|value| tick(value, 0.25, 0.5)), ["0", "0.25", "0.50"]);
        assert_eq!(
            [-50_000.0, 0.0, 50_000.0].map(|value| tick(value, 50_000.0, 50_000.0)),
            ["−50k", "0", "50k"]
        );
        assert_eq!([0.0, 2.0].map(|value| tick(value, 2.0, 2.0)), ["0", "2"]);
        assert_eq!(tick(1_500.0, 500.0, 1_500.0), "1,500");
        assert_eq!(
            [500_000.0, 2_500_000.0].map(|value| tick(value, 500_000.0, 2_500_000.0)),
            ["0.5M", "2.5M"]
        );
    }

    #[test]
    fn names_are_cut_at_whole_characters() {
        assert_eq!(clip("größe", 5), "größe");
        assert_eq!(clip("größer", 5), "größ…");
        assert_eq!(clip("a\nb\u{0}c", 9), "a b c");
    }

    #[test]
    fn backticks_become_code_and_everything_else_is_escaped() {
        assert_eq!(with_code("`a<b>` is \"it\""), "<code>a&lt;b&gt;</code> is &quot;it&quot;");
        assert_eq!(with_code("an odd ` stays"), "an odd ` stays");
        assert_eq!(escaped("&'"), "&amp;&#39;");
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "trial"), "1 trial");
        assert_eq!(counted(0, "trial"), "0 trials");
    }

    proptest! {
        #[test]
        fn no_number_is_long(value in any::<f64>()) {
            prop_assert!(number(value).chars().count() <= 13, "{}", number(value));
        }
    }
}
