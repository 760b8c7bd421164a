//! Grid search: every configuration once.

use automl_core::{Axis, History, Params, Sampler, SearchError, SearchSpace, Seed};

use crate::error::ConfigError;

/// Axes with more values than this are cut into levels as real numbers are.
const MOST_VALUES: usize = 1 << 20;

/// Proposes every configuration of the space exactly once, in a fixed order: the last parameter changes first.
///
/// Whole, stepped, ordered and categorical parameters take each of their values. A real number takes `levels` places
/// evenly spread over its (logarithmic) range, both ends included. A parameter that does not exist in a configuration
/// makes no difference there. The next configuration is the first that no finished or running trial has, so a search
/// that was stopped, or that several workers share, misses none; when all are tried it ends
/// ([`SearchError::Exhausted`]).
///
/// | Name | Default | Range | Meaning |
/// |---|---|---|---|
/// | `levels` | 5 | from 1 | places of a real number; its middle, if there is but one |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GridSampler {
    levels: usize,
}

impl Default for GridSampler {
    fn default() -> Self {
        Self { levels: 5 }
    }
}

impl GridSampler {
    /// A sampler with this many places on every real number.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] for 0.
    pub fn new(levels: usize) -> Result<Self, ConfigError> {
        if levels == 0 {
            return Err(ConfigError::OutOfRange {
                sampler: "grid",
                name: "levels",
                value: "0".to_owned(),
                range: "1 and above",
            });
        }
        Ok(Self { levels })
    }

    fn places(self, axis: &Axis) -> Vec<f64> {
        if let Some(all) = axis.all(MOST_VALUES) {
            return all;
        }
        match self.levels {
            1 => vec![axis.snap(0.5)],
            n => (0..n).map(|level| axis.snap(level as f64 / (n - 1) as f64)).collect(),
        }
    }
}

impl Sampler for GridSampler {
    fn name(&self) -> &'static str {
        "grid"
    }

    fn suggest(&self, history: &History, _seed: Seed) -> Result<Params, SearchError> {
        if history.space().specs().is_empty() {
            return Err(SearchError::EmptySpace);
        }
        let tried: Tried = Tried::new(history);
        let places: Vec<Vec<f64>> = history.axes().iter().map(|axis| self.places(axis)).collect();
        let mut odometer = Odometer::new(history, &places);
        let mut n = 0;
        // One more than the trials that are known are looked at, at most.
        while let Some(params) = odometer.next() {
            if !tried.has(history, &params) {
                return Ok(params);
            }
            n += 1;
        }
        Err(SearchError::Exhausted { n })
    }
}

/// Rows that finished or running trials have, sorted, as bits.
struct Tried(Vec<Vec<u64>>);

impl Tried {
    fn new(history: &History) -> Self {
        let n_params = history.axes().len();
        let finished = (0..history.len())
            .map(|trial| (0..n_params).map(|param| bits(history.column(param)[trial])).collect());
        let running = (0..history.running().len())
            .map(|trial| (0..n_params).map(|param| bits(history.running_column(param)[trial])).collect());
        let mut rows: Vec<Vec<u64>> = finished.chain(running).collect();
        rows.sort_unstable();
        Self(rows)
    }

    fn has(&self, history: &History, params: &Params) -> bool {
        let row: Vec<u64> = history.row(params).into_iter().map(bits).collect();
        self.0.binary_search(&row).is_ok()
    }
}

/// All that is not a number is one thing here.
fn bits(coordinate: f64) -> u64 {
    if coordinate.is_nan() { u64::MAX } else { coordinate.to_bits() }
}

/// Counts through the places of all parameters, skipping those of parameters that do not exist.
struct Odometer<'a> {
    history: &'a History,
    places: &'a [Vec<f64>],
    digits: Vec<usize>,
    is_over: bool,
}

impl<'a> Odometer<'a> {
    fn new(history: &'a History, places: &'a [Vec<f64>]) -> Self {
        Self { history, places, digits: vec![0; places.len()], is_over: false }
    }

    fn next(&mut self) -> Option<Params> {
        if self.is_over {
            return None;
        }
        let row: Vec<f64> =
            self.digits.iter().zip(self.places).map(|(&digit, places)| places[digit]).collect();
        let params = self.history.params(&row);
        self.is_over = !self.advance(self.history.space(), &params);
        Some(params)
    }

    /// Moves on to the next configuration; false after the last.
    fn advance(&mut self, space: &SearchSpace, params: &Params) -> bool {
        for position in (0..self.digits.len()).rev() {
            // What does not exist now stays at its first place, so that no configuration comes twice. Its parent
            // stands before it, so that it is looked at anew when that changes.
            let exists = params.get(&space.specs()[position].name).is_some();
            if exists && self.digits[position] + 1 < self.places[position].len() {
                self.digits[position] += 1;
                return true;
            }
            self.digits[position] = 0;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use automl_core::{Domain, ParamSpec, TrialRecord, TrialState};

    use super::*;

    fn space() -> SearchSpace {
        SearchSpace::new(vec![
            ParamSpec::new("family", Domain::choice(&["net", "line"])),
            ParamSpec::new("layers", Domain::int(1, 3)).when("family", &["net"]),
            ParamSpec::new("act", Domain::choice(&["relu", "gelu"])).when("family", &["net"]),
            ParamSpec::new("penalty", Domain::log_float(1e-2, 1e2)),
        ])
        .unwrap()
    }

    fn all(sampler: GridSampler) -> Vec<String> {
        let mut history = History::new(space());
        let mut all = Vec::new();
        loop {
            match sampler.suggest(&history, Seed(0)) {
                Ok(params) => {
                    history.space().check(&params).unwrap();
                    all.push(params.to_string());
                    let slot = all.len() as u32;
                    history.insert(TrialRecord::new(slot, TrialState::Complete, params).with_cost(0.0));
                }
                Err(error) => {
                    assert_eq!(error, SearchError::Exhausted { n: all.len() });
                    return all;
                }
            }
        }
    }

    #[test]
    fn every_configuration_comes_once_and_then_no_more() {
        let all = all(GridSampler::new(3).unwrap());
        assert_eq!(all.len(), 3 * 2 * 3 + 3);
        let mut distinct = all.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(all[0], "act=relu, family=net, layers=1, penalty=0.01");
        assert_eq!(all[1], "act=relu, family=net, layers=1, penalty=1");
        assert_eq!(all[20], "family=line, penalty=100");
    }

    #[test]
    fn what_others_run_is_left_to_them() {
        let mut history = History::new(space());
        let sampler = GridSampler::default();
        let first = sampler.suggest(&history, Seed(0)).unwrap();
        history.set_running(vec![TrialRecord::new(0, TrialState::Running, first.clone())]);
        assert_ne!(sampler.suggest(&history, Seed(0)).unwrap(), first);
    }

    #[test]
    fn a_grid_without_levels_is_refused() {
        insta::assert_snapshot!(
            GridSampler::new(0).unwrap_err(),
            @"`levels` of the grid sampler is 0, but must be 1 and above"
        );
    }
}
