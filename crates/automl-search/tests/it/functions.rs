//! Problems with a known optimum, and the optimum as a test of the problem.

use automl_core::{Domain, ParamSpec, Params, SearchSpace, TrialContext, TrialError};

/// A function to minimise.
pub(crate) struct Problem {
    pub(crate) space: SearchSpace,
    pub(crate) cost: fn(&Params) -> f64,
    /// A point of least cost, and that cost.
    pub(crate) optimum: (Params, f64),
}

impl Problem {
    pub(crate) fn objective(&self) -> impl FnMut(&Params, &mut TrialContext<'_>) -> Result<f64, TrialError> {
        let cost = self.cost;
        move |params, _| Ok(cost(params))
    }
}

/// Branin-Hoo with the constants of Dixon & Szegő (1978).
pub(crate) fn branin() -> Problem {
    let specs =
        vec![ParamSpec::new("x", Domain::float(-5.0, 10.0)), ParamSpec::new("y", Domain::float(0.0, 15.0))];
    let optimum = Params::new().with("x", std::f64::consts::PI).with("y", 2.275);
    Problem {
        space: SearchSpace::new(specs).unwrap(),
        cost: branin_cost,
        optimum: (optimum, 0.397_887_357_729_739),
    }
}

fn branin_cost(params: &Params) -> f64 {
    use std::f64::consts::PI;
    let (x, y) = (params.float("x").unwrap(), params.float("y").unwrap());
    let valley = y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0;
    valley * valley + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x.cos() + 10.0
}

/// Hartmann's function in six dimensions (Dixon & Szegő 1978).
pub(crate) fn hartmann6() -> Problem {
    let names = ["x0", "x1", "x2", "x3", "x4", "x5"];
    let specs = names.map(|name| ParamSpec::new(name, Domain::float(0.0, 1.0))).to_vec();
    let at = [0.201_69, 0.150_011, 0.476_874, 0.275_332, 0.311_652, 0.6573];
    let optimum = names.iter().zip(at).fold(Params::new(), |params, (name, value)| params.with(name, value));
    Problem { space: SearchSpace::new(specs).unwrap(), cost: hartmann6_cost, optimum: (optimum, -3.322_37) }
}

fn hartmann6_cost(params: &Params) -> f64 {
    const HEIGHTS: [f64; 4] = [1.0, 1.2, 3.0, 3.2];
    const SLOPES: [[f64; 6]; 4] = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    const CENTRES: [[f64; 6]; 4] = [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ];
    let at: Vec<f64> = (0..6).map(|axis| params.float(&format!("x{axis}")).unwrap()).collect();
    let hill = |index: usize| {
        let distance: f64 =
            (0..6).map(|axis| SLOPES[index][axis] * (at[axis] - CENTRES[index][axis]).powi(2)).sum();
        HEIGHTS[index] * (-distance).exp()
    };
    -(0..4).map(hill).sum::<f64>()
}

/// What tuning looks like: two families with parameters of their own, log scales, whole numbers and choices.
/// The network can reach 0 but has six parameters; the linear model is easy to tune and ends at 0.2.
pub(crate) fn mixed_conditional() -> Problem {
    let of = |name, domain, family: &str| ParamSpec::new(name, domain).when("family", &[family]);
    let specs = vec![
        ParamSpec::new("family", Domain::choice(&["linear", "network", "constant"])),
        ParamSpec::new("scaling", Domain::choice(&["none", "standard", "quantile"])),
        of("alpha", Domain::log_float(1e-6, 1e3), "linear"),
        of("rate", Domain::log_float(1e-5, 1.0), "network"),
        of("width", Domain::log_int(8, 512), "network"),
        of("layers", Domain::int(1, 6), "network"),
        of("dropout", Domain::float(0.0, 0.6), "network"),
        of("optimizer", Domain::choice(&["adamw", "sgd"]), "network"),
        ParamSpec::new("momentum", Domain::float(0.0, 0.99)).when("optimizer", &["sgd"]),
    ];
    let optimum = Params::new()
        .with("family", "network")
        .with("scaling", "quantile")
        .with("rate", 1e-3)
        .with("width", 128_i64)
        .with("layers", 3_i64)
        .with("dropout", 0.15)
        .with("optimizer", "adamw");
    Problem { space: SearchSpace::new(specs).unwrap(), cost: mixed_conditional_cost, optimum: (optimum, 0.0) }
}

fn mixed_conditional_cost(params: &Params) -> f64 {
    let number = |name| params.float(name).unwrap();
    let scaling = match params.text("scaling").unwrap() {
        "quantile" => 0.0,
        "standard" => 0.05,
        _ => 0.2,
    };
    match params.text("family").unwrap() {
        "linear" => 0.2 + scaling + 0.02 * number("alpha").log10().powi(2),
        "network" => {
            let optimizer = if params.text("optimizer").unwrap() == "adamw" {
                0.0
            } else {
                0.05 + (number("momentum") - 0.9).powi(2)
            };
            // Wide networks want smaller rates, so the two cannot be tuned one by one.
            let width = (number("width") / 128.0).log2();
            let rate = (number("rate") / 1e-3).log10() + 0.3 * width;
            let layers = number("layers") - 3.0;
            let dropout = number("dropout") - 0.15;
            scaling
                + optimizer
                + 0.25 * rate * rate
                + 0.02 * width * width
                + 0.02 * layers * layers
                + dropout * dropout
        }
        _ => 0.7,
    }
}

#[test]
fn each_problem_has_its_optimum_where_it_says() {
    for problem in [branin(), hartmann6(), mixed_conditional()] {
        let (params, cost) = &problem.optimum;
        problem.space.check(params).unwrap();
        assert!(((problem.cost)(params) - cost).abs() < 1e-5, "{params}: {}", (problem.cost)(params));
    }
}
