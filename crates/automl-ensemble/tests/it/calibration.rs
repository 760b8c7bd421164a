//! Calibration beside scikit-learn and scipy; values from `make_fits.py`.

use automl_core::{Metric, Predictions, Seed, Target};
use automl_ensemble::calibration::{
    Calibrator, DEFAULT_BINS, Method, Temperature, choose, expected_calibration_error, reliability,
};
use automl_ensemble::{Parts, Scorer};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{assert_near, classified, data, get, proba};

struct Case {
    target: Target,
    told: Predictions,
    weights: Vec<f32>,
    reference: Value,
}

fn cases() -> Vec<Case> {
    let all: Vec<Value> = get(&data(include_str!("../data/fits.json")), "calibration");
    all.into_iter()
        .map(|reference| {
            let n_classes = get(&reference, "n_classes");
            Case {
                target: Target::Classes { codes: get(&reference, "codes"), n_classes },
                told: proba(n_classes, get(&reference, "proba")),
                weights: get(&reference, "weights"),
                reference,
            }
        })
        .collect()
}

impl Case {
    fn scorer(&self) -> Scorer<'_> {
        Scorer::new(Metric::LogLoss, &self.target).unwrap().with_weights(&self.weights).unwrap()
    }

    fn calibrated(&self, method: Method) -> (Calibrator, Vec<f64>) {
        let calibrator = Calibrator::fit(method, &self.scorer(), &self.told).unwrap();
        let Predictions::Proba(proba) = calibrator.apply(&self.told).unwrap() else {
            panic!("no probabilities")
        };
        (calibrator, proba.into_values())
    }
}

#[test]
fn isotonic_regression_equals_that_of_scikit_learn_drawn_to_even_by_one_row() {
    for case in cases() {
        let (_, calibrated) = case.calibrated(Method::Isotonic);
        assert_near("isotonic", &calibrated, &get::<Vec<f64>>(&case.reference, "isotonic"), 1e-9);
    }
}

#[test]
fn platt_scaling_equals_that_of_scikit_learn() {
    for case in cases() {
        let (_, calibrated) = case.calibrated(Method::Platt);
        // scikit-learn stops at a gradient of 1e-6.
        assert_near("platt", &calibrated, &get::<Vec<f64>>(&case.reference, "platt"), 1e-3);
    }
}

#[test]
fn the_temperature_is_the_one_of_least_log_loss() {
    for case in cases() {
        let (calibrator, _) = case.calibrated(Method::Temperature);
        let Calibrator::Temperature(fitted) = calibrator else { panic!("another method") };
        assert_near("temperature", &[fitted.temperature], &[get(&case.reference, "temperature")], 1e-6);
    }
}

#[test]
fn only_ratios_of_weights_matter() {
    for case in cases() {
        for factor in [1e-4, 1e4] {
            let weights: Vec<f32> = case.weights.iter().map(|weight| factor * weight).collect();
            let scaled = Case {
                target: case.target.clone(),
                told: case.told.clone(),
                weights,
                reference: Value::Null,
            };
            for method in Method::ALL {
                let (_, wanted) = case.calibrated(method);
                assert_near(method.name(), &scaled.calibrated(method).1, &wanted, 1e-5);
            }
        }
    }
}

#[test]
fn calibration_errors_equal_those_of_numpy() {
    for case in cases() {
        let error = expected_calibration_error(&case.scorer(), &case.told, DEFAULT_BINS).unwrap();
        assert_near("ece", &[error], &[get(&case.reference, "ece")], 1e-9);
    }
}

proptest! {
    #[test]
    fn calibrated_rows_are_probabilities_and_fits_survive_json((target, told) in classified(3)) {
        let scorer = Scorer::new(Metric::Accuracy, &target).unwrap();
        let raw = Scorer::new(Metric::LogLoss, &target).unwrap();
        for method in Method::ALL {
            let calibrator = Calibrator::fit(method, &scorer, &told).unwrap();
            prop_assert_eq!(calibrator.method(), method);
            let text = serde_json::to_string(&calibrator).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Calibrator>(&text).unwrap(), &calibrator);
            let calibrated = calibrator.apply(&told).unwrap();
            if let Calibrator::Temperature(fitted) = calibrator {
                prop_assert_eq!(calibrated.classes(), told.classes());
                let n = target.n_rows() as f64;
                prop_assert!((fitted.even - 0.25 / (n + 1.0)).abs() < 1e-12);
                let Predictions::Proba(proba) = &calibrated else { panic!("no probabilities") };
                let least = fitted.even / proba.n_cols() as f64;
                prop_assert!(proba.values().iter().all(|p| *p >= least - 1e-12));
                // Log loss towards the targets of one row more.
                let loss = |of: &Predictions| {
                    let Predictions::Proba(proba) = of else { panic!("no probabilities") };
                    let n = proba.n_rows() as f64;
                    let logs = proba.rows().flatten().map(|p| p.max(f64::EPSILON).ln());
                    let spread = -logs.sum::<f64>() / (n * proba.n_cols() as f64);
                    (n * raw.score(of).unwrap() + spread) / (n + 1.0)
                };
                let unbounded = Calibrator::Temperature(Temperature { even: 0.0, ..fitted });
                prop_assert!(loss(&unbounded.apply(&told).unwrap()) <= loss(&told) + 1e-12);
            }
            let Predictions::Proba(proba) = calibrated else { panic!("no probabilities") };
            for row in proba.rows() {
                prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{method:?} {row:?}");
                prop_assert!(row.iter().all(|p| (0.0..=1.0).contains(p)), "{method:?} {row:?}");
            }
        }
    }

    #[test]
    fn bins_hold_all_rows((target, told) in classified(3), n_bins in 1..20_usize) {
        let scorer = Scorer::new(Metric::Accuracy, &target).unwrap();
        let bins = reliability(&scorer, &told, n_bins).unwrap();
        let sum = |of: fn(f64, f64) -> f64, value: fn(&automl_ensemble::calibration::ReliabilityBin) -> f64| {
            bins.iter().map(|bin| of(bin.share, value(bin))).sum::<f64>()
        };
        prop_assert!((sum(|share, _| share, |_| 0.0) - 1.0).abs() < 1e-9);
        let accuracy = sum(|share, value| share * value, |bin| bin.accuracy);
        prop_assert!((accuracy - scorer.score(&told).unwrap()).abs() < 1e-9);
        prop_assert!(bins.windows(2).all(|pair| pair[0].confidence <= pair[1].confidence + 1e-12));
    }
}

