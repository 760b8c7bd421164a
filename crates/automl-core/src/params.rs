//! One joint configuration: the values that were chosen.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::error::SpaceError;

/// A value of a hyper-parameter. In TOML and JSON it is the plain value.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// A real number.
    Float(f64),
    /// A whole number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// A name.
    Str(String),
}

impl ParamValue {
    /// The value as a number, where it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            ParamValue::Float(value) => Some(*value),
            ParamValue::Int(value) => Some(*value as f64),
            ParamValue::Bool(_) | ParamValue::Str(_) => None,
        }
    }
}

impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParamValue::Float(value) if *value != 0.0 && (value.abs() < 1e-3 || value.abs() >= 1e6) => {
                write!(f, "{value:.3e}")
            }
            ParamValue::Float(value) => write!(f, "{}", (value * 1e4).round() / 1e4),
            ParamValue::Int(value) => write!(f, "{value}"),
            ParamValue::Bool(value) => write!(f, "{value}"),
            ParamValue::Str(value) => f.write_str(value),
        }
    }
}

impl From<f64> for ParamValue {
    fn from(value: f64) -> Self {
        ParamValue::Float(value)
    }
}

impl From<i64> for ParamValue {
    fn from(value: i64) -> Self {
        ParamValue::Int(value)
    }
}

impl From<bool> for ParamValue {
    fn from(value: bool) -> Self {
        ParamValue::Bool(value)
    }
}

impl From<&str> for ParamValue {
    fn from(value: &str) -> Self {
        ParamValue::Str(value.to_owned())
    }
}

impl Serialize for ParamValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ParamValue::Float(value) => serializer.serialize_f64(*value),
            ParamValue::Int(value) => serializer.serialize_i64(*value),
            ParamValue::Bool(value) => serializer.serialize_bool(*value),
            ParamValue::Str(value) => serializer.serialize_str(value),
        }
    }
}

impl<'de> Deserialize<'de> for ParamValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ParamValueVisitor)
    }
}

/// Hand-written because `serde(untagged)` answers every mistake with the same useless message.
struct ParamValueVisitor;

impl Visitor<'_> for ParamValueVisitor {
    type Value = ParamValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, true, false or a name")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<ParamValue, E> {
        Ok(ParamValue::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<ParamValue, E> {
        Ok(ParamValue::Int(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<ParamValue, E> {
        i64::try_from(value).map(ParamValue::Int).map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<ParamValue, E> {
        Ok(ParamValue::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<ParamValue, E> {
        Ok(ParamValue::Str(value.to_owned()))
    }
}

/// Chosen values by name, in order of name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Params(BTreeMap<String, ParamValue>);

impl Params {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<ParamValue>) -> Self {
        self.insert(name, value);
        self
    }

    /// Sets a value.
    pub fn insert(&mut self, name: &str, value: impl Into<ParamValue>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// The value of `name`, if it was chosen.
    pub fn get(&self, name: &str) -> Option<&ParamValue> {
        self.0.get(name)
    }

    /// Names and values in order of name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &ParamValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when nothing was chosen.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values whose names start with `prefix.`, with the prefix taken off.
    #[must_use]
    pub fn scoped(&self, prefix: &str) -> Params {
        let of_prefix = |(name, value): (&String, &ParamValue)| {
            let rest = name.strip_prefix(prefix)?.strip_prefix('.')?;
            Some((rest.to_owned(), value.clone()))
        };
        Params(self.0.iter().filter_map(of_prefix).collect())
    }

    /// The number `name`; an integer counts as a number.
    ///
    /// # Errors
    /// [`SpaceError::MissingParam`] or [`SpaceError::WrongType`].
    pub fn float(&self, name: &str) -> Result<f64, SpaceError> {
        let value = self.require(name)?;
        value.as_f64().ok_or_else(|| wrong_type(name, value, "a number"))
    }

    /// The non-negative whole number `name`.
    ///
    /// # Errors
    /// [`SpaceError::MissingParam`] or [`SpaceError::WrongType`].
    pub fn count(&self, name: &str) -> Result<usize, SpaceError> {
        let value = self.require(name)?;
        match value {
            ParamValue::Int(number) => {
                usize::try_from(*number).map_err(|_| wrong_type(name, value, "a whole number from 0"))
            }
            _ => Err(wrong_type(name, value, "a whole number from 0")),
        }
    }

    /// The yes-or-no `name`.
    ///
    /// # Errors
    /// [`SpaceError::MissingParam`] or [`SpaceError::WrongType`].
    pub fn flag(&self, name: &str) -> Result<bool, SpaceError> {
        match self.require(name)? {
            ParamValue::Bool(flag) => Ok(*flag),
            value => Err(wrong_type(name, value, "true or false")),
        }
    }

    /// The name `name`.
    ///
    /// # Errors
    /// [`SpaceError::MissingParam`] or [`SpaceError::WrongType`].
    pub fn text(&self, name: &str) -> Result<&str, SpaceError> {
        match self.require(name)? {
            ParamValue::Str(text) => Ok(text),
            value => Err(wrong_type(name, value, "a name")),
        }
    }

    fn require(&self, name: &str) -> Result<&ParamValue, SpaceError> {
        self.get(name).ok_or_else(|| SpaceError::MissingParam { name: name.to_owned() })
    }
}

impl FromIterator<(String, ParamValue)> for Params {
    fn from_iter<I: IntoIterator<Item = (String, ParamValue)>>(values: I) -> Self {
        Params(values.into_iter().collect())
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{name}={value}")?;
        }
        Ok(())
    }
}

fn wrong_type(name: &str, value: &ParamValue, wanted: &'static str) -> SpaceError {
    SpaceError::WrongType { name: name.to_owned(), value: value.to_string(), wanted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scoped_takes_the_prefix_off() {
        let params = Params::new().with("mlp.width", 64_i64).with("mlpx.width", 1_i64).with("family", "mlp");
        assert_eq!(params.scoped("mlp"), Params::new().with("width", 64_i64));
    }

    #[test]
    fn a_wrong_type_names_parameter_and_value() {
        let params = Params::new().with("width", "wide");
        let error = params.count("width").unwrap_err().to_string();
        assert!(error.contains("width") && error.contains("wide"), "{error}");
    }
}
