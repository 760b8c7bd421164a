//! Probabilities that mean what they say.
//!
//! A model is calibrated if, of all rows to which it gives a probability of 0.8, eight in ten are of the class. Many
//! models are not, and some can be made so by a map of their probabilities that is fitted on out-of-fold predictions.
//!
//! | [`Method`] | map | numbers fitted | source |
//! |---|---|---|---|
//! | `None` | none | 0 | |
//! | `Temperature` | `softmax(ln p / T)` | 1 | Guo et al., "On calibration of modern neural networks" (2017) |
//! | `Platt` | `sigmoid(a logit(p) + b)` a class | 2 a class | Platt, "Probabilistic outputs for support vector machines" (1999) |
//! | `Isotonic` | any rising step line a class | many | Zadrozny & Elkan, "Transforming classifier scores into accurate multiclass probability estimates" (2002) |
//!
//! Temperature scaling never changes which class is the most probable; the others may. Platt scaling and isotonic
//! regression of several classes calibrate each class against the rest and scale the row to sum to 1.
//!
//! None of them is made certain by rows that all agree: they are fitted as if there had been one row more, of every class in
//! equal parts, or with Platt's targets, and what a temperature tells has a bound.
//!
//! [`choose`] takes the method of the least nested log loss, and half a temperature where none lowers it.

mod choice;
mod isotonic;
mod platt;
mod reliability;
mod temperature;

use automl_core::{Matrix, Predictions, Target};
use serde::{Deserialize, Serialize};

pub use choice::{Choice, choose};
pub use isotonic::Isotonic;
pub use platt::Platt;
pub use reliability::{DEFAULT_BINS, ReliabilityBin, expected_calibration_error, reliability};
pub use temperature::Temperature;

use crate::error::EnsembleError;
use crate::scorer::Scorer;

/// A way to calibrate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Probabilities as they are.
    None,
    /// One temperature for all classes.
    Temperature,
    /// A sigmoid a class.
    Platt,
    /// A monotone step line a class.
    Isotonic,
}

impl Method {
    /// Every method, the simplest first.
    pub const ALL: [Method; 4] = [Method::None, Method::Temperature, Method::Platt, Method::Isotonic];

    /// The name that people read.
    pub fn name(self) -> &'static str {
        match self {
            Method::None => "none",
            Method::Temperature => "temperature scaling",
            Method::Platt => "Platt scaling",
            Method::Isotonic => "isotonic regression",
        }
    }
}

/// A fitted calibration: plain data, to be kept with the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calibrator {
    /// Probabilities as they are.
    None,
    /// One temperature for all classes.
    Temperature(Temperature),
    /// A sigmoid a class; for two classes that of the positive one alone.
    Platt(Vec<Platt>),
    /// A monotone step line a class; for two classes that of the positive one alone.
    Isotonic(Vec<Isotonic>),
}

impl Calibrator {
    /// Fits on the scorer's target and weights; its metric does not matter.
    ///
    /// # Errors
    /// [`EnsembleError::Kind`] for regression, and those of [`Scorer::check`].
    pub fn fit(
        method: Method,
        scorer: &Scorer<'_>,
        predictions: &Predictions,
    ) -> Result<Self, EnsembleError> {
        scorer.check("the model", predictions)?;
        let rows: Vec<usize> = (0..scorer.n_rows()).collect();
        Self::fit_rows(method, scorer, predictions, &rows)
    }

