//! One hyper-parameter as a sampler sees it: a point, the unit interval, a grid of cells on it, or choices.

use crate::params::ParamValue;
use crate::space::Domain;

/// More cells than this are treated as a continuum: their masses are below what a difference of two
/// probabilities can resolve.
const MAX_CELLS: f64 = 4_294_967_296.0;

/// How values of one parameter become coordinates and back.
///
/// | domain | coordinate |
/// |---|---|
/// | one value | 0 |
/// | real | place in `[0, 1]`, on the logarithm where the domain is logarithmic |
/// | stepped, whole, ordered | place in `[0, 1]` of the cell's value; cells reach half a step to both sides and tile `[0, 1]` |
/// | categorical | index of the choice |
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    domain: Domain,
    kind: Kind,
}

/// Geometry of an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// There is nothing to choose; the coordinate is 0.
    Point,
    /// Coordinates in `[0, 1]`.
    Continuous(Scale),
    /// Coordinates of a grid in `[0, 1]`; every value owns the cell of half a step to both sides.
    Cells {
        /// Range of the cells, from half a step below the lowest value to half a step above the highest.
        scale: Scale,
        /// Half the distance of neighbouring values.
        half_step: f64,
        /// Number of values.
        n_cells: usize,
    },
    /// The coordinate is the index of the choice.
    Choices(usize),
}

/// The map from a (logarithmic) range to the unit interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
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
    /// The axis of a checked domain.
    pub fn new(domain: &Domain) -> Self {
        let kind = match domain {
            _ if domain.is_constant() => Kind::Point,
            Domain::Float { low, high, log, step: None } => Kind::Continuous(Scale::new(*low, *high, *log)),
            Domain::Float { low, high, step: Some(step), .. } => cells(*low, *high, *step, false),
            Domain::Int { low, high, step, log } => cells(*low as f64, *high as f64, *step as f64, *log),
            Domain::Categorical { choices, ordered: true } => {
                cells(0.0, (choices.len() - 1) as f64, 1.0, false)
            }
            Domain::Categorical { choices, ordered: false } => Kind::Choices(choices.len()),
        };
        Self { domain: domain.clone(), kind }
    }

    /// Its geometry.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The domain it stands for.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Whether there is nothing to choose.
    pub fn is_point(&self) -> bool {
        self.kind == Kind::Point
    }

    /// The coordinate of a value; `None` where it is not in the domain, as after a change of the space.
    pub fn encode(&self, value: &ParamValue) -> Option<f64> {
        if !self.domain.contains(value) {
            return None;
        }
        let number = match &self.domain {
            Domain::Categorical { choices, .. } => {
                choices.iter().position(|choice| choice == value).map(|index| index as f64)?
            }
            _ => value.as_f64()?,
        };
        match self.kind {
            Kind::Point => Some(0.0),
            Kind::Choices(_) => Some(number),
            Kind::Continuous(scale) | Kind::Cells { scale, .. } => {
                // Adding 0 turns -0 into 0: coordinates are compared by their bits.
                Some(scale.encode(number).clamp(0.0, 1.0) + 0.0)
            }
        }
    }

    /// The value at (or nearest to) a coordinate.
    pub fn decode(&self, coordinate: f64) -> ParamValue {
        let raw = match self.kind {
            Kind::Point => 0.0,
            Kind::Continuous(scale) | Kind::Cells { scale, .. } => scale.decode(coordinate),
            Kind::Choices(_) => coordinate,
        };
        match &self.domain {
            Domain::Float { low, .. } if self.is_point() => ParamValue::Float(*low),
            Domain::Int { low, .. } if self.is_point() => ParamValue::Int(*low),
            Domain::Float { low, high, step: None, .. } => ParamValue::Float(raw.clamp(*low, *high)),
            Domain::Float { low, high, step: Some(step), .. } => {
                ParamValue::Float(nearest_step(raw, *low, *high, *step))
            }
            Domain::Int { low, high, step, .. } => {
                ParamValue::Int(nearest_whole_step(raw, *low, *high, *step))
            }
            Domain::Categorical { choices, .. } => {
                choices[(raw.round().max(0.0) as usize).min(choices.len() - 1)].clone()
            }
        }
    }

    /// The coordinate of the value that `coordinate` stands for.
    pub fn snap(&self, coordinate: f64) -> f64 {
        match self.kind {
            Kind::Cells { .. } => self.encode(&self.decode(coordinate)).unwrap_or(coordinate),
            Kind::Point => 0.0,
            Kind::Continuous(_) | Kind::Choices(_) => coordinate,
        }
    }

    /// The cell around a snapped coordinate, in coordinates; empty where the axis has no cells.
    pub fn cell(&self, coordinate: f64) -> (f64, f64) {
        match self.kind {
            Kind::Cells { scale, half_step, .. } => {
                let value = scale.decode(coordinate);
                (scale.encode(value - half_step).max(0.0), scale.encode(value + half_step).min(1.0))
            }
            Kind::Point | Kind::Continuous(_) | Kind::Choices(_) => (coordinate, coordinate),
        }
    }

    /// Coordinates of all values, in order, if there are at most `most` of them.
    pub fn all(&self, most: usize) -> Option<Vec<f64>> {
        let n = match self.kind {
            Kind::Point => 1,
            Kind::Continuous(_) => return None,
            Kind::Cells { n_cells, .. } => n_cells,
            Kind::Choices(n) => n,
        };
        if n > most {
            return None;
        }
        let coordinate = |index: usize| match self.kind {
            Kind::Cells { scale, half_step, .. } => {
                let lowest = if scale.log { scale.low.exp() } else { scale.low } + half_step;
                self.snap(scale.encode(lowest + 2.0 * half_step * index as f64).clamp(0.0, 1.0))
            }
            _ => index as f64,
        };
        Some((0..n).map(coordinate).collect())
    }
}

