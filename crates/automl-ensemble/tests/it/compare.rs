//! Comparisons beside scipy and statsmodels (values from `make_compare.py`), and corrections beside known truths.

use automl_core::{Direction, Matrix, Metric, Predictions, Seed, Target};
use automl_ensemble::Scorer;
use automl_ensemble::compare::{
    BootstrapConfig, BootstrapMethod, bayesian_t_test, bootstrap_corrected, bootstrap_difference,
    bootstrap_score, corrected_t_test, five_by_two_test, holm, tibshirani, wilcoxon_signed_rank,
};
use automl_ensemble::information::{aic, aicc, bic, gaussian_log_likelihood};
use serde_json::Value;

use crate::support::{assert_near, data, get};

fn reference() -> Value {
    data(include_str!("../data/compare.json"))
}

#[test]
fn corrected_tests_equal_their_formulas() {
    for case in get::<Vec<Value>>(&reference(), "corrected") {
        let (differences, ratio): (Vec<f64>, f64) = (get(&case, "differences"), get(&case, "test_to_train"));
        let test = corrected_t_test(&differences, ratio).unwrap();
        let (low, high) = test.interval(0.9).unwrap();
        let wanted: [f64; 2] = get(&case, "interval_90");
        assert_near(
            "t-test",
            &[test.statistic, test.p_value],
            &[get(&case, "statistic"), get(&case, "p_value")],
            1e-9,
        );
        assert_near("interval", &[low, high], &wanted, 1e-9);
        let posterior = bayesian_t_test(&differences, ratio, get(&case, "rope")).unwrap();
        assert_near(
            "bayes",
            &[posterior.below, posterior.above],
            &[get(&case, "below"), get(&case, "above")],
            1e-9,
        );
        let sum = posterior.below + posterior.equivalent + posterior.above;
        assert!((sum - 1.0).abs() < 1e-12);
    }
}

#[test]
fn rank_tests_equal_those_of_scipy() {
    for case in get::<Vec<Value>>(&reference(), "wilcoxon") {
        let test = wilcoxon_signed_rank(&get::<Vec<f64>>(&case, "differences")).unwrap();
        let statistic = test.positive_ranks.min(test.negative_ranks);
        assert_near(
            "wilcoxon",
            &[statistic, test.p_value],
            &[get(&case, "statistic"), get(&case, "p_value")],
            1e-9,
        );
    }
}

#[test]
fn other_tests_equal_those_of_scipy_and_statsmodels() {
    let reference = reference();
    let case = &reference["five_by_two"];
    let test = five_by_two_test(&get(case, "differences")).unwrap();
    assert_near(
        "5x2",
        &[test.statistic, test.p_value],
        &[get(case, "statistic"), get(case, "p_value")],
        1e-9,
    );
    let case = &reference["holm"];
    let adjusted = holm(&get::<Vec<f64>>(case, "p_values")).unwrap();
    assert_near("holm", &adjusted, &get::<Vec<f64>>(case, "adjusted"), 1e-12);
}

#[test]
fn information_criteria_equal_those_of_statsmodels() {
    let case = &data(include_str!("../data/fits.json"))["information"];
    let residuals: Vec<f64> = get(case, "residuals");
    let likelihood = gaussian_log_likelihood(&residuals).unwrap();
    let k = get(case, "n_parameters");
    let got = [
        likelihood,
        aic(likelihood, k),
        aicc(likelihood, k, residuals.len()).unwrap(),
        bic(likelihood, k, residuals.len()),
    ];
    let wanted = ["log_likelihood", "aic", "aicc", "bic"].map(|name| get(case, name));
    assert_near("information", &got, &wanted, 1e-9);
}

#[test]
fn equal_models_do_not_differ_and_a_constant_difference_does() {
    assert_eq!(corrected_t_test(&[0.0; 5], 0.25).unwrap().p_value, 1.0);
    assert_eq!(corrected_t_test(&[0.5; 5], 0.25).unwrap().p_value, 0.0);
    assert_eq!(five_by_two_test(&[[0.0; 2]; 5]).unwrap().p_value, 1.0);
    assert_eq!(five_by_two_test(&[[0.5; 2]; 5]).unwrap().p_value, 0.0);
    assert_eq!(
        corrected_t_test(&[0.1], 0.25).unwrap_err().to_string(),
        "a t-test needs 2 or more differences, got 1"
    );
}

/// Numbers in -0.5 to 0.5.
fn noise(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / 9_007_199_254_740_992.0 - 0.5
    };
    (0..n + 10).map(|_| draw()).skip(10).collect()
}

