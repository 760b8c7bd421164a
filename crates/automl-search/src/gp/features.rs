//! Configurations as points between which distances mean something.
//!
//! Each parameter adds a squared difference of at most 1 to the distance of two configurations, weighted by its
//! length-scale:
//!
//! | parameter | squared difference |
//! |---|---|
//! | numbers, stepped numbers, ordered choices | of the coordinates |
//! | choices | 0 where equal, else 1 (Hamming) |
//! | numbers that exist only under a condition | of points on an arc of one radian's chord 1; 1 where only one exists, 0 where neither |
//! | choices under a condition | as choices; "does not exist" is one more choice |
//!
//! The arc (Swersky et al. 2013, "Raiders of the Lost Architecture") keeps the whole a Euclidean distance, so that
//! the kernel stays positive definite: all existing values lie on a circle around the place of those that do not.

use automl_core::axis::Kind;
use automl_core::{Axis, History};

/// Angle between the ends of the domain: the chord between them is 1, as is the radius.
const ARC: f64 = std::f64::consts::FRAC_PI_3;

/// How one parameter's coordinates are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Geometry {
    /// On a line.
    Line,
    /// On an arc around those that do not exist.
    Arc,
    /// Equal or not.
    Labels,
}

/// The parameters that have something to choose, with their geometry.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Features {
    /// Index among the specs of the space.
    pub(super) params: Vec<usize>,
    pub(super) geometries: Vec<Geometry>,
}

impl Features {
    pub(super) fn new(history: &History) -> Self {
        let specs = history.space().specs().iter().zip(history.axes()).enumerate();
        let chosen = specs.filter(|(_, (spec, axis))| !axis.is_point() || spec.when.is_some());
        let (params, geometries) = chosen
            .filter_map(|(param, (spec, axis))| geometry(axis, spec.when.is_some()).map(|of| (param, of)))
            .unzip();
        Self { params, geometries }
    }

    pub(super) fn len(&self) -> usize {
        self.params.len()
    }

    /// The coordinates of a row of the space (NaN where a parameter does not exist) that count.
    pub(super) fn point(&self, row: &[f64]) -> Vec<f64> {
        self.params.iter().map(|&param| row[param]).collect()
    }
}

fn geometry(axis: &Axis, is_conditional: bool) -> Option<Geometry> {
    match axis.kind() {
        // Whether it exists is told by its parent already.
        Kind::Point => None,
        Kind::Choices(_) => Some(Geometry::Labels),
        Kind::Continuous(_) | Kind::Cells { .. } => {
            Some(if is_conditional { Geometry::Arc } else { Geometry::Line })
        }
    }
}

impl Geometry {
    /// The squared difference of two coordinates, in `[0, 1]`.
    #[inline(always)]
    pub(super) fn squared(self, a: f64, b: f64) -> f64 {
        match self {
            Geometry::Line => (a - b) * (a - b),
            Geometry::Labels => {
                if a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()) {
                    0.0
                } else {
                    1.0
                }
            }
            Geometry::Arc => match (a.is_nan(), b.is_nan()) {
                (false, false) => 2.0 * (1.0 - (ARC * (a - b)).cos()),
                (true, true) => 0.0,
                _ => 1.0,
            },
        }
    }

    /// Derivative of the squared difference by `a`.
    pub(super) fn slope(self, a: f64, b: f64) -> f64 {
        match self {
            Geometry::Line => 2.0 * (a - b),
            Geometry::Labels => 0.0,
            Geometry::Arc if a.is_nan() || b.is_nan() => 0.0,
            Geometry::Arc => 2.0 * ARC * (ARC * (a - b)).sin(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_between_0_and_1_and_1_to_what_does_not_exist() {
        let nan = f64::NAN;
        for geometry in [Geometry::Line, Geometry::Arc] {
            assert_eq!(geometry.squared(0.3, 0.3), 0.0);
            assert!((geometry.squared(0.0, 1.0) - 1.0).abs() < 1e-12);
        }
        for geometry in [Geometry::Labels, Geometry::Arc] {
            assert_eq!((geometry.squared(nan, nan), geometry.squared(nan, 0.0)), (0.0, 1.0));
        }
        assert_eq!((Geometry::Labels.squared(1.0, 1.0), Geometry::Labels.squared(1.0, 2.0)), (0.0, 1.0));
    }

    #[test]
    fn slopes_are_derivatives() {
        for geometry in [Geometry::Line, Geometry::Arc] {
            for (a, b) in [(0.1, 0.7), (0.9, 0.2), (0.5, 0.5)] {
                let step = 1e-6;
                let numeric = (geometry.squared(a + step, b) - geometry.squared(a - step, b)) / (2.0 * step);
                assert!((geometry.slope(a, b) - numeric).abs() < 1e-8);
            }
        }
    }
}
