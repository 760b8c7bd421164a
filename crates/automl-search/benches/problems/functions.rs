//! Functions with a known optimum.

use std::f64::consts::PI;

use automl_core::{Domain, ParamSpec, Params};

use super::Problem;

/// Branin-Hoo with the constants of Dixon & Szegő (1978).
pub(crate) fn branin() -> Problem {
    let specs =
        vec![ParamSpec::new("x", Domain::float(-5.0, 10.0)), ParamSpec::new("y", Domain::float(0.0, 15.0))];
    let optimum = Params::new().with("x", PI).with("y", 2.275);
    Problem::new("branin", specs, branin_cost, (optimum, 0.397_887_357_729_739))
}

fn branin_cost(params: &Params) -> f64 {
    let (x, y) = (params.float("x").unwrap(), params.float("y").unwrap());
    let valley = y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0;
    valley * valley + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x.cos() + 10.0
}

/// A cube of real numbers `x0`, `x1` … and a function of them whose least cost lies at `optimum`.
fn on_cube(
    name: &'static str,
    (low, high): (f64, f64),
    cost: fn(&[f64]) -> f64,
    optimum: &[f64],
    least: f64,
) -> Problem {
    let names: Vec<String> = (0..optimum.len()).map(|axis| format!("x{axis}")).collect();
    let specs = names.iter().map(|name| ParamSpec::new(name, Domain::float(low, high))).collect();
    let at = names.iter().zip(optimum).fold(Params::new(), |params, (name, &value)| params.with(name, value));
    let of_params = move |params: &Params| {
        let at: Vec<f64> = names.iter().map(|name| params.float(name).unwrap()).collect();
        cost(&at)
    };
    Problem::new(name, specs, of_params, (at, least))
}

/// Hartmann's function in six dimensions (Dixon & Szegő 1978).
pub(crate) fn hartmann6() -> Problem {
    let optimum = [0.201_69, 0.150_011, 0.476_874, 0.275_332, 0.311_652, 0.6573];
    on_cube("hartmann6", (0.0, 1.0), hartmann6_cost, &optimum, -3.322_37)
}

fn hartmann6_cost(at: &[f64]) -> f64 {
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
    let hill = |index: usize| {
        let distance: f64 =
            (0..6).map(|axis| SLOPES[index][axis] * (at[axis] - CENTRES[index][axis]).powi(2)).sum();
        HEIGHTS[index] * (-distance).exp()
    };
    -(0..4).map(hill).sum::<f64>()
}

/// Where Ackley's optimum lies: off the centre of its domain, which a sampler may favour for no reason of the problem.
const ACKLEY_OPTIMUM: [f64; 10] = [12.3, -7.1, 18.9, -15.4, 3.7, 21.2, -19.8, 9.6, -2.5, -11.7];

/// Ackley's function (1987) in ten dimensions, moved: many shallow pits on a funnel.
pub(crate) fn ackley10() -> Problem {
    on_cube("ackley10", (-32.768, 32.768), ackley10_cost, &ACKLEY_OPTIMUM, 0.0)
}

fn ackley10_cost(at: &[f64]) -> f64 {
    let moved = || at.iter().zip(ACKLEY_OPTIMUM).map(|(x, optimum)| x - optimum);
    let n = at.len() as f64;
    let radius = (moved().map(|x| x * x).sum::<f64>() / n).sqrt();
    let waves = moved().map(|x| (2.0 * PI * x).cos()).sum::<f64>() / n;
    -20.0 * (-0.2 * radius).exp() - waves.exp() + 20.0 + std::f64::consts::E
}

/// Rosenbrock's valley (1960) in five dimensions: narrow, curved, and flat along its floor.
pub(crate) fn rosenbrock5() -> Problem {
    on_cube("rosenbrock5", (-5.0, 10.0), rosenbrock5_cost, &[1.0; 5], 0.0)
}

fn rosenbrock5_cost(at: &[f64]) -> f64 {
    at.windows(2).map(|pair| 100.0 * (pair[1] - pair[0] * pair[0]).powi(2) + (1.0 - pair[0]).powi(2)).sum()
}

/// Lévy's function in eight dimensions (Laguna & Martí 2005): ripples on a bowl.
pub(crate) fn levy8() -> Problem {
    on_cube("levy8", (-10.0, 10.0), levy8_cost, &[1.0; 8], 0.0)
}

fn levy8_cost(at: &[f64]) -> f64 {
    let w: Vec<f64> = at.iter().map(|x| 1.0 + (x - 1.0) / 4.0).collect();
    let Some((last, others)) = w.split_last() else { return 0.0 };
    let ripples = |w: &f64| (w - 1.0).powi(2) * (1.0 + 10.0 * (PI * w + 1.0).sin().powi(2));
    (PI * w[0]).sin().powi(2)
        + others.iter().map(ripples).sum::<f64>()
        + (last - 1.0).powi(2) * (1.0 + (2.0 * PI * last).sin().powi(2))
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
    Problem::new("mixed_conditional", specs, mixed_conditional_cost, (optimum, 0.0))
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