#[test]
fn intervals_of_a_mean_are_those_of_the_normal_approximation() {
    let n = 400;
    let target = Target::Real(noise(1, n));
    let zero = Predictions::Real(vec![0.0; n]);
    let scorer = Scorer::new(Metric::Mae, &target).unwrap();
    // |error| is uniform in 0 to 0.5, of deviation 0.5 / √12.
    let half = 1.96 * 0.5 / 12.0_f64.sqrt() / (n as f64).sqrt();
    for method in [BootstrapMethod::Percentile, BootstrapMethod::Bca] {
        let config = BootstrapConfig { method, ..BootstrapConfig::default() };
        let interval = bootstrap_score(&scorer, &zero, &config, Seed(1)).unwrap();
        assert_eq!(interval.value, scorer.score(&zero).unwrap());
        assert!(((interval.high - interval.low) / (2.0 * half) - 1.0).abs() < 0.1, "{interval:?}");
        assert_eq!(interval, bootstrap_score(&scorer, &zero, &config, Seed(1)).unwrap());
    }
}

#[test]
fn a_difference_is_surer_than_the_scores() {
    let n = 300;
    let target = Target::Real(noise(1, n));
    let zero = Predictions::Real(vec![0.0; n]);
    let near_zero = Predictions::Real(vec![0.01; n]);
    let scorer = Scorer::new(Metric::Rmse, &target).unwrap();
    let config = BootstrapConfig { n_resamples: 500, ..BootstrapConfig::default() };
    let score = bootstrap_score(&scorer, &zero, &config, Seed(1)).unwrap();
    let difference = bootstrap_difference(&scorer, &zero, &near_zero, &config, Seed(1)).unwrap();
    assert!(difference.high - difference.low < 0.3 * (score.high - score.low), "{score:?} {difference:?}");
}

#[test]
fn rare_classes_leave_too_few_resamples() {
    let target = Target::Classes { codes: vec![0, 0, 0, 0, 0, 1], n_classes: 2 };
    let told = Predictions::Proba(Matrix::new(6, 2, vec![0.5; 12]));
    let scorer = Scorer::new(Metric::RocAuc, &target).unwrap();
    let config = BootstrapConfig { method: BootstrapMethod::Percentile, ..BootstrapConfig::default() };
    let error = bootstrap_score(&scorer, &told, &config, Seed(1)).unwrap_err().to_string();
    assert!(
        error.starts_with("a bootstrap interval needs 1800 or more resamples with a score, got 1"),
        "{error}"
    );
}

#[test]
fn the_correction_of_tibshirani_is_its_formula() {
    // Costs; the means are 0.3, 0.4 and 0.35.
    let scores = Matrix::new(3, 2, vec![0.2, 0.4, 0.5, 0.3, 0.1, 0.6]);
    let corrected = tibshirani(&scores, Direction::Minimize).unwrap();
    assert_eq!(corrected.best, 0);
    // Best of each fold: 0.1 and 0.3.
    assert_near("corrected", &[corrected.score, corrected.corrected], &[0.3, 0.4], 1e-12);
    let turned = Matrix::new(3, 2, scores.values().iter().map(|score| -score).collect());
    let turned = tibshirani(&turned, Direction::Maximize).unwrap();
    assert_near("corrected", &[turned.score, turned.corrected], &[-0.3, -0.4], 1e-12);
}

/// Many models that guess: the best of them looks better than one half, and is not.
#[test]
fn the_best_of_many_guesses_is_a_guess() {
    let (n, n_models) = (100, 60);
    let codes: Vec<u32> = (0..n).map(|row| row % 2).collect();
    let target = Target::Classes { codes, n_classes: 2 };
    let models: Vec<Predictions> = (0..n_models)
        .map(|model| {
            let rows = noise(100 + model, n as usize).into_iter().flat_map(|x| [0.5 - x, 0.5 + x]);
            Predictions::Proba(Matrix::new(n as usize, 2, rows.collect()))
        })
        .collect();
    let scorer = Scorer::new(Metric::Accuracy, &target).unwrap();
    let corrected = bootstrap_corrected(&scorer, &models.iter().collect::<Vec<_>>(), 300, Seed(1)).unwrap();
    let (low, high) = corrected.interval.unwrap();
    assert!(corrected.score > 0.58, "{corrected:?}");
    assert!((corrected.corrected - 0.5).abs() < 0.05, "{corrected:?}");
    assert!(low < 0.5 && 0.5 < high, "{corrected:?}");
}
