//! Lassos and elastic nets.

use super::super::config::Penalty;
use super::*;

/// The optimality conditions of the lasso (Tibshirani 2013, eq. 2): slopes are `l1` times the sign, or within it.
fn assert_sparse_optimum(design: &Design, y: &[f64], penalty: Penalty, slack: f64) -> Vec<f64> {
    let n_rows = design.n_rows();
    let weights = vec![1.0 / n_rows as f64; n_rows];
    let (coefficients, intercept, _) =
        lasso::fit(&design.numeric, y, &weights, penalty, &StopSignal::never()).unwrap();
    let residual: Vec<f64> = (0..n_rows)
        .map(|row| {
            let values = design.numeric.row(row).iter().zip(&coefficients);
            y[row] - intercept - values.map(|(value, weight)| f64::from(*value) * weight).sum::<f64>()
        })
        .collect();
    assert!(residual.iter().sum::<f64>().abs() < slack * n_rows as f64);
    for (column, &weight) in coefficients.iter().enumerate() {
        let products =
            residual.iter().enumerate().map(|(row, r)| r * f64::from(design.numeric.get(row, column)));
        let slope = -products.sum::<f64>() / n_rows as f64;
        let violation = penalty.violation(weight, slope);
        assert!(violation < slack, "column {column}: {weight} with slope {slope}");
    }
    coefficients
}

/// More columns than are taken at once, so that the working set grows.
#[test]
fn a_wide_lasso_is_optimal() {
    let (n_rows, n_features) = (80, 1500);
    let x: Vec<f32> =
        (0..n_rows * n_features).map(|i| ((i * i % 7919 + 31 * i) % 1009) as f32 / 504.5 - 1.0).collect();
    let y: Vec<f64> =
        (0..n_rows).map(|row| f64::from(3.0 * x[row * n_features] - x[row * n_features + 7])).collect();
    let design = design(n_features, &x, Target::Real(y.clone()));
    let coefficients = assert_sparse_optimum(&design, &y, Penalty { l1: 0.02, l2: 0.0 }, 1e-6);
    let found = coefficients.iter().filter(|weight| **weight != 0.0).count();
    assert!((2..80).contains(&found), "{found} non-zero coefficients");
}

#[test]
fn a_strong_lasso_leaves_no_coefficients() {
    for fixture in fixtures() {
        let params = params(1e3, &fixture.class_weights).with("penalty_kind", "lasso");
        let model = fit_with(&fixture.design(), &params, &StopSignal::never()).unwrap();
        assert!(model.coefficients().iter().all(|weight| *weight == 0.0), "{}", fixture.name);
    }
}

#[test]
fn the_unit_of_the_target_does_not_matter() {
    for fixture in fixtures().into_iter().filter(|fixture| fixture.task == Task::Regression) {
        let design = fixture.design();
        let scaled = fixture.y.iter().map(|value| 1e6 * value).collect();
        let scaled = Design { target: Some(Target::Real(scaled)), ..design.clone() };
        let before = fixture.fit_predict(&design);
        for (a, b) in before.iter().zip(fixture.fit_predict(&scaled)) {
            assert!((1e6 * a - b).abs() < 1e-4 * (1e6 + b.abs()), "{}: {a} and {b}", fixture.name);
        }
    }
}

/// So many columns and classes that the outputs take turns.
#[test]
fn outputs_in_turns_find_the_same_minimum() {
    let (n_rows, n_features, n_classes) = (40, 3, 3);
    let x: Vec<f32> =
        (0..n_rows * n_features).map(|i| ((i * 29 + i * i) % 101) as f32 / 50.0 - 1.0).collect();
    let codes: Vec<u32> = x
        .chunks(3)
        .map(|row| if row[0] > 0.3 { 2 } else { u32::from(row[1] + 0.3 * row[2] > 0.0) })
        .collect();
    let design = design(n_features, &x, Target::Classes { codes: codes.clone(), n_classes });
    let weights = vec![1.0 / n_rows as f64; n_rows];
    let labels = Labels { codes: &codes, weights: &weights, n_classes };
    let stop = StopSignal::never();
    let rows = rows::CentredRows::new(&design.numeric, &weights, &stop);
    let penalty = Penalty { l1: 0.01, l2: 0.01 };
    let fit = |most| {
        let mut fit = proximal::Fit::new(&rows, labels, penalty, vec![0.0; n_classes]).with_most(most);
        fit.run().unwrap();
        fit.into_parts()
    };
    let (together, in_turns) = (fit(1500), fit(0));
    for (a, b) in together.0.iter().zip(&in_turns.0) {
        assert!((a - b).abs() < 1e-5, "{a} and {b}");
    }
}

#[test]
fn a_constant_target_is_learnt_by_a_lasso_of_collinear_columns() {
    let x: Vec<f32> = (0..20).flat_map(|row| [row as f32, row as f32]).collect();
    let design = design(2, &x, Target::Real(vec![0.1; 20]));
    let params = params(0.01, "none").with("penalty_kind", "lasso");
    let got = predict(&fit_with(&design, &params, &StopSignal::never()).unwrap(), &design);
    assert!(got.iter().all(|value| (value - 0.1).abs() < 1e-12), "{got:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_elastic_net_is_optimal(
        n_features in 1_usize..12,
        (l1, l2) in (0.0001..0.5_f64, 0.0..0.5_f64),
        values in proptest::collection::vec(-2.0..2.0_f32, 10 * 13),
    ) {
        let (x, y) = values.split_at(10 * n_features);
        let y: Vec<f64> = y[..10].iter().map(|value| f64::from(*value)).collect();
        assert_sparse_optimum(&design(n_features, x, Target::Real(y.clone())), &y, Penalty { l1, l2 }, 1e-5);
    }
}
