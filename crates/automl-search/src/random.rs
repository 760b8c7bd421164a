//! Random search: every value drawn on its own, uniformly on the domain's scale.

use automl_core::axis::{Axis, Kind};
use automl_core::{History, Params, Sampler, SearchError, Seed};

use crate::generator::Generator;

/// Draws configurations without looking at the history.
///
/// Whole numbers are drawn from a range that is half a step wider at both ends and then rounded, so that the
/// two end points are as likely as their neighbours (as in Optuna's `_transform.py`).
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomSampler;

impl Sampler for RandomSampler {
    fn name(&self) -> &'static str {
        "random"
    }

    fn suggest(&self, history: &History, seed: Seed) -> Result<Params, SearchError> {
        random_params(history, &mut Generator::new(seed))
    }

    fn ignores_history(&self) -> bool {
        true
    }
}

/// A configuration drawn uniformly.
pub(crate) fn random_params(history: &History, generator: &mut Generator) -> Result<Params, SearchError> {
    let space = history.space();
    if space.specs().is_empty() {
        return Err(SearchError::EmptySpace);
    }
    let mut params = Params::new();
    for (spec, axis) in space.specs().iter().zip(history.axes()) {
        if space.is_active(spec, &params) {
            params.insert(&spec.name, axis.decode(draw(axis, generator)));
        }
    }
    Ok(params)
}

/// A coordinate drawn uniformly: cells by their widths.
pub(crate) fn draw(axis: &Axis, generator: &mut Generator) -> f64 {
    match axis.kind() {
        Kind::Point => 0.0,
        Kind::Continuous(_) => generator.unit(),
        Kind::Cells { .. } => axis.snap(generator.unit()),
        Kind::Choices(n) => generator.below(n) as f64,
    }
}

#[cfg(test)]
mod tests {
    use automl_core::{Domain, ParamSpec, ParamValue, SearchSpace};

    use super::*;

    fn draw(domain: &Domain, generator: &mut Generator) -> ParamValue {
        let axis = Axis::new(domain);
        axis.decode(super::draw(&axis, generator))
    }

    fn counts(domain: &Domain, n: usize) -> Vec<(String, usize)> {
        let mut generator = Generator::new(Seed(3));
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..n {
            *counts.entry(draw(domain, &mut generator).to_string()).or_insert(0) += 1;
        }
        counts.into_iter().collect()
    }

    #[test]
    fn end_points_of_a_stepped_integer_are_as_likely_as_the_middle() {
        let counts = counts(&Domain::stepped_int(2, 8, 2), 8000);
        assert_eq!(counts.len(), 4);
        // Five standard deviations of a binomial(8000, 1/4).
        assert!(counts.iter().all(|(_, count)| count.abs_diff(2000) < 194), "{counts:?}");
    }

    #[test]
    fn a_log_integer_follows_the_widths_of_its_cells_in_the_logarithm() {
        let counts = counts(&Domain::log_int(1, 3), 10_000);
        let total = (3.5_f64 / 0.5).ln();
        for (name, count) in counts {
            let value: f64 = name.parse().unwrap();
            let expected = 10_000.0 * ((value + 0.5) / (value - 0.5)).ln() / total;
            assert!((count as f64 - expected).abs() < 250.0, "{name}: {count}, expected {expected}");
        }
    }

    #[test]
    fn a_log_float_has_its_median_at_the_geometric_mean() {
        let mut generator = Generator::new(Seed(4));
        let domain = Domain::log_float(1e-6, 1.0);
        let below = (0..4000).filter(|_| draw(&domain, &mut generator).as_f64().unwrap() < 1e-3).count();
        assert!(below.abs_diff(2000) < 160, "{below}");
    }

    #[test]
    fn the_widest_domains_do_not_overflow() {
        let mut generator = Generator::new(Seed(5));
        for domain in [Domain::float(-f64::MAX, f64::MAX), Domain::int(-(1 << 62), 1 << 62)] {
            for _ in 0..1000 {
                assert!(domain.contains(&draw(&domain, &mut generator)));
            }
        }
    }

    #[test]
    fn a_space_without_parameters_is_refused() {
        let result = RandomSampler.suggest(&History::new(SearchSpace::default()), Seed(0));
        assert_eq!(result, Err(SearchError::EmptySpace));
    }

    #[test]
    fn children_are_drawn_exactly_when_their_parent_asks_for_them() {
        let specs = vec![
            ParamSpec::new("a", Domain::boolean()),
            ParamSpec::new("b", Domain::float(0.0, 1.0)).when("a", &[true]),
        ];
        let history = History::new(SearchSpace::new(specs).unwrap());
        for seed in 0..50 {
            let params = RandomSampler.suggest(&history, Seed(seed)).unwrap();
            assert_eq!(params.flag("a").unwrap(), params.get("b").is_some());
        }
    }
}
