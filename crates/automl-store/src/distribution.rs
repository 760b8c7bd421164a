//! Domains and values as Optuna writes them: a number, and the distribution it was drawn from as JSON.

use automl_core::{Domain, ParamValue};
use serde_json::{Value, json};

/// The largest whole number up to which every whole number is a double.
const MAX_WHOLE: i64 = 1 << 53;

/// `distribution_json` of a domain. A constant is a categorical of one choice.
pub(crate) fn to_json(domain: &Domain) -> Result<String, String> {
    let value = match domain {
        Domain::Float { low, high, log, step } => json!({
            "name": "FloatDistribution",
            "attributes": { "step": step, "low": low, "high": high, "log": log },
        }),
        Domain::Int { low, high, step, log } => json!({
            "name": "IntDistribution",
            "attributes": { "log": log, "step": step, "low": low, "high": high },
        }),
        Domain::Categorical { choices, .. } => {
            let choices: Result<Vec<Value>, String> = choices.iter().map(json_value).collect();
            json!({ "name": "CategoricalDistribution", "attributes": { "choices": choices? } })
        }
    };
    Ok(value.to_string())
}

/// A value as plain JSON.
pub(crate) fn json_value(value: &ParamValue) -> Result<Value, String> {
    match value {
        ParamValue::Float(number) if !number.is_finite() => Err(format!("{number} cannot be stored")),
        ParamValue::Float(number) => Ok(json!(number)),
        ParamValue::Int(number) => Ok(json!(number)),
        ParamValue::Bool(flag) => Ok(json!(flag)),
        ParamValue::Str(text) => Ok(json!(text)),
    }
}

/// `param_value`: the number itself, or the index of the choice.
pub(crate) fn to_number(domain: &Domain, value: &ParamValue) -> Result<f64, String> {
    let outside = || format!("{value} lies outside {}", domain.describe());
    match (domain, value) {
        (Domain::Float { .. }, ParamValue::Float(number)) => Ok(*number),
        (Domain::Int { .. }, ParamValue::Int(number)) if number.unsigned_abs() <= MAX_WHOLE as u64 => {
            Ok(*number as f64)
        }
        (Domain::Int { .. }, ParamValue::Int(number)) => {
            Err(format!("{number} is beyond {MAX_WHOLE}, the last whole number Optuna can hold"))
        }
        (Domain::Categorical { choices, .. }, value) => {
            let index = choices.iter().position(|choice| choice == value);
            index.map(|index| index as f64).ok_or_else(outside)
        }
        _ => Err(outside()),
    }
}

/// How a stored number is read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Distribution {
    /// As it is.
    Float,
    /// As a whole number.
    Int,
    /// As an index into choices; Optuna's `None`, which no [`ParamValue`] can be, is `None`.
    Categorical(Vec<Option<ParamValue>>),
}

