//! The problems of tests and benchmarks are what they claim to be.

use automl_core::{ParamSpec, Params};
use serde::Deserialize;

use crate::problems::all;

/// A problem as `experiments/bench/problems.py` prints it.
#[derive(Deserialize)]
struct Reference {
    name: String,
    optimum: f64,
    space: Vec<ParamSpec>,
    points: Vec<Point>,
}

#[derive(Deserialize)]
struct Point {
    params: Params,
    cost: f64,
}

#[test]
fn each_problem_has_its_optimum_where_it_says() {
    for problem in all() {
        let (params, cost) = &problem.optimum;
        problem.space.check(params).unwrap();
        let got = (problem.cost)(params);
        assert!((got - cost).abs() < 1e-5, "{}: {params}: {got}", problem.name);
    }
}

/// What Optuna is asked to minimise in the benchmark is the same.
#[test]
fn problems_equal_those_of_python() {
    let references: Vec<Reference> = serde_json::from_str(include_str!("../data/problems.json")).unwrap();
    let problems = all();
    assert_eq!(problems.len(), references.len());
    for (problem, reference) in problems.iter().zip(references) {
        assert_eq!(problem.name, reference.name);
        assert_eq!(problem.space.specs(), reference.space, "{}", problem.name);
        assert!((problem.optimum.1 - reference.optimum).abs() < 1e-5, "{}", problem.name);
        assert!(reference.points.len() >= 20);
        for Point { params, cost } in reference.points {
            problem.space.check(&params).unwrap();
            let got = (problem.cost)(&params);
            let tolerance = 1e-12 * cost.abs().max(1.0);
            assert!((got - cost).abs() <= tolerance, "{}: {params}: {got}, {cost}", problem.name);
        }
    }
}
