//! Numbers that SQL cannot hold: Optuna keeps the kind of a number beside it.

/// A number and its kind, as Optuna's `value_type` columns name it.
pub(crate) fn encode(value: f64) -> (Option<f64>, &'static str) {
    if value.is_nan() {
        (None, "NAN")
    } else if value == f64::INFINITY {
        (None, "INF_POS")
    } else if value == f64::NEG_INFINITY {
        (None, "INF_NEG")
    } else {
        (Some(value), "FINITE")
    }
}

/// The number of a kind; the inverse of [`encode`].
pub(crate) fn decode(value: Option<f64>, kind: &str) -> Result<f64, String> {
    match (kind, value) {
        ("FINITE", Some(value)) => Ok(value),
        ("INF_POS", None) => Ok(f64::INFINITY),
        ("INF_NEG", None) => Ok(f64::NEG_INFINITY),
        ("NAN", None) => Ok(f64::NAN),
        _ => Err(format!("a value of kind {kind} is {value:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back() {
        for value in [0.0, -1.5, f64::MIN_POSITIVE, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let (stored, kind) = encode(value);
            let back = decode(stored, kind).unwrap();
            assert!(back == value || back.is_nan() && value.is_nan(), "{value} came back as {back}");
        }
    }

    #[test]
    fn a_kind_that_contradicts_its_number_is_refused() {
        assert!(decode(None, "FINITE").is_err());
        assert!(decode(Some(1.0), "NAN").is_err());
        assert!(decode(Some(1.0), "IMAGINARY").is_err());
    }
}
