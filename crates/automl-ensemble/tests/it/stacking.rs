//! Stacking beside scipy's bounded optimisers; values from `make_fits.py`.

use automl_core::{Metric, Predictions, Seed, Target};
use automl_ensemble::{Candidate, GreedyConfig, GreedySelector, Parts, Scorer, Stack, StackConfig, Stacker};
use serde_json::Value;

use crate::support::{assert_near, data, get, proba};

const IDS: [&str; 4] = ["a", "b", "c", "d"];

fn candidates(models: &[Predictions]) -> Vec<Candidate<'_>> {
    let named = models.iter().zip(IDS);
    named.map(|(predictions, id)| Candidate { id, family: "one", predictions, ms_per_row: 0.1 }).collect()
}

fn fit(scorer: &Scorer<'_>, models: &[Predictions], penalty: f64) -> Stack {
    let stacker = Stacker::new(StackConfig { penalties: vec![penalty], ..StackConfig::default() }).unwrap();
    stacker.fit(scorer, &candidates(models), None, Seed(1)).unwrap()
}

#[test]
fn stacks_of_numbers_equal_bounded_least_squares() {
    let cases: Vec<Value> = get(&data(include_str!("../data/fits.json")), "linear_stack");
    for case in cases {
        let target = Target::Real(get(&case, "target"));
        let models: Vec<Predictions> =
            get::<Vec<Vec<f64>>>(&case, "models").into_iter().map(Predictions::Real).collect();
        let stack = fit(&Scorer::new(Metric::Rmse, &target).unwrap(), &models, get(&case, "penalty"));
        assert_near("weights", &stack.weights, &get::<Vec<f64>>(&case, "weights"), 1e-6);
        assert_near("intercept", &stack.biases, &[get(&case, "intercept")], 1e-6);
    }
}

#[test]
fn stacks_of_classes_equal_bounded_logistic_regression() {
    let cases: Vec<Value> = get(&data(include_str!("../data/fits.json")), "log_linear_stack");
    for case in cases {
        let n_classes = get(&case, "n_classes");
        let target = Target::Classes { codes: get(&case, "codes"), n_classes };
        let models: Vec<Predictions> = get::<Vec<Vec<f64>>>(&case, "models")
            .into_iter()
            .map(|values| proba(n_classes, values))
            .collect();
        let scorer = Scorer::new(Metric::LogLoss, &target).unwrap();
        let penalty = get(&case, "penalty");
        let stack = fit(&scorer, &models, penalty);
        let away = stack.weights.iter().map(|weight| weight - 0.25).chain(stack.biases.iter().copied());
        let predicted = stack.apply(&models.iter().collect::<Vec<_>>()).unwrap();
        let loss = scorer.score(&predicted).unwrap() + 0.5 * penalty * away.map(|x| x * x).sum::<f64>();
        assert_near("loss", &[loss], &[get(&case, "loss")], 1e-8);
        assert_near("weights", &stack.weights, &get::<Vec<f64>>(&case, "weights"), 1e-3);
        assert_near("biases", &stack.biases, &get::<Vec<f64>>(&case, "biases"), 1e-2);
    }
}

/// Numbers in -0.5 to 0.5.
fn noise(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed;
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / 9_007_199_254_740_992.0 - 0.5
        })
        .collect()
}

/// Models that are wrong in ways of their own: the first by a factor and an offset.
fn regressors(n: usize) -> (Target, Vec<Predictions>) {
    let truth: Vec<f64> = noise(1, n);
    let model = |seed: u64, scale: f64, offset: f64, spread: f64| {
        let pairs = truth.iter().zip(noise(seed, n));
        Predictions::Real(pairs.map(|(truth, noise)| scale * truth + offset + spread * noise).collect())
    };
    let models = vec![model(2, 0.5, 3.0, 0.1), model(3, 1.0, 0.0, 0.8), model(4, 1.0, 0.0, 0.9)];
    (Target::Real(truth), models)
}

#[test]
fn a_strong_penalty_leaves_the_mean_and_the_penalty_is_chosen_by_the_metric() {
    let (target, models) = regressors(200);
    let scorer = Scorer::new(Metric::Mae, &target).unwrap();
    let strong = fit(&scorer, &models, 1e6);
    assert_near("weights", &strong.weights, &[1.0 / 3.0; 3], 1e-4);
    let chosen =
        Stacker::new(StackConfig::default()).unwrap().fit(&scorer, &candidates(&models), None, Seed(1));
    let chosen = chosen.unwrap();
    assert!(chosen.penalty < 0.1, "{chosen:?}");
    let text = serde_json::to_string(&chosen).unwrap();
    assert_eq!(serde_json::from_str::<Stack>(&text).unwrap(), chosen);
}