impl Distribution {
    /// Reads `distribution_json`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let json: Value =
            serde_json::from_str(text).map_err(|error| format!("distribution {text}: {error}"))?;
        match json["name"].as_str() {
            Some("FloatDistribution") => Ok(Distribution::Float),
            Some("IntDistribution") => Ok(Distribution::Int),
            Some("CategoricalDistribution") => {
                let choices = json["attributes"]["choices"].as_array();
                let choices = choices.ok_or_else(|| format!("distribution {text} has no choices"))?;
                let choices = choices.iter().map(|choice| serde_json::from_value(choice.clone()).ok());
                Ok(Distribution::Categorical(choices.collect()))
            }
            _ => Err(format!("distribution {text} is of no known kind")),
        }
    }

    /// The value that was stored as `number`.
    pub(crate) fn value(&self, number: f64) -> Result<ParamValue, String> {
        let is_whole = number.fract() == 0.0 && number.abs() <= MAX_WHOLE as f64;
        match self {
            Distribution::Float => Ok(ParamValue::Float(number)),
            Distribution::Int if is_whole => Ok(ParamValue::Int(number as i64)),
            Distribution::Int => Err(format!("{number} is not a whole number")),
            Distribution::Categorical(choices) => {
                let choice = (is_whole && number >= 0.0).then(|| choices.get(number as usize)).flatten();
                match choice {
                    Some(Some(value)) => Ok(value.clone()),
                    Some(None) => Err(format!("choice {number} is neither number, truth value nor text")),
                    None => Err(format!("there is no choice {number} among {}", choices.len())),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_what_optuna_writes() {
        insta::assert_snapshot!(to_json(&Domain::log_float(1e-5, 0.1)).unwrap(), @r#"{"name":"FloatDistribution","attributes":{"step":null,"low":0.00001,"high":0.1,"log":true}}"#);
        insta::assert_snapshot!(to_json(&Domain::stepped_int(16, 64, 16)).unwrap(), @r#"{"name":"IntDistribution","attributes":{"log":false,"step":16,"low":16,"high":64}}"#);
        insta::assert_snapshot!(to_json(&Domain::choice(&["mlp"])).unwrap(), @r#"{"name":"CategoricalDistribution","attributes":{"choices":["mlp"]}}"#);
        insta::assert_snapshot!(to_json(&Domain::boolean()).unwrap(), @r#"{"name":"CategoricalDistribution","attributes":{"choices":[false,true]}}"#);
    }

    /// Optuna has no ordered choices; the values are the same in either.
    #[test]
    fn ordered_choices_are_stored_as_choices() {
        let Domain::Categorical { choices, .. } = Domain::choice(&[16_i64, 64, 256]) else { unreachable!() };
        let ordered = Domain::Categorical { choices: choices.clone(), ordered: true };
        let plain = Domain::Categorical { choices, ordered: false };
        assert_eq!(to_json(&ordered), to_json(&plain));
        assert_eq!(to_number(&ordered, &ParamValue::Int(64)), Ok(1.0));
        assert!(to_number(&ordered, &ParamValue::Int(32)).is_err());
    }

    #[test]
    fn every_kind_of_value_comes_back() {
        let cases = [
            (Domain::float(0.0, 1.0), ParamValue::Float(1.0)),
            (
                Domain::Float { low: 0.0, high: 0.5, log: false, step: Some(0.1) },
                ParamValue::Float(3.0 * 0.1),
            ),
            (Domain::log_int(1, 4096), ParamValue::Int(4096)),
            (Domain::boolean(), ParamValue::Bool(true)),
            (Domain::choice(&["a", "b"]), ParamValue::Str("b".to_owned())),
            (Domain::choice(&[1_i64, 2]), ParamValue::Int(2)),
            (Domain::choice(&[1.0, 2.0]), ParamValue::Float(2.0)),
        ];
        for (domain, value) in cases {
            let stored = to_number(&domain, &value).unwrap();
            let read = Distribution::parse(&to_json(&domain).unwrap()).unwrap();
            assert_eq!(read.value(stored), Ok(value));
        }
    }

    #[test]
    fn values_that_would_change_are_refused() {
        let wide = Domain::int(0, i64::MAX);
        assert!(to_number(&wide, &ParamValue::Int(MAX_WHOLE + 1)).unwrap_err().contains("9007199254740993"));
        assert!(to_json(&Domain::choice(&[f64::NAN])).is_err());
        assert!(to_number(&Domain::boolean(), &ParamValue::Int(1)).is_err());
    }

    #[test]
    fn what_optuna_may_write_and_automl_has_no_value_for_is_told() {
        let text = r#"{"name": "CategoricalDistribution", "attributes": {"choices": [null, 1]}}"#;
        let read = Distribution::parse(text).unwrap();
        assert!(read.value(0.0).is_err() && read.value(2.0).is_err() && read.value(-1.0).is_err());
        assert_eq!(read.value(1.0), Ok(ParamValue::Int(1)));
        assert!(Distribution::parse("{}").is_err() && Distribution::parse("NaN").is_err());
        assert!(Distribution::Int.value(0.5).is_err());
    }
}
