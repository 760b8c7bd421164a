//! Reference values and random models.

use automl_core::{Matrix, Predictions, Target};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A file of `tests/data`, made by the script of its name.
pub(crate) fn data(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

pub(crate) fn get<T: DeserializeOwned>(value: &Value, name: &str) -> T {
    serde_json::from_value(value[name].clone()).unwrap()
}

pub(crate) fn proba(n_classes: usize, values: Vec<f64>) -> Predictions {
    Predictions::Proba(Matrix::new(values.len() / n_classes, n_classes, values))
}

/// Probabilities that know something of the classes, every one of which occurs.
pub(crate) fn classified(n_classes: usize) -> impl Strategy<Value = (Target, Predictions)> {
    (4 * n_classes..40).prop_flat_map(move |n_rows| {
        let codes = proptest::collection::vec(0..n_classes as u32, n_rows);
        let noise = proptest::collection::vec(1..20_u8, n_rows * n_classes);
        (codes, noise).prop_map(move |(mut codes, noise)| {
            (0..n_classes).for_each(|class| codes[class] = class as u32);
            let mut values: Vec<f64> = noise.into_iter().map(f64::from).collect();
            for (row, &code) in values.chunks_exact_mut(n_classes).zip(&codes) {
                row[code as usize] += 5.0;
                let sum: f64 = row.iter().sum();
                for p in row {
                    *p /= sum;
                }
            }
            (Target::Classes { codes, n_classes }, proba(n_classes, values))
        })
    })
}

pub(crate) fn assert_near(what: &str, got: &[f64], wanted: &[f64], tolerance: f64) {
    assert_eq!(got.len(), wanted.len(), "{what}");
    for (place, (got, wanted)) in got.iter().zip(wanted).enumerate() {
        let scale = wanted.abs().max(1e-3);
        assert!((got - wanted).abs() <= tolerance * scale, "{what} {place}: {got} is not {wanted}");
    }
}
