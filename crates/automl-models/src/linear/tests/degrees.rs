//! Effective numbers of parameters.

use super::*;

fn degrees(design: &Design, params: &Params) -> f64 {
    let model = fit_with(design, params, &StopSignal::never()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    model.save(dir.path()).unwrap();
    let loaded = LinearModel::load(dir.path()).unwrap().degrees_of_freedom();
    assert_eq!(loaded, model.degrees_of_freedom());
    loaded.unwrap()
}

/// Each fitted value's derivative with respect to its own target, summed: what degrees of freedom of ridge mean.
#[test]
fn degrees_of_freedom_of_ridge_are_the_sensitivity_of_fitted_values() {
    for fixture in fixtures().into_iter().filter(|f| f.task == Task::Regression && f.l1_ratio == 0.0) {
        let design = fixture.design();
        let before = fixture.fit_predict(&design);
        let sensitivity = |row: usize| {
            let mut y = fixture.y.clone();
            y[row] += 1.0;
            let moved = Design { target: Some(Target::Real(y)), ..design.clone() };
            fixture.fit_predict(&moved)[row] - before[row]
        };
        let expected: f64 = (0..design.n_rows()).map(sensitivity).sum();
        let got = degrees(&design, &fixture.params());
        assert!((got - expected).abs() < 1e-6 * expected, "{}: {got}, not {expected}", fixture.name);
    }
}

#[test]
fn degrees_of_freedom_of_a_lasso_are_its_coefficients_and_intercepts() {
    for fixture in fixtures().into_iter().filter(|f| f.l1_ratio == 1.0) {
        let model = fit_with(&fixture.design(), &fixture.params(), &StopSignal::never()).unwrap();
        let found = model.coefficients().iter().filter(|weight| **weight != 0.0).count();
        let intercepts = (model.n_parameters() - model.coefficients().len()).max(2) - 1;
        assert_eq!(model.degrees_of_freedom(), Some((found + intercepts) as f64), "{}", fixture.name);
    }
}

/// Without penalty all parameters are free; under a strong one the intercepts alone, one less than classes.
#[test]
fn degrees_of_freedom_of_logistic_regression_lie_between_its_intercepts_and_parameters() {
    for fixture in fixtures().into_iter().filter(|f| f.task.is_classification() && f.l1_ratio == 0.0) {
        let design = fixture.design();
        let n_free = if fixture.task == Task::Binary {
            1.0
        } else {
            f64::from(fixture.y.iter().copied().fold(0.0, f64::max) as u32)
        };
        let of = |penalty: f64| degrees(&design, &params(penalty, &fixture.class_weights));
        let (weak, own, strong) = (of(1e-9), of(fixture.penalty), of(1e9));
        assert!((strong - n_free).abs() < 1e-2, "{}: {strong}, not {n_free}", fixture.name);
        assert!(strong < own && own < weak, "{}: {strong}, {own}, {weak}", fixture.name);
        if fixture.name == "two classes" {
            assert!((weak - 5.0).abs() < 1e-4, "{weak}");
        }
        if fixture.name == "three classes" {
            assert!((weak - 10.0).abs() < 1e-3, "{weak}");
        }
    }
}
