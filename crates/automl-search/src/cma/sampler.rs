//! The sampler: a draw from the state that the history leads to.

use automl_core::axis::Kind;
use automl_core::{History, Params, Sampler, SearchError, Seed};

use super::replay::replay;
use crate::generator::Generator;
use crate::random::draw;

/// Standard deviation that a stepped axis keeps, in cells.
const LEAST_CELLS: f64 = 0.2;

/// Proposes draws from a normal distribution that moves to where trials were good and takes the shape of the valley.
///
/// For numbers without conditions; other parameters are drawn at random. Up to 50 numbers are learnt with their
/// covariances, more of them each for itself. The state is a function of the history: finished trials in order of slot,
/// in generations of 4 + 3 ln(n), whoever proposed them; those that other workers are running count when they are
/// finished. Failed and pruned trials are the worst of their generation. When the distribution has become a point, or
/// all costs are the same, the search starts again somewhere else with twice the population (IPOP; Auger & Hansen 2005).
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
        if !numbers.is_empty() {
            let least: Vec<f64> = numbers.iter().map(|&param| least_deviation(history, param)).collect();
            let point = replay(history, &numbers, &least).draw(&least, &mut generator);
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