    /// [`Calibrator::fit`] on some rows of checked predictions.
    fn fit_rows(
        method: Method,
        scorer: &Scorer<'_>,
        predictions: &Predictions,
        rows: &[usize],
    ) -> Result<Self, EnsembleError> {
        let (Target::Classes { codes, .. }, Predictions::Proba(proba)) = (scorer.target(), predictions)
        else {
            return Err(not_probabilities());
        };
        // Of weights only their ratios matter: as many rows as there are stand against the one more.
        let total: f64 = rows.iter().map(|&row| scorer.weight(row)).sum();
        let weight = |row: usize| scorer.weight(row) * rows.len() as f64 / total;
        let pairs = |class: usize| -> Vec<Pair> {
            let pair = |&row: &usize| Pair {
                probability: proba.get(row, class),
                positive: codes[row] as usize == class,
                weight: weight(row),
            };
            rows.iter().map(pair).collect()
        };
        let classes = first_class(proba.n_cols())..proba.n_cols();
        Ok(match method {
            Method::None => Calibrator::None,
            Method::Temperature => {
                let row = |&row: &usize| (proba.row(row), codes[row] as usize, weight(row));
                Calibrator::Temperature(Temperature::fit(&rows.iter().map(row).collect::<Vec<_>>()))
            }
            Method::Platt => Calibrator::Platt(classes.map(|class| Platt::fit(&pairs(class))).collect()),
            Method::Isotonic => {
                let fit = |class| Isotonic::fit(&pairs(class)).uncertain(rows.len() as f64);
                Calibrator::Isotonic(classes.map(fit).collect())
            }
        })
    }

    /// Half of a temperature; of other methods, which have no half, all.
    fn half(self) -> Self {
        match self {
            Calibrator::Temperature(temperature) => Calibrator::Temperature(temperature.half()),
            other => other,
        }
    }

    /// Which method it is of.
    pub fn method(&self) -> Method {
        match self {
            Calibrator::None => Method::None,
            Calibrator::Temperature(_) => Method::Temperature,
            Calibrator::Platt(_) => Method::Platt,
            Calibrator::Isotonic(_) => Method::Isotonic,
        }
    }

    /// Calibrated probabilities, of the same shape. Each row sums to 1.
    ///
    /// # Errors
    /// [`EnsembleError::Kind`] for numbers; [`EnsembleError::Length`] if the classes are not as many as those fitted.
    pub fn apply(&self, predictions: &Predictions) -> Result<Predictions, EnsembleError> {
        let Predictions::Proba(proba) = predictions else { return Err(not_probabilities()) };
        match self {
            Calibrator::None => Ok(predictions.clone()),
            Calibrator::Temperature(temperature) => {
                let mut calibrated = proba.clone();
                (0..proba.n_rows()).for_each(|row| temperature.apply(calibrated.row_mut(row)));
                Ok(Predictions::Proba(calibrated))
            }
            Calibrator::Platt(classes) => by_class(proba, classes, |class, p| class.apply(p)),
            Calibrator::Isotonic(classes) => by_class(proba, classes, Isotonic::apply),
        }
    }
}

/// One row of one class against the rest.
#[derive(Debug, Clone, Copy)]
struct Pair {
    probability: f64,
    positive: bool,
    weight: f64,
}

/// Of two classes the positive one alone is fitted.
fn first_class(n_classes: usize) -> usize {
    usize::from(n_classes == 2)
}

fn by_class<T>(
    proba: &Matrix<f64>,
    fitted: &[T],
    map: impl Fn(&T, f64) -> f64,
) -> Result<Predictions, EnsembleError> {
    let n_classes = proba.n_cols();
    let wanted = fitted.len() + first_class(fitted.len() + 1);
    if n_classes != wanted {
        return Err(EnsembleError::length("the calibrated model", "classes", n_classes, wanted));
    }
    let mut calibrated = proba.clone();
    for row in 0..proba.n_rows() {
        let row = calibrated.row_mut(row);
        if let ([other, positive], [map_of]) = (&mut *row, fitted) {
            *positive = map(map_of, *positive);
            *other = 1.0 - *positive;
            continue;
        }
        row.iter_mut().zip(fitted).for_each(|(p, map_of)| *p = map(map_of, *p));
        let sum: f64 = row.iter().sum();
        for p in row {
            // Where every class is held impossible, nothing is known.
            *p = if sum > 0.0 { *p / sum } else { 1.0 / n_classes as f64 };
        }
    }
    Ok(Predictions::Proba(calibrated))
}

fn not_probabilities() -> EnsembleError {
    EnsembleError::Kind { what: "what is calibrated".to_owned(), wanted: "class probabilities" }
}
