//! Quasi-random search: a scrambled Sobol sequence fills the space more evenly than independent draws.

use automl_core::axis::Kind;
use automl_core::{Axis, History, Params, Purpose, Sampler, SearchError, Seed};
use sobol_burley::NUM_DIMENSIONS;

use crate::generator::Generator;
use crate::random::random_params;

/// Points of one scrambling; later trials get those of the next.
const N_POINTS: u32 = 1 << 16;

/// Proposes the points of an Owen-scrambled Sobol sequence (Burley 2020), the next one for every trial.
///
/// Every parameter has a dimension of its own, also where it does not exist in a configuration. Beyond 256 parameters
/// dimensions are used again with another scrambling. Where a point stands for a configuration that was tried
/// already, as in small spaces, the proposal is drawn at random.
#[derive(Debug, Clone, Copy)]
pub struct SobolSampler {
    seed: Seed,
}

impl SobolSampler {
    /// The sequence of a study: `seed` is the study's.
    pub fn new(seed: Seed) -> Self {
        Self { seed: seed.purpose(Purpose::Sample) }
    }
}

impl Sampler for SobolSampler {
    fn name(&self) -> &'static str {
        "sobol"
    }

    fn suggest(&self, history: &History, seed: Seed) -> Result<Params, SearchError> {
        if history.space().specs().is_empty() {
            return Err(SearchError::EmptySpace);
        }
        let place = (history.len() + history.running().len()) as u32;
        let scramble = self.seed.step(u64::from(place / N_POINTS)).value() as u32;
        let axes = history.axes().iter().enumerate();
        let row: Vec<f64> =
            axes.map(|(dimension, axis)| coordinate(axis, place % N_POINTS, dimension, scramble)).collect();
        let params = history.params(&row);
        if history.contains(&history.row(&params)) {
            return random_params(history, &mut Generator::new(seed));
        }
        Ok(params)
    }
}

/// Coordinate of the `index`-th point of a scrambled sequence in one dimension; equal shares go to cells by their
/// widths, and to choices.
pub(crate) fn coordinate(axis: &Axis, index: u32, dimension: usize, scramble: u32) -> f64 {
    let round = dimension as u32 / NUM_DIMENSIONS;
    let scramble = scramble.wrapping_add(round.wrapping_mul(0x9E37_79B9));
    let unit = f64::from(sobol_burley::sample(index, dimension as u32 % NUM_DIMENSIONS, scramble));
    match axis.kind() {
        Kind::Point => 0.0,
        Kind::Continuous(_) => unit,
        Kind::Cells { .. } => axis.snap(unit),
        Kind::Choices(n) => ((unit * n as f64) as usize).min(n - 1) as f64,
    }
}

#[cfg(test)]
mod tests {
    use automl_core::{Domain, ParamSpec, SearchSpace, TrialRecord, TrialState};

    use super::*;

    fn proposals(specs: Vec<ParamSpec>, n: u32) -> History {
        let sampler = SobolSampler::new(Seed(3));
        let mut history = History::new(SearchSpace::new(specs).unwrap());
        for slot in 0..n {
            let params = sampler.suggest(&history, Seed(u64::from(slot))).unwrap();
            history.insert(TrialRecord::new(slot, TrialState::Complete, params).with_cost(0.0));
        }
        history
    }

    #[test]
    fn every_interval_of_a_power_of_two_gets_its_share() {
        let specs = (0..5).map(|index| ParamSpec::new(&format!("x{index}"), Domain::float(0.0, 1.0)));
        let history = proposals(specs.collect(), 64);
        for param in 0..5 {
            let mut counts = [0; 16];
            for at in history.column(param) {
                counts[(at * 16.0) as usize] += 1;
            }
            assert_eq!(counts, [4; 16], "parameter {param}");
        }
    }

    #[test]
    fn choices_get_equal_shares() {
        let specs = vec![
            ParamSpec::new("kind", Domain::choice(&["a", "b", "c", "d"])),
            ParamSpec::new("x", Domain::float(0.0, 1.0)),
        ];
        let history = proposals(specs, 64);
        for choice in 0..4 {
            assert_eq!(history.column(0).iter().filter(|at| **at == f64::from(choice)).count(), 16);
        }
    }

    #[test]
    fn a_used_up_space_goes_on_at_random() {
        assert_eq!(proposals(vec![ParamSpec::new("a", Domain::boolean())], 9).len(), 9);
    }

    #[test]
    fn later_dimensions_are_not_copies_of_the_first() {
        let axis = Axis::new(&Domain::float(0.0, 1.0));
        let column = |dimension: usize| -> Vec<f64> {
            (0..8).map(|index| coordinate(&axis, index, dimension, 1)).collect()
        };
        assert_ne!(column(0), column(256));
    }
}
