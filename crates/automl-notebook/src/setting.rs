//! Values of an experiment file.

use std::fmt::Write as _;

/// A value of an experiment file (TOML).
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// Yes or no.
    Boolean(bool),
    /// Several texts.
    Texts(Vec<String>),
}

impl From<&str> for Setting {
    fn from(value: &str) -> Self {
        Setting::Text(value.to_owned())
    }
}

impl From<String> for Setting {
    fn from(value: String) -> Self {
        Setting::Text(value)
    }
}

impl From<i64> for Setting {
    fn from(value: i64) -> Self {
        Setting::Integer(value)
    }
}

impl From<i32> for Setting {
    fn from(value: i32) -> Self {
        Setting::Integer(value.into())
    }
}

impl From<f64> for Setting {
    fn from(value: f64) -> Self {
        Setting::Float(value)
    }
}

impl From<bool> for Setting {
    fn from(value: bool) -> Self {
        Setting::Boolean(value)
    }
}

impl From<&[&str]> for Setting {
    fn from(values: &[&str]) -> Self {
        Setting::Texts(values.iter().map(|value| (*value).to_owned()).collect())
    }
}

impl<const N: usize> From<[&str; N]> for Setting {
    fn from(values: [&str; N]) -> Self {
        Setting::from(values.as_slice())
    }
}

impl Setting {
    pub(crate) fn toml(&self) -> String {
        match self {
            Setting::Text(text) => quoted(text),
            Setting::Integer(value) => value.to_string(),
            // Always with a point or an exponent, so that it stays a float.
            Setting::Float(value) if value.is_nan() => "nan".to_owned(),
            Setting::Float(value) if value.is_infinite() => {
                if *value > 0.0 { "inf" } else { "-inf" }.to_owned()
            }
            Setting::Float(value) => format!("{value:?}"),
            Setting::Boolean(value) => value.to_string(),
            Setting::Texts(texts) => {
                let quoted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
                format!("[{}]", quoted.join(", "))
            }
        }
    }
}

/// A basic string of TOML.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // Writing to a `String` cannot fail.
            control if control.is_control() => {
                let _ = write!(out, "\\u{:04X}", control as u32);
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_toml_reads_them() {
        let written = [
            Setting::from("a \"b\" \\ c\n\u{1}").toml(),
            Setting::from(3).toml(),
            Setting::from(3.0).toml(),
            Setting::from(1e-7).toml(),
            Setting::from(true).toml(),
            Setting::from(["gbdt", "mlp"]).toml(),
        ];
        assert_eq!(written, [r#""a \"b\" \\ c\n\u0001""#, "3", "3.0", "1e-7", "true", r#"["gbdt", "mlp"]"#]);
    }
}
