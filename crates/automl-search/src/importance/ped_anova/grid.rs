//! A parameter's values on a grid of few points.

use std::f64::consts::LN_2;

use automl_core::{Domain, ParamValue};

/// Most points of a grid.
const MAX_POINTS: f64 = 50.0;

/// Evenly spaced points over a parameter's range (on the logarithm where it is logarithmic), or its choices.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid<'a> {
    domain: &'a Domain,
    pub(super) n_points: usize,
}

impl<'a> Grid<'a> {
    /// The grid of a domain with more than one value, by the rules of Optuna's `build_parzen_estimator_on_grid`.
    pub(super) fn new(domain: &'a Domain) -> Self {
        let n_steps = |low: f64, high: f64, step: f64| ((high - low) / step).round() + 1.0;
        let n_points = match domain {
            Domain::Float { step: None, .. } => MAX_POINTS,
            Domain::Float { low, high, step: Some(step), .. } => n_steps(*low, *high, *step),
            Domain::Int { low, high, log: true, .. } => {
                ((*high as f64 - *low as f64 + 1.0).ln() / LN_2).ceil() + 1.0
            }
            Domain::Int { low, high, step, log: false } => n_steps(*low as f64, *high as f64, *step as f64),
            Domain::Categorical { choices, ordered: true } => choices.len() as f64,
            Domain::Categorical { choices, ordered: false } => {
                return Self { domain, n_points: choices.len() };
            }
        };
        Self { domain, n_points: n_points.min(MAX_POINTS) as usize }
    }

    /// Whether its points are choices without order.
    pub(super) fn is_unordered(&self) -> bool {
        matches!(self.domain, Domain::Categorical { ordered: false, .. })
    }

    /// Index of the point nearest to a value of the domain; halfway between two it is the lower one.
    pub(super) fn point(&self, value: &ParamValue) -> usize {
        let (value, low, high, is_log) = match self.domain {
            Domain::Categorical { choices, .. } => {
                let index = choices.iter().position(|choice| choice == value).unwrap_or(0);
                if self.is_unordered() {
                    return index;
                }
                (index as f64, 0.0, (choices.len() - 1) as f64, false)
            }
            Domain::Float { low, high, log, .. } => (value.as_f64().unwrap_or(*low), *low, *high, *log),
            Domain::Int { low, high, log, .. } => {
                (value.as_f64().unwrap_or(*low as f64), *low as f64, *high as f64, *log)
            }
        };
        // Halved, so that the widest domains do not overflow.
        let place = |value: f64| if is_log { value.ln() } else { value } * 0.5;
        let last = (self.n_points - 1) as f64;
        let spacing = (place(high) - place(low)) / last;
        ((place(value) - place(low)) / spacing - 0.5).ceil().clamp(0.0, last) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(domain: &Domain, values: &[f64]) -> Vec<usize> {
        let grid = Grid::new(domain);
        values.iter().map(|&value| grid.point(&ParamValue::Float(value))).collect()
    }

    #[test]
    fn ranges_are_cut_evenly_on_their_scale() {
        assert_eq!(points(&Domain::float(0.0, 49.0), &[0.0, 0.4, 0.6, 10.0, 49.0]), [0, 0, 1, 10, 49]);
        assert_eq!(points(&Domain::log_float(1e-49, 1.0), &[1e-49, 1.1e-40, 1.0]), [0, 9, 49]);
        assert_eq!(points(&Domain::float(-f64::MAX, f64::MAX), &[-f64::MAX, f64::MAX]), [0, 49]);
    }

    #[test]
    fn small_domains_have_a_point_for_every_value() {
        let n = |domain: &Domain| Grid::new(domain).n_points;
        assert_eq!(n(&Domain::int(3, 9)), 7);
        assert_eq!(n(&Domain::stepped_float(0.0, 1.0, 0.25)), 5);
        assert_eq!(n(&Domain::int(0, 1000)), 50);
        assert_eq!(n(&Domain::log_int(1, 1024)), 11);
        assert_eq!(n(&Domain::ordered(&["a", "b", "c"])), 3);
        let grid = Domain::ordered(&["a", "b", "c"]);
        assert_eq!(Grid::new(&grid).point(&ParamValue::Str("c".to_owned())), 2);
        assert_eq!(Grid::new(&Domain::boolean()).point(&ParamValue::Bool(true)), 1);
    }
}
