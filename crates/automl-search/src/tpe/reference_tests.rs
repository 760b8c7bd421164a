//! Numbers of Optuna 5.0.0 and `SciPy`, made by `tests/make_tpe.py`.

use automl_core::{Domain, ParamValue, Params, TrialRecord, TrialState};
use serde::Deserialize;

use super::kernels::OPTUNA_EXPONENT;
use super::parzen::ParzenEstimator;
use super::split::split;
use crate::normal::{log_interval_mass, log_ndtr, truncated_quantile};
use automl_core::axis::{Axis, Kind};

#[derive(Deserialize)]
struct Reference {
    log_ndtr: Vec<(f64, f64)>,
    log_interval_mass: Vec<(f64, f64, f64)>,
    truncated_quantile: Vec<(f64, f64, f64, f64)>,
    densities: Vec<DensityCase>,
    splits: Vec<SplitCase>,
}

#[derive(Deserialize)]
struct DensityCase {
    name: String,
    domains: Vec<Domain>,
    observations: Vec<Vec<f64>>,
    points: Vec<Vec<f64>>,
    log_density: Vec<f64>,
}

#[derive(Deserialize)]
struct SplitCase {
    trials: Vec<SplitTrial>,
    n_below: usize,
    below: Vec<usize>,
}

#[derive(Deserialize)]
struct SplitTrial {
    cost: Option<f64>,
    steps: Vec<(u32, Option<f64>)>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../../tests/data/tpe.json")).unwrap()
}

fn assert_close(got: f64, expected: f64, tolerance: f64, what: &str) {
    let error = (got - expected).abs() / expected.abs().max(1.0);
    assert!(error <= tolerance, "{what}: {got}, expected {expected}");
}

#[test]
fn normal_distribution_matches_scipy() {
    for (x, expected) in reference().log_ndtr {
        // Relative, so that the upper tail counts too.
        let error = (log_ndtr(x) / expected - 1.0).abs();
        assert!(error < 1e-13, "log_ndtr({x}) = {}, expected {expected}", log_ndtr(x));
    }
    for (left, right, expected) in reference().log_interval_mass {
        assert_close(log_interval_mass(left, right), expected, 1e-12, &format!("mass of [{left}, {right}]"));
    }
}

#[test]
fn truncated_quantiles_match_optuna() {
    for (share, left, right, expected) in reference().truncated_quantile {
        let what = format!("{share}-quantile on [{left}, {right}]");
        // Optuna iterates to a relative 1e-8.
        assert_close(truncated_quantile(share, left, right), expected, 1e-7, &what);
    }
}

#[test]
fn densities_match_optuna() {
    for case in reference().densities {
        let axes: Vec<Axis> = case.domains.iter().map(Axis::new).collect();
        let encode = |columns: &[Vec<f64>]| -> Vec<Vec<f64>> {
            let domains = axes.iter().zip(&case.domains).zip(columns);
            domains.map(|((axis, domain), column)| encode_column(axis, domain, column)).collect()
        };
        let axes: Vec<&Axis> = axes.iter().collect();
        let estimator = ParzenEstimator::new(&axes, &encode(&case.observations), 1.0, OPTUNA_EXPONENT);
        let points = encode(&case.points);
        let rows: Vec<Vec<f64>> = (0..case.log_density.len())
            .map(|row| points.iter().map(|column| column[row]).collect())
            .collect();
        // Optuna's densities are over the (logarithmic) value, these over the unit interval.
        let log_widths: f64 =
            case.domains.iter().zip(&axes).map(|(domain, axis)| log_width(domain, axis)).sum();
        for (got, expected) in estimator.log_density(&rows).into_iter().zip(case.log_density) {
            assert_close(got - log_widths, expected, 1e-9, &case.name);
        }
    }
}

fn encode_column(axis: &Axis, domain: &Domain, column: &[f64]) -> Vec<f64> {
    let value = |raw: f64| match domain {
        Domain::Float { .. } => ParamValue::Float(raw),
        Domain::Int { .. } => ParamValue::Int(raw as i64),
        Domain::Categorical { choices, .. } => choices[raw as usize].clone(),
    };
    column.iter().map(|&raw| axis.encode(&value(raw)).unwrap()).collect()
}

fn log_width(domain: &Domain, axis: &Axis) -> f64 {
    match (domain, axis.kind()) {
        (Domain::Float { low, high, log: true, .. }, Kind::Continuous(_)) => (high.ln() - low.ln()).ln(),
        (Domain::Float { low, high, .. }, _) => (high - low).ln(),
        _ => 0.0,
    }
}

#[test]
fn splits_match_optuna() {
    for (number, case) in reference().splits.into_iter().enumerate() {
        let trials: Vec<TrialRecord> = case.trials.iter().map(record).collect();
        let all: Vec<usize> = (0..trials.len()).collect();
        assert_eq!(split(&trials, &all, case.n_below).below, case.below, "case {number}");
    }
}

fn record(trial: &SplitTrial) -> TrialRecord {
    let state = if trial.cost.is_some() { TrialState::Complete } else { TrialState::Pruned };
    let steps = trial.steps.iter().map(|(step, cost)| (*step, cost.unwrap_or(f64::NAN))).collect();
    TrialRecord { cost: trial.cost, steps, ..TrialRecord::new(0, state, Params::new()) }
}
