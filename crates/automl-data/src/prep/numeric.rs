//! Numeric columns: impute, take the logarithm where skewed, scale.

use automl_core::InputForm;
use serde::{Deserialize, Serialize};

use super::block::Block;
use super::config::{Impute, PrepConfig, Scaling};
use super::scale::{Scaler, mean_and_deviation};
use super::space::SKEWNESS_THRESHOLD;

/// What was learned of a numeric column. Non-finite numbers count as missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct NumericStep {
    /// Stands in for a missing number, in the unit of the data; `None` where it stays NaN.
    impute: Option<f64>,
    /// Unit of the logarithm `sign(x) ln(1 + |x| / unit)`; `None` where it is not taken.
    log_unit: Option<f64>,
    /// The scale; `None` for a column that is constant in the train rows and so has no output.
    scaler: Option<Scaler>,
}

impl NumericStep {
    /// Fits to the train rows. The scale is that of the values present, so a column that is mostly
    /// missing keeps its spread.
    pub(super) fn fit(config: &PrepConfig, input: InputForm, values: &[f64], rows: &[usize]) -> Self {
        let mut present: Vec<f64> =
            rows.iter().map(|&row| values[row]).filter(|value| value.is_finite()).collect();
        if input == InputForm::Native {
            return Self { impute: None, log_unit: None, scaler: Scaler::identity(&present) };
        }
        let impute = Some(impute_value(config.impute, &present));
        let log_unit = log_unit(config, &present);
        if let Some(unit) = log_unit {
            for value in &mut present {
                *value = signed_log(*value, unit);
            }
        }
        Self { impute, log_unit, scaler: Scaler::fit(config.scaling, &present) }
    }

    /// Number of outputs: 0 or 1.
    pub(super) fn width(&self) -> usize {
        usize::from(self.scaler.is_some())
    }

    /// Writes the scaled values of `rows` into a block of [`NumericStep::width`] columns.
    pub(super) fn write(&self, values: &[f64], rows: &[usize], block: &mut Block<'_, f32>) {
        let Some(scaler) = &self.scaler else { return };
        let imputed = self.impute.map_or(f32::NAN, |value| self.scaled(scaler, value));
        for (index, &row) in rows.iter().enumerate() {
            let value = values[row];
            block.row(index)[0] = if value.is_finite() { self.scaled(scaler, value) } else { imputed };
        }
    }

    fn scaled(&self, scaler: &Scaler, value: f64) -> f32 {
        scaler.apply(self.log_unit.map_or(value, |unit| signed_log(value, unit)))
    }
}

fn impute_value(impute: Impute, present: &[f64]) -> f64 {
    match impute {
        _ if present.is_empty() => 0.0,
        Impute::Zero => 0.0,
        Impute::Mean => mean_and_deviation(present).0,
        Impute::Median => median(present.to_vec()),
    }
}

/// The median of at least one value: the mean of the middle two where their number is even.
fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    let is_odd = values.len() % 2 == 1;
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = below.iter().copied().max_by(f64::total_cmp).filter(|_| !is_odd).unwrap_or(*upper);
    // Halves are added, not the sum halved: the sum of extremes may overflow.
    lower / 2.0 + *upper / 2.0
}

/// The unit of the logarithm: the median of the positive values, so that the shape does not depend
/// on the unit of the data. `None` where the logarithm is not wanted or not called for.
fn log_unit(config: &PrepConfig, present: &[f64]) -> Option<f64> {
    let is_wanted = config.log_skewed && config.scaling != Scaling::Quantile;
    if !is_wanted || present.iter().any(|value| *value < 0.0) {
        return None;
    }
    let positive: Vec<f64> = present.iter().copied().filter(|value| *value > 0.0).collect();
    if positive.is_empty() || skewness(present) <= SKEWNESS_THRESHOLD {
        return None;
    }
    let largest = positive.iter().copied().fold(0.0, f64::max);
    let unit = median(positive);
    (unit > 0.0 && (largest / unit).is_finite()).then_some(unit)
}

/// Third standardised moment of at least one value; 0 where all are equal.
fn skewness(values: &[f64]) -> f64 {
    let (mean, deviation) = mean_and_deviation(values);
    if deviation == 0.0 {
        return 0.0;
    }
    let cubes: f64 = values.iter().map(|value| ((value - mean) / deviation).powi(3)).sum();
    cubes / values.len() as f64
}

/// `ln(1 + x / unit)`, continued to negative numbers by symmetry.
fn signed_log(x: f64, unit: f64) -> f64 {
    (x.abs() / unit).ln_1p().copysign(x)
}
