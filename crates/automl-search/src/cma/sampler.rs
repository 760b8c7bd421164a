//! The state replayed from the history.

use automl_core::axis::Kind;
use automl_core::{History, Params, Sampler, SearchError, Seed, TrialState};

use super::strategy::{Strategy, usual_population};
use crate::generator::Generator;
use crate::random::draw;

/// With more numbers than this the covariance costs more than it tells: a search of some thousand trials cannot learn
/// it. All are drawn at random then.
const MOST_NUMBERS: usize = 100;

/// Standard deviation that a stepped axis keeps, in cells.
const LEAST_CELLS: f64 = 0.2;

/// Proposes draws from a normal distribution that moves to where trials were good and takes the shape of the valley.
///
/// For up to 100 numbers without conditions; other parameters, and more of them, are drawn at random. The state is a function of the history:
/// finished trials in order of slot, in generations of 4 + 3 ln(n), whoever proposed them. Failed and pruned trials
/// are the worst of their generation. When the distribution has become a point, the search starts again somewhere
/// else with twice the population (IPOP; Auger & Hansen 2005).
#[derive(Debug, Clone, Copy, Default)]
pub struct CmaEsSampler;

impl Sampler for CmaEsSampler {
    fn name(&self) -> &'static str {
        "cmaes"
    }

    fn suggest(&self, history: &History, seed: Seed) -> Result<Params, SearchError> {
        if history.space().specs().is_empty() {
            return Err(SearchError::EmptySpace);
        }
        let mut generator = Generator::new(seed);
        let mut row: Vec<f64> = history.axes().iter().map(|axis| draw(axis, &mut generator)).collect();
        let numbers = numbers(history);
        if (1..=MOST_NUMBERS).contains(&numbers.len()) {
            let least: Vec<f64> = numbers.iter().map(|&param| least_deviation(history, param)).collect();
            let point = replay(history, &numbers).draw(&least, &mut generator);
            for (&param, at) in numbers.iter().zip(point) {
                row[param] = history.axes()[param].snap(at);
            }
        }
        Ok(history.params(&row))
    }
}

/// Parameters that the strategy can handle.
fn numbers(history: &History) -> Vec<usize> {
    let specs = history.space().specs().iter().zip(history.axes()).enumerate();
    let is_number = |kind: Kind| matches!(kind, Kind::Continuous(_) | Kind::Cells { .. });
    specs
        .filter(|(_, (spec, axis))| spec.when.is_none() && is_number(axis.kind()))
        .map(|(param, _)| param)
        .collect()
}

fn least_deviation(history: &History, param: usize) -> f64 {
    match history.axes()[param].kind() {
        Kind::Cells { n_cells, .. } => LEAST_CELLS / n_cells as f64,
        _ => 0.0,
    }
}

/// The state after all whole generations of the history.
fn replay(history: &History, numbers: &[usize]) -> Strategy {
    let n = numbers.len();
    let mut strategy = Strategy::new(vec![0.5; n], usual_population(n));
    let mut generation: Vec<(f64, Vec<f64>)> = Vec::new();
    let mut n_restarts = 0;
    for (place, trial) in history.trials().iter().enumerate() {
        let point: Vec<f64> = numbers.iter().map(|&param| history.column(param)[place]).collect();
        if point.iter().any(|at| at.is_nan()) {
            continue;
        }
        let cost = trial.cost.filter(|cost| trial.state == TrialState::Complete && !cost.is_nan());
        generation.push((cost.unwrap_or(f64::INFINITY), point));
        if generation.len() == strategy.population {
            // Stable: among equals the earlier trial is the better one.
            generation.sort_by(|(a, _), (b, _)| a.total_cmp(b));
            let points: Vec<Vec<f64>> = generation.drain(..).map(|(_, point)| point).collect();
            strategy.learn(&points);
            if strategy.has_converged() {
                n_restarts += 1;
                let mut generator = Generator::new(Seed(0).step(n_restarts));
                let mean = (0..n).map(|_| generator.unit()).collect();
                strategy = Strategy::new(mean, 2 * strategy.population);
            }
        }
    }
    strategy
}