#[test]
fn nested_scores_tell_what_a_stack_mends_and_selection_cannot() {
    let (target, models) = regressors(200);
    let scorer = Scorer::new(Metric::Rmse, &target).unwrap();
    let parts = Parts::stratified(&target, 4, Seed(2)).unwrap();
    let candidates = candidates(&models);
    let stack = Stacker::new(StackConfig::default()).unwrap();
    let stacked = stack.nested_score(&scorer, &candidates, &parts, Seed(3)).unwrap();
    let greedy = GreedySelector::new(GreedyConfig::default()).unwrap();
    let selected = greedy.nested_score(&scorer, &candidates, &parts, Seed(3)).unwrap();
    let flattered = stack.fit(&scorer, &candidates, Some(&parts), Seed(3)).unwrap();
    let flattered = scorer.score(&flattered.apply(&models.iter().collect::<Vec<_>>()).unwrap()).unwrap();
    // Noise of a tenth uniform width at half the scale, and little more.
    assert!(stacked.score < 0.06 && selected.score > 0.1, "{} {}", stacked.score, selected.score);
    assert!(flattered <= stacked.score * 1.01, "{flattered} {}", stacked.score);
}

#[test]
fn the_order_of_models_changes_the_order_of_weights_alone() {
    let (target, mut models) = regressors(60);
    let scorer = Scorer::new(Metric::Rmse, &target).unwrap();
    let straight = fit(&scorer, &models, 0.01).weights;
    models.reverse();
    let stacker = Stacker::new(StackConfig { penalties: vec![0.01], ..StackConfig::default() }).unwrap();
    let mut turned = candidates(&models);
    turned.iter_mut().zip(["c", "b", "a"]).for_each(|(candidate, id)| candidate.id = id);
    let mut weights = stacker.fit(&scorer, &turned, None, Seed(1)).unwrap().weights;
    weights.reverse();
    assert_eq!(straight, weights);
}

#[test]
fn wrong_settings_and_shapes_are_named() {
    let none = StackConfig { penalties: vec![], ..StackConfig::default() };
    assert_eq!(Stacker::new(none).unwrap_err().to_string(), "stacking needs 1 or more penalties, got 0");
    let zero = StackConfig { penalties: vec![0.0], ..StackConfig::default() };
    assert_eq!(
        Stacker::new(zero).unwrap_err().to_string(),
        "`penalties` is 0, but must be finite and above 0"
    );
    let (target, models) = regressors(30);
    let stack = fit(&Scorer::new(Metric::Rmse, &target).unwrap(), &models, 0.1);
    assert_eq!(
        stack.apply(&[&models[0]]).unwrap_err().to_string(),
        "the stack has 1 models, but must have 3"
    );
    let wrong = proba(2, vec![0.5; 60]);
    assert_eq!(
        stack.apply(&[&wrong, &models[1], &models[2]]).unwrap_err().to_string(),
        "a stacked model must be numbers"
    );
}

#[test]
fn the_bound_on_time_holds_for_stacks_too() {
    let (target, models) = regressors(60);
    let scorer = Scorer::new(Metric::Rmse, &target).unwrap();
    let mut candidates = candidates(&models);
    candidates.iter_mut().zip([0.5, 0.2, 0.1]).for_each(|(candidate, ms)| candidate.ms_per_row = ms);
    let fit = |bound| {
        let config = StackConfig { max_ms_per_row: Some(bound), ..StackConfig::default() };
        Stacker::new(config).unwrap().fit(&scorer, &candidates, None, Seed(1))
    };
    let used = |stack: Stack| stack.weights.iter().map(|weight| *weight > 0.0).collect::<Vec<_>>();
    assert_eq!(used(fit(0.25).unwrap()), [false, true, false]);
    assert_eq!(used(fit(0.31).unwrap()), [false, true, true]);
    assert_eq!(
        fit(0.05).unwrap_err().to_string(),
        "no model predicts a row within 0.05 ms; the fastest, `c`, takes 0.1 ms"
    );
}
