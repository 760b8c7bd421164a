//! Parameters read and checked against what a family can do, which is more than it searches.

use automl_core::{Params, SpaceError};

/// A number from `low` to `high`; `f64::MIN_POSITIVE` and `f64::MAX` stand for open ends.
///
/// # Errors
/// [`SpaceError`] naming the parameter.
pub(crate) fn float(params: &Params, name: &str, low: f64, high: f64) -> Result<f64, SpaceError> {
    let value = params.float(name)?;
    if (low..=high).contains(&value) {
        return Ok(value);
    }
    let domain = match (low, high) {
        (f64::MIN_POSITIVE, f64::MAX) => "the numbers above 0".to_owned(),
        (low, f64::MAX) => format!("the numbers from {low}"),
        (low, high) => format!("{low} to {high}"),
    };
    Err(SpaceError::OutOfDomain { name: name.to_owned(), value: value.to_string(), domain })
}

pub(crate) fn count(params: &Params, name: &str, low: usize, high: usize) -> Result<usize, SpaceError> {
    let value = params.count(name)?;
    if (low..=high).contains(&value) {
        return Ok(value);
    }
    let domain = format!("{low} to {high}");
    Err(SpaceError::OutOfDomain { name: name.to_owned(), value: value.to_string(), domain })
}

pub(crate) fn choice<T: Copy>(params: &Params, name: &str, choices: &[(&str, T)]) -> Result<T, SpaceError> {
    let text = params.text(name)?;
    choices.iter().find(|(each, _)| *each == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(each, _)| *each).collect();
        let domain = format!("one of {}", names.join(", "));
        SpaceError::OutOfDomain { name: name.to_owned(), value: text.to_owned(), domain }
    })
}