/// Rows of probability `p` of which a share `q(p)` is positive.
fn rows_of(pairs: &[(f64, usize, usize)]) -> (Target, Predictions) {
    let (mut codes, mut values) = (Vec::new(), Vec::new());
    for &(p, negative, positive) in pairs {
        codes.extend(std::iter::repeat_n(0, negative).chain(std::iter::repeat_n(1, positive)));
        (0..negative + positive).for_each(|_| values.extend([1.0 - p, p]));
    }
    (Target::Classes { codes, n_classes: 2 }, proba(2, values))
}

#[test]
fn what_is_calibrated_is_hardly_changed_and_what_is_not_is_mended() {
    let chosen = |pairs: &[(f64, usize, usize)]| {
        let (target, told) = rows_of(pairs);
        let scorer = Scorer::new(Metric::RocAuc, &target).unwrap();
        choose(&scorer, &told, &Parts::stratified(&target, 5, Seed(1)).unwrap()).unwrap()
    };
    let calibrated = chosen(&[(0.25, 75, 25), (0.5, 50, 50), (0.75, 25, 75)]);
    let Calibrator::Temperature(fitted) = &calibrated.calibrator else { panic!("{calibrated:?}") };
    assert!((fitted.temperature - 1.0).abs() < 0.01, "{fitted:?}");
    let least = calibrated.log_losses.iter().map(|(_, loss)| *loss).fold(f64::INFINITY, f64::min);
    assert_eq!(calibrated.log_losses[0], (Method::None, least));
    // Odds of 99 that should be 3: logarithms 4.18 times too large.
    let too_sure = chosen(&[(0.01, 75, 25), (0.5, 50, 50), (0.99, 25, 75)]);
    let Calibrator::Temperature(fitted) = &too_sure.calibrator else { panic!("{too_sure:?}") };
    let three_of_four = (300.0 * 0.75 + 0.5) / 301.0;
    let odds: f64 = three_of_four / (1.0 - three_of_four);
    assert!((fitted.temperature - 99.0_f64.ln() / odds.ln()).abs() < 1e-6);
    // What is told of the rows is by calibrators that have not seen them.
    let (target, told) = rows_of(&[(0.01, 75, 25), (0.5, 50, 50), (0.99, 25, 75)]);
    let nested = Metric::LogLoss.score(&target, &too_sure.predictions).unwrap();
    let least = too_sure.log_losses.iter().map(|(_, loss)| *loss).fold(f64::INFINITY, f64::min);
    assert!((nested - least).abs() < 1e-9, "{nested} is not {least}");
    assert_ne!(too_sure.predictions, too_sure.calibrator.apply(&told).unwrap());
    // No sigmoid bends both ends down.
    let bent = chosen(&[(0.1, 950, 50), (0.4, 700, 300), (0.6, 690, 310), (0.9, 50, 950)]);
    assert_eq!(bent.calibrator.method(), Method::Isotonic, "{bent:?}");
}

#[test]
fn numbers_cannot_be_calibrated() {
    let target = Target::Real(vec![1.0, 2.0]);
    let scorer = Scorer::new(Metric::Rmse, &target).unwrap();
    let told = Predictions::Real(vec![1.0, 2.0]);
    let message = "what is calibrated must be class probabilities";
    assert_eq!(Calibrator::fit(Method::Platt, &scorer, &told).unwrap_err().to_string(), message);
    assert_eq!(Calibrator::None.apply(&told).unwrap_err().to_string(), message);
    let (target, three) =
        (Target::Classes { codes: vec![0, 1, 2], n_classes: 3 }, proba(3, vec![1.0 / 3.0; 9]));
    let scorer = Scorer::new(Metric::LogLoss, &target).unwrap();
    let calibrator = Calibrator::fit(Method::Platt, &scorer, &three).unwrap();
    assert_eq!(
        calibrator.apply(&proba(2, vec![0.5, 0.5])).unwrap_err().to_string(),
        "the calibrated model has 2 classes, but must have 3"
    );
}