fn cells(low: f64, high: f64, step: f64, log: bool) -> Kind {
    let half_step = step / 2.0;
    let scale = Scale::new(low - half_step, high + half_step, log);
    let n_cells = ((high - low) / step).round() + 1.0;
    if n_cells > MAX_CELLS {
        Kind::Continuous(scale)
    } else {
        Kind::Cells { scale, half_step, n_cells: n_cells as usize }
    }
}

/// The value of `low, low + step, …, high` nearest to `raw`.
fn nearest_step(raw: f64, low: f64, high: f64, step: f64) -> f64 {
    (low + ((raw - low) / step).round().max(0.0) * step).min(high)
}

/// The value of `low, low + step, …, high` nearest to `raw`.
fn nearest_whole_step(raw: f64, low: i64, high: i64, step: i64) -> i64 {
    let steps = ((raw - low as f64) / step as f64).round() as i128;
    let value = i128::from(low) + steps * i128::from(step);
    // Clamped to an i64 range, so the cast is exact.
    value.clamp(i128::from(low), i128::from(high)) as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn every_kind_of_grid() -> Vec<Domain> {
        vec![
            Domain::int(-3, 4),
            Domain::log_int(1, 9),
            Domain::stepped_int(-10, 10, 4),
            Domain::stepped_float(-0.3, 0.9, 0.1),
            Domain::ordered(&["low", "middle", "high"]),
        ]
    }

    #[test]
    fn domains_of_one_value_are_points() {
        for domain in [
            Domain::float(2.0, 2.0),
            Domain::int(3, 3),
            Domain::choice(&["only"]),
            Domain::stepped_float(0.5, 0.5, 0.1),
        ] {
            let axis = Axis::new(&domain);
            assert!(axis.is_point());
            assert!(domain.contains(&axis.decode(0.7)), "{}", axis.decode(0.7));
            assert_eq!(axis.encode(&axis.decode(0.0)), Some(0.0));
        }
    }

    #[test]
    fn cells_tile_the_unit_interval_and_survive_the_round_trip() {
        for domain in every_kind_of_grid() {
            let axis = Axis::new(&domain);
            let mut end = 0.0;
            for coordinate in axis.all(100).unwrap() {
                let value = axis.decode(coordinate);
                assert!(domain.contains(&value), "{value} is not in {}", domain.describe());
                assert_eq!(axis.encode(&value), Some(coordinate));
                let (left, right) = axis.cell(coordinate);
                assert!((left - end).abs() < 1e-12, "{value}: {left} after {end}");
                end = right;
            }
            assert!((end - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn all_values_come_once_and_in_order() {
        let names = |domain: &Domain| -> Vec<String> {
            let axis = Axis::new(domain);
            axis.all(100).unwrap().into_iter().map(|at| axis.decode(at).to_string()).collect()
        };
        assert_eq!(names(&Domain::log_int(1, 5)), ["1", "2", "3", "4", "5"]);
        assert_eq!(names(&Domain::stepped_float(0.0, 0.3, 0.1)), ["0", "0.1", "0.2", "0.3"]);
        assert_eq!(names(&Domain::boolean()), ["false", "true"]);
        assert_eq!(Axis::new(&Domain::int(0, 100)).all(100), None);
        assert_eq!(Axis::new(&Domain::float(0.0, 1.0)).all(100), None);
    }

    #[test]
    fn a_value_outside_the_domain_has_no_coordinate() {
        let encode = |domain: &Domain, value: ParamValue| Axis::new(domain).encode(&value);
        assert_eq!(encode(&Domain::int(0, 4), ParamValue::Int(5)), None);
        assert_eq!(encode(&Domain::float(0.0, 4.0), ParamValue::Float(f64::NAN)), None);
        assert_eq!(encode(&Domain::boolean(), ParamValue::Str("x".to_owned())), None);
        assert_eq!(encode(&Domain::stepped_float(0.0, 1.0, 0.25), ParamValue::Float(0.3)), None);
    }

    proptest! {
        #[test]
        fn whole_numbers_survive_the_round_trip(low in 1_i64..1000, extra in 1_i64..100_000, log: bool, at in 0.0..=1.0) {
            let axis = Axis::new(&Domain::Int { low, high: low + extra, step: 1, log });
            let value = axis.decode(at);
            prop_assert!(axis.domain.contains(&value));
            prop_assert_eq!(axis.decode(axis.encode(&value).unwrap()), value);
        }

        #[test]
        fn real_numbers_survive_the_round_trip(low in 1e-9..1.0, factor in 1.001..1e9, log: bool, at in 0.0..=1.0) {
            let axis = Axis::new(&Domain::Float { low, high: low * factor, log, step: None });
            let value = axis.decode(at);
            prop_assert!(axis.domain.contains(&value));
            prop_assert!((axis.encode(&value).unwrap() - at).abs() < 1e-9);
        }

        #[test]
        fn stepped_numbers_survive_the_round_trip(low in -5.0..5.0, step in 1e-6..1.0, n in 1_u32..10_000, at in 0.0..=1.0) {
            let domain = Domain::stepped_float(low, low + step * f64::from(n), step);
            let axis = Axis::new(&domain);
            let value = axis.decode(at);
            prop_assert!(domain.contains(&value), "{} is not in {}", value, domain.describe());
            prop_assert_eq!(axis.decode(axis.encode(&value).unwrap()), value);
        }

        #[test]
        fn the_widest_domains_stay_finite(at in 0.0..=1.0) {
            for domain in [Domain::float(-f64::MAX, f64::MAX), Domain::int(-(1 << 62), 1 << 62)] {
                let axis = Axis::new(&domain);
                let value = axis.decode(at);
                prop_assert!(axis.domain.contains(&value));
                prop_assert!(axis.encode(&value).unwrap().is_finite());
            }
        }
    }
}
