//! One hyper-parameter as the estimator sees it: the unit interval, a grid of cells on it, or choices.

use automl_core::{Domain, ParamValue};

use crate::random::round_to_step;

/// More cells than this are treated as a continuum: their masses are below what a difference of two
/// probabilities can resolve.
const MAX_CELLS: f64 = 4_294_967_296.0;

/// How values of one parameter become coordinates and back.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub(super) name: String,
    domain: Domain,
    pub(super) kind: Kind,
    /// Whether other parameters exist only under some of its values.
    pub(super) is_parent: bool,
}

/// Geometry of an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Coordinates in `[0, 1]`.
    Continuous(Scale),
    /// Coordinates of a grid in `[0, 1]`; every value owns the cell of half a step to both sides.
    Cells { scale: Scale, half_step: f64 },
    /// The coordinate is the index of the choice.
    Choices(usize),
}

/// The map from a (logarithmic) range to the unit interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    fn new(low: f64, high: f64, log: bool) -> Self {
        if log { Self { low: low.ln(), high: high.ln(), log } } else { Self { low, high, log } }
    }

    /// Halved first, so that the widest domains do not overflow.
    fn encode(self, value: f64) -> f64 {
        let position = if self.log { value.ln() } else { value };
        (position * 0.5 - self.low * 0.5) / (self.high * 0.5 - self.low * 0.5)
    }

    fn decode(self, unit: f64) -> f64 {
        let position = self.low * (1.0 - unit) + self.high * unit;
        if self.log { position.exp() } else { position }
    }
}

impl Axis {
    /// `None` where the domain has only one value, so that there is nothing to learn.
    pub(super) fn new(name: &str, domain: &Domain) -> Option<Self> {
        let kind = match domain {
            Domain::Float { low, high, .. } if low == high => return None,
            Domain::Float { low, high, log } => Kind::Continuous(Scale::new(*low, *high, *log)),
            Domain::Int { low, high, .. } if low == high => return None,
            Domain::Int { low, high, step, log } => {
                let half_step = *step as f64 / 2.0;
                let scale = Scale::new(*low as f64 - half_step, *high as f64 + half_step, *log);
                let n_cells = (*high as f64 - *low as f64) / *step as f64 + 1.0;
                if n_cells > MAX_CELLS { Kind::Continuous(scale) } else { Kind::Cells { scale, half_step } }
            }
            Domain::Categorical { choices } if choices.len() < 2 => return None,
            Domain::Categorical { choices } => Kind::Choices(choices.len()),
        };
        Some(Self { name: name.to_owned(), domain: domain.clone(), kind, is_parent: false })
    }

    /// The coordinate of a value; `None` where it is not in the domain, as after a change of the space.
    pub(super) fn encode(&self, value: &ParamValue) -> Option<f64> {
        if let Domain::Categorical { choices } = &self.domain {
            return choices.iter().position(|choice| choice == value).map(|index| index as f64);
        }
        if !self.domain.contains(value) {
            return None;
        }
        match self.kind {
            Kind::Continuous(scale) | Kind::Cells { scale, .. } => {
                value.as_f64().map(|value| scale.encode(value).clamp(0.0, 1.0) + 0.0)
            }
            Kind::Choices(_) => None,
        }
    }

    /// The value at (or nearest to) a coordinate.
    pub(super) fn decode(&self, coordinate: f64) -> ParamValue {
        let raw = match self.kind {
            Kind::Continuous(scale) | Kind::Cells { scale, .. } => scale.decode(coordinate),
            Kind::Choices(_) => coordinate,
        };
        match &self.domain {
            Domain::Float { low, high, .. } => ParamValue::Float(raw.clamp(*low, *high)),
            Domain::Int { low, high, step, .. } => ParamValue::Int(round_to_step(raw, *low, *high, *step)),
            Domain::Categorical { choices } => choices[(raw as usize).min(choices.len() - 1)].clone(),
        }
    }

    /// The coordinate of the value that `coordinate` stands for.
    pub(super) fn snap(&self, coordinate: f64) -> f64 {
        match self.kind {
            Kind::Cells { .. } => self.encode(&self.decode(coordinate)).unwrap_or(coordinate),
            Kind::Continuous(_) | Kind::Choices(_) => coordinate,
        }
    }

    /// The cell around a snapped coordinate, in coordinates; empty where the axis has no cells.
    pub(super) fn cell(&self, coordinate: f64) -> (f64, f64) {
        match self.kind {
            Kind::Cells { scale, half_step } => {
                let value = scale.decode(coordinate);
                (scale.encode(value - half_step).max(0.0), scale.encode(value + half_step).min(1.0))
            }
            Kind::Continuous(_) | Kind::Choices(_) => (coordinate, coordinate),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn axis(domain: &Domain) -> Axis {
        Axis::new("a", domain).unwrap()
    }

    #[test]
    fn domains_of_one_value_have_no_axis() {
        let single = [Domain::float(2.0, 2.0), Domain::int(3, 3), Domain::choice(&["only"])];
        assert!(single.iter().all(|domain| Axis::new("a", domain).is_none()));
    }

    #[test]
    fn cells_tile_the_unit_interval() {
        for domain in [Domain::int(-3, 4), Domain::log_int(1, 9), Domain::stepped_int(-10, 10, 4)] {
            let axis = axis(&domain);
            let Domain::Int { low, high, step, .. } = domain else { unreachable!() };
            let mut end = 0.0;
            for value in (low..=high).step_by(usize::try_from(step).unwrap()) {
                let (left, right) = axis.cell(axis.encode(&ParamValue::Int(value)).unwrap());
                assert!((left - end).abs() < 1e-12, "{value}: {left} after {end}");
                end = right;
            }
            assert!((end - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_value_outside_the_domain_has_no_coordinate() {
        assert_eq!(axis(&Domain::int(0, 4)).encode(&ParamValue::Int(5)), None);
        assert_eq!(axis(&Domain::float(0.0, 4.0)).encode(&ParamValue::Float(f64::NAN)), None);
        assert_eq!(axis(&Domain::boolean()).encode(&ParamValue::Str("x".to_owned())), None);
    }

    proptest! {
        #[test]
        fn whole_numbers_survive_the_round_trip(low in 1_i64..1000, extra in 1_i64..100_000, log: bool, at in 0.0..=1.0) {
            let axis = axis(&Domain::Int { low, high: low + extra, step: 1, log });
            let value = axis.decode(at);
            prop_assert!(axis.domain.contains(&value));
            prop_assert_eq!(axis.decode(axis.encode(&value).unwrap()), value);
        }

        #[test]
        fn real_numbers_survive_the_round_trip(low in 1e-9..1.0, factor in 1.001..1e9, log: bool, at in 0.0..=1.0) {
            let axis = axis(&Domain::Float { low, high: low * factor, log });
            let value = axis.decode(at);
            prop_assert!(axis.domain.contains(&value));
            prop_assert!((axis.encode(&value).unwrap() - at).abs() < 1e-9);
        }

        #[test]
        fn the_widest_domains_stay_finite(at in 0.0..=1.0) {
            for domain in [Domain::float(-f64::MAX, f64::MAX), Domain::int(-(1 << 62), 1 << 62)] {
                let axis = axis(&domain);
                let value = axis.decode(at);
                prop_assert!(axis.domain.contains(&value));
                prop_assert!(axis.encode(&value).unwrap().is_finite());
            }
        }
    }
}
